"""Pages that wait on disk between being parsed and being cut: what is cut from one is known when all have been read."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable
from contextlib import suppress
from typing import IO

import orjson

from indexer.model import Page
from indexer.records import read_record

HELD = 400  # pages that stay in memory as they are: a small build writes nothing

Open = Callable[[], IO[bytes]]


class Spool:
    """Takes pages, some of them packed already, and gives each back once, in any order.

    All but the first few lie in one file, which ``opened`` gives when it is needed. Errors of the disk are ``OSError``.
    """

    def __init__(self, opened: Open) -> None:
        self._opened = opened
        self._file: IO[bytes] | None = None
        self._held: dict[int, Page] = {}
        self._ends = array("Q", [0])
        self._written = True

    def put(self, page: Page | bytes) -> int:
        """Take a page, or what ``packed`` made of it; returns its number."""
        number = len(self._ends) - 1
        blob = b""
        if isinstance(page, Page) and len(self._held) < HELD:
            self._held[number] = page
        else:
            blob = packed(page) if isinstance(page, Page) else page
            if self._file is None:
                self._file = self._opened()
            self._file.write(blob)
            self._written = False
        self._ends.append(self._ends[-1] + len(blob))
        return number

    def take(self, number: int) -> Page:
        """The page of a number, which is not kept any longer if it was in memory."""
        if (page := self._held.pop(number, None)) is not None:
            return page
        assert self._file is not None
        if not self._written:
            self._file.flush()
            self._written = True
        start, end = self._ends[number], self._ends[number + 1]
        return unpacked(os.pread(self._file.fileno(), end - start, start))

    def close(self) -> None:
        """Give up what is left, and the room on the disk."""
        self._held.clear()
        if self._file is not None:
            with suppress(OSError):  # a full disk: what was not written is not wanted any more
                self._file.close()
            self._file = None


def packed(page: Page) -> bytes:
    """A page as JSON."""
    return orjson.dumps(page)


def unpacked(blob: bytes) -> Page:
    """The page that ``packed`` packed."""
    return read_record(Page, blob)
