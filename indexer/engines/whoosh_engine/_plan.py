"""From a query tree to the numbers that the compiled loops need, per segment."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
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
_NO_DOCUMENTS = np.zeros(0, np.int32)
_NO_IMPACTS = np.zeros(0, np.float32)
_NONE = np.zeros(0, np.int64)
_NO_ROWS = (_NONE, _NONE, _NONE, _NO_DOCUMENTS, _NO_DOCUMENTS, _NONE)
_NO_FACETS = np.zeros(len(FACETS), np.bool_)
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


@dataclass
class SegmentPlan:
    """What one segment contributes to each leaf."""

    segment: Segment
    leaves: list[list[Postings]] = field(default_factory=list)
    terms: dict[int, int] = field(default_factory=dict)  # term number -> member number, first come
    occurrences: list[Occurrences] = field(default_factory=list)

    @cached_property
    def rows(self) -> tuple[Array, Array, Array, Array, Array, Array]:
        """Where the phrases of the query stand: member, first and end row, document and place a row, lengths."""
        found = self.occurrences
        if not found:
            return _NO_ROWS
        ends = np.zeros(len(found) + 1, np.int64)
        ends[1:] = np.cumsum([len(each.documents) for each in found])
        return (
            np.array([each.member for each in found], np.int64),
            ends[:-1],
            ends[1:],
            np.concatenate([each.documents for each in found]),
            np.concatenate([each.positions for each in found]),
            np.array([each.length for each in found], np.int64),
        )


@dataclass(slots=True)
class Plan:
    """A query, flattened and resolved against every segment."""

    tree: FlatTree
    parts: list[SegmentPlan]
    member_leaf: list[int]
    members: list[Term | Phrase | Prefix]
    idf: list[float]
    kinds: list[int]  # how each leaf scores: ``kernels.BM25`` or ``kernels.CONSTANT``
    positions: list[int]  # place of each leaf in the typed order of scoring word leaves; -1 for others
    total_idf: float  # sum of the weights of all scoring word leaves


def make_plan(tree: FlatTree, segments: list[Segment], documents: int, ranking: Ranking, scratch: list[Array]) -> Plan:
    """Resolve a flattened tree: terms to their forms, phrases to occurrences, names and values to documents.

    The weight of a leaf by rarity comes from its most frequent form, over all segments.
    """
    member_leaf: list[int] = []
    flat: list[Term | Phrase | Prefix] = []
    parts = [SegmentPlan(segment) for segment in segments]
    idf: list[float] = []
    kinds: list[int] = []
    positions: list[int] = []
    place = 0
    for number, leaf in enumerate(tree.leaves):
        words = members(leaf)
        kinds.append(kernels.BM25 if words else kernels.CONSTANT)
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
    return Plan(tree, parts, member_leaf, flat, idf, kinds, positions, sum(idf))


def _constant(segment: Segment, leaf: Leaf, scores: bool) -> Postings:
    if isinstance(leaf, FacetIs):
        if leaf.facet not in FACETS:
            raise UnknownFacet(leaf.facet, FACETS)
        code = segment.code_of.get((leaf.facet, leaf.value))
        documents, impacts = (_NO_DOCUMENTS, _NO_IMPACTS) if code is None else segment.with_code(code)
    elif isinstance(leaf, DocumentIs):
        numbers = {number for doc_id in leaf.doc_ids if (number := segment.find(doc_id)) >= 0}
        documents = np.array(sorted(numbers), np.int32)
        impacts = np.full(len(documents), leaf.weight if scores else 0.0, np.float32)
    else:
        assert isinstance(leaf, Everything)
        documents = np.arange(segment.size, dtype=np.int32)
        impacts = np.zeros(segment.size, np.float32)
    return Postings(1.0, documents=documents, impacts=impacts)


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
    terms = word.terms[:MAX_PHRASE]
    if not terms:
        return
    documents, positions, owners, impacts = segment.phrase(terms, word.exact, field_mask(word.fields), scratch)
    if not len(owners):
        return
    part.leaves[-1].append(Postings(word.weight, documents=owners, impacts=impacts))
    if member >= 0:
        part.occurrences.append(Occurrences(member, documents, positions, len(terms)))
    key = (word.fields, word.terms, word.exact)
    frequencies[key] = frequencies.get(key, 0) + _live(segment, owners)


def _live(segment: Segment, documents: Array) -> int:
    return len(documents) if segment.all_live else int(segment.live[documents].sum())


def match_numbers(plan: Plan, part: SegmentPlan) -> tuple[Array, Array, Array, Array]:
    """A plan for one segment as ``kernels.match`` reads it, in few arrays since each costs as much as a small search.

    Returns int64 numbers, the weight of each member, and documents and weights of the postings made for this query.
    The numbers: how many leaves, members and rows of program, the number of leaves after which only touched documents
    can match, how many optional leaves are needed, masks of the required, forbidden and optional ones; then the order
    and the kinds of the leaves, where the members of each begin (one more than leaves), first and last posting of each
    member, whether these are made ones, and the program. A flat tree needs masks alone, any other a postfix program.
    """
    starts: list[int] = []
    ends: list[int] = []
    extra: list[int] = []
    weights: list[float] = []
    bounds = [0]
    sizes: list[int] = []
    documents: list[Array] = []
    impacts: list[Array] = []
    made = 0
    for postings in part.leaves:
        size = 0
        for each in postings:
            if each.documents is None or each.impacts is None:
                starts.append(each.start)
                ends.append(each.end)
                extra.append(0)
            else:
                starts.append(made)
                made += len(each.documents)
                ends.append(made)
                extra.append(1)
                documents.append(each.documents)
                impacts.append(each.impacts)
            size += ends[-1] - starts[-1]
            weights.append(each.weight)
        sizes.append(size)
        bounds.append(len(starts))
    order = list(range(len(sizes)))
    head = [len(sizes), len(starts)]
    program: list[int] = []
    flat = _masks(plan.tree)
    if flat is None:
        program = [number for row in plan.tree.program for number in row]
        head += [len(plan.tree.program), 0, 0, 0, 0, 0]
    else:
        required, forbidden, optional, minimum = flat
        head += [0, 1 if required else 0, minimum, required, forbidden, optional]
        if required and len(order) > 1:
            order.sort(key=lambda leaf: (0, sizes[leaf]) if required >> leaf & 1 else (1, 0))
    return (
        np.array([*head, *order, *plan.kinds, *bounds, *starts, *ends, *extra, *program], np.int64),
        np.array(weights, np.float64),
        (documents[0] if made and len(documents) == 1 else np.concatenate(documents)) if documents else _NO_DOCUMENTS,
        (impacts[0] if made and len(impacts) == 1 else np.concatenate(impacts)) if impacts else _NO_IMPACTS,
    )


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
    if not query.filters and not query.boosts:
        return segment.no_codes_chosen, _NO_FACETS, segment.no_boosts, False
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
