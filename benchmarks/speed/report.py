"""Figures of the speed benchmark as a table and as a page, losses as plainly as gains."""

from __future__ import annotations

from typing import Any

from benchmarks.speed.inside import IN_PYTHON
from benchmarks.speed.peers import Ours

Figures = dict[str, Any]

# What was aimed at: how many times quicker than each peer at the median, by number of documents.
WANTED = {
    "Whoosh": {330: 40.0, 10_000: 150.0, 100_000: 700.0},
    "tantivy": {330: 1.5, 10_000: 1.5, 100_000: 2.0},
    "SQLite FTS5": {330: 4.0, 10_000: 8.0, 100_000: 40.0},
}
WANTED_BUILD = 4.0  # times the documents a second of Whoosh, at 100,000
WANTED_FIRST_MS = 100  # from after the imports, at 100,000
WANTED_PEAK_MB = 1_000  # of a build, at 100,000
WANTED_UPDATE_SECONDS = 2.0  # to publish one changed document among 100,000
WANTED_SERVED = (1_000_000, 1_000, 50.0)  # documents, MB resident, ms at p95
WANTED_GROWTH = 3.0  # of p50 from 10,000 to 100,000
LARGE = 100_000
MEGABYTE = 1_000_000


def table(figures: Figures) -> str:
    """Everything about one collection, as a Markdown table."""
    lines = [
        "| engine | p50, ms | p95, ms | p50 over ours | p95 over ours | first answer, ms | memory, MB | disk, MB"
        " | built, documents/s | peak, MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, timed in figures["engines"].items():
        alone, built = figures["alone"][name], figures["builds"][name]
        over = [_ratio(figures["ratios"][name][share]) if name != Ours.name else "1" for share in ("p50", "p95")]
        cells = [
            f"{timed['p50']:.3f}",
            f"{timed['p95']:.3f}",
            *over,
            f"{alone['first_answer_ms']:.0f}",
            f"{alone['resident'] / MEGABYTE:.0f}",
            f"{alone['disk'] / MEGABYTE:.0f}",
            f"{built['documents'] / built['seconds']:,.0f}",
            f"{built['peak'] / MEGABYTE:.0f}",
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _ratio(found: Figures) -> str:
    return f"{found['median']:.2f} ({found['least']:.2f}–{found['greatest']:.2f})"


def verdicts(figures: Figures) -> list[str]:
    """What was aimed at for this number of documents, and whether it was reached."""
    number, found = figures["documents"], []
    for name, wanted in WANTED.items():
        if number in wanted and name in figures["ratios"]:
            reached = figures["ratios"][name]["p50"]["median"]
            found.append(
                f"{wanted[number]:g} times quicker than {name} at the median: {reached:.2f}, {_held(reached >= wanted[number])}"
            )
        elif number in wanted:
            found.append(f"{wanted[number]:g} times quicker than {name} at the median: not timed")
    if "tantivy" in figures["ratios"]:
        tail = figures["ratios"]["tantivy"]["p95"]["median"]
        found.append(f"p95 no worse than tantivy's: {tail:.2f}, {_held(tail >= 1)}")
    if number < LARGE:
        return found
    first = figures["alone"][Ours.name]["first_answer_ms"]
    found.append(
        f"first answer within {WANTED_FIRST_MS} ms of the imports: {first:.0f} ms, {_held(first <= WANTED_FIRST_MS)}"
    )
    if "update_seconds" in figures:
        said = " and ".join(f"{seconds:.2f}" for seconds in figures["update_seconds"])
        held = _held(max(figures["update_seconds"]) <= WANTED_UPDATE_SECONDS)
        found.append(f"one changed document published within {WANTED_UPDATE_SECONDS:g} s: {said} s, {held}")
    if number >= WANTED_SERVED[0]:
        resident, tail = figures["alone"][Ours.name]["resident"] / MEGABYTE, figures["engines"][Ours.name]["p95"]
        held = _held(resident <= WANTED_SERVED[1] and tail <= WANTED_SERVED[2])
        aim = f"served with p95 under {WANTED_SERVED[2]:g} ms in less than {WANTED_SERVED[1]:,} MB"
        own = figures["alone"][Ours.name]["private"] / MEGABYTE
        said = f"{resident:,.0f} MB ({own:,.0f} MB its own, the rest pages of mapped files that a system short of memory takes back)"
        found.append(f"{aim}: {tail:.1f} ms, {said}, {held}")
    peak = figures["builds"][Ours.name]["peak"] / MEGABYTE
    found.append(f"at most {WANTED_PEAK_MB:,} MB while building: {peak:,.0f} MB, {_held(peak <= WANTED_PEAK_MB)}")
    if "Whoosh" in figures["builds"]:
        rates = [
            figures["builds"][each]["documents"] / figures["builds"][each]["seconds"] for each in (Ours.name, "Whoosh")
        ]
        reached = rates[0] / rates[1]
        found.append(
            f"built {WANTED_BUILD:g} times as fast as with Whoosh: {reached:.2f}, {_held(reached >= WANTED_BUILD)}"
        )
    else:
        found.append(f"built {WANTED_BUILD:g} times as fast as with Whoosh: not timed")
    return found


def inside(figures: Figures) -> list[str]:
    """Where the time of our searches goes, beside what the targets that are missed would leave of it; empty if not timed."""
    if not figures.get("inside"):
        return []
    spent: dict[str, float] = figures["inside"]
    whole = sum(spent.values())
    python = sum(spent[part] for part in IN_PYTHON)
    leaves = [
        f"{wanted[figures['documents']]:g} times quicker than {name} would leave"
        f" {figures['ratios'][name]['p50']['median'] / wanted[figures['documents']]:.0%}"
        for name, wanted in WANTED.items()
        if name in figures["ratios"] and figures["ratios"][name]["p50"]["median"] < wanted.get(figures["documents"], 0)
    ]
    return [
        "Where the time of a search of ours goes, on average (`benchmarks/speed/inside.py`): "
        f"{', '.join(f'{part} {took / whole:.0%}' for part, took in spent.items())}. Outside the compiled loops that is"
        f" {python / whole:.0%} of it.{' ' + '; '.join(leaves) + ' of it.' if leaves else ''}",
        "",
    ]


def growth(measured: list[Figures]) -> list[str]:
    """How much the median grows from 10,000 to 100,000 documents, where both were timed."""
    medians = {each["documents"]: each["engines"][Ours.name]["p50"] for each in measured}
    if not {10_000, LARGE} <= medians.keys():
        return []
    times = medians[LARGE] / medians[10_000]
    said = f"{times:.2f} times, {_held(times <= WANTED_GROWTH)}"
    return [
        "## How it grows\n",
        "![Milliseconds a search over the number of documents, both logarithmic.](benchmarks/growth.svg)\n",
        f"* p50 from 10,000 to 100,000 documents grows at most {WANTED_GROWTH:g} times (two runs): {said}",
        "",
    ]


def _held(reached: bool) -> str:
    return "reached" if reached else "**missed**"


def classes(figures: Figures) -> str:
    """Median of each class of questions, in ms."""
    kinds = list(figures["engines"][Ours.name]["classes"])
    lines = ["| ms | " + " | ".join(kinds) + " |", "| --- |" + " ---: |" * len(kinds)]
    for name, timed in figures["engines"].items():
        lines.append(f"| {name} | " + " | ".join(f"{timed['classes'][kind]:.3f}" for kind in kinds) + " |")
    return "\n".join(lines)


def _built(figures: Figures) -> str:
    """On which other day the builds were timed, for all engines together."""
    return f"; builds timed on {figures['built']}" if "built" in figures else ""


def field_words(figures: Figures) -> list[str]:
    """The mix of words of the field as a table, with what was aimed at for the other mix; empty where it was not asked."""
    if "field" not in figures:
        return []
    found = figures["field"]
    lines = [
        f"With words that stand in one document in twenty or more ({found['questions']} questions, the median one with"
        f" {found['matches']:,} matches), as those that people type have in our corpus:\n",
        "| engine | p50, ms | p95, ms | p50 over ours | p95 over ours |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, timed in found["engines"].items():
        over = [_ratio(found["ratios"][name][share]) if name != Ours.name else "1" for share in ("p50", "p95")]
        lines.append(f"| {name} | {timed['p50']:.3f} | {timed['p95']:.3f} | " + " | ".join(over) + " |")
    return [*lines, "", classes(found), ""]


def _processor_rates(measured: list[dict[str, Any]]) -> str:
    """Documents of each size that a second of the processor's time was enough to index."""
    built = [figures["builds"][Ours.name] for figures in measured]
    return ", ".join(f"{each['documents'] / each['cpu_seconds']:,.0f} (of {each['documents']:,})" for each in built)


def page(measured: list[Figures]) -> str:
    """The page ``docs/benchmarks.md``."""
    parts = [
        "# Benchmarks\n",
        "Written by `python -m benchmarks.speed --write` (`make benchmark`). The same documents and questions for every",
        "engine, and the same job: how many documents match, the ten best with a snippet each, exact counts of three facets",
        "over all matches. Nothing is timed before every engine has given the same totals and counts. Engines take turns round",
        "by round; a ratio is the other engine's time over ours (above 1: we are quicker), the median of the rounds, with the",
        "least and the greatest of them. Documents are made of real sentences with a seed (`benchmarks/speed/samples.py`); memory is proportional",
        "set size of a process that has answered all questions, mapped index files included. Machines are noisy: trust ratios,",
        "not milliseconds. Build rates come from one build each, some of them beside other work, where the processor's time",
        f"says more: our documents a second of it are {_processor_rates(measured)}. A first answer whose",
        "files come from the disk takes longer, with every engine. The last parts are over HTTP.\n",
    ]
    for figures in measured:
        parts += [
            f"## {figures['documents']:,} documents\n",
            f"`{figures['command']}`: {figures['day']}, {figures['cores']} cores, Python {figures['python']};"
            f" {figures['questions']} questions, the median one with {figures['matches']:,} matches{_built(figures)}.\n",
            table(figures),
            "",
            *(f"* {each}" for each in verdicts(figures)),
            "",
            *inside(figures),
            classes(figures),
            "",
            *field_words(figures),
        ]
    return "\n".join([*parts, *growth(measured)])
