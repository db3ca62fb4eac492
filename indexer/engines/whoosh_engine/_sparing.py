"""Serve an index that is larger than the memory that a process should take.

Columns are mapped files, and a page of them that a search touches counts as resident memory of the process from then
on, with fifteen around it as far as the system has them at hand: in the end nearly all of a large index. And with a
page that is read from the disk come, as systems are set up, 128 KB to 8 MB around it, which take the place of pages
that are needed again. So of a large index only the pages that are touched are read, lists of postings all at once, and
from time to time the process lets go of what it has mapped. It stays with the system as long as that has memory.
"""

from __future__ import annotations

import mmap
from pathlib import Path

from indexer.engines.whoosh_engine._segment import Segment

LARGE = 1 << 30  # bytes of columns; a smaller index may stay in memory as a whole
KEPT = 512 << 20  # bytes of columns that a process keeps mapped, about
# Columns of which a search reads those parts that belong to a few documents.
OF_DOCUMENTS = ("tokens", "marks", "texts.bytes", "cards.bytes")
SEARCHES = 4  # between two looks at how many these are
RESIDENT = Path("/proc/self/statm")  # in pages: all, resident, those of them that are of files, and others


def size_of(segment: Segment) -> int:
    """Bytes of the columns of a segment."""
    return sum(pack.size for pack in segment.packs)


class Sparing:
    """Lets go of mapped pages when there are many; share one among the threads that search a generation."""

    def __init__(self, segments: list[Segment]) -> None:
        self._segments = segments
        self._searches = 0
        self._most = _of_files() + KEPT
        for segment in segments:
            segment.spare()

    def searched(self) -> None:
        """Say that a search is over. Others may be under way: what they touch is mapped again.

        What it reads of a few documents goes first, since it seldom looks at the same ones again.
        """
        self._searches += 1
        if self._searches % SEARCHES or _of_files() <= self._most:
            return
        for segment in self._segments:
            segment.packs[0].release(*OF_DOCUMENTS)
        if _of_files() > self._most - KEPT // 2:
            for segment in self._segments:
                for pack in segment.packs:
                    pack.release()


def _of_files() -> int:
    """Bytes of files that this process has mapped and touched; 0 where the system does not say."""
    try:
        return int(RESIDENT.read_text("ascii").split()[2]) * mmap.PAGESIZE
    except OSError:
        return 0
