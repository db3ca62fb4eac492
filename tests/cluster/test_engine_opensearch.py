"""The engine on a real OpenSearch cluster answers exactly as the naive one."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator

import pytest

from indexer.engines import Engine
from indexer.engines.opensearch_engine import OpenSearchEngine
from scripts.cluster import LocalCluster
from tests.engine_contract import EngineContract


class TestOpenSearchEngine(EngineContract):
    """Contract, on a fresh name for each engine."""

    @pytest.fixture
    def make_engine(self, nodes: LocalCluster) -> Iterator[Callable[[], Engine]]:
        numbers = itertools.count()
        run = f"t{uuid.uuid4().hex[:8]}"
        made: list[OpenSearchEngine] = []

        def clear() -> None:
            for engine in made:
                for name in engine.generations.names():
                    engine.generations.discard(name)
            made.clear()

        def make() -> Engine:
            clear()
            made.append(OpenSearchEngine(f"opensearch://{nodes.hosts}/{run}_{next(numbers)}?shards=2"))
            return made[0]

        yield make
        clear()
