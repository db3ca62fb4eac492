"""The same search on an OpenSearch cluster, for sites that outgrow one machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from indexer import analysis
from indexer.engines.opensearch_engine._address import parse
from indexer.engines.opensearch_engine._cluster import Cluster, Vanished
from indexer.engines.opensearch_engine._generations import ClusterGenerations
from indexer.engines.opensearch_engine._lease import Lease
from indexer.engines.opensearch_engine._schema import SCHEMA
from indexer.engines.opensearch_engine._search import ClusterSearcher, OpenGeneration
from indexer.engines.opensearch_engine._verify import verify
from indexer.engines.opensearch_engine._writer import GenerationWriter, read_attachment
from indexer.errors import EngineUnavailable, IndexMissing, IndexOutdated
from indexer.generation import Manifest
from indexer.ranking import Ranking

__all__ = ["OpenSearchEngine"]

FRESH_SECONDS = 1.0  # for which the name of the served generation is not asked for again


class OpenSearchEngine:
    """Reads and writes the generations under one name on a cluster; share one among the threads of a process."""

    def __init__(self, address: str, ranking: Ranking | None = None) -> None:
        self.cluster = Cluster(parse(address))
        self.generations = ClusterGenerations(self.cluster)
        self.ranking = ranking or Ranking()
        self._opened: OpenGeneration | None = None
        self._until = 0.0
        self._opening = threading.Lock()

    # -- reading -------------------------------------------------------------------------------------------------------

    def open(self) -> OpenGeneration:
        """The generation that is served, at most a second after it was published.

        Raises:
            IndexMissing, IndexOutdated, IndexDamaged: If there is none that can be served.
            EngineUnavailable: If the cluster does not answer.
        """
        opened = self._opened
        if opened is not None and time.monotonic() < self._until:
            return opened
        with self._opening:
            if self._opened is not None and time.monotonic() < self._until:
                return self._opened
            name = self.generations.current()
            if self._opened is None or self._opened.manifest.generation != name:
                self._opened = self._open(name)
            self._until = time.monotonic() + FRESH_SECONDS
            return self._opened

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

    def attachment(self, name: str) -> bytes | None:
        """Bytes attached to the current generation, or None."""
        return read_attachment(self.generations, self.generations.current(), name)

    def verify(self, generation: str) -> tuple[str, ...]:
        """What is wrong with a generation, as sentences; nothing when it is whole."""
        return verify(self.generations, generation, self.ranking)

    # -- writing -------------------------------------------------------------------------------------------------------

    @contextmanager
    def rebuild(self) -> Iterator[GenerationWriter]:
        """Write a new generation from nothing; live on a clean exit."""
        with self.generations.lock() as lease:
            yield from self._write(None, lease)

    @contextmanager
    def update(self) -> Iterator[GenerationWriter]:
        """Write a new generation that starts as a copy of the current one; live on a clean exit.

        Raises:
            IndexMissing, IndexDamaged, IndexOutdated: If there is none to start from.
        """
        with self.generations.lock() as lease:
            yield from self._write(self.base(), lease)

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
