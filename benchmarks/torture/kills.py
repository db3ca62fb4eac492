"""Builds are killed at random moments while people search."""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.torture.figures import Part, folder, say
from tests.fire import Builder, Truth, Verdict, bombard, judge
from tests.live import Site, start

A_ROUND = 50  # kills of one server; what its visitors noted is judged before the next round
ANSWERS = 100_000  # to be checked at least; when the kills are done before, there are more of them
AT_ONCE = 2  # rounds, each with an index, builds and a server of its own
CORPORA = 6


@dataclass
class Tally:
    """What all rounds together came to."""

    killed: int = 0
    ended: int = 0
    published: int = 0
    left_behind: float = 0.0
    unfinished_before: int = 0
    unfinished_after: int = 0
    complaints: list[str] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, verdict: Verdict) -> None:
        """Add what one round's visitors saw."""
        self.verdict.answers += verdict.answers
        for name in ("failed", "mixed", "stale", "seconds"):
            getattr(self.verdict, name).extend(getattr(verdict, name))


def one_round(tally: Tally, kills: int, chance: random.Random) -> None:
    """A new index, a server and its visitors, and that many kills."""
    with folder() as place:
        truth = Truth()
        corpora = truth.corpora(place, CORPORA)
        index = place / "index"
        with Builder(index) as builder:
            bombard(builder, corpora, truth, 0, chance)
            with Site(index) as site:
                visitors = start(
                    [sys.executable, "-m", "tests.visitors", site.url, "--clients", "5", "--think", "0.02"]
                )
                killed, ended, published = bombard(builder, corpora, truth, kills, chance)
                out, errors = visitors.communicate("")
        before = _unfinished(index)
        with Builder(index) as builder:
            builder.start(corpora[0], True)
            assert builder.wait() == 0
        with tally.lock:
            tally.killed += killed
            tally.ended += ended
            tally.published += published
            tally.complaints += errors.splitlines()
            tally.left_behind = max(tally.left_behind, truth.left_behind)
            tally.unfinished_before += before
            tally.unfinished_after += _unfinished(index)
            tally.add(judge(out.splitlines(), truth))


def _enough(tally: Tally, kills: int) -> bool:
    return tally.killed >= kills and (kills < 1000 or tally.verdict.answers >= ANSWERS)


def _unfinished(index: Path) -> int:
    return sum(path.name.startswith((".build-", "CURRENT.")) for path in index.iterdir())


def kills(options: argparse.Namespace) -> bool:
    """Builds are killed at random moments while people search."""
    part = Part("kills", "Killed builds never give a wrong, mixed or late answer.", f"kills --kills {options.kills}")
    chance = random.Random(options.seed)
    tally = Tally()
    deadline = time.time() + options.minutes_each * 60
    with ThreadPoolExecutor(AT_ONCE) as rounds:
        while not _enough(tally, options.kills) and time.time() < deadline:
            left = options.kills - tally.killed
            each = min(A_ROUND, -(-left // AT_ONCE)) if left > 0 else A_ROUND
            chances = [random.Random(chance.random()) for _ in range(AT_ONCE)]
            list(rounds.map(lambda own, kills=each: one_round(tally, kills, own), chances))
            say(f"{tally.killed} kills")
    verdict = tally.verdict
    part.figure(
        "kills",
        f"{tally.killed:,} ({tally.ended:,} more builds ended first)",
        f"{options.kills:,}",
        tally.killed >= options.kills,
    )
    part.figure("publications", f"{tally.published:,}", "some", tally.published > 0)
    part.figure("answers checked", f"{verdict.answers:,}", f"{ANSWERS:,}", verdict.answers >= ANSWERS)
    part.figure("failed answers", len(verdict.failed), "0", not verdict.failed and not tally.complaints)
    part.figure("wrong or mixed answers", len(verdict.mixed), "0", not verdict.mixed)
    part.figure("answers from a generation 2 s after the next", len(verdict.stale), "0", not verdict.stale)
    left = round(tally.left_behind, 2)
    part.figure("bytes left by killed builds at most, in generations", left, "2", left <= 2)
    part.figure(
        "unfinished folders before and after the next build",
        f"{tally.unfinished_before}, {tally.unfinished_after}",
        "0 after",
        not tally.unfinished_after,
    )
    for line in (*tally.complaints[:5], *verdict.failed[:5], *verdict.mixed[:5], *verdict.stale[:5]):
        print("   ", line)
    return part.save()
