"""A build and searches through TLS and a password, to a real node."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.build import build
from indexer.engines import open_durable
from scripts.cluster import LocalCluster
from search_app import create_app
from tests.cluster.test_commands_cluster import PAGES, write
from tests.tls_proxy import PASSWORD, door


def test_a_site_builds_and_searches_through_tls_and_a_password(
    nodes: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "corpus", PAGES)
    with door(tmp_path, nodes.ports[0]) as found:
        for name, value in found.environment().items():
            monkeypatch.setenv(name, value)
        address = f"opensearch+https://127.0.0.1:{found.port}/tls"
        engine = open_durable(address)
        report = build(tmp_path / "corpus", address)
        assert (report.documents, engine.verify(report.generation)) == (3, ())
        client = create_app({"index": address}).test_client()
        hits = client.get("/api/v1/search?q=cataract").get_json()["hits"]
        assert [hit["id"] for hit in hits] == ["hospitals/tongren"]
        ready = client.get("/readyz")
        assert ready.get_json()["engine"] == "opensearch"
        for told in (ready, client.get("/metrics")):
            assert PASSWORD not in told.get_data(as_text=True)
        assert any(each.startswith("POST /_bulk") for each in found.asked)
        engine.generations.prune(1)
