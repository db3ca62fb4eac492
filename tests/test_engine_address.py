"""Addresses of a cluster, and a site whose cluster is lost; no cluster is needed for either."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from indexer.engines import open_durable, open_engine
from indexer.engines.opensearch_engine._address import parse
from indexer.errors import EngineUnavailable, QueryError
from search_app import create_app
from search_app.cli import main
from search_app.settings import Settings


def closed_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_an_address_names_hosts_index_shards_and_copies() -> None:
    found = parse("opensearch+https://a.example,[::1]:9300/site_1?shards=6&replicas=2", {})
    assert found.hosts == ("https://a.example:9200", "https://[::1]:9300")
    assert (found.name, found.shards, found.replicas) == ("site_1", 6, 2)
    assert parse("opensearch://h/x", {}).replicas is None


def test_secrets_come_from_the_environment_or_a_file_and_are_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("s3cret\n")
    found = parse("opensearch://h:1/x", {"MEDSEARCH_ENGINE_USER": "u", "MEDSEARCH_ENGINE_PASSWORD_FILE": str(secret)})
    assert (found.user, found.password) == ("u", "s3cret")
    assert "s3cret" not in found.shown
    assert parse("opensearch://h:1/x", {"MEDSEARCH_ENGINE_PASSWORD": "other"}).password == "other"
    with pytest.raises(QueryError, match="cannot be read"):
        parse("opensearch://h:1/x", {"MEDSEARCH_ENGINE_PASSWORD_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("opensearch://h:9200", "the form"),
        ("opensearch:h/x", "the form"),
        ("opensearch://u:p@h/x", "Credentials"),
        ("opensearch://h/Name", "small letters"),
        ("opensearch://h:99999/x", "not a host"),
        ("opensearch://h;y/x", "not a host"),
        ("opensearch://h/x?shards=0", "from 1 to 1024"),
        ("opensearch://h/x?shards=two", "not a number"),
        ("opensearch://h/x?copies=2", "no option"),
    ],
)
def test_an_address_that_cannot_be_read_says_why(address: str, reason: str) -> None:
    with pytest.raises(QueryError, match=reason):
        open_engine(address)


def test_only_engines_that_keep_generations_are_built() -> None:
    with pytest.raises(QueryError, match="Known: a folder"):
        open_durable("memory:")


def test_the_engine_of_the_environment_goes_before_its_folder() -> None:
    environment = {"MEDSEARCH_ENGINE": "opensearch://h/x", "MEDSEARCH_INDEX": "folder"}
    assert Settings.load({}, environment).index == "opensearch://h/x"
    assert Settings.load({"index": "given"}, environment).index == "given"
    assert Settings.load({}, {"MEDSEARCH_ENGINE": "", "MEDSEARCH_INDEX": "folder"}).index == "folder"


def test_a_lost_cluster_is_a_503_that_says_when_to_come_back() -> None:
    address = f"opensearch://127.0.0.1:{closed_port()},127.0.0.1:{closed_port()}/x"
    with pytest.raises(EngineUnavailable, match="no node can be reached"), open_engine(address).searcher():
        pass
    client = create_app({"index": address}).test_client()
    for path in ("/search?q=eye", "/", "/zh/search?q=eye", "/api/v1/search?q=eye", "/readyz", "/hospitals/x"):
        response = client.get(path)
        assert response.status_code == 503, path
        assert int(response.headers["Retry-After"]) > 0
        assert "127.0.0.1" not in response.get_data(as_text=True) or path == "/readyz"
    assert "Sorry, the search is not available" in client.get("/search?q=eye").get_data(as_text=True)
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").get_json()["state"] == "lost"
    metrics = client.get("/metrics").get_data(as_text=True)
    assert "index_up 0.0\n" in metrics
    assert 'index_state{state="lost"} 1.0\n' in metrics


def test_a_command_without_its_cluster_ends_with_one_sentence(tmp_path: Path) -> None:
    address = f"opensearch://127.0.0.1:{closed_port()}/x"
    for words in (["index", "status"], ["search", "eye"], ["index", "build", "--corpus", str(tmp_path)]):
        done = CliRunner().invoke(main, [*words, "--index", address])
        assert done.exit_code == 3, done.output
        assert "does not answer" in done.output
        assert "Traceback" not in done.output
