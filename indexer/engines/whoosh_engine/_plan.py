"""From a query tree to the numbers that the compiled loops need, per segment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from indexer.engines.tree import FlatTree, members
from indexer.engines.whoosh_engine import _positions as loops
from indexer.engines.whoosh_engine._answer import LIST_ROW, PHRASE_ROW, WORD_ROW
from indexer.engines.whoosh_engine._forms import WIDTH, Forms
from indexer.engines.whoosh_engine._kernels import BM25, CONSTANT
from indexer.engines.whoosh_engine._scratch import Working
from indexer.engines.whoosh_engine._segment import NO_TERM, Segment, field_mask
from indexer.errors import UnknownFacet
from indexer.model import FACETS, DocumentIs, FacetIs, Leaf, Phrase, Prefix, Query, Term
from indexer.ranking import Ranking

Array = npt.NDArray[Any]
UNTRACED = -1  # a word below a NOT: it decides what matches, but is never shown as a reason
MAX_PHRASE = 63  # terms; of a longer phrase the beginning is looked for, since a slot is a bit of one number
MAX_TRACED = 63  # members whose matches are told apart in an explanation; further ones share the last bit
BY_RANK = {"relevance": 0, "title": -1, "date": 1}  # what a title's or a date's rank counts: the lowest title first


class SegmentPlan:
    """What one segment contributes to a query, as rows of numbers end to end.

    Attributes:
        words: Of each word of the query, and of each leaf that is not about words: where its lists end among all, how
            many of its own are the form that was typed (the first ones), its member or ``UNTRACED``, its leaf.
        lists: Of each list of postings: addresses of its documents and impacts, how many, and the number of its term
            or ``NO_TERM``. A list is a range of the segment's own postings, or was made in the room of the search.
        phrases: Of each phrase that is found: member, first and end row of its occurrences, its length.
    """

    __slots__ = ("_made", "lists", "made_count", "phrase_count", "phrases", "segment", "words", "working")

    def __init__(self, segment: Segment, working: Working) -> None:
        self.segment, self.working = segment, working
        self.words: list[int] = []
        self.lists: list[int] = []
        self.phrases: list[int] = []
        self.phrase_count = 0
        self._made: list[int] = []
        self.made_count = 0

    def room(self, size: int) -> tuple[Array, Array]:
        """Arrays in which documents and impacts of a list of at most that size may be written, after ``made_count``."""
        room = self.working.room
        return room("made_documents", self.made_count, size), room("made_impacts", self.made_count, size)

    def add_made(self, size: int, term: int = NO_TERM) -> None:
        """Add the list that was written to the room."""
        self._made.append(len(self.lists))
        at = WIDTH * self.made_count
        self.lists += (at, at, size, term)  # ``settle`` makes addresses of them: the room may yet move
        self.made_count += size

    def settle(self) -> None:
        """Give the lists that were made their addresses, once all are."""
        if self._made:
            documents, impacts = self.working.address("made_documents"), self.working.address("made_impacts")
            for place in self._made:
                self.lists[place] += documents
                self.lists[place + 1] += impacts

    def lists_of(self, leaf: int) -> Iterator[tuple[int, int, int, int, bool]]:
        """The lists of a leaf: addresses of documents and impacts, how many, which word, whether as it was typed."""
        return self._lists(3, leaf)

    def lists_of_member(self, member: int) -> Iterator[tuple[int, int, int, int, bool]]:
        """The same of a member."""
        return self._lists(2, min(member, MAX_TRACED))

    def _lists(self, column: int, wanted: int) -> Iterator[tuple[int, int, int, int, bool]]:
        first = 0
        for word in range(len(self.words) // WORD_ROW):
            row = self.words[WORD_ROW * word : WORD_ROW * (word + 1)]
            last, typed = row[:2]
            if row[column] == wanted:
                for place in range(first, last):
                    documents, impacts, size, _ = self.lists[LIST_ROW * place : LIST_ROW * (place + 1)]
                    yield documents, impacts, size, word, place < first + typed
            first = last


@dataclass(slots=True)
class Plan:
    """A query, flattened and resolved against every segment.

    Attributes:
        members: The words that score, in typed order.
        leaves: Of each leaf, end to end: how it scores (``BM25`` or ``CONSTANT``), its place in the typed order of
            scoring word leaves (-1 for others).
        idf: What each leaf weighs by its rarity; 0 for one that does not score by words.
        weights: What each word counts, in the order of ``SegmentPlan.words``.
        total_idf: Sum of the weights of all scoring word leaves.
    """

    tree: FlatTree
    parts: list[SegmentPlan]
    members: list[Term | Phrase | Prefix]
    leaves: list[int]
    idf: list[float]
    weights: list[float]
    total_idf: float


def make_plan(tree: FlatTree, parts: list[SegmentPlan], documents: int, ranking: Ranking) -> Plan:
    """Resolve a flattened tree: terms to their forms, phrases to occurrences, names and values to documents.

    The weight of a leaf by rarity comes from its most frequent form, over all segments.
    """
    flat: list[Term | Phrase | Prefix] = []
    leaves: list[int] = []
    idf: list[float] = []
    weights: list[float] = []
    place = 0
    only = parts[0] if len(parts) == 1 and not parts[0].segment.sparing else None
    for number, (leaf, scores) in enumerate(zip(tree.leaves, tree.scoring, strict=True)):
        words = (leaf,) if type(leaf) is Term else members(leaf)
        if not words:
            idf.append(0.0)
            leaves += (CONSTANT, -1)
            weights.append(1.0)
            for part in parts:
                _constant(part, leaf, scores)
                part.words += (len(part.lists) // LIST_ROW, 1, UNTRACED, number)
            continue
        frequency = 0
        for word in words:
            member = UNTRACED
            if scores:
                member = min(len(flat), MAX_TRACED)
                flat.append(word)
            if only and type(word) is Term and not word.fields:  # most words
                found = _anywhere(only, word, member, number)
            else:
                found = _resolve(parts, word, member, number)
            if found > frequency:
                frequency = found
            weights.append(word.weight)
        idf.append(ranking.idf(documents, frequency) if scores else 0.0)
        leaves += (BM25, place if scores else -1)
        place += scores
    for part in parts:
        part.settle()
    return Plan(tree, parts, flat, leaves, idf, weights, sum(idf))


def _constant(part: SegmentPlan, leaf: Leaf, scores: bool) -> None:
    """Add the documents of a leaf that is not about words."""
    segment = part.segment
    if isinstance(leaf, FacetIs):
        if leaf.facet not in FACETS:
            raise UnknownFacet(leaf.facet, FACETS)
        code = segment.code_of.get((leaf.facet, leaf.value))
        part.lists += (*((0, 0, 0) if code is None else segment.with_code(code)), NO_TERM)
    elif isinstance(leaf, DocumentIs):
        numbers = sorted({number for doc_id in leaf.doc_ids if (number := segment.find(doc_id)) >= 0})
        documents, impacts = part.room(len(numbers))
        here = slice(part.made_count, part.made_count + len(numbers))
        documents[here], impacts[here] = numbers, leaf.weight if scores else 0.0
        part.add_made(len(numbers))
    else:
        part.lists += (*segment.everything(), NO_TERM)


def _resolve(parts: list[SegmentPlan], word: Term | Phrase | Prefix, member: int, leaf: int) -> int:
    """Add the postings of a word in every segment; returns how many documents its most frequent form has."""
    if isinstance(word, Phrase):
        return sum([_phrase(part, word, member, leaf) for part in parts])
    if len(parts) == 1:
        return max(_resolved(parts[0], word, member, leaf)[1], default=0)
    frequencies: dict[str, int] = {}
    for part in parts:
        for form, frequency in zip(*_resolved(part, word, member, leaf), strict=True):
            frequencies[form] = frequencies.get(form, 0) + frequency
    return max(frequencies.values(), default=0)


def _anywhere(part: SegmentPlan, word: Term, member: int, leaf: int) -> int:
    """Add the postings of a term of any field in the only segment, as ``_resolve`` does."""
    forms = part.segment.dictionary.forms(word.text, word.exact)
    part.lists += forms.lists
    part.words += (len(part.lists) // LIST_ROW, forms.typed, member, leaf)
    return forms.most


def _resolved(part: SegmentPlan, word: Term | Prefix, member: int, leaf: int) -> tuple[Sequence[str], Sequence[int]]:
    """Add the postings of a word in one segment; returns its forms and how many live documents have each."""
    segment = part.segment
    words = segment.dictionary
    forms = words.forms(word.text, word.exact) if isinstance(word, Term) else words.starting(word.text)
    if segment.sparing:
        segment.fetch(forms, places=bool(word.fields))
    frequencies: Sequence[int] = forms.frequencies
    if word.fields:
        frequencies = _in_fields(part, forms, field_mask(word.fields))
    else:
        part.lists += forms.lists
    part.words += (len(part.lists) // LIST_ROW, forms.typed, member, leaf)
    return forms.texts, frequencies


def _in_fields(part: SegmentPlan, forms: Forms, fields: int) -> list[int]:
    """Add the postings of each form within some fields; returns how many live documents these are."""
    frequencies = []
    for start, end, number in zip(forms.starts, forms.ends, forms.numbers, strict=True):
        documents, _ = part.room(end - start)
        size = loops.term_in_fields(part.working.table, start, end, fields, part.made_count)
        frequencies.append(_live(part, documents, size))
        part.add_made(size, number)
    return frequencies


def _live(part: SegmentPlan, documents: Array, size: int) -> int:
    """How many documents of the list in the room are live."""
    if part.segment.all_live:
        return size
    return int(part.segment.live[documents[part.made_count : part.made_count + size]].sum())


def _phrase(part: SegmentPlan, word: Phrase, member: int, leaf: int) -> int:
    """Add the documents of one segment that have a phrase; returns how many of them are live."""
    frequency = _occurrences(part, word, member)
    part.words += (len(part.lists) // LIST_ROW, 1, member, leaf)
    return frequency


def _occurrences(part: SegmentPlan, word: Phrase, member: int) -> int:
    """Find a phrase in one segment and add its documents, if it has any; returns how many of them are live."""
    asked = part.segment.dictionary.phrase(word.terms[:MAX_PHRASE], word.exact, part.segment.sparing)
    if asked is None:
        return 0
    working = part.working
    if part.segment.sparing:
        for forms in asked.read:
            part.segment.fetch(forms, places=True)
    for name in ("phrase_documents", "phrase_positions"):
        working.room(name, part.phrase_count, asked.read[0].positions)
    documents, _ = part.room(asked.read[0].postings)
    working.ask([part.made_count, part.phrase_count, *asked.slots, field_mask(word.fields), *asked.rest])
    found, size = loops.find_phrase(working.table)
    if not size:
        return 0
    frequency = _live(part, documents, size)
    part.add_made(size)
    if member >= 0:
        part.phrases += (member, part.phrase_count, part.phrase_count + found, asked.slots[0])
        part.phrase_count += found
    return frequency


def numbers_of(query: Query, plan: Plan, part: SegmentPlan, head: list[int]) -> list[int]:
    """A plan for one segment as ``_answer`` reads it, after the numbers of ``head``, which say what to do."""
    # What matches: bits, or a program where they cannot say it.
    required, forbidden, optional, minimum = plan.tree.masks or (0, 0, 0, 0)
    steps = () if plan.tree.masks else plan.tree.program
    filtered, chosen, boosts = _codes(query, part.segment) if query.filters or query.boosts else (0, (), ())
    numbers = [
        *head,
        len(plan.idf), len(plan.weights), len(part.lists) // LIST_ROW, len(part.phrases) // PHRASE_ROW, len(steps),
        1 if required else 0, minimum, required, forbidden, optional,
        filtered, len(chosen), len(boosts), BY_RANK[query.sort], part.segment.all_live,
        *plan.leaves, *part.words, *part.lists, *part.phrases, *chosen, *boosts,
    ]  # fmt: skip
    for step in steps:
        numbers += step
    return numbers


def weights_of(query: Query, plan: Plan, part: SegmentPlan, ranking: Ranking) -> list[float]:
    """The weights that belong to ``numbers_of``."""
    weights = [
        ranking.k1, plan.total_idf, ranking.title_coverage, ranking.title_fill, ranking.adjacency, ranking.inflection,
        *plan.idf, *plan.weights,
    ]  # fmt: skip
    if query.boosts:
        code_of = part.segment.code_of
        weights += [boost.weight for boost in query.boosts if (boost.facet, boost.value) in code_of]
    return weights


def _codes(query: Query, segment: Segment) -> tuple[int, Sequence[int], Sequence[int]]:
    """The facets that filter, as bits; the codes they let through; the codes that add to a score."""
    filtered = 0
    chosen = []
    for each in query.filters:
        if each.values:
            filtered |= 1 << FACETS.index(each.facet)
            chosen += [segment.code_of.get((each.facet, value), -1) for value in each.values]
    boosts = [segment.code_of.get((boost.facet, boost.value), -1) for boost in query.boosts]
    return filtered, [code for code in chosen if code >= 0], [code for code in boosts if code >= 0]
