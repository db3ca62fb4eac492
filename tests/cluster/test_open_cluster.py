"""Threads share what one of them asks the cluster: which generation is served."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from indexer.engines.opensearch_engine import OpenSearchEngine
from indexer.errors import EngineUnavailable
from indexer.model import Document
from scripts.cluster import LocalCluster

GUARD_SECONDS = 60.0  # against hanging; says nothing about speed


def publish(engine: OpenSearchEngine) -> str:
    """Write one more generation, through another engine on the same address."""
    other = OpenSearchEngine(f"opensearch://{engine.cluster.address.shown.split('://')[1]}")
    with other.rebuild() as writer:
        writer.put(Document("articles/1", "article", "One", ()))
    return other.generations.current()


class Held:
    """Holds every question for the served generation until it is let go; the question itself is the real one."""

    def __init__(self, engine: OpenSearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ask: Callable[[], str] = engine.generations.current
        self.asking = threading.Event()
        self.go = threading.Event()
        self.asked = 0
        monkeypatch.setattr(engine.generations, "current", self._current)

    def _current(self) -> str:
        self.asked += 1
        self.asking.set()
        assert self.go.wait(GUARD_SECONDS)
        return self._ask()


class Counted:
    """A lock that can say when so many threads wait for it."""

    def __init__(self, waiting: int) -> None:
        self._lock = threading.Lock()
        self._missing = threading.Semaphore(0)
        self._waiting = waiting

    def acquire(self, *, blocking: bool = True) -> bool:
        if blocking:
            self._missing.release()
        return self._lock.acquire(blocking=blocking)

    def release(self) -> None:
        self._lock.release()

    def wait(self) -> None:
        for _ in range(self._waiting):
            assert self._missing.acquire(timeout=GUARD_SECONDS)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


@pytest.fixture
def engine(nodes: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenSearchEngine]:
    """An engine that asks again at once."""
    monkeypatch.setattr("indexer.engines.opensearch_engine.FRESH_SECONDS", 0.0)
    engine = OpenSearchEngine(f"opensearch://{nodes.hosts}/o{uuid.uuid4().hex[:8]}")
    yield engine
    monkeypatch.undo()
    for name in engine.generations.names():
        engine.generations.discard(name)


def served(engine: OpenSearchEngine) -> str:
    return engine.open().manifest.generation


def result(future: Future[str]) -> str:
    return future.result(GUARD_SECONDS)


def test_threads_go_on_with_the_open_generation_while_one_asks(
    engine: OpenSearchEngine, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.engines.opensearch_engine.LAG_SECONDS", 2 * GUARD_SECONDS)
    first = publish(engine)
    assert served(engine) == first
    second = publish(engine)
    held = Held(engine, monkeypatch)
    asker = threads.submit(served, engine)
    assert held.asking.wait(GUARD_SECONDS)
    others = [result(threads.submit(served, engine)) for _ in range(5)]  # while the question is still out
    assert (others, asker.done(), held.asked) == ([first] * 5, False, 1)
    held.go.set()
    assert result(asker) == second
    assert served(engine) == second


def test_threads_wait_when_the_question_has_been_out_for_too_long(
    engine: OpenSearchEngine, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.engines.opensearch_engine.LAG_SECONDS", 0.0)
    first = publish(engine)
    assert served(engine) == first
    second = publish(engine)
    held = Held(engine, monkeypatch)
    futures = [threads.submit(served, engine) for _ in range(4)]
    assert held.asking.wait(GUARD_SECONDS)
    held.go.set()
    assert list(map(result, futures)) == [second] * 4


def test_threads_that_waited_for_a_lost_cluster_do_not_each_ask_again(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_nobody = OpenSearchEngine("opensearch://127.0.0.1:9/nobody")  # the port of "discard"; nothing listens there
    held, lock = Held(with_nobody, monkeypatch), Counted(7)
    monkeypatch.setattr(with_nobody, "_opening", lock)
    futures = [threads.submit(served, with_nobody) for _ in range(8)]
    lock.wait()
    held.go.set()
    for future in futures:
        with pytest.raises(EngineUnavailable, match="no node can be reached"):
            result(future)
    assert held.asked == 1
    with pytest.raises(EngineUnavailable):
        served(with_nobody)
    assert held.asked == 2  # who comes later asks for himself


def test_threads_keep_their_connections(engine: OpenSearchEngine, threads: ThreadPoolExecutor) -> None:
    """Each thread but one opened a connection for every call: the client's pool takes its size under another name."""
    publish(engine)
    for _ in range(5):
        list(threads.map(OpenSearchEngine.base, [engine] * 40))
    pools = [connection.pool for connection in engine.cluster.client().transport.connection_pool.connections]
    opened = sum(pool.num_connections for pool in pools)
    assert 0 < opened <= 8 * len(pools)
    assert sum(pool.num_requests for pool in pools) > opened
