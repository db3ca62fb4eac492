"""What the file system says of files that were read again and had not changed, when nothing else is published.

A generation never changes, and a file whose time alone is new is no reason for another one; but without a note of the
new time every later build would read the file again. The note stands beside the generations, and may be lost.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from indexer.known import Array, KnownPages, settled

_WIDTH = 5  # numbers of an entry: the row of a page, and its stamp


def restamped(pages: KnownPages, note: bytes) -> KnownPages:
    """The pages of a generation with the stamps that were noted since; as they are where the note is not whole."""
    entries = _entries(note)
    if not len(entries) or entries[:, 0].max() >= len(pages) or entries[:, 0].min() < 0:
        return pages
    stamps = pages.stamps.copy()
    stamps[entries[:, 0]] = entries[:, 1:]
    return replace(pages, stamps=stamps)


def noted(pages: KnownPages, stamps: Array, moment_ns: int, note: bytes) -> bytes:
    """The note with the stamps that pages have now, in rows as before, where they are new; empty where none is.

    Files that had just changed at that moment keep the stamp they had, with which they are read again.
    """
    now = settled(stamps, moment_ns)
    rows = np.flatnonzero(now.any(axis=1) & (now != pages.stamps).any(axis=1))
    if not len(rows):
        return b""
    entries = np.concatenate([np.column_stack([rows, now[rows]]), _entries(note)])
    _, latest = np.unique(entries[:, 0], return_index=True)  # the first of each row, which is the newest
    return entries[latest].astype("<i8").tobytes()


def _entries(note: bytes) -> Array:
    whole = len(note) - len(note) % (8 * _WIDTH)
    return np.frombuffer(note[:whole], "<i8").reshape(-1, _WIDTH)
