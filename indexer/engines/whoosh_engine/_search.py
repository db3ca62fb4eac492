"""Answer queries from the columns of a generation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from heapq import merge
from itertools import count as count_from

import numpy as np

from indexer.engines import tree as trees
from indexer.engines.excerpts import snippet_texts
from indexer.engines.whoosh_engine import _answer as loops
from indexer.engines.whoosh_engine._hits import Presenter, merged_facets, ordered_facets
from indexer.engines.whoosh_engine._lexicon import ColumnLexicon
from indexer.engines.whoosh_engine._plan import SegmentPlan, make_plan, numbers_of, weights_of
from indexer.engines.whoosh_engine._reader import OpenGeneration
from indexer.engines.whoosh_engine._scratch import Scratch
from indexer.engines.whoosh_engine._segment import Segment
from indexer.engines.whoosh_engine._several import search_several
from indexer.model import And, Count, Document, Everything, Facet, Hit, IndexStats, Query, Results

__all__ = ["ColumnSearcher", "Scratch"]


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

    def moved(self, doc_id: str, /) -> str | None:
        """Id of the document that the page of an address is part of, where that is another one; else None."""
        return self._generation.moved.get(doc_id)

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
        scratch, ranking = self._scratch, self._ranking
        parts = list(map(SegmentPlan, self._segments, scratch.parts))
        plan = make_plan(tree, parts, self._generation.live, ranking)
        last = query.offset + query.limit
        window = ranking.rerank_window if query.sort == "relevance" and query.limit and plan.total_idf else 0
        limit = min(max(last, window), scratch.most_hits)
        stages = loops.MATCH | (loops.WEIGH if window else 0) | (loops.SHOW if query.limit else 0)
        head = [stages if len(parts) == 1 else loops.MATCH, limit, window, last, query.offset, last, 0]
        for part in parts:
            part.working.ask(numbers_of(query, plan, part, head), weights_of(query, plan, part, ranking))
        presenter = Presenter(query, plan, ranking)
        if len(parts) == 1:
            total, hits, facets = self._search_one(query, parts[0], presenter)
        else:
            total, hits = search_several(query, plan, presenter, scratch, bool(window))
            facets = merged_facets(query, parts)
        if self._generation.sparing:
            self._generation.sparing.searched()
        took_ms = (time.perf_counter() - started) * 1000
        return Results(query, Count(total), hits, facets, self._generation.manifest.generation, took_ms)

    def _search_one(
        self, query: Query, part: SegmentPlan, presenter: Presenter
    ) -> tuple[int, tuple[Hit, ...], tuple[Facet, ...]]:
        """How many documents of the only segment match, the hits, the facets: all of it in one call of the loops."""
        scratch = self._scratch
        size, cut = loops.answer(part.working.table)
        numbers = scratch.out[:size].tolist()
        total, found, counted = numbers[: loops.HITS]
        count = max(min(found - query.offset, query.limit), 0)
        scores = scratch.out_scores[:count].tolist()
        bonus = scratch.bonus[query.offset : query.offset + count].tolist() if query.explain else ()
        ranks = count_from(query.offset + 1)
        hits = tuple(presenter.hits(part, numbers[loops.HITS :], snippet_texts(cut), ranks, scores, bonus))
        if query.filters:
            return total, hits, merged_facets(query, [part])
        return total, hits, ordered_facets(query.facets, part.working.facets[:counted])
