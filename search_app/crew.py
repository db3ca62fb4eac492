"""Threads that do jobs in the order in which they come."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

log = logging.getLogger(__name__)


class Crew:
    """At most so many threads, each started when a job finds no other idle.

    Nobody waits for what a job gives, so none needs the future that a pool of the standard library makes, which costs
    more than some answers do.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.threads: list[Thread] = []
        self._free = 0  # threads that wait, less jobs that wait for one
        self._lock = Lock()
        self._jobs: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()

    def submit(self, job: Callable[..., Any], *given: Any) -> None:
        """Have a job done soon; it should meet its errors itself."""
        with self._lock:
            self._free -= 1
            if self._free < 0 and len(self.threads) < self._most:
                self._free += 1
                self.threads.append(Thread(target=self._work, daemon=True))
                self.threads[-1].start()
        self._jobs.put(partial(job, *given))

    def shutdown(self, wait: bool = False) -> None:
        """Let each thread end after the jobs that wait now; ``wait`` is there for gunicorn, which never does."""
        del wait
        for _ in self.threads:
            self._jobs.put(None)

    def _work(self) -> None:
        while job := self._jobs.get():
            try:
                job()
            except Exception:
                log.exception("A job failed.")
            with self._lock:
                self._free += 1
