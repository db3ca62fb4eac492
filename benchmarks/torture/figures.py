"""Figures of each part, each with its limit, and the page that is made of them."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.live import medsearch

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FIGURES = DOCS / "torture"
CORPUS = ROOT / "corpus"


class Part:
    """Figures of one part."""

    def __init__(self, name: str, claim: str, command: str) -> None:
        self.name, self.claim, self.command = name, claim, command
        self.rows: list[dict[str, Any]] = []
        self.remarks: list[str] = []  # lines of Markdown below the figures
        self.started = time.time()

    def figure(self, what: str, value: Any, limit: str, held: bool) -> None:
        """Note one figure, print it."""
        self.rows.append({"what": what, "value": value, "limit": limit, "held": bool(held)})
        print(f"  {'ok  ' if held else 'MISS'} {what}: {value} (limit: {limit})", flush=True)

    def save(self) -> bool:
        """Write the figures; gives whether all limits held."""
        FIGURES.mkdir(parents=True, exist_ok=True)
        told = {
            "name": self.name,
            "claim": self.claim,
            "command": self.command,
            "day": datetime.now(UTC).date().isoformat(),
            "seconds": round(time.time() - self.started),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "rows": self.rows,
            "remarks": self.remarks,
        }
        (FIGURES / f"{self.name}.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
        return all(row["held"] for row in self.rows)


def say(text: str) -> None:
    """Progress, in one line."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text}\033[K")
        sys.stderr.flush()


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder."""
    with tempfile.TemporaryDirectory(prefix="medsearch-torture-") as name:
        yield Path(name)


def own_index(place: Path) -> Path:
    """The corpus of the project as an index."""
    built = medsearch("index", "build", "--corpus", CORPUS, "--index", place / "index", "--quiet", timeout=600)
    if built.returncode not in (0, 1):
        raise SystemExit(built.stderr)
    return place / "index"


def report(parts: list[str]) -> None:
    """Write docs/torture.md from the figures of these parts."""
    lines = [
        "# Torture",
        "",
        "Figures of the last full runs, written by `make torture` (`benchmarks/torture/`); the quick form of each part is in",
        "`make test`. Clients, builds and server share the cores of one machine. A limit that was missed says so.",
        "",
    ]
    for name in parts:
        path = FIGURES / f"{name}.json"
        if path.exists():
            lines += _section(json.loads(path.read_text("utf-8")))
    (DOCS / "torture.md").write_text("\n".join(lines), "utf-8")


def _section(told: dict[str, Any]) -> list[str]:
    lines = [
        f"## {told['claim']}",
        "",
        f"`python -m benchmarks.torture {told['command']}`: {told['day']}, {told['seconds']:,} s, "
        f"{told['cores']} cores, Python {told['python']}",
        "",
        "| figure | reached | limit | |",
        "| --- | --- | --- | --- |",
    ]
    for row in told["rows"]:
        value = str(row["value"]).replace("|", "\\|")
        lines.append(f"| {row['what']} | {value} | {row['limit']} | {'held' if row['held'] else '**missed**'} |")
    lines.append("")
    if told.get("remarks"):
        lines += [*told["remarks"], ""]
    plot = FIGURES / f"{told['name']}.svg"
    if plot.exists():
        lines += [f"![{told['claim']}](torture/{plot.name})", ""]
    return lines
