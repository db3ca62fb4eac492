"""Which hits still lack a grade: the pool that somebody judges after the corpus or the engine has changed.

    python -m benchmarks.pooling --class lay --class questions > pool.jsonl

The first hits of every system (ours, and each peer in all its ways) that no line of ``qrels.tsv`` grades, one query a line.
Documents come in the order of a hash, without system, rank or half, so that whoever grades them cannot favour one
(pooling as in TREC: Voorhees and Harman, *TREC: Experiment and Evaluation in Information Retrieval*, 2005, chapter 2).
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from hashlib import sha256

from benchmarks.judged_collections import Collection, indexed, own
from benchmarks.peers import PEERS
from search_app.runs import make_run

DEPTH = 10  # what nDCG@10 looks at


def pool(collection: Collection, depth: int = DEPTH) -> dict[str, set[str]]:
    """Query id → ids of the documents that some system has among its first ``depth`` and nobody has graded."""
    found: dict[str, set[str]] = defaultdict(set)
    with indexed(collection.documents) as searcher:
        run = make_run(collection.judgments, searcher, depth=depth)
    for query_id, ranking in run.rankings.items():
        found[query_id].update(ranking.doc_ids[:depth])
    for open_peer in PEERS.values():
        with open_peer(collection.documents) as ways:
            for search in ways.values():
                for query in collection.judgments.queries:
                    found[query.query_id].update(search(query.text, depth)[:depth])
    return {query_id: documents - collection.judgments.of(query_id).keys() for query_id, documents in found.items()}


def main() -> None:
    """Print the pool as JSON lines: ``id``, ``class``, ``text``, ``documents``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--class", dest="classes", action="append", help="only queries of this class; may be repeated")
    chosen = parser.parse_args()
    collection = own(None)
    ungraded = pool(collection)
    for query in collection.judgments.queries:
        if chosen.classes and query.query_class not in chosen.classes:
            continue
        documents = sorted(
            ungraded[query.query_id], key=lambda each: sha256(f"{query.query_id} {each}".encode()).digest()
        )
        line = {"id": query.query_id, "class": query.query_class, "text": query.text, "documents": documents}
        print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
