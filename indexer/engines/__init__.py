"""The seam between what is asked and what answers: three protocols and one way to open an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Protocol, TypeVar

from indexer.errors import QueryError
from indexer.manifest import Manifest
from indexer.model import Document, IndexStats, Query, Results

T = TypeVar("T")
Check = Callable[["Searcher"], None]
"""Looks at a generation that is not served yet; raises ``BuildRefused`` if it must not be."""


class Lexicon(Protocol):
    """The words and names that the index knows; all words are folded terms (``indexer.analysis``)."""

    def frequency(self, term: str) -> int:
        """Live documents with the term or another form of its stem, as an upper bound; 0 if there is none."""

    def exact_frequency(self, term: str) -> int:
        """Live documents with this very form, as an upper bound."""

    def joined(self, word: str) -> tuple[tuple[str, ...], ...]:
        """Term sequences that the corpus writes as one compound with these letters ("cart": car, t)."""

    def named(self, key: str) -> tuple[str, ...]:
        """Ids of the documents that have exactly this name (``analysis.name_key`` of a title or alias)."""

    def starting(self, prefix: str, limit: int) -> tuple[tuple[str, int], ...]:
        """The most frequent words that start with ``prefix``, with their document counts."""

    def similar(self, word: str, limit: int, distance: int = 2) -> tuple[tuple[str, int, int], ...]:
        """Words within an edit distance (Damerau: a swap is one): word, distance, document count; nearest first."""

    def names_starting(self, prefix: str, limit: int) -> tuple[tuple[str, str], ...]:
        """Name keys that start with ``prefix`` with the id of their document, in order of the key."""

    def leading_to_names(self, beginnings: tuple[str, ...], following: str) -> tuple[str, ...]:
        """Of some beginnings those that a name has before ``following``; more of them where telling would cost more."""

    def alike(self, words: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
        """Ids of the articles most like some words in meaning, best first, with how far each stands out from all.

        In standard deviations (``engines.likeness``); none where pages are too few or too many, or words far away.
        """

    def batched(self, work: Callable[[Lexicon], T], /) -> T:
        """The result of ``work``, which is given a lexicon, in few round trips where the words are far away.

        The work may be done several times, at first with answers of nothing; it must have no effect but its result.
        """


class Searcher(Protocol):
    """A view of one moment of an index; use it in one thread, inside its ``with`` block."""

    @property
    def lexicon(self) -> Lexicon:
        """Its words and names."""

    def search(self, query: Query, /) -> Results:
        """Hits, exact counts and snippets for a query.

        Raises:
            QueryError: If offset and limit reach past ``MAX_WINDOW``, or the tree has too many leaves.
            UnknownFacet: If a filter, boost or leaf names a facet that does not exist.
        """

    def get(self, doc_id: str, /) -> Document | None:
        """One whole document, or None."""

    def moved(self, doc_id: str, /) -> str | None:
        """Id of the document that the page of an address is part of, where that is another one; else None."""

    def documents(self) -> Iterator[Document]:
        """All live documents, by id."""

    def stats(self) -> IndexStats:
        """What it holds; cheap enough for every request."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What an operator should know is wrong although it answers, as sentences."""

    def state(self) -> str:
        """``green``, ``yellow`` (it answers, but something is wrong) or ``red`` (parts are missing).

        Raises:
            EngineUnavailable: If it does not answer.
        """


class Writer(Protocol):
    """Changes to an index, which take effect together when its ``with`` block ends without an error."""

    def put(self, document: Document, /) -> None:
        """Add a document, or replace the one with its id."""

    def delete(self, doc_id: str, /) -> None:
        """Remove a document; absent is fine."""


class Engine(Protocol):
    """An index that can be searched and changed."""

    def searcher(self) -> AbstractContextManager[Searcher]:
        """A searcher on the newest generation.

        Raises:
            IndexMissing, IndexOutdated, IndexDamaged, EngineUnavailable: If there is nothing to search.
        """

    def rebuild(self) -> AbstractContextManager[Writer]:
        """Write a new generation from nothing; it goes live on a clean exit.

        Raises:
            IndexLocked: If another build is running.
        """

    def update(self) -> AbstractContextManager[Writer]:
        """Write a new generation that starts as a copy of the current one; live on a clean exit."""

    def watch(self) -> None:
        """Look from now on whether what is served is still whole, where the engine's files are in its own care."""


