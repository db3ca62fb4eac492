"""How far two readers agree on the grades, and how good the best order of one looks to the other.

    python -m benchmarks.agreement

The pages of ``second_qrels.tsv``, which were graded twice. Agreement is Cohen's kappa with linear and with quadratic weights
(1 is complete, 0 is what chance gives). The ceiling is nDCG@10 of a system that puts the pages in the order of one
reader's grades, measured by the other's, with equal grades in the order of a digest; beside it the same pages in the order of
the digest alone. Last comes our own search, whose order of the same pages is measured by either reader: the engine was made with
the first reader's grades of half of these queries in sight, and never with the second's. Only pages with both grades count, so
all of these are above what a search of the whole corpus could reach.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from benchmarks.judged_collections import JUDGMENTS, indexed, own_documents
from search_app.evaluate import RESAMPLES, SEED, Estimate, measure
from search_app.judgments import HALVES, MAX_GRADE, JudgedQuery, Judgments, load
from search_app.runs import Ranking, Run, make_run

Grades = Mapping[str, Mapping[str, int]]
DEPTH = 300  # more than there are pages, so that every graded page that is found has its place
GRADES = np.arange(MAX_GRADE + 1)
DISTANCE = abs(GRADES[:, None] - GRADES[None, :])  # how far two grades are apart


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two readers on the same pages of some queries; shares are of the pages, the others have a 95% interval."""

    queries: int
    pages: int
    equal: float
    off_by_one: float
    further: float
    linear: Estimate
    quadratic: Estimate
    second_by_first: Estimate
    first_by_second: Estimate
    unordered_by_first: Estimate
    search_by_first: Estimate
    search_by_second: Estimate


def kappa(confusion: np.ndarray, power: int) -> np.ndarray:
    """Cohen's weighted kappa of each table of counts (the last two axes: first reader, second reader); NaN without spread.

    Source: Cohen, *Weighted kappa*, Psychological Bulletin 70 (1968), with disagreement ``distance ** power``.
    """
    weights = DISTANCE**power
    total = confusion.sum(axis=(-2, -1))
    by_chance = confusion.sum(axis=-1)[..., :, None] * confusion.sum(axis=-2)[..., None, :] / total[..., None, None]
    expected = (weights * by_chance).sum(axis=(-2, -1))
    return np.asarray(1 - (weights * confusion).sum(axis=(-2, -1)) / np.where(expected, expected, np.nan))


def _kappa_between(tables: np.ndarray, power: int) -> Estimate:
    """Kappa over all pages; the interval draws whole queries, since pages of one query are graded alike."""
    drawn = np.random.default_rng(SEED).integers(0, len(tables), (RESAMPLES, len(tables)))
    low, high = np.nanpercentile(kappa(tables[drawn].sum(axis=1), power), (2.5, 97.5))
    return Estimate(float(kappa(tables.sum(axis=0), power)), float(low), float(high))


def _ordered(grades: Grades, by_grade: bool = True) -> Run:
    """Each query's pages, best grade first and equal ones by digest; by digest alone without ``by_grade``."""
    rankings = {}
    for query_id, judged in grades.items():
        digests = {doc_id: sha256(f"{query_id} {doc_id}".encode()).digest() for doc_id in judged}
        order = sorted(judged, key=lambda doc_id: (-judged[doc_id] if by_grade else 0, digests[doc_id]))
        rankings[query_id] = Ranking(query_id, tuple(order))
    return Run(rankings)


def _ndcg(queries: tuple[JudgedQuery, ...], grades: Grades, run: Run) -> Estimate:
    return measure(Judgments(queries, grades, relevant=2), run).overall.estimates["ndcg@10"]


def agreement(queries: Iterable[JudgedQuery], first: Grades, second: Grades, run: Run) -> Agreement:
    """Compare two readers on the pages that both have graded, over the queries that have such pages.

    ``run`` is what our search gave for the queries; its pages that only one reader or none has graded are passed over.
    """
    asked = tuple(query for query in queries if first.get(query.query_id) and second.get(query.query_id))
    shared = {query.query_id: first[query.query_id].keys() & second[query.query_id].keys() for query in asked}
    one = {query_id: {doc_id: first[query_id][doc_id] for doc_id in shared[query_id]} for query_id in shared}
    two = {query_id: {doc_id: second[query_id][doc_id] for doc_id in shared[query_id]} for query_id in shared}
    searched = Run({
        query_id: Ranking(query_id, tuple(doc_id for doc_id in run.of(query_id).doc_ids if doc_id in pages))
        for query_id, pages in shared.items()
    })  # fmt: skip
    tables = np.zeros((len(asked), len(GRADES), len(GRADES)), int)
    for table, query_id in zip(tables, shared, strict=True):
        for doc_id in shared[query_id]:
            table[one[query_id][doc_id], two[query_id][doc_id]] += 1
    counts = tables.sum(axis=0)
    equal, off_by_one, further = (
        float(counts[apart].sum() / counts.sum()) for apart in (DISTANCE == 0, DISTANCE == 1, DISTANCE > 1)
    )
    return Agreement(
        len(asked), int(counts.sum()), equal, off_by_one, further, _kappa_between(tables, 1), _kappa_between(tables, 2),
        _ndcg(asked, one, _ordered(two)), _ndcg(asked, two, _ordered(one)), _ndcg(asked, one, _ordered(one, by_grade=False)),
        _ndcg(asked, one, searched), _ndcg(asked, two, searched),
    )  # fmt: skip


def main() -> None:
    """Print one line for each class of queries and one for all."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    first = load(JUDGMENTS / "queries.jsonl", JUDGMENTS / "qrels.tsv")
    second = load(JUDGMENTS / "queries.jsonl", JUDGMENTS / "second_qrels.tsv").grades
    twice = [query for query in first.queries if second.get(query.query_id)]
    asked = Judgments(tuple(twice), first.grades, relevant=first.relevant)
    with indexed(own_documents()) as searcher:
        run = make_run(asked, searcher, depth=DEPTH)
    columns = (
        "linear kappa", "quadratic kappa", "2nd's order by 1st", "1st's order by 2nd", "no order by 1st",
        "the search by 1st", "the search by 2nd",
    )  # fmt: skip
    heads = "".join(f"{each:>23}" for each in columns)
    print(f"{'':16}{'queries':>8}{'pages':>7}{'equal':>7}{'by 1':>6}{'more':>6}{heads}")
    for name in (*dict.fromkeys(query.query_class for query in twice), *HALVES, "all"):
        some = [query for query in twice if name in {"all", query.query_class, query.half}]
        found = agreement(some, first.grades, second, run)
        shares = f"{found.equal:>7.0%}{found.off_by_one:>6.0%}{found.further:>6.0%}"
        orders = (found.second_by_first, found.first_by_second, found.unordered_by_first)
        searched = (found.search_by_first, found.search_by_second)
        estimates = "".join(f"{each!s:>23}" for each in (found.linear, found.quadratic, *orders, *searched))
        print(f"{name:16}{found.queries:>8}{found.pages:>7}{shares}{estimates}")


if __name__ == "__main__":
    main()
