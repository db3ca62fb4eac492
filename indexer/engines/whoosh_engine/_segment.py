"""Read one segment: its columns as mapped arrays, its words and names, its documents."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from indexer.analysis import FIELDS
from indexer.engines.cards import read_card, unpack_document
from indexer.engines.likeness import Compared, spans_of
from indexer.engines.whoosh_engine._collecting import pack_codes
from indexer.engines.whoosh_engine._columns import CORE, FREQUENCIES, LIVE, WEIGHTS, read_values
from indexer.engines.whoosh_engine._forms import Dictionary, Forms
from indexer.engines.whoosh_engine._pack import Pack, load_loose
from indexer.engines.whoosh_engine._places import Places
from indexer.engines.whoosh_engine._table import KINDS
from indexer.marks import fields_of
from indexer.meanings import UNKNOWN, Meanings
from indexer.model import FACETS, Card, Document, SectionRef

Array = npt.NDArray[Any]
ARRAYS = (
    "tokens", "token_ends", "marks", "outliers", "outlier_ends", "posting_documents", "posting_ends",
    "position_ends", "position_bases", "positions", "positions_high", "stem_ends", "stem_terms", "codes", "code_ends",
    "sections", "section_ends", "title_ends", "title_ranks", "dates", "name_documents",
)  # fmt: skip
ALL = -1  # no code: every document
NO_TERM = -1  # of a list of postings that stands for something else
WORTH_FETCHING = 2048  # postings: two pages of documents; fewer are read when they are touched


class Segment:
    """Columns of one segment, read-only; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packs = core, weights = Pack(folder / CORE), Pack(folder / WEIGHTS)
        self.sparing = False
        for name in ARRAYS:
            setattr(self, name, core.load(name))
        self.places = Places(core)
        self.impacts = weights.load("impacts")
        self.scale = weights.load("scale")
        self.priors = weights.load("priors")
        self.live = load_loose(folder / LIVE)
        self.frequencies = load_loose(folder / FREQUENCIES)
        self.terms = core.strings("terms")
        self.stems = core.strings("stems")
        self.names = core.strings("names")
        self.ids = core.strings("ids")
        self.compounds = core.strings("compounds")
        self.titles = core.blobs("titles")
        self.text_bytes, self.text_ends = core.load("texts.bytes"), core.load("texts.ends")
        self._cards = core.blobs("cards")
        self._documents = core.blobs("documents")
        self._texts = core.blobs("texts")
        self.values = read_values(core)
        keys = [orjson.dumps(value) + b":" for _, value in self.values]
        self.value_keys = np.frombuffer(b"".join(keys), np.uint8)  # each value as a key of JSON
        self.value_ends = np.cumsum([0, *map(len, keys)], dtype=np.int32)
        self.code_of = {pair: code for code, pair in enumerate(self.values)}
        self.facet_codes: dict[str, tuple[int, tuple[str, ...]]] = {}
        for facet in FACETS:
            first = next((code for code, pair in enumerate(self.values) if pair[0] == facet), 0)
            self.facet_codes[facet] = (first, tuple(value for name, value in self.values if name == facet))
        sizes = [len(values) for _, values in self.facet_codes.values()]
        self.facet_bounds = np.array([sum(sizes[:place]) for place in range(len(FACETS) + 1)], np.int64)
        self.code_facet = np.array([FACETS.index(facet) for facet, _ in self.values], np.int64)
        self.size = len(self.live)
        self.code_words = _packed(self.codes, self.code_ends, len(self.values))
        self.all_live = bool(self.live.all())
        self.live_count = int(self.live.sum())
        self.card = lru_cache(maxsize=4096)(self._card)
        self.find = lru_cache(maxsize=4096)(self._find)
        self._code_postings: dict[int, tuple[tuple[int, int, int], Array, Array]] = {}
        self.dictionary = Dictionary(
            self.terms, self.stems, self.stem_ends, self.stem_terms, self.frequencies,
            (self.posting_ends, self.posting_documents, self.impacts), self.places,
        )  # fmt: skip
        self.longest = int(np.diff(self.token_ends).max()) if self.size else 0

    tokens: Array
    token_ends: Array
    marks: Array
    outliers: Array
    outlier_ends: Array
    posting_documents: Array
    posting_ends: Array
    position_ends: Array
    position_bases: Array
    positions: Array
    positions_high: Array
    stem_ends: Array
    stem_terms: Array
    codes: Array
    code_ends: Array
    sections: Array
    section_ends: Array
    title_ends: Array
    title_ranks: Array
    dates: Array
    name_documents: Array

    # -- words ---------------------------------------------------------------------------------------------------------

    def spare(self) -> None:
        """From now on have no more of the columns read, and kept in memory, than searches need (``_sparing``)."""
        self.sparing = True
        for pack in self.packs:
            pack.read_singly()

    def fetch(self, forms: Forms, places: bool = False) -> None:
        """Have the postings of some terms read from the disk at once, with where the terms stand or what they weigh."""
        core, weights = self.packs
        for start, end in zip(forms.starts, forms.ends, strict=True):
            if end - start < WORTH_FETCHING:
                continue
            core.fetch("posting_documents", start, end)
            if places:
                core.fetch("position_ends", start, end + 1)
                core.fetch("positions", self.places.end(start), self.places.end(end))
            else:
                weights.fetch("impacts", start, end)

    def arrays(self) -> dict[str, Array]:
        """All arrays that the loops of a search read, by name."""
        return {name: getattr(self, name) for name in KINDS if hasattr(self, name)}

    def frequency(self, number: int) -> int:
        """Live documents with one term."""
        return int(self.frequencies[number])

    def joined(self, word: str) -> Iterator[tuple[str, ...]]:
        """The token sequences that the corpus also writes as one word ("cart": car t)."""
        for number in self.compounds.starting(word + "\t"):
            yield tuple(self.compounds[number].split("\t")[1].split(" "))

    def named(self, key: str) -> Iterator[int]:
        """Documents that have a name with this key (``analysis.name_key``)."""
        number = self.names.find(key)
        while 0 <= number < len(self.names) and self.names[number] == key:
            if self.live[self.name_documents[number]]:
                yield int(self.name_documents[number])
            number += 1

    # -- postings of what is not a word --------------------------------------------------------------------------------

    def with_code(self, code: int) -> tuple[int, int, int]:
        """Postings of a facet value, in order and without any weight: addresses of documents and impacts, how many."""
        found = self._code_postings.get(code)
        if found is None:
            at = np.flatnonzero(self.codes == code)
            documents = (np.searchsorted(self.code_ends, at, side="right") - 1).astype(np.int32)
            found = self._keep(code, documents)
        return found[0]

    def everything(self) -> tuple[int, int, int]:
        """Postings of all documents, as ``with_code`` gives those of some."""
        found = self._code_postings.get(ALL) or self._keep(ALL, np.arange(self.size, dtype=np.int32))
        return found[0]

    def _keep(self, code: int, documents: Array) -> tuple[tuple[int, int, int], Array, Array]:
        # The arrays of the thread that was first are kept: others have their addresses.
        impacts = np.zeros(len(documents), np.float32)
        made = (documents.ctypes.data, impacts.ctypes.data, len(documents)), documents, impacts
        return self._code_postings.setdefault(code, made)

    def in_rows(self, value: tuple[str, str], meanings: Meanings) -> Iterator[tuple[str, Compared]]:
        """Live documents with a facet value: the id, and the words of each part as rows of ``meanings``."""
        places = np.flatnonzero(self.codes == self.code_of.get(value, ALL))
        documents = np.searchsorted(self.code_ends, places, side="right") - 1
        documents = documents[self.live[documents]]
        if not len(documents):
            return
        row_of = np.full(len(self.terms) + 1, UNKNOWN, np.int32)  # the last is for breaks, whose number is -1
        for group, row in enumerate(meanings.of_stems(self.stems).tolist()):
            row_of[self.stem_terms[self.stem_ends[group] : self.stem_ends[group + 1]]] = row
        for number in documents.tolist():
            base = int(self.token_ends[number])
            end = int(self.token_ends[number + 1])
            sections = self.sections[self.section_ends[number] : self.section_ends[number + 1]]
            tokens = self.tokens[base:end]
            spans = spans_of(int(self.title_ends[number]), sections, fields_of(self.marks[base:end]), tokens < 0)
            rows = row_of[tokens]
            yield self.ids[number], spans.words(lambda start, stop, rows=rows: rows[start:stop])  # type: ignore[misc]

    # -- documents -----------------------------------------------------------------------------------------------------

    def _card(self, number: int) -> tuple[Card, tuple[SectionRef, ...]]:
        return read_card(self._cards[number])

    def document(self, number: int) -> Document:
        """One whole document."""
        return unpack_document(self._documents[number], self._texts[number])

    def _find(self, doc_id: str) -> int:
        """Number of a live document by id, or -1."""
        number = self.ids.find(doc_id)
        return number if number >= 0 and self.live[number] else -1


def _packed(codes: Array, ends: Array, none: int) -> Array:
    """The codes of each document in one number, as ``pack_codes`` says."""
    packed: Array = np.empty(len(ends) - 1, np.uint64)
    pack_codes(codes.ctypes.data, ends.ctypes.data, len(packed), none, packed.ctypes.data)
    return packed


def field_mask(fields: tuple[str, ...]) -> int:
    """Fields as bits; no fields means all but pinyin-only ones count as anywhere."""
    return sum(1 << FIELDS.index(name) for name in fields) if fields else (1 << len(FIELDS)) - 1
