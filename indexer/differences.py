"""What one generation of an index has that another has not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from indexer.engines import DurableEngine
from indexer.errors import IndexDamaged
from indexer.known import KnownPages, loads
from indexer.manifest import Manifest

STATE = "pages.bin"  # attached to each generation: what the next incremental build needs to know
NAMED = 50  # documents of a kind of change that are named in text; JSON has all
BUILT_BY = ("version", "format_version", "analyzer", "taxonomy")


@dataclass(frozen=True, slots=True)
class Difference:
    """Two generations side by side.

    ``new``, ``gone`` and ``changed`` are ids of documents, rising; a document has changed when a file of it has.
    ``counts`` are documents before and after by facet and value, ``built_by`` the parts of the program and its
    vocabulary that differ: where there are any, documents may be read otherwise though their files are the same.
    """

    before: Manifest
    after: Manifest
    new: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[str, ...]
    counts: Mapping[str, Mapping[str, tuple[int, int]]]
    built_by: Mapping[str, tuple[str, str]]

    def as_json(self) -> dict[str, Any]:
        """All of it in plain values."""
        return {
            "before": self.before.generation,
            "after": self.after.generation,
            "documents": [self.before.documents, self.after.documents],
            "new": list(self.new),
            "gone": list(self.gone),
            "changed": list(self.changed),
            "counts": {facet: dict(values) for facet, values in self.counts.items()},
            "built_by": dict(self.built_by),
        }

    def as_text(self) -> str:
        """For a terminal: what was built, by what, each document that is new (+), gone (-) or changed (~), counts."""
        lines = [
            f"{self.before.generation} -> {self.after.generation}",
            f"documents: {self.before.documents:,} -> {self.after.documents:,}; "
            f"{len(self.new):,} new, {len(self.gone):,} gone, {len(self.changed):,} changed",
        ]
        for sign, ids in (("+", self.new), ("-", self.gone), ("~", self.changed)):
            lines += [f"{sign} {doc_id}" for doc_id in ids[:NAMED]]
            if len(ids) > NAMED:
                lines.append(f"{sign} and {len(ids) - NAMED:,} more")
        for facet, values in self.counts.items():
            moved = (f"{value} {was:,} -> {now:,}" for value, (was, now) in values.items())
            lines.append(f"{facet}: {', '.join(moved)}")
        lines += [f"{name}: {was} -> {now}" for name, (was, now) in self.built_by.items()]
        return "\n".join(lines)


def difference(engine: DurableEngine, before: str, after: str) -> Difference:
    """What the second of two generations has that the first has not, and the other way round.

    Raises:
        GenerationMissing, IndexDamaged, IndexOutdated: If one of them cannot be read.
    """
    was, now = (engine.generations.manifest(name) for name in (before, after))
    files, files_now = (_files(engine, name) for name in (before, after))
    both = files.keys() & files_now.keys()
    return Difference(
        was,
        now,
        new=tuple(sorted(files_now.keys() - both)),
        gone=tuple(sorted(files.keys() - both)),
        changed=tuple(sorted(doc_id for doc_id in both if files[doc_id] != files_now[doc_id])),
        counts=_moved(was.counts, now.counts),
        built_by={
            name: (str(getattr(was, name)), str(getattr(now, name)))
            for name in BUILT_BY
            if getattr(was, name) != getattr(now, name)
        },
    )


def _files(engine: DurableEngine, name: str) -> dict[str, set[tuple[str, str]]]:
    """Path and digest of the files of each document; several where pages are one hospital."""
    stored = engine.attachment(STATE, name)
    try:
        pages = loads(stored) if stored else KnownPages()
    except (ValueError, TypeError, KeyError) as error:
        raise IndexDamaged(name, "its list of pages cannot be read") from error
    found: dict[str, set[tuple[str, str]]] = {}
    for row, doc_id in enumerate(pages.doc_ids):
        found.setdefault(doc_id, set()).add((pages.paths[row], pages.digest(row)))
    return found


def _moved(
    before: Mapping[str, Mapping[str, int]], after: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, tuple[int, int]]]:
    """Facets and values whose number of documents differs."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for facet in dict.fromkeys((*before, *after)):
        was, now = before.get(facet, {}), after.get(facet, {})
        pairs = {value: (was.get(value, 0), now.get(value, 0)) for value in sorted({*was, *now})}
        if moved := {value: pair for value, pair in pairs.items() if pair[0] != pair[1]}:
            found[facet] = moved
    return found
