"""The same search on an OpenSearch cluster, for sites that outgrow one machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from indexer import analysis
from indexer.engines.opensearch_engine._address import parse
from indexer.engines.opensearch_engine._attached import read_attachment
from indexer.engines.opensearch_engine._cluster import Cluster, Vanished
from indexer.engines.opensearch_engine._generations import ClusterGenerations
from indexer.engines.opensearch_engine._lease import Lease
from indexer.engines.opensearch_engine._schema import SCHEMA
from indexer.engines.opensearch_engine._search import ClusterSearcher, OpenGeneration
from indexer.engines.opensearch_engine._verify import verify
from indexer.engines.opensearch_engine._writer import GenerationWriter
from indexer.errors import EngineUnavailable, IndexLocked, IndexMissing, IndexOutdated, SearchError
from indexer.manifest import Manifest
from indexer.ranking import Ranking

__all__ = ["OpenSearchEngine"]

FRESH_SECONDS = 1.0  # for which the name of the served generation is not asked for again
LAG_SECONDS = 2.0  # beyond that, for which the open generation goes on answering while one thread asks


class OpenSearchEngine:
    """Reads and writes the generations under one name on a cluster; share one among the threads of a process."""

    def __init__(self, address: str, ranking: Ranking | None = None) -> None:
        self.cluster = Cluster(parse(address))
        self.generations = ClusterGenerations(self.cluster)
        self.ranking = ranking or Ranking()
        self._opened: OpenGeneration | None = None
        self._until = 0.0
        self._failure: tuple[SearchError, float] | None = None
        self._opening = threading.Lock()

    # -- reading -------------------------------------------------------------------------------------------------------

    def open(self) -> OpenGeneration:
        """The generation that is served, at most a second after it was published.

        One thread asks the cluster for it. The others go on with the one that is open, but not once it was to be asked
        for more than ``LAG_SECONDS`` ago: then they wait, and get what that thread gets, its error too.

        Raises:
            IndexMissing, IndexOutdated, IndexDamaged: If there is none that can be served.
            EngineUnavailable: If the cluster does not answer.
        """
        opened, came = self._opened, time.monotonic()
        if opened is not None and came < self._until:
            return opened
        if not self._opening.acquire(blocking=False):
            if opened is not None and came < self._until + LAG_SECONDS:
                return opened
            self._opening.acquire()
        try:
            if self._opened is not None and time.monotonic() < self._until:
                return self._opened
            if self._failure is not None and came < self._failure[1]:
                # It failed while this thread waited. Were each to ask, the last of many would wait for all the others.
                raise self._failure[0].with_traceback(None)
            return self._ask()
        finally:
            self._opening.release()

    def _ask(self) -> OpenGeneration:
        """Ask which generation is served, and open it if it is another one; by one thread at a time."""
        try:
            name = self.generations.current()
            known = self._opened
            if known is None or known.manifest.generation != name:
                known = self._open(name)
        except SearchError as error:
            self._failure = (error, time.monotonic())
            raise
        self._opened, self._failure = known, None
        self._until = time.monotonic() + FRESH_SECONDS
        return known

    def _open(self, name: str) -> OpenGeneration:
        manifest = self.generations.manifest(name)
        if manifest.analyzer != analysis.digest():
            raise IndexOutdated(manifest.format_version, SCHEMA)
        return OpenGeneration(self.generations, manifest, self.ranking)

    @contextmanager
    def searcher(self) -> Iterator[ClusterSearcher]:
        """A searcher on the served generation."""
        try:
            yield ClusterSearcher(self.open())
        except Vanished:
            # Its indices were removed by hand or by a prune while it was open; the next request opens another.
            self._until = 0.0
            self._opened = None
            raise EngineUnavailable(self.cluster.address.shown, "the generation that was open is gone") from None

    def attachment(self, name: str, generation: str | None = None) -> bytes | None:
        """Bytes attached to a generation, the current one where none is named, or None."""
        return read_attachment(self.generations, generation or self.generations.current(), name)

    def verify(self, generation: str) -> tuple[str, ...]:
        """What is wrong with a generation, as sentences; nothing when it is whole."""
        return verify(self.generations, generation, self.ranking)

    def searcher_of(self, generation: str) -> ClusterSearcher:
        """A searcher on one generation, whether it is served or not.

        Raises:
            GenerationMissing, IndexDamaged, IndexOutdated: If it cannot be opened.
            EngineUnavailable: If the cluster does not answer.
        """
        return ClusterSearcher(self._open(generation))

    def watch(self) -> None:
        """Nothing: the nodes of the cluster look after their files."""

    # -- writing -------------------------------------------------------------------------------------------------------

    @contextmanager
    def rebuild(self) -> Iterator[GenerationWriter]:
        """Write a new generation from nothing; live on a clean exit."""
        with self.generations.lock() as lease:
            yield from self._write(None, lease)

    @contextmanager
    def update(self, base: Manifest | None = None) -> Iterator[GenerationWriter]:
        """Write a new generation that starts as a copy of the current one; live on a clean exit.

        Raises:
            IndexMissing, IndexDamaged, IndexOutdated: If there is none to start from.
            IndexLocked: If another build is running, or has published since ``base``, which ``base()`` gave, was read.
        """
        with self.generations.lock() as lease:
            if base is not None and base.generation != self.generations.current():
                raise IndexLocked(self.cluster.address.shown)
            yield from self._write(base or self.base(), lease)

    def base(self) -> Manifest:
        """Manifest of the current generation if an update can start from it.

        Raises:
            IndexMissing, IndexDamaged, IndexOutdated: If it cannot.
        """
        manifest = self.generations.manifest(self.generations.current())
        if manifest.analyzer != analysis.digest() or manifest.ranking != self.ranking.index_part():
            raise IndexOutdated(manifest.format_version, SCHEMA)
        return manifest

    def _write(self, base: Manifest | None, lease: Lease) -> Iterator[GenerationWriter]:
        try:
            writer = GenerationWriter(self.generations, self.ranking, base, lease)
            try:
                yield writer
                writer.finish()
            except BaseException:
                writer.abandon()
                raise
        except Vanished:
            raise IndexMissing(self.cluster.address.shown) from None
        self._until = 0.0
