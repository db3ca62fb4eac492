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
    """One holder's lease, renewed in the background; ``confirm`` says whether it still is one."""

    def __init__(self, cluster: Cluster, index: str) -> None:
        self._cluster = cluster
        self._index = index
        self._holder = uuid.uuid4().hex
        self._version: tuple[int, int] = (0, 0)
        self._lost = False
        self._writing = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self) -> None:
        """Take the lease, also one that has lapsed.

        Raises:
            IndexLocked: If another process holds it.
        """
        self._make_index()
        try:
            self._write({"op_type": "create"})
        except Conflict:
            found = self._found()
            if found is None or (not self._mine(found) and float(found["_source"]["until"]) > time.time()):
                raise IndexLocked(self._cluster.address.shown) from None
            self._version = (found["_seq_no"], found["_primary_term"])
            try:
                self._write(self._condition())
            except Conflict:
                raise IndexLocked(self._cluster.address.shown) from None
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()

    def confirm(self) -> bool:
        """Renew the lease; False if somebody else has taken it over.

        Raises:
            EngineUnavailable: If the cluster does not answer.
        """
        with self._writing:
            for _ in range(0 if self._lost else 2):
                try:
                    self._write(self._condition())
                    return True
                except (Conflict, Vanished):
                    # A renewal that was given up on may have arrived after all: the lease is ours, in another version.
                    found = self._found()
                    if found is None or not self._mine(found):
                        break
                    self._version = (found["_seq_no"], found["_primary_term"])
            self._lost = True
            return False

    def _found(self) -> Json | None:
        try:
            found: Json = self._cluster.call(lambda client: client.get(index=self._index, id=_ID))
        except Vanished:
            return None
        return found

    def _mine(self, found: Json) -> bool:
        return bool(found["_source"]["holder"] == self._holder)

    def release(self) -> None:
        """Give the lease back."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        try:
            if self.confirm():
                self._cluster.call(lambda client: client.delete(index=self._index, id=_ID, params=self._condition()))
        except (Conflict, Vanished, EngineUnavailable) as error:
            log.warning("The lease of the build could not be given back and lapses by itself: %s", error)
        self._lost = True

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
        body = {"holder": self._holder, "until": time.time() + LEASE_SECONDS}
        written = self._cluster.call(
            lambda client: client.index(index=self._index, id=_ID, body=body, params=condition)
        )
        self._version = (written["_seq_no"], written["_primary_term"])

    def _keep(self) -> None:
        while not self._ended.wait(RENEW_SECONDS):
            try:
                if not self.confirm():
                    return
            except EngineUnavailable as error:
                log.warning("The lease of the build could not be renewed yet: %s", error)
