"""What a word or a phrase asks of the dictionary of a segment: the terms it stands for, and their postings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from indexer.analysis import stem
from indexer.engines.whoosh_engine._pack import StringTable
from indexer.engines.whoosh_engine._places import Places

Array = npt.NDArray[Any]
KEPT = 4096  # of each kind, of those asked for last
WIDTH = 4  # bytes of a document and of an impact in a list of postings
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


class Dictionary:
    """The terms of a segment by their forms. What words and phrases ask is kept for those asked for last."""

    def __init__(
        self, terms: StringTable, stems: StringTable, stem_ends: Array, stem_terms: Array, frequencies: Array,
        postings: tuple[Array, Array, Array], places: Places,
    ) -> None:  # fmt: skip
        """``postings`` are where those of each term end, their documents and their impacts."""
        self.terms, self.frequencies = terms, frequencies
        self._stems, self._stem_ends, self._stem_terms = stems, stem_ends, stem_terms
        self._posting_ends, documents, impacts = postings
        self._documents_at, self._impacts_at = documents.ctypes.data, impacts.ctypes.data
        self._position_end = places.end
        self.numbers = lru_cache(maxsize=KEPT)(self._numbers)
        self.forms = lru_cache(maxsize=KEPT)(self._forms)
        self.phrase = lru_cache(maxsize=KEPT)(self._phrase)

    def _numbers(self, term: str, exact: bool) -> tuple[int, ...]:
        """Numbers of the terms that a query term stands for, that of the form typed first if there is one."""
        number = self.terms.find(term)
        found = [number] if number >= 0 else []
        if not exact:
            group = self._stems.find(stem(term))
            if group >= 0:
                first, last = self._stem_ends[group], self._stem_ends[group + 1]
                others = [int(t) for t in self._stem_terms[first:last] if t != number]
                if len(others) > MAX_EXPANSION:
                    others = sorted(sorted(others, key=lambda t: (-self.frequencies[t], t))[:MAX_EXPANSION])
                found += others
        return tuple(found)

    def _forms(self, term: str, exact: bool) -> Forms:
        """The forms of a term with all that matching needs."""
        numbers = self.numbers(term, exact)
        return self._columns(numbers, 1 if self.terms.find(term) in numbers[:1] else 0)

    def _phrase(self, terms: tuple[str, ...], exact: bool, sparing: bool) -> AskedPhrase | None:
        """What a phrase of these terms asks; the other names of words are mostly phrases, and words recur."""
        return AskedPhrase.of([self.forms(term, exact) for term in terms], sparing)

    def starting(self, prefix: str) -> Forms:
        """The most frequent terms that start with a prefix, all as they were typed."""
        numbers = self.terms.starting(prefix)
        chosen = list(numbers)
        if len(chosen) > MAX_EXPANSION:
            frequencies = self.frequencies[numbers.start : numbers.stop]
            best = np.argsort(-frequencies, kind="stable")[:MAX_EXPANSION]
            chosen = sorted(int(numbers.start + each) for each in best)
        return self._columns(chosen, len(chosen))

    def _columns(self, numbers: Sequence[int], typed: int) -> Forms:
        """Some terms with all that matching needs; the first ``typed`` of them are the form that was typed."""
        starts = [int(self._posting_ends[number]) for number in numbers]
        ends = [int(self._posting_ends[number + 1]) for number in numbers]
        at = self._position_end
        frequencies = tuple([int(self.frequencies[number]) for number in numbers])
        lists: list[int] = []
        for number, start, end in zip(numbers, starts, ends, strict=True):
            lists += (self._documents_at + WIDTH * start, self._impacts_at + WIDTH * start, end - start, number)
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
            sum([at(end) - at(start) for start, end in zip(starts, ends, strict=True)]),
        )
