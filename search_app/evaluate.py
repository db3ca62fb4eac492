"""Measure relevance: judged queries and what a search gave for them, as numbers with intervals.

Definitions are those of trec_eval, so that figures can be compared with published ones:

- **nDCG@10**: gain ``2**grade - 1``, discount ``log2(rank + 1)``, divided by that of the best order there could be. The
  best order comes from the judgments, so a page that was not found costs as much as one that stands too low.
- **success@1**, **MRR**, **recall@10** count a page as relevant from grade 2 (useful), or from grade 1 where the
  judgments know no higher grade.
- Queries of the class ``nothing`` have no relevant page. They are measured apart, by how many are answered with no hit,
  or with hits that are marked as lacking some of the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from indexer.engines import Searcher
from search_app.judgments import NOTHING, JudgedQuery, Judgments
from search_app.measures import MEASURES, Measure
from search_app.runs import Run

SEED = 20  # of the bootstrap, so that the same run always has the same interval
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over queries with its 95% confidence interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and percentile bootstrap interval; the same values always give the same interval."""
    if not values:
        return Estimate(0.0, 0.0, 0.0)
    sample = np.asarray(values, float)
    drawn = np.random.default_rng(SEED).integers(0, len(sample), (RESAMPLES, len(sample)))
    low, high = np.percentile(sample[drawn].mean(axis=1), (2.5, 97.5))
    return Estimate(float(sample.mean()), float(low), float(high))


@dataclass(frozen=True, slots=True)
class Row:
    """Measures over the queries of one class, or over all of them."""

    name: str
    queries: int
    estimates: Mapping[str, Estimate]

    def as_json(self) -> dict[str, Any]:
        """Means by name, and their intervals apart."""
        means = {name: round(each.mean, 4) for name, each in self.estimates.items()}
        spans = {name: [round(each.low, 4), round(each.high, 4)] for name, each in self.estimates.items()}
        return {"queries": self.queries, **means, "intervals": spans}


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Measures of one query, and the first documents found for it with their grades."""

    query: JudgedQuery
    values: Mapping[str, float]
    top: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A measured run: over all queries, by class, and query by query.

    Attributes:
        overall: Over all queries that some page answers.
        classes: The same by class, in the order of the queries; empty when the queries have no class.
        nothing: Share of the queries that should find nothing and do.
        results: Each query's own figures.
        relevant: Grade from which a page counts as relevant.
        queries: Queries that were measured, those that should find nothing included.
    """

    overall: Row
    classes: tuple[Row, ...]
    nothing: Row | None
    results: tuple[QueryResult, ...]
    relevant: int
    queries: int = field(default=0)

    def worst(self, measure: str = "ndcg@10", limit: int = 20) -> tuple[QueryResult, ...]:
        """The queries that lose most, worst first."""
        lost = sorted(self.results, key=lambda result: (result.values.get(measure, 1.0), result.query.query_id))
        return tuple(result for result in lost if result.values.get(measure, 1.0) < 1)[:limit]

    def as_json(self) -> dict[str, Any]:
        """Everything, in plain values: the means of all queries at the top, then classes and queries."""
        return {
            **self.overall.as_json(),
            "relevant_from_grade": self.relevant,
            "classes": {row.name: row.as_json() for row in self.classes},
            "nothing": self.nothing.as_json() if self.nothing else None,
            "per_query": [
                {
                    "id": result.query.query_id,
                    "text": result.query.text,
                    "class": result.query.query_class,
                    **{name: round(value, 4) for name, value in result.values.items()},
                    "top": [{"id": doc_id, "grade": grade} for doc_id, grade in result.top],
                }
                for result in self.results
            ],
        }

    def as_text(self) -> str:
        """A table for a terminal: one line a class, the mean and its 95% interval in each column."""
        names = list(self.overall.estimates)
        lines = [f"{'':16}{'queries':>8}" + "".join(f"{name:>22}" for name in names)]
        for row in (*self.classes, self.overall):
            cells = "".join(f"{row.estimates[name]!s:>22}" for name in names)
            lines.append(f"{row.name:16}{row.queries:>8}{cells}")
        if self.nothing:
            empty = self.nothing.estimates["empty"]
            lines.append(f"{NOTHING:16}{self.nothing.queries:>8}{empty!s:>22}  found nothing, as they should")
        lines.append(f"95% confidence intervals; success, MRR and recall count pages from grade {self.relevant}.")
        return "\n".join(lines)


def measure(judgments: Judgments, run: Run, measures: Mapping[str, Measure] = MEASURES) -> Report:
    """The measures of a run over the judged queries."""
    results = [_measured(query, judgments, run, measures) for query in judgments.ranked]
    classes = dict.fromkeys(result.query.query_class for result in results if result.query.query_class)
    empty = [_empty(query, run) for query in judgments.empty]
    values = [result.values["empty"] for result in empty]
    return Report(
        overall=_row("all", results, measures),
        classes=tuple(
            _row(name, [result for result in results if result.query.query_class == name], measures) for name in classes
        ),
        nothing=Row(NOTHING, len(empty), {"empty": estimate(values)}) if empty else None,
        results=(*results, *empty),
        relevant=judgments.relevant,
        queries=len(results) + len(empty),
    )


def not_indexed(judgments: Judgments, searcher: Searcher) -> tuple[str, ...]:
    """Judged documents that the index does not have, by id: no search finds them, so they lower the measures."""
    return tuple(doc_id for doc_id in sorted(judgments.doc_ids) if searcher.get(doc_id) is None)


def _measured(query: JudgedQuery, judgments: Judgments, run: Run, measures: Mapping[str, Measure]) -> QueryResult:
    judged = judgments.of(query.query_id)
    doc_ids = run.of(query.query_id).doc_ids
    found = [judged.get(doc_id, 0) for doc_id in doc_ids]
    all_grades = list(judged.values())
    values = {name: function(found, all_grades, judgments.relevant) for name, function in measures.items()}
    return QueryResult(query, values, tuple(zip(doc_ids[:10], found[:10], strict=True)))


def _empty(query: JudgedQuery, run: Run) -> QueryResult:
    ranking = run.of(query.query_id)
    value = float(not ranking.doc_ids or ranking.partial)
    return QueryResult(query, {"empty": value}, tuple((doc_id, 0) for doc_id in ranking.doc_ids[:10]))


def _row(name: str, results: Sequence[QueryResult], measures: Iterable[str]) -> Row:
    return Row(name, len(results), {each: estimate([result.values[each] for result in results]) for each in measures})
