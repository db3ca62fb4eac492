"""Time and memory of engines that are asked inside one process, and the start to a first answer."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.speed.building import size_of
from benchmarks.speed.inside import parts
from benchmarks.speed.peers import IN_PROCESS, Ours
from benchmarks.speed.questions import MIXES, Question, draw
from benchmarks.speed.rounds import Ask, Timed, gate, ratio, run
from benchmarks.speed.samples import load
from indexer.engines import open_durable

SHARES = (0.5, 0.95)
_FIRST = """
import json, sys, time
from pathlib import Path
from benchmarks.speed.building import memory
from benchmarks.speed.peers import IN_PROCESS
from benchmarks.speed.questions import Question
import os
name, folder, given = sys.argv[1:]
questions = [Question(kind, tuple(words), city) for kind, words, city in json.loads(given)]
peer = IN_PROCESS[name]()
if name == "medsearch":
    import indexer.engines.whoosh_engine._search
else:
    __import__({"Whoosh": "whoosh.index", "SQLite FTS5": "sqlite3", "tantivy": "tantivy"}.get(name, "json"))
before = memory(os.getpid())
started = time.perf_counter()
peer.open(Path(folder))
peer.ask(questions[0])
first = (time.perf_counter() - started) * 1000
for question in questions:
    peer.ask(question)
after = memory(os.getpid())
print(json.dumps([first, after[0], after[1], before[0], before[1]]))
"""


@dataclass(frozen=True, slots=True)
class Alone:
    """One engine in a process of its own: ms from after the imports to a first answer, bytes after all questions."""

    first_answer_ms: float
    resident: int
    private: int
    resident_before: int
    disk: int


def serve(names: list[str], folder: Path, rounds: int) -> dict[str, Any]:
    """Gate and rounds over the engines whose indexes stand in ``folder``, as plain figures."""
    samples = tuple(load(folder / "samples.jsonl"))
    mixes = {mix: draw(samples, least=least) for mix, least in MIXES.items()}
    del samples
    plain, field = mixes
    # First of all: pages that this process had mapped too would count by half.
    started = {name: asdict(alone(name, folder, mixes[plain])) for name in names}
    opened = {}
    for name in names:
        opened[name] = IN_PROCESS[name]()
        opened[name].open(folder / name)
    asks = {name: peer.ask for name, peer in opened.items()}
    found = {mix: in_turn(questions, asks, rounds) for mix, questions in mixes.items()}
    ours = Ours()
    ours.open(folder / Ours.name)
    return {
        **found[plain],
        "field": found[field],
        "inside": parts(ours, mixes[plain]),
        "alone": started,
        "update_seconds": updates(folder / Ours.name),
    }


def in_turn(questions: tuple[Question, ...], asks: Mapping[str, Ask], rounds: int) -> dict[str, Any]:
    """Gate and rounds over one mix of questions, as plain figures."""
    answers = gate(questions, asks)
    for _ in range(2):
        for name, ask in asks.items():
            if name != "Whoosh":
                for question in questions:
                    ask(question)
    timed = run(questions, asks, rounds)
    return {
        "questions": len(questions),
        "matches": sorted(answer.total for answer in answers)[len(answers) // 2],
        "most": max(answer.total for answer in answers),
        "engines": {name: figures(timed[name], questions) for name in timed},
        "ratios": ratios(timed, Ours.name),
    }


def updates(folder: Path) -> list[float]:
    """Seconds to publish one changed document, twice; the index is afterwards what it was."""
    engine = open_durable(f"whoosh:{folder}")
    before = engine.generations.current()
    with engine.searcher() as searcher:
        document = next(iter(searcher.documents()))
    seconds = []
    for turn in range(2):
        started = time.perf_counter()
        with engine.update() as writer:
            writer.put(replace(document, title=f"{document.title} {turn}"))
        seconds.append(time.perf_counter() - started)
    engine.generations.rollback(before)
    engine.generations.prune(keep=1)
    return seconds


def figures(timed: Timed, questions: tuple[Question, ...]) -> dict[str, Any]:
    """Percentiles of the mix and medians by class, in ms, and how many rounds they come from."""
    p50, p95 = (timed.percentile(share) for share in SHARES)
    return {"p50": p50, "p95": p95, "classes": timed.by_class(questions), "rounds": len(timed.rounds)}


def ratios(timed: Mapping[str, Timed], ours: str) -> dict[str, Any]:
    """Every other engine's time over ours, at both percentiles, with its spread over the rounds."""
    return {
        name: {
            f"p{round(share * 100)}": {
                "mix": other.percentile(share) / timed[ours].percentile(share),
                **asdict(ratio(timed[ours], other, share)),
            }
            for share in SHARES
        }
        for name, other in timed.items()
        if name != ours
    }


def alone(name: str, folder: Path, questions: tuple[Question, ...]) -> Alone:
    """Start, ask and weigh one engine in a fresh process, its files in the page cache."""
    given = json.dumps([(each.kind, each.words, each.city) for each in questions])
    command = [sys.executable, "-c", _FIRST, name, str(folder / name), given]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    first, resident, private, before, _ = json.loads(told)
    return Alone(first, resident, private, before, size_of(folder / name))
