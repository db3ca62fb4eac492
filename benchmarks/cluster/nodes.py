"""Nodes for a benchmark, and an index on them."""

from __future__ import annotations

import json
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.engines import Engine
from indexer.model import Document
from scripts.cluster import LocalCluster


@contextmanager
def nodes(heap: str = "512m", folder: Path | None = None) -> Iterator[LocalCluster]:
    """Three nodes for as long as the block lasts; what they hold stays if they are given a folder."""
    with tempfile.TemporaryDirectory(prefix="medsearch-cluster-") as passing:
        cluster = LocalCluster(folder or Path(passing), heap=heap)
        try:
            cluster.start_all()
            yield cluster
        finally:
            cluster.stop()


def fill(engine: Engine, documents: Iterable[Document]) -> float:
    """Build a generation of these documents; gives the seconds it took."""
    started = time.perf_counter()
    with engine.rebuild() as writer:
        for document in documents:
            writer.put(document)
    return time.perf_counter() - started


def stored(cluster: LocalCluster, name: str) -> int:
    """Bytes of the one generation of a name on all nodes, its words and all copies included."""
    path = f"http://127.0.0.1:{cluster.ports[0]}/_cat/indices/{name}-*?format=json&bytes=b&s=index"
    with urllib.request.urlopen(path, timeout=30) as found:
        return sum(int(index["store.size"]) for index in json.load(found))
