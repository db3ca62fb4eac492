"""What is counted of requests and searches: in the metrics, and in the query log if there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import Headers

from search_app.metrics import Metrics
from search_app.querylog import Recorder

LOGGED = ("page", "api")  # what people typed; not what pages ask for themselves


@dataclass(frozen=True, slots=True)
class Searched:
    """One search as it is counted: where, what, and how much it found with how many filters."""

    surface: str
    query: str
    total: int
    filters: int
    page: int
    language: str


class Counting:
    """Counts for one application."""

    def __init__(self, metrics: Metrics, query_log: Recorder | None) -> None:
        self._metrics = metrics
        self._query_log = query_log

    def search(self, searched: Searched, seconds: float, headers: Headers | Mapping[str, str]) -> None:
        """Count a search; the log has first pages of typed words only, and nobody who does not want it."""
        self._metrics.searched(searched.surface, seconds, searched.total)
        if self._query_log and searched.surface in LOGGED and searched.query and searched.page == 1:
            self._query_log.record(searched.query, searched.total, searched.filters, searched.language, headers)

    def response(self, route: str, status: str, seconds: float) -> None:
        """Count a response."""
        self._metrics.responded(route, status, seconds)
