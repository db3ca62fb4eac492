"""From a query tree to the numbers that the compiled loops need, per segment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.engines.tree import AND, LEAF, NOT, FlatTree, members
from indexer.engines.whoosh_engine import _kernels as kernels
from indexer.engines.whoosh_engine._segment import MAX_EXPANSION, Segment, field_mask
from indexer.errors import UnknownFacet
from indexer.model import FACETS, DocumentIs, Everything, FacetIs, Leaf, Phrase, Prefix, Query, Term
from indexer.ranking import Ranking

Array = npt.NDArray[Any]
UNTRACED = -1  # a word below a NOT: it decides what matches, but is never shown as a reason
MAX_PHRASE = 63  # terms; of a longer phrase the beginning is looked for, since a slot is a bit of one number
MAX_TRACED = 63  # members whose matches are told apart in an explanation; further ones share the last bit


@dataclass(slots=True)
class Postings:
    """Postings of one form of one member within one segment: a range of the segment's own, or arrays made for it."""

    weight: float
    start: int = 0
    end: int = 0
    documents: Array | None = None
    impacts: Array | None = None

    def __len__(self) -> int:
        return self.end - self.start if self.documents is None else len(self.documents)


@dataclass(slots=True)
class Occurrences:
    """Where a phrase member occurs within one segment, in order of document and position."""

    member: int
    documents: Array
    positions: Array
    length: int


@dataclass(slots=True)
class SegmentPlan:
    """What one segment contributes to each leaf."""

    segment: Segment
    leaves: list[list[Postings]] = field(default_factory=list)
    terms: dict[int, int] = field(default_factory=dict)  # term number -> member number, first come
    occurrences: list[Occurrences] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """A query, flattened and resolved against every segment."""

    tree: FlatTree
    parts: list[SegmentPlan]
    member_leaf: list[int]
    members: list[Term | Phrase | Prefix]
    idf: list[float]
    positions: list[int]  # place of each leaf in the typed order of scoring word leaves; -1 for others

    @property
    def total_idf(self) -> float:
        """Sum of the weights of all scoring word leaves."""
        return sum(idf for idf, place in zip(self.idf, self.positions, strict=True) if place >= 0)


def make_plan(tree: FlatTree, segments: list[Segment], documents: int, ranking: Ranking, scratch: list[Array]) -> Plan:
    """Resolve a flattened tree: terms to their forms, phrases to occurrences, names and values to documents.

    The weight of a leaf by rarity comes from its most frequent form, over all segments.
    """
    member_leaf: list[int] = []
    flat: list[Term | Phrase | Prefix] = []
    parts = [SegmentPlan(segment) for segment in segments]
    idf: list[float] = []
    positions: list[int] = []
    place = 0
    for number, leaf in enumerate(tree.leaves):
        words = members(leaf)
        frequencies: dict[object, int] = {}
        for part in parts:
            part.leaves.append([])
        for word in words:
            found: dict[object, int] = {}  # over the segments; two words of a leaf may have a form in common
            for part, zeros in zip(parts, scratch, strict=True):
                _resolve(part, word, len(flat) if tree.scoring[number] else UNTRACED, found, ranking, zeros)
            frequencies |= found
            if tree.scoring[number]:
                flat.append(word)
                member_leaf.append(number)
        for part in parts:
            if not words:
                part.leaves[-1].append(_constant(part.segment, leaf, tree.scoring[number]))
        if words and tree.scoring[number]:
            idf.append(ranking.idf(documents, max(frequencies.values(), default=0)))
            positions.append(place)
            place += 1
        else:
            idf.append(0.0)
            positions.append(-1)
    return Plan(tree, parts, member_leaf, flat, idf, positions)


def _constant(segment: Segment, leaf: Leaf, scores: bool) -> Postings:
    if isinstance(leaf, FacetIs):
        if leaf.facet not in FACETS:
            raise UnknownFacet(leaf.facet, FACETS)
        code = segment.code_of.get((leaf.facet, leaf.value))
        documents = np.zeros(0, np.int32) if code is None else segment.with_code(code)
        weight = 0.0
    elif isinstance(leaf, DocumentIs):
        numbers = {number for doc_id in leaf.doc_ids if (number := segment.find(doc_id)) >= 0}
        documents = np.array(sorted(numbers), np.int32)
        weight = leaf.weight if scores else 0.0
    else:
        assert isinstance(leaf, Everything)
        documents = np.arange(segment.size, dtype=np.int32)
        weight = 0.0
    return Postings(1.0, documents=documents, impacts=np.full(len(documents), weight, np.float32))


