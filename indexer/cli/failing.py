"""How a command fails: one sentence on standard error and an exit status that says of which kind."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from indexer.errors import EngineUnavailable, IndexLocked, IndexUnusable, SearchError

EXIT_FAILED, EXIT_NO_INDEX, EXIT_LOCKED = 1, 3, 4  # 2, wrong usage, is click's own
P = ParamSpec("P")
R = TypeVar("R")


class Failure(click.ClickException):
    """One of our own errors, on standard error, with the exit status that its kind has."""

    def __init__(self, error: SearchError) -> None:
        super().__init__(str(error))
        self.exit_code = EXIT_FAILED  # type: ignore[misc]
        if isinstance(error, IndexLocked):
            self.exit_code = EXIT_LOCKED  # type: ignore[misc]
        elif isinstance(error, IndexUnusable | EngineUnavailable):
            self.exit_code = EXIT_NO_INDEX  # type: ignore[misc]


def report_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn what a person can act on into one sentence and an exit status."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SearchError as error:
            raise Failure(error) from error
        except BrokenPipeError:
            # The reader has what it wanted ("| head"); nothing more to say, and nothing to flush at exit.
            sys.stdout = None
            sys.exit(0)
        except OSError as error:
            place = f" {error.filename}" if error.filename else ""
            raise click.ClickException(f"{error.strerror or error}{place}.") from error

    return wrapped
