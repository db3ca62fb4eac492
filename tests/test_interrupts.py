"""An interruption ends the work, wherever it came."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from indexer.interrupts import interruptible
from indexer.workers import worker_pool


@pytest.fixture(autouse=True)
def listening() -> Iterator[None]:
    """SIGINT as on a terminal, however these tests were started."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Finalized:
    """Python drops what is raised here."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interruption_that_was_dropped_is_raised_at_the_next_piece_of_work() -> None:
    pieces: list[int] = []

    def work() -> None:
        with interruptible() as check:
            for number in range(3):
                check()
                Finalized()  # it is gone at once, and the exception with it
                pieces.append(number)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert pieces == [0]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_where_it_is_ignored_it_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interruptible() as check:
        signal.raise_signal(signal.SIGINT)
        check()


def test_a_process_that_parses_has_sigint_blocked_from_its_first_moment() -> None:
    with worker_pool() as pool:
        blocked = pool.submit(signal.pthread_sigmask, signal.SIG_BLOCK, ()).result()
    assert signal.SIGINT in blocked
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
