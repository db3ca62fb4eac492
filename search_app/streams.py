"""Words in and out of a terminal whose locale is not UTF-8."""

from __future__ import annotations

import io
import os
import sys
from codecs import lookup


def write_everything() -> None:
    """Let standard output and error take any text: escaped on a terminal, in UTF-8 where a program reads it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and lookup(stream.encoding).name != "utf-8":
            if stream.isatty():
                stream.reconfigure(errors="backslashreplace")
            else:
                stream.reconfigure(encoding="utf-8")


def typed(argument: str) -> str:
    """An argument as it was typed in UTF-8, whatever the locale took its bytes for."""
    return os.fsencode(argument).decode("utf-8", "replace")
