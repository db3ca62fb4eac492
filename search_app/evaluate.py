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

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from indexer.engines import Searcher
from search_app.measures import MEASURES, Measure
from search_app.request import MAX_PER_PAGE, SearchRequest
from search_app.search import answer
from search_app.words import Words

HALVES = ("tuning", "held_out")
NOTHING = "nothing"
MAX_GRADE = 3
DEPTH = 100  # hits of a run; MRR looks no further
SEED = 20  # of the bootstrap, so that the same run always has the same interval
RESAMPLES = 2000

# ---------------------------------------------------------------------------------------------------------------------
# Judgments


class JudgmentError(ValueError):
    """A line of a judgment or run file that cannot be read; the message names file, line and reason."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        self.path, self.line, self.reason = path, line, reason
        super().__init__(f"{path}:{line}: {reason}")


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """What a visitor typed; ``query_class`` and ``half`` are empty where the file does not say."""

    query_id: str
    text: str
    query_class: str = ""
    half: str = ""


@dataclass(frozen=True, slots=True)
class Judgments:
    """Queries with the grade of each judged page (0 to 3); ``relevant`` is the grade from which a page counts."""

    queries: tuple[JudgedQuery, ...]
    grades: Mapping[str, Mapping[str, int]]
    relevant: int = 1

    def of(self, query_id: str) -> Mapping[str, int]:
        """Grades of one query by document id; empty when nothing was judged."""
        return self.grades.get(query_id, {})

    @property
    def ranked(self) -> tuple[JudgedQuery, ...]:
        """Queries that some page answers, the ones that measures of ranking are taken from."""
        return tuple(query for query in self.queries if max(self.of(query.query_id).values(), default=0) > 0)

    @property
    def empty(self) -> tuple[JudgedQuery, ...]:
        """Queries that should find nothing."""
        return tuple(query for query in self.queries if query.query_class == NOTHING)


def load(queries: Path, qrels: Path, half: str | None = None, relevant: int | None = None) -> Judgments:
    """Judgments from a file of queries and a file of grades; grades of queries that are not there are left out.

    Args:
        queries: JSON lines with ``id`` and ``text``; ``class`` and ``half`` are optional, other fields are ignored.
        qrels: Lines of query id, document id and grade, tab-separated.
        half: Keep only the queries of this half.
        relevant: Grade from which a page is relevant; 2 if any grade is above 1, else 1, when None.

    Raises:
        JudgmentError: For the first line that is wrong.
    """
    read = tuple(_queries(queries))
    grades = _grades(qrels, {query.query_id: query for query in read})
    if relevant is None:
        relevant = 2 if any(grade > 1 for judged in grades.values() for grade in judged.values()) else 1
    kept = tuple(query for query in read if half is None or query.half == half)
    return Judgments(kept, {query.query_id: grades.get(query.query_id, {}) for query in kept}, relevant)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines with something on them, counted from 1."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JudgmentError(path, path.read_bytes()[: error.start].count(b"\n") + 1, "not UTF-8") from None
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.rstrip("\r")


def _queries(path: Path) -> Iterator[JudgedQuery]:
    seen: set[str] = set()
    for number, line in _lines(path):
        try:
            fields = json.loads(line)
        except json.JSONDecodeError as error:
            raise JudgmentError(path, number, f"not JSON: {error.msg}") from None
        if not isinstance(fields, dict):
            raise JudgmentError(path, number, "not a JSON object")
        if isinstance(fields.get("id"), int):
            fields["id"] = str(fields["id"])
        for name in ("id", "text"):
            if not isinstance(fields.get(name), str) or not fields[name].strip():
                raise JudgmentError(path, number, f"needs {name!r}, a string that is not empty")
        for name in ("class", "half"):
            if not isinstance(fields.get(name, ""), str):
                raise JudgmentError(path, number, f"{name!r} must be a string")
        query = JudgedQuery(fields["id"], fields["text"], fields.get("class", ""), fields.get("half", ""))
        if query.query_id in seen:
            raise JudgmentError(path, number, f"the id {query.query_id!r} was used before")
        if query.half and query.half not in HALVES:
            raise JudgmentError(path, number, f"the half {query.half!r} is neither 'tuning' nor 'held_out'")
        seen.add(query.query_id)
        yield query


def _grades(path: Path, known: Mapping[str, JudgedQuery]) -> dict[str, dict[str, int]]:
    grades: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        columns = line.split("\t")
        if len(columns) != 3:
            raise JudgmentError(
                path, number, f"needs query id, document id and grade between tabs, has {len(columns)} columns"
            )
        query_id, doc_id, grade = (column.strip() for column in columns)
        if not doc_id:
            raise JudgmentError(path, number, "the document id is empty")
        if grade not in {str(each) for each in range(MAX_GRADE + 1)}:
            raise JudgmentError(path, number, f"the grade {grade!r} is not a whole number from 0 to {MAX_GRADE}")
        if grade != "0" and query_id in known and known[query_id].query_class == NOTHING:
            raise JudgmentError(
                path, number, f"the query {query_id!r} should find nothing, yet has a page of grade {grade}"
            )
        if doc_id in grades.setdefault(query_id, {}):
            raise JudgmentError(path, number, f"{doc_id!r} was judged before for {query_id!r}")
        grades[query_id][doc_id] = int(grade)
    if known and grades and not known.keys() & grades.keys():
        raise JudgmentError(path, 1, f"none of its {len(grades)} query ids is among the queries")
    return grades


# ---------------------------------------------------------------------------------------------------------------------
# Runs


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
    for number, line in _lines(path):
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


# ---------------------------------------------------------------------------------------------------------------------
# Reports


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


def evaluate(
    queries: Path, qrels: Path, searcher: Searcher, *, half: str | None = None, words: Words | None = None
) -> Report:
    """Load judgments, search each query, and measure the run.

    Raises:
        JudgmentError: For the first line that is wrong.
    """
    judgments = load(queries, qrels, half)
    return measure(judgments, make_run(judgments, searcher, words=words))


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
