"""The right to build, as a document on the cluster that its holder renews."""

from __future__ import annotations

import logging
import threading
import time
import uuid

from indexer.engines.opensearch_engine._cluster import Cluster, Conflict, Json, Vanished
from indexer.errors import EngineUnavailable, IndexLocked

log = logging.getLogger(__name__)

LEASE_SECONDS = 60.0  # without renewal, after which another builder may take over; clocks must agree better than that
RENEW_SECONDS = 10.0
_ID = "build"


class Lease:
    """One holder's lease; ``held`` says whether it still is one."""

    def __init__(self, cluster: Cluster, index: str) -> None:
        self._cluster = cluster
        self._index = index
        self._holder = uuid.uuid4().hex
        self._version: tuple[int, int] = (0, 0)
        self._until = 0.0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def held(self) -> bool:
        """Whether nobody else can have taken it over."""
        return time.monotonic() < self._until

    def take(self) -> None:
        """Take the lease, also one that has lapsed.

        Raises:
            IndexLocked: If another process holds it.
        """
        self._make_index()
        try:
            self._write({"op_type": "create"})
        except Conflict:
            try:
                found = self._cluster.call(lambda client: client.get(index=self._index, id=_ID))
            except Vanished:
                raise IndexLocked(self._cluster.address.shown) from None
            if float(found["_source"]["until"]) > time.time():
                raise IndexLocked(self._cluster.address.shown) from None
            self._version = (found["_seq_no"], found["_primary_term"])
            try:
                self._write(self._condition())
            except Conflict:
                raise IndexLocked(self._cluster.address.shown) from None
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Give the lease back."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        try:
            if self.held:
                self._cluster.call(lambda client: client.delete(index=self._index, id=_ID, params=self._condition()))
        except (Conflict, Vanished, EngineUnavailable) as error:
            log.warning("The lease of the build could not be given back and lapses by itself: %s", error)
        self._until = 0.0

    def _make_index(self) -> None:
        body = {
            "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
            "mappings": {
                "dynamic": "strict",
                "properties": {"holder": {"type": "keyword"}, "until": {"type": "double"}},
            },
        }
        if not self._cluster.call(lambda client: client.indices.exists(index=self._index)):
            try:
                self._cluster.call(lambda client: client.indices.create(index=self._index, body=body))
            except Conflict:
                return  # another builder was quicker

    def _condition(self) -> Json:
        return {"if_seq_no": self._version[0], "if_primary_term": self._version[1]}

    def _write(self, condition: Json) -> None:
        started = time.monotonic()
        body = {"holder": self._holder, "until": time.time() + LEASE_SECONDS}
        written = self._cluster.call(
            lambda client: client.index(index=self._index, id=_ID, body=body, params=condition)
        )
        self._version = (written["_seq_no"], written["_primary_term"])
        self._until = started + LEASE_SECONDS

    def _keep(self) -> None:
        while not self._ended.wait(RENEW_SECONDS):
            try:
                self._write(self._condition())
            except (Conflict, Vanished):
                self._until = 0.0
                return
            except EngineUnavailable as error:
                log.warning("The lease of the build could not be renewed yet: %s", error)
