"""Runs: which documents a search gave for judged queries, in memory and as files of TREC."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.engines import Searcher
from search_app.judgments import JudgedQuery, JudgmentError, Judgments, read_lines
from search_app.request import MAX_PER_PAGE, SearchRequest
from search_app.search import answer
from search_app.words import Words

DEPTH = 100  # hits of a run; MRR looks no further


@dataclass(frozen=True, slots=True)
class Ranking:
    """Documents found for one query, best first; ``partial`` says they were shown as lacking some of the words."""

    query_id: str
    doc_ids: tuple[str, ...]
    scores: tuple[float, ...] = ()
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """What a search gave for a set of queries."""

    rankings: Mapping[str, Ranking]
    name: str = "medsearch"

    def of(self, query_id: str) -> Ranking:
        """Ranking of one query; an empty one when it is not in the run."""
        return self.rankings.get(query_id) or Ranking(query_id, ())


def make_run(judgments: Judgments, searcher: Searcher, *, depth: int = DEPTH, words: Words | None = None) -> Run:
    """Search each query as the search page does, down to ``depth`` hits."""
    found = (_search(query, searcher, depth, words) for query in judgments.queries)
    return Run({ranking.query_id: ranking for ranking in found})


def _search(query: JudgedQuery, searcher: Searcher, depth: int, words: Words | None) -> Ranking:
    hits: list[tuple[str, float]] = []
    partial = False
    for page in range(1, -(-depth // MAX_PER_PAGE) + 1):
        request = SearchRequest(q=query.text, page=page, per_page=min(depth, MAX_PER_PAGE))
        found = answer(request, searcher, words)
        hits += [(hit.doc_id, hit.score) for hit in found.results.hits]
        partial = found.absent > 0 and not found.complete
        if page >= found.pages:
            break
    hits = hits[:depth]
    return Ranking(query.query_id, tuple(doc_id for doc_id, _ in hits), tuple(score for _, score in hits), partial)


def trec(run: Run) -> str:
    """The run in TREC format; scores fall strictly, since trec_eval sorts by score, which it reads as 32 bits."""
    lines = []
    for ranking in run.rankings.values():
        score = np.float32(np.inf)
        for rank, doc_id in enumerate(ranking.doc_ids, 1):
            own = ranking.scores[rank - 1] if ranking.scores else len(ranking.doc_ids) - rank
            score = min(np.float32(own), np.nextafter(score, np.float32(-np.inf)))
            lines.append(f"{ranking.query_id} Q0 {doc_id} {rank} {score} {run.name}\n")
    return "".join(lines)


def read_run(path: Path) -> Run:
    """A run from a TREC file: query id, Q0, document id, rank, score, name. Ordered by score, then as in the file.

    Raises:
        JudgmentError: For the first line that is wrong.
    """
    scored: dict[str, dict[str, float]] = {}
    name = path.stem
    for number, line in read_lines(path):
        columns = line.split()
        if len(columns) != 6:
            raise JudgmentError(path, number, f"a run line has 6 columns, this one {len(columns)}")
        query_id, _, doc_id, _, score, name = columns
        try:
            value = float(score)
        except ValueError:
            raise JudgmentError(path, number, f"the score {score!r} is not a number") from None
        if math.isnan(value):
            raise JudgmentError(path, number, "the score is not a number")
        if doc_id in scored.setdefault(query_id, {}):
            raise JudgmentError(path, number, f"{doc_id!r} stands twice for {query_id!r}")
        scored[query_id][doc_id] = value
    rankings = {}
    for query_id, hits in scored.items():
        order = sorted(hits, key=lambda doc_id: -hits[doc_id])  # a stable sort: ties stay as in the file
        rankings[query_id] = Ranking(query_id, tuple(order), tuple(hits[doc_id] for doc_id in order))
    return Run(rankings, name)
