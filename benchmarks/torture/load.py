"""Fifty clients while the index is rebuilt again and again."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from benchmarks.torture.figures import CORPUS, FIGURES, Part, folder, own_index, say
from tests.live import Site, medsearch, page_html, start

FULL_EVERY = 4  # builds; those between take up one changed page
SAMPLE_SECONDS = 0.5
SLOWEST = 10  # answers that are told one by one
LONG_SECONDS = 2.5  # the last bucket of the server's own histogram


@dataclass(frozen=True)
class Build:
    """One build under load; ``since`` and ``published`` in seconds from the beginning."""

    since: float
    seconds: float
    status: int
    full: bool
    published: float


@dataclass
class Run:
    """What was noted; moments in seconds from ``began``."""

    began: float
    notes: list[list[Any]] = field(default_factory=list)  # (started, seconds, status, path, …) of each request
    memory: list[tuple[float, float]] = field(default_factory=list)  # (moment, MB)
    stalls: list[tuple[float, float]] = field(
        default_factory=list
    )  # (moment, seconds that this process was kept waiting)
    builds: list[Build] = field(default_factory=list)
    log: str = ""
    over: int = 0  # requests that took the server itself more than LONG_SECONDS

    def milliseconds(self, share: float) -> float:
        """Within which that share of the requests was answered."""
        ordered = sorted(float(note[1]) for note in self.notes)
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 1)

    def memory_of_last_half(self, minutes: float) -> tuple[float, float]:
        """Mean MB of the first and of the last third of the last half; thirds, so that one build in it is no trend."""
        half = [memory for moment, memory in self.memory if moment > minutes * 30]
        third = max(len(half) // 3, 1)
        return sum(half[:third]) / third, sum(half[-third:]) / third


@contextmanager
def _watched(site: Site, run: Run) -> Iterator[None]:
    """Note the memory of the server every half second, and how late each look at it was."""
    stop = threading.Event()

    def watch() -> None:
        before = time.time()
        while not stop.wait(SAMPLE_SECONDS):
            # What is slow here for no reason of its own is slow everywhere on this machine.
            run.stalls.append((before - run.began, time.time() - before - SAMPLE_SECONDS))
            run.memory.append((time.time() - run.began, site.memory()))
            before = time.time()

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        stop.set()
        watching.join()


def _rebuild(run: Run, corpus: Path, index: Path, minutes: float, every: float) -> None:
    """Build again and again until the time is over."""
    end = run.began + minutes * 60
    for number in range(10_000):
        time.sleep(max(0.0, min(run.began + (number + 1) * every, end) - time.time()))
        if time.time() >= end:
            return
        page = corpus / "articles" / "torture.html"
        page.write_text(page_html(f"Torture round {number}", f"This page was written in round {number}."))
        full = ["--full"] if number % FULL_EVERY == FULL_EVERY - 1 else []
        since = time.time()
        done = medsearch("index", "build", "--corpus", corpus, "--index", index, "--quiet", *full, timeout=300)
        published = (index / "CURRENT").stat().st_mtime - run.began
        run.builds.append(Build(since - run.began, time.time() - since, done.returncode, bool(full), published))
        say(f"{number + 1} builds, {time.time() - run.began:.0f} s")


def _run(options: argparse.Namespace) -> Run:
    with folder() as place:
        index = own_index(place)
        corpus = place / "corpus"
        shutil.copytree(CORPUS, corpus)
        clients = ["--clients", str(options.clients), "--think", str(options.think), "--kind", "honest"]
        with Site(index) as site:
            run = Run(time.time())
            visitors = start([sys.executable, "-m", "tests.visitors", site.url, *clients])
            with _watched(site, run):
                _rebuild(run, corpus, index, options.minutes, options.rebuild)
                out, _ = visitors.communicate("")
            run.over = _over(site.get("/metrics")[1].decode())
            run.log = site.written()
    run.notes = [orjson.loads(line) for line in out.splitlines()]
    return run


def _over(metrics: str) -> int:
    """Requests that took the server more than LONG_SECONDS by its own clock."""

    def counted(bound: str) -> float:
        pattern = rf'^http_request_duration_seconds_bucket\{{le="{re.escape(bound)}",\S* (\S+)'
        return sum(map(float, re.findall(pattern, metrics, re.MULTILINE)))

    return round(counted("+Inf") - counted(str(LONG_SECONDS)))


def _slowest(run: Run) -> list[str]:
    """The slowest answers, each with what happened at that moment."""
    told = []
    for started, seconds, status, path, *_ in sorted(run.notes, key=lambda note: -note[1])[:SLOWEST]:
        since, until = started - run.began, started - run.began + seconds
        around = [
            f"{'full' if build.full else 'incremental'} build from {build.since:.1f} s, published at {build.published:.1f} s"
            for build in run.builds
            if build.since < until and since < build.since + build.seconds
        ]
        late = max((late for moment, late in run.stalls if since - 1 < moment < until), default=0.0)
        told.append(
            f"{seconds * 1000:.0f} ms, status {status}, at {since:.1f} s: `{path}`; "
            f"{' and '.join(around) or 'no build'}; the measuring process itself was kept waiting {late * 1000:.0f} ms"
        )
    return told


def load(options: argparse.Namespace) -> bool:
    """Fifty clients while the index is rebuilt again and again."""
    part = Part(
        "load",
        "Fifty clients, rebuilt every 30 s: no error, quick, memory flat.",
        f"load --clients {options.clients} --minutes {options.minutes:g} --rebuild {options.rebuild:g} --think {options.think:g}",
    )
    run = _run(options)
    failures = [note for note in run.notes if note[2] != 200]
    early, late = run.memory_of_last_half(options.minutes)
    drift = (late - early) / early * 100
    good = sum(build.status in (0, 1) for build in run.builds)
    part.figure(
        "clients, minutes, mean seconds of thought",
        f"{options.clients}, {options.minutes:g}, {options.think:g}",
        "50, 10",
        options.clients >= 50 and options.minutes >= 10,
    )
    rate = len(run.notes) / options.minutes / 60
    part.figure("requests", f"{len(run.notes):,} ({rate:.0f} a second)", "-", True)
    part.figure("builds that published", f"{good} of {len(run.builds)}", "all", good == len(run.builds))
    longest = max((build.seconds for build in run.builds), default=0.0)
    part.figure("longest build, s", round(longest, 1), "-", True)
    part.figure("failed requests", len(failures), "0", not failures)
    p95 = run.milliseconds(0.95)
    part.figure("p50, ms", run.milliseconds(0.5), "-", True)
    part.figure("p95, ms", p95, "250", p95 <= 250)
    part.figure("p99, ms", run.milliseconds(0.99), "-", True)
    part.figure("slowest, ms", run.milliseconds(1), "-", True)
    part.figure(f"requests over {LONG_SECONDS:g} s by the server's own clock", run.over, "-", True)
    part.remarks = ["The slowest answers:", "", *(f"* {each}" for each in _slowest(run))]
    part.figure(
        "memory of all processes in the last half, early and late, MB",
        f"{early:.0f}, {late:.0f} ({drift:+.1f} %)",
        "±5 %",
        abs(drift) <= 5,
    )
    part.figure("stack traces in the log", run.log.count("Traceback"), "0", "Traceback" not in run.log)
    for line in (*failures[:5], *part.remarks):
        print("   ", line)
    _plot(run, options)
    return part.save()


def _plot(run: Run, options: argparse.Namespace) -> None:
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
    for note in run.notes:
        slots.setdefault(int((note[0] - run.began) // width), []).append(note[1] * 1000)
    moments = [slot * width for slot in sorted(slots)]
    figure, (top, bottom) = pyplot.subplots(2, 1, figsize=(9, 6), sharex=True, layout="constrained")
    for share, colour in ((0.5, "#0b4a5e"), (0.95, "#c25b1a"), (0.99, "#999999")):
        values = [sorted(slots[slot])[int(len(slots[slot]) * share)] for slot in sorted(slots)]
        top.plot(moments, values, color=colour, label=f"p{share * 100:.0f}")
    top.axhline(250, color="#c25b1a", linestyle=":", linewidth=1)
    for build in run.builds:
        for each in (top, bottom):
            each.axvspan(build.since, build.since + build.seconds, color="#dfe8ec", linewidth=0)
    top.set_ylabel("milliseconds")
    top.set_ylim(bottom=0)
    top.legend(loc="upper right")
    top.set_title(f"{options.clients} clients, index rebuilt every {options.rebuild:g} s (shaded)")
    bottom.plot([moment for moment, _ in run.memory], [memory for _, memory in run.memory], color="#0b4a5e")
    bottom.set_ylabel("MB of all server processes")
    bottom.set_xlabel("seconds")
    bottom.set_ylim(bottom=0)
    FIGURES.mkdir(parents=True, exist_ok=True)
    figure.savefig(FIGURES / "load.svg", metadata={"Date": None})
