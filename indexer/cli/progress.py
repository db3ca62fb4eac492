"""A line on a terminal that tells how far work has come."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

PROGRESS_SECONDS = 0.1  # between two changes of the line; oftener than that nobody reads it


class ProgressLine:
    """A line on standard error about work that goes on; silent where nobody watches, that is, on no terminal."""

    def __init__(self) -> None:
        self._watched = sys.stderr.isatty()
        self._width = 0
        self._shown = float("-inf")

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show how much of a stage is done; ``total`` is 0 where nobody knows."""
        now = time.monotonic()
        if not self._watched or (done != total and now - self._shown < PROGRESS_SECONDS):
            return
        text = f"{stage} {done:,}" + (f" of {total:,}" if total else "")
        if total:
            filled = 24 * done // total
            text += f" [{'#' * filled}{'.' * (24 - filled)}]"
        click.echo("\r" + text.ljust(self._width), err=True, nl=False)
        self._width, self._shown = len(text), now

    def clear(self) -> None:
        """Take the line away, so that something else can be printed in its place."""
        if self._width:
            click.echo("\r" + " " * self._width + "\r", err=True, nl=False)
        self._width, self._shown = 0, float("-inf")


@contextmanager
def terminal_progress() -> Iterator[ProgressLine]:
    """A progress line that is gone when the work is done."""
    line = ProgressLine()
    try:
        yield line
    finally:
        line.clear()
