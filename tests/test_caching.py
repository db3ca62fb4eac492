"""The cache of answers: bounded, and nothing is made twice at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from search_app.caching import AnswerCache, Latest

PATIENCE = 60  # seconds; guards against what never ends


def test_the_answers_used_last_are_kept() -> None:
    cache: AnswerCache[int] = AnswerCache(2)
    made: list[int] = []

    def make(number: int) -> int:
        made.append(number)
        return number * 10

    for number in (1, 2, 1, 3, 1, 2):
        assert cache.get(number, lambda number=number: make(number)) == number * 10
    assert made == [1, 2, 3, 2]
    assert len(cache) == 2


def test_a_cache_without_room_keeps_nothing() -> None:
    cache: AnswerCache[int] = AnswerCache(0)
    assert [cache.get("key", lambda made=made: made) for made in (1, 2)] == [1, 2]
    assert len(cache) == 0


def test_what_many_threads_ask_for_at_once_is_made_once() -> None:
    """As after a publication, when each of them would otherwise collect all the names for the suggestions."""
    cache: AnswerCache[int] = AnswerCache(4)
    making, others, go_on = threading.Event(), threading.Event(), threading.Event()
    made: list[str] = []

    def make() -> int:
        made.append(threading.current_thread().name)
        making.set()
        assert go_on.wait(PATIENCE)
        return 7

    with ThreadPoolExecutor(6) as threads:
        first = threads.submit(cache.get, "key", make)
        assert making.wait(PATIENCE)
        rest = [threads.submit(lambda: (others.set(), cache.get("key", make))[1]) for _ in range(5)]
        assert others.wait(PATIENCE)
        # What is asked for under another key does not wait.
        assert cache.get("other", lambda: 1) == 1
        go_on.set()
        assert [future.result(PATIENCE) for future in (first, *rest)] == [7] * 6
    assert len(made) == 1


def test_a_failure_reaches_all_who_wait_and_is_forgotten() -> None:
    cache: AnswerCache[int] = AnswerCache(4)
    making, go_on = threading.Event(), threading.Event()

    def fail() -> int:
        making.set()
        assert go_on.wait(PATIENCE)
        raise ValueError("not today")

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(cache.get, "key", fail)
        assert making.wait(PATIENCE)
        second = threads.submit(cache.get, "key", fail)
        go_on.set()
        for future in (first, second):
            with pytest.raises(ValueError, match="not today"):
                future.result(PATIENCE)
    assert cache.get("key", lambda: 3) == 3


def test_while_a_new_one_is_made_the_one_before_is_given() -> None:
    latest: Latest[str] = Latest()
    making, go_on = threading.Event(), threading.Event()

    def make() -> str:
        making.set()
        assert go_on.wait(PATIENCE)
        return "new"

    assert latest.get(1, lambda: "old") == "old"
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(latest.get, 2, make)
        assert making.wait(PATIENCE)
        assert latest.get(2, lambda: "made twice") == "old"
        go_on.set()
        assert first.result(PATIENCE) == "new"
    assert latest.get(2, lambda: "made twice") == "new"
    assert latest.get(1, lambda: "made again") == "old", "for a request that began before"
    assert [latest.get(key, lambda key=key: f"{key}") for key in (3, 2, 1)] == ["3", "new", "1"]


def test_the_first_one_is_waited_for_and_a_failure_is_no_end() -> None:
    latest: Latest[int] = Latest()

    def fail() -> int:
        raise ValueError("not today")

    with pytest.raises(ValueError, match="not today"):
        latest.get(1, fail)
    assert latest.get(1, lambda: 7) == 7
