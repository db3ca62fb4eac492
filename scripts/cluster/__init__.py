"""A real OpenSearch cluster of three processes on this machine, from the artifacts in Maven Central.

Needs a Java development kit (17 or later) and Maven. Nothing of it is part of the program: an operator runs the
official images (``deploy/compose.cluster.yaml``) or a cluster that is there.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIBRARIES = ROOT / ".cluster" / "lib"
CLASSES = ROOT / ".cluster" / "classes"
START_SECONDS = 180.0
NODES = 3


class NotPossible(Exception):
    """No cluster can be started here; the message says what is missing."""


def fetch() -> None:
    """Bring the artifacts, once.

    Raises:
        NotPossible: If Java or Maven is missing, or the artifacts cannot be had.
    """
    for program, package in (
        ("java", "openjdk-17-jdk-headless"),
        ("javac", "openjdk-17-jdk-headless"),
        ("mvn", "maven"),
    ):
        if shutil.which(program) is None:
            raise NotPossible(f"{program} is missing (Debian: apt-get install {package})")
    stamp = LIBRARIES / ".complete"
    wanted = "".join((HERE / name).read_text("utf-8") for name in ("pom.xml", "ClusterNode.java"))
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return
    bring(HERE / "pom.xml", LIBRARIES)
    command = ["javac", "-cp", f"{LIBRARIES}/*", "-d", str(CLASSES), str(HERE / "ClusterNode.java")]
    compiled = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if compiled.returncode:
        raise NotPossible(f"ClusterNode.java cannot be compiled:\n{compiled.stderr[-2000:]}")
    stamp.write_text(wanted, "utf-8")


def bring(wanted: Path, folder: Path) -> None:
    """Have Maven put the artifacts that a file names into a folder, in place of what is there.

    Raises:
        NotPossible: If they cannot be had.
    """
    shutil.rmtree(folder, ignore_errors=True)
    command = ["mvn", "-q", "-B", "-f", str(wanted), "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotPossible(f"Maven could not bring the artifacts:\n{(done.stdout + done.stderr)[-2000:]}")


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


class LocalCluster:
    """Three nodes as processes of this one; ``kill`` and ``start`` take single ones down and up again.

    ``brief`` nodes start sooner and stay slower: for tests, where most of a minute would go into compiling.
    """

    def __init__(
        self, folder: Path, ports: list[int] | None = None, heap: str = "512m", *, brief: bool = False
    ) -> None:
        self.folder = folder
        self.brief = brief
        self.heap = heap
        self.ports = ports or free_ports(NODES)
        self._transport = free_ports(NODES)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def hosts(self) -> str:
        """All nodes, as an address of the engine lists them."""
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def settings(self, number: int) -> dict[str, object]:
        """Settings of one node."""
        return {
            "path.home": self.folder / f"node{number}",
            "cluster.name": "medsearch-local",
            "node.name": f"node{number}",
            "network.host": "127.0.0.1",
            "http.port": self.ports[number],
            "transport.port": self._transport[number],
            "discovery.seed_hosts": ",".join(f"127.0.0.1:{port}" for port in self._transport),
            "cluster.initial_cluster_manager_nodes": ",".join(f"node{n}" for n in range(NODES)),
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            "action.auto_create_index": "false",
            # The serial collector leaves garbage in the heap until it is full; taken for use, it makes a node refuse.
            "indices.breaker.total.use_real_memory": "false",
            "path.repo": self.folder / "snapshots",
        }

    def classes(self) -> str:
        """Where Java finds what a node needs."""
        return f"{LIBRARIES}/*:{CLASSES}"

    def fetch(self) -> None:
        """Bring what the nodes need, once; raises ``NotPossible``."""
        fetch()

    def start(self, number: int) -> None:
        """Start one node and do not wait for it."""
        home = self.folder / f"node{number}"
        (home / "config").mkdir(parents=True, exist_ok=True)
        command = ["java", f"-Xms{self.heap}", f"-Xmx{self.heap}", "-XX:+UseSerialGC", "-Dlog4j2.disable.jmx=true"]
        if self.brief:
            command.append("-XX:TieredStopAtLevel=1")
        command += ["-cp", self.classes(), "ClusterNode"]
        with (home / "output.log").open("ab") as output:
            self._processes[number] = subprocess.Popen(
                [*command, *(f"{name}={value}" for name, value in self.settings(number).items())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl+C reaches this process, which then stops the nodes in order
            )

    def start_all(self) -> None:
        """Start all nodes and wait until they are one cluster.

        Raises:
            NotPossible: If they do not become one.
        """
        self.fetch()
        for number in range(NODES):
            self.start(number)
        self.wait(NODES)

    def wait(self, nodes: int) -> None:
        """Wait until the cluster has so many nodes and all its copies.

        Raises:
            NotPossible: If it does not come to that, with the end of the first node's output.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for port in self.ports:
                path = f"/_cluster/health?wait_for_nodes={nodes}&wait_for_status=green&timeout=1s"
                try:
                    self.ask(port, path)
                    return
                except (urllib.error.URLError, OSError):
                    continue
            time.sleep(0.5)
        output = (self.folder / "node0" / "output.log").read_text("utf-8", "replace")
        raise NotPossible(f"The nodes did not become a cluster within {START_SECONDS:.0f} s:\n{output[-2000:]}")

    def ask(self, port: int, path: str) -> None:
        """Ask one node something; raises ``OSError`` if it does not answer, or not with 200."""
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
            return

    def runs(self, number: int) -> bool:
        """Whether one node has been started and not been killed."""
        return number in self._processes

    def kill(self, number: int) -> None:
        """End one node as a power cut would."""
        process = self._processes.pop(number)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """Stop all nodes."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()


def serve(folder: Path, ports: list[int]) -> int:
    """Run a cluster until interrupted; data stays in ``folder``."""
    cluster = LocalCluster(folder, ports)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print("Starting three nodes…", file=sys.stderr)
        cluster.start_all()
        print(f"MEDSEARCH_ENGINE=opensearch://{cluster.hosts}/medsearch", flush=True)
        print("Stop with Ctrl+C.", file=sys.stderr)
        while True:
            signal.pause()
    except NotPossible as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        cluster.stop()
