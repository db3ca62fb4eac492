"""Searches answered in front of Flask, which takes longer to be asked than a small index to be searched.

What is right about a request for a page of results, or for the search of the API, is answered here by the functions
that the views call themselves, with the same limits, headers, compression and counters; all else goes on to the
application: whatever is wrong with a request, has a validator, or fails.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication

from flask import Flask
from flask_compress.flask_compress import Compress, _choose_algorithm, _compress_data
from werkzeug.datastructures import EnvironHeaders
from werkzeug.exceptions import SecurityError
from werkzeug.http import quote_etag
from werkzeug.sansio.utils import get_host

from indexer.engines import Searcher
from search_app.api import tag_of as tag_of_api
from search_app.api import written
from search_app.asking import found_for
from search_app.caching import API_POLICY, SEARCH_POLICY
from search_app.context import EXTENSION, Services, Visit, base_of, language_of
from search_app.headers import headers_of, taken
from search_app.languages import preferred_language
from search_app.limits import Admission
from search_app.pages import NOINDEX, results_page, tag_of
from search_app.remembered import NOTE, Note
from search_app.settings import LANGUAGES
from search_app.site import Site
from search_app.state import API_PATH, SEARCH_PATH, parse
from search_app.templating import ENVIRONMENTS, Environments

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Arguments = dict[str, list[str]]
Make = Callable[[Environ, Arguments, Searcher], "Made | None"]

# Endpoints of the application, by which answers are counted.
ROUTE_OF_API = "api.search"
ROUTE_OF_PAGE = "pages_{}.search1"
# A request that has one of these is for Flask.
_FAR = ("SCRIPT_NAME", "HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE")


@dataclass(frozen=True, slots=True)
class Made:
    """A response, and the endpoint that it is counted under."""

    route: str
    status: str
    headers: Headers
    body: bytes


class Direct:
    """The application behind a shorter way to its searches."""

    def __init__(
        self,
        application: WSGIApplication,
        app: Flask,
        compress: Compress,
        admission: Admission | None,
        trusted_hosts: Sequence[str],
    ) -> None:
        self._application = application
        self._app = app
        self._algorithms = compress.enabled_algorithms
        self._parts: Services = app.extensions[EXTENSION]
        self._admission = admission
        self._trusted = tuple(trusted_hosts) or None
        pages = [Site(language, self._parts.labels).path(SEARCH_PATH) for language in LANGUAGES]
        self._makes: dict[str, Make] = {API_PATH: self._answer, **dict.fromkeys(pages, self._page)}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a search, or have the application answer."""
        make = self._makes.get(environ.get("PATH_INFO", ""))
        if (
            make
            and environ["REQUEST_METHOD"] == "GET"
            and not any(map(environ.get, _FAR))
            and _host(environ["wsgi.url_scheme"], environ.get("HTTP_HOST"), self._trusted)
        ):
            try:
                made = self._made(make, environ)
            except Exception:  # whatever it is, the application meets it too, and makes a problem of it
                made = None
            if made is not None:
                start_response(made.status, made.headers)
                return [made.body]
        return self._application(environ, start_response)

    def _made(self, make: Make, environ: Environ) -> Made | None:
        """A response, or None when the client has to be told that something is not as it should be."""
        started = time.perf_counter()
        with self._parts.searcher() as searcher:
            made = make(environ, _arguments(environ.get("QUERY_STRING", "")), searcher)
        if made is not None:
            self._parts.counting.response(made.route, made.status[:3], time.perf_counter() - started)
        return made

    def _refused(self, environ: Environ) -> bool:
        """Whether a client asks too much; else one request is taken from what it has."""
        forwarded = "HTTP_X_FORWARDED_FOR" in environ
        return bool(self._admission and self._admission.wait(environ.get("REMOTE_ADDR"), forwarded))

    def _answer(self, environ: Environ, arguments: Arguments, searcher: Searcher) -> Made | None:
        parts = self._parts
        parsed = parse(arguments, strict=True)
        if parsed.problems or self._refused(environ):
            return None
        note: Note | None = environ.get(NOTE)
        state = parsed.state.resolved(parts.labels.resolve)
        answer = found_for(parts, searcher, state, "api", language_of(API_PATH), EnvironHeaders(environ), note)
        text, links = written(answer, state)
        generation = searcher.stats().generation
        tag = tag_of_api(generation, parts)
        body, encoding = self._encoded(text, environ)
        if note is not None:
            note.generation, note.route, note.tag = generation, ROUTE_OF_API, tag
        headers = [
            ("Vary", "Accept-Encoding"),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Link", links),
            ("ETag", quote_etag(tag, weak=True)),
            ("Cache-Control", API_POLICY),
            *headers_of(API_PATH, environ["wsgi.url_scheme"]),
            *encoding,
        ]
        return Made(ROUTE_OF_API, "200 OK", headers, body)

    def _page(self, environ: Environ, arguments: Arguments, searcher: Searcher) -> Made | None:
        if self._refused(environ):
            return None
        parts, visit = self._parts, self._visit(environ, arguments)
        note: Note | None = environ.get(NOTE)
        environments: Environments = self._app.extensions[ENVIRONMENTS]
        html, status = results_page(parts, environments, searcher, visit, EnvironHeaders(environ), note)
        route = ROUTE_OF_PAGE.format(visit.site.language)
        body, encoding, validators = html.encode(), Headers(), Headers()
        if status == HTTPStatus.OK:  # nothing else is kept
            generation = searcher.stats().generation
            tag = tag_of(generation, parts, visit)
            body, encoding = self._encoded(body, environ)
            validators = [("ETag", quote_etag(tag, weak=True)), ("Cache-Control", SEARCH_POLICY)]
            if note is not None:
                note.generation, note.route, note.tag = generation, route, tag
        headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("X-Robots-Tag", NOINDEX),
            ("Vary", "Accept-Language, Accept-Encoding"),
            *validators,
            *headers_of(visit.path, environ["wsgi.url_scheme"]),
            *encoding,
        ]
        return Made(route, f"{status} {HTTPStatus(status).phrase.upper()}", headers, body)

    def _visit(self, environ: Environ, arguments: Arguments) -> Visit:
        path: str = environ["PATH_INFO"]
        scheme = environ["wsgi.url_scheme"]
        base = self._parts.settings.site_url or base_of(scheme, _host(scheme, environ["HTTP_HOST"], self._trusted))
        wanted = preferred_language(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        return Visit(Site(language_of(path), self._parts.labels, base), path, arguments, wanted)

    def _encoded(self, body: bytes, environ: Environ) -> tuple[bytes, Headers]:
        """A body as the client takes it, and the header that says how.

        By inner functions of Flask-Compress: what it offers wants a response within a request of Flask, and to make
        these for nothing else takes 50 µs and more. ``tests/test_direct.py`` holds them to what the application does.
        """
        algorithm = _choose_algorithm(self._algorithms, taken(environ.get("HTTP_ACCEPT_ENCODING", "")))
        if algorithm is None or len(body) < self._app.config["COMPRESS_MIN_SIZE"]:
            return body, []
        return _compress_data(self._app, body, algorithm), [("Content-Encoding", algorithm)]


def _arguments(query: str) -> Arguments:
    """The arguments of a request as ``request.args`` has them, each with all its values."""
    found: Arguments = {}
    for name, value in parse_qsl(query.encode("latin1").decode(), keep_blank_values=True, errors="werkzeug.url_quote"):
        found.setdefault(name, []).append(value)
    return found


@lru_cache(maxsize=64)
def _host(scheme: str, host: str | None, trusted: tuple[str, ...] | None) -> str:
    """A host as Flask reads it; nothing for one that it would not answer for."""
    try:
        return get_host(scheme, host, None, trusted) if host else ""
    except SecurityError:
        return ""
