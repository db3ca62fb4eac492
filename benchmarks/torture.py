"""The full forms of what ``make test`` does quickly: kills, pairs of builds, damages, hostile requests, odd pages, load.

    python -m benchmarks.torture                      everything, about an hour on two cores
    python -m benchmarks.torture kills --kills 200    one part
    python -m benchmarks.torture load --minutes 2

Each part writes its figures to docs/torture/<part>.json and all of them are rewritten into docs/torture.md; a part that
was not run keeps its last figures, with their day. Exit status 1 if a part missed one of its limits.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from indexer.generation import Generations  # noqa: E402
from indexer.verify import verify  # noqa: E402
from tests.fire import Builder, Truth, bombard, judge  # noqa: E402
from tests.hostile import requests  # noqa: E402
from tests.live import MEDSEARCH, Site, exchange, measured, medsearch, page_html, start  # noqa: E402

DOCS = ROOT / "docs"
FIGURES = DOCS / "torture"
CORPUS = ROOT / "corpus"


class Part:
    """Figures of one part, each with its limit."""

    def __init__(self, name: str, claim: str, command: str) -> None:
        self.name, self.claim, self.command = name, claim, command
        self.rows: list[dict[str, Any]] = []
        self.started = time.time()

    def figure(self, what: str, value: Any, limit: str, held: bool) -> None:
        """Note one figure, print it."""
        self.rows.append({"what": what, "value": value, "limit": limit, "held": held})
        print(f"  {'ok  ' if held else 'MISS'} {what}: {value} (limit: {limit})", flush=True)

    def save(self) -> bool:
        """Write the figures; gives whether all limits held."""
        FIGURES.mkdir(parents=True, exist_ok=True)
        told = {
            "name": self.name,
            "claim": self.claim,
            "command": self.command,
            "day": datetime.now(UTC).date().isoformat(),
            "seconds": round(time.time() - self.started),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "rows": self.rows,
        }
        (FIGURES / f"{self.name}.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
        return all(row["held"] for row in self.rows)


def say(text: str) -> None:
    """Progress, in one line."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text}\033[K")
        sys.stderr.flush()


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder."""
    with tempfile.TemporaryDirectory(prefix="medsearch-torture-") as name:
        yield Path(name)


def own_index(place: Path) -> Path:
    """The corpus of the project as an index."""
    built = medsearch("index", "build", "--corpus", CORPUS, "--index", place / "index", "--quiet")
    if built.returncode not in (0, 1):
        raise SystemExit(built.stderr)
    return place / "index"


# ---------------------------------------------------------------------------------------------------------------------


def kills(options: argparse.Namespace) -> bool:
    """Builds are killed at random moments while people search."""
    part = Part("kills", "Killed builds never give a wrong, mixed or late answer.", f"kills --kills {options.kills}")
    chance = random.Random(options.seed)
    with folder() as place:
        truth = Truth()
        corpora = truth.corpora(place, 6)
        index = place / "index"
        deadline = time.time() + options.minutes_each * 60
        with Builder(index) as builder:
            bombard(builder, corpora, truth, 0, chance)
            with Site(index) as site:
                visitors = start([sys.executable, "-m", "tests.visitors", site.url, "--clients", "8"])
                killed, ended, published = bombard(
                    builder, corpora, truth, options.kills, chance, lambda n: say(f"{n} kills"), deadline
                )
                out, errors = visitors.communicate("")
        verdict = judge(out.splitlines(), truth)
        part.figure(
            "kills", f"{killed:,} ({ended:,} more builds ended first)", f"{options.kills:,}", killed >= options.kills
        )
        part.figure("publications", f"{published:,}", "some", published > 0)
        part.figure("answers checked", f"{verdict.answers:,}", "100,000", verdict.answers >= 100_000)
        part.figure("failed answers", len(verdict.failed), "0", not verdict.failed and not errors)
        part.figure("wrong or mixed answers", len(verdict.mixed), "0", not verdict.mixed)
        part.figure("answers from a generation 2 s after the next", len(verdict.stale), "0", not verdict.stale)
        left = round(truth.left_behind, 2)
        part.figure("bytes left by killed builds at most, in generations", left, "2", left <= 2)
        builder_left = [path.name for path in index.iterdir() if path.name.startswith(".build-")]
        with Builder(index) as builder:
            builder.start(corpora[0], True)
            assert builder.wait() == 0
        after = [path.name for path in index.iterdir() if path.name.startswith((".build-", "CURRENT."))]
        part.figure(
            "unfinished folders before and after the next build",
            f"{len(builder_left)}, {len(after)}",
            "0 after",
            not after,
        )
        for line in (*verdict.failed[:5], *verdict.mixed[:5], *verdict.stale[:5]):
            print("   ", line)
    return part.save()


def pairs(options: argparse.Namespace) -> bool:
    """Two builds at once, again and again."""
    part = Part("pairs", "Of two builds at once one is refused in one clear line.", f"pairs --pairs {options.pairs}")
    refused = both = odd = 0
    with folder() as place:
        truth = Truth()
        corpora = truth.corpora(place, 2)
        index = place / "index"
        assert medsearch("index", "build", "--corpus", corpora[0], "--index", index).returncode == 0
        deadline = time.time() + options.minutes_each * 60
        done = 0
        while done < options.pairs and time.time() < deadline:
            command = [*MEDSEARCH, "index", "build", "--full", "--corpus", corpora[done % 2], "--index", index]
            running = [start(command) for _ in range(2)]
            ends = [(process.communicate(timeout=120)[1], process.returncode) for process in running]
            losers = [error for error, status in ends if status == 4]
            refused += len(losers) == 1
            both += [status for _, status in ends] == [0, 0]
            line = f"Error: Another build of {index} is running. Wait for it to end, then try again.\n"
            fine = all(status in (0, 4) for _, status in ends) and all(error == line for error in losers)
            current = Generations(index).check(Generations(index).current())
            odd += not fine or current.documents != truth.totals[done % 2]
            done += 1
            say(f"{done} pairs")
    part.figure("pairs", done, str(options.pairs), done >= options.pairs)
    part.figure("one refused in one line, exit status 4", refused, "all that met", refused + both == done)
    part.figure("both ended well because they did not meet", both, "-", True)
    part.figure("anything else, or a wrong index afterwards", odd, "0", not odd)
    return part.save()


def damages(options: argparse.Namespace) -> bool:
    """Files of a generation are harmed at random."""
    from indexer.engines.whoosh_engine import WhooshEngine
    from tests.test_generation import DAMAGES, answer, damage, fill

    part = Part(
        "damages",
        "Every damage is noticed, and the last good generation serves.",
        f"damages --damages {options.damages}",
    )
    chance = random.Random(options.seed)
    unnoticed = wrong = silent = manifests = 0
    import logging

    logging.getLogger("indexer").setLevel(logging.CRITICAL)
    with folder() as place:
        original = place / "original"
        engine = WhooshEngine(original)
        fill(engine, "old")
        fill(engine, "new", update=True)
        for number in range(options.damages):
            copy = place / "copy"
            shutil.copytree(original, copy)
            generations = Generations(copy)
            current = generations.current()
            if number % 20 == 19:  # a manifest from another version, or of another generation
                manifests += 1
                path = copy / current / "manifest.json"
                outer = json.loads(path.read_text("utf-8"))
                outer["manifest"][chance.choice(("format_version", "generation", "documents", "files"))] = 99
                path.unlink()
                path.write_text(json.dumps(outer), "utf-8")
            else:
                damage(copy / current, DAMAGES[number % len(DAMAGES)], chance)
            unnoticed += not verify(generations, current)
            try:
                damaged = WhooshEngine(copy)
                wrong += answer(damaged) != {"old"}
                silent += not damaged.open().problems
            except Exception:
                wrong += 1
            shutil.rmtree(copy)
            say(f"{number + 1} damages")
    part.figure("damages", options.damages, str(options.damages), True)
    part.figure("of them manifests from elsewhere", manifests, "-", True)
    part.figure("unnoticed", unnoticed, "0", not unnoticed)
    part.figure("not served from the last good generation", wrong, "0", not wrong)
    part.figure("served without a word about it", silent, "0", not silent)
    return part.save()


def hostile(options: argparse.Namespace) -> bool:
    """Hostile requests, with honest visitors beside them."""
    from tests.test_hostile_requests import complaint

    part = Part(
        "hostile",
        "Any request gets a proper answer within a second, and nobody else notices.",
        f"hostile --requests {options.requests}",
    )
    with folder() as place:
        index = own_index(place)
        with Site(index, settings={"query_log": str(place / "queries")}) as site:
            # In use before anything is measured: processes that were forked share memory until they use it.
            warm = start([sys.executable, "-m", "tests.visitors", site.url, "--kind", "honest"])
            time.sleep(6)
            warm.communicate("")
            sent = requests(options.requests, options.seed)
            statuses: Counter[int] = Counter()
            bad: list[str] = []
            # Alone first: how long each takes by itself, and what it leaves in memory.
            memory = site.memory()
            times = []
            for each in sent:
                got = exchange(site, each.raw)
                statuses[got.status // 100] += 1
                times.append((got.seconds, each.line))
                if said := complaint(each, got):
                    bad.append(f"{each.family}: {said}: {each.line}")
                say(f"{len(times)} hostile requests")
            growth = site.memory() - memory
            times.sort(reverse=True)
            # Then all at once beside honest visitors, who think a second between two clicks.
            visitors = start(
                [
                    sys.executable,
                    "-m",
                    "tests.visitors",
                    site.url,
                    "--clients",
                    "8",
                    "--think",
                    "0.5",
                    "--kind",
                    "honest",
                ]
            )
            crowd_bad = 0
            with ThreadPoolExecutor(2) as crowd:
                for each, got in zip(sent, crowd.map(lambda one: exchange(site, one.raw), sent), strict=True):
                    crowd_bad += bool(complaint(each, got))
            # And slow clients, more of them than threads.
            slow = _slow_clients(site, 400)
            time.sleep(8)
            out, _ = visitors.communicate("")
            for connection in slow:
                connection.close()
            notes = [orjson.loads(line) for line in out.splitlines()]
            honest = sorted(note[1] for note in notes)
            failures = [note for note in notes if note[2] != 200]
            after = site.memory() - memory
            workers = len(site.children())
            log = site.written()
    part.figure("hostile requests", len(sent), "1,500", len(sent) >= 1500)
    part.figure("answers by hundreds", dict(sorted(statuses.items())), "no 5", not statuses[5])
    part.figure("wrong answers (5xx, reflected, leaked, no headers, closed)", len(bad), "0", not bad)
    part.figure("wrong answers when two come at once", crowd_bad, "0", not crowd_bad)
    part.figure("slowest, s", round(times[0][0], 3), "1", times[0][0] < 1)
    part.figure("99th percentile, s", round(times[len(times) // 100][0], 3), "-", True)
    part.figure("memory grown, MB", round(growth, 1), "50", growth < 50)
    part.figure("memory grown after both rounds and 400 slow clients, MB", round(after, 1), "50", after < 50)
    part.figure("honest requests beside them", len(honest), "some", len(honest) > 50)
    part.figure("honest requests that failed", len(failures), "0", not failures)
    part.figure(
        "honest p99, s", round(honest[int(len(honest) * 0.99)], 3), "0.3", honest[int(len(honest) * 0.99)] <= 0.3
    )
    part.figure(
        "workers alive, stack traces in the log",
        f"{workers}, {log.count('Traceback')}",
        "2, 0",
        workers == 2 and "Traceback" not in log,
    )
    for line in (*bad[:10], *(f"{seconds:.2f} s {line}" for seconds, line in times[:3])):
        print("   ", line)
    for note in failures[:5]:
        print("    honest:", note)
    return part.save()


def _slow_clients(site: Site, count: int) -> list[Any]:
    import socket

    kinds = (
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    held = []
    for number in range(count):
        connection = socket.create_connection((site.host, site.port), 5)
        connection.sendall(kinds[number % 4])
        held.append(connection)
    return held


def corpus(options: argparse.Namespace) -> bool:
    """Huge pages, alone and measured."""
    part = Part("corpus", "Any page is read or refused in bounded memory and time.", "corpus")
    sentence = "<p>Ward {} treats patients with common illnesses &amp; rare ones.</p>\n"
    made: dict[str, Callable[[Path], object]] = {
        "100 MB of zeros": lambda path: (path.touch(), os.truncate(path, 100_000_000)),
        "100 MB of text": lambda path: path.write_bytes(b"<p>words and words " * 5_300_000),
        "19.9 MB in one paragraph": lambda path: path.write_text(page_html("Long", "words and more " * 1_320_000)),
        "8 MB in 120,000 paragraphs": lambda path: path.write_text(page_html("Paragraphs", "".join(sentence.format(n) for n in range(120_000)))),
        "100,000 nested tags": lambda path: path.write_text(page_html("Nested", "<div>" * 100_000 + "deep" + "</div>" * 100_000)),
        "500,000 attributes": lambda path: path.write_text("<title>Attributes</title><p " + " ".join(f"a{n}=b" for n in range(500_000)) + ">words</p>"),
        "19 MB of JSON-LD": lambda path: path.write_text("<title>Data</title><script type='application/ld+json'>[" + "{}," * 6_000_000 + "{}]</script><p>words</p>"),
        "20 MB of UTF-16": lambda path: path.write_bytes(page_html("Wide", "words and more " * 600_000).encode("utf-16")),
        "random bytes, 20 MB": lambda path: path.write_bytes(os.urandom(19_900_000)),
    }  # fmt: skip
    for what, make in made.items():
        with folder() as place:
            (place / "corpus" / "articles").mkdir(parents=True)
            (place / "corpus" / "articles" / "good.html").write_text(page_html("A good page", "Plain words."))
            make(place / "corpus" / "articles" / "odd.html")
            done = measured("index", "build", "--corpus", place / "corpus", "--index", place / "index")
            said = done.stderr.strip().splitlines()[-1:] or ["indexed"]
            fine = (
                done.returncode in (0, 1)
                and "Traceback" not in done.stderr
                and done.seconds <= 30
                and done.megabytes <= 512
            )
            part.figure(what, f"{done.seconds:.1f} s, {done.megabytes:.0f} MB: {said[0]}", "30 s, 512 MB", fine)
    return part.save()


def api(options: argparse.Namespace) -> bool:
    """Requests made from the OpenAPI description by schemathesis, where that is installed."""
    program = shutil.which("schemathesis", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        print("    left out: schemathesis is not installed (pip install schemathesis)")
        return True
    part = Part("api", "The API does what its description says.", "api")
    with folder() as place, Site(own_index(place)) as site:
        command = [program, "run", f"{site.url}/api/v1/openapi.json", "--max-examples", "100", "--no-color"]
        checked = subprocess.run(command, capture_output=True, text=True, cwd=place, timeout=600, check=False)
        log = site.written()
    cases = re.search(r"(\d+) generated", checked.stdout)
    failures = re.findall(r"\u274c ([^\n:]+: \d+)", checked.stdout)
    part.figure("cases", cases[1] if cases else "none", "some", cases is not None)
    part.figure("server errors", log.count("Traceback"), "0", "Traceback" not in log)
    part.figure("differences from the description", ", ".join(failures) or "none", "none", not failures)
    return part.save()


def load(options: argparse.Namespace) -> bool:
    """Fifty clients while the index is rebuilt again and again."""
    part = Part(
        "load", "Fifty clients, rebuilt every 30 s: no error, quick, memory flat.",
        f"load --clients {options.clients} --minutes {options.minutes:g} --rebuild {options.rebuild:g} --think {options.think:g}",
    )  # fmt: skip
    samples: list[tuple[float, float]] = []
    builds: list[tuple[float, float, int]] = []
    with folder() as place:
        index = own_index(place)
        changed = place / "corpus"
        shutil.copytree(CORPUS, changed)
        with Site(index) as site:
            visitors = start(
                [
                    sys.executable,
                    "-m",
                    "tests.visitors",
                    site.url,
                    "--clients",
                    str(options.clients),
                    "--think",
                    str(options.think),
                    "--kind",
                    "honest",
                ]
            )
            began = time.time()
            stop = threading.Event()

            def watch() -> None:
                while not stop.wait(2):
                    samples.append((time.time() - began, site.memory()))

            watching = threading.Thread(target=watch)
            watching.start()
            number = 0
            while time.time() - began < options.minutes * 60:
                next_build = began + (number + 1) * options.rebuild
                time.sleep(max(0, min(next_build, began + options.minutes * 60) - time.time()))
                if time.time() - began >= options.minutes * 60:
                    break
                page = changed / "articles" / "torture.html"
                page.write_text(page_html(f"Torture round {number}", f"This page was written in round {number}."))
                # A full build every fourth time, changes in between.
                full = ["--full"] if number % 4 == 3 else []
                since = time.time()
                done = medsearch("index", "build", "--corpus", changed, "--index", index, "--quiet", *full, timeout=300)
                builds.append((since - began, time.time() - since, done.returncode))
                number += 1
                say(f"{number} builds, {time.time() - began:.0f} s")
            out, _ = visitors.communicate("")
            stop.set()
            watching.join()
            log = site.written()
    notes = [orjson.loads(line) for line in out.splitlines()]
    seconds = sorted(note[1] for note in notes)
    failures = [note for note in notes if note[2] != 200]

    def at(share: float) -> float:
        return round(seconds[min(len(seconds) - 1, int(len(seconds) * share))] * 1000, 1)

    half = [memory for moment, memory in samples if moment > options.minutes * 30]
    third = max(len(half) // 3, 1)
    early, late = sum(half[:third]) / third, sum(half[-third:]) / third
    drift = (late - early) / early * 100
    part.figure(
        "clients, minutes, seconds of thought",
        f"{options.clients}, {options.minutes:g}, {options.think:g}",
        "50, 10",
        options.clients >= 50 and options.minutes >= 10,
    )
    part.figure("requests", f"{len(notes):,} ({len(notes) / options.minutes / 60:.0f} a second)", "-", True)
    part.figure(
        "builds that published or had nothing to do",
        f"{sum(not status for _, _, status in builds)} of {len(builds)}",
        "all",
        all(status in (0, 1) for _, _, status in builds),
    )
    part.figure("failed requests", len(failures), "0", not failures)
    part.figure("p50, ms", at(0.5), "-", True)
    part.figure("p95, ms", at(0.95), "250", at(0.95) <= 250)
    part.figure("p99, ms", at(0.99), "-", True)
    part.figure("slowest, ms", round(seconds[-1] * 1000), "-", True)
    part.figure(
        "memory at half time and at the end, MB", f"{early:.0f}, {late:.0f} ({drift:+.1f} %)", "±5 %", abs(drift) <= 5
    )
    part.figure("stack traces in the log", log.count("Traceback"), "0", "Traceback" not in log)
    for note in failures[:5]:
        print("   ", note)
    _plot(notes, samples, builds, began, options)
    return part.save()


def _plot(
    notes: list[Any],
    samples: list[tuple[float, float]],
    builds: list[tuple[float, float, int]],
    began: float,
    options: argparse.Namespace,
) -> None:
    try:
        import matplotlib as mpl
    except ImportError:
        print("    no plot: matplotlib is not installed (pip install -e '.[benchmark]')")
        return
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "medsearch"
    from matplotlib import pyplot

    width = max(options.minutes * 60 / 120, 1)
    slots: dict[int, list[float]] = {}
    for note in notes:
        slots.setdefault(int((note[0] - began) // width), []).append(note[1] * 1000)
    moments = [slot * width for slot in sorted(slots)]
    figure, (top, bottom) = pyplot.subplots(2, 1, figsize=(9, 6), sharex=True, layout="constrained")
    for share, colour in ((0.5, "#0b4a5e"), (0.95, "#c25b1a"), (0.99, "#999999")):
        values = [sorted(slots[slot])[int(len(slots[slot]) * share)] for slot in sorted(slots)]
        top.plot(moments, values, color=colour, label=f"p{share * 100:.0f}")
    top.axhline(250, color="#c25b1a", linestyle=":", linewidth=1)
    for since, took, _ in builds:
        for each in (top, bottom):
            each.axvspan(since, since + took, color="#dfe8ec", linewidth=0)
    top.set_ylabel("milliseconds")
    top.set_ylim(bottom=0)
    top.legend(loc="upper right")
    top.set_title(
        f"{options.clients} clients, index rebuilt every {options.rebuild:g} s (shaded), {os.cpu_count()} cores shared with the clients"
    )
    bottom.plot([moment for moment, _ in samples], [memory for _, memory in samples], color="#0b4a5e")
    bottom.set_ylabel("MB of all server processes")
    bottom.set_xlabel("seconds")
    bottom.set_ylim(bottom=0)
    FIGURES.mkdir(parents=True, exist_ok=True)
    figure.savefig(FIGURES / "load.svg", metadata={"Date": None})


# ---------------------------------------------------------------------------------------------------------------------

PARTS: dict[str, Callable[[argparse.Namespace], bool]] = {
    "kills": kills, "pairs": pairs, "damages": damages, "hostile": hostile, "corpus": corpus, "api": api, "load": load,
}  # fmt: skip


def report() -> None:
    """Write docs/torture.md from the figures of all parts."""
    lines = [
        "# Torture",
        "",
        "Figures of the last full runs, written by `make torture` (`benchmarks/torture.py`); the quick form of each part",
        "is in `make test`. Clients, builds and server share the cores of one machine. A limit that was missed says so.",
        "",
    ]
    for name in PARTS:
        path = FIGURES / f"{name}.json"
        if not path.exists():
            continue
        told = json.loads(path.read_text("utf-8"))
        lines += [
            f"## {told['claim']}",
            "",
            f"`python -m benchmarks.torture {told['command']}`: {told['day']}, {told['seconds']:,} s, "
            f"{told['cores']} cores, Python {told['python']}",
            "",
            "| figure | reached | limit | |",
            "| --- | --- | --- | --- |",
        ]
        for row in told["rows"]:
            value = str(row["value"]).replace("|", "\\|")
            lines.append(f"| {row['what']} | {value} | {row['limit']} | {'held' if row['held'] else '**missed**'} |")
        lines.append("")
        if name == "load" and (FIGURES / "load.svg").exists():
            lines += ["![Latency and memory over the run](torture/load.svg)", ""]
    (DOCS / "torture.md").write_text("\n".join(lines), "utf-8")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=f"of {', '.join(PARTS)}; all when left out"
    )
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--damages", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=1600)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10, help="of the load")
    parser.add_argument("--rebuild", type=float, default=30, help="seconds between two builds under load")
    parser.add_argument(
        "--think", type=float, default=1.0, help="mean seconds between two requests of a client under load"
    )
    parser.add_argument("--minutes-each", type=float, default=20, help="most that kills or pairs may take")
    parser.add_argument("--seed", type=int, default=20261122)
    options = parser.parse_args()
    missed = []
    for name in options.parts or list(PARTS):
        print(f"{name}: {(PARTS[name].__doc__ or '').strip()}", flush=True)
        if not PARTS[name](options):
            missed.append(name)
        say("")
        report()
    if missed:
        print(f"Missed a limit: {', '.join(missed)}")
        sys.exit(1)


if __name__ == "__main__":
    main()
