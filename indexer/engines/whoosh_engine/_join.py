"""Join segments of the columns into one, array by array: no text is analysed again, no document becomes an object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import merge
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from indexer.engines.whoosh_engine._columns import (
    CORE,
    FREQUENCIES,
    LIVE,
    Ints,
    ends_of,
    ranks_of,
    write_postings,
    write_stems,
)
from indexer.engines.whoosh_engine._pack import Pack, PackWriter, load_loose, save_loose
from indexer.model import FACETS

Array = npt.NDArray[Any]

# Putting them in their places takes some milliseconds, loading the compiled loops a quarter of a second.
FEW_ROWS = 2_000


class _Source:
    """One segment to join: its live rows and what numbers they get, its terms and what numbers those get."""

    def __init__(self, folder: Path) -> None:
        self.pack = Pack(folder / CORE)
        self.live = load_loose(folder / LIVE)
        self.rows: Ints = np.flatnonzero(self.live)
        self.numbers: Ints = np.zeros(len(self.rows), np.int64)
        used = load_loose(folder / FREQUENCIES) > 0  # a term that only deleted documents had is gone
        self.terms = [
            term if keep else "" for term, keep in zip(self.pack.strings("terms"), used.tolist(), strict=True)
        ]
        self.term_numbers: Ints = np.zeros(0, np.int32)

    def ids(self) -> list[bytes]:
        """Ids of the live documents, in order."""
        ids = self.pack.blobs("ids")
        return [ids[row] for row in self.rows.tolist()]


def join(folders: Sequence[Path], target: Path) -> None:
    """Write the live documents of some segments as one new segment without impacts (``write_impacts``).

    Memory: one array of the new segment at a time, and three while its postings are sorted (about 20 bytes a token).
    """
    target.mkdir(parents=True)
    sources = [_Source(folder) for folder in folders]
    ids = _number_documents(sources)
    terms = _number_terms(sources)
    pack = PackWriter(target / CORE)
    pack.save_blobs("ids", ids)
    pack.save_strings("terms", terms)
    write_stems(pack, terms)
    token_ends = _ends(sources, "token_ends")
    pack.save("token_ends", token_ends)
    pack.save("marks", _rows(sources, (source.pack.load("marks") for source in sources), "token_ends", token_ends))
    for name in ("lengths", "title_ends", "dates", "doubtful"):
        pack.save(name, _columns(sources, name))
    for name in ("section", "outlier"):
        ends = _ends(sources, f"{name}_ends")
        pack.save(f"{name}_ends", ends.astype(np.int32))
        parts = (source.pack.load(f"{name}s") for source in sources)
        pack.save(f"{name}s", _rows(sources, parts, f"{name}_ends", ends))
    for name in ("texts", "cards", "documents", "titles"):
        ends = _ends(sources, name + ".ends")
        pack.save(name + ".ends", ends)
        blobs = (source.pack.load(name + ".bytes") for source in sources)
        pack.save(name + ".bytes", _rows(sources, blobs, name + ".ends", ends))
    _write_facets(pack, sources)
    _write_names(pack, sources)
    # Last, because it needs the most memory: by now everything else is on disk.
    tokens = _tokens(sources, token_ends)
    pack.save("tokens", tokens)
    write_postings(target, pack, tokens, token_ends, len(terms))
    pack.close()
    save_loose(target / LIVE, np.ones(len(ids), np.bool_))


def _number_documents(sources: Sequence[_Source]) -> list[bytes]:
    """Give every live document its place in the order of all ids; returns the ids.

    Raises:
        ValueError: If an id stands in two segments.
    """

    def of(place: int) -> Iterable[tuple[bytes, int, int]]:
        return ((doc_id, place, row) for row, doc_id in enumerate(sources[place].ids()))

    ids: list[bytes] = []
    for number, (doc_id, place, row) in enumerate(merge(*map(of, range(len(sources))))):
        if ids and ids[-1] == doc_id:
            raise ValueError(f"{doc_id.decode('utf-8', 'replace')} stands in two segments")
        ids.append(doc_id)
        sources[place].numbers[row] = number
    return ids


def _number_terms(sources: Sequence[_Source]) -> list[str]:
    terms = sorted({term for source in sources for term in source.terms} - {""})
    numbers = {term: number for number, term in enumerate(terms)}
    numbers[""] = -1
    for source in sources:
        # One more at the end, so that a break, which is -1, stays one.
        mapped = [numbers[term] for term in source.terms]
        source.term_numbers = np.array([*mapped, -1], np.int32)
        source.terms = []
    return terms


def _ends(sources: Sequence[_Source], name: str) -> Ints:
    """Ends of the rows of all documents in their new order, from the ends in each source."""
    sizes = np.zeros(sum(len(source.rows) for source in sources), np.int64)
    for source in sources:
        sizes[source.numbers] = np.diff(source.pack.load(name))[source.rows]
    return ends_of(sizes)


def _tokens(sources: Sequence[_Source], ends: Ints) -> Array:
    """The token streams of all documents in their new order, as numbers of the joined terms."""
    return _rows(sources, (source.term_numbers[source.pack.load("tokens")] for source in sources), "token_ends", ends)


def _gather(rows: int) -> Callable[..., None]:
    """How so many rows are put into their new places."""
    if rows <= FEW_ROWS:
        return gather_few
    from indexer.engines.whoosh_engine import _inverting  # it loads the compiler

    found: Callable[..., None] = _inverting.gather
    return found


def gather_few(
    source: Array, source_ends: Ints, rows: Ints, numbers: Ints, size: int, target: Array, target_ends: Ints
) -> None:
    """What ``_inverting.gather`` does, row by row: slower, but there is nothing to be loaded for it."""
    starts, ends = (source_ends[rows] * size).tolist(), (source_ends[rows + 1] * size).tolist()
    for start, end, place in zip(starts, ends, (target_ends[numbers] * size).tolist(), strict=True):
        target[place : place + end - start] = source[start:end]


def _rows(sources: Sequence[_Source], arrays: Iterable[Array], ends_name: str, ends: Ints) -> Array:
    """One array with the rows of all documents in their new order, from one array for each source."""
    gather = _gather(sum(len(source.rows) for source in sources))
    target: Array | None = None
    for source, array in zip(sources, arrays, strict=True):
        if target is None:
            target = np.empty((int(ends[-1]), *array.shape[1:]), array.dtype)
            size = array.itemsize * int(np.prod(array.shape[1:], dtype=np.int64))
        if array.size:
            gather(
                np.ascontiguousarray(array).reshape(-1).view(np.uint8),
                source.pack.load(ends_name).astype(np.int64, copy=False),
                source.rows, source.numbers, size, target.reshape(-1).view(np.uint8), ends,
            )  # fmt: skip
            source.pack.release()
    assert target is not None
    return target


def _columns(sources: Sequence[_Source], name: str) -> Array:
    """One array with a value (or a row of as many values) for each document, in their new order."""
    arrays = [source.pack.load(name) for source in sources]
    target = np.empty((sum(len(source.rows) for source in sources), *arrays[0].shape[1:]), arrays[0].dtype)
    for source, array in zip(sources, arrays, strict=True):
        target[source.numbers] = array[source.rows]
    return target


def _write_facets(pack: PackWriter, sources: Sequence[_Source]) -> None:
    named = [orjson.loads(source.pack.blobs("values")[0]) for source in sources]
    held: list[list[tuple[str, str] | None]] = []
    for source, values in zip(sources, named, strict=True):
        known = [(facet, value) for facet in FACETS for value in values[facet]]
        live = np.repeat(source.live, np.diff(source.pack.load("code_ends")))
        counts = np.bincount(source.pack.load("codes")[live].astype(np.int64), minlength=len(known))
        held.append([pair if count else None for pair, count in zip(known, counts.tolist(), strict=True)])
    values = {
        facet: sorted({pair[1] for pairs in held for pair in pairs if pair and pair[0] == facet}) for facet in FACETS
    }
    codes = {(facet, value): code for code, (facet, value) in enumerate((f, v) for f in FACETS for v in values[f])}
    arrays = []
    for source, pairs in zip(sources, held, strict=True):
        numbers = np.array([codes[pair] if pair else 0 for pair in pairs] or [0], np.int16)
        arrays.append(numbers[source.pack.load("codes")])
    ends = _ends(sources, "code_ends")
    pack.save("code_ends", ends.astype(np.int32))
    pack.save("codes", _rows(sources, arrays, "code_ends", ends))
    pack.save_blobs("values", [orjson.dumps(values)])


def _write_names(pack: PackWriter, sources: Sequence[_Source]) -> None:
    names: list[tuple[str, int]] = []
    compounds: set[str] = set()
    titles: list[bytes] = [b""] * sum(len(source.rows) for source in sources)
    for source in sources:
        number_of = np.full(len(source.live), -1, np.int64)
        number_of[source.rows] = source.numbers
        owners = number_of[source.pack.load("name_documents")].tolist()
        names += [(key, owner) for key, owner in zip(source.pack.strings("names"), owners, strict=True) if owner >= 0]
        compounds.update(source.pack.strings("compounds"))
        keys = source.pack.blobs("titles")
        for row, number in zip(source.rows.tolist(), source.numbers.tolist(), strict=True):
            titles[number] = keys[row]
    names.sort()
    pack.save_strings("names", [key for key, _ in names])
    pack.save("name_documents", np.array([owner for _, owner in names], np.int32))
    pack.save_strings("compounds", sorted(compounds))
    pack.save("title_ranks", ranks_of(titles))
