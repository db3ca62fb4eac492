"""Write the read-optimised columns of one segment while its documents are indexed."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from indexer.analysis import BREAK, FIELDS, AnalyzedDocument, document_names, name_key, stem
from indexer.engines.cards import card_blob, document_blob
from indexer.engines.whoosh_engine._pack import Pack, PackWriter, save_loose
from indexer.model import FACETS, Document, date_number
from indexer.ranking import Ranking

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.float32]

CORE, WEIGHTS = "core", "weights"  # packs: what the documents say, and what the whole index makes of it
LIVE, FREQUENCIES = "live.npy", "frequencies.npy"  # what a deletion changes
MAX_SEGMENT_TOKENS = 12_000_000  # about 400 MB while its postings are sorted; a larger corpus gets more segments


class SegmentWriter:
    """Collects analysed documents, then writes them as one segment in the order of their ids."""

    def __init__(self) -> None:
        self._documents: list[tuple[str, int]] = []
        self._vocabulary: dict[str, int] = {BREAK: 0}
        self._terms: list[array[int]] = []
        self._fields: list[bytes] = []
        self._starts: list[array[int]] = []
        self._lengths: list[array[int]] = []
        self._sections: list[list[tuple[int, int, int]]] = []
        self._title_ends: list[int] = []
        self._texts: list[bytes] = []
        self._cards: list[bytes] = []
        self._blobs: list[bytes] = []
        self._values: list[tuple[tuple[str, ...], ...]] = []
        self._titles: list[str] = []
        self._dates: list[int] = []
        self._names: list[tuple[str, ...]] = []
        self._compounds: dict[str, tuple[str, ...]] = {}
        self.tokens = 0

    def __len__(self) -> int:
        return len(self._documents)

    @property
    def full(self) -> bool:
        """Whether the segment has reached its size and should be written."""
        return self.tokens >= MAX_SEGMENT_TOKENS

    def add(self, document: Document, analyzed: AnalyzedDocument) -> None:
        """Take one document; ids must not repeat within a segment."""
        vocabulary = self._vocabulary
        self._documents.append((document.doc_id, len(self._documents)))
        self._terms.append(array("i", [vocabulary.setdefault(term, len(vocabulary)) for term in analyzed.terms]))
        self._fields.append(bytes(analyzed.fields))
        self._starts.append(array("i", analyzed.starts))
        self._lengths.append(array("H", [min(length, 65535) for length in analyzed.lengths]))
        self._sections.append([(span.start, span.body, span.end) for span in analyzed.sections])
        self._title_ends.append(analyzed.title_end)
        self._texts.append(analyzed.text)
        self._cards.append(card_blob(document))
        self._blobs.append(document_blob(document))
        self._values.append(tuple(document.values(facet) for facet in FACETS))
        self._titles.append(name_key(document.title))
        self._dates.append(date_number(document.date))
        self._names.append(document_names(document))
        self._compounds.update(analyzed.compounds)
        self.tokens += len(analyzed.terms)

    def field_lengths(self) -> Ints:
        """Tokens of each document (rows, in the order added) in each field (columns, as ``FIELDS``)."""
        lengths = np.zeros((len(self), len(FIELDS)), np.int32)
        for row, (terms, fields) in enumerate(zip(self._terms, self._fields, strict=True)):
            kept = np.frombuffer(fields, np.uint8)[np.frombuffer(terms, np.int32) != 0]
            lengths[row] = np.bincount(kept, minlength=len(FIELDS))
        return lengths

    def write(self, folder: Path) -> None:
        """Write everything but the impacts, which need the average lengths of the whole index (``write_impacts``)."""
        folder.mkdir(parents=True)
        pack = PackWriter(folder / CORE)
        order = [place for _, place in sorted(self._documents)]
        if len({doc_id for doc_id, _ in self._documents}) != len(order):
            raise ValueError("a document id stands twice in one segment")
        count = len(order)
        pack.save("lengths", self.field_lengths()[order])
        terms, ranks = self._sorted_vocabulary()
        pack.save_strings("terms", terms)
        tokens = ranks[
            np.concatenate([np.frombuffer(self._terms[i], np.int32) for i in order] or [np.zeros(0, np.int32)])
        ]
        fields = np.frombuffer(b"".join(self._fields[i] for i in order), np.uint8)
        token_ends = _ends([len(self._terms[i]) for i in order])
        pack.save("tokens", tokens)
        pack.save("token_fields", fields)
        pack.save("token_ends", token_ends)
        pack.save("token_starts", _joined(self._starts, order, np.int32))
        pack.save("token_lengths", _joined(self._lengths, order, np.uint16))
        _write_postings(folder, pack, tokens, token_ends, len(terms))
        _write_stems(pack, terms)
        self._write_facets(pack, order)
        pack.save("sections", np.array([row for i in order for row in self._sections[i]], np.int32).reshape(-1, 3))
        pack.save("section_ends", _ends([len(self._sections[i]) for i in order]).astype(np.int32))
        pack.save("title_ends", np.array([self._title_ends[i] for i in order], np.int32))
        pack.save_blobs("texts", [self._texts[i] for i in order])
        pack.save_blobs("cards", [self._cards[i] for i in order])
        pack.save_blobs("documents", [self._blobs[i] for i in order])
        pack.save_strings("ids", [self._documents[i][0] for i in order])
        titles = sorted(range(count), key=lambda row: (self._titles[order[row]], row))
        title_ranks = np.empty(count, np.int32)
        title_ranks[titles] = np.arange(count, dtype=np.int32)
        pack.save("title_ranks", title_ranks)
        pack.save("dates", np.array([self._dates[i] for i in order], np.int32))
        names = sorted((key, row) for row, i in enumerate(order) for key in self._names[i])
        pack.save_strings("names", [key for key, _ in names])
        pack.save("name_documents", np.array([row for _, row in names], np.int32))
        pack.save_strings(
            "compounds", sorted(f"{joined}\t{' '.join(parts)}" for joined, parts in self._compounds.items())
        )
        pack.close()
        save_loose(folder / LIVE, np.ones(count, np.bool_))

    def _sorted_vocabulary(self) -> tuple[list[str], Ints]:
        terms = sorted(term for term in self._vocabulary if term != BREAK)
        ranks = np.full(len(self._vocabulary), -1, np.int32)
        for rank, term in enumerate(terms):
            ranks[self._vocabulary[term]] = rank
        return terms, ranks

    def _write_facets(self, pack: PackWriter, order: list[int]) -> None:
        values: dict[str, list[str]] = {
            facet: sorted({value for i in order for value in self._values[i][place]})
            for place, facet in enumerate(FACETS)
        }
        codes: dict[tuple[str, str], int] = {}
        for facet in FACETS:
            for value in values[facet]:
                codes[facet, value] = len(codes)
        rows = [
            sorted(
                codes[facet, value]
                for place, facet in enumerate(FACETS)
                for value in dict.fromkeys(self._values[i][place])
            )
            for i in order
        ]
        pack.save("codes", np.array([code for row in rows for code in row], np.int16))
        pack.save("code_ends", _ends([len(row) for row in rows]).astype(np.int32))
        pack.save_blobs("values", [orjson.dumps(values)])


def _ends(sizes: list[int]) -> Ints:
    ends = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(np.array(sizes, np.int64), out=ends[1:])
    return ends


def _joined(parts: list[array[int]], order: list[int], dtype: type[np.generic]) -> Ints:
    joined: Ints = np.concatenate([np.frombuffer(parts[i], dtype) for i in order] or [np.zeros(0, dtype)])
    return joined


def _write_postings(folder: Path, pack: PackWriter, tokens: Ints, token_ends: Ints, terms: int) -> None:
    """Invert the token stream: per term its documents, per posting its positions in the document."""
    places = np.argsort(tokens, kind="stable").astype(np.int64)  # stable: by term, then document, then position
    places = places[int(np.searchsorted(tokens[places], 0)) :]  # the breaks (-1) come first
    term_of = tokens[places]
    document_of = (np.searchsorted(token_ends, places, side="right") - 1).astype(np.int32)
    pack.save("positions", (places - token_ends[document_of]).astype(np.int32))
    if len(places):
        fresh = np.empty(len(places), np.bool_)
        fresh[0] = True
        fresh[1:] = (term_of[1:] != term_of[:-1]) | (document_of[1:] != document_of[:-1])
        first = np.flatnonzero(fresh)
    else:
        first = np.zeros(0, np.int64)
    pack.save("posting_documents", document_of[first])
    pack.save("position_ends", np.append(first, len(places)).astype(np.int64))
    posting_ends = np.searchsorted(term_of[first], np.arange(terms + 1)).astype(np.int64)
    pack.save("posting_ends", posting_ends)
    save_loose(folder / FREQUENCIES, np.diff(posting_ends).astype(np.int32))


def _write_stems(pack: PackWriter, terms: list[str]) -> None:
    groups: dict[str, list[int]] = {}
    for number, term in enumerate(terms):
        groups.setdefault(stem(term), []).append(number)
    stems = sorted(groups)
    pack.save_strings("stems", stems)
    pack.save("stem_ends", _ends([len(groups[each]) for each in stems]).astype(np.int32))
    pack.save("stem_terms", np.array([number for each in stems for number in groups[each]], np.int32))


def field_scale(lengths: Ints, pivots: tuple[float, ...], ranking: Ranking) -> Floats:
    """Weight of one occurrence in each document (rows) and field (columns): w / (1 - b + b·length/average)."""
    b = np.array(ranking.field_b, np.float64)
    pivot = np.maximum(np.array(pivots, np.float64), 1e-9)
    norm = (1 - b) + b * lengths / pivot
    scaled: Floats = (np.array(ranking.field_weights, np.float64) / np.maximum(norm, 1e-9)).astype(np.float32)
    return scaled


def write_impacts(folder: Path, pivots: tuple[float, ...], ranking: Ranking) -> None:
    """Write what each posting weighs, once the average field lengths of the whole index are known."""
    core = Pack(folder / CORE)
    scale = field_scale(core.load("lengths"), pivots, ranking)
    token_ends = core.load("token_ends")
    fields = core.load("token_fields")
    documents = core.load("posting_documents")
    ends = core.load("position_ends")
    positions = core.load("positions")
    impacts = np.zeros(len(documents), np.float32)
    step = 1 << 20  # postings at a time, so that a large segment needs no second copy of its positions
    for start in range(0, len(documents), step):
        stop = min(start + step, len(documents))
        first, last = int(ends[start]), int(ends[stop])
        owner = np.repeat(documents[start:stop], np.diff(ends[start : stop + 1]))
        weight = scale[owner, fields[token_ends[owner] + positions[first:last]]]
        impacts[start:stop] = np.add.reduceat(weight.astype(np.float64), ends[start:stop] - first)
    pack = PackWriter(folder / WEIGHTS)
    pack.save("scale", scale)
    pack.save("impacts", impacts)
    pack.close()
