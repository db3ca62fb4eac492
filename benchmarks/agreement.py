"""How far two readers agree on the grades, and how good the best order of one looks to the other.

    python -m benchmarks.agreement

The pages of ``second_qrels.tsv``, which were graded twice. Agreement is Cohen's kappa with linear and with quadratic weights
(1 is complete, 0 is what chance gives). The ceiling is nDCG@10 of a system that puts the pages in the order of one
reader's grades, measured by the other's, with equal grades in the order of a digest; beside it the same pages in the order of
the digest alone. Only pages with both grades count, so ceilings are above what a search of the whole corpus could reach.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from benchmarks.judged_collections import JUDGMENTS
from search_app import evaluate
from search_app.evaluate import Estimate, JudgedQuery, Judgments, Ranking, Run

Grades = Mapping[str, Mapping[str, int]]
GRADES = np.arange(evaluate.MAX_GRADE + 1)
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
    drawn = np.random.default_rng(evaluate.SEED).integers(0, len(tables), (evaluate.RESAMPLES, len(tables)))
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
    return evaluate.measure(Judgments(queries, grades, relevant=2), run).overall.estimates["ndcg@10"]


def agreement(queries: Iterable[JudgedQuery], first: Grades, second: Grades) -> Agreement:
    """Compare two readers on the pages that both have graded, over the queries that have such pages."""
    asked = tuple(query for query in queries if first.get(query.query_id) and second.get(query.query_id))
    shared = {query.query_id: first[query.query_id].keys() & second[query.query_id].keys() for query in asked}
    one = {query_id: {doc_id: first[query_id][doc_id] for doc_id in shared[query_id]} for query_id in shared}
    two = {query_id: {doc_id: second[query_id][doc_id] for doc_id in shared[query_id]} for query_id in shared}
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
    )  # fmt: skip


def main() -> None:
    """Print one line for each class of queries and one for all."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    first = evaluate.load(JUDGMENTS / "queries.jsonl", JUDGMENTS / "qrels.tsv")
    second = evaluate.load(JUDGMENTS / "queries.jsonl", JUDGMENTS / "second_qrels.tsv").grades
    twice = [query for query in first.queries if second.get(query.query_id)]
    columns = ("linear kappa", "quadratic kappa", "2nd's order by 1st", "1st's order by 2nd", "no order by 1st")
    heads = "".join(f"{each:>23}" for each in columns)
    print(f"{'':16}{'queries':>8}{'pages':>7}{'equal':>7}{'by 1':>6}{'more':>6}{heads}")
    for name in (*dict.fromkeys(query.query_class for query in twice), "all"):
        found = agreement([query for query in twice if name in {"all", query.query_class}], first.grades, second)
        shares = f"{found.equal:>7.0%}{found.off_by_one:>6.0%}{found.further:>6.0%}"
        ceilings = (found.second_by_first, found.first_by_second, found.unordered_by_first)
        estimates = "".join(f"{each!s:>23}" for each in (found.linear, found.quadratic, *ceilings))
        print(f"{name:16}{found.queries:>8}{found.pages:>7}{shares}{estimates}")


if __name__ == "__main__":
    main()
