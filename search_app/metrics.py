"""What an operator can watch; never a query as a label."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from flask import Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from indexer.errors import EngineUnavailable, SearchError
from indexer.model import IndexStats

log = logging.getLogger(__name__)

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # set by the server when it has several processes
LOST = "lost"  # state of an index whose engine does not answer
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """The counters of one application."""

    def __init__(self, stats: Callable[[], tuple[IndexStats, str]]) -> None:
        self._failed = False
        self.registry = CollectorRegistry()
        self.index = _IndexCollector(stats)
        self.registry.register(self.index)
        self.http = Counter("http_requests", "Responses.", ["route", "status"], registry=self.registry)
        self.seconds = Histogram(
            "http_request_duration_seconds", "Time to answer.", ["route"], buckets=_BUCKETS, registry=self.registry
        )
        self.searches = Counter("search_requests", "Searches.", ["surface"], registry=self.registry)
        self.search_seconds = Histogram(
            "search_duration_seconds", "Time in search.", ["surface"], buckets=_BUCKETS, registry=self.registry
        )
        self.zero = Counter("search_zero_results", "Searches that found nothing.", ["surface"], registry=self.registry)
        self.query_log = Counter(
            "query_log_searches", "Searches, by what the query log did with them.", ["outcome"], registry=self.registry
        )

    def searched(self, surface: str, seconds: float, total: int) -> None:
        """Count one search."""
        with self.forgiving():
            self.searches.labels(surface).inc()
            self.search_seconds.labels(surface).observe(seconds)
            if not total:
                self.zero.labels(surface).inc()

    def responded(self, route: str, status: str, seconds: float) -> None:
        """Count one response."""
        with self.forgiving():
            self.http.labels(route, status).inc()
            self.seconds.labels(route).observe(seconds)

    def query_logged(self, outcome: str, times: int) -> None:
        """Count what became of searches in the query log."""
        with self.forgiving():
            self.query_log.labels(outcome).inc(times)

    @contextmanager
    def forgiving(self) -> Iterator[None]:
        """Count if that is possible: a folder of counters that is full or gone must not cost an answer."""
        try:
            yield
        except (OSError, ValueError, TypeError) as error:
            if not self._failed:
                log.error("The metrics cannot be counted: %s", error)
            self._failed = True

    def page(self) -> Response:
        """The metrics of all processes, as Prometheus reads them."""
        registry = self.registry
        if os.environ.get(SHARED_FOLDER):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            registry.register(self.index)
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def init_metrics(app: Flask, metrics: Metrics) -> None:
    """Measure every request of the application."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("started", time.perf_counter())
        metrics.responded(request.endpoint or "none", str(response.status_code), seconds)
        return response


def age_seconds(stats: IndexStats, now: datetime | None = None) -> float | None:
    """How long ago the generation was built; None when it does not say."""
    try:
        built = datetime.fromisoformat(stats.built_at)
    except ValueError:
        return None
    if built.tzinfo is None:
        built = built.replace(tzinfo=UTC)
    return max(0.0, ((now or datetime.now(UTC)) - built).total_seconds())


class _IndexCollector(Collector):
    """What the index says of itself, asked when the metrics are read."""

    def __init__(self, stats: Callable[[], tuple[IndexStats, str]]) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        """Little but ``index_up`` 0 while there is no index, or its engine does not answer."""
        try:
            stats, state = self._stats()
        except EngineUnavailable:
            yield GaugeMetricFamily("index_up", "Whether an index can be searched.", 0)
            yield _states(LOST)
            return
        except SearchError:
            yield GaugeMetricFamily("index_up", "Whether an index can be searched.", 0)
            return
        yield GaugeMetricFamily("index_up", "Whether an index can be searched.", float(state != "red"))
        yield GaugeMetricFamily("index_documents", "Documents that can be found.", stats.documents)
        info = InfoMetricFamily("index_generation", "Generation that is served.")
        info.add_metric([], {"generation": stats.generation, "engine": stats.engine})
        yield info
        yield _states(state)
        if (age := age_seconds(stats)) is not None:
            yield GaugeMetricFamily("index_age_seconds", "Time since the generation was built.", age)


def _states(current: str) -> Metric:
    states = GaugeMetricFamily("index_state", "1 for the state that the index is in.", labels=["state"])
    for each in ("green", "yellow", "red", LOST):
        states.add_metric([each], float(each == current))
    return states
