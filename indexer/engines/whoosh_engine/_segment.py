"""Read one segment: its columns as mapped arrays, its words, and what a term or phrase expands to."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from indexer.analysis import FIELDS, stem
from indexer.engines.cards import read_card, read_document
from indexer.engines.likeness import Compared, spans_of
from indexer.engines.whoosh_engine._collecting import pack_codes
from indexer.engines.whoosh_engine._columns import CORE, FREQUENCIES, LIVE, WEIGHTS, read_values
from indexer.engines.whoosh_engine._pack import Pack, load_loose
from indexer.engines.whoosh_engine._table import KINDS
from indexer.meanings import UNKNOWN, Meanings
from indexer.model import FACETS, Card, Document, SectionRef

Array = npt.NDArray[Any]
ARRAYS = (
    "tokens", "token_fields", "token_ends", "token_starts", "token_lengths", "posting_documents", "posting_ends",
    "position_ends", "positions", "stem_ends", "stem_terms", "codes", "code_ends",
    "sections", "section_ends", "title_ends", "title_ranks", "dates", "name_documents",
)  # fmt: skip
ALL = -1  # no code: every document
NO_TERM = -1  # of a list of postings that stands for something else
WORTH_FETCHING = 2048  # postings: two pages of documents; fewer are read when they are touched
WORTH_READING = 8  # postings in order, for one document that need not be looked at
MAX_EXPANSION = 48  # words a prefix or a stem may stand for: the most frequent ones


class Forms(NamedTuple):
    """The terms within a segment that a word stands for, with all that matching needs, column by column.

    Attributes:
        numbers: Their numbers.
        texts: What they are.
        starts: Where their postings start.
        ends: Where they end.
        frequencies: How many live documents have each.
        lists: Of each, end to end: addresses of the documents and impacts of its postings, how many, its number.
        typed: How many of the first ones are the form that was typed: 0 or 1, or all.
        most: How many live documents the most frequent one has.
        postings: How many postings they have together.
        positions: How many places they stand at together.
    """

    numbers: tuple[int, ...]
    texts: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    frequencies: tuple[int, ...]
    lists: tuple[int, ...]
    typed: int
    most: int
    postings: int
    positions: int


NO_FORMS = Forms((), (), (), (), (), (), 0, 0, 0, 0)


class AskedPhrase(NamedTuple):
    """What a phrase asks of a segment, apart from where its occurrences are written (``_positions.find_phrase``).

    Attributes:
        read: The forms of its rarest word, and of the word whose places are read beside those, if there is one.
        slots: How many words it has, which of them is the rarest, which the other one.
        rest: The numbers that follow its fields.
    """

    read: tuple[Forms, Forms]
    slots: tuple[int, int, int]
    rest: tuple[int, ...]

    @classmethod
    def of(cls, slots: Sequence[Forms], sparing: bool) -> AskedPhrase | None:
        """What a phrase of words with these forms asks; None where one of them stands nowhere."""
        costs = [forms.postings for forms in slots]
        least = min(costs, default=0)
        if not least:
            return None
        masks: dict[int, int] = {}
        bit = 1
        for forms in slots:
            for number in forms.numbers:
                masks[number] = masks.get(number, 0) | bit
            bit <<= 1
        lead = costs.index(least)
        rarest = slots[lead]
        second, other, choosy = _second(slots, lead, sparing)
        rest = (
            len(masks), len(rarest.starts), len(other.starts), choosy, sparing,
            *masks, *masks.values(), *rarest.starts, *rarest.ends, *other.starts, *other.ends,
        )  # fmt: skip
        return cls((rarest, other), (len(slots), lead, second), rest)


def _second(slots: Sequence[Forms], lead: int, sparing: bool) -> tuple[int, Forms, bool]:
    """The slot whose places are read beside those of the rarest, its forms, and whether to mark its documents first.

    It is the rarest of the others. Where it is frequent, looking up each place of the rarest slot in the token stream
    is a little quicker, and there is none; but that needs nearly all pages of the largest column.
    """
    rest = [(forms.postings, place) for place, forms in enumerate(slots) if place != lead]
    postings, place = min(rest, default=(0, lead))
    few = postings <= WORTH_READING * slots[lead].postings
    if not rest or not (few or sparing):
        return lead, NO_FORMS, False
    return place, slots[place], few


class Segment:
    """Columns of one segment, read-only; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packs = core, weights = Pack(folder / CORE), Pack(folder / WEIGHTS)
        self.sparing = False
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
        self.forms = lru_cache(maxsize=4096)(self._forms)
        self.ranges = lru_cache(maxsize=4096)(self._ranges)
        self.phrase = lru_cache(maxsize=4096)(self._phrase)
        self.find = lru_cache(maxsize=4096)(self._find)
        self._code_postings: dict[int, tuple[tuple[int, int, int], Array, Array]] = {}
        self._documents_at, self._impacts_at = self.posting_documents.ctypes.data, self.impacts.ctypes.data
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

    def _ranges(self, term: str, exact: bool) -> Forms:
        """The forms of a term with all that matching needs."""
        forms = self.forms(term, exact)
        return self.columns_of([number for number, _ in forms], sum(typed for _, typed in forms))

    def _phrase(self, terms: tuple[str, ...], exact: bool) -> AskedPhrase | None:
        """What a phrase of these terms asks; the other names of words are mostly phrases, and words recur."""
        return AskedPhrase.of([self.ranges(term, exact) for term in terms], self.sparing)

    def columns_of(self, numbers: Sequence[int], typed: int) -> Forms:
        """Some terms with all that matching needs; the first ``typed`` of them are the form that was typed."""
        starts = [int(self.posting_ends[number]) for number in numbers]
        ends = [int(self.posting_ends[number + 1]) for number in numbers]
        at = self.position_ends
        frequencies = tuple([int(self.frequencies[number]) for number in numbers])
        lists: list[int] = []
        for number, start, end in zip(numbers, starts, ends, strict=True):
            lists += (self._documents_at + 4 * start, self._impacts_at + 4 * start, end - start, number)
        return Forms(
            tuple(numbers),
            tuple([self.terms[number] for number in numbers]),
            tuple(starts),
            tuple(ends),
            frequencies,
            tuple(lists),
            typed,
            max(frequencies, default=0),
            sum(ends) - sum(starts),
            sum([int(at[end]) - int(at[start]) for start, end in zip(starts, ends, strict=True)]),
        )

    def spare(self) -> None:
        """From now on have no more of the columns read, and kept in memory, than searches need (``_sparing``)."""
        self.sparing = True
        self.phrase.cache_clear()
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
                core.fetch("positions", int(self.position_ends[start]), int(self.position_ends[end]))
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
            spans = spans_of(int(self.title_ends[number]), sections, self.token_fields[base:end], tokens < 0)
            rows = row_of[tokens]
            yield self.ids[number], spans.words(lambda start, stop, rows=rows: rows[start:stop])  # type: ignore[misc]

    # -- documents -----------------------------------------------------------------------------------------------------

    def _card(self, number: int) -> tuple[Card, tuple[SectionRef, ...]]:
        return read_card(self._cards[number])

    def document(self, number: int) -> Document:
        """One whole document."""
        return read_document(zlib.decompress(self._documents[number]))

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
