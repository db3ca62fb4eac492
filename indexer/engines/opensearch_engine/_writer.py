"""Write a new generation on the cluster: documents wait on disk for the average lengths, then go in bulk."""

from __future__ import annotations

import base64
import logging
import struct
import tempfile
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import xxhash

from indexer import __version__
from indexer.analysis import FIELDS, digest, is_han, stem
from indexer.counted import counted
from indexer.engines.opensearch_engine._attached import attachment
from indexer.engines.opensearch_engine._blob import unpack
from indexer.engines.opensearch_engine._bulk import Bulk
from indexer.engines.opensearch_engine._generations import ClusterGenerations
from indexer.engines.opensearch_engine._lease import Lease
from indexer.engines.opensearch_engine._lookups import NAME, WORD
from indexer.engines.opensearch_engine._prepare import Preparer, Record
from indexer.engines.opensearch_engine._schema import (
    SCHEMA,
    Prepared,
    complete,
    key_of,
    read_blob,
    short,
)
from indexer.engines.opensearch_engine._search import ClusterSearcher, OpenGeneration
from indexer.errors import BuildRefused, EngineUnavailable
from indexer.manifest import Manifest
from indexer.model import FACETS, Document
from indexer.ranking import Ranking
from indexer.token_stream import document_names

if TYPE_CHECKING:
    from indexer.engines import Check

log = logging.getLogger(__name__)

NAMED = 10  # rejected documents named in the error; the log has them all
_SIZES = struct.Struct("<3I")


