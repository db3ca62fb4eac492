"""How the time of a search grows with the number of documents: a picture of the figures that were written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.speed.peers import Ours

COLOURS = {
    Ours.name: "#0b4a5e",
    "tantivy": "#c25b1a",
    "SQLite FTS5": "#7a5195",
    "Xapian": "#6b8e23",
    "Whoosh": "#999999",
}
TICKS = (0.1, 0.3, 1, 3, 10, 30, 100, 300)  # milliseconds


def plot(measured: list[dict[str, Any]], path: Path) -> bool:
    """Draw p50 (whole) and p95 (dotted) of each engine over the number of documents, both logarithmic.

    Returns whether it was drawn; it is not where matplotlib is missing.
    """
    try:
        import matplotlib as mpl
    except ImportError:
        print("no plot: matplotlib is not installed (pip install -e '.[benchmark]')", file=sys.stderr)
        return False
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "medsearch"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for name, colour in COLOURS.items():
        rows = [(each["documents"], each["engines"][name]) for each in measured if name in each["engines"]]
        for share, style in (("p50", "-"), ("p95", ":")):
            axes.plot(
                [documents for documents, _ in rows],
                [timed[share] for _, timed in rows],
                style,
                color=colour,
                marker="o" if share == "p50" else None,
                label=name if share == "p50" else None,
            )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.05)
    axes.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.set_xlabel("documents")
    axes.set_ylabel("milliseconds a search: median, and p95 (dotted)")
    axes.grid(visible=True, color="#dfe8ec")
    axes.legend(loc="upper left")
    figure.savefig(path, metadata={"Date": None})
    return True
