"""Read one segment: its columns as mapped arrays, its words, and what a term or phrase expands to."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.analysis import FIELDS, stem
from indexer.engines.cards import read_card, read_document
from indexer.engines.whoosh_engine import _positions as loops
from indexer.engines.whoosh_engine._columns import CORE, FREQUENCIES, LIVE, WEIGHTS, read_values
from indexer.engines.whoosh_engine._pack import Pack, load_loose
from indexer.model import FACETS, Card, Document, SectionRef

Array = npt.NDArray[Any]
ARRAYS = (
    "tokens", "token_fields", "token_ends", "token_starts", "token_lengths", "posting_documents", "posting_ends",
    "position_ends", "positions", "stem_ends", "stem_terms", "codes", "code_ends",
    "sections", "section_ends", "title_ends", "title_ranks", "dates", "name_documents",
)  # fmt: skip
_NO_INTS, _NO_FLOATS = np.zeros(0, np.int32), np.zeros(0, np.float32)
MAX_EXPANSION = 48  # words a prefix or a stem may stand for: the most frequent ones


class Segment:
    """Columns of one segment, read-only; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        core, weights = Pack(folder / CORE), Pack(folder / WEIGHTS)
        for name in ARRAYS:
            setattr(self, name, core.load(name))
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
        self.values = read_values(core)
        self.code_values = [value for _, value in self.values]
        self.code_of = {pair: code for code, pair in enumerate(self.values)}
        self.facet_codes: dict[str, tuple[int, tuple[str, ...]]] = {}
        for facet in FACETS:
            first = next((code for code, pair in enumerate(self.values) if pair[0] == facet), 0)
            self.facet_codes[facet] = (first, tuple(value for name, value in self.values if name == facet))
        sizes = [len(values) for _, values in self.facet_codes.values()]
        self.facet_firsts = [sum(sizes[:place]) for place in range(len(FACETS) + 1)]
        self.facet_bounds = np.array(self.facet_firsts, np.int64)
        self.code_facet = np.array([FACETS.index(facet) for facet, _ in self.values], np.int64)
        self.no_codes_chosen = np.zeros(len(self.values), np.bool_)
        self.no_boosts = np.zeros(len(self.values), np.float64)
        self.size = len(self.live)
        self.all_live = bool(self.live.all())
        self.live_count = int(self.live.sum())
        self.card = lru_cache(maxsize=4096)(self._card)
        self.forms = lru_cache(maxsize=4096)(self._forms)
        self.ranges = lru_cache(maxsize=4096)(self._ranges)
        self._code_postings: dict[int, tuple[Array, Array]] = {}
        self.longest = int(np.diff(self.token_ends).max()) if self.size else 0

    tokens: Array
    token_fields: Array
    token_ends: Array
    token_starts: Array
    token_lengths: Array
    posting_documents: Array
    posting_ends: Array
    position_ends: Array
    positions: Array
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

    def _forms(self, term: str, exact: bool) -> tuple[tuple[int, bool], ...]:
        """Numbers of the terms that a query term stands for, each with whether it is the form typed."""
        number = self.terms.find(term)
        found = [(number, True)] if number >= 0 else []
        if not exact:
            group = self.stems.find(stem(term))
            if group >= 0:
                others = [
                    int(t) for t in self.stem_terms[self.stem_ends[group] : self.stem_ends[group + 1]] if t != number
                ]
                if len(others) > MAX_EXPANSION:
                    others = sorted(sorted(others, key=lambda t: (-self.frequencies[t], t))[:MAX_EXPANSION])
                found += [(other, False) for other in others]
        return tuple(found)

    def _ranges(self, term: str, exact: bool) -> tuple[tuple[int, bool, str, int, int, int], ...]:
        """The forms of a term with all that matching needs: number, typed, text, first and last posting, documents."""
        ends, counts = self.posting_ends, self.frequencies
        return tuple(
            (number, typed, self.terms[number], int(ends[number]), int(ends[number + 1]), int(counts[number]))
            for number, typed in self.forms(term, exact)
        )

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

    # -- postings made for one query -----------------------------------------------------------------------------------

    def in_fields(self, number: int, field_mask: int) -> tuple[Array, Array]:
        """Documents and weights of one term within some fields."""
        start, end = int(self.posting_ends[number]), int(self.posting_ends[number + 1])
        documents = np.empty(end - start, np.int32)
        impacts = np.empty(end - start, np.float32)
        found = loops.term_in_fields(
            self.posting_documents, self.position_ends, self.positions, self.token_fields, self.token_ends, self.scale,
            start, end, field_mask, documents, impacts,
        )  # fmt: skip
        return documents[:found], impacts[:found]

    def phrase(
        self, terms: tuple[str, ...], exact: bool, field_mask: int, scratch: Array
    ) -> tuple[Array, Array, Array, Array]:
        """Occurrences (documents, positions, in order) and postings (documents, weights) of a phrase.

        ``scratch`` is int16 over the vocabulary, all zero before and after.
        """
        slots = [self.ranges(term, exact) for term in terms]
        if not all(slots):
            return _NO_INTS, _NO_INTS, _NO_INTS, _NO_FLOATS
        masks: dict[int, int] = {}
        for slot, forms in enumerate(slots):
            for form in forms:
                masks[form[0]] = masks.get(form[0], 0) | 1 << slot
        costs = [sum([end - start for _, _, _, start, end, _ in forms]) for forms in slots]
        lead = costs.index(min(costs))
        starts = [start for _, _, _, start, _, _ in slots[lead]]
        ends = [end for _, _, _, _, end, _ in slots[lead]]
        ends_of = self.position_ends
        room = sum([int(ends_of[end]) - int(ends_of[start]) for start, end in zip(starts, ends, strict=True)])
        documents, positions = np.empty(room, np.int32), np.empty(room, np.int32)
        owners, impacts = np.empty(costs[lead], np.int32), np.empty(costs[lead], np.float32)
        found, kept = loops.find_phrase(
            self.posting_documents, ends_of, self.positions, self.tokens, self.token_fields, self.token_ends,
            self.scale,
            np.array(list(masks), np.int64), np.array(list(masks.values()), np.uint64),
            np.array(starts, np.int64), np.array(ends, np.int64), len(slots), lead, field_mask, scratch,
            documents, positions, owners, impacts,
        )  # fmt: skip
        return documents[:found], positions[:found], owners[:kept], impacts[:kept]

    def with_code(self, code: int) -> tuple[Array, Array]:
        """Postings (documents, weights) of a facet value: in order, and without any weight."""
        found = self._code_postings.get(code)
        if found is None:
            at = np.flatnonzero(self.codes == code)
            documents = (np.searchsorted(self.code_ends, at, side="right") - 1).astype(np.int32)
            found = documents, np.zeros(len(documents), np.float32)
            self._code_postings[code] = found
        return found

    # -- documents -----------------------------------------------------------------------------------------------------

    def _card(self, number: int) -> tuple[Card, tuple[SectionRef, ...]]:
        return read_card(self._cards[number])

    def document(self, number: int) -> Document:
        """One whole document."""
        return read_document(zlib.decompress(self._documents[number]))

    def find(self, doc_id: str) -> int:
        """Number of a live document by id, or -1."""
        number = self.ids.find(doc_id)
        return number if number >= 0 and self.live[number] else -1


def field_mask(fields: tuple[str, ...]) -> int:
    """Fields as bits; no fields means all but pinyin-only ones count as anywhere."""
    return sum(1 << FIELDS.index(name) for name in fields) if fields else (1 << len(FIELDS)) - 1
