"""From a query tree to the numbers that the compiled loops need, per segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.engines.tree import AND, LEAF, NOT, FlatTree, members
from indexer.engines.whoosh_engine import _positions as loops
from indexer.engines.whoosh_engine._kernels import BM25, CONSTANT
from indexer.engines.whoosh_engine._scratch import Working
from indexer.engines.whoosh_engine._segment import MAX_EXPANSION, Forms, Segment, field_mask
from indexer.errors import UnknownFacet
from indexer.model import FACETS, DocumentIs, FacetIs, Leaf, Phrase, Prefix, Query, Term
from indexer.ranking import Ranking

Array = npt.NDArray[Any]
UNTRACED = -1  # a word below a NOT: it decides what matches, but is never shown as a reason
MAX_PHRASE = 63  # terms; of a longer phrase the beginning is looked for, since a slot is a bit of one number
MAX_TRACED = 63  # members whose matches are told apart in an explanation; further ones share the last bit
WIDTH = 4  # bytes of a document and of an impact in a list of postings
BY_RANK = {"relevance": 0, "title": -1, "date": 1}  # what a title's or a date's rank counts: the lowest title first


class SegmentPlan:
    """What one segment contributes to each leaf: lists of postings, those of a leaf after those of the one before.

    A list is a range of the segment's own postings, or was made for this query in the room of the search.
    """

    __slots__ = (
        "_made", "documents", "first_list", "impacts", "made_count", "phrase_count", "phrases", "segment", "sizes",
        "terms", "weights", "working",
    )  # fmt: skip

    def __init__(self, segment: Segment, working: Working) -> None:
        self.segment, self.working = segment, working
        self.first_list = [0]
        self.documents: list[int] = []  # addresses
        self.impacts: list[int] = []
        self.sizes: list[int] = []
        self.weights: list[float] = []
        self.terms: dict[int, int] = {}  # term number -> member number, first come
        self.phrases: list[tuple[int, int, int, int]] = []  # member, first and end row of its occurrences, its length
        self.phrase_count = 0
        self._made: list[int] = []
        self.made_count = 0

    def add(self, documents: int, impacts: int, size: int, weight: float) -> None:
        """Add a list to the leaf by the addresses of its documents and impacts."""
        self.documents.append(documents)
        self.impacts.append(impacts)
        self.sizes.append(size)
        self.weights.append(weight)

    def room(self, size: int) -> tuple[Array, Array]:
        """Arrays in which documents and impacts of a list of at most that size may be written, after ``made_count``."""
        room = self.working.room
        return room("made_documents", self.made_count, size), room("made_impacts", self.made_count, size)

    def add_made(self, size: int, weight: float) -> None:
        """Add the list that was written to the room."""
        self._made.append(len(self.sizes))
        at = WIDTH * self.made_count
        self.add(at, at, size, weight)  # ``settle`` makes addresses of them: the room may yet move
        self.made_count += size

    def settle(self) -> None:
        """Give the lists that were made their addresses, once all are."""
        if self._made:
            documents, impacts = self.working.address("made_documents"), self.working.address("made_impacts")
            for place in self._made:
                self.documents[place] += documents
                self.impacts[place] += impacts


@dataclass(slots=True)
class Plan:
    """A query, flattened and resolved against every segment."""

    tree: FlatTree
    parts: list[SegmentPlan]
    member_leaf: list[int]
    members: list[Term | Phrase | Prefix]
    idf: list[float]
    kinds: list[int]  # how each leaf scores: ``BM25`` or ``CONSTANT``
    positions: list[int]  # place of each leaf in the typed order of scoring word leaves; -1 for others
    total_idf: float  # sum of the weights of all scoring word leaves


def make_plan(tree: FlatTree, parts: list[SegmentPlan], documents: int, ranking: Ranking) -> Plan:
    """Resolve a flattened tree: terms to their forms, phrases to occurrences, names and values to documents.

    The weight of a leaf by rarity comes from its most frequent form, over all segments.
    """
    member_leaf: list[int] = []
    flat: list[Term | Phrase | Prefix] = []
    idf: list[float] = []
    kinds: list[int] = []
    positions: list[int] = []
    place = 0
    for number, leaf in enumerate(tree.leaves):
        words = members(leaf)
        scores = tree.scoring[number]
        frequency = 0
        for word in words:
            member = min(len(flat), MAX_TRACED) if scores else UNTRACED
            frequency = max(frequency, _resolve(parts, word, member, ranking.inflection))
            if scores:
                flat.append(word)
                member_leaf.append(number)
        for part in parts:
            if not words:
                _constant(part, leaf, scores)
            part.first_list.append(len(part.sizes))
        if words and scores:
            idf.append(ranking.idf(documents, frequency))
            positions.append(place)
            place += 1
        else:
            idf.append(0.0)
            positions.append(-1)
        kinds.append(BM25 if words else CONSTANT)
    for part in parts:
        part.settle()
    return Plan(tree, parts, member_leaf, flat, idf, kinds, positions, sum(idf))


def _constant(part: SegmentPlan, leaf: Leaf, scores: bool) -> None:
    """Add the documents of a leaf that is not about words."""
    segment = part.segment
    if isinstance(leaf, FacetIs):
        if leaf.facet not in FACETS:
            raise UnknownFacet(leaf.facet, FACETS)
        code = segment.code_of.get((leaf.facet, leaf.value))
        part.add(*((0, 0, 0) if code is None else segment.with_code(code)), 1.0)
    elif isinstance(leaf, DocumentIs):
        numbers = sorted({number for doc_id in leaf.doc_ids if (number := segment.find(doc_id)) >= 0})
        documents, impacts = part.room(len(numbers))
        here = slice(part.made_count, part.made_count + len(numbers))
        documents[here], impacts[here] = numbers, leaf.weight if scores else 0.0
        part.add_made(len(numbers), 1.0)
    else:
        part.add(*segment.everything(), 1.0)


def _resolve(parts: list[SegmentPlan], word: Term | Phrase | Prefix, member: int, inflection: float) -> int:
    """Add the postings of a word in every segment; returns how many documents its most frequent form has."""
    if isinstance(word, Phrase):
        return sum([_phrase(part, word, member) for part in parts])
    if len(parts) == 1:
        return max(_resolved(parts[0], word, member, inflection)[1], default=0)
    frequencies: dict[str, int] = {}
    for part in parts:
        for form, frequency in zip(*_resolved(part, word, member, inflection), strict=True):
            frequencies[form] = frequencies.get(form, 0) + frequency
    return max(frequencies.values(), default=0)


def _resolved(
    part: SegmentPlan, word: Term | Prefix, member: int, inflection: float
) -> tuple[Sequence[str], Sequence[int]]:
    """Add the postings of a word in one segment; returns its forms and how many live documents have each."""
    segment = part.segment
    forms = segment.ranges(word.text, word.exact) if isinstance(word, Term) else _prefix_forms(segment, word.text)
    if member >= 0:
        for number in forms.numbers:
            part.terms.setdefault(number, member)
    weights = [word.weight] * forms.typed + [word.weight * inflection] * (len(forms.numbers) - forms.typed)
    if word.fields:
        return forms.texts, _in_fields(part, forms, field_mask(word.fields), weights)
    part.documents += forms.documents
    part.impacts += forms.impacts
    part.sizes += forms.sizes
    part.weights += weights
    return forms.texts, forms.frequencies


def _in_fields(part: SegmentPlan, forms: Forms, fields: int, weights: list[float]) -> list[int]:
    """Add the postings of each form within some fields; returns how many live documents these are."""
    frequencies = []
    for start, end, weight in zip(forms.starts, forms.ends, weights, strict=True):
        documents, _ = part.room(end - start)
        size = loops.term_in_fields(part.working.table, start, end, fields, part.made_count)
        frequencies.append(_live(part, documents, size))
        if size:
            part.add_made(size, weight)
    return frequencies


def _live(part: SegmentPlan, documents: Array, size: int) -> int:
    """How many documents of the list in the room are live."""
    if part.segment.all_live:
        return size
    return int(part.segment.live[documents[part.made_count : part.made_count + size]].sum())


def _phrase(part: SegmentPlan, word: Phrase, member: int) -> int:
    """Add the documents of one segment that have a phrase; returns how many of them are live."""
    working, ranges = part.working, part.segment.ranges
    slots = [ranges(term, word.exact) for term in word.terms[:MAX_PHRASE]]
    costs = [forms.postings for forms in slots]
    least = min(costs, default=0)
    if not least:
        return 0
    masks: dict[int, int] = {}
    bit = 1
    for forms in slots:
        for number in forms.numbers:
            masks[number] = masks.get(number, 0) | bit
        bit <<= 1
    lead = costs.index(least)
    rarest = slots[lead]
    for name in ("phrase_documents", "phrase_positions"):
        working.room(name, part.phrase_count, rarest.positions)
    documents, _ = part.room(least)
    fields = field_mask(word.fields)
    working.ask([
        part.made_count, part.phrase_count, len(slots), lead, fields, len(masks), len(rarest.starts),
        *masks, *masks.values(), *rarest.starts, *rarest.ends,
    ])  # fmt: skip
    found, size = loops.find_phrase(working.table)
    if not size:
        return 0
    frequency = _live(part, documents, size)
    part.add_made(size, word.weight)
    if member >= 0:
        part.phrases.append((member, part.phrase_count, part.phrase_count + found, len(slots)))
        part.phrase_count += found
    return frequency


def _prefix_forms(segment: Segment, prefix: str) -> Forms:
    numbers = segment.terms.starting(prefix)
    chosen = list(numbers)
    if len(chosen) > MAX_EXPANSION:
        frequencies = segment.frequencies[numbers.start : numbers.stop]
        best = np.argsort(-frequencies, kind="stable")[:MAX_EXPANSION]
        chosen = sorted(int(numbers.start + each) for each in best)
    return segment.columns_of(chosen, len(chosen))


def numbers_of(query: Query, plan: Plan, part: SegmentPlan, head: list[int]) -> list[int]:
    """A plan for one segment as ``_answer`` reads it, after the numbers of ``head``, which say what to do."""
    tree = plan.tree
    steps, required, forbidden, optional, minimum = _wanted(tree)
    order = list(range(len(plan.kinds)))
    if required and len(order) > 1:
        first, sizes = part.first_list, part.sizes
        cost = [sum(sizes[first[leaf] : first[leaf + 1]]) if required >> leaf & 1 else 1 << 62 for leaf in order]
        order.sort(key=cost.__getitem__)
    filtered, chosen, boosts = _codes(query, part.segment) if query.filters or query.boosts else (0, [], [])
    numbers = [
        *head,
        len(order), len(part.sizes), len(steps), 1 if required else 0, minimum, required, forbidden, optional,
        len(part.terms), len(plan.member_leaf), len(part.phrases),
        filtered, len(chosen), len(boosts), BY_RANK[query.sort], part.segment.all_live,
        *order, *plan.kinds, *part.first_list, *part.documents, *part.impacts, *part.sizes,
    ]  # fmt: skip
    for step in steps:
        numbers += step
    numbers += (*chosen, *boosts, *part.terms, *part.terms.values(), *plan.positions, *plan.member_leaf)
    for column in zip(*part.phrases, strict=True):
        numbers += column
    return numbers


def weights_of(query: Query, plan: Plan, part: SegmentPlan, ranking: Ranking) -> list[float]:
    """The weights that belong to ``numbers_of``."""
    code_of = part.segment.code_of
    return [
        ranking.k1, plan.total_idf, ranking.title_coverage, ranking.title_fill, ranking.adjacency,
        *plan.idf, *part.weights,
        *[boost.weight for boost in query.boosts if (boost.facet, boost.value) in code_of],
    ]  # fmt: skip


def _codes(query: Query, segment: Segment) -> tuple[int, list[int], list[int]]:
    """The facets that filter, as bits; the codes they let through; the codes that add to a score."""
    filtered = 0
    chosen = []
    for each in query.filters:
        if each.values:
            filtered |= 1 << FACETS.index(each.facet)
            chosen += [segment.code_of.get((each.facet, value), -1) for value in each.values]
    boosts = [segment.code_of.get((boost.facet, boost.value), -1) for boost in query.boosts]
    return filtered, [code for code in chosen if code >= 0], [code for code in boosts if code >= 0]


def _wanted(tree: FlatTree) -> tuple[Sequence[tuple[int, int, int]], int, int, int, int]:
    """What matches: a postfix program, or none where bits of required, forbidden and optional leaves say it all.

    After these, how many of the optional ones are needed.
    """
    program = tree.program
    leaves = len(tree.leaves)
    if len(program) == 1 or (len(program) == leaves + 1 and program[-1][0] == AND):
        return (), (1 << leaves) - 1, 0, 0, 0
    flat = _masks(tree)
    return (program, 0, 0, 0, 0) if flat is None else ((), *flat)


def _masks(tree: FlatTree) -> tuple[int, int, int, int] | None:
    """Required, forbidden and optional leaves as bits and how many of the optional are needed, if the tree is flat."""
    stack: list[tuple[str, int, int, int, int]] = []  # kind, required, forbidden, optional, minimum
    for operation, argument, minimum in tree.program:
        if operation == LEAF:
            stack.append(("leaf", 1 << argument, 0, 0, 0))
        elif operation == NOT:
            kind, required, _, _, _ = stack.pop()
            if kind != "leaf":
                return None
            stack.append(("and", 0, required, 0, 0))
        else:
            children = stack[len(stack) - argument :]
            del stack[len(stack) - argument :]
            if operation == AND:
                optional = [child for child in children if child[3]]
                if len(optional) > 1:
                    return None
                required = forbidden = 0
                for child in children:
                    required |= child[1]
                    forbidden |= child[2]
                group = optional[0] if optional else ("", 0, 0, 0, 0)
                stack.append(("and", required, forbidden, group[3], group[4]))
            else:
                if any(child[0] != "leaf" for child in children) or minimum > argument:
                    return None
                bits = 0
                for child in children:
                    bits |= child[1]
                if not bits:
                    return None
                stack.append(("or", 0, 0, bits, minimum))
    _, required, forbidden, optional_bits, minimum = stack[0]
    return required, forbidden, optional_bits, minimum
