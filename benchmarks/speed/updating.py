"""How long one changed page among many keeps ``medsearch index build`` busy, and how much memory it takes.

    python -m benchmarks.speed.updating --documents 20000            printed
    python -m benchmarks.speed.updating --documents 100000 --write   also for docs/benchmarks.md

The made documents of ``benchmarks.speed`` become HTML files in a folder of the user's cache: a head, a menu, headings,
paragraphs of a sentence or two, links to other pages, and a foot that all of them share. Every figure is of the whole
command in a process of its own, from its start to its end, with what Python and the imports need.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.judged_collections import ROOT
from benchmarks.speed import samples
from tests.live import Measured, measured

FIGURES = ROOT / "docs" / "benchmarks-updating.json"
FOLDER_PAGES = 1_000  # in one folder
PARAGRAPH_WORDS = 20
SECTION_WORDS = 80
LINKS = 4  # to other pages
WANTED_SECONDS, WANTED_MB = 2.0, 1_000.0  # for one changed page among 100,000
_MENU = "".join(f'<li><a href="/{name.lower()}">{name}</a></li>' for name in samples.TOPICS)
_FOOT = (
    "<p>Telephone consultation is open to members of the association on working days.</p>"
    "<p>Reproduction of these pages needs the written consent of the association.</p>"
)
Change = Callable[[Path, int], None]


def page(sample: samples.Sample, neighbours: list[tuple[str, str]]) -> str:
    """A sample as an HTML page; ``neighbours`` are addresses and titles of pages that it links to."""
    words, parts = sample.body.split(), []
    for start in range(0, len(words), PARAGRAPH_WORDS):
        if start % SECTION_WORDS == 0:
            parts.append(f"<h2>{' '.join(words[start : start + 3])}</h2>")
        parts.append(f"<p>{' '.join(words[start : start + PARAGRAPH_WORDS])}.</p>")
    links = "".join(f'<p>See <a href="/{address}">{title}</a> too.</p>' for address, title in neighbours)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{sample.title} | The Made Association</title></head>'
        f"<body><ul>{_MENU}</ul><main><h1>{sample.title}</h1>{''.join(parts)}{links}{_FOOT}</main></body></html>\n"
    )


def place(folder: Path, number: int) -> Path:
    """File of a page by its number."""
    return folder / "articles" / f"{number // FOLDER_PAGES:04d}" / f"{number:07d}.html"


def write_pages(folder: Path, number: int) -> None:
    """Write so many pages, if they are not there yet: the last file is the sign that all are."""
    if place(folder, number - 1).is_file():
        return
    before: list[tuple[str, str]] = []
    for count, sample in enumerate(samples.load(samples.made(number) / "samples.jsonl")):
        file = place(folder, count)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page(sample, before), "utf-8")
        before = [*before, (sample.doc_id, sample.title)][-LINKS:]


def changed(folder: Path, round_: int) -> None:
    """One page says something more."""
    file = place(folder, 7)
    kept = file.read_text("utf-8").partition("</main>")
    text = kept[0].partition("<p>Added")[0] + f"<p>Added in round {round_} of the benchmark.</p>"
    file.write_text(text + "".join(kept[1:]), "utf-8")


def added(folder: Path, round_: int) -> None:
    """One page more."""
    text = place(folder, 8).read_text("utf-8").replace("<h1>", f"<h1>Round {round_}: ")
    (folder / "articles" / "added.html").write_text(text, "utf-8")


def removed(folder: Path, _: int) -> None:
    """The page that was added is gone."""
    (folder / "articles" / "added.html").unlink()


def nothing(_folder: Path, _round: int) -> None:
    """Nothing has changed, and nothing is published."""


KINDS: dict[str, Change] = {
    "one page changed": changed, "one page added": added, "one page removed": removed, "nothing changed": nothing,
}  # fmt: skip


def build(corpus: Path, index: Path, *options: str) -> Measured:
    """Run the command.

    Raises:
        RuntimeError: If it fails.
    """
    done = measured("index", "build", "--corpus", corpus, "--index", index, *options)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done


def measure(number: int, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Seconds, those of the processor and megabytes of each round, by what has changed before it."""
    folder = samples.CACHE / f"made-{number}"
    corpus, index = folder / "pages", folder / "pages-index"
    write_pages(corpus, number)
    (corpus / "articles" / "added.html").unlink(missing_ok=True)
    build(corpus, index)  # from nothing, or what has changed since the last run
    found: dict[str, dict[str, list[float]]] = {
        kind: {"seconds": [], "cpu_seconds": [], "megabytes": []} for kind in KINDS
    }
    for round_ in range(rounds):
        for kind, change in KINDS.items():
            change(corpus, round_)
            done = build(corpus, index)
            found[kind]["seconds"].append(done.seconds)
            found[kind]["cpu_seconds"].append(done.cpu_seconds)
            found[kind]["megabytes"].append(done.megabytes)
            print(f"{kind}: {done.seconds:.2f} s ({done.cpu_seconds:.2f}), {done.megabytes:.0f} MB", file=sys.stderr)
    return found


def table(found: dict[str, dict[str, list[float]]]) -> str:
    """The figures as a Markdown table: median, least and greatest seconds, least of the processor's, and most memory."""
    lines = [
        "| | s | least | greatest | the processor's | memory at most, MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for kind, values in found.items():
        seconds = values["seconds"]
        cells = [f"{each:.2f}" for each in (median(seconds), min(seconds), max(seconds), min(values["cpu_seconds"]))]
        lines.append(f"| {kind} | " + " | ".join(cells) + f" | {max(values['megabytes']):.0f} |")
    return "\n".join(lines)


def section(figures: dict[str, Any]) -> str:
    """The part of docs/benchmarks.md that tells of it."""
    found = figures["found"]["one page changed"]
    seconds, memory = median(found["seconds"]), max(found["megabytes"])
    held = "reached" if seconds <= WANTED_SECONDS and memory < WANTED_MB else "**missed**"
    return (
        "## One page of many has changed\n\n"
        f"`{figures['command']}`: {figures['day']}, {figures['cores']} cores, Python {figures['python']}."
        f" `medsearch index build` over {figures['documents']:,} HTML files, the whole command in a process of its own, in"
        f" {figures['rounds']} rounds; other work on the machine lengthens all but the processor's time, of which the least is"
        f" given.\n\n{table(figures['found'])}\n\n"
        f"* published within {WANTED_SECONDS:g} s and {WANTED_MB:,.0f} MB: {seconds:.2f} s, {memory:.0f} MB, {held}\n"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="keep the figures for docs/benchmarks.md")
    chosen = parser.parse_args()
    found = measure(chosen.documents, chosen.rounds)
    print(table(found))
    if chosen.write:
        figures = {
            "command": "python -m benchmarks.speed.updating " + " ".join(sys.argv[1:]),
            "day": datetime.now(UTC).date().isoformat(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "documents": chosen.documents,
            "rounds": chosen.rounds,
            "found": found,
        }
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
