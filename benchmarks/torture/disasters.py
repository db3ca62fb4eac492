"""A full disk, a read-only folder, a corpus that vanishes, a clock that jumps back."""

from __future__ import annotations

import argparse
import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.torture.figures import Part, folder, say
from indexer.generation import Generations
from tests.fire import LAG_SECONDS, Truth
from tests.live import MEDSEARCH, Site, medsearch, start, wait_until
from tests.test_rebuild_under_fire import JUMPED_CLOCK, leftovers, small_disk

DISK_KILOBYTES = 3000


def total(site: Site) -> int:
    """Documents that the server finds."""
    found: int = site.json("/api/v1/search?q=common")["total"]
    return found


def serves(site: Site, documents: int) -> bool:
    """Whether the server finds that many documents now or within two seconds."""
    try:
        wait_until(lambda: total(site) == documents, LAG_SECONDS)
    except TimeoutError:
        return False
    return True


def one_line(error: str) -> bool:
    """Whether a build said what happened in one line."""
    return re.fullmatch(r"Error: [^\n]+\n", error) is not None


def full_disk(place: Path, rounds: int) -> tuple[int, list[str]]:
    """The disk is full at another moment of the build each time; gives how many builds failed, and what was wrong."""
    truth = Truth()
    corpora = truth.corpora(place, 2)
    wrong: list[str] = []
    failed = serving = 0
    with small_disk(place / "disk", DISK_KILOBYTES) as disk:
        index = disk / "index"
        assert medsearch("index", "build", "--corpus", corpora[0], "--index", index).returncode == 0
        with Site(index, log=place / "log") as site:
            for number in range(rounds):
                # Between nothing and twice what a generation takes, so that every file is the one that does not fit.
                room = number * 2 * _bytes(index / (index / "CURRENT").read_text().strip()) // rounds
                ballast = disk / "ballast"
                ballast.write_bytes(bytes(max(shutil.disk_usage(disk).free - room, 0)))
                wanted = 1 - serving
                built = medsearch("index", "build", "--full", "--corpus", corpora[wanted], "--index", index)
                if built.returncode == 0:
                    serving = wanted
                else:
                    failed += 1
                    wrong += [] if one_line(built.stderr) else [built.stderr[-300:]]
                wrong += [f"left {name}" for name in leftovers(index)]
                wrong += [] if serves(site, truth.totals[serving]) else [f"{room:,} bytes free: another index"]
                ballast.unlink()
                say(f"{number + 1} full disks")
            again = medsearch("index", "build", "--full", "--corpus", corpora[1 - serving], "--index", index)
            wrong += [] if again.returncode == 0 else [f"not recovered: {again.stderr[-300:]}"]
    return failed, wrong


def _bytes(place: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in place.rglob("*"))  # with what blocks round up


def read_only(place: Path, rounds: int) -> tuple[int, list[str]]:
    """The disk of the index becomes read-only while it serves, and writable again."""
    del rounds
    truth = Truth()
    corpora = truth.corpora(place, 2)
    with small_disk(place / "disk", 20_000) as disk:
        index = disk / "index"
        assert medsearch("index", "build", "--corpus", corpora[0], "--index", index).returncode == 0
        with Site(index, log=place / "log") as site:
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
            refused = medsearch("index", "build", "--full", "--corpus", corpora[1], "--index", index)
            wrong = [] if refused.returncode == 1 and one_line(refused.stderr) else [refused.stderr[-300:]]
            wrong += [] if total(site) == truth.totals[0] else ["another index than before"]
            subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
            again = medsearch("index", "build", "--full", "--corpus", corpora[1], "--index", index)
            wrong += [] if again.returncode == 0 else [f"not recovered: {again.stderr[-300:]}"]
            wrong += [] if serves(site, truth.totals[1]) else ["not on the new index"]
    return 1, wrong


