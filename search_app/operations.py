"""What the people who run the site ask it."""

from __future__ import annotations

from flask import Blueprint, Response, json

from indexer.errors import EngineUnavailable, SearchError
from search_app.context import services
from search_app.errors import RETRY_AFTER_SECONDS
from search_app.metrics import LOST, age_seconds

operations = Blueprint("operations", __name__)


@operations.get("/healthz")
def health() -> Response:
    """The process answers."""
    return _answer({"status": "ok"}, 200)


@operations.get("/readyz")
def ready() -> Response:
    """Whether a generation is open: its name, documents and age, and what is wrong with the index if anything is."""
    try:
        with services().searcher() as searcher:
            stats = searcher.stats()
            problems = list(searcher.problems)
            state = searcher.state()
    except EngineUnavailable as error:
        return _not_ready({"status": "unavailable", "state": LOST, "detail": str(error)})
    except SearchError as error:
        return _not_ready({"status": "unavailable", "detail": str(error)})
    age = age_seconds(stats)
    told: dict[str, object] = {
        "status": "degraded" if problems else "ok",
        "engine": stats.engine,
        "state": state,
        "generation": stats.generation,
        "documents": stats.documents,
        "built_at": stats.built_at,
        "age_seconds": None if age is None else round(age),
        "notes": problems,
    }
    return _not_ready(told | {"status": "unavailable"}) if state == "red" else _answer(told, 200)


@operations.get("/metrics")
def metrics() -> Response:
    """For Prometheus."""
    response = services().metrics.page()
    response.headers["Cache-Control"] = "no-store"
    return response


def _not_ready(body: dict[str, object]) -> Response:
    response = _answer(body, 503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _answer(body: dict[str, object], status: int) -> Response:
    response = Response(
        json.dumps(body, ensure_ascii=False, sort_keys=False) + "\n", status, mimetype="application/json"
    )
    response.headers["Cache-Control"] = "no-store"
    return response
