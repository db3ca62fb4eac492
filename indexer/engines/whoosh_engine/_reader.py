"""Open a generation for reading: its manifest is checked, its columns mapped."""

from __future__ import annotations

from pathlib import Path

from indexer import analysis
from indexer.engines.whoosh_engine._lexicon import ColumnLexicon
from indexer.engines.whoosh_engine._segment import Segment
from indexer.engines.whoosh_engine._sparing import LARGE, Sparing, size_of
from indexer.errors import IndexOutdated
from indexer.generation import ATTACHED
from indexer.manifest import FORMAT_VERSION, Manifest
from indexer.moved import MOVED, load_moved
from indexer.ranking import Ranking


class OpenGeneration:
    """One generation, mapped read-only; shared by all threads of a process for as long as anyone holds it."""

    def __init__(self, folder: Path, manifest: Manifest, ranking: Ranking, problems: tuple[str, ...] = ()) -> None:
        if manifest.analyzer != analysis.digest():
            raise IndexOutdated(manifest.format_version, FORMAT_VERSION)
        self.manifest = manifest
        self.problems = problems
        self.ranking = ranking
        self.segments = [Segment(folder / "columns" / name) for name in manifest.segments]
        self.sparing = Sparing(self.segments) if sum(map(size_of, self.segments)) >= LARGE else None
        self.live = sum(segment.live_count for segment in self.segments)
        self.lexicon = ColumnLexicon(self.segments)
        attached = folder / ATTACHED / MOVED  # read now: the folder may be gone while its columns are still mapped
        self.moved = load_moved(attached.read_bytes() if attached.is_file() else None)
        self.stats = manifest.stats(FORMAT_VERSION, "whoosh")
