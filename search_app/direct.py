"""The search of the API answered in front of Flask, which takes longer to be asked than a small index to be searched.

A program asks hundreds of searches where a person asks one. What is right about such a request is answered here by the
functions that the view itself calls, with the same limits, headers, compression and counters; all else goes on to the
application: whatever is wrong with a request, has a validator, or fails.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication

from flask import Flask
from flask_compress.flask_compress import Compress, _choose_algorithm, _compress_data
from werkzeug.datastructures import EnvironHeaders
from werkzeug.exceptions import SecurityError
from werkzeug.http import quote_etag
from werkzeug.sansio.utils import get_host

from search_app.api import tag_of, written
from search_app.asking import found_for
from search_app.caching import API_POLICY
from search_app.context import EXTENSION, Services, language_of
from search_app.headers import headers_of
from search_app.limits import Admission
from search_app.remembered import NOTE, Note
from search_app.state import API_PATH, parse

Environ = dict[str, Any]
Headers = list[tuple[str, str]]

ROUTE = "api.search"
# A request that has one of these is for Flask.
_FAR = ("SCRIPT_NAME", "HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE")


class Direct:
    """The application behind a shorter way to the search of its API."""

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
        self._language = language_of(API_PATH)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a search of the API, or have the application answer."""
        if (
            environ.get("PATH_INFO") == API_PATH
            and environ["REQUEST_METHOD"] == "GET"
            and not any(map(environ.get, _FAR))
            and _may_be_asked(environ["wsgi.url_scheme"], environ.get("HTTP_HOST"), self._trusted)
        ):
            try:
                made = self._made(environ)
            except Exception:  # whatever it is, the application meets it too, and makes a problem of it
                made = None
            if made is not None:
                start_response("200 OK", made[0])
                return [made[1]]
        return self._application(environ, start_response)

    def _made(self, environ: Environ) -> tuple[Headers, bytes] | None:
        """Headers and body, or None when the client has to be told that something is not as it should be."""
        started = time.perf_counter()
        parts = self._parts
        parsed = parse(_arguments(environ.get("QUERY_STRING", "")), strict=True)
        if parsed.problems:
            return None
        note: Note | None = environ.get(NOTE)
        with parts.searcher() as searcher:
            if self._admission and self._admission.wait(environ.get("REMOTE_ADDR"), "HTTP_X_FORWARDED_FOR" in environ):
                return None
            state = parsed.state.resolved(parts.labels.resolve)
            headers = EnvironHeaders(environ)
            answer = found_for(parts, searcher, state, "api", self._language, headers, note)
            body, links = written(answer, state)
            generation = searcher.stats().generation
        tag = tag_of(generation, parts)
        body, encoding = self._encoded(body, environ.get("HTTP_ACCEPT_ENCODING", ""))
        if note is not None:
            note.generation, note.route, note.tag = generation, ROUTE, tag
        sent = [
            ("Vary", "Accept-Encoding"),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Link", links),
            ("ETag", quote_etag(tag, weak=True)),
            ("Cache-Control", API_POLICY),
            *headers_of(API_PATH, environ["wsgi.url_scheme"]),
            *encoding,
        ]
        parts.counting.response(ROUTE, "200", time.perf_counter() - started)
        return sent, body

    def _encoded(self, body: bytes, accepted: str) -> tuple[bytes, Headers]:
        """A body as the client takes it, and the header that says how."""
        algorithm = _choose_algorithm(self._algorithms, accepted)
        if algorithm is None or len(body) < self._app.config["COMPRESS_MIN_SIZE"]:
            return body, []
        return _compress_data(self._app, body, algorithm), [("Content-Encoding", algorithm)]


def _arguments(query: str) -> dict[str, list[str]]:
    """The arguments of a request as ``request.args`` has them, each with all its values."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query.encode("latin1").decode(), keep_blank_values=True, errors="werkzeug.url_quote"):
        found.setdefault(name, []).append(value)
    return found


@lru_cache(maxsize=64)
def _may_be_asked(scheme: str, host: str | None, trusted: tuple[str, ...] | None) -> bool:
    """Whether a host is one that Flask would answer for."""
    try:
        return bool(host and get_host(scheme, host, None, trusted))
    except SecurityError:
        return False
