"""Generations on a cluster: one pair of indices each, an alias that says which is served, a lease for the builder.

::

    name                                   alias, on exactly one generation
    name-000007-20261122t210313z           documents; the manifest stands in ``_meta`` of the mapping
    name-000007-20261122t210313z-words     words, names, attachments
    name.lock                              the lease of whoever builds
"""

from __future__ import annotations

import logging
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import IO

from indexer.engines.opensearch_engine._cluster import SEARCH_SECONDS, WRITE_SECONDS, Cluster, Json, Vanished
from indexer.engines.opensearch_engine._lease import Lease
from indexer.engines.opensearch_engine._schema import SCHEMA, documents_mapping, settings, words_mapping
from indexer.errors import BuildRefused, GenerationMissing, IndexDamaged, IndexMissing, IndexOutdated
from indexer.generation import KEEP
from indexer.manifest import Manifest

log = logging.getLogger(__name__)

COMPLETE, BUILDING = "complete", "building"
GREEN_SECONDS = 300.0  # for the copies of a new generation to be made; without them it is not published
MANAGER_SECONDS = "2s"  # for the nodes to say who manages them, when their state is asked for
_GENERATION = re.compile(r"(\d{6,}-\d{8}T\d{6}Z)")


class ClusterGenerations:
    """The generations under one name."""

    def __init__(self, cluster: Cluster, keep: int = KEEP) -> None:
        self.cluster = cluster
        self.alias = cluster.address.name
        self.keep = keep

    # -- names ---------------------------------------------------------------------------------------------------------

    def index(self, name: str) -> str:
        """Index with the documents of a generation."""
        return f"{self.alias}-{name.lower()}"

    def words(self, name: str) -> str:
        """Index with its words, names and attachments."""
        return self.index(name) + "-words"

    def _name(self, index: str) -> str:
        """Generation of an index of documents; empty for any other index."""
        found = _GENERATION.fullmatch(index.removeprefix(self.alias + "-").upper())
        return found[1] if found and index.startswith(self.alias + "-") else ""

    def _meta(self, pattern: str) -> dict[str, Json]:
        answer: Json = self.cluster.call(
            lambda client: client.indices.get_mapping(
                index=pattern, params={"filter_path": "*.mappings._meta"}, request_timeout=SEARCH_SECONDS
            )
        )
        return {index: found["mappings"]["_meta"] for index, found in answer.items()}

    def _all(self) -> dict[str, str]:
        """State of every generation by name, also of builds that run or died."""
        found = self._meta(f"{self.alias}-*")
        return {name: str(meta.get("state")) for index, meta in found.items() if (name := self._name(index))}

    # -- reading -------------------------------------------------------------------------------------------------------

    def names(self) -> tuple[str, ...]:
        """All complete generations, oldest first."""
        return tuple(sorted(name for name, state in self._all().items() if state == COMPLETE))

    def current(self) -> str:
        """Name of the generation that is served.

        Raises:
            IndexMissing: If there is none.
            EngineUnavailable: If the cluster does not answer.
        """
        try:
            # Asked of whichever node is there: while the nodes elect a manager they go on answering searches. Only
            # indices of this name are asked about, since there may be others that the user may not see.
            served = self.cluster.call(
                lambda client: client.indices.get_alias(
                    index=f"{self.alias}-*", name=self.alias, params={"local": "true"}, request_timeout=SEARCH_SECONDS
                )
            )
            names = sorted(filter(None, map(self._name, served)))
        except Vanished:
            names = []
        if not names:
            names = list(self.names())  # the alias is lost: the newest complete generation is what it named
        if not names:
            raise IndexMissing(self.cluster.address.shown)
        return names[-1]

    def manifest(self, name: str) -> Manifest:
        """Manifest of one generation.

        Raises:
            GenerationMissing: If there is no such generation.
            IndexDamaged, IndexOutdated: If it cannot be used.
        """
        if not _GENERATION.fullmatch(name):
            raise GenerationMissing(name, self.names())
        try:
            meta = self._meta(self.index(name)).get(self.index(name), {})
        except Vanished:
            meta = {}
        if meta.get("state") != COMPLETE:
            raise GenerationMissing(name, self.names())
        if meta.get("schema") != SCHEMA:
            raise IndexOutdated(int(meta.get("schema", 0)), SCHEMA)
        return Manifest.loads(str(meta.get("manifest", "")), name, SCHEMA)

    def note(self, name: str) -> bytes:
        """Nothing: a note would need a place of its own, and what can be noted may be lost."""
        del name
        return b""

    def take_note(self, name: str, data: bytes) -> None:
        """Nothing is noted."""

    def size(self, name: str) -> int:
        """Bytes of one generation on the nodes, copies not counted; raises as ``manifest`` does."""
        self.manifest(name)
        both = f"{self.index(name)},{self.words(name)}"
        answer: Json = self.cluster.call(
            lambda client: client.indices.stats(index=both, metric="store", request_timeout=SEARCH_SECONDS)
        )
        return int(answer["_all"]["primaries"]["store"]["size_in_bytes"])

    def check(self, name: str) -> Manifest:
        """Manifest of a generation all of whose parts are on some node; ``verify`` looks at what is in them.

        Raises:
            GenerationMissing, IndexDamaged, IndexOutdated: If it cannot be served.
        """
        manifest = self.manifest(name)
        for index in (self.index(name), self.words(name)):
            if not self._exists(index):
                raise IndexDamaged(name, f"its index {index} is gone")
            if self.colour(index) == "red":
                raise IndexDamaged(name, f"parts of its index {index} are on no node")
        return manifest

    def _exists(self, index: str) -> bool:
        return bool(self.cluster.call(lambda client: client.indices.exists(index=index)))

    def colour(self, index: str) -> str:
        """State of some indices: green, yellow while copies are missing, red while parts are."""
        params = {"cluster_manager_timeout": MANAGER_SECONDS}
        answer: Json = self.cluster.call(
            lambda client: client.cluster.health(index=index, params=params, request_timeout=SEARCH_SECONDS)
        )
        return str(answer["status"])

    # -- writing -------------------------------------------------------------------------------------------------------

    @contextmanager
    def lock(self) -> Iterator[Lease]:
        """Hold the right to build; it lapses a minute after its holder dies.

        Raises:
            IndexLocked: If another process has it.
        """
        lease = Lease(self.cluster, self.alias + ".lock")
        lease.take()
        try:
            yield lease
        finally:
            lease.release()

    def scratch(self) -> IO[bytes]:
        """A file for what a build needs while it runs, where this machine keeps such files."""
        return tempfile.TemporaryFile(prefix="medsearch-")

    def begin(self, base: str | None) -> str:
        """Make the indices of a new generation, empty or as copies of ``base``, and clear what dead builds left.

        Call it with the lock held.
        """
        states = self._all()
        for dead in [name for name, state in states.items() if state != COMPLETE]:
            self.discard(dead)
        with suppress(IndexMissing):
            self.prune()
        number = max([int(each.split("-")[0]) for each in states], default=0) + 1
        # The number orders generations, so that a clock that jumps back does no harm.
        name = f"{number:06d}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        try:
            for index, mapping in ((self.index(name), documents_mapping()), (self.words(name), words_mapping())):
                if base is None:
                    self._create(index, mapping)
                else:
                    self._clone(self.words(base) if index.endswith("-words") else self.index(base), index)
        except BaseException:
            self.discard(name)
            raise
        return name

    def _create(self, index: str, mapping: Json) -> None:
        body = {
            "settings": settings(self.cluster.address.shards),
            "mappings": {**mapping, "_meta": {"state": BUILDING}},
        }
        self.cluster.call(lambda client: client.indices.create(index=index, body=body, request_timeout=WRITE_SECONDS))

    def _clone(self, source: str, index: str) -> None:
        """A copy that shares the files of its source on each node; the source is read-only since it was published."""
        keep = settings(self.cluster.address.shards)
        changed = {
            name: keep[name]
            for name in ("number_of_replicas", "auto_expand_replicas", "refresh_interval", "translog.durability")
        }
        body = {"settings": {f"index.{name}": value for name, value in changed.items()} | {"index.blocks.write": None}}
        self.cluster.call(
            lambda client: client.indices.clone(index=source, target=index, body=body, request_timeout=WRITE_SECONDS)
        )
        meta = {"_meta": {"state": BUILDING}}
        self.cluster.call(lambda client: client.indices.put_mapping(index=index, body=meta))
        self._wait(index, "yellow")

    def publish(self, manifest: Manifest) -> None:
        """Make a finished build the current generation: copies, the manifest, then one atomic change of the alias.

        Raises:
            BuildRefused: If the copies of its parts cannot be made.
        """
        name = manifest.generation
        replicas = self.cluster.address.replicas
        copies = {"auto_expand_replicas": "0-1"} if replicas is None else {"number_of_replicas": replicas}
        for index in (self.index(name), self.words(name)):
            changed = {"index": {**copies, "refresh_interval": None, "translog.durability": None}}
            self._settings(index, changed)
            self._flush(index)
        for index in (self.index(name), self.words(name)):
            self._wait(index, "green")
            self._settings(index, {"index": {"blocks.write": True}})
        meta = {"_meta": {"state": COMPLETE, "schema": SCHEMA, "manifest": manifest.dumps()}}
        self.cluster.call(lambda client: client.indices.put_mapping(index=self.index(name), body=meta))
        self.point_to(name)
        self.prune()

    def _settings(self, index: str, changed: Json) -> None:
        self.cluster.call(
            lambda client: client.indices.put_settings(index=index, body=changed, request_timeout=WRITE_SECONDS)
        )

    def _flush(self, index: str) -> None:
        self.cluster.call(lambda client: client.indices.flush(index=index, request_timeout=WRITE_SECONDS))

    def _wait(self, index: str, status: str) -> None:
        deadline = time.monotonic() + GREEN_SECONDS
        # A cluster that is not there yet after "timeout" says so with status 408, which is no failure of the call.
        params = {"wait_for_status": status, "timeout": "5s", "ignore": 408}
        while True:
            try:
                health = self.cluster.call(
                    lambda client: client.cluster.health(index=index, params=params, request_timeout=SEARCH_SECONDS)
                )
                if not health["timed_out"]:
                    return
            except Vanished:
                raise BuildRefused(f"the index {index} is gone") from None
            if time.monotonic() > deadline:
                raise BuildRefused(f"the cluster did not bring {index} to {status} within {GREEN_SECONDS:.0f} s")

    def point_to(self, name: str) -> None:
        """Serve another generation from now on, in one change of the cluster's state."""
        actions = [
            {"remove": {"index": f"{self.alias}-*", "alias": self.alias, "must_exist": False}},
            {"add": {"index": self.index(name), "alias": self.alias}},
        ]
        self.cluster.call(
            lambda client: client.indices.update_aliases(body={"actions": actions}, request_timeout=WRITE_SECONDS)
        )

    def discard(self, name: str) -> None:
        """Remove a generation, or a build that failed; the documents go first, since they make it one."""
        self._delete(self.index(name))
        self._delete(self.words(name))

    def _delete(self, index: str) -> None:
        with suppress(Vanished):
            self.cluster.call(lambda client: client.indices.delete(index=index, request_timeout=WRITE_SECONDS))

    def refresh(self, name: str) -> None:
        """Make everything that was written to a generation visible to searches."""
        for index in (self.index(name), self.words(name)):
            self._refresh(index)

    def _refresh(self, index: str) -> None:
        self.cluster.call(lambda client: client.indices.refresh(index=index, request_timeout=WRITE_SECONDS))

    def prune(self, keep: int | None = None) -> tuple[str, ...]:
        """Remove all but the newest ``keep`` generations, never the current one; returns the names removed."""
        keep = self.keep if keep is None else keep
        current = self.current()
        others = [name for name in self.names() if name != current]
        removed = others[: max(len(others) - max(keep - 1, 0), 0)]
        for name in removed:
            self.discard(name)
        return tuple(removed)

    def rollback(self, name: str | None = None) -> Manifest:
        """Serve an earlier generation again: the one named, or the newest before the current.

        Raises:
            GenerationMissing: If there is none to go back to.
            IndexDamaged: If the one named is damaged.
        """
        if name is not None:
            manifest = self.check(name)
            self.point_to(name)
            return manifest
        current = self.current()
        for candidate in reversed([each for each in self.names() if each < current]):
            try:
                manifest = self.check(candidate)
            except (IndexDamaged, IndexOutdated):
                continue
            self.point_to(candidate)
            return manifest
        raise GenerationMissing(current, self.names(), before=True)
