"""Where the time of one of our own searches goes: the profile beside figures that are missed.

Planning and what is made of the numbers of an answer are timed within whole searches; the stages of the compiled loops
by having each done once more on top of those before it.
"""

from __future__ import annotations

import ctypes
import gc
import statistics
import time
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

from benchmarks.speed.peers import Ours
from benchmarks.speed.questions import Question, our_query
from indexer.engines.whoosh_engine import _answer as loops
from indexer.engines.whoosh_engine._answer import MATCH, SHOW, STAGES, WEIGH
from indexer.engines.whoosh_engine._table import Place

STAGED = {
    "matching and counting": MATCH,
    "a close look at the best": MATCH | WEIGH,
    "cutting snippets out": MATCH | WEIGH | SHOW,
}
QUERY, PLANNING, OBJECTS = "making the query", "from the query to numbers", "from numbers to hits and counts"
PARTS = (QUERY, PLANNING, *STAGED, OBJECTS)
IN_PYTHON = (QUERY, PLANNING, OBJECTS)
REPEATS = 15
LONG = 8  # bytes


class _Watch:
    """Stands before the loops and notes, in ns: when a search reached and left them, how long each stage took."""

    def __init__(self) -> None:
        self._loops = loops.answer
        self.reached = self.left = 0
        self.stages: list[int] = []

    def __call__(self, table: Any) -> Any:
        self.reached = time.perf_counter_ns()
        self.stages = []
        asked = ctypes.c_int64.from_address(int(table[2 * Place.NUMBERS]) + LONG * STAGES)
        before = 0
        for stages in STAGED.values():
            asked.value = stages
            started = time.perf_counter_ns()
            answer = self._loops(table)
            taken = time.perf_counter_ns() - started
            self.stages.append(max(taken - before, 0))
            before = taken
        self.left = time.perf_counter_ns()
        return answer


def parts(ours: Ours, questions: Sequence[Question]) -> dict[str, float]:
    """Microseconds of each part of a search, on average over the questions, the median of some rounds of each.

    Empty for an index of several segments, which are searched by other code.
    """
    watch = _Watch()
    rows: list[list[list[int]]] = [[] for _ in questions]
    with patch.object(loops, "answer", watch):
        for _ in range(REPEATS):
            gc.collect()
            for question, taken in zip(questions, rows, strict=True):
                begun = time.perf_counter_ns()
                query = our_query(question)
                made = time.perf_counter_ns()
                ours.search(query)
                ended = time.perf_counter_ns()
                if not watch.stages:
                    return {}
                taken.append([made - begun, watch.reached - made, *watch.stages, ended - watch.left])
    medians = [[statistics.median(column) for column in zip(*taken, strict=True)] for taken in rows]
    return {
        part: statistics.mean(column) / 1000 for part, column in zip(PARTS, zip(*medians, strict=True), strict=True)
    }
