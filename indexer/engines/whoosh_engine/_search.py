"""Answer queries from the columns of a generation."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
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
from indexer.generation import FORMAT_VERSION
from indexer.model import (
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


class _Look:
    """What was seen in documents that were looked at closely, by (part, number)."""

    __slots__ = ("bonus", "members", "shown", "spans")

    def __init__(self) -> None:
        self.bonus: dict[tuple[int, int], float] = {}
        self.members: dict[tuple[int, int], int] = {}
        self.shown: dict[tuple[int, int], list[int]] = {}
        self.spans: dict[tuple[int, int], Array] = {}


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
        return self._generation.manifest.stats(FORMAT_VERSION, "whoosh")

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
        seen = _Look()
        if query.sort == "relevance" and plan.total_idf and query.limit:
            near = min(window, len(ranked.base))
            ranked.bonus[:near] = self._look(plan, ranked, range(near), seen)
            best = self._arrange(ranked, -(ranked.base[:near] + ranked.bonus[:near]))
            for column in (ranked.base, ranked.parts, ranked.numbers, ranked.bonus):
                column[:near] = column[best]
        page = range(query.offset, min(query.offset + query.limit, len(ranked.base)))
        self._look(
            plan, ranked, [i for i in page if (int(ranked.parts[i]), int(ranked.numbers[i])) not in seen.shown], seen
        )
        reasons = [trees.reason(word) for word in plan.members]
        hits = tuple(self._hit(query, plan, ranked, i, seen, reasons) for i in page)
        facets = tuple(self._facet(query, name, counts) for name in query.facets)
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
            base, parts, numbers = runs[0]
        else:
            columns = zip(*runs, strict=True) if runs else ((), (), ())
            base, parts, numbers = (np.concatenate(each) if each else np.zeros(0, np.int32) for each in columns)
        ranked = _Ranked(base, parts, numbers, np.zeros(len(base), np.float64))
        if query.sort == "title" and len(runs) > 1:
            keys = [
                (self._segments[p].titles[n], self._doc_id(p, n))
                for p, n in zip(parts.tolist(), numbers.tolist(), strict=True)
            ]
            order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
        else:
            order = self._arrange(ranked, -base)
        order = order[:wanted]
        return total, counts, _Ranked(base[order], parts[order], numbers[order], ranked.bonus[order])

    def _arrange(self, ranked: _Ranked, keys: Array) -> Array:
        """Order of the first ``len(keys)`` documents: by key, then by id."""
        count = len(keys)
        if len(self._segments) == 1:
            # Within a segment documents are numbered in the order of their ids.
            return np.lexsort((ranked.numbers[:count], keys))
        ids = [
            self._doc_id(p, n)
            for p, n in zip(ranked.parts[:count].tolist(), ranked.numbers[:count].tolist(), strict=True)
        ]
        values = keys.tolist()
        return np.array(sorted(range(count), key=lambda i: (values[i], ids[i])), np.int64)

    def _doc_id(self, part: int, number: int) -> str:
        return self._segments[part].ids[number]

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

    def _look(self, plan: Plan, ranked: _Ranked, rows: Sequence[int], seen: _Look) -> Array:
        """Look at some of the ranked documents; returns their bonuses, in the order of ``rows``."""
        bonus = np.zeros(len(rows), np.float64)
        if not len(rows):
            return bonus
        chosen = np.array(rows, np.int64)
        parts = ranked.parts[chosen]
        for number, part in enumerate(plan.parts):
            mine = np.flatnonzero(parts == number)
            if len(mine):
                bonus[mine] = self._look_segment(plan, number, part, ranked.numbers[chosen[mine]], seen)
        return bonus

    def _look_segment(self, plan: Plan, number: int, part: SegmentPlan, documents: Array, seen: _Look) -> Array:
        segment, ranking = part.segment, self._ranking
        count = len(documents)
        term_member = self._scratch.terms[number]
        marked = list(part.terms)
        if marked:
            term_member[marked] = np.fromiter(part.terms.values(), np.int16, len(marked)) + 1
        occurrences = part.occurrences
        ends = np.zeros(len(occurrences) + 1, np.int64)
        if occurrences:
            ends[1:] = np.cumsum([len(each.documents) for each in occurrences])
        out_bonus = np.empty(count, np.float64)
        out_members = np.empty(count, np.uint64)
        out_shown = np.empty((count, 6), np.int64)
        out_spans = np.empty((count, inspection.WINDOW, 2), np.int32)
        inspection.inspect(
            documents.astype(np.int32, copy=False),
            segment.tokens, segment.token_ends, segment.token_starts, segment.token_lengths,
            segment.title_ends, segment.sections, segment.section_ends,
            term_member, np.array(plan.member_leaf or [0], np.int64), np.array(plan.idf, np.float64),
            np.array(plan.positions, np.int64),
            np.array([each.member for each in occurrences], np.int64), ends[:-1], ends[1:],
            np.concatenate([each.documents for each in occurrences]) if occurrences else _EMPTY_INTS,
            np.concatenate([each.positions for each in occurrences]) if occurrences else _EMPTY_INTS,
            np.array([each.length for each in occurrences], np.int64),
            plan.total_idf, ranking.title_coverage, ranking.title_fill, ranking.adjacency,
            self._scratch.roles, out_bonus, out_members, out_shown, out_spans,
        )  # fmt: skip
        if marked:
            term_member[marked] = 0
        keys = [(number, document) for document in documents.tolist()]
        seen.members.update(zip(keys, out_members.tolist(), strict=True))
        seen.shown.update(zip(keys, out_shown.tolist(), strict=True))
        seen.spans.update(zip(keys, out_spans, strict=True))
        return out_bonus

    # -- presenting ----------------------------------------------------------------------------------------------------

    def _hit(self, query: Query, plan: Plan, ranked: _Ranked, row: int, seen: _Look, reasons: list[str]) -> Hit:
        key = (int(ranked.parts[row]), int(ranked.numbers[row]))
        segment = self._segments[key[0]]
        card, outline = segment.card(key[1])
        members, shown = seen.members[key], seen.shown[key]
        section = None
        if shown[0] >= 0:
            heading, anchor = outline[shown[0]]
            section = SectionRef(heading, anchor, shown[0])
        if section is None and card.summary:
            snippet = Snippet(card.summary)
        else:
            snippet = inspection.snippet(partial(segment.texts.part, key[1]), shown, seen.spans[key])
        matched = dict.fromkeys([text for place, text in enumerate(reasons) if members >> min(place, 63) & 1])
        for leaf in plan.tree.leaves:
            if isinstance(leaf, DocumentIs) and card.doc_id in leaf.doc_ids:
                matched[trees.document_reason(leaf)] = None
        score = float(ranked.base[row] + ranked.bonus[row]) if query.sort == "relevance" else 0.0
        explanation = self._explain(query, plan, key, float(ranked.bonus[row])) if query.explain else ()
        return Hit(row + 1, round(score, 4), card, snippet, section, tuple(matched), explanation)

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

    def _facet(self, query: Query, name: str, counts: list[Array]) -> Facet:
        chosen = query.chosen(name)
        if len(self._segments) == 1 and not chosen:
            first, values = self._segments[0].facet_codes[name]
            mine = counts[0][first : first + len(values)]
            # Values stand in order, so a stable sort by count alone leaves equal counts in the order of their values.
            order = np.argsort(-mine, kind="stable")[: np.count_nonzero(mine)].tolist()
            found = mine.tolist()
            return Facet(name, tuple([_bucket(values[i], found[i], False) for i in order]))
        merged = dict.fromkeys(chosen, 0)
        for segment, each in zip(self._segments, counts, strict=True):
            first, values = segment.facet_codes[name]
            for value, count in zip(values, each[first : first + len(values)].tolist(), strict=True):
                if count:
                    merged[value] = merged.get(value, 0) + count
        buckets = [_bucket(value, count, value in chosen) for value, count in merged.items()]
        return Facet(name, tuple(sorted(buckets, key=lambda bucket: (-bucket.count.value, bucket.value))))


@lru_cache(maxsize=1 << 15)
def _bucket(value: str, count: int, selected: bool) -> Bucket:
    """A bucket; most of them are the same from query to query, and making one costs more than finding it."""
    return Bucket(value, Count(count), selected)
