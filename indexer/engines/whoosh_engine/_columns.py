"""What every writer of columns does alike: cut into rows, invert the token stream, group stems, weigh postings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from indexer.analysis import FIELDS, stem
from indexer.engines.whoosh_engine._pack import Pack, PackWriter, save_loose
from indexer.engines.whoosh_engine._places import LOW, Places, save_places
from indexer.marks import fields_of
from indexer.model import FACETS
from indexer.ranking import Ranking

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.float32]

CORE, WEIGHTS = "core", "weights"  # packs: what the documents say, and what the whole index makes of it
LIVE, FREQUENCIES = "live.npy", "frequencies.npy"  # what a deletion changes
FEW_TOKENS = 50_000  # sorting them takes some milliseconds, loading the compiled loops a quarter of a second


class Inverted(NamedTuple):
    """A token stream by term, then document, then position.

    The postings of a term are those from one of ``posting_ends`` to the next; each has a document, and ``positions`` in
    it from one of ``position_ends`` to the next.
    """

    positions: Ints
    documents: Ints
    position_ends: Ints
    posting_ends: Ints


def read_values(core: Pack) -> list[tuple[str, str]]:
    """Facet and value of each code of a segment."""
    values: dict[str, list[str]] = orjson.loads(core.blobs("values")[0])
    return [(facet, value) for facet in FACETS for value in values[facet]]


def ends_of(sizes: Sequence[int] | Ints) -> Ints:
    """Where each of some rows ends in the array that has them all, after a 0."""
    ends = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(np.asarray(sizes, np.int64), out=ends[1:])
    return ends


def field_lengths(tokens: Ints, fields: Ints, token_ends: Ints) -> Ints:
    """Tokens of each document (rows) in each field (columns, as ``FIELDS``); a break (-1) is none."""
    count, width = len(token_ends) - 1, len(FIELDS)
    place = np.repeat(np.arange(count, dtype=np.int32) * width, np.diff(token_ends)) + fields
    lengths: Ints = np.bincount(place[tokens >= 0], minlength=count * width).reshape(count, width).astype(np.int32)
    return lengths


def ranks_of(keys: Sequence[bytes]) -> Ints:
    """Place of each key in their order; equal keys in the order they stand in."""
    ranks = np.empty(len(keys), np.int32)
    ranks[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys), dtype=np.int32)
    return ranks


def write_postings(folder: Path, pack: PackWriter, tokens: Ints, token_ends: Ints, terms: int) -> None:
    """Invert the token stream: per term its documents, per posting its positions in the document.

    Raises:
        ValueError: For more tokens than a number of 32 bits can count; segments are joined up to far fewer.
    """
    if len(tokens) > np.iinfo(np.int32).max:
        raise ValueError(f"{len(tokens):,} tokens in one segment")
    invert = _inverted_few if len(tokens) <= FEW_TOKENS else _inverted_many
    found = invert(tokens, token_ends, terms)
    save_places(pack, found.positions, found.position_ends)
    pack.save("posting_documents", found.documents)
    pack.save("posting_ends", found.posting_ends)
    save_loose(folder / FREQUENCIES, np.diff(found.posting_ends).astype(np.int32))


def _kind_of_positions(token_ends: Ints) -> type[np.integer[Any]]:
    """The narrowest kind of number that counts the tokens of each document."""
    return np.uint16 if int(np.diff(token_ends).max(initial=0)) <= LOW + 1 else np.int32


def _inverted_many(tokens: Ints, token_ends: Ints, terms: int) -> Inverted:
    """The token stream of a segment, in which -1 is no term, sorted by term."""
    from indexer.engines.whoosh_engine import _inverting  # it loads the compiler

    occurrences, postings = np.zeros(terms, np.int64), np.zeros(terms, np.int64)
    _inverting.count_terms(tokens, token_ends, occurrences, postings)
    position_starts, posting_ends = ends_of(occurrences), ends_of(postings)
    positions: Ints = np.empty(int(position_starts[-1]), _kind_of_positions(token_ends))
    documents = np.empty(int(posting_ends[-1]), np.int32)
    position_ends = np.empty(len(documents) + 1, np.int32)
    position_ends[-1] = len(positions)
    _inverting.invert(
        tokens, token_ends, position_starts[:-1].copy(), posting_ends[:-1].copy(), positions, documents, position_ends
    )
    return Inverted(positions, documents, position_ends, posting_ends)


def _inverted_few(tokens: Ints, token_ends: Ints, terms: int) -> Inverted:
    """What ``_inverted_many`` gives, by sorting: slower, but there is nothing to be loaded for it."""
    places = np.flatnonzero(tokens >= 0)
    places = places[np.argsort(tokens[places], kind="stable")]
    numbers = tokens[places]
    owners = np.repeat(np.arange(len(token_ends) - 1, dtype=np.int32), np.diff(token_ends))[places]
    first = np.flatnonzero((np.diff(numbers, prepend=-1) != 0) | (np.diff(owners, prepend=-1) != 0))
    return Inverted(
        (places - token_ends[owners]).astype(_kind_of_positions(token_ends)),
        owners[first],
        np.append(first, len(places)).astype(np.int32),
        ends_of(np.bincount(numbers[first], minlength=terms)),
    )


def write_stems(pack: PackWriter, terms: list[str]) -> None:
    """Which terms have a stem in common."""
    groups: dict[str, list[int]] = {}
    for number, term in enumerate(terms):
        groups.setdefault(stem(term), []).append(number)
    stems = sorted(groups)
    pack.save_strings("stems", stems)
    pack.save("stem_ends", ends_of([len(groups[each]) for each in stems]).astype(np.int32))
    pack.save("stem_terms", np.array([number for each in stems for number in groups[each]], np.int32))


def field_scale(lengths: Ints, priors: Floats, pivots: tuple[float, ...], ranking: Ranking) -> Floats:
    """Weight of one occurrence in each document (rows) and field (columns): prior · w / (1 - b + b·length/average)."""
    b = np.array(ranking.field_b, np.float64)
    pivot = np.maximum(np.array(pivots, np.float64), 1e-9)
    norm = (1 - b) + b * lengths / pivot
    weights = np.array(ranking.field_weights, np.float64) / np.maximum(norm, 1e-9)
    scaled: Floats = (weights * priors[:, None]).astype(np.float32)
    return scaled


def write_impacts(folder: Path, pivots: tuple[float, ...], ranking: Ranking) -> None:
    """Write what each posting weighs, once the average field lengths of the whole index are known."""
    core = Pack(folder / CORE)
    priors = np.where(core.load("doubtful"), ranking.in_doubt, 1.0).astype(np.float32)
    scale = field_scale(core.load("lengths"), priors, pivots, ranking)
    token_ends = core.load("token_ends")
    marks = core.load("marks")
    documents = core.load("posting_documents")
    places = Places(core)
    impacts = np.zeros(len(documents), np.float32)
    step = 1 << 20  # postings at a time, so that a large segment needs no second copy of its positions
    for start in range(0, len(documents), step):
        stop = min(start + step, len(documents))
        ends = places.ends(start, stop + 1)
        first, last = int(ends[0]), int(ends[-1])
        owner = np.repeat(documents[start:stop], np.diff(ends))
        weight = scale[owner, fields_of(marks[token_ends[owner] + places.positions(first, last)])]
        impacts[start:stop] = np.add.reduceat(weight.astype(np.float64), ends[:-1] - first)
        core.release()
    pack = PackWriter(folder / WEIGHTS)
    pack.save("priors", priors)
    pack.save("scale", scale)
    pack.save("impacts", impacts)
    pack.close()
