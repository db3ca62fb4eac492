"""Which pages are like some words in meaning, told from titles, sections and questions; the same for every engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from indexer.analysis import FIELDS
from indexer.meanings import UNKNOWN, Meanings

Array = npt.NDArray[Any]
TITLE = 0.5  # how much the likeness of the title adds to that of the best part
ASKED = 1.0  # and that of the question most like the words
LIMIT = 10  # pages that are named
STANDS_OUT = 1.0  # standard deviations above the mean of all pages: with less a page is like any other
SAME = 1e-6  # a deviation below it is rounding
LEAST_PAGES = 20  # of fewer none stands out
MOST_PARTS = 20_000  # titles, sections, questions; more take a second to read and 10 MB in each process to keep

QUESTION = FIELDS.index("question")

Alike = tuple[tuple[str, float], ...]


class Compared(NamedTuple):
    """What is compared of a page, each part as places in its token stream or as the words there."""

    parts: list[Any]  # its title, then its sections
    asked: list[Any]  # the questions that it says it answers

    def words(self, of: Callable[[int, int], Array]) -> Compared:
        """The same with what stands at these places."""
        return Compared([of(*span) for span in self.parts], [of(*span) for span in self.asked])


def spans_of(title_end: int, sections: Iterable[Sequence[int]], fields: Array, breaks: Array) -> Compared:
    """Places of what is compared of a page.

    ``sections`` are rows of start, body and end, ``fields`` and ``breaks`` say of each token in which field it stands,
    and whether it is none.
    """
    parts = [(0, title_end), *((int(start), int(end)) for start, _, end in sections)]
    ends = np.flatnonzero((fields == QUESTION) & breaks).tolist()  # each question has a break behind it
    starts = [int(np.argmax(fields == QUESTION)), *(end + 1 for end in ends[:-1])] if ends else []
    return Compared(parts, list(zip(starts, ends, strict=True)))


class Likeness:
    """Vectors of the titles, sections and questions of some pages.

    A word weighs by its rarity among them, so that no list of small words is needed, and what all pages speak of, as
    "china" here, tells nothing.
    """

    def __init__(self, pages: Iterable[tuple[str, Compared]], meanings: Meanings) -> None:
        """Keep what some pages are about: their ids, with rows of ``meanings`` for each part and question.

        More than ``MOST_PARTS`` of these, or fewer than ``LEAST_PAGES`` pages, are not kept at all.
        """
        self._meanings = meanings
        self._ids: list[str] = []
        parts, asked = list[Array](), list[Array]()
        starts, asked_starts, asking = list[int](), list[int](), list[int]()
        for doc_id, own in pages:
            starts.append(len(parts))
            if own.asked:
                asking.append(len(self._ids))
                asked_starts.append(len(asked))
            self._ids.append(doc_id)
            parts += [rows[rows != UNKNOWN] for rows in own.parts]
            asked += [rows[rows != UNKNOWN] for rows in own.asked]
            if len(parts) + len(asked) > MOST_PARTS:
                break
        if len(parts) + len(asked) > MOST_PARTS or len(self._ids) < LEAST_PAGES:
            self._ids, starts, parts, asking, asked_starts, asked = [], [], [], [], [], []
        self._starts, self._asked_starts = np.array(starts, np.int64), np.array(asked_starts, np.int64)
        self._asking = np.array(asking, np.int64)  # pages that have questions
        in_parts = np.zeros(len(meanings.vectors), np.int64)
        for rows in (*parts, *asked):
            in_parts[np.unique(rows)] += 1
        self._rarity = np.log(max(len(parts) + len(asked), 1) / (in_parts + 1)).clip(min=0).astype(np.float32)
        self._vectors = np.array([self._direction(rows) for rows in parts], np.float32)
        self._asked_vectors = np.array([self._direction(rows) for rows in asked], np.float32)

    def _direction(self, rows: Array) -> Array:
        """Where the words of a text point to, of length 1; of length 0 when they tell nothing."""
        total: Array = self._rarity[rows] @ self._meanings.vectors[rows].astype(np.float32)
        length = math.sqrt(total @ total)
        return total / length if length else total

    def to(self, words: Iterable[str]) -> Alike:
        """The pages most like some folded words, best first, with how far each stands out from all pages.

        At most ``LIMIT``, in standard deviations; nothing when there is nothing to compare.
        """
        rows = self._meanings.of(words)
        wanted = self._direction(rows[rows != UNKNOWN])
        if not self._ids or not wanted.any():
            return ()
        like = self._vectors @ wanted
        best = np.maximum.reduceat(like, self._starts) + TITLE * like[self._starts]
        if len(self._asking):
            best[self._asking] += ASKED * np.maximum.reduceat(self._asked_vectors @ wanted, self._asked_starts)
        count = len(best)  # sums by hand: numpy's mean and deviation take longer than all the rest
        mean = float(best.sum()) / count
        spread = math.sqrt(max(float(best @ best) / count - mean * mean, 0.0))
        if spread < SAME:
            return ()
        ahead = np.flatnonzero(best >= mean + STANDS_OUT * spread).tolist()
        found = sorted((-(float(best[at]) - mean) / spread, at) for at in ahead)[:LIMIT]
        return tuple((self._ids[at], -apart) for apart, at in found)
