"""Which pages are like some words in meaning, told from their titles and sections; the same sums for every engine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.meanings import UNKNOWN, Meanings

Array = npt.NDArray[Any]
TITLE = 0.5  # how much the likeness of the title adds to that of the best part
LIMIT = 10  # pages that are named
STANDS_OUT = 1.0  # standard deviations above the mean of all pages: with less a page is like any other
SAME = 1e-6  # a deviation below it is rounding
LEAST_PAGES = 20  # of fewer none stands out
MOST_PARTS = 20_000  # titles and sections; more would take a second to read and 10 MB in each process to keep

Alike = tuple[tuple[str, float], ...]


class Likeness:
    """Vectors of the titles and sections of some pages.

    A word weighs by its rarity among them, so that no list of small words is needed, and what all pages speak of, as
    "china" here, tells nothing.
    """

    def __init__(self, pages: Iterable[tuple[str, Sequence[Array]]], meanings: Meanings) -> None:
        """Keep what some pages are about: their ids, with rows of ``meanings`` for the title and for each section.

        More than ``MOST_PARTS`` titles and sections, or fewer than ``LEAST_PAGES`` pages, are not kept at all.
        """
        self._meanings = meanings
        self._ids: list[str] = []
        parts: list[Array] = []
        starts: list[int] = []
        for doc_id, own in pages:
            self._ids.append(doc_id)
            starts.append(len(parts))
            parts += [rows[rows != UNKNOWN] for rows in own]
            if len(parts) > MOST_PARTS:
                break
        if len(parts) > MOST_PARTS or len(self._ids) < LEAST_PAGES:
            self._ids, starts, parts = [], [], []
        self._starts = np.array(starts, np.int64)
        in_parts = np.zeros(len(meanings.vectors), np.int64)
        for rows in parts:
            in_parts[np.unique(rows)] += 1
        self._rarity = np.log(max(len(parts), 1) / (in_parts + 1)).clip(min=0).astype(np.float32)
        self._vectors = np.array([self._direction(rows) for rows in parts], np.float32)

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
        count = len(best)  # sums by hand: numpy's mean and deviation take longer than all the rest
        mean = float(best.sum()) / count
        spread = math.sqrt(max(float(best @ best) / count - mean * mean, 0.0))
        if spread < SAME:
            return ()
        ahead = np.flatnonzero(best >= mean + STANDS_OUT * spread).tolist()
        found = sorted((-(float(best[at]) - mean) / spread, at) for at in ahead)[:LIMIT]
        return tuple((self._ids[at], -apart) for apart, at in found)
