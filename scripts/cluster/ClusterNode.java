import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.Node;
import org.opensearch.painless.PainlessPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * One OpenSearch node in this process, with modules that every distribution ships; settings as {@code key=value}, and
 * {@code plugin=class} for a plug-in on the class path.
 */
public final class ClusterNode extends Node {
    private static final List<Class<? extends Plugin>> MODULES =
        List.of(Netty4Plugin.class, CommonAnalysisPlugin.class, PainlessPlugin.class);

    private ClusterNode(Environment environment, List<Class<? extends Plugin>> plugins) {
        super(environment, plugins, false);
    }

    public static void main(String[] arguments) throws Exception {
        Settings.Builder settings = Settings.builder();
        List<Class<? extends Plugin>> plugins = new ArrayList<>(MODULES);
        for (String each : arguments) {
            int equals = each.indexOf('=');
            String name = each.substring(0, equals), value = each.substring(equals + 1);
            if (name.equals("plugin")) {
                plugins.add(Class.forName(value).asSubclass(Plugin.class));
            } else {
                settings.put(name, value);
            }
        }
        Settings built = settings.build();
        Node node = new ClusterNode(new Environment(built, Path.of(built.get("path.home"), "config")), plugins);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (java.io.IOException error) {
                System.err.println(error);
            }
        }));
        node.start();
        new CountDownLatch(1).await();
    }
}
