"""Every judged query on both engines: what differs, and the relevance of each."""

from __future__ import annotations

import statistics
import tempfile
import time
from itertools import pairwise
from typing import Any

from benchmarks.cluster.nodes import fill, stored
from benchmarks.judged_collections import Collection
from indexer.engines import Searcher, open_engine
from indexer.engines.opensearch_engine import OpenSearchEngine
from indexer.model import Results
from scripts.cluster import LocalCluster
from search_app.evaluate import measure
from search_app.request import SearchRequest
from search_app.runs import make_run
from search_app.search import answer


def same(collection: Collection, cluster: LocalCluster) -> dict[str, Any]:
    """Every judged query on both engines: what differs, and the relevance of each."""
    address = f"opensearch://{cluster.hosts}/{collection.name}?shards=2"
    with tempfile.TemporaryDirectory() as folder:
        embedded, distributed = open_engine(folder), OpenSearchEngine(address)
        seconds = [fill(engine, collection.documents) for engine in (embedded, distributed)]
        with embedded.searcher() as ours, distributed.searcher() as theirs:
            calls = [distributed.cluster.calls]
            pairs = []
            for each in collection.judgments.queries:
                pairs.append(_both(each.text, ours, theirs))
                calls.append(distributed.cluster.calls)
            again = [_both(each.text, ours, theirs)[2:] for each in collection.judgments.queries]
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
        "stored_bytes_with_one_copy": stored(cluster, collection.name),
        "build_seconds": [round(each, 2) for each in seconds],
        "calls_p50": statistics.median(after - before for before, after in pairwise(calls)),
        "calls_most": max(after - before for before, after in pairwise(calls)),
        "ms_p50": _medians([pair[2:] for pair in pairs]),
        "ms_p50_again": _medians(again),
    }


def _medians(taken: list[tuple[float, float]]) -> list[float]:
    return [round(statistics.median(each), 3) for each in zip(*taken, strict=True)]


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
