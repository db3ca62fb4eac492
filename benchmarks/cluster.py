"""The OpenSearch engine beside the embedded one: the same answers, and what a lost node costs.

    python -m benchmarks.cluster same [--collection FOLDER]   totals, counts, order and nDCG on every judged query
    python -m benchmarks.cluster failover [--seconds 60]      a node is killed and comes back, a rebuild is published

Both start three nodes of their own on this machine (``scripts/cluster``); figures go to docs/cluster/<part>.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.judged_collections import ROOT, Collection, own, public
from indexer.engines import Engine, Searcher, open_engine
from indexer.errors import EngineUnavailable
from indexer.model import Document, Results
from scripts.cluster import LocalCluster
from search_app.evaluate import make_run, measure
from search_app.request import SearchRequest
from search_app.search import answer

FIGURES = ROOT / "docs" / "cluster"
QUESTIONS = ("eye hospital shanghai", "cancer treatment cost", "visa", "heart", "proton therapy", "children", "协和")


@contextmanager
def nodes() -> Iterator[LocalCluster]:
    """Three nodes for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="medsearch-cluster-") as folder:
        cluster = LocalCluster(Path(folder))
        try:
            cluster.start_all()
            yield cluster
        finally:
            cluster.stop()


def fill(engine: Engine, documents: tuple[Document, ...]) -> float:
    """Build a generation of these documents; gives the seconds it took."""
    started = time.perf_counter()
    with engine.rebuild() as writer:
        for document in documents:
            writer.put(document)
    return time.perf_counter() - started


# ---------------------------------------------------------------------------------------------------------------------


def same(collection: Collection, cluster: LocalCluster) -> dict[str, Any]:
    """Every judged query on both engines: what differs, and the relevance of each."""
    address = f"opensearch://{cluster.hosts}/{collection.name}?shards=2"
    with tempfile.TemporaryDirectory() as folder:
        embedded, distributed = open_engine(folder), open_engine(address)
        seconds = [fill(engine, collection.documents) for engine in (embedded, distributed)]
        with embedded.searcher() as ours, distributed.searcher() as theirs:
            pairs = [_both(each.text, ours, theirs) for each in collection.judgments.queries]
            gains = [
                measure(
                    collection.judgments, make_run(collection.judgments, each, depth=10), collection.measures
                ).overall.estimates["ndcg@10"].mean
                for each in (ours, theirs)
            ]  # fmt: skip
    overlaps = [_overlap(left, right) for left, right, *_ in pairs]
    return {
        "collection": collection.name,
        "documents": len(collection.documents),
        "queries": len(pairs),
        "other_totals": sum(left.total != right.total for left, right, *_ in pairs),
        "other_counts": sum(left.facets != right.facets for left, right, *_ in pairs),
        "overlap_least": min(overlaps),
        "overlap_mean": round(statistics.fmean(overlaps), 4),
        "same_order": sum([h.doc_id for h in a.hits] == [h.doc_id for h in b.hits] for a, b, *_ in pairs),
        "ndcg_embedded": round(gains[0], 4),
        "ndcg_cluster": round(gains[1], 4),
        "stored_bytes_with_one_copy": _stored(cluster, collection.name),
        "build_seconds": [round(each, 2) for each in seconds],
        "ms_p50": [round(statistics.median(each), 3) for each in zip(*(pair[2:] for pair in pairs), strict=True)],
    }


def _stored(cluster: LocalCluster, name: str) -> int:
    """Bytes of the one generation of a name on all nodes, its words and all copies included."""
    path = f"http://127.0.0.1:{cluster.ports[0]}/_cat/indices/{name}-*?format=json&bytes=b&s=index"
    with urllib.request.urlopen(path, timeout=30) as found:
        return sum(int(index["store.size"]) for index in json.load(found))


def _both(text: str, ours: Searcher, theirs: Searcher) -> tuple[Results, Results, float, float]:
    found: list[Results] = []
    taken: list[float] = []
    for searcher in (ours, theirs):
        started = time.perf_counter()
        found.append(answer(SearchRequest(q=text), searcher).results)
        taken.append(1000 * (time.perf_counter() - started))
    return found[0], found[1], taken[0], taken[1]


def _overlap(left: Results, right: Results) -> float:
    ids = [{hit.doc_id for hit in each.hits} for each in (left, right)]
    most = max(map(len, ids))
    return len(ids[0] & ids[1]) / most if most else 1.0


# ---------------------------------------------------------------------------------------------------------------------


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


# ---------------------------------------------------------------------------------------------------------------------


def save(name: str, figures: Any) -> None:
    """Print figures and keep them."""
    told = {"command": f"python -m benchmarks.cluster {name}", "day": datetime.now(UTC).date().isoformat()}
    print(json.dumps(figures, indent=1))
    FIGURES.mkdir(parents=True, exist_ok=True)
    (FIGURES / f"{name}.json").write_text(json.dumps({**told, "figures": figures}, indent=1) + "\n", "utf-8")


def main() -> None:
    """Measure one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("same", "failover"))
    parser.add_argument("--collection", type=Path, action="append", default=[], help="a folder beside our own corpus")
    parser.add_argument("--seconds", type=float, default=60)
    chosen = parser.parse_args()
    with nodes() as cluster:
        if chosen.part == "failover":
            save("failover", failover(cluster, own().documents, chosen.seconds))
        else:
            collections = [own(), *map(public, chosen.collection)]
            save("same", [same(collection, cluster) for collection in collections])


if __name__ == "__main__":
    main()
