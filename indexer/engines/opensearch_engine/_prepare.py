"""Analyse documents on their way to the cluster: a small build does it itself, a large one in several processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

import orjson

from indexer.engines.opensearch_engine._schema import field_lengths, prepare
from indexer.model import Document
from indexer.token_stream import analyze, document_names
from indexer.workers import worker_count, worker_pool

CHUNK_DOCUMENTS = 500
CHUNK_CHARACTERS = 1_000_000  # of text, after which a chunk has fewer documents; bounds the memory of those under way


@dataclass(frozen=True, slots=True)
class Record:
    """An analysed document as the spool keeps it: tokens in each field, JSON of its head and names, its two blobs."""

    lengths: list[int]
    head: bytes
    hit: bytes
    document: bytes


def prepare_all(documents: Sequence[Document]) -> list[Record]:
    """Analyse some documents."""
    return list(map(_record, documents))


def _record(document: Document) -> Record:
    analyzed = analyze(document)
    prepared = prepare(document, analyzed)
    head = orjson.dumps([prepared.head, document_names(document)])
    return Record(field_lengths(analyzed), head, prepared.hit, prepared.document)


class Preparer:
    """Takes documents and hands their records to ``keep``, in the same order and at the latest at ``drain``."""

    def __init__(self, keep: Callable[[Record], None]) -> None:
        self._keep = keep
        self._pending: list[Document] = []
        self._characters = 0
        self._pool: ProcessPoolExecutor | None = None
        self._under_way: deque[Future[list[Record]]] = deque()

    def put(self, document: Document) -> None:
        """Take one document."""
        self._pending.append(document)
        self._characters += sum(len(section.text) for section in document.sections)
        if len(self._pending) >= CHUNK_DOCUMENTS or self._characters >= CHUNK_CHARACTERS:
            if self._pool is None:
                self._pool = worker_pool()
            self._under_way.append(self._pool.submit(prepare_all, self._pending))
            self._pending, self._characters = [], 0
            if len(self._under_way) > 2 * worker_count():
                self._take()

    def drain(self) -> None:
        """Hand over everything that is left."""
        while self._under_way:
            self._take()
        for record in prepare_all(self._pending):
            self._keep(record)
        self._pending, self._characters = [], 0

    def close(self) -> None:
        """End the other processes, whether their work is done or not."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _take(self) -> None:
        for record in self._under_way.popleft().result():
            self._keep(record)
