"""Processes that parse pages and analyse documents for a build."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

MAX_WORKERS = 8
AHEAD = 4  # pieces of work for each worker that are under way or done and not yet asked for


def worker_count() -> int:
    """How many of them this machine is good for."""
    return min(os.cpu_count() or 1, MAX_WORKERS)


class _Pool(ProcessPoolExecutor):
    """Starts its processes deaf to Ctrl-C, which comes to them too, maybe before they know that it is not for them."""

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Hand over one piece of work, and start a process where one more is wanted."""
        # A process begins with the mask of the thread that starts it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def worker_pool() -> ProcessPoolExecutor:
    """A pool of them; they end with this process, however it ends."""
    # Fresh processes: a fork would copy the locks of whatever threads this one has.
    return _Pool(worker_count(), get_context("spawn"), initializer=_end_with_parent)


def worked(function: Callable[[T], R], pieces: Iterable[T]) -> Generator[R, None, None]:
    """What a function makes of each piece of work, in order, done by a pool of them.

    They are never more than a few pieces ahead of whoever asks, so memory does not grow with the number of pieces.
    """
    pool = worker_pool()
    under_way: deque[Future[R]] = deque()
    try:
        for piece in pieces:
            under_way.append(pool.submit(function, piece))
            if len(under_way) > AHEAD * worker_count():
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the parent ends these, without a word
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
