"""The embedded engine: a durable Whoosh index with read-optimised columns beside it, in immutable generations."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from indexer import analysis
from indexer.errors import IndexLocked, IndexOutdated, IndexUnusable
from indexer.generation import ATTACHED, Generations
from indexer.manifest import FORMAT_VERSION, Manifest
from indexer.ranking import Ranking
from indexer.watching import Watch

if TYPE_CHECKING:
    from indexer.engines.whoosh_engine._reader import OpenGeneration
    from indexer.engines.whoosh_engine._search import ColumnSearcher, Scratch
    from indexer.engines.whoosh_engine._writer import GenerationWriter

__all__ = ["WhooshEngine"]

log = logging.getLogger(__name__)

State = tuple[int, int, int]  # of the pointer, and how often something has been found damaged

RETRY_FAILED_SECONDS = 1.0  # after nothing could be opened; meanwhile the same error is given again
RETRY_DAMAGED_SECONDS = 30.0  # after an older generation had to be served instead
# A build reads files again that were last found whole before: each night's finds what is damaged, and builds anew.
TRUSTED_NS = 20 * 3600 * 10**9
LINKED = (".bin", ".seg")  # the ends of names of files that an update hands on as they are; it reads all others
LAG_SECONDS = 1.5  # after a publication, for which the old generation may answer while a thread opens the new one


class WhooshEngine:
    """Reads and writes the generations in one folder; share one among the threads of a process.

    Files that were found whole before and are the same since are believed at each opening; with ``whole`` they are
    read. Who serves for long should either want that or ``watch``.
    """

    def __init__(self, folder: Path | str, ranking: Ranking | None = None, *, whole: bool = False) -> None:
        self.generations = Generations(folder)
        self._whole = whole
        self._watch: Watch | None = None
        self.ranking = ranking or Ranking()
        self._opened: OpenGeneration | None = None
        self._seen: State = (-1, -1, 0)
        self._until = math.inf  # when to look again even though the pointer has not moved
        self._failure: tuple[IndexUnusable | OSError | ValueError, float] | None = None
        self._opening = threading.Lock()
        self._sharing = threading.Lock()
        self._spare: list[tuple[OpenGeneration, Scratch]] = []  # arrays that nobody searches with at the moment

    # -- reading -------------------------------------------------------------------------------------------------------

    def open(self) -> OpenGeneration:
        """The newest whole generation, opened by the first call after it was published.

        Other threads get the old one meanwhile, but not when it was published more than ``LAG_SECONDS`` ago: then
        they wait. If the published one is damaged and another is already open, that one goes on serving.

        Raises:
            IndexMissing, IndexOutdated, IndexDamaged: If there is nothing that can be served.
        """
        state = self._state()
        opened = self._opened
        now = time.monotonic()
        if opened is not None and state == self._seen and now < self._until:
            return opened
        if not self._opening.acquire(blocking=False):
            # By the clock of the file system, so that a thread that comes late waits for a generation long published.
            age = time.time() - state[1] / 1e9
            if opened is not None and (state[:2] == self._seen[:2] or 0 <= age < LAG_SECONDS):
                return opened
            self._opening.acquire()
        try:
            state = self._state()  # it may have moved on, again, while this thread waited
            if self._opened is not None and state == self._seen and now < self._until:
                return self._opened
            return self._reopen(state, now)
        finally:
            self._opening.release()

    def watch(self) -> None:
        """From now on look in a thread of this process, and for all that it becomes by dividing, at what is believed.

        Once something is found to be damaged, every opening reads everything.
        """
        self._watch = Watch(self.generations)

    def _state(self) -> State:
        doubts = self._watch.doubts if self._watch else 0
        return (*self.generations.pointer_state(), doubts)

    def _reopen(self, state: State, now: float) -> OpenGeneration:
        """Open what the pointer in this state names; by one thread at a time."""
        if self._failure is not None and state == self._seen and now < self._failure[1]:
            # A flood of requests must not read a damaged index again and again.
            raise self._failure[0].with_traceback(None)
        self._failure, self._until = None, math.inf
        whole = self._whole or bool(state[2])
        try:
            manifest, problems = self.generations.newest_good(None if whole else 0)
            known = self._opened
            if known is None or (known.manifest.generation, known.problems) != (manifest.generation, problems):
                for problem in problems:
                    log.error("%s", problem)
                folder = self.generations.path(manifest.generation)
                from indexer.engines.whoosh_engine._reader import OpenGeneration  # it loads the loops of a search

                known = OpenGeneration(folder, manifest, self.ranking, problems)
        except (IndexUnusable, OSError, ValueError) as error:
            self._seen = state
            known = self._opened
            if known is not None and state[2] and self.generations.is_damaged(known.manifest.generation):
                known = self._opened = None
            if known is None:
                self._failure = (error, now + RETRY_FAILED_SECONDS)
                raise
            log.error("Still serving %s: %s", known.manifest.generation, error)
            known.problems = (str(error),)
        if known.problems:
            self._until = now + RETRY_DAMAGED_SECONDS  # it may have been no damage but, say, too many open files
        self._opened, self._seen = known, state
        return known

    @contextmanager
    def searcher(self) -> Iterator[ColumnSearcher]:
        """A searcher on the newest generation, for one thread."""
        from indexer.engines.whoosh_engine import _search  # it loads the loops of a search

        opened = self.open()
        scratch = self._scratch(opened)
        yield _search.ColumnSearcher(opened, scratch)
        with self._sharing:  # only after a clean end are the arrays zeroed
            if opened is self._opened:
                self._spare.append((opened, scratch))

    def _scratch(self, opened: OpenGeneration) -> Scratch:
        """Arrays to search with: those used last, which the processor still has in its cache, or new ones.

        So there are as many as searches at the same time, and not as many as threads.
        """
        with self._sharing:
            for place in reversed(range(len(self._spare))):
                if self._spare[place][0] is opened:
                    return self._spare.pop(place)[1]
            if opened is self._opened:
                self._spare.clear()  # all of an older generation
        from indexer.engines.whoosh_engine._search import Scratch

        return Scratch(opened.segments)

    def attachment(self, name: str, generation: str | None = None) -> bytes | None:
        """Bytes attached to a generation, the current one where none is named, or None."""
        path = self.generations.path(generation or self.generations.current()) / ATTACHED / name
        return path.read_bytes() if path.is_file() else None

    def verify(self, generation: str) -> tuple[str, ...]:
        """What is wrong with a generation, as sentences; nothing when it is whole."""
        from indexer.verify import verify  # it opens generations with the parts of this package

        return verify(self.generations, generation)

    def searcher_of(self, generation: str) -> ColumnSearcher:
        """A searcher on one generation, whether it is served or not, for one thread.

        Raises:
            GenerationMissing, IndexDamaged, IndexOutdated: If it cannot be opened.
        """
        from indexer.engines.whoosh_engine._writer import searcher_in

        manifest = self.generations.check(generation, None if self._whole else 0)
        return searcher_in(self.generations.path(generation), manifest, self.ranking)

    # -- writing -------------------------------------------------------------------------------------------------------

    @contextmanager
    def rebuild(self) -> Iterator[GenerationWriter]:
        """Write a new generation from nothing; live on a clean exit."""
        with self.generations.lock():
            yield from self._write(None)

    @contextmanager
    def update(self, base: Manifest | None = None) -> Iterator[GenerationWriter]:
        """Write a new generation that starts as a copy of the current one; live on a clean exit.

        ``base`` is what ``base()`` gave a moment ago: a large index is not summed twice for one build.

        Raises:
            IndexMissing, IndexDamaged, IndexOutdated: If there is none to start from.
            IndexLocked: If another build is running, or has published since ``base`` was checked.
        """
        with self.generations.lock():
            if base is not None and base.generation != self.generations.current():
                raise IndexLocked(self.generations.folder)
            yield from self._write(base or self.base())

    def base(self) -> Manifest:
        """Manifest of the current generation, checked, if an update can start from it.

        What an update makes anew is read before: of a damaged file it would make one with a right checksum. What it
        only hands on is believed for less than a day.

        Raises:
            IndexMissing, IndexDamaged, IndexOutdated: If it cannot.
        """
        manifest = self.generations.check(
            self.generations.current(), time.time_ns() - TRUSTED_NS, lambda file: not file.endswith(LINKED)
        )
        if manifest.analyzer != analysis.digest() or manifest.ranking != self.ranking.index_part():
            raise IndexOutdated(manifest.format_version, FORMAT_VERSION)
        return manifest

    def _write(self, base: Manifest | None) -> Iterator[GenerationWriter]:
        from indexer.engines.whoosh_engine._writer import GenerationWriter  # with Whoosh, which no search needs

        writer = GenerationWriter(self.generations, self.ranking, base)
        try:
            yield writer
            writer.finish()
        except BaseException:
            writer.abandon()
            raise
