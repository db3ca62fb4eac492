"""What every response says to browsers, and what is believed of a request."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import brotli
import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from search_app.headers import HEADERS
from search_app.settings import Settings
from tests.site_fixture import site_app

EVERYWHERE = (
    "/",
    "/search?q=eye",
    "/hospitals/renji-hospital",
    "/nowhere",
    "/api/v1/search",
    "/api/v1/search?page=0",
    "/robots.txt",
    "/metrics",
    "/search.atom",
    "/static/nothing.css",
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return site_app(tmp_path_factory.mktemp("index")).test_client()


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_response_has_them(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    for name, value in HEADERS.items():
        assert response.headers[name] == value
    assert "Set-Cookie" not in response.headers
    assert "Strict-Transport-Security" not in response.headers


def test_nothing_inline_is_allowed_and_nothing_inline_is_used(client: FlaskClient) -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    for path in ("/", "/search?q=eye", "/compare?h=renji-hospital", "/nowhere"):
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script>|javascript:", client.get(path).text)


def test_nothing_is_loaded_from_elsewhere(client: FlaskClient) -> None:
    for path in ("/", "/search?q=eye", "/hospitals/renji-hospital"):
        page = BeautifulSoup(client.get(path).text, "lxml")
        loaded = [
            element.get("src") or element.get("href")
            for element in page.select("script[src], img, link[rel=stylesheet], link[rel=icon]")
        ]
        assert loaded
        assert all(address.startswith("/") and not address.startswith("//") for address in loaded)


def test_only_the_api_is_open_to_other_sites(client: FlaskClient) -> None:
    assert client.get("/api/v1/search").headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in client.get("/search").headers


def test_scripts_of_other_sites_may_ask_the_api_whether_an_answer_has_changed(client: FlaskClient) -> None:
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"}
    allowed = client.options("/api/v1/search?q=eye", headers={"Origin": "https://a.example", **asked}).headers
    assert "GET" in allowed["Access-Control-Allow-Methods"]
    assert allowed["Access-Control-Allow-Headers"] == "*"
    assert "Link" in client.get("/api/v1/search?q=eye").headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Methods" not in client.options("/search").headers


def test_a_host_that_is_none_is_refused(client: FlaskClient) -> None:
    for path in ("/", "/opensearch.xml", "/api/v1/search?q=eye"):
        assert client.get(path, headers={"Host": 'ev<il>"/x'}).status_code == 400
        assert client.get(path, headers={"Host": "[::1]:8000"}).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "encodings"),
    [
        ("gzip;q=0", {None}),
        ("br;q=0, gzip", {"gzip"}),
        ("zstd;q=0, *", {None}),
        ("gzip; q=0.000, br; q=0.5", {"br"}),
        ("gzip;q=0.5, identity;q=0", {"gzip"}),
        ("*", {"br", "gzip", "zstd", "deflate"}),
    ],
)
def test_no_compression_that_the_client_refuses(client: FlaskClient, accepted: str, encodings: set[str | None]) -> None:
    for path in ("/search?q=eye", "/api/v1/search?q=eye"):
        headers = client.get(path, headers={"Accept-Encoding": accepted}).headers
        assert headers.get("Content-Encoding") in encodings


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/search"])
def test_beside_the_api_there_is_a_problem_that_says_where_it_is_described(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.mimetype) == (404, "application/problem+json")
    assert "/api/v1/openapi.json" in response.json["detail"]
    assert next(iter(response.json)) == "type"


def test_transport_security_is_demanded_behind_tls(client: FlaskClient) -> None:
    response = client.get("/", base_url="https://localhost")
    assert response.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_a_proxy_is_believed_only_when_it_was_configured(tmp_path: Path) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "1.2.3.4"}
    alone = site_app(tmp_path / "a").test_client().get("/about", headers=forwarded)
    assert "evil.example" not in alone.text
    assert "Strict-Transport-Security" not in alone.headers
    behind = site_app(tmp_path / "b", trusted_proxies=1).test_client().get("/about", headers=forwarded)
    assert "https://evil.example/about" in behind.text
    assert "Strict-Transport-Security" in behind.headers


def test_only_trusted_hosts_are_answered_when_they_were_named(tmp_path: Path) -> None:
    client = site_app(tmp_path, trusted_hosts="med.example,.org.example").test_client()
    assert client.get("/", base_url="http://med.example").status_code == 200
    assert client.get("/", base_url="http://www.org.example").status_code == 200
    refused = client.get("/", base_url="http://evil.example")
    assert refused.status_code == 400
    assert "evil.example" not in refused.text


def test_a_public_address_replaces_that_of_the_request(tmp_path: Path) -> None:
    client = site_app(tmp_path, site_url="https://med.example/").test_client()
    text = client.get("/about", base_url="http://evil.example").text
    assert '<link rel="canonical" href="https://med.example/about">' in text
    assert "evil.example" not in text


@pytest.mark.parametrize("host", ["a b", "<script>", "x" * 300, "[::1", "localhost:99999999", "\xff"])
def test_an_odd_host_is_no_error_of_ours(client: FlaskClient, host: str) -> None:
    response = client.get("/search?q=eye", environ_overrides={"HTTP_HOST": host})
    assert response.status_code < 500
    assert "<script>" not in response.text


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": '"'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": "never"},
        {"Range": "bytes=5-1"},
        {"Range": "bytes=0-10"},
        {"Accept-Language": "x" * 5000},
        {"Accept-Language": ";q=,zh;q=9"},
        {"Accept": "\x00"},
        {"Accept-Encoding": "br;q=x, ;"},
        {"Content-Type": "application/json"},
        {"X-Forwarded-Proto": "gopher"},
    ],
)
@pytest.mark.parametrize("path", ["/search?q=eye", "/api/v1/search?q=eye", "/favicon.svg", "/"])
def test_odd_headers_are_no_error_of_ours(client: FlaskClient, path: str, headers: dict[str, str]) -> None:
    assert client.get(path, headers=headers).status_code < 500


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "PROPFIND", "BREW"])
def test_odd_methods_are_refused(client: FlaskClient, method: str) -> None:
    for path in ("/", "/search", "/api/v1/search"):
        assert client.open(path, method=method).status_code in (200, 405)


def test_head_is_get_without_a_body(client: FlaskClient) -> None:
    for path in ("/", "/search?q=eye", "/api/v1/search?q=eye", "/favicon.svg"):
        response = client.head(path)
        assert response.status_code == 200
        assert response.data == b""


# -- static files -----------------------------------------------------------------------------------------------------


def assets(client: FlaskClient) -> list[str]:
    page = BeautifulSoup(client.get("/").text, "lxml")
    return [page.select_one("link[rel=stylesheet]")["href"], page.select_one("script[src]")["src"]]


def test_static_files_have_names_by_content_and_are_kept_for_good(client: FlaskClient) -> None:
    for address in assets(client):
        assert re.fullmatch(r"/static/medsearch\.[0-9a-f]{10}\.(css|js)", address)
        response = client.get(address)
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        plain = re.sub(r"\.[0-9a-f]{10}\.", ".", address)
        assert "immutable" not in client.get(plain).headers["Cache-Control"]
        assert client.get(re.sub(r"\.[0-9a-f]{10}\.", ".0123456789.", address)).status_code == 404


def test_static_files_are_compressed_once_and_whole(client: FlaskClient) -> None:
    for address in assets(client):
        plain = client.get(address, headers={"Accept-Encoding": "identity"})
        packed = client.get(address, headers={"Accept-Encoding": "gzip"})
        best = client.get(address, headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert best.headers["Content-Encoding"] == "br"
        assert gzip.decompress(packed.data) == brotli.decompress(best.data) == plain.data
        assert "Accept-Encoding" in best.headers["Vary"]
        again = client.get(address, headers={"Accept-Encoding": "br", "If-None-Match": best.headers["ETag"]})
        assert again.status_code == 304


@pytest.mark.parametrize(
    "name", ["../settings.py", "..%2fsettings.py", "%2e%2e/settings.py", "medsearch.css/", ".", "medsearch.css%00"]
)
def test_no_other_file_is_served(client: FlaskClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code in (404, 308)


def test_a_first_visit_to_the_results_is_light(client: FlaskClient) -> None:
    encodings = {"Accept-Encoding": "gzip, br"}
    page = client.get("/search?q=eye+hospital+in+shanghai", headers=encodings)
    total = len(page.data) + sum(len(client.get(address, headers=encodings).data) for address in assets(client))
    assert page.headers["Content-Encoding"] in ("br", "gzip")
    assert total < 60_000


# -- settings ---------------------------------------------------------------------------------------------------------


def test_settings_come_from_the_environment_and_the_caller_wins() -> None:
    environment = {
        "MEDSEARCH_INDEX": "a/",
        "MEDSEARCH_TRUSTED_HOSTS": "x, y",
        "MEDSEARCH_TRUSTED_PROXIES": "2",
        "MEDSEARCH_DEBUG": "yes",
    }
    settings = Settings.load({"INDEX": "b/", "contact": None}, environment)
    assert settings == Settings(index="b/", trusted_hosts=("x", "y"), trusted_proxies=2, debug=True)


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(ValueError, match="MEDSEARCH_TRUSTED_PROXIES must be a whole number, not 'many'"):
        Settings.load({}, {"MEDSEARCH_TRUSTED_PROXIES": "many"})
    with pytest.raises(ValueError, match=r"^cached_answers must not be negative"):
        Settings.load({"cached_answers": -1}, {})
