"""Which words are close in meaning: a vector for each of the commoner English words, made from a sentence encoder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.analysis import stem

Array = npt.NDArray[Any]
TABLE = Path(__file__).with_name("vocabulary") / "meanings.npz"  # what it is made of: meanings.md beside it
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Meanings:
    """Vectors of stems.

    Attributes:
        rows: The row of each stem.
        vectors: One row of small whole numbers for each stem; the sum over the words of a text, weighted by their
            rarity, points the way of its meaning. Only directions can be compared.
    """

    rows: Mapping[str, int]
    vectors: Array

    def of(self, words: Iterable[str]) -> Array:
        """Rows of some folded words, ``UNKNOWN`` for those without a vector."""
        return self.of_stems(map(stem, words))

    def of_stems(self, stems: Iterable[str]) -> Array:
        """Rows of some stems, ``UNKNOWN`` for those without a vector."""
        return np.array([self.rows.get(each, UNKNOWN) for each in stems], np.int32)


@cache
def default_meanings() -> Meanings:
    """The table that comes with the program, read once."""
    with np.load(TABLE, allow_pickle=False) as table:
        stems = bytes(table["stems"]).decode("ascii").split("\n")
        return Meanings(MappingProxyType({each: row for row, each in enumerate(stems)}), table["vectors"])
