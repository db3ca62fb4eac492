"""Whole responses as they were sent, given again in front of the application.

Most requests repeat an address of this generation. Their answer is found by what it depends on (address, host, language
and encoding that the browser asks for) before Flask reads the request. All that an answer of the application goes
through holds here too: rate limit, validators, metrics, query log; headers are kept with the body.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

from werkzeug.datastructures import EnvironHeaders
from werkzeug.http import parse_etags, remove_entity_headers

from indexer.engines import Searcher
from search_app.counting import Counting, Searched
from search_app.languages import preferred_language
from search_app.limits import Admission

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Key = tuple[str, ...]

NOTE = "medsearch.note"  # where a request carries its ``Note``
_OVERHEAD = 1000  # bytes of an entry beside its texts, about
_LARGEST = 8  # a response that would take more than this part of the room is not kept


@dataclass(slots=True)
class Note:
    """What the application says of the answer that it is making: nothing as long as it must not be kept."""

    generation: str = ""
    route: str = ""
    tag: str = ""
    searched: list[Searched] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Response:
    """A response with status 200 as it was sent, and what is counted whenever it is sent."""

    route: str
    tag: str
    headers: Headers
    body: bytes
    searched: tuple[Searched, ...]
    size: int


class Responses:
    """The responses of one generation that were used last, within a number of bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._generation = ""
        self._kept: OrderedDict[Key, Response] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, generation: str, key: Key) -> Response | None:
        """The response of this generation; asking for another generation drops all that is kept."""
        with self._lock:
            if generation != self._generation:
                self._kept.clear()
                self.size = 0
                self._generation = generation
                return None
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def keep(self, generation: str, key: Key, response: Response) -> None:
        """Keep a response, unless it is too large or its generation is no longer asked for."""
        if response.size > self.limit // _LARGEST:
            return
        with self._lock:
            if generation != self._generation or key in self._kept:
                return
            self._kept[key] = response
            self.size += response.size
            while self.size > self.limit:
                self.size -= self._kept.popitem(last=False)[1].size


class Remembering:
    """The application behind a memory of ``limit`` bytes for its responses."""

    def __init__(
        self,
        application: WSGIApplication,
        searcher: Callable[[], AbstractContextManager[Searcher]],
        counting: Counting,
        admission: Admission | None,
        limit: int,
    ) -> None:
        self.responses = Responses(limit)
        self._application = application
        self._searcher = searcher
        self._counting = counting
        self._admission = admission

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from memory, or have the application answer and keep what may be kept."""
        started = time.perf_counter()
        method = environ["REQUEST_METHOD"]
        host = environ.get("HTTP_HOST")
        if not host or method not in ("GET", "HEAD"):
            return self._application(environ, start_response)
        try:
            with self._searcher() as searcher:
                generation = searcher.stats().generation
        except Exception:  # whatever it is, the application meets it too, and makes a page or a problem of it
            return self._application(environ, start_response)
        key = (
            environ["wsgi.url_scheme"],
            host,
            environ.get("SCRIPT_NAME", ""),
            environ.get("PATH_INFO", ""),
            environ.get("QUERY_STRING", ""),
            environ.get("HTTP_ACCEPT_ENCODING", ""),
            preferred_language(environ.get("HTTP_ACCEPT_LANGUAGE", "")),
        )
        found = self.responses.find(generation, key)
        if found is None:
            return (
                self._application(environ, start_response)
                if method == "HEAD"
                else self._make(environ, start_response, key)
            )
        if self._admission and self._admission.wait(environ.get("REMOTE_ADDR"), "HTTP_X_FORWARDED_FOR" in environ):
            return self._application(environ, start_response)  # it says so in the form that the client reads
        return self._give(found, environ, start_response, started)

    def _give(
        self, found: Response, environ: Environ, start_response: StartResponse, started: float
    ) -> Iterable[bytes]:
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known and parse_etags(known).contains_weak(found.tag):
            status, body, headers = "304 NOT MODIFIED", b"", found.headers.copy()
            remove_entity_headers(headers)
        else:
            status, body, headers = "200 OK", found.body, found.headers
            for searched in found.searched:
                self._counting.search(searched, time.perf_counter() - started, EnvironHeaders(environ))
        self._counting.response(found.route, status[:3], time.perf_counter() - started)
        start_response(status, headers.copy())
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    def _make(self, environ: Environ, start_response: StartResponse, key: Key) -> Iterable[bytes]:
        note = environ[NOTE] = Note()
        sent: Headers = []

        def begin(status: str, headers: Headers, *rest: Any) -> Any:
            sent[:] = headers
            return start_response(status, headers, *rest)

        parts = self._application(environ, begin)
        if not note.generation:
            return parts
        try:
            body = b"".join(parts)
        finally:
            if close := getattr(parts, "close", None):
                close()
        texts = sum(map(len, key)) + sum(len(name) + len(value) for name, value in sent)
        size = _OVERHEAD + texts + len(body)
        made = Response(note.route, note.tag, sent, body, tuple(note.searched), size)
        self.responses.keep(note.generation, key, made)
        return [body]
