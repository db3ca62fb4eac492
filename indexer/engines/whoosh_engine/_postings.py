"""The postings of a segment of the columns, term by term, in the blocks that Whoosh keeps."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import sub
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from indexer.engines.whoosh_engine._pack import Pack
from indexer.engines.whoosh_engine._places import Places
from indexer.marks import fields_of

Array = npt.NDArray[Any]

BLOCK = 128  # postings that Whoosh keeps together, as its own writer does
COMPRESSION = 3  # of zlib, as its own writer does
WORTH_COMPRESSING = 300  # bytes of a block; most terms stand in one document, and their blocks hardly shrink
SLICE = 1 << 16  # occurrences that are looked at together
FEW_TOKENS = 400_000  # of a segment; one by one they take half a second more, and compiling the loop takes some


class Term(NamedTuple):
    """Postings of one term in one field: rising document numbers, times it occurs in each, Whoosh's value of each."""

    text: bytes
    documents: Sequence[int]
    weights: Sequence[int]
    values: Sequence[bytes] | bytes | None


class TermBlocks(NamedTuple):
    """What Whoosh says of one term in one field, and its blocks: what it says of each, and its postings, as pickles.

    Lengths are those of the field in the documents that have the term, as Whoosh's one byte.
    """

    text: bytes
    weight: int
    documents: int
    least_length: int
    most_length: int
    most_weight: int
    first: int
    last: int
    blocks: Sequence[tuple[bytes, bytes]]


class Texts:
    """Postings of the text fields, from the inverted token stream of a columns segment."""

    def __init__(self, core: Pack) -> None:
        self._terms = core.strings("terms")
        self._fields = fields_of(core.load("marks"))
        self._tokens = core.load("tokens")
        ends = core.load("token_ends")
        owner = core.load("posting_documents")
        places = Places(core)
        position_ends = places.ends(0, len(owner) + 1)
        self._documents = np.repeat(owner, np.diff(position_ends))
        self._places = ends[self._documents].astype(np.int32) + places.positions(0, int(position_ends[-1]))
        self._document_starts = np.repeat(ends[:-1].astype(np.int32), np.diff(ends))
        self._by_loop = len(self._tokens) > FEW_TOKENS

    def terms(self, field: int, lengths: Sequence[int]) -> Iterator[TermBlocks]:
        """All terms of one field in order, with positions counted within the field.

        ``lengths`` has the length of the field in each document, as Whoosh's one byte.
        """
        mine = (self._fields == field) & (self._tokens >= 0)
        if not mine.any():
            return
        before = np.cumsum(mine, dtype=np.int32) - mine  # tokens of the field before each place
        kept = mine[self._places]
        places, documents = self._places[kept], self._documents[kept]
        terms = self._tokens[places]
        positions = before[places] - before[self._document_starts[places]]
        del mine, before, kept, places
        new_term = np.flatnonzero(np.diff(terms, prepend=-1))
        low = 0
        while low < len(new_term):
            # Some whole terms at a time: what is made of all of them would be ten times as large.
            wanted = int(new_term[low]) + SLICE
            high = max(int(np.searchsorted(new_term, wanted)), low + 1)
            start, stop = int(new_term[low]), int(new_term[high]) if high < len(new_term) else len(terms)
            some = Slice.of(terms[start:stop], documents[start:stop], positions[start:stop])
            texts = [self._terms[number].encode("utf-8", "replace") for number in some.terms.tolist()]
            yield from (by_loop if self._by_loop else one_by_one)(some, texts, lengths)
            low = high


class Slice(NamedTuple):
    """The postings of some terms: those of one are from one of ``bounds`` to the next.

    Each has a document, and from its place in ``first`` so many ``steps`` between its positions as it ``counts``.
    """

    terms: Array
    bounds: Array
    documents: Array
    first: Array
    counts: Array
    steps: Array

    @classmethod
    def of(cls, terms: Array, documents: Array, positions: Array) -> Slice:
        """From term, document and position of each occurrence, in this order."""
        new_term = np.flatnonzero(np.diff(terms, prepend=-1))
        fresh = np.diff(documents, prepend=-1) != 0
        fresh[new_term] = True
        first = np.flatnonzero(fresh)
        steps = positions.copy()
        steps[1:] -= np.where(fresh[1:], 0, positions[:-1])
        bounds = np.append(np.searchsorted(first, new_term), len(first))
        return cls(terms[new_term], bounds, documents[first], first, np.diff(np.append(first, len(terms))), steps)


