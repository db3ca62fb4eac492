"""Answer queries from the columns of a generation."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.engines import inspection
from indexer.engines import tree as trees
from indexer.engines.whoosh_engine import _kernels as kernels
from indexer.engines.whoosh_engine._lexicon import ColumnLexicon
from indexer.engines.whoosh_engine._plan import (
    MatchArguments,
    Plan,
    SegmentPlan,
    boolean_part,
    filters_of,
    leaf_kinds,
    make_plan,
)
from indexer.engines.whoosh_engine._reader import OpenGeneration
from indexer.engines.whoosh_engine._segment import Segment
from indexer.model import (
    FACETS,
    And,
    Bucket,
    Card,
    Count,
    Document,
    DocumentIs,
    Everything,
    Facet,
    Hit,
    IndexStats,
    Query,
    Results,
    SectionRef,
    Snippet,
    Weight,
)

Array = npt.NDArray[Any]
_EMPTY_INTS = np.zeros(0, np.int32)
_EMPTY_FLOATS = np.zeros(0, np.float32)
_NONE = np.zeros(0, np.int64)
_NO_OCCURRENCES = (_NONE, _NONE, _NONE, _EMPTY_INTS, _EMPTY_INTS, _NONE)


class Scratch:
    """Working arrays of one thread for one generation; every loop leaves them zeroed."""

    def __init__(self, segments: list[Segment]) -> None:
        size = max((segment.size for segment in segments), default=0)
        self.scores = np.zeros(size, np.float64)
        self.weights = np.zeros(size, np.float64)
        self.masks = np.zeros(size, np.uint64)
        self.touched = np.zeros(size, np.int32)
        self.leaf_touched = np.zeros(size, np.int32)
        self.terms = [np.zeros(len(segment.terms) + 1, np.int16) for segment in segments]
        self.roles = np.zeros(max((segment.longest for segment in segments), default=0) + 1, np.int64)


@dataclass(slots=True)
class _Ranked:
    """Kept documents in order: base score, bonus, part (number of the segment) and number of each."""

    base: Array
    parts: Array
    numbers: Array
    bonus: Array


@dataclass(slots=True)
class _Shown:
    """What was chosen to show of the documents of a page: members as bits, places to cut, spans; a row for each."""

    members: Array
    places: Array
    spans: Array


@dataclass(frozen=True, slots=True)
class _Words:
    """What the close look needs to know of a query, as arrays; the same for every segment."""

    member_leaf: Array
    idf: Array
    positions: Array


class ColumnSearcher:
    """A searcher on one opened generation; one thread at a time."""

    def __init__(self, generation: OpenGeneration, scratch: Scratch) -> None:
        self._generation = generation
        self._scratch = scratch
        self._segments = generation.segments
        self._ranking = generation.ranking

    @property
    def lexicon(self) -> ColumnLexicon:
        """Words and names of the generation."""
        return self._generation.lexicon

    def get(self, doc_id: str, /) -> Document | None:
        """One whole document, or None."""
        for segment in self._segments:
            number = segment.find(doc_id)
            if number >= 0:
                return segment.document(number)
        return None

    def documents(self) -> Iterator[Document]:
        """All live documents, by id."""

        def of(segment: Segment) -> Iterator[tuple[str, int, Segment]]:
            return ((segment.ids[int(n)], int(n), segment) for n in np.flatnonzero(segment.live))

        for _, number, segment in merge(*map(of, self._segments), key=lambda each: each[0]):
            yield segment.document(number)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the index, when this is not the generation that should be served."""
        return self._generation.problems

    def state(self) -> str:
        """``yellow`` while an older generation stands in for a damaged one."""
        return "yellow" if self._generation.problems else "green"

    def stats(self) -> IndexStats:
        """What the generation holds."""
        return self._generation.stats

    def search(self, query: Query, /) -> Results:
        """Hits, exact counts and snippets for a query."""
        started = time.perf_counter()
        trees.check(query)
        tree = trees.flatten(query.root)
        if tree.holds(0):
            # Documents that no leaf touches match too ("-word" alone): a leaf that touches all makes that visible.
            tree = trees.flatten(And((Everything(), query.root)))
        plan = make_plan(tree, self._segments, self._generation.live, self._ranking, self._scratch.terms)
        window = self._ranking.rerank_window if query.sort == "relevance" else 0
        wanted = max(query.offset + query.limit, window if query.limit else 0)
        total, counts, ranked = self._match(query, plan, wanted)
        words = _Words(
            np.array(plan.member_leaf or [0], np.int64),
            np.array(plan.idf, np.float64),
            np.array(plan.positions, np.int64),
        )
        if window and query.limit and plan.total_idf:
            self._rerank(plan, words, ranked, min(window, len(ranked.base)))
        page = slice(query.offset, query.offset + query.limit)
        hits = tuple(self._hits(query, plan, words, ranked, page))
        facets = self._facets(query, counts)
        took_ms = (time.perf_counter() - started) * 1000
        return Results(query, Count(total), hits, facets, self._generation.manifest.generation, took_ms)

    # -- matching ------------------------------------------------------------------------------------------------------

    def _match(self, query: Query, plan: Plan, wanted: int) -> tuple[int, list[Array], _Ranked]:
        total = 0
        counts: list[Array] = []
        runs: list[tuple[Array, Array, Array]] = []
        idf = np.array(plan.idf, np.float64)
        kinds = leaf_kinds(plan.tree)
        for number, part in enumerate(plan.parts):
            found, code_counts, scores, documents = self._match_segment(
                query, plan, part, idf, kinds, min(wanted, part.segment.size)
            )
            total += found
            counts.append(code_counts)
            runs.append((scores, np.full(len(scores), number, np.int32), documents))
        if len(runs) == 1:
            # The loop leaves the hits of a segment in order: documents are numbered in the order of their ids.
            base, parts, numbers = runs[0]
            return total, counts, _Ranked(base, parts, numbers, np.zeros(len(base)))
        columns = zip(*runs, strict=True) if runs else ((), (), ())
        base, parts, numbers = (np.concatenate(each) if each else np.zeros(0, np.int32) for each in columns)
        if query.sort == "title":
            titles = [self._segments[p].titles[n] for p, n in zip(parts.tolist(), numbers.tolist(), strict=True)]
            order = self._arrange(titles, parts, numbers)
        else:
            order = self._arrange((-base).tolist(), parts, numbers)
        order = order[:wanted]
        return total, counts, _Ranked(base[order], parts[order], numbers[order], np.zeros(len(order)))

    def _arrange(self, keys: Sequence[float] | Sequence[bytes], parts: Array, numbers: Array) -> Array:
        """Order of some documents of several segments: by key, then by id."""
        ids = [self._segments[p].ids[n] for p, n in zip(parts.tolist(), numbers.tolist(), strict=True)]
        return np.array(sorted(range(len(ids)), key=lambda i: (keys[i], ids[i])), np.int64)

    def _card(self, part: int, number: int) -> Card:
        return self._segments[part].card(number)[0]

    def _match_segment(
        self, query: Query, plan: Plan, part: SegmentPlan, idf: Array, kinds: Array, limit: int
    ) -> tuple[int, Array, Array, Array]:
        segment, scratch = part.segment, self._scratch
        starts: list[int] = []
        ends: list[int] = []
        extra: list[bool] = []
        weights: list[float] = []
        bounds = [0]
        made_documents: list[Array] = []
        made_impacts: list[Array] = []
        made = 0
        for postings in part.leaves:
            for each in postings:
                if each.documents is None or each.impacts is None:
                    starts.append(each.start)
                    ends.append(each.end)
                    extra.append(False)
                else:
                    starts.append(made)
                    made += len(each.documents)
                    ends.append(made)
                    extra.append(True)
                    made_documents.append(each.documents)
                    made_impacts.append(each.impacts)
                weights.append(each.weight)
            bounds.append(len(starts))
        boolean: MatchArguments = boolean_part(plan, part)
        chosen, filtered, boost, boosted = filters_of(query, segment)
        by_rank = query.sort != "relevance"
        ranks = -segment.title_ranks if query.sort == "title" else segment.dates
        counts = np.zeros(len(segment.values), np.int64)
        top_scores = np.empty(limit, np.float64)
        top_documents = np.empty(limit, np.int32)
        total, kept = kernels.match(
            segment.posting_documents, segment.impacts, segment.live, segment.all_live,
            np.array(starts, np.int64), np.array(ends, np.int64), np.array(extra, np.bool_),
            np.array(weights, np.float64),
            np.array(bounds, np.int64), idf, kinds, boolean.order, self._ranking.k1,
            np.concatenate(made_documents) if made_documents else _EMPTY_INTS,
            np.concatenate(made_impacts) if made_impacts else _EMPTY_FLOATS,
            boolean.restrict_after, boolean.program,
            np.uint64(boolean.required), np.uint64(boolean.forbidden), np.uint64(boolean.optional), boolean.minimum,
            segment.code_ends, segment.codes, segment.code_facet, chosen, filtered, boost, boosted,
            ranks, by_rank,
            scratch.scores, scratch.weights, scratch.masks, scratch.touched, scratch.leaf_touched,
            counts, top_scores, top_documents, limit,
        )  # fmt: skip
        return int(total), counts, top_scores[:kept], top_documents[:kept]

    # -- looking closely -----------------------------------------------------------------------------------------------

    def _rerank(self, plan: Plan, words: _Words, ranked: _Ranked, near: int) -> None:
        """Look at the first ``near`` documents for their bonuses, and put them in their order with those."""
        ranking, roles = self._ranking, self._scratch.roles
        for number, part, rows, documents in self._by_part(plan, ranked, slice(near)):
            segment, bonus = part.segment, np.empty(len(documents))
            term_member = self._mark(number, part)
            inspection.weigh(
                documents, segment.tokens, segment.token_ends, segment.title_ends, term_member,
                words.member_leaf, words.idf, words.positions, *_occurrences(part),
                plan.total_idf, ranking.title_coverage, ranking.title_fill, ranking.adjacency, roles, bonus,
            )  # fmt: skip
            self._unmark(number, part)
            ranked.bonus[rows] = bonus
        if len(self._segments) == 1:
            kernels.rerank(ranked.base, ranked.numbers, ranked.bonus, near)
            return
        keys = (-(ranked.base[:near] + ranked.bonus[:near])).tolist()
        order = self._arrange(keys, ranked.parts[:near], ranked.numbers[:near])
        for column in (ranked.base, ranked.parts, ranked.numbers, ranked.bonus):
            column[:near] = column[order]

    def _show(self, plan: Plan, words: _Words, ranked: _Ranked, page: slice) -> _Shown:
        """Look at the documents of a page for what to show of them."""
        shown = _shown(len(ranked.numbers[page]))
        for number, part, rows, documents in self._by_part(plan, ranked, page):
            segment = part.segment
            out = shown if len(plan.parts) == 1 else _shown(len(documents))
            term_member = self._mark(number, part)
            inspection.show(
                documents, segment.tokens, segment.token_ends, segment.token_starts, segment.token_lengths,
                segment.sections, segment.section_ends, term_member, words.member_leaf, words.idf,
                *_occurrences(part), self._scratch.roles, out.members, out.places, out.spans,
            )  # fmt: skip
            self._unmark(number, part)
            if out is not shown:
                shown.members[rows], shown.places[rows], shown.spans[rows] = out.members, out.places, out.spans
        return shown

    def _by_part(self, plan: Plan, ranked: _Ranked, rows: slice) -> Iterator[tuple[int, SegmentPlan, Any, Array]]:
        """Some of the ranked documents, segment by segment: its number, its plan, their rows, their numbers in it."""
        if len(plan.parts) == 1:
            if len(ranked.numbers[rows]):
                yield 0, plan.parts[0], rows, ranked.numbers[rows]
            return
        parts, numbers = ranked.parts[rows], ranked.numbers[rows]
        for number, part in enumerate(plan.parts):
            mine = np.flatnonzero(parts == number)
            if len(mine):
                yield number, part, mine, numbers[mine]

    def _mark(self, number: int, part: SegmentPlan) -> Array:
        """The vocabulary of a segment with the members of the query marked; ``_unmark`` zeroes it again."""
        term_member = self._scratch.terms[number]
        for term, member in part.terms.items():
            term_member[term] = member + 1
        return term_member

    def _unmark(self, number: int, part: SegmentPlan) -> None:
        term_member = self._scratch.terms[number]
        for term in part.terms:
            term_member[term] = 0

    # -- presenting ----------------------------------------------------------------------------------------------------

    def _hits(self, query: Query, plan: Plan, words: _Words, ranked: _Ranked, page: slice) -> Iterator[Hit]:
        shown = self._show(plan, words, ranked, page)
        reasons = [trees.reason(word) for word in plan.members]
        named = [leaf for leaf in plan.tree.leaves if isinstance(leaf, DocumentIs)]
        by_score = query.sort == "relevance"
        matched_by: dict[int, tuple[str, ...]] = {}
        rows = zip(
            ranked.parts[page].tolist(), ranked.numbers[page].tolist(), ranked.base[page].tolist(),
            ranked.bonus[page].tolist(), shown.members.tolist(), shown.places.tolist(), shown.spans, strict=True,
        )  # fmt: skip
        for rank, (part, number, base, bonus, members, places, spans) in enumerate(rows, query.offset + 1):
            segment = self._segments[part]
            card, outline = segment.card(number)
            section = None
            if places[0] >= 0:
                heading, anchor = outline[places[0]]
                section = SectionRef(heading, anchor, places[0])
            if section is None and card.summary:
                snippet = Snippet(card.summary)
            else:
                snippet = inspection.snippet(segment.texts.part, number, places, spans)
            matched = matched_by.get(members)
            if matched is None:
                found = [text for place, text in enumerate(reasons) if members >> min(place, 63) & 1]
                matched = matched_by[members] = tuple(dict.fromkeys(found))
            if named:
                own = [trees.document_reason(leaf) for leaf in named if card.doc_id in leaf.doc_ids]
                matched = tuple(dict.fromkeys((*matched, *own)))
            score = round(base + bonus, 4) if by_score else 0.0
            explanation = self._explain(query, plan, (part, number), bonus) if query.explain else ()
            yield Hit(rank, score, card, snippet, section, matched, explanation)

    def _explain(self, query: Query, plan: Plan, key: tuple[int, int], bonus: float) -> tuple[Weight, ...]:
        part = plan.parts[key[0]]
        card = self._card(*key)
        lines: list[Weight] = []
        k1 = self._ranking.k1
        for number, leaf in enumerate(plan.tree.leaves):
            if not plan.tree.scoring[number]:
                continue
            if isinstance(leaf, DocumentIs):
                if card.doc_id in leaf.doc_ids:
                    lines.append(Weight(trees.document_reason(leaf), leaf.weight))
                continue
            weight = 0.0
            for postings in part.leaves[number]:
                documents = part.segment.posting_documents if postings.documents is None else postings.documents
                impacts = part.segment.impacts if postings.impacts is None else postings.impacts
                low, high = (postings.start, postings.end) if postings.documents is None else (0, len(documents))
                at = low + int(np.searchsorted(documents[low:high], key[1]))
                if at < high and documents[at] == key[1]:
                    weight += postings.weight * float(impacts[at])
            if weight:
                name = " / ".join(dict.fromkeys(trees.reason(word) for word in trees.members(leaf)))
                lines.append(Weight(name, plan.idf[number] * (k1 + 1) * weight / (k1 + weight)))
        for boost in query.boosts:
            values = (card.kind,) if boost.facet == "kind" else getattr(card, boost.facet)
            if boost.value in values:
                lines.append(Weight(f"{boost.facet}: {boost.value}", boost.weight))
        if bonus:
            lines.append(Weight("title and word order", bonus))
        return tuple(Weight(line.reason, round(line.score, 4)) for line in lines)

    def _facets(self, query: Query, counts: list[Array]) -> tuple[Facet, ...]:
        if len(self._segments) != 1 or query.filters:
            return tuple([self._merged_facet(query, name, counts) for name in query.facets])
        segment, numbers = self._segments[0], counts[0].tolist()
        order, used = np.empty(len(numbers), np.int64), np.empty(len(FACETS), np.int64)
        kernels.order_values(counts[0], segment.facet_bounds, order, used)
        facets = []
        for name in query.facets:
            place = FACETS.index(name)
            first = segment.facet_bounds[place]
            codes = order[first : first + used[place]].tolist()
            facets.append(
                Facet(name, tuple([_bucket(segment.values[code][1], numbers[code], False) for code in codes]))
            )
        return tuple(facets)

    def _merged_facet(self, query: Query, name: str, counts: list[Array]) -> Facet:
        chosen = query.chosen(name)
        merged = dict.fromkeys(chosen, 0)
        for segment, each in zip(self._segments, counts, strict=True):
            first, values = segment.facet_codes[name]
            for value, count in zip(values, each[first : first + len(values)].tolist(), strict=True):
                if count:
                    merged[value] = merged.get(value, 0) + count
        buckets = [_bucket(value, count, value in chosen) for value, count in merged.items()]
        return Facet(name, tuple(sorted(buckets, key=lambda bucket: (-bucket.count.value, bucket.value))))


def _shown(count: int) -> _Shown:
    """Room for what is shown of so many documents."""
    spans = np.empty((count, inspection.WINDOW, 2), np.int32)
    return _Shown(np.empty(count, np.uint64), np.empty((count, 6), np.int64), spans)


def _occurrences(part: SegmentPlan) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Where the phrases of a query stand in a segment: member, first and end row, document and place a row, lengths."""
    found = part.occurrences
    if not found:
        return _NO_OCCURRENCES
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


@lru_cache(maxsize=1 << 15)
def _bucket(value: str, count: int, selected: bool) -> Bucket:
    """A bucket; most of them are the same from query to query, and making one costs more than finding it."""
    return Bucket(value, Count(count), selected)
