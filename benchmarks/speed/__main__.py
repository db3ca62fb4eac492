"""How fast we are beside other engines, on the same documents and questions.

    python -m benchmarks.speed                         330 and 10,000 made documents, printed
    python -m benchmarks.speed --documents 100000      as many as you like
    python -m benchmarks.speed --collection FOLDER     a public collection (documents.jsonl.gz) instead
    python -m benchmarks.speed --write                 also into docs/benchmarks.md

Nothing is timed before all engines have given equal totals and facet counts to every question. Indexes are kept in
a folder of the user's cache, so that only the first run builds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.judged_collections import ROOT
from benchmarks.speed import limited, over_http, samples, updating, web
from benchmarks.speed.building import build
from benchmarks.speed.growth import plot
from benchmarks.speed.peers import IN_PROCESS, Ours, missing
from benchmarks.speed.report import field_words, page, table
from benchmarks.speed.serving import serve

FIGURES = ROOT / "docs" / "benchmarks"


def public(collection: Path) -> Path:
    """Folder with the documents of a public collection as ``samples.jsonl``."""
    folder = samples.CACHE / f"collection-{collection.name}"
    if not (folder / "samples.jsonl").is_file():
        samples.save(samples.collection(collection), folder / "samples.jsonl")
    return folder


def engines(left_out: list[str]) -> list[str]:
    """Engines that can be had here, ours first; says which cannot."""
    found = []
    for name in IN_PROCESS:
        if name in left_out:
            continue
        if why := missing(name):
            print(why, file=sys.stderr)
        else:
            found.append(name)
    return found


def measure(folder: Path, names: list[str], rounds: int) -> dict[str, Any]:
    """Build what is missing, hold the engines to equal answers, time them."""
    builds = folder / "builds.json"
    built: dict[str, Any] = json.loads(builds.read_text("utf-8")) if builds.is_file() else {}
    for name in names:
        if name not in built or not (folder / name).is_dir():
            print(f"building {name} in {folder.name}…", file=sys.stderr)
            built[name] = asdict(build(name, folder / "samples.jsonl", folder / name))
            builds.write_text(json.dumps(built, indent=1) + "\n", "utf-8")
    documents = built[Ours.name]["documents"]
    return {"documents": documents, "builds": {name: built[name] for name in names}, **serve(names, folder, rounds)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, nargs="*", default=[330, 10_000], help="sizes of made collections")
    parser.add_argument("--collection", type=Path, action="append", default=[], help="a public collection, instead")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--without", action="append", default=[], choices=list(IN_PROCESS), help="leave an engine out")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md too")
    chosen = parser.parse_args()
    names = engines(chosen.without)
    folders = list(map(public, chosen.collection)) or list(map(samples.made, chosen.documents))
    for folder in folders:
        figures = measure(folder, names, chosen.rounds)
        figures |= {
            "day": datetime.now(UTC).date().isoformat(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "command": "python -m benchmarks.speed " + " ".join(sys.argv[1:]),
        }
        print(table(figures), *field_words(figures), sep="\n", end="\n\n", flush=True)
        if chosen.write:
            FIGURES.mkdir(parents=True, exist_ok=True)
            (FIGURES / f"{folder.name}.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    if chosen.write:
        kept = [json.loads(path.read_text("utf-8")) for path in FIGURES.glob("*.json")]
        kept = sorted(kept, key=lambda each: each["documents"])
        plot(kept, FIGURES / "growth.svg")
        parts = [page(kept)]
        for over in (limited, updating, web, over_http):
            if over.FIGURES.is_file():
                parts.append(over.section(json.loads(over.FIGURES.read_text("utf-8"))))
        (ROOT / "docs" / "benchmarks.md").write_text("\n".join(parts), "utf-8")


if __name__ == "__main__":
    main()
