"""Ctrl-C ends a long piece of work, also when the interruption itself gets lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """Give a check to be made at every piece of work: once SIGINT has come, it raises ``KeyboardInterrupt`` again.

    Python raises it wherever it happens to be. In a finalizer or a callback of C code the exception is dropped there,
    and work that was told to end would go on. Where SIGINT is ignored, as in a shell's background jobs, it stays so.
    """
    asked = False

    def remember(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        raise KeyboardInterrupt

    def check() -> None:
        if asked:
            raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield check
        return
    signal.signal(signal.SIGINT, remember)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
