"""The short way to searches, as pages and in the API: it answers and counts what the application would."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any
from unittest.mock import patch

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from indexer.errors import EngineUnavailable
from search_app import create_app
from search_app.context import EXTENSION
from search_app.direct import Direct
from search_app.settings import MAX_QUERY_CHARS
from tests.site_fixture import build_index

SEARCH = "/api/v1/search"
PLACES = (SEARCH, "/search", "/zh/search")
RIGHT = (
    "",
    "?q=eye",
    "?q=eye+hospital%20in%20Shanghai&city=shanghai&city=BEIJING",
    "?q=%E7%9C%BC%E7%A7%91&kind=hospital&per_page=2&page=2",
    "?q=eye&exact=1&sort=title",
    "?q=zzyzx",
    "?q=&city=Nowhere",
    "?q=%FFeye",
    "?q=eye&page=999",
)
UNUSUAL = ("?q=eye&q=ear&utm_source=x%26y&empty=", "?page=0&per_page=1000&sort=x", "?q=%3Cb%3E%22%26'")  # to a page
WRONG = ("?q=a&q=b", "?page=0", "?colour=red", "?q=" + "a" * (MAX_QUERY_CHARS + 1))
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Accept-Encoding": "gzip, deflate, br"},
    {"Accept-Encoding": "gzip;q=0.5, identity"},
    {"Accept-Language": "zh-CN", "Host": "search.example:8080"},
)
# The encoding of a page by what is accepted.
ENCODINGS = {
    "": None,
    "identity": None,
    "gzip": "gzip",
    "deflate": "deflate",
    "gzip, deflate, br": "br",
    "gzip, deflate, br, zstd": "zstd",
    "GZIP;q=0.9, br;q=0.2": "gzip",
    "br;q=0, gzip": "gzip",
    "*": "zstd",
    "br;q=0, *": None,
    "snappy": None,
}
FOR_THE_APPLICATION: tuple[dict[str, str], ...] = (
    {"If-None-Match": "*"},
    {"If-Match": '"none"', "Accept-Encoding": "gzip"},
    {"Host": "no host"},
    {"Host": "elsewhere.example"},
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    return build_index(tmp_path_factory.mktemp("index"))


def site(index: str, **settings: Any) -> Flask:
    made = create_app({"index": index, "cached_answers": 0, "rate_limit": 0, **settings})
    made.testing = False
    return made


@pytest.fixture(scope="module")
def client(index: str) -> FlaskClient:
    return site(index, trusted_hosts=("localhost", "search.example")).test_client()


def direct(client: FlaskClient) -> Direct:
    """The part of an application that answers in front of Flask."""
    found = client.application.wsgi_app
    assert isinstance(found, Direct)
    return found


def asked(client: FlaskClient, address: str, headers: dict[str, str]) -> tuple[str, list[tuple[str, str]], bytes]:
    """Status, headers and body, but for the time that the search took; ``Date`` is the server's to say."""
    found = client.get(address, headers=headers)
    sent = [(name, value) for name, value in found.headers if name not in ("Date", "Content-Length")]
    body = found.get_data()
    if found.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    elif found.headers.get("Content-Encoding") == "br":
        body = brotli.decompress(body)
    return found.status, sent, re.sub(rb'"took_ms":[^,]+', b"", body)


@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize(
    "address",
    [*(place + query for place in PLACES for query in RIGHT), *(PLACES[-1] + query for query in UNUSUAL)],
)
def test_what_is_right_is_answered_as_the_application_would(
    client: FlaskClient, address: str, headers: dict[str, str]
) -> None:
    with patch.object(client.application, "full_dispatch_request", side_effect=AssertionError("asked Flask")):
        found = asked(client, address, headers)
    with patch.object(direct(client), "_made", return_value=None):
        assert found == asked(client, address, headers)
    assert found[0] == "200 OK" or ("page=" in address and not address.startswith(SEARCH) and found[0][:3] == "404")


def _unstamped(response: TestResponse) -> bytes:
    """A body without the second in which it was compressed, which gzip puts into bytes 4 to 7."""
    body = response.get_data()
    return body[:4] + body[8:] if response.content_encoding == "gzip" else body


