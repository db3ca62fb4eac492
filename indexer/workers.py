"""Processes that parse pages and analyse documents for a build."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process

MAX_WORKERS = 8


def worker_count() -> int:
    """How many of them this machine is good for."""
    return min(os.cpu_count() or 1, MAX_WORKERS)


def worker_pool() -> ProcessPoolExecutor:
    """A pool of them; they end with this process, however it ends."""
    # Fresh processes: a fork would copy the locks of whatever threads this one has.
    return ProcessPoolExecutor(worker_count(), get_context("spawn"), initializer=_end_with_parent)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
