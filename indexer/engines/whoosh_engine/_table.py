"""The arrays that the loops of a search work on, given to them as one table of addresses.

Each array that is an argument costs a call a fifth of a microsecond, and a search needs fifty of them: more than all
that it does with a few hundred documents. So the loops get one array, with address and length of each of the others.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg"

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.engines.compiling import array_at, jit

Array = npt.NDArray[Any]

KINDS: dict[str, Any] = {
    # a segment
    "live": np.bool_,
    "posting_documents": np.int32,
    "position_ends": np.uint16,
    "position_bases": np.int32,
    "positions": np.uint16,
    "positions_high": np.uint16,
    "tokens": np.int32,
    "token_ends": np.int64,
    "marks": np.uint16,
    "outliers": np.int32,
    "outlier_ends": np.int32,
    "title_ends": np.int32,
    "sections": np.int32,
    "section_ends": np.int32,
    "text_bytes": np.uint8,
    "text_ends": np.int64,
    "scale": np.float32,
    "priors": np.float32,
    "codes": np.int16,
    "code_ends": np.int32,
    "code_words": np.uint64,
    "code_facet": np.int64,
    "facet_bounds": np.int64,
    "value_keys": np.uint8,
    "value_ends": np.int32,
    "title_ranks": np.int32,
    "dates": np.int32,
    # what is asked of it
    "numbers": np.int64,
    "weights": np.float64,
    "made_documents": np.int32,
    "made_impacts": np.float32,
    "phrase_documents": np.int32,
    "phrase_positions": np.int32,
    # room to work in, zeroed before and after
    "scores": np.float64,
    "leaf_weights": np.float64,
    "masks": np.uint64,
    "bits": np.uint64,
    "terms": np.int16,
    "tallies": np.int64,
    "chosen": np.bool_,
    "boosts": np.float64,
    # room that is filled anew
    "touched": np.int32,
    "leaf_touched": np.int32,
    "found_scores": np.float64,
    "roles": np.int64,
    # the answer
    "counts": np.int64,
    "facets": np.uint8,
    "top_scores": np.float64,
    "top_documents": np.int32,
    "bonus": np.float64,
    "members": np.uint64,
    "shown": np.int64,
    "spans": np.int32,
    "out": np.int64,
    "out_scores": np.float64,
}


def _places() -> Any:
    return IntEnum("Place", {name.upper(): place for place, name in enumerate(KINDS)})


Place = _places()  # where each array stands in a table


def put(table: Array, name: str, array: Array) -> None:
    """Write address and length of an array into a table; whoever has the table keeps the array alive.

    Raises:
        TypeError: If it is not of the kind that the loops take it for.
    """
    if array.dtype != KINDS[name] or not array.flags.c_contiguous or not array.flags.aligned:
        raise TypeError(f"{name}: the loops read {np.dtype(KINDS[name])}, not {array.dtype} as it lies here")
    place = 2 * Place[name.upper()]
    table[place], table[place + 1] = array.ctypes.data, array.size


@jit
def flags(table, place):
    """An array of flags."""
    return array_at(table[2 * place], (table[2 * place + 1],), np.bool_)


@jit
def bytes_of(table, place):
    """An array of uint8."""
    return array_at(table[2 * place], (table[2 * place + 1],), np.uint8)


@jit
def shorts(table, place):
    """An array of uint16."""
    return array_at(table[2 * place], (table[2 * place + 1],), np.uint16)


@jit
def smalls(table, place):
    """An array of int16."""
    return array_at(table[2 * place], (table[2 * place + 1],), np.int16)


@jit
def ints(table, place):
    """An array of int32."""
    return array_at(table[2 * place], (table[2 * place + 1],), np.int32)


@jit
def longs(table, place):
    """An array of int64."""
    return array_at(table[2 * place], (table[2 * place + 1],), np.int64)


@jit
def masks_of(table, place):
    """An array of uint64."""
    return array_at(table[2 * place], (table[2 * place + 1],), np.uint64)


@jit
def floats(table, place):
    """An array of float32."""
    return array_at(table[2 * place], (table[2 * place + 1],), np.float32)


@jit
def doubles(table, place):
    """An array of float64."""
    return array_at(table[2 * place], (table[2 * place + 1],), np.float64)
