"""Search several segments: the stages of a search one by one, with the hits of all put in one order in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.engines.excerpts import snippet_texts
from indexer.engines.whoosh_engine._answer import (
    FIRST,
    FOUND,
    HITS,
    KEPT,
    LAST,
    NEAR,
    SHOW,
    STAGES,
    TOTAL,
    WEIGH,
    answer,
)
from indexer.engines.whoosh_engine._hits import Presenter
from indexer.engines.whoosh_engine._plan import Plan, SegmentPlan
from indexer.engines.whoosh_engine._scratch import Scratch
from indexer.model import Hit, Query

Array = npt.NDArray[Any]


@dataclass(slots=True)
class _Ranked:
    """Kept documents in order: base score, bonus, part (number of the segment) and number of each."""

    base: Array
    parts: Array
    numbers: Array
    bonus: Array

    def put(self, rows: Any, other: _Ranked) -> None:
        """Replace some rows by others."""
        self.base[rows], self.parts[rows], self.numbers[rows], self.bonus[rows] = (
            other.base, other.parts, other.numbers, other.bonus,
        )  # fmt: skip

    def of(self, rows: Any) -> _Ranked:
        """Some rows, in their order."""
        return _Ranked(self.base[rows], self.parts[rows], self.numbers[rows], self.bonus[rows])


def search_several(
    query: Query, plan: Plan, presenter: Presenter, scratch: Scratch, weighs: bool
) -> tuple[int, tuple[Hit, ...]]:
    """How many documents match, and the hits, best first. Counts are left in ``Working.counts`` of each segment.

    The plans stand in the tables of the segments, and ask for matching; ``weighs`` is whether hits get a bonus.
    """
    total = 0
    runs = []
    for number, part in enumerate(plan.parts):
        answer(part.working.table)
        total += int(scratch.out[TOTAL])
        kept = int(scratch.out[FOUND])
        base, documents = scratch.top_scores[:kept].copy(), scratch.top_documents[:kept].copy()
        runs.append(_Ranked(base, np.full(kept, number, np.int32), documents, np.zeros(kept)))
    if not runs:
        return 0, ()
    names = ("base", "parts", "numbers", "bonus")
    ranked = _Ranked(*(np.concatenate([getattr(run, name) for run in runs]) for name in names))
    keys: Sequence[float] | Sequence[bytes] = (-ranked.base).tolist()
    if query.sort == "title":
        rows = zip(ranked.parts.tolist(), ranked.numbers.tolist(), strict=True)
        keys = [plan.parts[part].segment.titles[number] for part, number in rows]
    ranked = ranked.of(_order(plan, keys, ranked))
    if weighs:
        near = slice(plan.parts[0].working.numbers[NEAR])
        _weigh(plan, ranked, near, scratch)
        best = ranked.of(near)
        ranked.put(near, best.of(_order(plan, (-(best.base + best.bonus)).tolist(), best)))
    page = ranked.of(slice(query.offset, query.offset + query.limit))
    return total, tuple(sorted(_show(page, plan, presenter, scratch, query.offset + 1)))


def _order(plan: Plan, keys: Sequence[float] | Sequence[bytes], ranked: _Ranked) -> Array:
    """Order of some documents of several segments: by key, then by id."""
    rows = zip(ranked.parts.tolist(), ranked.numbers.tolist(), strict=True)
    ids = [plan.parts[part].segment.ids[number] for part, number in rows]
    return np.array(sorted(range(len(ids)), key=lambda i: (keys[i], ids[i])), np.int64)


def _by_part(plan: Plan, ranked: _Ranked) -> Iterator[tuple[SegmentPlan, Array]]:
    """The rows of each segment that has any."""
    for number, part in enumerate(plan.parts):
        rows = np.flatnonzero(ranked.parts == number)
        if len(rows):
            yield part, rows


def _ask(part: SegmentPlan, stage: int, mine: _Ranked, scratch: Scratch) -> tuple[int, Array]:
    """Have one stage done with some documents of a segment; returns what ``answer`` does."""
    count = len(mine.numbers)
    scratch.top_scores[:count], scratch.top_documents[:count] = mine.base, mine.numbers
    scratch.bonus[:count] = mine.bonus
    numbers = part.working.numbers
    numbers[STAGES], numbers[FIRST], numbers[LAST], numbers[KEPT] = stage, 0, count, count
    written: tuple[int, Array] = answer(part.working.table)
    return written


def _weigh(plan: Plan, ranked: _Ranked, near: slice, scratch: Scratch) -> None:
    """Give the first documents their bonuses; those of a segment change places among themselves."""
    for part, rows in _by_part(plan, ranked.of(near)):
        _ask(part, WEIGH, ranked.of(rows), scratch)
        count = len(rows)
        ranked.base[rows], ranked.numbers[rows] = scratch.top_scores[:count], scratch.top_documents[:count]
        ranked.bonus[rows] = scratch.bonus[:count]


def _show(page: _Ranked, plan: Plan, presenter: Presenter, scratch: Scratch, rank: int) -> Iterator[Hit]:
    """The hits of a page, segment by segment; the first of the page has the rank."""
    for part, rows in _by_part(plan, page):
        mine = page.of(rows)
        size, cut = _ask(part, SHOW, mine, scratch)
        seen = scratch.out[HITS:size].tolist()
        scores = scratch.out_scores[: len(rows)].tolist()
        yield from presenter.hits(part, seen, snippet_texts(cut), (rows + rank).tolist(), scores, mine.bonus.tolist())