def _resolve(
    part: SegmentPlan,
    word: Term | Phrase | Prefix,
    member: int,
    frequencies: dict[object, int],
    ranking: Ranking,
    scratch: Array,
) -> None:
    segment = part.segment
    traced = min(member, MAX_TRACED)
    if isinstance(word, Phrase):
        _resolve_phrase(part, word, traced, frequencies, scratch)
        return
    ranges = segment.ranges(word.text, word.exact) if isinstance(word, Term) else _prefix_ranges(segment, word.text)
    for number, typed, text, start, end, frequency in ranges:
        weight = word.weight if typed else word.weight * ranking.inflection
        if traced >= 0:
            part.terms.setdefault(number, traced)
        if word.fields:
            documents, impacts = segment.in_fields(number, field_mask(word.fields))
            if not len(documents):
                continue
            part.leaves[-1].append(Postings(weight, documents=documents, impacts=impacts))
            frequency = _live(segment, documents)
        else:
            part.leaves[-1].append(Postings(weight, start, end))
        key = (word.fields, text)
        frequencies[key] = frequencies.get(key, 0) + frequency


def _prefix_ranges(segment: Segment, prefix: str) -> list[tuple[int, bool, str, int, int, int]]:
    numbers = segment.terms.starting(prefix)
    chosen = list(numbers)
    if len(chosen) > MAX_EXPANSION:
        frequencies = segment.frequencies[numbers.start : numbers.stop]
        best = np.argsort(-frequencies, kind="stable")[:MAX_EXPANSION]
        chosen = sorted(int(numbers.start + each) for each in best)
    ends, counts = segment.posting_ends, segment.frequencies
    return [(n, True, segment.terms[n], int(ends[n]), int(ends[n + 1]), int(counts[n])) for n in chosen]


def _resolve_phrase(
    part: SegmentPlan, word: Phrase, member: int, frequencies: dict[object, int], scratch: Array
) -> None:
    segment = part.segment
    slots = [tuple(number for number, _ in segment.forms(term, word.exact)) for term in word.terms[:MAX_PHRASE]]
    if not slots:
        return
    documents, positions, owners, impacts = segment.phrase(slots, field_mask(word.fields), scratch)
    if not len(owners):
        return
    part.leaves[-1].append(Postings(word.weight, documents=owners, impacts=impacts))
    if member >= 0:
        part.occurrences.append(Occurrences(member, documents, positions, len(slots)))
    key = (word.fields, word.terms, word.exact)
    frequencies[key] = frequencies.get(key, 0) + _live(segment, owners)


def _live(segment: Segment, documents: Array) -> int:
    return len(documents) if segment.all_live else int(segment.live[documents].sum())


@dataclass(slots=True)
class MatchArguments:
    """The boolean and filter part of a query for the ``match`` loop."""

    order: Array
    restrict_after: int
    program: Array
    required: int
    forbidden: int
    optional: int
    minimum: int


def boolean_part(plan: Plan, part: SegmentPlan) -> MatchArguments:
    """Masks for a flat tree (all of these, none of those, so many of the rest), else a postfix program."""
    sizes = [sum(map(len, postings)) for postings in part.leaves]
    flat = _masks(plan.tree)
    if flat is None:
        program = np.array(plan.tree.program, np.int64).reshape(-1, 3)
        return MatchArguments(np.arange(len(sizes)), 0, program, 0, 0, 0, 0)
    required, forbidden, optional, minimum = flat
    needed = sorted((n for n in range(len(sizes)) if required >> n & 1), key=lambda n: (sizes[n], n))
    rest = [n for n in range(len(sizes)) if not required >> n & 1]
    order = np.array(needed + rest, np.int64)
    return MatchArguments(order, 1 if needed else 0, np.zeros((0, 3), np.int64), required, forbidden, optional, minimum)


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


def filters_of(query: Query, segment: Segment) -> tuple[Array, Array, Array, bool]:
    """Chosen codes, which facets are filtered, boost per code, and whether any boost is set."""
    chosen = np.zeros(len(segment.values), np.bool_)
    filtered = np.zeros(len(FACETS), np.bool_)
    boost = np.zeros(len(segment.values), np.float64)
    boosted = False
    for each in query.filters:
        if each.values:
            filtered[FACETS.index(each.facet)] = True
            for value in each.values:
                code = segment.code_of.get((each.facet, value))
                if code is not None:
                    chosen[code] = True
    for lift in query.boosts:
        code = segment.code_of.get((lift.facet, lift.value))
        if code is not None:
            boost[code] += lift.weight
            boosted = True
    return chosen, filtered, boost, boosted


def leaf_kinds(tree: FlatTree) -> Array:
    """How each leaf scores, for the ``match`` loop."""
    return np.array([kernels.BM25 if members(leaf) else kernels.CONSTANT for leaf in tree.leaves], np.int64)
