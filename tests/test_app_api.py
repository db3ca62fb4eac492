"""The JSON API, as a program meets it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from indexer.engines import open_engine
from indexer.model import Document, Section
from search_app import create_app
from search_app.context import EXTENSION
from tests.site_fixture import build_index, site_app


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return site_app(tmp_path_factory.mktemp("index")).test_client()


def test_search_answers_with_hits_counts_and_links(client: FlaskClient) -> None:
    response = client.get("/api/v1/search?q=hospital&per_page=2&page=2&sort=title")
    body = response.get_json()
    assert response.mimetype == "application/json"
    assert body["page"] == 2
    assert body["sort"] == "title"
    assert len(body["hits"]) == 2
    assert body["next"] == "/api/v1/search?q=hospital&sort=title&page=3&per_page=2"
    assert body["previous"] == "/api/v1/search?q=hospital&sort=title&per_page=2"
    assert 'rel="next"' in response.headers["Link"]
    assert client.get(body["next"]).status_code == 200


def test_following_next_gives_every_hit_once(client: FlaskClient) -> None:
    address, seen = "/api/v1/search?per_page=5", []
    while address:
        body = client.get(address).get_json()
        seen += [hit["id"] for hit in body["hits"]]
        address = body["next"]
    assert len(seen) == len(set(seen)) == body["total"] == 12


def test_choosing_a_value_gives_the_promised_number(client: FlaskClient) -> None:
    for start in ("/api/v1/search", "/api/v1/search?q=eye", "/api/v1/search?city=Shanghai&city=Beijing"):
        for facet, buckets in client.get(start).get_json()["facets"].items():
            for bucket in buckets:
                chosen = client.get(bucket["url"]).get_json()
                if not bucket["selected"] and f"{facet}=" not in start:
                    assert chosen["total"] == bucket["count"], bucket


def test_page_and_api_agree(client: FlaskClient) -> None:
    for query in ("q=eye", "q=hospital&city=Shanghai", "q=%22proton+therapy%22", "q=-eye&kind=hospital"):
        total = client.get(f"/api/v1/search?{query}").get_json()["total"]
        page = client.get(f"/search?{query}&per_page=100").text
        assert page.count('<article class="card') == total


def test_a_page_past_the_end_names_the_last(client: FlaskClient) -> None:
    response = client.get("/api/v1/search?q=eye&page=5000")
    body = response.get_json()
    assert response.status_code == 200
    assert body["hits"] == []
    assert body["next"] is None
    assert body["previous"] == body["last"] == "/api/v1/search?q=eye"
    assert client.get("/api/v1/search?page=999999999999999999999&per_page=100").get_json()["hits"] == []


def test_an_unknown_value_is_no_error(client: FlaskClient) -> None:
    body = client.get("/api/v1/search?city=Atlantis").get_json()
    assert body["total"] == 0
    assert next(bucket for bucket in body["facets"]["city"] if bucket["selected"]) == {
        "value": "Atlantis",
        "label": "Atlantis",
        "count": 0,
        "selected": True,
        "url": "/api/v1/search",
    }
    assert body["unknown_values"][0]["facet"] == "city"


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("ctiy=Shanghai", ["ctiy"]),
        ("page=0", ["page"]),
        ("page=x&per_page=101&sort=best", ["sort", "page", "per_page"]),
        ("q=a&q=b", ["q"]),
        ("exact=maybe", ["exact"]),
    ],
)
def test_what_is_wrong_is_named_parameter_by_parameter(client: FlaskClient, query: str, parameters: list[str]) -> None:
    response = client.get(f"/api/v1/search?{query}")
    body = response.get_json()
    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"
    assert body["status"] == 400
    assert body["title"] == "Bad Request"
    assert body["instance"] == "/api/v1/search"
    assert [error["parameter"] for error in body["errors"]] == parameters
    assert "ETag" not in response.headers


def test_the_nearest_parameter_is_named(client: FlaskClient) -> None:
    detail = client.get("/api/v1/search?specialities=x").get_json()["errors"][0]["detail"]
    assert "Did you mean 'specialty'?" in detail


def test_a_document(client: FlaskClient) -> None:
    body = client.get("/api/v1/documents/hospitals/renji-hospital").get_json()
    assert body["title"] == "Renji Hospital"
    assert body["facts"][0] == {"name": "Founded", "value": "1844", "sources": ["source-1"]}
    assert client.get("/api/v1/documents/hospital/renji-hospital").get_json() == body


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/documents/hospitals/nowhere",
        "/api/v1/documents/secrets/x",
        "/api/v1/documents/hospitals/..%2f..%2fetc%2fpasswd",
        "/api/v1/nothing",
        "/api/v2/search",
    ],
)
def test_what_is_not_there_is_a_problem(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"
    assert response.get_json()["title"] == "Not Found"


def test_other_methods_are_a_problem(client: FlaskClient) -> None:
    response = client.post("/api/v1/search", json={"q": "eye"})
    assert response.status_code == 405
    assert response.mimetype == "application/problem+json"
    assert "GET" in response.headers["Allow"]


def test_suggestions_are_grouped_and_lead_somewhere(client: FlaskClient) -> None:
    body = client.get("/api/v1/suggest?q=eye").get_json()
    assert body["query"] == "eye"
    groups = [each["group"] for each in body["suggestions"]]
    assert groups == sorted(groups, key=["hospitals", "articles", "cities", "specialties", "topics", "queries"].index)
    assert body["suggestions"][0]["text"] == "Shanghai Eye Hospital"
    for each in body["suggestions"]:
        assert client.get(each["url"]).status_code == 200
        assert client.get("/zh" + each["url"]).status_code == 200
    assert client.get("/api/v1/suggest?q=").get_json()["suggestions"] == []


def test_suggestions_from_the_names_of_the_generation_before_are_not_kept(tmp_path: Path) -> None:
    app = site_app(tmp_path, cached_answers=0)
    client = app.test_client()
    fresh = client.get("/api/v1/suggest?q=eye")
    assert "max-age" in fresh.headers["Cache-Control"]
    catalogues = app.extensions[EXTENSION].catalogues
    older = replace(next(iter(catalogues._kept.values())), generation="000000-20000101T000000Z")
    catalogues._kept = OrderedDict({"another generation": older})
    with catalogues._making:  # as while another thread collects the new names
        stale = client.get("/api/v1/suggest?q=eye")
    assert stale.headers["Cache-Control"] == "no-store"
    assert "ETag" not in stale.headers
    assert stale.get_json() == fresh.get_json()
    assert client.get("/api/v1/suggest?q=eye").headers["ETag"] == fresh.headers["ETag"]


def test_suggestions_follow_chinese(client: FlaskClient) -> None:
    texts = [
        each["text"] for each in client.get("/api/v1/suggest", query_string={"q": "眼科"}).get_json()["suggestions"]
    ]
    assert "Shanghai Eye Hospital" in texts


@pytest.mark.parametrize("limit", ["0", "11", "x", "-1", "99999999999999999999"])
def test_the_number_of_suggestions_is_bounded(client: FlaskClient, limit: str) -> None:
    assert client.get(f"/api/v1/suggest?q=eye&limit={limit}").status_code == 400


HOSTILE = (
    "\x00",
    "%00",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "\u202e\u200b\ufeff",
    "(" * 390,
    '"' * 200,
    "NOT NOT x",
    "x^0",
    "*",
    "*a*",
    "~9",
    "[a TO z]",
    "a OR " * 90,
    "-" * 300,
    "city:" * 60,
    'title:"',
    "AND",
    "\\",
    "a" * 400,
    "😀" * 100,
    "眼" * 300,
    "' OR 1=1 --",
    "{{7*7}}",
    "../../etc/passwd",
    "<svg/onload=alert(1)>",
    "a\tb\nc",
    "🏳️‍🌈",
    "ﷺ" * 20,
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "path", ["/search", "/zh/search", "/api/v1/search", "/api/v1/suggest", "/search.atom", "/suggest", "/compare"]
)
def test_nothing_typed_is_an_error_of_ours(client: FlaskClient, path: str, text: str) -> None:
    for name in ("q", "city", "page", "add"):
        response = client.get(path, query_string={name: text})
        assert response.status_code < 500, (path, name)


def test_a_megabyte_query_is_refused_or_cut(client: FlaskClient) -> None:
    assert client.get("/api/v1/search?q=" + "x" * 1_000_000).status_code == 400
    assert client.get("/search?q=" + "x+" * 500_000).status_code == 200
    assert client.get("/search?" + "&".join(f"city={number}" for number in range(20_000))).status_code < 500


# -- caching ----------------------------------------------------------------------------------------------------------


def test_an_answer_is_valid_as_long_as_its_generation(tmp_path: Path) -> None:
    address = build_index(tmp_path)
    client = create_app({"index": address}).test_client()
    first = client.get("/api/v1/search?q=eye")
    again = client.get("/api/v1/search?q=eye", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    page = client.get("/hospitals/renji-hospital")
    engine = open_engine(address)
    with engine.update() as writer:
        writer.put(Document("hospitals/eye-two", "hospital", "Second Eye Hospital", (Section("", "", "eye"),)))
    later = client.get("/api/v1/search?q=eye", headers={"If-None-Match": first.headers["ETag"]})
    assert later.status_code == 200
    assert later.get_json()["generation"] != first.get_json()["generation"]
    assert later.get_json()["total"] == first.get_json()["total"] + 1
    assert client.get("/hospitals/renji-hospital", headers={"If-None-Match": page.headers["ETag"]}).status_code == 200
    assert "Second Eye Hospital" in client.get("/api/v1/suggest?q=second+eye").text


def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    app = site_app(tmp_path, cached_answers=3)
    client = app.test_client()
    for number in range(10):
        client.get(f"/api/v1/search?q=word{number}")
    assert len(app.extensions["medsearch"].answers) == 3


def test_a_search_is_not_for_shared_caches(client: FlaskClient) -> None:
    assert "private" in client.get("/search?q=eye").headers["Cache-Control"]
    assert "stale-while-revalidate" in client.get("/api/v1/search?q=eye").headers["Cache-Control"]
    assert "Cache-Control" not in client.get("/api/v1/search?page=0").headers


# -- operations -------------------------------------------------------------------------------------------------------


def test_ready_names_the_generation(client: FlaskClient) -> None:
    body = client.get("/readyz").get_json()
    assert body["status"] == "ok"
    assert body["documents"] == 12
    assert body["generation"].startswith("000001-")
    assert 0 <= body["age_seconds"] < 600
    assert client.get("/healthz").get_json() == {"status": "ok"}


def test_metrics_count_searches_and_never_name_one(tmp_path: Path) -> None:
    client = site_app(tmp_path).test_client()
    client.get("/search?q=unmistakable")
    client.get("/api/v1/search?q=eye")
    text = client.get("/metrics").text
    assert 'search_requests_total{surface="page"} 1.0' in text
    assert 'search_requests_total{surface="api"} 1.0' in text
    assert 'search_zero_results_total{surface="page"} 1.0' in text
    assert "index_documents 12.0" in text
    assert 'index_generation_info{engine="whoosh",generation="000001-' in text
    assert 'index_state{state="green"} 1.0' in text
    assert 'index_state{state="red"} 0.0' in text
    assert "index_age_seconds" in text
    assert "search_duration_seconds_bucket" in text
    assert "unmistakable" not in text


def test_two_applications_share_nothing(tmp_path: Path) -> None:
    one, other = site_app(tmp_path / "a"), site_app(tmp_path / "b")
    one.test_client().get("/search?q=eye")
    assert 'search_requests_total{surface="page"}' not in other.test_client().get("/metrics").text
