"""Look again and again whether the files of the generation that is served are still what was written.

An opening believes files that nobody has touched (``checked.py``), and a disk may lose what it holds without a word.
So each file is read once soon after the start, again when it looks changed, and else once a day: one file after the
other, by one thread of one process, which leaves half of the time, and the memory of the system, to others.
"""

from __future__ import annotations

import errno
import logging
import mmap
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from indexer.checked import Checked
from indexer.checksums import file_checksum, read_sparing
from indexer.errors import IndexDamaged, IndexUnusable
from indexer.generation import Generations
from indexer.manifest import Manifest

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0  # from the start, and between two looks at which files there are
AGAIN_SECONDS = 86_400.0  # until a file that does not look changed is read again
NEVER = float("-inf")
_PRIORITY = 19  # the lowest
_MOST_DOUBTS = 255

Seen = tuple[int, int, int]  # inode, size and time of the last change; a build that links a file leaves these


class Watch:
    """A thread that looks after the generations in a folder, as long as this object is kept.

    Processes that are divided off later see what it finds; they have no such thread themselves.
    """

    def __init__(self, generations: Generations) -> None:
        self._shared = mmap.mmap(-1, mmap.PAGESIZE)  # anonymous memory stays shared when a process divides
        stop = threading.Event()
        weakref.finalize(self, stop.set).atexit = False  # it ends with the process anyway
        arguments = (Rounds(generations, stop), self._shared, stop)
        threading.Thread(target=_watch, args=arguments, name="watch", daemon=True).start()

    @property
    def doubts(self) -> int:
        """How often a file was found to be damaged."""
        return self._shared[0]


class Rounds:
    """What one thread has read, and when."""

    def __init__(self, generations: Generations, stop: threading.Event) -> None:
        self._generations = generations
        self._stop = stop
        self._read: dict[Seen, float] = {}
        self._told: set[str] = set()
        self._manifest: Manifest | None = None

    def look(self) -> tuple[str, ...]:
        """Read what is due of the current generation; returns what is wrong with it that was not known before."""
        try:
            name = self._generations.current()
            if self._manifest is None or self._manifest.generation != name:
                self._manifest = self._generations.manifest(name)
            found = {str(IndexDamaged(name, reason)) for reason in self._wrong(self._manifest)} - self._told
            if name != self._generations.current():
                return ()  # it may have been removed meanwhile
        except IndexUnusable:  # whoever serves it says so
            return ()
        self._told |= found
        return tuple(sorted(found))

    def _wrong(self, manifest: Manifest) -> Iterator[str]:
        """What is wrong with files that are due to be read; those that cannot be read now will be due again."""
        folder = self._generations.path(manifest.generation)
        read, self._read = self._read, {}
        due: list[tuple[str, os.stat_result]] = []
        for file in manifest.files:
            with self._legible(file) as wrong:
                status = os.stat(folder / file)
                if (when := read.get(_seen(status), NEVER)) + AGAIN_SECONDS > time.monotonic():
                    self._read[_seen(status)] = when
                else:
                    due.append((file, status))
            yield from wrong
        for file, status in due:
            with self._legible(file) as wrong:
                if self._sum(folder / file) not in (None, manifest.files[file][1]):
                    wrong.append(f"{file} differs from its checksum")
                    record = Checked(self._generations.folder)
                    record.forget(status)
                    record.save()
                self._read[_seen(status)] = time.monotonic()
            yield from wrong

    def _sum(self, path: Path) -> str | None:
        """Checksum of a file, or None if this thread is to stop."""
        found = file_checksum(path, self._paced)
        return None if self._stop.is_set() else found

    @contextmanager
    def _legible(self, file: str) -> Iterator[list[str]]:
        """A list of what is wrong with a file, to which is added if the disk cannot read it."""
        wrong: list[str] = []
        try:
            yield wrong
        except FileNotFoundError:
            wrong.append(f"{file} is missing")
        except OSError as error:  # too many open files, say, are no damage
            if error.errno == errno.EIO:
                wrong.append(f"{file} cannot be read ({error.strerror})")

    def _paced(self, descriptor: int, buffer: memoryview, offset: int) -> int:
        """Read sparingly, and then do nothing for as long; nothing more once it is to stop."""
        started = time.monotonic()
        count = 0 if self._stop.is_set() else read_sparing(descriptor, buffer, offset)
        time.sleep(min(time.monotonic() - started, 1.0))
        return count


def _seen(status: os.stat_result) -> Seen:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _watch(rounds: Rounds, shared: mmap.mmap, stop: threading.Event) -> None:
    with suppress(OSError, AttributeError):  # where threads have a priority of their own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _PRIORITY)
    while not stop.wait(LOOK_SECONDS):
        try:
            problems = rounds.look()
        except Exception:  # a thread that ends would look at nothing any more
            log.exception("Cannot look whether the index is whole")
            continue
        for problem in problems:
            log.error("%s", problem)
        if problems:
            shared[0] = min(shared[0] + 1, _MOST_DOUBTS)
