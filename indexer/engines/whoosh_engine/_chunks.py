"""Analyse documents and write them down in chunks: each chunk a segment of the columns and one of Whoosh.

A small build has one chunk and does it itself. From the second chunk on, other processes do the work while this one
goes on taking documents; a few chunks are under way at a time, so memory does not grow with the corpus.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.engines.whoosh_engine._columns import CORE
from indexer.engines.whoosh_engine._durable import write_segment
from indexer.engines.whoosh_engine._pack import Pack
from indexer.engines.whoosh_engine._segment_writer import SegmentWriter
from indexer.model import Document
from indexer.token_stream import analyze

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

CHUNK_CHARACTERS = 4_000_000  # of text in one chunk; about 700,000 tokens, and 100 MB while it is written
CHUNK_DOCUMENTS = 20_000  # in one chunk, however short they are


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk that has been written: its folder of columns, its Whoosh segment, how many tokens it has."""

    folder: Path
    durable: Any
    tokens: int


class ChunkWriter:
    """Takes documents and writes chunks below one folder of columns and one of Whoosh."""

    def __init__(self, columns: Path, whoosh: Path) -> None:
        self._columns, self._whoosh = columns, whoosh
        self._pending: list[Document] = []
        self._characters = 0
        self._count = 0
        self._pool: ProcessPoolExecutor | None = None
        self._under_way: deque[Future[Chunk]] = deque()

    def put(self, document: Document) -> None:
        """Take one document; ids must not repeat before the next ``drain``."""
        if self._characters >= CHUNK_CHARACTERS or len(self._pending) >= CHUNK_DOCUMENTS:
            self._hand_over()
        self._pending.append(document)
        self._characters += sum(len(section.text) for section in document.sections) + len(document.title)

    def drain(self) -> list[Chunk]:
        """Write what is left, and wait until all is written; returns the chunks in the order of their documents."""
        made: list[Chunk] = []
        if self._pending and self._pool is None:
            made.append(write_chunk(self._pending, self._next_folder(), self._whoosh))
        elif self._pending:
            self._submit()
        self._pending, self._characters = [], 0
        made = [future.result() for future in self._under_way] + made
        self._under_way.clear()
        return made

    def close(self) -> None:
        """End the other processes, whether their work is done or not."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _hand_over(self) -> None:
        from indexer.workers import worker_count, worker_pool  # most builds are small and need no other process

        if self._pool is None:
            self._pool = worker_pool()
        self._submit()
        self._pending, self._characters = [], 0
        waiting = [future for future in self._under_way if not future.done()]
        if len(waiting) > worker_count():
            waiting[0].result()

    def _submit(self) -> None:
        assert self._pool is not None
        self._under_way.append(self._pool.submit(write_chunk, self._pending, self._next_folder(), self._whoosh))

    def _next_folder(self) -> Path:
        self._count += 1
        return self._columns / f"chunk-{self._count:05d}"


def write_chunk(documents: Sequence[Document], folder: Path, whoosh: Path) -> Chunk:
    """Analyse some documents and write them as a segment of the columns and one of Whoosh."""
    writer = SegmentWriter()
    for document in documents:
        writer.add(document, analyze(document))
    writer.write(folder)
    core = Pack(folder / CORE)
    return Chunk(folder, write_segment(whoosh, core), len(core.load("tokens")))
