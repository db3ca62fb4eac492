"""The description of the API is true of the running application."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.site_fixture import site_app

CALLS = (
    "/api/v1/search",
    "/api/v1/search?q=eye+hospital+shangai&city=Shanghai",
    "/api/v1/search?q=visa&city=Guangzhou",
    "/api/v1/search?q=zzyzx+eyee",
    "/api/v1/search?city=Atlantis",
    "/api/v1/search?q=not+beijing+children&exact=1",
    "/api/v1/search?q=children+-beijing&ignore=city&sort=date&page=2&per_page=1",
    "/api/v1/search?page=77",
    "/api/v1/search?page=0&foo=1",
    "/api/v1/facets",
    "/api/v1/facets?q=eye+hospital&city=Shanghai&city=Atlantis",
    "/api/v1/facets?q=eye&colour=red",
    "/api/v1/suggest?q=eye",
    "/api/v1/suggest?q=b&limit=10",
    "/api/v1/suggest?limit=0",
    "/api/v1/documents/hospitals/renji-hospital",
    "/api/v1/documents/articles/s2-visa",
    "/api/v1/documents/articles/what-does-cancer-treatment-cost",
    "/api/v1/documents/hospitals/nowhere",
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return site_app(tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="module")
def description(app: Flask) -> dict[str, Any]:
    return app.test_client().get("/api/v1/openapi.json").get_json()


def operation_of(description: dict[str, Any], path: str) -> dict[str, Any]:
    parts = path.split("?")[0].split("/")
    for template, methods in description["paths"].items():
        wanted = template.split("/")
        if len(wanted) == len(parts) and all(a == b or a.startswith("{") for a, b in zip(wanted, parts, strict=True)):
            return methods["get"]
    raise AssertionError(path)


def test_it_is_valid_openapi(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1.")
    validate(description)


@pytest.mark.parametrize("path", CALLS)
def test_every_answer_is_as_described(app: Flask, description: dict[str, Any], path: str) -> None:
    response = app.test_client().get(path)
    described = operation_of(description, path)["responses"][str(response.status_code)]
    schema = described["content"][response.mimetype]["schema"]
    registry = Registry().with_resource("urn:api", Resource(description, DRAFT202012))
    name = schema["$ref"].removeprefix("#")
    validator = Draft202012Validator({"$ref": f"urn:api#{name}"}, registry=registry)
    assert [error.message for error in validator.iter_errors(response.get_json())] == []
    for header in described.get("headers", {}):
        assert header in response.headers


def test_every_address_of_the_api_is_described(app: Flask, description: dict[str, Any]) -> None:
    rules = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and not rule.endpoint.endswith("unknown")
    }
    assert rules == set(description["paths"])


@pytest.mark.parametrize("path", ["/api/v1/search", "/api/v1/suggest"])
def test_every_parameter_is_known_and_every_known_one_described(
    app: Flask, description: dict[str, Any], path: str
) -> None:
    described = {each["name"] for each in operation_of(description, path)["parameters"] if each["in"] == "query"}
    detail = app.test_client().get(f"{path}?nothing=1").get_json()["errors"][0]["detail"]
    assert set(detail.partition("Known parameters: ")[2].rstrip(".").split(", ")) == described


def test_a_described_bound_is_kept(app: Flask, description: dict[str, Any]) -> None:
    parameters = {each["name"]: each["schema"] for each in operation_of(description, "/api/v1/search")["parameters"]}
    client = app.test_client()
    most = parameters["per_page"]["maximum"]
    assert client.get(f"/api/v1/search?per_page={most}").status_code == 200
    assert client.get(f"/api/v1/search?per_page={most + 1}").status_code == 400
    assert client.get("/api/v1/search?q=" + "x" * parameters["q"]["maxLength"]).status_code == 200
    assert client.get("/api/v1/search?q=" + "x" * (parameters["q"]["maxLength"] + 1)).status_code == 400


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("page=", "'page' is a whole number from 1, not ''."),
        ("page=01", "'page' is a whole number from 1, not '01'."),
        ("per_page=+5", "'per_page' is a whole number from 1 to 100, not '5'."),
        ("sort=", "'sort' is one of relevance, title, date, not ''."),
        ("sort=Title", "'sort' is one of relevance, title, date, not 'Title'. Did you mean 'title'?"),
        ("exact=", "'exact' is 1 or 0, not ''."),
        ("exact=True", "'exact' is 1 or 0, not 'True'."),
        ("city=" + "x" * 121, "A value of 'city' may have at most 120 characters."),
        ("&".join(["kind=article"] * 21), "'kind' may have at most 20 values."),
        ("q=" + "%00" * 601, "'q' may have at most 600 characters."),
    ],
)
def test_what_the_description_forbids_is_refused_and_a_page_overlooks_it(app: Flask, query: str, detail: str) -> None:
    response = app.test_client().get(f"/api/v1/search?{query}")
    assert response.status_code == 400
    assert [each["detail"] for each in response.get_json()["errors"]] == [detail]
    assert app.test_client().get(f"/search?{query}").status_code == 200


def test_a_value_given_twice_counts_once(app: Flask) -> None:
    once, twice = (app.test_client().get(f"/api/v1/search?{'&'.join(['city=Shanghai'] * times)}") for times in (1, 2))
    assert once.get_json()["total"] == twice.get_json()["total"] > 0


@pytest.mark.parametrize("query", ["q=" + "x" * 601, "limit=", "limit=03", "limit=11"])
def test_so_it_is_for_suggestions(app: Flask, query: str) -> None:
    assert app.test_client().get(f"/api/v1/suggest?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["", "q=eye+hospital", "q=hospital&city=Shanghai", "q=children+-beijing&kind=hospital&page=2"]
)
def test_the_facets_alone_are_those_of_the_search(app: Flask, query: str) -> None:
    client = app.test_client()
    alone, whole = (client.get(f"/api/v1/{name}?{query}").get_json() for name in ("facets", "search"))
    assert alone == {name: whole[name] for name in ("query", "total", "generation", "facets", "unknown_values")}
    assert any(alone["facets"].values())
    for bucket in alone["facets"]["kind"]:
        assert client.get(bucket["url"]).get_json()["query"] == whole["query"]
