"""TLS and credentials of a cluster: who is let in, who is not, and that nobody reads the password."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.engines import open_engine
from indexer.engines.opensearch_engine import _cluster
from indexer.engines.opensearch_engine._address import parse
from indexer.errors import EngineUnavailable, QueryError
from search_app import create_app
from tests.tls_proxy import PASSWORD, Door, door


@pytest.fixture(scope="module")
def shut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door with nothing behind it: nobody whom it lets in gets an answer."""
    with door(tmp_path_factory.mktemp("tls")) as found:
        yield found


def reason(address: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Why a search fails."""
    for name in [each for each in os.environ if each.startswith("MEDSEARCH_ENGINE")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(EngineUnavailable) as caught, open_engine(address).searcher():
        pass
    return caught.value.reason


def test_who_is_not_let_in_learns_why(shut: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"opensearch+https://127.0.0.1:{shut.port}/x"
    other = shut.environment(MEDSEARCH_ENGINE_CA=str(shut.other_authority))
    assert reason(address, other, monkeypatch) == "its certificate is not trusted"
    system = {name: value for name, value in shut.environment().items() if not name.endswith("_CA")}
    assert reason(address, system, monkeypatch) == "its certificate is not trusted"
    (tmp_path / "wrong").write_text("guessed")
    wrong = shut.environment(MEDSEARCH_ENGINE_PASSWORD_FILE=str(tmp_path / "wrong"))
    assert reason(address, wrong, monkeypatch) == "it refuses the credentials"
    assert reason(address.replace("+https", ""), shut.environment(), monkeypatch) == "no node can be reached"
    assert not shut.asked
    with door(tmp_path, name="elsewhere.example") as elsewhere:
        mine = f"opensearch+https://127.0.0.1:{elsewhere.port}/x"
        assert reason(mine, elsewhere.environment(), monkeypatch) == "its certificate is not trusted"


def test_a_file_of_authorities_that_cannot_be_used_is_named_at_once(tmp_path: Path) -> None:
    address, missing, wrong = "opensearch+https://h/x", tmp_path / "missing.pem", tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    with pytest.raises(QueryError, match=f"MEDSEARCH_ENGINE_CA: {missing} cannot be read: No such file"):
        parse(address, {"MEDSEARCH_ENGINE_CA": str(missing)})
    with pytest.raises(QueryError, match="holds no certificates in PEM form"):
        parse(address, {"MEDSEARCH_ENGINE_CA": str(wrong)})


def test_the_password_stands_in_no_page_log_or_error(
    shut: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in shut.environment().items():
        monkeypatch.setenv(name, value)
    address = f"opensearch+https://127.0.0.1:{shut.port}/x"
    assert PASSWORD not in repr(parse(address))
    client = create_app({"index": address}).test_client()
    seen = []
    with caplog.at_level(logging.DEBUG):
        for path in ("/", "/search?q=eye", "/api/v1/search?q=eye", "/healthz", "/readyz", "/metrics"):
            seen.append(client.get(path).get_data(as_text=True))
    assert shut.asked  # the right password was sent, and told nobody
    encoded = shut.environment()["MEDSEARCH_ENGINE_USER"] + ":" + PASSWORD
    for text in (*seen, caplog.text):
        assert PASSWORD not in text
        assert encoded not in text
        assert "Basic " not in text


def test_a_password_that_goes_unencrypted_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    address = parse("opensearch://127.0.0.1:1/x", {"MEDSEARCH_ENGINE_USER": "u", "MEDSEARCH_ENGINE_PASSWORD": "s3cret"})
    _cluster.Cluster(address).client()
    assert [record.getMessage() for record in caplog.records] == [
        "The password for opensearch://127.0.0.1:1/x goes unencrypted over the network."
    ]


def test_a_machine_that_is_silent_costs_two_seconds_not_the_answer(shut: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without power refuses no connection: the next node must be asked all the same."""
    monkeypatch.setattr(_cluster, "CONNECT_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:  # fill the queue, so that further ones get no answer
            each.setblocking(False)
            each.connect_ex(silent.getsockname())
        address = f"opensearch+https://127.0.0.1:{silent.getsockname()[1]},127.0.0.1:{shut.port}/x"
        wrong = shut.environment(MEDSEARCH_ENGINE_PASSWORD_FILE="", MEDSEARCH_ENGINE_PASSWORD="guessed")
        for _ in range(3):  # whichever of the two is asked first
            assert reason(address, wrong, monkeypatch) == "it refuses the credentials"
        for each in waiting:
            each.close()
