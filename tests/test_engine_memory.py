"""The memory engine keeps the contract; it is small enough to be read as its definition."""

from collections.abc import Callable

import pytest

from indexer.engines import Engine
from indexer.engines.memory import MemoryEngine
from tests.engine_contract import EngineContract


class TestMemoryEngine(EngineContract):
    """Contract against itself: the property tests then only show that it answers at all."""

    @pytest.fixture
    def make_engine(self) -> Callable[[], Engine]:
        return MemoryEngine
