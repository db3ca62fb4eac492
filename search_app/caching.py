"""Validators by generation, and a bounded cache of answers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from flask import Response, request

T = TypeVar("T")

PAGE_POLICY = "public, max-age=0, must-revalidate"
SEARCH_POLICY = "private, max-age=0, must-revalidate"  # a shared cache has no business with what people search for
API_POLICY = "public, max-age=60, stale-while-revalidate=300"
FOREVER_POLICY = "public, max-age=31536000, immutable"


class AnswerCache(Generic[T]):
    """The answers used last, at most ``limit``; a key holds everything the answer depends on."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The answer for a key, made if it is not there; two threads may make the same one at once."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        if self.limit > 0:
            with self._lock:
                self._kept[key] = made
                while len(self._kept) > self.limit:
                    self._kept.popitem(last=False)
        return made


def not_modified(tag: str) -> Response | None:
    """A bare 304 when the client already has what ``tag`` names, else None."""
    if request.method in ("GET", "HEAD") and request.if_none_match.contains_weak(tag):
        return Response(status=304)
    return None


def mark(response: Response, tag: str, policy: str) -> Response:
    """The response with its validator and how long it may be kept; errors are never kept."""
    if response.status_code in (200, 304):
        response.set_etag(tag, weak=True)
        response.headers["Cache-Control"] = policy
    return response
