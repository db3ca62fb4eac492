"""Validators by generation, and a bounded cache of what responses are made of."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from http import HTTPStatus
from typing import Generic, TypeVar

from flask import Response, request

from search_app.remembered import NOTE, Note

T = TypeVar("T")

PAGE_POLICY = "public, max-age=0, must-revalidate"
SEARCH_POLICY = "private, max-age=0, must-revalidate"  # a shared cache has no business with what people search for
API_POLICY = "public, max-age=60, stale-while-revalidate=300"
NO_STORE = "no-store"
FOREVER_POLICY = "public, max-age=31536000, immutable"


class AnswerCache(Generic[T]):
    """The answers used last, at most ``limit``; a key holds everything the answer depends on.

    An answer is made by the first thread that asks for it while the others wait: after a publication all of them ask
    for the same at once, and together each would take as many times as long.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._making: dict[Hashable, Future[T] | None] = {}  # a future as soon as somebody waits for it
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The answer for a key, made if it is not there; ``make`` must not ask for the same key.

        What ``make`` raises goes to all who waited for it, and is forgotten: the next one tries again.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            awaited = None
            if key in self._making:
                awaited = self._making[key] = self._making[key] or Future()
            else:
                self._making[key] = None
        if awaited is not None:
            return awaited.result()
        try:
            made = make()
        except BaseException as error:
            with self._lock:
                others = self._making.pop(key)
            if others is not None:
                others.set_exception(error)
            raise
        with self._lock:
            others = self._making.pop(key)
            self._kept[key] = made
            while len(self._kept) > self.limit:
                self._kept.popitem(last=False)
        if others is not None:
            others.set_result(made)
        return made


class Latest(Generic[T]):
    """What is made anew for each generation; while one thread makes it, the others get what was there before."""

    def __init__(self) -> None:
        # Two, since requests that began before a publication still ask for the old one.
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()
        self._making = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The one for a key, or one made earlier for another key; waits only when there is none at all."""
        with self._lock:
            if key in self._kept:
                return self._kept[key]
            before = next(reversed(self._kept.values()), None)
        if not self._making.acquire(blocking=before is None):
            assert before is not None
            return before
        try:
            with self._lock:
                if key in self._kept:
                    return self._kept[key]
            made = make()
            with self._lock:
                self._kept[key] = made
                if len(self._kept) > 2:
                    self._kept.popitem(last=False)
            return made
        finally:
            self._making.release()


def not_modified(tag: str) -> Response | None:
    """A bare 304 when the client already has what ``tag`` names, else None."""
    if request.method in ("GET", "HEAD") and request.if_none_match.contains_weak(tag):
        return Response(status=304)
    return None


def moved_to(address: str) -> Response:
    """A response that sends to the address of the document that a page is part of, for as long as it is."""
    response = Response(status=HTTPStatus.MOVED_PERMANENTLY, headers={"Location": address})
    response.headers["Cache-Control"] = PAGE_POLICY  # browsers would keep it for good
    return response


def mark(response: Response, tag: str, policy: str, generation: str = "") -> Response:
    """The response with its validator and how long it may be kept; errors are not kept, nor what says so itself.

    With a ``generation``, the server may give it again to whoever asks for the same address of that generation.
    """
    if response.status_code not in (200, 304) or response.headers.get("Cache-Control") == NO_STORE:
        return response
    response.set_etag(tag, weak=True)
    response.headers["Cache-Control"] = policy
    note: Note | None = request.environ.get(NOTE)
    if note is not None and generation and response.status_code == 200:
        note.generation, note.route, note.tag = generation, request.endpoint or "none", tag
    return response