class BuildWriter(Writer, Protocol):
    """What a build of a corpus needs beyond documents."""

    def attach(self, name: str, data: bytes, /) -> None:
        """Keep some bytes with the generation under a name."""

    def describe(self, **fields: str) -> None:
        """Set text fields of the manifest: ``corpus``, ``taxonomy``."""

    def before_publishing(self, check: Check) -> None:
        """Let a check search the finished generation before it is served."""


class GenerationStore(Protocol):
    """The generations of one index, wherever they are kept: which there are, which is served, going back."""

    def names(self) -> tuple[str, ...]:
        """All complete generations, oldest first."""

    def current(self) -> str:
        """Name of the generation that is served; raises ``IndexMissing`` if there is none."""

    def manifest(self, name: str) -> Manifest:
        """Manifest of one generation; raises ``GenerationMissing``, ``IndexDamaged`` or ``IndexOutdated``."""

    def size(self, name: str) -> int:
        """Bytes that one generation takes, copies of it not counted; raises as ``manifest`` does."""

    def lock(self) -> AbstractContextManager[object]:
        """Hold the right to change them; raises ``IndexLocked``."""

    def scratch(self) -> IO[bytes]:
        """A file for what a build needs only while it runs; it is gone when it is closed, and when the process ends."""

    def note(self, name: str) -> bytes:
        """What a build has noted since a generation was published, empty for nothing; it may have been lost."""

    def take_note(self, name: str, data: bytes) -> None:
        """Note something of a generation, in place of what was noted before, where there is room for that."""

    def rollback(self, name: str | None = None) -> Manifest:
        """Serve an earlier generation again: the one named, or the newest whole one before the current."""

    def prune(self, keep: int | None = None) -> tuple[str, ...]:
        """Remove all but the newest ``keep`` generations, never the current one; returns the names removed."""


class DurableEngine(Engine, Protocol):
    """An engine that keeps generations."""

    @property
    def generations(self) -> GenerationStore:
        """What it keeps."""

    def base(self) -> Manifest:
        """Manifest of the current generation, if an update can start from it; raises ``IndexUnusable``."""

    def attachment(self, name: str, generation: str | None = None) -> bytes | None:
        """Bytes attached to a generation, the current one where none is named, or None."""

    def verify(self, generation: str) -> tuple[str, ...]:
        """What is wrong with a generation, as sentences; nothing when it is whole."""

    def searcher_of(self, generation: str) -> Searcher:
        """A searcher on one generation, whether it is served or not, for one thread; raises as ``manifest`` does."""

    def rebuild(self) -> AbstractContextManager[BuildWriter]:
        """As of every engine, with a writer that also takes attachments."""

    def update(self, base: Manifest | None = None) -> AbstractContextManager[BuildWriter]:
        """As of every engine, with a writer that also takes attachments.

        ``base`` is what ``base()`` gave a moment ago: it is not checked again.

        Raises:
            IndexLocked: If another build is running, or has published since ``base`` was checked.
        """


def open_engine(address: str, *, whole: bool = False) -> Engine:
    """The engine at an address.

    With ``whole``, every file is read whenever a generation is opened; else those that nobody has touched since they
    were last found whole are believed. Who serves for long and does not ``watch`` should want it.

    ``whoosh:FOLDER`` (or a plain path), ``opensearch://HOST:PORT,…/NAME`` (``opensearch+https://`` for TLS), or
    ``memory:`` for a small one in this process.

    Raises:
        QueryError: If the address names no known engine, or its library is not installed.
    """
    if address.partition(":")[0] == "memory":
        from indexer.engines.memory import MemoryEngine

        return MemoryEngine()
    return open_durable(address, whole=whole)


def open_durable(address: str | Path, *, whole: bool = False) -> DurableEngine:
    """The engine at an address, if it is one that keeps generations; ``whole`` is as above.

    Raises:
        QueryError: If it is not.
    """
    scheme, colon, rest = str(address).partition(":")
    if not colon or "/" in scheme:
        scheme, rest = "whoosh", str(address)
    if scheme == "whoosh":
        from indexer.engines.whoosh_engine import WhooshEngine

        return WhooshEngine(rest, whole=whole)
    if scheme in ("opensearch", "opensearch+https"):
        try:
            from indexer.engines.opensearch_engine import OpenSearchEngine
        except ModuleNotFoundError as error:
            raise QueryError(
                f"{error.name} is missing. Install the client: pip install 'medsearch[opensearch]'"
            ) from error
        return OpenSearchEngine(str(address))
    raise QueryError(f"No engine at {address!s}. Known: a folder, whoosh:FOLDER, opensearch://HOST:9200/NAME.")
