"""Agreement of two readers, on tables that can be worked out on paper."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest

from benchmarks.agreement import agreement, kappa
from search_app.judgments import JudgedQuery
from search_app.runs import Ranking, Run

QUERIES = (JudgedQuery("q1", "one"), JudgedQuery("q2", "two"), JudgedQuery("q3", "graded once"))
FIRST = {"q1": {"a": 3, "b": 2, "c": 0, "d": 0}, "q2": {"a": 0, "b": 1}, "q3": {"a": 3}}
RUN = Run(
    {"q1": Ranking("q1", ("c", "new", "b", "a", "d")), "q2": Ranking("q2", ("a", "b")), "q3": Ranking("q3", ("a",))}
)


def test_kappa_by_hand() -> None:
    """Cohen's example of two grades: 20, 5, 10 and 15 of 50 pages agree on 0.7, by chance on 0.5."""
    table = np.zeros((4, 4))
    table[:2, :2] = [[20, 5], [10, 15]]
    assert kappa(table, 1) == pytest.approx(0.4)
    assert kappa(table, 2) == pytest.approx(0.4)  # grades that are one apart weigh the same


def test_quadratic_weights_forgive_near_grades_more() -> None:
    """One page of four is off by one; chance would be off by 4.5 in all, and by 8 when distances are squared."""
    table = np.diag([1, 1, 1, 0])
    table[2, 3] = 1
    assert kappa(table, 1) == pytest.approx(1 - 1 / 4.5)
    assert kappa(table, 2) == pytest.approx(1 - 1 / 8)


def test_readers_who_agree_reach_the_top() -> None:
    found = agreement(QUERIES[:2], FIRST, FIRST, RUN)
    assert (found.queries, found.pages) == (2, 6)
    assert (found.equal, found.off_by_one, found.further) == (1, 0, 0)
    assert found.linear.mean == found.quadratic.mean == found.second_by_first.mean == found.first_by_second.mean == 1


def test_only_pages_that_both_have_graded_count() -> None:
    """The second reader swaps the two best pages of q1 and never saw c; q3 was not graded again."""
    second = {"q1": {"a": 2, "b": 3, "d": 0}, "q2": {"a": 0, "b": 3, "unseen": 3}}
    found = agreement(QUERIES, FIRST, second, RUN)
    assert (found.queries, found.pages) == (2, 5)
    assert (found.equal, found.off_by_one, found.further) == pytest.approx((2 / 5, 2 / 5, 1 / 5))
    swapped = (3 + 7 / log2(3)) / (7 + 3 / log2(3))
    assert found.second_by_first.mean == pytest.approx((swapped + 1) / 2)
    assert found.first_by_second.mean == pytest.approx((swapped + 1) / 2)


def test_the_search_is_measured_by_either_reader_on_the_pages_that_both_have_graded() -> None:
    """Of q1 the search has c, which the second reader never saw, "new", which nobody graded, then b, a and d."""
    second = {"q1": {"a": 2, "b": 3, "d": 0}, "q2": {"a": 0, "b": 3}}
    found = agreement(QUERIES, FIRST, second, RUN)
    swapped, one_late = (3 + 7 / log2(3)) / (7 + 3 / log2(3)), 1 / log2(3)
    assert found.search_by_first.mean == pytest.approx((swapped + one_late) / 2)
    assert found.search_by_second.mean == pytest.approx((1 + one_late) / 2)
