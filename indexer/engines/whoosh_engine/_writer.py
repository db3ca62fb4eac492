"""Write a new generation: the durable Whoosh index and the columns beside it, from nothing or from the current one."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer import __version__
from indexer.analysis import FIELDS, digest
from indexer.engines.whoosh_engine._chunks import Chunk, ChunkWriter
from indexer.engines.whoosh_engine._columns import CORE, FREQUENCIES, LIVE, read_values, write_impacts
from indexer.engines.whoosh_engine._durable import DurableIndex, listed_documents
from indexer.engines.whoosh_engine._join import join
from indexer.engines.whoosh_engine._pack import Pack, StringTable, load_loose, save_loose
from indexer.errors import BuildRefused
from indexer.generation import ATTACHED, Generations
from indexer.manifest import Manifest
from indexer.model import FACETS, Document
from indexer.ranking import Ranking

if TYPE_CHECKING:
    from indexer.engines import Check
    from indexer.engines.whoosh_engine._search import ColumnSearcher

MAX_SEGMENTS = 8  # after an update with more, the small ones are joined
MAX_SEGMENT_TOKENS = 30_000_000  # of the chunks joined into one segment; about 600 MB while its postings are sorted
JUST_NS = 3600 * 10**9  # what was found whole then need not be read again to be joined
WHOOSH, COLUMNS = "whoosh", "columns"


class GenerationWriter:
    """Collects documents for one new generation; ``finish`` publishes it, ``abandon`` leaves no trace."""

    def __init__(self, generations: Generations, ranking: Ranking, base: Manifest | None) -> None:
        self._generations = generations
        self._ranking = ranking
        self._base = base
        self._checks: list[Check] = []
        self.name, self.folder = generations.begin()
        try:
            self._start(base)
        except BaseException:
            self.abandon()
            raise

    def _start(self, base: Manifest | None) -> None:
        self._segments: list[str] = []
        self._old: dict[str, StringTable] = {}  # ids of what was written before: segments of the base, chunks
        self._dead: dict[str, set[int]] = {}
        self._ids: set[str] = set()  # put since the last drain
        self._made: list[Chunk] = []
        self._described: dict[str, str] = {}
        (self.folder / COLUMNS).mkdir()
        (self.folder / ATTACHED).mkdir()
        if base is not None:
            old = self._generations.path(base.generation)
            with self._generations.linking():
                _link_tree(old / WHOOSH, self.folder / WHOOSH, skip=("MAIN_WRITELOCK",))
                _link_tree(old / ATTACHED, self.folder / ATTACHED)
                for name in base.segments:
                    _link_tree(old / COLUMNS / name, self.folder / COLUMNS / name)
            for name in base.segments:
                self._old[name] = Pack(self.folder / COLUMNS / name / CORE).strings("ids")
                self._dead[name] = set(np.flatnonzero(~load_loose(self.folder / COLUMNS / name / LIVE)).tolist())
                self._segments.append(name)
        self._durable = DurableIndex(self.folder / WHOOSH, fresh=base is None)
        self._chunks = ChunkWriter(self.folder / COLUMNS, self.folder / WHOOSH)

    # -- the Writer protocol -------------------------------------------------------------------------------------------

    def put(self, document: Document, /) -> None:
        """Add a document, or replace the one with its id."""
        self.delete(document.doc_id)
        self._ids.add(document.doc_id)
        self._chunks.put(document)

    def delete(self, doc_id: str, /) -> None:
        """Remove a document; absent is fine."""
        if doc_id in self._ids:
            self._drain()  # it must be written before it can be marked as deleted
        for name, ids in self._old.items():
            number = ids.find(doc_id)
            if number >= 0 and number not in self._dead.get(name, ()):
                self._dead.setdefault(name, set()).add(number)
                self._durable.delete(doc_id)

    def attach(self, name: str, data: bytes, /) -> None:
        """Keep some bytes with the generation under a name (what the next incremental build needs to know)."""
        target = self.folder / ATTACHED / name
        if target.exists():
            with self._generations.linking():
                target.unlink()  # it may be the same file as in the generation before
        target.write_bytes(data)

    def describe(self, **fields: str) -> None:
        """Set text fields of the manifest: ``corpus``, ``taxonomy``."""
        self._described.update(fields)

    def before_publishing(self, check: Check) -> None:
        """Let a check search the finished generation before it is served."""
        self._checks.append(check)

    # -- finishing -----------------------------------------------------------------------------------------------------

    def _drain(self) -> None:
        for chunk in self._chunks.drain():
            self._made.append(chunk)
            self._durable.add(chunk.durable)
            self._old[chunk.folder.name] = Pack(chunk.folder / CORE).strings("ids")
        self._ids.clear()

    def finish(self) -> Manifest:
        """Write what is left, check it, publish it.

        Raises:
            BuildRefused: If the two halves of the generation do not agree, or a check fails.
        """
        self._drain()
        self._chunks.close()
        for name, numbers in self._dead.items():
            _bury(self.folder / COLUMNS / name, sorted(numbers))
        fresh = [self._join(group) for group in _groups(self._made)]
        thinned = self._join_small(self._base) if self._base is not None else []
        with self._generations.linking():
            self._durable.commit(merge=bool(thinned))
        fresh += thinned
        pivots = self._pivots()
        for name in fresh:
            if name in self._segments:
                write_impacts(self.folder / COLUMNS / name, pivots, self._ranking)
        manifest = self._manifest(pivots)
        stored = listed_documents(self.folder / WHOOSH)
        if stored != manifest.documents:
            raise BuildRefused(f"the Whoosh index holds {stored} documents, its columns {manifest.documents}")
        for check in self._checks:
            check(searcher_in(self.folder, manifest, self._ranking))
        return self._generations.publish(manifest, self.folder, self._base)

    def _join(self, folders: Sequence[Path]) -> str:
        """Make one segment of some folders of columns, which are gone then; returns its name."""
        name = f"s{max([int(each[1:]) for each in self._segments], default=0) + 1:04d}"
        target = self.folder / COLUMNS / name
        if len(folders) == 1:
            folders[0].rename(target)
        else:
            join(folders, target)
            with self._generations.linking():
                for folder in folders:
                    shutil.rmtree(folder)
        self._segments.append(name)
        return name

    def _join_small(self, base: Manifest) -> list[str]:
        """Where there are many segments, make one of all small ones and of what is left of thinned ones.

        Raises:
            IndexDamaged: If a file of the base is not what it was: what is made of it would have a right checksum.
        """
        if len(self._segments) <= MAX_SEGMENTS:
            return []
        lives = {name: load_loose(self.folder / COLUMNS / name / LIVE) for name in self._segments}
        largest = max(int(live.sum()) for live in lives.values())
        small = [name for name, live in lives.items() if live.sum() * 4 <= largest or live.sum() * 2 < len(live)]
        if len(small) < 2:
            return []
        self._generations.check(base.generation, time.time_ns() - JUST_NS)
        joined = self._join([self.folder / COLUMNS / name for name in small])
        for name in small:
            self._segments.remove(name)
        return [joined]

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

    def _manifest(self, pivots: tuple[float, ...]) -> Manifest:
        documents = 0
        counts: dict[str, dict[str, int]] = {facet: {} for facet in FACETS}
        for name in self._segments:
            core = Pack(self.folder / COLUMNS / name / CORE)
            live = load_loose(self.folder / COLUMNS / name / LIVE)
            values = read_values(core)
            documents += int(live.sum())
            owner = np.repeat(np.arange(len(live)), np.diff(core.load("code_ends")))
            found = np.bincount(core.load("codes")[live[owner]].astype(np.int64), minlength=len(values))
            for (facet, value), count in zip(values, found.tolist(), strict=True):
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
        chunks: Any = getattr(self, "_chunks", None)
        if chunks is not None:
            chunks.close()
        durable: Any = getattr(self, "_durable", None)
        if durable is not None:
            _quietly(durable.cancel)
        self._generations.discard(self.folder)


def _groups(chunks: Sequence[Chunk]) -> Iterator[list[Path]]:
    """Folders of chunks that become one segment together, in order."""
    group: list[Path] = []
    tokens = 0
    for chunk in chunks:
        if group and tokens + chunk.tokens > MAX_SEGMENT_TOKENS:
            yield group
            group, tokens = [], 0
        group.append(chunk.folder)
        tokens += chunk.tokens
    if group:
        yield group


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
    if not live[numbers].any():
        return
    core = Pack(folder / CORE)
    tokens, ends = core.load("tokens"), core.load("token_ends")
    for number in numbers:
        if live[number]:
            live[number] = False
            present = set(tokens[int(ends[number]) : int(ends[number + 1])].tolist()) - {-1}
            frequencies[list(present)] -= 1
    for name, array in ((LIVE, live), (FREQUENCIES, frequencies)):
        (folder / name).unlink()
        save_loose(folder / name, array)


def searcher_in(folder: Path, manifest: Manifest, ranking: Ranking) -> ColumnSearcher:
    """A searcher on the generation in a folder, for one thread."""
    from indexer.engines.whoosh_engine._reader import OpenGeneration  # both load the loops of a search
    from indexer.engines.whoosh_engine._search import ColumnSearcher, Scratch

    opened = OpenGeneration(folder, manifest, ranking)
    return ColumnSearcher(opened, Scratch(opened.segments))