@pytest.mark.parametrize("accepted", ENCODINGS)
def test_a_body_is_encoded_as_the_application_would(client: FlaskClient, accepted: str) -> None:
    """It is done by two inner functions of Flask-Compress, which promises nothing of them."""
    headers = {"Accept-Encoding": accepted}
    found = client.get("/search?q=eye", headers=headers)
    with patch.object(direct(client), "_made", return_value=None):
        wanted = client.get("/search?q=eye", headers=headers)
    assert (_unstamped(found), found.content_encoding) == (_unstamped(wanted), wanted.content_encoding)
    assert found.content_length == len(found.get_data())
    assert found.content_encoding == ENCODINGS[accepted]


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        *((SEARCH + query, {}) for query in WRONG),
        *((f"{place}?q=eye", headers) for place in PLACES for headers in FOR_THE_APPLICATION),
        ("/search/?q=eye", {}),
    ],
)
def test_all_else_is_for_the_application(client: FlaskClient, address: str, headers: dict[str, str]) -> None:
    flask = client.application.full_dispatch_request
    with patch.object(client.application, "full_dispatch_request", side_effect=flask) as application:
        found = asked(client, address, headers)
        application.assert_called_once()
    with patch.object(direct(client), "_made", return_value=None):
        assert found == asked(client, address, headers)


def test_head_and_other_methods_are_for_the_application(client: FlaskClient) -> None:
    assert client.head(SEARCH).headers["Content-Length"] != "0"
    assert client.post(SEARCH).status_code == 405


def test_a_failure_is_told_by_the_application(client: FlaskClient) -> None:
    with patch("search_app.asking.answer", side_effect=EngineUnavailable("http://node:9200", "gone")):
        found = client.get(SEARCH + "?q=eye")
    assert (found.status_code, found.mimetype, found.headers["Retry-After"]) == (503, "application/problem+json", "30")


def test_a_client_that_asks_too_much_is_refused(index: str) -> None:
    client = site(index, rate_limit=1, rate_burst=2, trusted_proxies=1).test_client()
    for host, place in enumerate(PLACES):
        who = {"X-Forwarded-For": f"203.0.113.{host}"}
        assert [client.get(place + "?q=eye", headers=who).status_code for _ in range(3)] == [200, 200, 429]


def test_only_behind_tls_an_answer_demands_it(index: str) -> None:
    client = site(index).test_client()
    for place in PLACES:
        answers = [client.get(place, base_url=f"{scheme}://localhost") for scheme in ("http", "https")]
        assert ["Strict-Transport-Security" in each.headers for each in answers] == [False, True]


@pytest.mark.parametrize("cached_answers", [0, 100])
@pytest.mark.parametrize(
    ("place", "route", "surface", "language"),
    [(SEARCH, "api.search", "api", "en"), ("/zh/search", "pages_zh.search1", "page", "zh")],
)
def test_requests_and_searches_are_counted_and_logged(
    index: str, tmp_path: Path, cached_answers: int, place: str, route: str, surface: str, language: str
) -> None:
    made = site(index, query_log=str(tmp_path / "log"), query_log_minimum=2, cached_answers=cached_answers)
    client = made.test_client()
    for _ in range(2):  # the second may be given from memory
        client.get(place + "?q=eye", headers={"Sec-GPC": "1"})
        client.get(place + "?q=zzyzx", headers={"Accept-Encoding": "gzip"})
        client.head(place + "?q=eye", headers={"Sec-GPC": "1"})  # by the application, under the same names
    lines = client.get("/metrics").text.splitlines()
    assert {line for line in lines if line.startswith(("http_requests_total", "search_requests_total"))} == {
        f'http_requests_total{{route="{route}",status="200"}} 6.0',
        f'search_requests_total{{surface="{surface}"}} 6.0',
    }
    assert {line for line in lines if line.startswith("search_zero_results_total")} == {
        f'search_zero_results_total{{surface="{surface}"}} 2.0'
    }
    recorder = made.extensions[EXTENSION].query_log
    waiting = [recorder._waiting.get_nowait() for _ in range(recorder._waiting.qsize())]
    assert [(each.query, each.results, each.filters, each.language) for each in waiting] == [
        ("zzyzx", 0, 0, language)
    ] * 2
