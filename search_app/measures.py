"""Measures of one query: ``found`` is the grade at each rank, ``judged`` are all grades that were given.

Definitions are those of trec_eval, so that figures can be compared with published ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence


def ndcg(found: Sequence[int], judged: Iterable[int], cutoff: int) -> float:
    """Discounted gain of the first ``cutoff`` hits against the best there could be; 0 when nothing is relevant.

    Source: Burges et al. (2005), with exponential gain; trec_eval's ndcg_cut has it with a linear one.
    """

    def gain(grades: Sequence[int]) -> float:
        return math.fsum((2**grade - 1) / math.log2(rank + 1) for rank, grade in enumerate(grades[:cutoff], 1))

    best = gain(sorted(judged, reverse=True))
    return gain(found) / best if best else 0.0


def success(found: Sequence[int], cutoff: int, relevant: int) -> float:
    """1 when a relevant page is among the first ``cutoff`` hits, else 0."""
    return float(any(grade >= relevant for grade in found[:cutoff]))


def reciprocal_rank(found: Sequence[int], relevant: int) -> float:
    """1 over the rank of the first relevant page; 0 when there is none."""
    return next((1 / rank for rank, grade in enumerate(found, 1) if grade >= relevant), 0.0)


def recall(found: Sequence[int], judged: Iterable[int], cutoff: int, relevant: int) -> float:
    """Share of the relevant pages that are among the first ``cutoff`` hits; below 1 where there are more of them."""
    wanted = sum(grade >= relevant for grade in judged)
    return sum(grade >= relevant for grade in found[:cutoff]) / wanted if wanted else 0.0


def precision(found: Sequence[int], cutoff: int, relevant: int) -> float:
    """Share of relevant pages among the first ``cutoff`` hits; hits that are missing count as wrong."""
    return sum(grade >= relevant for grade in found[:cutoff]) / cutoff


def average_precision(found: Sequence[int], judged: Iterable[int], relevant: int) -> float:
    """Mean of the precision at each relevant page, where a page that was not found adds 0."""
    wanted = sum(grade >= relevant for grade in judged)
    ranks = [rank for rank, grade in enumerate(found, 1) if grade >= relevant]
    return math.fsum(count / rank for count, rank in enumerate(ranks, 1)) / wanted if wanted else 0.0


Measure = Callable[[Sequence[int], Sequence[int], int], float]
MEASURES: Mapping[str, Measure] = {
    "ndcg@10": lambda found, judged, relevant: ndcg(found, judged, 10),
    "success@1": lambda found, judged, relevant: success(found, 1, relevant),
    "mrr": lambda found, judged, relevant: reciprocal_rank(found, relevant),
    "recall@10": lambda found, judged, relevant: recall(found, judged, 10, relevant),
}
AD_HOC: Mapping[str, Measure] = {  # for test collections, whose published figures use these
    "ndcg@10": MEASURES["ndcg@10"],
    "map": average_precision,
    "p@30": lambda found, judged, relevant: precision(found, 30, relevant),
}
