"""Send documents to the cluster in bulk, and again where it has no room for them yet."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from indexer.engines.opensearch_engine._cluster import Json
from indexer.engines.opensearch_engine._generations import ClusterGenerations
from indexer.engines.opensearch_engine._schema import dumps
from indexer.errors import EngineUnavailable

log = logging.getLogger(__name__)

BULK_BYTES = 4 << 20  # of one request; a node refuses bodies of 100 MB, and memory here is bounded by this
BULK_LINES = 1000
TRIES = 10  # of one bulk request that a node has no room for, with pauses that double
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 15.0


class Bulk:
    """Sends documents to one index in requests of a bounded size, one at a time, while the next one is collected."""

    def __init__(self, generations: ClusterGenerations, index: str) -> None:
        self._cluster = generations.cluster
        self._index = index
        self._waiting: list[tuple[str, bytes]] = []
        self._bytes = 0
        self._sender = ThreadPoolExecutor(1, "bulk")
        self._under_way: Future[None] | None = None
        self._closed = threading.Event()
        self.rejected: list[str] = []

    def put(self, key: str, body: Json) -> None:
        """Write a document, or replace the one with its key; raises what an earlier request came to."""
        self._add(key, dumps({"index": {"_index": self._index, "_id": key}}) + dumps(body))

    def delete(self, key: str) -> None:
        """Remove a document; absent is fine."""
        self._add(key, dumps({"delete": {"_index": self._index, "_id": key}}))

    def _add(self, key: str, line: bytes) -> None:
        self._waiting.append((key, line))
        self._bytes += len(line)
        if self._bytes >= BULK_BYTES or len(self._waiting) >= BULK_LINES:
            self._hand_over()

    def _hand_over(self) -> None:
        """Begin to send what waits, once the request before it is through: of two for one key the later one counts."""
        self._settle()
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        self._under_way = self._sender.submit(self._send, waiting)

    def _settle(self) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def flush(self) -> None:
        """Send what waits; what the cluster has no room for yet is sent again, what it refuses is remembered.

        Raises:
            EngineUnavailable: If it has no room for minutes, or does not answer.
        """
        self._hand_over()
        self._settle()

    def close(self) -> None:
        """Give up what has not been sent; what is on its way has arrived, or never will, when this returns."""
        self._closed.set()
        self._sender.shutdown(wait=True, cancel_futures=True)

    def _send(self, waiting: list[tuple[str, bytes]]) -> None:
        pause = FIRST_PAUSE_SECONDS
        for attempt in range(TRIES):
            if not waiting:
                return
            if attempt:
                if self._closed.wait(pause):
                    return
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            try:
                results = self._cluster.bulk(line for _, line in waiting)
            except EngineUnavailable as error:
                # Writing the same documents under the same keys once more changes nothing.
                log.warning("A bulk request failed and is sent again: %s", error)
                if attempt == TRIES - 1:
                    raise
                continue
            again: list[tuple[str, bytes]] = []
            for each, result in zip(waiting, results, strict=True):
                if result["status"] in (429, 503):
                    again.append(each)
                elif "error" in result:
                    self.rejected.append(f"{each[0]} ({result['error'].get('reason', 'no reason given')})")
            waiting = again
        if waiting:
            raise EngineUnavailable(self._cluster.address.shown, f"no room for {len(waiting)} documents")
