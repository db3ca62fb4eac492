"""The OpenSearch engine beside the embedded one: the same answers, what a lost node costs, growth.

    python -m benchmarks.cluster same [--collection FOLDER]   totals, counts, order and nDCG on every judged query
    python -m benchmarks.cluster failover [--seconds 60]      a node is killed and comes back, a rebuild is published
    python -m benchmarks.cluster size --documents 10000       made documents: building, latency, throughput

All start three nodes of their own on this machine (``scripts/cluster``); figures go to docs/cluster/<part>.json.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.cluster.failover import failover
from benchmarks.cluster.nodes import nodes
from benchmarks.cluster.report import write_table
from benchmarks.cluster.same import same
from benchmarks.cluster.size import short, size
from benchmarks.judged_collections import ROOT, own, public
from benchmarks.speed.samples import made

FIGURES = ROOT / "docs" / "cluster"


def save(name: str, figures: Any) -> None:
    """Print figures and keep them."""
    told = {
        "command": "python -m benchmarks.cluster " + " ".join(sys.argv[1:]),
        "day": datetime.now(UTC).date().isoformat(),
    }
    print(json.dumps(figures, indent=1))
    FIGURES.mkdir(parents=True, exist_ok=True)
    (FIGURES / f"{name}.json").write_text(json.dumps({**told, "figures": figures}, indent=1) + "\n", "utf-8")


def main() -> None:
    """Measure one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("same", "failover", "size"))
    parser.add_argument("--collection", type=Path, action="append", default=[], help="a folder beside our own corpus")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--documents", type=int, nargs="*", default=[10_000], help="sizes of made collections")
    parser.add_argument("--short", action="store_true", help="documents of some 70 words instead of some 210")
    parser.add_argument(
        "--embedded", action="store_true", help="build the embedded engine's index too where it is missing"
    )
    parser.add_argument("--shards", type=int, default=3, help="of each size")
    parser.add_argument(
        "--folder", type=Path, help="keep the nodes' data here; a size that was built there is asked at once"
    )
    parser.add_argument("--heap", default="512m", help="of each node")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # else the nodes would outlive it
    with nodes(chosen.heap, chosen.folder) as cluster:
        if chosen.part == "failover":
            save("failover", failover(cluster, own().documents, chosen.seconds))
        elif chosen.part == "same":
            collections = [own(), *map(public, chosen.collection)]
            save("same", [same(collection, cluster) for collection in collections])
        else:
            for number in chosen.documents:
                folder = short(number) if chosen.short else made(number)
                save(f"size-{folder.name}", size(cluster, number, folder, chosen.shards, beside=chosen.embedded))
                write_table(ROOT / "docs" / "scale.md", FIGURES)


if __name__ == "__main__":
    main()
