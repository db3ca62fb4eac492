"""The JSON API."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import orjson
from flask import Blueprint, Response, abort, request

from indexer.engines import Searcher
from search_app.as_json import answer_json, document_json, facets_json, suggestions_json
from search_app.asking import find, suggestions
from search_app.caching import API_POLICY, NO_STORE, mark, moved_to, not_modified
from search_app.context import Services, arguments, services, site
from search_app.errors import NOT_IN_API, InvalidRequest
from search_app.given import Given, Problem, clean_text, unexpected
from search_app.labels import KIND_FOLDERS
from search_app.search import Answer
from search_app.state import API_PATH, Addresses, SearchState, last_page, parse

api = Blueprint("api", __name__, url_prefix="/api/v1")

MAX_SUGGESTIONS = 10  # of each group
DEFAULT_SUGGESTIONS = 3


def indexed(view: Callable[..., Callable[[], Response]]) -> Callable[..., Response]:
    """Give a view the searcher of this moment, and its response the validator of that generation.

    The view says what is wrong with a request, even to those who have an answer to it; what it returns makes the answer
    for those who have none.
    """

    @functools.wraps(view)
    def run(**values: str) -> Response:
        with services().searcher() as searcher:
            generation = searcher.stats().generation
            tag = tag_of(generation, services())
            make = view(searcher, **values)
            return mark(not_modified(tag) or make(), tag, API_POLICY, generation)

    return run


@api.get("/search")
@indexed
def search(searcher: Searcher) -> Callable[[], Response]:
    """Search results, with links to the neighbouring pages also in the header."""
    parsed = parse(arguments(), strict=True)
    refuse(parsed.problems)
    state = parsed.state.resolved(services().labels.resolve)

    def make() -> Response:
        body, links = written(find(searcher, state, "api"), state)
        response = _response(body)
        response.headers["Link"] = links
        return response

    return make


@api.get("/facets")
@indexed
def facets(searcher: Searcher) -> Callable[[], Response]:
    """Facet values with their counts for a search, the same numbers as with its results."""
    parsed = parse(arguments(), strict=True)
    refuse(parsed.problems)
    state = parsed.state.resolved(services().labels.resolve)
    return lambda: answer_with(facets_json(find(searcher, state, "api"), state))


@api.get("/suggest")
@indexed
def suggest(searcher: Searcher) -> Callable[[], Response]:
    """As-you-type suggestions: documents, facet values, queries."""
    given = arguments()
    problems = list(unexpected(given, ("q", "limit")))
    read = Given(given, True, problems)
    limit, query = read.number("limit", DEFAULT_SUGGESTIONS, MAX_SUGGESTIONS), read.words("q")
    refuse(problems)

    def make() -> Response:
        found = suggestions(searcher, query, limit)
        response = answer_with(suggestions_json(found))
        if found.generation != searcher.stats().generation:
            response.headers["Cache-Control"] = NO_STORE  # it must not be taken for an answer of this generation
        return response

    return make


@api.get("/documents/<kind>/<slug>")
@indexed
def document(searcher: Searcher, kind: str, slug: str) -> Callable[[], Response]:
    """One document; ``kind`` is ``hospitals`` or ``articles``, as in its address."""
    refuse(unexpected(arguments(), ()))
    folder = KIND_FOLDERS.get(kind, kind)
    doc_id = f"{folder}/{slug}"
    found = searcher.get(doc_id) if folder in KIND_FOLDERS.values() else None
    if found is None and (kept := searcher.moved(doc_id)):
        return lambda: moved_to(f"{api.url_prefix}/documents/{quote(kept)}")
    if found is None:
        abort(404, f"There is no document '{clean_text(kind, 40)}/{clean_text(slug, 120)}'.")
    return lambda: answer_with(document_json(found, searcher.stats().generation))


@api.get("/openapi.json")
def openapi() -> Response:
    """The description of this API."""
    text = files("search_app").joinpath("openapi.json").read_text("utf-8")
    described: dict[str, Any] = orjson.loads(text)
    described["servers"] = [{"url": site().base + "/"}]
    response = answer_with(described)
    response.headers["Cache-Control"] = API_POLICY
    return response


@api.get("/", strict_slashes=False)
@api.get("/<path:rest>")
def unknown(rest: str = "") -> Response:
    """Anything else, so that it is a problem and not a page."""
    abort(404, NOT_IN_API)


def tag_of(generation: str, parts: Services) -> str:
    """What an answer of a generation is known by, since it depends on nothing else but its address."""
    return f"{generation}-{parts.build}"


def written(answer: Answer, state: SearchState) -> tuple[bytes, str]:
    """The JSON of an answer, and its ``Link`` header: the neighbouring pages."""
    pages = last_page(answer.results.total.value, state.per_page)
    links = {"self": state.page, "first": 1, "last": pages}
    if state.page < pages:
        links["next"] = state.page + 1
    if state.page > 1:
        links["prev"] = min(state.page - 1, pages)
    addresses = Addresses(state, API_PATH)
    named = ", ".join([f'<{addresses.on_page(page)}>; rel="{name}"' for name, page in links.items()])
    return orjson.dumps(answer_json(answer, state)), named


def refuse(problems: Sequence[Problem]) -> None:
    """Stop with all problems of a request at once."""
    if problems:
        raise InvalidRequest(problems)


def answer_with(body: dict[str, Any]) -> Response:
    """JSON, written as it is read: Chinese as Chinese, keys in our order."""
    return _response(orjson.dumps(body))


def _response(body: bytes) -> Response:
    response = Response(body, mimetype="application/json", headers={"Vary": "Accept-Encoding"})
    if request.method == "HEAD":
        response.content_length = len(response.get_data())
    return response
