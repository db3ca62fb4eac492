"""Compare our relevance with that of plain Whoosh, SQLite FTS5 and tantivy: same documents, queries and judgments.

    python -m benchmarks.relevance                      our corpus, both halves of the judgments
    python -m benchmarks.relevance --half held_out      only the half that was never used for tuning
    python -m benchmarks.relevance --collection ../shared/collections/cacm

Where a peer can be used in two ways, the better one on these very queries is shown: an advantage for the peer.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.judged_collections import COLLECTIONS, Collection, indexed, own, own_documents, public
from benchmarks.peers import PEERS
from search_app.compare_runs import Comparison, compare
from search_app.evaluate import Report, measure
from search_app.judgments import HALVES, Judgments
from search_app.runs import Ranking, Run, make_run

OURS = "medsearch"


@dataclass(frozen=True, slots=True)
class Entrant:
    """One system's run over a collection, measured and timed."""

    name: str
    run: Run
    report: Report
    ms_per_query: float


def entrants(collection: Collection) -> list[Entrant]:
    """Our engine first, then each peer in its better way."""
    with indexed(collection.documents) as searcher:
        measured = [
            _entrant(OURS, collection, lambda: make_run(collection.judgments, searcher, depth=collection.depth))
        ]
    for name, open_peer in PEERS.items():
        with open_peer(collection.documents) as ways:
            tried = [_peer(f"{name} ({way})", collection, search) for way, search in ways.items()]
        measured.append(max(tried, key=lambda entrant: entrant.report.overall.estimates["ndcg@10"].mean))
    return measured


def _peer(name: str, collection: Collection, search: Callable[[str, int], list[str]]) -> Entrant:
    def make() -> Run:
        queries = collection.judgments.queries
        found = (Ranking(each.query_id, tuple(search(each.text, collection.depth))) for each in queries)
        return Run({ranking.query_id: ranking for ranking in found}, name)

    return _entrant(name, collection, make)


def _entrant(name: str, collection: Collection, make: Callable[[], Run]) -> Entrant:
    started = time.perf_counter()
    run = make()
    seconds = time.perf_counter() - started
    report = measure(collection.judgments, run, collection.measures)
    return Entrant(name, run, report, 1000 * seconds / max(1, len(collection.judgments.queries)))


def table(collection: Collection, measured: list[Entrant]) -> str:
    """Systems side by side over all queries, what we are ahead by, and nDCG@10 by class."""
    ranked = len(collection.judgments.ranked)
    lines = [f"{collection.name}: {len(collection.documents)} documents, {ranked} judged queries"]
    names = list(collection.measures)
    lines.append(f"{'':28}" + "".join(f"{name:>22}" for name in names) + f"{'ahead, ndcg@10':>26}")
    for entrant in measured:
        cells = "".join(f"{entrant.report.overall.estimates[name]!s:>22}" for name in names)
        lead = "" if entrant.name == OURS else f"{_lead(collection.judgments, measured[0], entrant).change!s:>26}"
        lines.append(f"{entrant.name:28}{cells}{lead}".rstrip())
    classes = [row.name for row in measured[0].report.classes]
    if classes:
        lines.append(f"\n{'nDCG@10 by class':28}" + "".join(f"{name:>14}" for name in classes) + f"{'nothing':>14}")
        for entrant in measured:
            means = "".join(f"{row.estimates['ndcg@10'].mean:>14.3f}" for row in entrant.report.classes)
            empty = entrant.report.nothing
            lines.append(f"{entrant.name:28}{means}" + (f"{empty.estimates['empty'].mean:>14.3f}" if empty else ""))
    return "\n".join(lines)


def _lead(judgments: Judgments, ours: Entrant, peer: Entrant) -> Comparison:
    return compare(judgments, peer.run, ours.run)


def as_json(collection: Collection, measured: list[Entrant]) -> dict[str, Any]:
    """The table with everything behind it but the single queries."""
    systems = {}
    for entrant in measured:
        report = entrant.report.as_json()
        del report["per_query"]
        systems[entrant.name] = {**report, "ms_per_query": round(entrant.ms_per_query, 3)}
        if entrant.name != OURS:
            systems[entrant.name]["ahead"] = asdict(_lead(collection.judgments, measured[0], entrant).change)
    return {"collection": collection.name, "documents": len(collection.documents), "systems": systems}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=(*HALVES, "both"), help="of our own judgments; all queries when left out")
    parser.add_argument("--collection", type=Path, action="append", help="folder of a test collection, instead of ours")
    parser.add_argument("--all", action="store_true", help=f"ours by half, and every collection in {COLLECTIONS}")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    chosen = parser.parse_args()
    collections: list[Collection] = []
    if not chosen.collection or chosen.half or chosen.all:
        documents = own_documents()
        halves = HALVES if chosen.half == "both" or chosen.all else (chosen.half,)
        collections += [own(half, documents) for half in halves]
    folders = list(chosen.collection or ())
    if chosen.all:
        folders += sorted(folder.parent for folder in COLLECTIONS.glob("*/qrels.tsv"))
    collections += [public(folder) for folder in folders]
    found = []
    for collection in collections:
        measured = entrants(collection)
        print(table(collection, measured), end="\n\n", flush=True)
        found.append(as_json(collection, measured))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
