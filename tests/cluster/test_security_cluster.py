"""Three nodes with OpenSearch's own security plug-in, and the two roles of docs/scale.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.build import build
from indexer.engines import open_durable
from indexer.engines.opensearch_engine import OpenSearchEngine
from indexer.errors import EngineUnavailable
from indexer.model import Document
from scripts.cluster import ROOT
from scripts.cluster.secured import SecuredCluster, User
from search_app import create_app
from tests.cluster.test_commands_cluster import PAGES, write

PASSWORDS = {
    "builder": "correct-Horse-7-battery",
    "front_end": "staple-Donkey-8-charger",
    "neighbour": "wrong-Mule-9-stable",
}


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredCluster]:
    page = (ROOT / "docs" / "scale.md").read_text("utf-8")
    found = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert found is not None
    roles = json.loads(found[1])
    roles["neighbour"] = json.loads(json.dumps(roles["builder"]).replace("medsearch", "another"))
    users = {name: User(password, roles[name]) for name, password in PASSWORDS.items()}
    cluster = SecuredCluster(tmp_path_factory.mktemp("secured"), users, brief=True)
    try:
        cluster.start_all()
        yield cluster
    finally:
        cluster.stop()


def become(monkeypatch: pytest.MonkeyPatch, secured: SecuredCluster, user: str, password: str = "") -> None:
    monkeypatch.setenv("MEDSEARCH_ENGINE_CA", str(secured.authority))
    monkeypatch.setenv("MEDSEARCH_ENGINE_USER", user)
    monkeypatch.setenv("MEDSEARCH_ENGINE_PASSWORD", password or PASSWORDS[user])


def test_a_builder_writes_and_a_front_end_only_reads(
    secured: SecuredCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"opensearch+https://{secured.hosts}/medsearch?shards=2"
    corpus = tmp_path / "corpus"
    write(corpus, PAGES)
    become(monkeypatch, secured, "builder")
    first = build(corpus, address)
    (corpus / "articles" / "visa.html").unlink()
    second = build(corpus, address)
    builder = open_durable(address)
    assert isinstance(builder, OpenSearchEngine)
    assert (second.incremental, second.documents, builder.verify(second.generation)) == (True, 2, ())
    assert builder.generations.rollback().generation == first.generation
    assert builder.generations.prune(1) == (second.generation,)

    become(monkeypatch, secured, "front_end")
    client = create_app({"index": address}).test_client()
    ready = client.get("/readyz").get_json()
    assert (ready["status"], ready["state"], ready["documents"]) == ("ok", "green", 3)
    hits = client.get("/api/v1/search?q=cataract").get_json()["hits"]
    assert [hit["id"] for hit in hits] == ["hospitals/tongren"]
    assert client.get("/search?q=hospitl").status_code == 200
    assert client.get("/hospitals/renji").status_code == 200
    reader = open_durable(address)
    assert isinstance(reader, OpenSearchEngine)
    assert reader.verify(first.generation) == ()
    with pytest.raises(EngineUnavailable, match="the user may not do this"), reader.rebuild():
        pass
    with pytest.raises(EngineUnavailable, match=r"may not do this \(indices:admin/delete\)"):
        reader.generations.discard(first.generation)


def test_nobody_reaches_an_index_of_another_name_or_comes_in_with_a_wrong_password(
    secured: SecuredCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    become(monkeypatch, secured, "neighbour")
    with OpenSearchEngine(f"opensearch+https://{secured.hosts}/another").rebuild() as writer:
        writer.put(Document("articles/1", "article", "One", ()))
    for user, password, name, told in (
        ("builder", "", "another", "the user may not do this"),
        ("front_end", "", "another", "the user may not do this"),
        ("builder", "wrong", "medsearch", "refuses the credentials"),
        ("nobody", "wrong", "medsearch", "refuses the credentials"),
    ):
        become(monkeypatch, secured, user, password)
        engine = OpenSearchEngine(f"opensearch+https://{secured.hosts}/{name}")
        with pytest.raises(EngineUnavailable, match=told), engine.rebuild():
            pass
        with pytest.raises(EngineUnavailable, match=told), engine.searcher():
            pass
