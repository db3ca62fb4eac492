"""Serve an index that is larger than the memory it may use, the pages of its files counted too.

    python -m benchmarks.speed.limited --documents 1000000 --megabytes 1024             printed
    python -m benchmarks.speed.limited --documents 1000000 --megabytes 1024 --write     also for docs/benchmarks.md

The questions of ``benchmarks.speed`` are asked in a control group of the kernel that may hold so much memory and no
more: what the process allocates and what is cached of its files. So a page that has had to give way is read from the
disk again, as on a machine of that size. Needs root, for the group and to empty the page cache first.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.judged_collections import ROOT
from benchmarks.speed import samples
from benchmarks.speed.peers import Ours
from benchmarks.speed.questions import Question, draw
from benchmarks.speed.rounds import run
from benchmarks.speed.serving import SHARES

FIGURES = ROOT / "docs" / "benchmarks-limited.json"
GROUPS = Path("/sys/fs/cgroup")
# Version 1 and 2 of the kernel's groups: what is there, where groups are made, the limit, the most that was held.
VERSIONS = (
    ("memory/cgroup.procs", "memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
    ("cgroup.controllers", "", "memory.max", "memory.peak"),
)


@contextmanager
def group(limit: int) -> Iterator[tuple[Path, str]]:
    """A control group whose processes may hold ``limit`` bytes, and the name of its file with the most they held.

    Raises:
        OSError: If the kernel has no such groups here, or they may not be made.
    """
    for sign, parent, limiting, peak in VERSIONS:
        if not (GROUPS / sign).exists():
            continue
        folder = GROUPS / parent / f"medsearch-benchmark-{os.getpid()}"
        folder.mkdir()
        try:
            (folder / limiting).write_text(str(limit))
            yield folder, peak
        finally:
            folder.rmdir()
        return
    raise OSError(f"no memory control groups below {GROUPS}")


def ask(folder: Path, questions: tuple[Question, ...], rounds: int) -> dict[str, float]:
    """Open an index and ask all questions some times: ms to the first answer, percentiles of the mix, pages read."""
    engine = Ours()
    import indexer.engines.whoosh_engine._search  # noqa: F401 - the first answer is timed without its imports

    started = time.perf_counter()
    engine.open(folder)
    engine.ask(questions[0])
    first = (time.perf_counter() - started) * 1000
    cold = run(questions, {Ours.name: engine.ask}, 1)[Ours.name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_majflt
    timed = run(questions, {Ours.name: engine.ask}, rounds)[Ours.name]
    read = resource.getrusage(resource.RUSAGE_SELF).ru_majflt - before
    p50, p95 = (timed.percentile(share) for share in SHARES)
    asked = rounds * len(questions)
    return {"first_ms": first, "cold_p95": cold.percentile(0.95), "p50": p50, "p95": p95, "faults": read / asked}


def section(figures: dict[str, Any]) -> str:
    """The part of docs/benchmarks.md that tells of it."""
    asked = figures["asked"]
    return (
        "## Within a limit of memory\n\n"
        f"`{figures['command']}`: {figures['day']}. {figures['documents']:,} documents within {figures['megabytes']:,} MiB, the"
        " cached pages of the index counted too, as the kernel holds a control group to it. "
        f"p50 {asked['p50']:,.0f} ms, p95 {asked['p95']:,.0f} ms, first answer {asked['first_ms']:,.0f} ms;"
        f" {asked['faults']:.0f} reads from the disk for each question, some 10 ms each on the disk of this machine."
        " Where all pages that the questions need fit into memory the figures are those of above."
        " Where the memory goes: [scale.md](scale.md).\n"
    )


def main() -> None:
    """Ask within the limit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000, help="an index that benchmarks.speed has built")
    parser.add_argument("--megabytes", type=int, default=1024, help="what the process and its cached files may take")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="keep the figures for docs/benchmarks.md")
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.ask:
        given = [Question(kind, tuple(words), city) for kind, words, city in json.load(sys.stdin)]
        print(json.dumps(ask(chosen.ask, tuple(given), chosen.rounds)))
        return
    folder = samples.CACHE / f"made-{chosen.documents}" / Ours.name
    if not folder.is_dir():
        parser.error(f"{folder} is missing: python -m benchmarks.speed --documents {chosen.documents} builds it")
    questions = draw(tuple(samples.load(folder.parent / "samples.jsonl")))
    told = json.dumps([(each.kind, each.words, each.city) for each in questions]).encode()
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("1")  # cached pages stay charged to whoever read them first
    with group(chosen.megabytes << 20) as (limited, peak):
        command = [sys.executable, "-m", __spec__.name, "--rounds", str(chosen.rounds), "--ask", str(folder)]
        enter = (limited / "cgroup.procs").write_text
        inside = subprocess.run(command, input=told, stdout=subprocess.PIPE, preexec_fn=lambda: enter("0"))
        most = int((limited / peak).read_text())
    if inside.returncode:
        parser.exit(1, f"{chosen.megabytes} MiB are not enough, or it failed: status {inside.returncode}\n")
    print(f"{chosen.documents:,} documents within {chosen.megabytes:,} MiB (at most {most >> 20:,} MiB were held)")
    if chosen.write:
        figures = {
            "command": "python -m benchmarks.speed.limited " + " ".join(sys.argv[1:]),
            "day": datetime.now(UTC).date().isoformat(),
            "documents": chosen.documents,
            "megabytes": chosen.megabytes,
            "asked": json.loads(inside.stdout),
        }
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    for name, value in json.loads(inside.stdout).items():
        print(f"{name:>9} {value:10.2f}")


if __name__ == "__main__":
    main()
