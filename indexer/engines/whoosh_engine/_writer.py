"""Write a new generation: the durable Whoosh index and the columns beside it, from nothing or from the current one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from indexer import __version__
from indexer.analysis import FIELDS, AnalyzedDocument, analyze, digest
from indexer.engines.whoosh_engine._durable import DurableWriter, count_documents
from indexer.engines.whoosh_engine._pack import Pack, load_loose, save_loose
from indexer.engines.whoosh_engine._segment import Segment
from indexer.engines.whoosh_engine._segment_writer import CORE, FREQUENCIES, LIVE, SegmentWriter, write_impacts
from indexer.errors import BuildRefused
from indexer.generation import Generations, Manifest
from indexer.model import FACETS, Document
from indexer.ranking import Ranking

MAX_SEGMENTS = 8  # after an update with more, the small ones are joined
WHOOSH, COLUMNS, ATTACHED = "whoosh", "columns", "attached"


class GenerationWriter:
    """Collects documents for one new generation; ``finish`` publishes it, ``abandon`` leaves no trace."""

    def __init__(self, generations: Generations, ranking: Ranking, base: Manifest | None) -> None:
        self._generations = generations
        self._ranking = ranking
        self._base = base
        self.name, self.folder = generations.begin()
        try:
            self._start(base)
        except BaseException:
            self.abandon()
            raise

    def _start(self, base: Manifest | None) -> None:
        self._segment = SegmentWriter()
        self._segments: list[str] = []
        self._old: list[Segment] = []
        self._dead: dict[str, set[int]] = {}
        self._ids: set[str] = set()
        self._described: dict[str, str] = {}
        (self.folder / COLUMNS).mkdir()
        (self.folder / ATTACHED).mkdir()
        if base is not None:
            old = self._generations.path(base.generation)
            _link_tree(old / WHOOSH, self.folder / WHOOSH, skip=("MAIN_WRITELOCK",))
            _link_tree(old / ATTACHED, self.folder / ATTACHED)
            for name in base.segments:
                _link_tree(old / COLUMNS / name, self.folder / COLUMNS / name)
                self._old.append(Segment(self.folder / COLUMNS / name))
                self._segments.append(name)
        self._durable = DurableWriter(self.folder / WHOOSH, fresh=base is None)

    # -- the Writer protocol -------------------------------------------------------------------------------------------

    def put(self, document: Document, /) -> None:
        """Add a document, or replace the one with its id."""
        self.put_analyzed(document, analyze(document))

    def put_analyzed(self, document: Document, analyzed: AnalyzedDocument) -> None:
        """The same with the analysis already done, perhaps in another process."""
        if document.doc_id in self._ids:
            self._flush()
        self.delete(document.doc_id)
        self._ids.add(document.doc_id)
        self._segment.add(document, analyzed)
        self._durable.put(document, analyzed)
        if self._segment.full:
            self._flush()

    def delete(self, doc_id: str, /) -> None:
        """Remove a document; absent is fine."""
        if doc_id in self._ids:
            self._flush()
            self._ids.discard(doc_id)
        for segment in self._old:
            number = segment.find(doc_id)
            if number >= 0 and number not in self._dead.get(segment.folder.name, ()):
                self._dead.setdefault(segment.folder.name, set()).add(number)
                self._durable.delete(doc_id)

    def attach(self, name: str, data: bytes, /) -> None:
        """Keep some bytes with the generation under a name (what the next incremental build needs to know)."""
        target = self.folder / ATTACHED / name
        target.unlink(missing_ok=True)  # it may be the same file as in the generation before
        target.write_bytes(data)

    def describe(self, **fields: str) -> None:
        """Set text fields of the manifest: ``corpus``, ``taxonomy``."""
        self._described.update(fields)

    # -- finishing -----------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        if not len(self._segment):
            return
        name = f"s{max([int(each[1:]) for each in self._segments], default=0) + 1:04d}"
        self._segment.write(self.folder / COLUMNS / name)
        self._segments.append(name)
        self._segment = SegmentWriter()
        # A document that is put again may stand in this new segment, so it must be found there too.
        write_impacts(self.folder / COLUMNS / name, self._pivots(), self._ranking)
        self._old.append(Segment(self.folder / COLUMNS / name))
        self._ids.clear()

    def _pivots(self) -> tuple[float, ...]:
        """Average length of each field: that of the last full build, or of all live documents so far."""
        if self._base is not None:
            return self._base.pivots
        total = np.zeros(len(FIELDS), np.float64)
        count = 0
        for name in self._segments:
            live = load_loose(self.folder / COLUMNS / name / LIVE)
            total += Pack(self.folder / COLUMNS / name / CORE).load("lengths")[live].sum(axis=0)
            count += int(live.sum())
        return tuple((total / count).tolist()) if count else (1.0,) * len(FIELDS)

    def finish(self) -> Manifest:
        """Write what is left, check it, publish it.

        Raises:
            BuildRefused: If the two halves of the generation do not agree.
        """
        new = len(self._segments)
        self._flush()
        for name, numbers in self._dead.items():
            _bury(self.folder / COLUMNS / name, sorted(numbers))
        if self._base is not None and len(self._segments) > MAX_SEGMENTS:
            self._join_small()
        self._durable.commit(merge=self._base is not None and len(self._segments) < new)
        pivots = self._pivots()
        if self._base is None:
            for name in self._segments:
                write_impacts(self.folder / COLUMNS / name, pivots, self._ranking)
        manifest = self._manifest(pivots)
        stored = count_documents(self.folder / WHOOSH)
        if stored != manifest.documents:
            raise BuildRefused(f"the Whoosh index holds {stored} documents, its columns {manifest.documents}")
        return self._generations.publish(manifest, self.folder)

    def _join_small(self) -> None:
        """Put the documents of all small segments, and what is left of thinned ones, into one new segment."""
        opened = [Segment(self.folder / COLUMNS / name) for name in self._segments]
        largest = max(segment.live_count for segment in opened)
        small = [
            segment for segment in opened if segment.live_count * 4 <= largest or segment.live_count * 2 < segment.size
        ]
        for segment in small:
            for number in np.flatnonzero(segment.live).tolist():
                document = segment.document(number)
                self._segment.add(document, analyze(document))
        joined = [segment.folder.name for segment in small]
        self._flush()
        for name in joined:
            self._segments.remove(name)
            shutil.rmtree(self.folder / COLUMNS / name)

    def _manifest(self, pivots: tuple[float, ...]) -> Manifest:
        documents = 0
        counts: dict[str, dict[str, int]] = {facet: {} for facet in FACETS}
        for name in self._segments:
            segment = Segment(self.folder / COLUMNS / name)
            documents += segment.live_count
            owner = np.repeat(np.arange(segment.size), np.diff(segment.code_ends))
            found = np.bincount(segment.codes[segment.live[owner]].astype(np.int64), minlength=len(segment.values))
            for (facet, value), count in zip(segment.values, found.tolist(), strict=True):
                if count:
                    counts[facet][value] = counts[facet].get(value, 0) + count
        ordered = {
            facet: dict(sorted(values.items(), key=lambda pair: (-pair[1], pair[0])))
            for facet, values in counts.items()
        }
        return Manifest(
            generation=self.name,
            built_at=datetime.now(UTC).isoformat(timespec="seconds"),
            version=__version__,
            analyzer=digest(),
            taxonomy=self._described.get("taxonomy", self._base.taxonomy if self._base else ""),
            corpus=self._described.get("corpus", self._base.corpus if self._base else ""),
            documents=documents,
            counts=ordered,
            segments=tuple(self._segments),
            pivots=pivots,
            ranking=self._ranking.index_part(),
            incremental=self._base is not None,
        )

    def abandon(self) -> None:
        """Remove everything that was written."""
        durable: Any = getattr(self, "_durable", None)
        if durable is not None:
            _quietly(durable.cancel)
        self._generations.discard(self.folder)


def _quietly(action: Callable[[], None]) -> None:
    """Run a clean-up of something that is about to be deleted anyway."""
    try:
        action()
    except (OSError, AttributeError, ValueError):  # files already gone, or the writer already closed
        return


def _link_tree(source: Path, target: Path, skip: tuple[str, ...] = ()) -> None:
    """Same files in another folder: hard links for what never changes, copies for what a deletion changes."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.name in skip or not path.is_file():
            continue
        if path.name in (LIVE, FREQUENCIES):
            shutil.copyfile(path, target / path.name)
            continue
        try:
            os.link(path, target / path.name)
        except OSError:  # a file system without hard links
            shutil.copyfile(path, target / path.name)


def _bury(folder: Path, numbers: list[int]) -> None:
    """Mark documents of a segment as deleted and take them out of its document counts."""
    live, frequencies = load_loose(folder / LIVE), load_loose(folder / FREQUENCIES)
    core = Pack(folder / CORE)
    tokens, ends = core.load("tokens"), core.load("token_ends")
    for number in numbers:
        if live[number]:
            live[number] = False
            present = np.unique(tokens[int(ends[number]) : int(ends[number + 1])])
            frequencies[present[present >= 0]] -= 1
    for name, array in ((LIVE, live), (FREQUENCIES, frequencies)):
        (folder / name).unlink()
        save_loose(folder / name, array)


def read_attachment(folder: Path, name: str) -> bytes | None:
    """Bytes that were attached to a generation, or None."""
    path = folder / ATTACHED / name
    return path.read_bytes() if path.is_file() else None


def dump_json(value: object) -> bytes:
    """JSON bytes of plain data."""
    return orjson.dumps(value)
