"""Answer queries from the columns of a generation."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.engines import inspection
from indexer.engines import tree as trees
from indexer.engines.whoosh_engine import _kernels as kernels
from indexer.engines.whoosh_engine._lexicon import ColumnLexicon
from indexer.engines.whoosh_engine._plan import Plan, SegmentPlan, filters_of, make_plan, match_numbers
from indexer.engines.whoosh_engine._reader import OpenGeneration
from indexer.engines.whoosh_engine._segment import Segment
from indexer.model import (
    FACETS,
    And,
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
    Snippet,
    Weight,
)

Array = npt.NDArray[Any]
_BY_RANK = {"relevance": 0, "title": -1, "date": 1}  # what a title's or a date's rank counts: the lowest title first


class Scratch:
    """Working arrays of one search at a time on one generation; loops leave those zeroed that they do not fill anew."""

    def __init__(self, segments: list[Segment]) -> None:
        size = max((segment.size for segment in segments), default=0)
        self.scores = np.zeros(size, np.float64)
        self.weights = np.zeros(size, np.float64)
        self.masks = np.zeros(size, np.uint64)
        self.touched = np.zeros(size, np.int32)
        self.leaf_touched = np.zeros(size, np.int32)
        self.terms = [np.zeros(len(segment.terms) + 1, np.int16) for segment in segments]
        self.roles = np.zeros(max((segment.longest for segment in segments), default=0) + 1, np.int64)
        self.counts = [np.zeros(len(segment.values), np.int64) for segment in segments]
        values = max((len(segment.values) for segment in segments), default=0)
        self.order, self.ordered = np.zeros(values, np.int64), np.zeros(values, np.int64)
        self.used = np.zeros(len(FACETS), np.int64)


@dataclass(slots=True)
class _Ranked:
    """Kept documents in order: base score, bonus, part (number of the segment) and number of each."""

    base: Array
    parts: Array
    numbers: Array
    bonus: Array


# What was seen in a document of a page: its members as bits, its row of ``inspection.show``, spans, snippets of all.
_Seen = tuple[int, list[int], list[list[int]], bytes]


class _Words:
    """What the loops need to know of the words of a query, as arrays; the same for every segment."""

    __slots__ = ("idf", "member_leaf", "positions")

    def __init__(self, plan: Plan) -> None:
        leaves = len(plan.idf)
        numbers = np.array([*plan.positions, *plan.member_leaf, 0], np.int64)  # one call for both; never no member
        self.idf = np.array(plan.idf, np.float64)
        self.positions, self.member_leaf = numbers[:leaves], numbers[leaves:]


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
        if tree.open and tree.holds(0):
            # Documents that no leaf touches match too ("-word" alone): a leaf that touches all makes that visible.
            tree = trees.flatten(And((Everything(), query.root)))
        plan = make_plan(tree, self._segments, self._generation.live, self._ranking, self._scratch.terms)
        window = self._ranking.rerank_window if query.sort == "relevance" else 0
        wanted = max(query.offset + query.limit, window if query.limit else 0)
        words = _Words(plan)
        total, counts, ranked = self._match(query, plan, words.idf, wanted)
        self._mark(plan)
        if window and query.limit and plan.total_idf:
            self._rerank(plan, words, ranked, min(window, len(ranked.base)), query.offset + query.limit)
        page = slice(query.offset, query.offset + query.limit)
        hits = tuple(self._hits(query, plan, words, ranked, page)) if query.limit else ()
        self._unmark(plan)
        facets = self._facets(query, counts)
        took_ms = (time.perf_counter() - started) * 1000
        return Results(query, Count(total), hits, facets, self._generation.manifest.generation, took_ms)

    # -- matching ------------------------------------------------------------------------------------------------------

    def _match(self, query: Query, plan: Plan, idf: Array, wanted: int) -> tuple[int, list[Array], _Ranked]:
        total = 0
        counts: list[Array] = []
        runs: list[tuple[Array, Array, Array]] = []
        for number, part in enumerate(plan.parts):
            found, scores, documents = self._match_segment(query, plan, number, idf, min(wanted, part.segment.size))
            total += found
            counts.append(self._scratch.counts[number])
            parts = np.full(len(scores), number, np.int32) if number else np.zeros(len(scores), np.int32)
            runs.append((scores, parts, documents))
        if len(runs) == 1:
            # The loop leaves the hits of a segment in order: documents are numbered in the order of their ids.
            return total, counts, _Ranked(*runs[0], np.zeros(len(runs[0][0])))
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

    def _match_segment(self, query: Query, plan: Plan, number: int, idf: Array, limit: int) -> tuple[int, Array, Array]:
        """Matches of one segment, and scores and numbers of the best; its facet counts go to the scratch arrays."""
        part, scratch = plan.parts[number], self._scratch
        segment = part.segment
        top_scores, top_documents = np.empty(limit, np.float64), np.empty(limit, np.int32)
        total, kept = kernels.match(
            segment.posting_documents, segment.impacts, segment.priors, segment.live, segment.all_live,
            segment.code_ends, segment.codes, segment.code_facet,
            segment.title_ranks if query.sort == "title" else segment.dates,
            *match_numbers(plan, part), idf, self._ranking.k1,
            *filters_of(query, segment), _BY_RANK[query.sort],
            scratch.scores, scratch.weights, scratch.masks, scratch.touched, scratch.leaf_touched,
            scratch.counts[number], segment.facet_bounds, scratch.order, scratch.ordered, scratch.used,
            top_scores, top_documents, limit,
        )  # fmt: skip
        return total, top_scores[:kept], top_documents[:kept]

    # -- looking closely -----------------------------------------------------------------------------------------------

    def _rerank(self, plan: Plan, words: _Words, ranked: _Ranked, near: int, needed: int) -> None:
        """Look at the first ``near`` documents for their bonuses, and put the best ``needed`` in order with those."""
        ranking, roles = self._ranking, self._scratch.roles
        for number, part, rows, documents in self._by_part(plan, ranked, slice(near)):
            segment, base, bonus = part.segment, ranked.base[rows], ranked.bonus[rows]
            kernels.rerank(
                documents, base, bonus, segment.priors, min(needed, len(documents)), segment.tokens, segment.token_ends,
                segment.title_ends, self._scratch.terms[number], words.member_leaf, words.idf, words.positions,
                *part.rows, plan.total_idf, ranking.title_coverage, ranking.title_fill, ranking.adjacency, roles,
            )  # fmt: skip
            if len(plan.parts) == 1:
                return  # the arrays were parts of those of all, and are in order now
            ranked.base[rows], ranked.numbers[rows], ranked.bonus[rows] = base, documents, bonus
        keys = (-(ranked.base[:near] + ranked.bonus[:near])).tolist()
        order = self._arrange(keys, ranked.parts[:near], ranked.numbers[:near])
        for column in (ranked.base, ranked.parts, ranked.numbers, ranked.bonus):
            column[:near] = column[order]

    def _show(self, plan: Plan, words: _Words, ranked: _Ranked, page: slice) -> list[_Seen]:
        """Look at the documents of a page for what to show of them."""
        seen: list[_Seen | None] = [None] * len(ranked.numbers[page])
        for number, part, rows, documents in self._by_part(plan, ranked, page):
            segment, count = part.segment, len(documents)
            found, shown = np.empty(count, np.uint64), np.empty((count, 6), np.int64)
            spans = np.empty((count, inspection.WINDOW, 2), np.int32)
            cut = inspection.show(
                documents, segment.tokens, segment.token_ends, segment.token_starts, segment.token_lengths,
                segment.sections, segment.section_ends, segment.text_bytes, segment.text_ends,
                self._scratch.terms[number], words.member_leaf, words.idf, *part.rows, self._scratch.roles,
                found, shown, spans,
            ).tobytes()  # fmt: skip
            choices = shown.tolist()
            most = max([choice[5] for choice in choices])
            each = zip(found.tolist(), choices, spans[:, :most].tolist(), repeat(cut))
            if len(plan.parts) == 1:
                return list(each)
            for row, what in zip(rows.tolist(), each, strict=True):
                seen[row] = what
        return [what for what in seen if what is not None]

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

    def _mark(self, plan: Plan) -> None:
        """Mark the members of the query in the vocabulary of each segment; ``_unmark`` zeroes it again."""
        for part, term_member in zip(plan.parts, self._scratch.terms, strict=True):
            for term, member in part.terms.items():
                term_member[term] = member + 1

    def _unmark(self, plan: Plan) -> None:
        for part, term_member in zip(plan.parts, self._scratch.terms, strict=True):
            for term in part.terms:
                term_member[term] = 0

    # -- presenting ----------------------------------------------------------------------------------------------------

    def _hits(self, query: Query, plan: Plan, words: _Words, ranked: _Ranked, page: slice) -> Iterator[Hit]:
        reasons = [trees.reason(word) for word in plan.members]
        named = [leaf for leaf in plan.tree.leaves if isinstance(leaf, DocumentIs)]
        by_score = query.sort == "relevance"
        matched_by: dict[int, tuple[str, ...]] = {}
        rows = zip(
            ranked.parts[page].tolist(), ranked.numbers[page].tolist(), ranked.base[page].tolist(),
            ranked.bonus[page].tolist(), self._show(plan, words, ranked, page), strict=True,
        )  # fmt: skip
        for rank, (part, number, base, bonus, (members, shown, spans, cut)) in enumerate(rows, query.offset + 1):
            card, outline = self._segments[part].card(number)
            section = outline[shown[0]] if shown[0] >= 0 else None
            if section is None and card.summary:
                snippet = Snippet(card.summary)
            else:
                snippet = inspection.snippet(cut, shown, spans)
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
                weight = boost.weight * self._ranking.prior(card.doubt)
                lines.append(Weight(f"{boost.facet}: {boost.value}", weight))
        if bonus:
            lines.append(Weight("title and word order", bonus))
        return tuple(Weight(line.reason, round(line.score, 4)) for line in lines)

    def _facets(self, query: Query, counts: list[Array]) -> tuple[Facet, ...]:
        if len(self._segments) != 1 or query.filters:
            return tuple([self._merged_facet(query, name, counts) for name in query.facets])
        segment, scratch = self._segments[0], self._scratch  # the loop that counted has put them in order
        order, ordered, used = scratch.order.tolist(), scratch.ordered.tolist(), scratch.used.tolist()
        value_of = segment.code_values.__getitem__
        facets = []
        for name in query.facets:
            place = FACETS.index(name)
            first = segment.facet_firsts[place]
            last = first + used[place]
            facets.append(Facet(name, dict(zip(map(value_of, order[first:last]), ordered[first:last], strict=True))))
        return tuple(facets)

    def _merged_facet(self, query: Query, name: str, counts: list[Array]) -> Facet:
        merged: dict[str, int] = {}
        for segment, each in zip(self._segments, counts, strict=True):
            first, values = segment.facet_codes[name]
            for value, count in zip(values, each[first : first + len(values)].tolist(), strict=True):
                if count:
                    merged[value] = merged.get(value, 0) + count
        return trees.facet_of(query, name, merged)
