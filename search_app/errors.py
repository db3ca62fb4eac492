"""Error pages for people, problem details for programs."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import quote, unquote, urlencode

from flask import Flask, Response, current_app, json, make_response, request
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException, NotFound

from indexer.errors import EngineUnavailable, IndexUnusable, QueryError, SearchError
from indexer.model import Card
from search_app.context import site
from search_app.given import Problem, clean_text
from search_app.headers import of_api
from search_app.settings import LANGUAGES, MAX_QUERY_CHARS
from search_app.templating import render

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 30
NOT_IN_API = "There is no such address in this API. It is described at /api/v1/openapi.json."
_STRIPPED = re.compile(r"\.(html?|php|aspx?|jsp)$", re.IGNORECASE)
_NO_WORDS = frozenset(
    ("hospitals", "articles", "cities", "specialties", "topics", "search", "index", "faq", "zh", "en")
)


class InvalidRequest(Exception):
    """An API request with parameters that cannot be used, each with its reason."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.detail for problem in problems))
        self.problems = tuple(problems)


def problem(
    status: int, detail: str, problems: Sequence[Problem] = (), headers: Sequence[tuple[str, str]] = ()
) -> Response:
    """An RFC 9457 answer."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.path,
    }
    if problems:
        body["errors"] = [{"parameter": each.parameter, "detail": each.detail} for each in problems]
    response = make_response(json.dumps(body, ensure_ascii=False, sort_keys=False), status)
    response.mimetype = "application/problem+json"
    response.headers.extend(headers)
    return response


def init_errors(app: Flask) -> None:
    """Answer every error in the form that the asker reads."""
    app.register_error_handler(InvalidRequest, _invalid)
    app.register_error_handler(QueryError, _query_error)
    app.register_error_handler(SearchError, _unavailable)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def words_of(path: str) -> str:
    """The words of an address, to search for when nothing is there."""
    text = clean_text(unquote(path, errors="ignore"), MAX_QUERY_CHARS)
    words = re.findall(r"[^\W_]+", _STRIPPED.sub("", text))
    return " ".join(word for word in words if word.casefold() not in _NO_WORDS and not word.isdigit())[:120]


def _for_program() -> bool:
    return of_api(request.path)


def _invalid(error: InvalidRequest) -> Response:
    return problem(400, str(error), error.problems)


def _query_error(error: QueryError) -> Response:
    if _for_program():
        return problem(400, str(error))
    return _page(400, str(error))


def _unavailable(error: SearchError) -> Response:
    # An index that cannot be used is a matter for the operator; visitors learn that it will pass, and no path.
    log.error("%s", error)
    expected = isinstance(error, IndexUnusable | EngineUnavailable)
    headers = [("Retry-After", str(RETRY_AFTER_SECONDS))]
    status = 503 if expected else 500
    if _for_program():
        detail = "The search index is not available at the moment. Try again shortly."
        return problem(status, detail, headers=headers if expected else ())
    return _page(status, headers=headers)


def _http_error(error: HTTPException) -> Response:
    if error.response is not None and error.code is None:
        return make_response(error.response)
    status = error.code or 500
    headers = [(name, value) for name, value in error.get_headers() if name not in ("Content-Type", "Content-Length")]
    if status in (301, 302, 303, 307, 308):
        return make_response(error.get_response())
    if status == 503 and not any(name == "Retry-After" for name, _value in headers):
        headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
    if _for_program():
        detail = NOT_IN_API if error.description == NotFound.description else error.description or ""
        return problem(status, detail, headers=headers)
    return _page(status, headers=headers)


def _unexpected(error: Exception) -> Response:
    log.exception("Unexpected error on %s", request.path)
    if current_app.debug:
        raise error
    if _for_program():
        return problem(500, "Something went wrong on our side.")
    return _page(500)


def _page(status: int, detail: str = "", headers: Sequence[tuple[str, str]] = ()) -> Response:
    gone = status in (404, 410)
    # What was asked for stays in the box, to ask again.
    words = words_of(request.path) if gone else clean_text(request.args.get("q", ""), MAX_QUERY_CHARS)
    near: tuple[Card, ...] = ()
    if words and gone:
        from search_app.views import near_cards

        near = near_cards(words)
    html = render(
        "error.html",
        status=status,
        title=_title(status),
        detail=detail,
        words=words,
        near=near,
        switches=_switches() if gone or (status >= 500 and _is_page()) else {},
        canonical="",
        robots="noindex",
    )
    response = make_response(html, status)
    response.headers.extend(headers)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _is_page() -> bool:
    return request.url_rule is not None and (request.blueprint or "").startswith("pages_")


def _switches() -> dict[str, str]:
    """The same page in every language, by language; the start pages where the address is none of ours."""
    here = site()
    if not _is_page():
        return {language: here.in_language(language).path("/") for language in LANGUAGES}
    path = quote(request.path.removeprefix(here.prefix) or "/")
    query = urlencode(list(request.args.items(multi=True)), quote_via=quote, safe="")
    return {language: here.in_language(language).path(path) + (f"?{query}" if query else "") for language in LANGUAGES}


def _title(status: int) -> str:
    titles: dict[int, str] = {
        400: _("We could not read that request"),
        404: _("Page not found"),
        405: _("That is not possible here"),
        410: _("This page is gone"),
        413: _("That is too long for us"),
        414: _("That is too long for us"),
        429: _("Too many requests at once"),
        500: _("Sorry, something went wrong on our side"),
        503: _("Sorry, the search is not available"),
    }
    return titles.get(status) or str(_("Something went wrong"))