class GenerationWriter:
    """Collects documents for one new generation; ``finish`` publishes it, ``abandon`` leaves no trace."""

    def __init__(self, generations: ClusterGenerations, ranking: Ranking, base: Manifest | None, lease: Lease) -> None:
        self._generations = generations
        self._cluster = generations.cluster
        self._ranking = ranking
        self._base = base
        self._lease = lease
        self._described: dict[str, str] = {}
        self._checks: list[Check] = []
        self._places: dict[str, int | None] = {}  # id to its place in the spool, None for one that is deleted
        self._taken = 0
        self._preparer = Preparer(self._keep)
        self._lengths = array("I")
        self._starts = array("Q")
        self._spool = tempfile.TemporaryFile(prefix="medsearch-")  # noqa: SIM115 - closed by finish or abandon
        self.name = generations.begin(base.generation if base else None)
        self._documents = Bulk(generations, generations.index(self.name))
        self._words = Bulk(generations, generations.words(self.name))

    # -- the Writer protocol -------------------------------------------------------------------------------------------

    def put(self, document: Document, /) -> None:
        """Add a document, or replace the one with its id."""
        self._places[document.doc_id] = self._taken
        self._taken += 1
        self._preparer.put(document)

    def _keep(self, record: Record) -> None:
        self._starts.append(self._spool.tell())
        self._lengths.extend(record.lengths)
        parts = (record.head, record.hit, record.document)
        self._spool.write(_SIZES.pack(*map(len, parts)))
        self._spool.writelines(parts)

    def delete(self, doc_id: str, /) -> None:
        """Remove a document; absent is fine."""
        self._places[doc_id] = None

    def attach(self, name: str, data: bytes, /) -> None:
        """Keep some bytes with the generation under a name (what the next incremental build needs to know)."""
        for key, body in attachment(name, data):
            self._words.put(key, body)

    def describe(self, **fields: str) -> None:
        """Set text fields of the manifest: ``corpus``, ``taxonomy``."""
        self._described.update(fields)

    def before_publishing(self, check: Check) -> None:
        """Let a check search the finished generation before it is served."""
        self._checks.append(check)

    # -- finishing -----------------------------------------------------------------------------------------------------

    def finish(self) -> Manifest:
        """Send everything, check that it arrived, publish it.

        Raises:
            BuildRefused: If the cluster did not take every document, a check fails, or another builder took over.
            EngineUnavailable: If it does not answer.
        """
        self._preparer.drain()
        self._preparer.close()
        counts: Counter[str] = Counter()
        checksum = int(self._base.files["documents"][1], 16) if self._base else 0
        before = self._old(counts) if self._base else {}
        for doc_id, (old, names) in before.items():
            checksum ^= old
            for name in names:
                self._words.delete(_name_key(name, doc_id))
            if self._places[doc_id] is None:
                self._documents.delete(key_of(doc_id))
        pivots = self._pivots()
        for prepared, names in self._spooled():
            packed = unpack(prepared.hit)
            doc_id = prepared.head["id"]
            counts.update({term for term in packed.terms if term})
            checksum ^= int(prepared.head["checksum"], 16)
            self._documents.put(key_of(doc_id), complete(prepared, packed, pivots, self._ranking))
            for name in names:
                self._words.put(_name_key(name, doc_id), {"type": NAME, "name": short(name), "id": doc_id})
        self._documents.flush()
        self._count_words(counts)
        self._words.flush()
        self._refuse_rejected()
        kept = sum(place is not None for place in self._places.values())
        expected = kept + (self._base.documents - len(before) if self._base else 0)
        manifest = self._manifest(pivots, expected, checksum)
        for check in self._checks:
            check(ClusterSearcher(OpenGeneration(self._generations, manifest, self._ranking)))
        if not self._lease.confirm():
            raise BuildRefused("another build took over while this one was cut off from the cluster")
        self._generations.publish(manifest)
        self._close()
        return manifest

    def _close(self) -> None:
        self._documents.close()
        self._words.close()
        self._spool.close()

    def _spooled(self) -> Iterator[tuple[Prepared, tuple[str, ...]]]:
        """What was put last for each id, in the order it was put."""
        for place in sorted(place for place in self._places.values() if place is not None):
            self._spool.seek(self._starts[place])
            sizes = _SIZES.unpack(self._spool.read(_SIZES.size))
            head, hit, document = (self._spool.read(size) for size in sizes)
            fields, names = orjson.loads(head)
            yield Prepared(fields, hit, document), tuple(names)

    def _pivots(self) -> tuple[float, ...]:
        """Average length of each field: that of the last full build, or of all documents of this one."""
        if self._base is not None:
            return self._base.pivots
        kept = [place for place in self._places.values() if place is not None]
        if not kept:
            return (1.0,) * len(FIELDS)
        rows = np.frombuffer(self._lengths, np.uint32).reshape(-1, len(FIELDS))[kept]
        return tuple(rows.mean(axis=0, dtype=np.float64).tolist())

    def _old(self, counts: Counter[str]) -> dict[str, tuple[int, tuple[str, ...]]]:
        """Checksum and names of the documents that this update touches; their words are taken from ``counts``."""
        assert self._base is not None
        index = self._generations.index(self._base.generation)
        found: dict[str, tuple[int, tuple[str, ...]]] = {}
        ids = list(self._places)
        for at in range(0, len(ids), 200):
            keys = [key_of(doc_id) for doc_id in ids[at : at + 200]]
            for hit in self._cluster.fetch(index, keys, stored_fields="document,hit", realtime="false"):
                stored = hit["fields"]
                document = read_blob(stored["document"][0])
                packed = unpack(base64.b64decode(stored["hit"][0]))
                raw = zlib.decompress(base64.b64decode(stored["document"][0]))
                counts.subtract({term for term in packed.terms if term})
                found[document.doc_id] = (xxhash.xxh3_64_intdigest(raw), document_names(document))
        return found

    def _count_words(self, changed: Counter[str]) -> None:
        """Write how many documents have each word, or what has changed of that."""
        terms = [term for term, change in changed.items() if change]
        for at in range(0, len(terms), 1000):
            some = terms[at : at + 1000]
            known = self._known(some) if self._base else {}
            for term in some:
                count = known.get(term, 0) + changed[term]
                if count <= 0:
                    self._words.delete("w" + term)
                    continue
                plain = len(term) > 2 and term.isalpha() and not is_han(term)
                body = {"type": WORD, "term": term, "stem": stem(term), "count": count, "plain": plain}
                self._words.put("w" + term, body)

    def _known(self, terms: list[str]) -> dict[str, int]:
        assert self._base is not None
        index = self._generations.words(self._base.generation)
        found = self._cluster.fetch(index, ["w" + term for term in terms])
        return {hit["_source"]["term"]: hit["_source"]["count"] for hit in found}

    def _refuse_rejected(self) -> None:
        rejected = self._documents.rejected + self._words.rejected
        for each in rejected:
            log.error("The cluster rejected %s", each)
        if rejected:
            more = f" and {len(rejected) - NAMED} more, named in the log" if len(rejected) > NAMED else ""
            documents = counted(len(rejected), "document")
            raise BuildRefused(f"the cluster rejected {documents}: {'; '.join(rejected[:NAMED])}{more}")

    def _manifest(self, pivots: tuple[float, ...], expected: int, checksum: int) -> Manifest:
        """The manifest, from what the cluster says it holds.

        Raises:
            BuildRefused: If that is not what was sent.
        """
        documents, words = self._generations.index(self.name), self._generations.words(self.name)
        self._generations.refresh(self.name)
        counts = facet_counts(self._generations, self.name)
        stored = self._cluster.search(documents, {"size": 0, "track_total_hits": True})["hits"]["total"]["value"]
        if stored != expected:
            raise BuildRefused(f"the cluster holds {stored} documents where {expected} were sent")
        beside = self._cluster.search(words, {"size": 0, "track_total_hits": True})["hits"]["total"]["value"]
        return Manifest(
            generation=self.name,
            built_at=datetime.now(UTC).isoformat(timespec="seconds"),
            version=__version__,
            format_version=SCHEMA,
            analyzer=digest(),
            taxonomy=self._described.get("taxonomy", self._base.taxonomy if self._base else ""),
            corpus=self._described.get("corpus", self._base.corpus if self._base else ""),
            documents=expected,
            counts=counts,
            segments=tuple(f"shard {number}" for number in range(self._cluster.address.shards)),
            pivots=pivots,
            ranking=self._ranking.index_part(),
            incremental=self._base is not None,
            files={"documents": (stored, f"{checksum:016x}"), "words": (int(beside), "")},
        )

    def abandon(self) -> None:
        """Remove everything that was written."""
        self._preparer.close()
        self._close()
        try:
            self._generations.discard(self.name)
        except EngineUnavailable as error:
            log.warning("The remains of a failed build stay until the next one: %s", error)


def facet_counts(generations: ClusterGenerations, name: str) -> dict[str, dict[str, int]]:
    """Documents of each facet value in a generation, most first."""
    size = 65_000  # values of one facet; a cluster gives up to 65,535 buckets in one answer
    counts: dict[str, dict[str, int]] = {}
    for facet in FACETS:
        terms = {"terms": {"field": facet, "size": size, "shard_size": size}}
        answer = generations.cluster.search(generations.index(name), {"size": 0, "aggs": {"values": terms}})
        buckets: list[dict[str, Any]] = answer["aggregations"]["values"]["buckets"]
        found = sorted(
            ((each["key"], int(each["doc_count"])) for each in buckets), key=lambda each: (-each[1], each[0])
        )
        counts[facet] = dict(found)
    return counts


def _name_key(name: str, doc_id: str) -> str:
    return "n" + xxhash.xxh3_128_hexdigest(f"{name}\0{doc_id}".encode("utf-8", "surrogatepass"))
