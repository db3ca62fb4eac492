"""Visitors search while one node is lost and comes back, and a rebuild is published meanwhile."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from benchmarks.cluster.nodes import fill
from indexer.engines import Engine, open_engine
from indexer.errors import EngineUnavailable
from indexer.model import Document
from scripts.cluster import LocalCluster
from search_app.request import SearchRequest
from search_app.search import answer

QUESTIONS = ("eye hospital shanghai", "cancer treatment cost", "visa", "heart", "proton therapy", "children", "协和")


@dataclass(slots=True)
class Seen:
    """What the visitors of a cluster saw; times are seconds from the beginning."""

    answers: int = 0
    wrong: int = 0
    refused: list[float] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)


def failover(cluster: LocalCluster, documents: tuple[Document, ...], seconds: float) -> dict[str, Any]:
    """Visitors search while one node is killed at a quarter, a rebuild is published at half, and it returns after that."""
    engine = open_engine(f"opensearch://{cluster.hosts}/failover?replicas=1")
    smaller = documents[: len(documents) * 3 // 4]
    fill(engine, documents)
    allowed = _totals(engine)
    begun, stop, seen = time.monotonic(), threading.Event(), Seen()
    visitors = [threading.Thread(target=_visit, args=(engine, allowed, begun, stop, seen)) for _ in range(4)]
    for each in visitors:
        each.start()
    time.sleep(seconds / 4)
    cluster.kill(2)
    killed = time.monotonic() - begun
    time.sleep(seconds / 4)
    with tempfile.TemporaryDirectory() as folder:
        embedded = open_engine(folder)
        fill(embedded, smaller)
        for text, totals in _totals(embedded).items():
            allowed[text] |= totals
    rebuilt = fill(engine, smaller)
    published = time.monotonic() - begun
    cluster.start(2)
    cluster.wait(3)
    whole = time.monotonic() - begun
    time.sleep(seconds / 4)
    stop.set()
    for each in visitors:
        each.join()
    with engine.searcher() as searcher:
        kept = sum(1 for _ in searcher.documents())
    return {
        "documents": len(documents),
        "answers": seen.answers,
        "wrong": seen.wrong,
        "refused": len(seen.refused),
        "refused_from_to": [round(min(seen.refused), 1), round(max(seen.refused), 1)] if seen.refused else [],
        "killed_at": round(killed, 1),
        "rebuild_seconds_with_two_nodes": round(rebuilt, 1),
        "published_at": round(published, 1),
        "whole_again_at": round(whole, 1),
        "lost_documents": len(smaller) - kept,
        "ms_p50": round(1000 * statistics.median(seen.taken), 1),
        "ms_slowest": round(1000 * max(seen.taken), 1),
    }


def _totals(engine: Engine) -> dict[str, set[int]]:
    with engine.searcher() as searcher:
        return {text: {answer(SearchRequest(q=text), searcher).results.total.value} for text in QUESTIONS}


def _visit(engine: Engine, allowed: dict[str, set[int]], begun: float, stop: threading.Event, seen: Seen) -> None:
    number = 0
    while not stop.is_set():
        text = QUESTIONS[number % len(QUESTIONS)]
        number += 1
        started = time.monotonic()
        try:
            with engine.searcher() as searcher:
                total = answer(SearchRequest(q=text), searcher).results.total.value
        except EngineUnavailable:
            seen.refused.append(started - begun)
            time.sleep(0.1)
            continue
        seen.taken.append(time.monotonic() - started)
        seen.answers += 1
        seen.wrong += total not in allowed[text]
