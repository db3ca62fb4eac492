"""Check that a generation on the cluster is whole: its parts, its counts, every document against its checksum."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator

import xxhash

from indexer import analysis
from indexer.engines.cards import read_document
from indexer.engines.opensearch_engine._cluster import Vanished
from indexer.engines.opensearch_engine._generations import ClusterGenerations
from indexer.engines.opensearch_engine._search import ClusterSearcher, OpenGeneration
from indexer.engines.opensearch_engine._writer import facet_counts
from indexer.errors import IndexDamaged, IndexUnusable
from indexer.manifest import Manifest
from indexer.model import Query, Term
from indexer.ranking import Ranking

PROBES = 20  # documents whose title must find them


def verify(generations: ClusterGenerations, name: str, ranking: Ranking) -> tuple[str, ...]:
    """What is wrong with a generation, as sentences; nothing when it is whole.

    Raises:
        EngineUnavailable: If the cluster does not answer.
    """
    try:
        manifest = generations.manifest(name)
        return tuple(str(IndexDamaged(name, reason)) for reason in _reasons(generations, manifest, ranking))
    except IndexUnusable as error:
        return (str(error),)
    except Vanished:
        return (str(IndexDamaged(name, "one of its indices is gone")),)


def _reasons(generations: ClusterGenerations, manifest: Manifest, ranking: Ranking) -> Iterator[str]:
    name = manifest.generation
    searcher = ClusterSearcher(OpenGeneration(generations, manifest, ranking))
    count, checksum = 0, 0
    for hit in searcher.stored():
        try:
            raw = zlib.decompress(base64.b64decode(hit["fields"]["document"][0]))
            document = read_document(raw)
        except (KeyError, ValueError, TypeError, zlib.error):
            yield f"{hit['_id']} cannot be read"
            continue
        checksum ^= xxhash.xxh3_64_intdigest(raw)
        if hit["fields"]["checksum"] != [xxhash.xxh3_64_hexdigest(raw)]:
            yield f"{hit['_id']} differs from its checksum"
        words = analysis.terms(document.title)
        if count < PROBES and words and not searcher.search(Query(Term(words[0]), limit=0)).total.value:
            yield f"{document.doc_id} is not found by the first word of its title"
        count += 1
    if count != manifest.documents:
        yield f"{count} documents on the cluster, {manifest.documents} in the manifest"
    if f"{checksum:016x}" != manifest.files["documents"][1]:
        yield "its documents together differ from the checksum of the manifest"
    beside = generations.cluster.search(generations.words(name), {"size": 0, "track_total_hits": True})
    if beside["hits"]["total"]["value"] != manifest.files["words"][0]:
        yield "its words and names are not as many as when it was built"
    if facet_counts(generations, name) != manifest.counts:
        yield "its facet counts differ from the manifest"
    state = searcher.state()
    if state == "red":
        yield "parts of it are on no node"