def by_loop(some: Slice, texts: Sequence[bytes], lengths: Sequence[int]) -> Iterator[TermBlocks]:
    """The terms of a slice with their blocks, written by a compiled loop."""
    from indexer.engines.whoosh_engine import _blocks  # it loads the compiler

    most = len(some.first) // BLOCK + len(texts)
    sizes = (
        (len(some.steps), _blocks.POSITION_BYTES),
        (len(some.first), _blocks.VALUE_BYTES),
        (most, _blocks.BLOCK_BYTES),
    )
    written = np.empty(sum(number * size for number, size in sizes), np.uint8)
    edges = np.empty((most, 4), np.int64)
    about = np.zeros((len(texts) + 1, 4), np.int64)
    doubles = np.arange(some.counts.max() + 1).astype(">f8").view(np.uint8).reshape(-1, 8)
    known = np.full(some.steps.max() + 1, -1, np.int64)
    _blocks.write_blocks(
        some.first, some.counts, some.documents, some.steps, some.bounds, np.asarray(lengths, np.uint8), doubles,
        known, np.empty_like(known), BLOCK, WORTH_COMPRESSING, COMPRESSION, written, edges, about,
    )  # fmt: skip
    whole = memoryview(written)  # type: ignore[arg-type]
    blocks = [(bytes(whole[a:b]), bytes(whole[c:d])) for a, b, c, d in edges[: about[-1, 0]].tolist()]
    weights = np.add.reduceat(some.counts, some.bounds[:-1])
    firsts, lasts = some.documents[some.bounds[:-1]], some.documents[some.bounds[1:] - 1]
    said = np.column_stack((weights, np.diff(some.bounds), about[:-1, 1:], firsts, lasts)).tolist()
    for text, summary, (low, high) in zip(texts, said, pairwise(about[:, 0].tolist()), strict=True):
        yield TermBlocks._make((text, *summary, blocks[low:high]))


def one_by_one(some: Slice, texts: Sequence[bytes], lengths: Sequence[int]) -> Iterator[TermBlocks]:
    """What ``by_loop`` gives, posting by posting: ten times slower, but there is nothing to be loaded for it."""
    counts = some.counts.tolist()
    values = _position_values(some.steps.tolist(), some.first.tolist(), counts)
    owners, bounds = some.documents.tolist(), some.bounds.tolist()
    for text, low, high in zip(texts, bounds[:-1], bounds[1:], strict=True):
        yield blocks_of(Term(text, owners[low:high], counts[low:high], values[low:high]), lengths)


def _position_values(steps: list[int], first: list[int], counts: list[int]) -> list[bytes]:
    """What ``whoosh.formats.Positions`` encodes for each posting: how many, then a pickle of the steps between them."""
    single: dict[int, bytes] = {}
    found: list[bytes] = []
    dumps = pickle.dumps
    for start, count in zip(first, counts, strict=True):
        if count == 1:
            step = steps[start]
            value = single.get(step)
            if value is None:
                value = single[step] = b"\0\0\0\1" + dumps([step], 2)
        else:
            value = count.to_bytes(4, "big") + dumps(steps[start : start + count], 2)
        found.append(value)
    return found


def blocks_of(term: Term, lengths: Sequence[int]) -> TermBlocks:
    """A term with its blocks as ``W3PostingsWriter`` makes them; ``lengths`` is empty for a field that has none."""
    count = len(term.documents)
    sizes = [lengths[each] for each in term.documents] if lengths else [0]
    blocks = [_block(term, lengths, start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
    summary = (sum(term.weights), count, min(sizes), max(sizes), max(term.weights))
    return TermBlocks(term.text, *summary, term.documents[0], term.documents[-1], blocks)


def _block(term: Term, lengths: Sequence[int], start: int, stop: int) -> tuple[bytes, bytes]:
    documents, weights = term.documents[start:stop], term.weights[start:stop]
    values = term.values
    if isinstance(values, bytes):
        values = values[start * 4 : stop * 4]
    elif values is not None:
        values = tuple(values[start:stop])
    heavy = max(weights)
    sizes = [lengths[each] for each in documents] if lengths else (0,)
    plain = None if heavy == 1 else float(heavy) if min(weights) == heavy else tuple(map(float, weights))
    steps = (documents[0], *map(sub, documents[1:], documents))
    data = pickle.dumps((steps, plain, values), 2)
    compression = COMPRESSION if len(data) >= WORTH_COMPRESSING else 0
    return pickle.dumps((stop - start, documents[-1], float(heavy), compression, min(sizes), max(sizes)), 2), data
