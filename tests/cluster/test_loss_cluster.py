"""What a site says while nodes are lost, and that it goes on by itself once they are back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from indexer.build import build
from indexer.engines.opensearch_engine._address import parse
from indexer.engines.opensearch_engine._cluster import Cluster
from indexer.engines.opensearch_engine._generations import ClusterGenerations
from indexer.errors import IndexDamaged
from scripts.cluster import NODES, LocalCluster
from search_app import create_app
from tests.cluster.test_commands_cluster import PAGES, write

PATIENCE_SECONDS = 120.0  # a guard against hanging; says nothing about speed


@pytest.fixture
def whole(nodes: LocalCluster) -> Iterator[LocalCluster]:
    """The cluster, with all its nodes again afterwards."""
    yield nodes
    for number in range(NODES):
        if not nodes.runs(number):
            nodes.start(number)
    nodes.wait(NODES)


def until(client: FlaskClient, state: str) -> None:
    """Wait until the site says that its index is in this state."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (told := client.get("/readyz").get_json()).get("state") != state:
        assert time.monotonic() < deadline, told
        time.sleep(0.2)


def hits(client: FlaskClient, words: str) -> list[str]:
    answer = client.get("/api/v1/search", query_string={"q": words})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [hit["id"] for hit in answer.get_json()["hits"]]


def test_a_site_tells_of_lost_nodes_and_goes_on_once_they_are_back(whole: LocalCluster, tmp_path: Path) -> None:
    address = f"opensearch://{whole.hosts}/loss?shards=3"
    write(tmp_path / "corpus", PAGES)
    build(tmp_path / "corpus", address)
    client = create_app({"index": address}).test_client()
    until(client, "green")
    expected = hits(client, "hospital")
    assert len(expected) == 2

    whole.kill(0)
    until(client, "yellow")
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["status"]) == (200, "degraded")
    assert ready.get_json()["notes"] == ["The cluster is yellow: some copies of the index are missing."]
    assert hits(client, "hospital beijing") == ["hospitals/tongren"]  # not asked before, so nothing is remembered
    assert 'index_state{state="yellow"} 1.0' in client.get("/metrics").get_data(as_text=True)

    whole.kill(1)
    whole.kill(2)
    until(client, "lost")
    for path in ("/search?q=liver", "/", "/zh/search?q=liver", "/api/v1/search?q=liver", "/hospitals/renji", "/readyz"):
        lost = client.get(path)
        assert (lost.status_code, int(lost.headers["Retry-After"]) > 0) == (503, True), path
    assert "Sorry, the search is not available" in client.get("/search?q=liver").get_data(as_text=True)
    metrics = client.get("/metrics").get_data(as_text=True)
    assert 'index_state{state="lost"} 1.0' in metrics
    assert "index_up 0.0" in metrics

    for number in range(NODES):
        whole.start(number)
    until(client, "green")  # the same site, nobody has restarted it
    assert hits(client, "hospital") == expected
    assert hits(client, "liver") == ["hospitals/renji"]


def test_a_site_refuses_searches_while_a_part_of_its_index_is_on_no_node(whole: LocalCluster, tmp_path: Path) -> None:
    address = f"opensearch://{whole.hosts}/part?shards=3&replicas=0"
    write(tmp_path / "corpus", PAGES)
    build(tmp_path / "corpus", address)
    client = create_app({"index": address}).test_client()
    until(client, "green")
    expected = hits(client, "hospital")

    whole.kill(1)
    until(client, "red")
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["status"]) == (503, "unavailable")
    assert ready.get_json()["notes"] == [
        "The cluster is red: parts of the index are on no node, so searches are refused."
    ]
    assert client.get("/healthz").status_code == 200
    for path in ("/search?q=cataract", "/api/v1/search?q=cataract", "/zh/search?q=cataract"):
        refused = client.get(path)
        assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (503, True), path
    metrics = client.get("/metrics").get_data(as_text=True)
    assert 'index_state{state="red"} 1.0' in metrics
    assert "index_up 0.0" in metrics
    red = ClusterGenerations(Cluster(parse(address)))
    with pytest.raises(IndexDamaged, match="are on no node"):
        red.check(red.current())

    whole.start(1)
    until(client, "green")
    assert hits(client, "hospital") == expected
    assert hits(client, "cataract") == ["hospitals/tongren"]
    assert "index_up 1.0" in client.get("/metrics").get_data(as_text=True)
