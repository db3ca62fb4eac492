"""Ask every engine the same questions in turn: first whether they agree, then how long each takes."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.speed.peers import Answer
from benchmarks.speed.questions import CLASSES, Question

Ask = Callable[[Question], Answer]
Timeable = Callable[[Question], object]  # what an answer is made of is not looked at while the time is taken
SLOW_SECONDS = 6.0  # of one round; an engine that needs longer takes part in ``SLOW_ROUNDS`` only
SLOW_ROUNDS = 2


class Disagreement(Exception):
    """Two engines give different answers, so there is nothing to compare."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of one engine: a row for each round it took part in, a column for each question."""

    name: str
    rounds: tuple[tuple[float, ...], ...]

    def percentile(self, share: float) -> float:
        """Percentile of the mix: of the median time of each question over the rounds."""
        return _percentile([statistics.median(column) for column in zip(*self.rounds, strict=True)], share)

    def by_class(self, questions: Sequence[Question]) -> dict[str, float]:
        """Median of each class of questions."""
        medians = [statistics.median(column) for column in zip(*self.rounds, strict=True)]
        return {
            kind: statistics.median([ms for each, ms in zip(questions, medians, strict=True) if each.kind == kind])
            for kind in CLASSES
            if any(each.kind == kind for each in questions)
        }


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times longer one engine takes than another: median, least and greatest over the rounds."""

    median: float
    least: float
    greatest: float


def gate(questions: Sequence[Question], engines: Mapping[str, Ask]) -> tuple[Answer, ...]:
    """Answers of the first engine, once all others have the same totals and facet counts and as many hits.

    Raises:
        Disagreement: On the first difference, naming the question and both answers.
    """
    (first, ask), *others = engines.items()
    answers = tuple(ask(question) for question in questions)
    for name, other in others:
        for question, expected in zip(questions, answers, strict=True):
            found = other(question)
            if (found.total, found.facets, len(found.hits)) != (expected.total, expected.facets, len(expected.hits)):
                raise Disagreement(
                    f"{question}: {first} has {expected.total} matches, {len(expected.hits)} hits and"
                    f" {expected.facets}; {name} has {found.total}, {len(found.hits)} and {found.facets}"
                )
    return answers


def run(questions: Sequence[Question], engines: Mapping[str, Timeable], rounds: int) -> dict[str, Timed]:
    """Time every engine on every question, engines in turn within each round; the first to be asked moves on.

    Engines take turns by whole passes, as a server asks only one of them: taking turns by question would time how
    quickly each gets back into the processor's caches after the others.
    """
    taken: dict[str, list[tuple[float, ...]]] = {name: [] for name in engines}
    names = list(engines)
    for number in range(rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            if len(taken[name]) >= SLOW_ROUNDS and sum(taken[name][0]) > SLOW_SECONDS * 1000:
                continue
            gc.collect()
            taken[name].append(tuple(_pass(engines[name], questions)))
    return {name: Timed(name, tuple(rows)) for name, rows in taken.items()}


def _pass(ask: Timeable, questions: Sequence[Question]) -> Iterator[float]:
    for question in questions:
        started = time.perf_counter_ns()
        ask(question)
        yield (time.perf_counter_ns() - started) / 1e6


def ratio(ours: Timed, other: Timed, share: float = 0.5) -> Ratio:
    """How many times longer ``other`` takes, round by round, at a percentile of the mix."""
    found = [
        _percentile(theirs, share) / _percentile(mine, share)
        for mine, theirs in zip(ours.rounds, other.rounds, strict=False)
    ]
    return Ratio(statistics.median(found), min(found), max(found))


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
