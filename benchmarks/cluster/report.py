"""Figures of growth as the table of docs/scale.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- size: written by python -m benchmarks.cluster size -->", "<!-- size: end -->"
MEGABYTE = 1_000_000


def write_table(page: Path, figures: Path) -> None:
    """Put the table of all ``size-*.json`` in a folder between its marks in the page."""
    measured = [json.loads(path.read_text("utf-8"))["figures"] for path in figures.glob("size-*.json")]
    text = page.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{table(measured)}\n{END}{rest.partition(END)[2]}", "utf-8")


def table(measured: list[dict[str, Any]]) -> str:
    """A row for each engine and size, smallest first."""
    lines = [
        "| documents | engine | built, documents/s | memory of the build, MB | stored, MB | not asked before, ms | asked before, ms"
        " | answers/s |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in sorted(measured, key=lambda each: (each["documents"], each["folder"])):
        words = "70 words" if each["folder"].startswith("short") else "210 words"
        size = f"{each['documents']:,} of {words}"
        built = each["build"]
        costs = (built["documents_per_second"], built["peak_bytes"], each["stored_bytes"])
        lines.append(f"| {size} | cluster | {_costs(*costs)} | {_answers(each['cluster'])} |")
        ours, asked = each.get("embedded_build"), each.get("embedded")
        spent = _costs(ours["documents"] / ours["seconds"], ours["peak"], ours["disk"]) if ours else "not measured | |"
        lines.append(f"| | embedded | {spent} | {_answers(asked) if asked else '| |'} |")
    return "\n".join(lines)


def _costs(rate: float, memory: int, disk: int) -> str:
    return f"{rate:,.0f} | {memory / MEGABYTE:,.0f} | {disk / MEGABYTE:,.0f}"


def _answers(asked: dict[str, Any]) -> str:
    spans = (f"{asked[name]['p50']:.3g} ({asked[name]['p95']:.3g})" for name in ("first_ms", "ms"))
    return " | ".join(spans) + f" | {asked['answers_per_second']:,.0f}"
