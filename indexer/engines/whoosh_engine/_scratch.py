"""What one search at a time works on: arrays of its own beside those of the segments, in tables for the loops."""

from __future__ import annotations

from array import array
from functools import lru_cache
from struct import Struct
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.engines.excerpts import WINDOW
from indexer.engines.whoosh_engine._answer import HITS, LONGEST_NUMBER, ROW
from indexer.engines.whoosh_engine._collecting import BANKS
from indexer.engines.whoosh_engine._segment import Segment
from indexer.engines.whoosh_engine._table import KINDS, Place, put
from indexer.model import FACETS, MAX_WINDOW

Array = npt.NDArray[Any]
GROWING = ("made_documents", "made_impacts", "phrase_documents", "phrase_positions")  # by ``Working.room``


class Scratch:
    """Working arrays of one search at a time on one generation; loops leave those zeroed that they do not fill anew.

    Large ones cost no memory before they are written to.
    """

    def __init__(self, segments: list[Segment]) -> None:
        size = max((segment.size for segment in segments), default=0)
        hits = min(size, MAX_WINDOW)
        codes = max((len(segment.values) for segment in segments), default=0)
        longest = max((segment.longest for segment in segments), default=0)
        sizes = {
            "scores": size, "leaf_weights": size, "masks": size, "touched": size + 1, "leaf_touched": size,
            "found_scores": size,
            "roles": longest + 1, "chosen": codes, "boosts": codes,
            "top_scores": hits, "top_documents": hits, "bonus": hits, "members": hits, "out_scores": hits,
            "shown": 6 * hits, "spans": 2 * WINDOW * hits,
            "out": HITS + codes + (ROW + 2 * WINDOW) * hits,
        }  # fmt: skip
        self.most_hits = hits
        self._shared = {name: np.zeros(count, KINDS[name]) for name, count in sizes.items()}
        self.top_scores, self.top_documents = self._shared["top_scores"], self._shared["top_documents"]
        self.bonus, self.out, self.out_scores = self._shared["bonus"], self._shared["out"], self._shared["out_scores"]
        self.parts = [Working(segment, self._shared) for segment in segments]


class Working:
    """The arrays of one segment, those of the scratch, and its own ones, in a table."""

    def __init__(self, segment: Segment, shared: dict[str, Array]) -> None:
        self.table = np.zeros(2 * len(KINDS), np.int64)
        self.counts = np.zeros(len(segment.values), np.int64)
        self._arrays = {**segment.arrays(), **shared, "counts": self.counts}
        self._arrays["bits"] = np.zeros((segment.size >> 6) + 1, np.uint64)
        self._arrays["tallies"] = np.zeros(BANKS * (len(segment.values) + 1), np.int64)
        longest = len(segment.value_keys) + (LONGEST_NUMBER + 1) * len(segment.values) + 3 * len(FACETS) + 1
        self._arrays["facets"] = np.zeros(longest, np.uint8)
        self.facets = self._arrays["facets"].data
        self._arrays["terms"] = np.zeros(len(segment.terms) + 1, np.int16)
        self._arrays |= {name: np.zeros(0, KINDS[name]) for name in GROWING}
        for name, array_ in self._arrays.items():
            put(self.table, name, array_)
        self.numbers = self._replaced("numbers", array("q", bytes(8 * 256)))
        self._weights = self._replaced("weights", array("d", bytes(8 * 64)))

    def ask(self, numbers: list[int], weights: list[float] | None = None) -> None:
        """Write numbers and weights to where the loops read them."""
        count = len(numbers)
        if count > len(self.numbers):
            self.numbers = self._replaced("numbers", array("q", bytes(16 * count)))
        _packing("q", count).pack_into(self.numbers, 0, *numbers)
        if weights is not None:
            count = len(weights)
            if count > len(self._weights):
                self._weights = self._replaced("weights", array("d", bytes(16 * count)))
            _packing("d", count).pack_into(self._weights, 0, *weights)

    def _replaced(self, name: str, room: array[Any]) -> memoryview:
        self._arrays[name] = np.frombuffer(room, KINDS[name])
        put(self.table, name, self._arrays[name])
        return memoryview(room)

    def room(self, name: str, used: int, more: int) -> Array:
        """A growing array with room for ``more`` after the ``used`` ones, which it keeps."""
        now = self._arrays[name]
        if used + more > len(now):
            grown = np.zeros(2 * (used + more), KINDS[name])
            grown[:used] = now[:used]
            self._arrays[name] = grown
            put(self.table, name, grown)
            return grown
        return now

    def address(self, name: str) -> int:
        """Where a growing array stands at the moment."""
        return int(self.table[2 * Place[name.upper()]])


@lru_cache(maxsize=1024)
def _packing(kind: str, count: int) -> Struct:
    """So many numbers of a kind end to end: three times as quick as an array that is made of a list and copied."""
    return Struct(f"{count}{kind}")
