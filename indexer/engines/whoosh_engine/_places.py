"""Where terms stand, kept in two bytes each: positions in documents, and where those of each posting end among all.

Of a position the upper half is kept too where any document of the segment needs it. Of an end there is the lower half,
with a whole number for every 64 postings, to which what is left out can be added; or one for each posting, where 64 of
them may have too many positions for that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.engines.whoosh_engine._pack import Pack, PackWriter

Ints = npt.NDArray[np.integer[Any]]

HALF = 16  # bits
LOW = (1 << HALF) - 1
TOGETHER = 6  # bits of the number of postings that share a whole number


def save_places(pack: PackWriter, positions: Ints, ends: Ints) -> None:
    """Write positions, of 16 or 32 bits, and where those of each posting end, after a 0."""
    pack.save("positions", positions.astype(np.uint16, copy=False))
    highs = positions >> HALF if positions.itemsize > 2 else positions[:0]
    pack.save("positions_high", (highs if highs.any() else highs[:0]).astype(np.uint16))
    del highs
    bases = ends[:: 1 << TOGETHER]
    lasts = np.append(ends[(1 << TOGETHER) - 1 :: 1 << TOGETHER], ends[-1])[: len(bases)]
    pack.save("position_bases", (bases if (lasts - bases <= LOW).all() else ends).astype(np.int32))
    pack.save("position_ends", ends.astype(np.uint16))


class Places:
    """Reads what ``save_places`` wrote."""

    def __init__(self, core: Pack) -> None:
        self._positions, self._highs = core.load("positions"), core.load("positions_high")
        self._ends, self._bases = core.load("position_ends"), core.load("position_bases")
        self._shift = 0 if len(self._bases) == len(self._ends) else TOGETHER

    def positions(self, first: int, last: int) -> Ints:
        """Some positions; those of one posting are from one of ``ends`` to the next."""
        found = self._positions[first:last].astype(np.int32)
        if len(self._highs):
            found |= self._highs[first:last].astype(np.int32) << HALF
        return found

    def ends(self, first: int, last: int) -> Ints:
        """The ends of some postings, each that of the posting before and so the start of its own."""
        bases: Ints = self._bases[np.arange(first, last) >> self._shift]
        return bases + (self._ends[first:last] - bases & LOW)

    def end(self, posting: int) -> int:
        """One of ``ends``."""
        base = int(self._bases[posting >> self._shift])
        return base + (int(self._ends[posting]) - base & LOW)