def vanished_corpus(place: Path, rounds: int) -> tuple[int, list[str]]:
    """The corpus is removed at a random moment of a build that reads it."""
    chance = random.Random(7)
    truth = Truth()
    (original,) = truth.corpora(place, 1)
    index = place / "index"
    wrong: list[str] = []
    failed = 0
    assert medsearch("index", "build", "--corpus", original, "--index", index).returncode == 0
    with Site(index) as site:
        for number in range(rounds):
            corpus = place / "moving"
            shutil.copytree(original, corpus)
            build = start([*MEDSEARCH, "index", "build", "--full", "--corpus", corpus, "--index", index])
            time.sleep(0.3 + chance.random() * 2.5)
            shutil.rmtree(corpus)
            error = build.communicate(timeout=120)[1]
            failed += build.returncode != 0
            wrong += ["a stack trace"] if "Traceback" in error else []
            wrong += [] if build.returncode in (0, 1) else [f"status {build.returncode}: {error[-300:]}"]
            if "not published" in error or "Cannot read the corpus" in error:
                wrong += [] if total(site) == truth.totals[0] else ["another index than before"]
            else:  # some pages were read before they went; each page that was seen and then not there is named
                served = Generations(index).check(Generations(index).current()).documents
                wrong += [] if build.returncode == 0 or "Skipped " in error else [error[-300:]]
                wrong += [] if serves(site, served) else ["another index than the one published"]
            assert medsearch("index", "build", "--corpus", original, "--index", index).returncode == 0
            wrong += [] if serves(site, truth.totals[0]) else ["not recovered"]
            say(f"{number + 1} vanished corpora")
    return failed, wrong


def clock_jumps_back(place: Path, rounds: int) -> tuple[int, list[str]]:
    """Every build believes that it is years before the one that went before it."""
    truth = Truth()
    corpora = truth.corpora(place, 2)
    index = place / "index"
    wrong: list[str] = []
    assert medsearch("index", "build", "--corpus", corpora[0], "--index", index).returncode == 0
    with Site(index) as site:
        for number in range(1, rounds + 1):
            arguments: list[str | Path] = [
                "index",
                "build",
                "--full",
                "--corpus",
                corpora[number % 2],
                "--index",
                index,
            ]
            built = start([MEDSEARCH[0], "-c", JUMPED_CLOCK.format(days=365 * number), *arguments])
            error = built.communicate(timeout=120)[1]
            wrong += [] if built.returncode == 0 else [error[-300:]]
            name, day = Generations(index).current(), datetime.now(UTC) - timedelta(days=365 * number)
            wrong += [] if f"-{day:%Y%m}" in name and name == Generations(index).names()[-1] else [name]
            wrong += [] if serves(site, truth.totals[number % 2]) else [f"not on generation {name}"]
    return rounds, wrong


def disasters(options: argparse.Namespace) -> bool:
    """A full disk, a read-only folder, a corpus that vanishes, a clock that jumps back."""
    rounds: int = options.rounds
    part = Part(
        "disasters",
        "Whatever happens to disk, corpus and clock, the old index answers and the next build recovers.",
        f"disasters --rounds {rounds}",
    )
    kinds: dict[str, tuple[Callable[[Path, int], tuple[int, list[str]]], str]] = {
        f"full disk, at {rounds} moments: builds that failed": (full_disk, "some"),
        "read-only disk: builds refused": (read_only, "1"),
        f"vanished corpus, at {rounds} moments: builds that failed or named pages": (vanished_corpus, "some"),
        "clock that jumps back a year at each build: builds": (clock_jumps_back, str(rounds)),
    }
    for what, (happen, limit) in kinds.items():
        with folder() as place:
            count, wrong = happen(place, rounds)
        part.figure(what, count, limit, count > 0)
        part.figure("— of these not told in one line, wrongly answered or not recovered", len(wrong), "0", not wrong)
        for line in wrong[:5]:
            print("   ", line)
    return part.save()
