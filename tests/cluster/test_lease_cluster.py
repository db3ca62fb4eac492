"""The right to build, on a real cluster."""

from __future__ import annotations

import time
import uuid

import pytest

from indexer.engines.opensearch_engine import OpenSearchEngine
from indexer.engines.opensearch_engine._lease import Lease
from indexer.errors import BuildRefused, IndexLocked
from indexer.model import Document
from scripts.cluster import LocalCluster


def rewrite(engine: OpenSearchEngine, **changed: object) -> None:
    """Change the document of the lease behind its holder's back."""
    index = engine.generations.alias + ".lock"
    found = engine.cluster.call(lambda client: client.get(index=index, id="build"))
    body = {**found["_source"], **changed}
    engine.cluster.call(lambda client: client.index(index=index, id="build", body=body))


def test_a_renewal_that_arrives_after_it_was_given_up_costs_nothing(nodes: LocalCluster) -> None:
    """A build of a million documents was refused at its end for that: nobody else had wanted to build."""
    engine = OpenSearchEngine(f"opensearch://{nodes.hosts}/l{uuid.uuid4().hex[:8]}")
    with engine.rebuild() as writer:
        writer.put(Document("articles/1", "article", "One", ()))
        rewrite(engine, until=0.0)  # as a renewal of this holder would, whose answer never came; long ago
    with engine.searcher() as searcher:
        assert searcher.stats().documents == 1

    def build_while_another_takes_over() -> None:
        with engine.rebuild() as writer:
            writer.put(Document("articles/2", "article", "Two", ()))
            rewrite(engine, holder="another", until=time.time() + 60)

    with pytest.raises(BuildRefused, match="another build took over"):
        build_while_another_takes_over()
    with engine.searcher() as searcher:
        assert [document.doc_id for document in searcher.documents()] == ["articles/1"]
    with pytest.raises(IndexLocked):
        Lease(engine.cluster, engine.generations.alias + ".lock").take()


def test_a_large_build_in_several_processes_equals_a_small_one(
    nodes: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.engines.opensearch_engine._prepare.CHUNK_DOCUMENTS", 3)
    monkeypatch.setattr("indexer.engines.opensearch_engine._bulk.BULK_LINES", 3)
    found: list[object] = []
    for _ in range(2):
        engine = OpenSearchEngine(f"opensearch://{nodes.hosts}/p{uuid.uuid4().hex[:8]}")
        with engine.rebuild() as writer:
            for each in (*range(20), 7, *range(4)):  # some of them twice; the last one counts
                writer.put(
                    Document(
                        f"articles/{each}", "article", f"Title {each} of {'many' if each > 3 else 'few'} words", ()
                    )
                )
            writer.delete("articles/9")
        with engine.searcher() as searcher:
            found.append(list(searcher.documents()))
        manifest = engine.generations.manifest(engine.generations.current())
        found.append((manifest.files, manifest.counts, manifest.pivots))
        assert engine.verify(manifest.generation) == ()
        monkeypatch.undo()
    assert found[0] == found[2]
    assert found[1] == found[3]
    assert isinstance(found[0], list)
    assert len(found[0]) == 19


def test_a_build_whose_documents_the_cluster_does_not_take_is_refused_and_leaves_nothing(
    nodes: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.engines.opensearch_engine._bulk.BULK_LINES", 1)
    engine = OpenSearchEngine(f"opensearch://{nodes.hosts}/r{uuid.uuid4().hex[:8]}")
    indices = f"{engine.generations.alias}-*"

    def build_against_a_closed_door() -> None:
        with engine.rebuild() as writer:
            for number in range(3):
                writer.put(Document(f"articles/{number}", "article", "One", ()))
            closed = {"index": {"blocks.write": True}}
            engine.cluster.call(lambda client: client.indices.put_settings(index=f"{indices},-*-words", body=closed))

    with pytest.raises(BuildRefused, match=r"rejected 3 documents: articles/0 \(.*\); articles/1 .*; articles/2 "):
        build_against_a_closed_door()
    assert engine.cluster.call(lambda client: client.indices.get(index=indices)) == {}
