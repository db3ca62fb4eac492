"""Responses given again from memory: they are what the application would answer, and nothing is skipped for them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from indexer.engines import Searcher, open_engine
from indexer.errors import EngineUnavailable
from indexer.model import Document, Section
from search_app import create_app
from search_app.context import EXTENSION
from search_app.headers import HEADERS
from search_app.languages import preferred_language
from search_app.remembered import Remembering, Response, Responses
from tests.site_fixture import build_index, site_app

PAGES = (
    "/",
    "/search?q=eye",
    "/zh/search?q=eye&city=Shanghai",
    "/hospitals/renji-hospital",
    "/cities/shanghai",
    "/about",
)
API = ("/api/v1/search?q=eye", "/api/v1/documents/hospitals/renji-hospital", "/api/v1/suggest?q=sha")


def remembering(app: Flask) -> Remembering:
    """The part of an application that remembers."""
    inner = app.wsgi_app
    while not isinstance(inner, Remembering):
        inner = inner.app  # ProxyFix
    return inner


def memory(app: Flask) -> Responses:
    """What an application keeps."""
    return remembering(app).responses


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    return build_index(tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="module")
def whole_app(index: str) -> Flask:
    made = create_app({"index": index})
    made.testing = True
    return made


@pytest.fixture
def app(whole_app: Flask) -> Flask:
    """The application with nothing remembered."""
    remembering(whole_app).responses = Responses(memory(whole_app).limit)
    return whole_app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def metric(client: FlaskClient, start: str) -> float:
    """The value of a line of the metrics."""
    lines = client.get("/metrics").text.splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(start)), 0.0)


@pytest.mark.parametrize("address", [*PAGES, *API])
@pytest.mark.parametrize(
    "headers",
    [{}, {"Accept-Encoding": "gzip"}, {"Accept-Language": "zh-CN,en;q=0.5"}],
    ids=["plain", "gzip", "Chinese"],
)
def test_the_second_answer_is_the_first_from_memory(
    app: Flask, address: str, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    first = client.get(address, headers=headers)
    assert len(memory(app)) == 1
    asked_again = "the application was asked again"
    monkeypatch.setattr(remembering(app), "_application", lambda *request: pytest.fail(asked_again))
    again = client.get(address, headers=headers)
    assert (again.status, again.data) == (first.status, first.data)
    assert again.headers.to_wsgi_list() == first.headers.to_wsgi_list()
    for name, value in HEADERS.items():
        assert again.headers[name] == value


@pytest.mark.parametrize(
    "headers",
    [{"Accept-Encoding": "gzip"}, {"Accept-Language": "zh"}, {"Host": "other.example"}],
    ids=["encoding", "language", "host"],
)
def test_who_asks_for_another_form_gets_that(client: FlaskClient, headers: dict[str, str]) -> None:
    plain = client.get("/search?q=eye")
    other = client.get("/search?q=eye", headers=headers)
    assert other.data != plain.data
    assert client.get("/search?q=eye", headers=headers).data == other.data
    assert client.get("/search?q=eye").data == plain.data


def test_only_behind_tls_a_remembered_answer_demands_it(client: FlaskClient) -> None:
    for _ in range(2):
        assert "Strict-Transport-Security" not in client.get("/search?q=eye").headers
        assert "Strict-Transport-Security" in client.get("/search?q=eye", base_url="https://localhost").headers


@pytest.mark.parametrize("address", ["/search?q=eye", "/api/v1/search?q=eye"])
def test_a_browser_that_has_it_gets_a_bare_304(client: FlaskClient, address: str) -> None:
    counter = 'http_requests_total{route="api.search",status="304"}'
    before = metric(client, counter)
    for _ in range(2):
        first = client.get(address)
        again = client.get(address, headers={"If-None-Match": f'"x", {first.headers["ETag"]}'})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert "Content-Type" not in again.headers
        assert client.get(address, headers={"If-None-Match": '"x"'}).data == first.data
    assert metric(client, counter) - before == (2 if "api" in address else 0)


def test_head_of_what_is_remembered_has_no_body(client: FlaskClient) -> None:
    whole = client.get("/search?q=eye")
    head = client.head("/search?q=eye")
    assert head.data == b""
    assert head.headers.to_wsgi_list() == whole.headers.to_wsgi_list()


@pytest.mark.parametrize(
    "address",
    ["/nowhere", "/search?q=eye&page=99", "/api/v1/search?page=0", "/hospitals", "/robots.txt", "/metrics", "/readyz"],
)
def test_errors_redirects_and_what_tells_the_moment_are_not_kept(app: Flask, address: str) -> None:
    app.test_client().get(address)
    assert len(memory(app)) == 0


def test_searches_and_responses_are_counted_each_time(client: FlaskClient) -> None:
    counters = (
        'search_requests_total{surface="page"}',
        'search_zero_results_total{surface="api"}',
        'http_requests_total{route="pages_en.search1",status="200"}',
        'http_request_duration_seconds_count{route="api.search"}',
    )
    before = [metric(client, counter) for counter in counters]
    for _ in range(3):
        client.get("/search?q=eye")
    for _ in range(2):
        client.get("/api/v1/search?q=unmistakable")
    counted = [metric(client, counter) - start for counter, start in zip(counters, before, strict=True)]
    assert counted == [3, 2, 3, 2]


def test_the_query_log_has_each_search_and_nobody_who_does_not_want_it(tmp_path: Path) -> None:
    app = site_app(tmp_path / "index", query_log=str(tmp_path / "log.db"), query_log_minimum=2)
    client = app.test_client()
    for headers in ({}, {}, {"Sec-GPC": "1"}, {"DNT": "1"}, {}):
        client.get("/search?q=eye&city=Shanghai", headers=headers)
    recorder = app.extensions[EXTENSION].query_log
    waiting = [recorder._waiting.get_nowait() for _ in range(recorder._waiting.qsize())]
    assert [(each.query, each.filters, each.language) for each in waiting] == [("eye", 1, "en")] * 3
    assert {each.results for each in waiting} == {2}
    assert metric(client, 'query_log_searches_total{outcome="opted_out"}') == 2


def test_a_client_that_asks_too_much_is_refused_what_is_remembered(tmp_path: Path) -> None:
    client = site_app(tmp_path, rate_limit=6, rate_burst=3, trusted_proxies=1).test_client()
    who = {"X-Forwarded-For": "203.0.113.9"}
    assert [client.get("/about", headers=who).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert client.get("/about", headers={"X-Forwarded-For": "203.0.113.10"}).status_code == 200


def test_a_publication_drops_what_was_kept_at_once(tmp_path: Path) -> None:
    address = build_index(tmp_path)
    app = create_app({"index": address})
    client = app.test_client()
    first = client.get("/search?q=eye")
    client.get("/about")
    assert len(memory(app)) == 2
    with open_engine(address).update() as writer:
        writer.put(Document("hospitals/eye-two", "hospital", "Second Eye Hospital", (Section("", "", "eye"),)))
    later = client.get("/search?q=eye", headers={"If-None-Match": first.headers["ETag"]})
    assert later.status_code == 200
    assert "Second Eye Hospital" in later.text
    assert len(memory(app)) == 1
    assert client.get("/search?q=eye").data == later.data


class Fragile:
    """An engine that can stop answering."""

    def __init__(self, address: str) -> None:
        self.engine = open_engine(address)
        self.gone = False

    def searcher(self) -> AbstractContextManager[Searcher]:
        """A searcher, or the news that there is none."""
        if self.gone:
            raise EngineUnavailable("here", "nobody is there")
        return self.engine.searcher()


def test_an_engine_that_stops_answering_is_said_although_the_page_is_remembered(index: str) -> None:
    engine = Fragile(index)
    client = create_app({"engine": engine}).test_client()
    first = client.get("/search?q=eye")
    engine.gone = True
    assert client.get("/search?q=eye").status_code == 503
    assert client.get("/api/v1/search?q=eye").mimetype == "application/problem+json"
    engine.gone = False
    assert client.get("/search?q=eye").data == first.data


@pytest.mark.parametrize("config", [{"cached_answers": 0}, {"debug": True}], ids=str)
def test_it_can_be_switched_off(index: str, config: dict[str, object]) -> None:
    app = create_app({"index": index, **config})
    assert not isinstance(app.wsgi_app, Remembering)
    assert app.test_client().get("/search?q=eye").status_code == 200


def test_many_threads_get_one_answer(app: Flask) -> None:
    def ask(number: int) -> bytes:
        return app.test_client().get(f"/search?q=word{number % 3}").data

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(48)))
    assert len(set(answers)) == 3
    assert len(memory(app)) == 3


# -- the memory alone -------------------------------------------------------------------------------------------------

RESPONSE = Response("route", "tag", [("Content-Type", "text/html")], b"x" * 90, (), 100)


def test_it_holds_to_its_size_and_keeps_what_was_used_last() -> None:
    kept = Responses(1000)
    assert kept.find("one", ("0",)) is None
    for number in range(10):
        kept.keep("one", (str(number),), RESPONSE)
    assert kept.size == 1000
    assert kept.find("one", ("0",)) is RESPONSE
    kept.keep("one", ("10",), RESPONSE)
    assert kept.size == 1000
    assert kept.find("one", ("0",)) is RESPONSE, "it was used last"
    assert kept.find("one", ("1",)) is None
    kept.keep("one", ("large",), replace(RESPONSE, size=126))
    assert kept.find("one", ("large",)) is None


def test_an_answer_of_an_older_generation_is_not_kept() -> None:
    kept = Responses(1000)
    kept.find("one", ("a",))
    kept.find("two", ("a",))
    kept.keep("one", ("a",), RESPONSE)
    assert (len(kept), kept.size) == (0, 0)
    kept.keep("two", ("a",), RESPONSE)
    assert kept.find("two", ("a",)) is RESPONSE
    assert kept.find("three", ("a",)) is None
    assert (len(kept), kept.size) == (0, 0)


@pytest.mark.parametrize(
    ("header", "prefix"),
    [("", ""), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-US,en", "en"), ("fr", ""), (";q=,zh;q=9", ""), ("*", "en")],
)
def test_the_language_that_a_browser_likes_best(header: str, prefix: str) -> None:
    assert preferred_language(header) == prefix
