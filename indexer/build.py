"""Build an index from a corpus: read, parse, cut, classify, write; all of it, or what has changed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from indexer.analysis import name_key
from indexer.boilerplate import Evidence, cut, fingerprints, title_of_line
from indexer.classify import classify, merge_entities
from indexer.corpus import UNSTAMPED, CorpusFile, Stamp, walk
from indexer.engines import DurableEngine, open_durable
from indexer.errors import BuildRefused, IndexUnusable, PageError
from indexer.model import Document, Page
from indexer.parse import parse_page
from indexer.taxonomy import Taxonomy, load_taxonomy
from indexer.workers import worker_count, worker_pool

STATE = "pages.json"  # attached to each generation: what the next incremental build needs to know
STATE_VERSION = 2  # raise it when parsing, cutting or classifying changes: everything is then read again
PARALLEL_FROM = 400  # pages; starting processes costs about as much as parsing these in one
MIN_KEPT = 0.5  # of the documents before; a build that would lose more is refused unless forced
MIN_KEPT_FROM = 20  # documents before; smaller sites may change as they like

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did.

    ``rejected`` are sentences that name a file; ``warnings`` are (file, sentence); ``notes`` tell of merged documents.
    ``published`` is False when nothing had changed and the current generation stays.
    """

    generation: str
    documents: int
    counts: dict[str, dict[str, int]]
    seconds: float
    published: bool = True
    incremental: bool = False
    parsed: int = 0
    removed: int = 0
    rejected: tuple[str, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Known:
    """What is remembered of one page between builds."""

    digest: str
    stamp: Stamp
    fingerprints: Sequence[int]
    doc_id: str
    title: str = ""
    groups: Sequence[int] = ()
    warnings: Sequence[str] = ()


@dataclass(slots=True)
class _Work:
    """One build on its way."""

    files: dict[str, CorpusFile] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    known: dict[str, _Known] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)


def build(
    corpus: Path | str,
    index: Path | str | DurableEngine,
    *,
    full: bool = False,
    force: bool = False,
    taxonomy: Taxonomy | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Bring an index up to date with a corpus and publish it as a new generation.

    Incremental where the current generation allows it: only pages that changed are parsed, and pages whose boilerplate
    or whose merged partners changed with them. ``progress`` is called with a stage, pages done and pages in all.

    Raises:
        CorpusError: If the corpus cannot be read.
        IndexLocked: If another build is running.
        BuildRefused: If there would be no document left, or less than half of those before, and ``force`` is not set.
        TaxonomyError: If a vocabulary file is wrong.
    """
    started, moment = time.perf_counter(), time.time_ns()
    tell = progress or (lambda stage, done, total: None)
    engine = open_durable(index) if isinstance(index, Path | str) else index
    vocabulary = taxonomy or load_taxonomy()
    before, documents_before = ({}, 0) if full else _known(engine, vocabulary)
    work = _look(corpus, before, tell)
    changed = [path for path, file in work.files.items() if path not in before or before[path].digest != file.digest]
    gone = [path for path in before if path not in work.files]
    if before and not changed and not gone:
        return _nothing_changed(engine, work, before, time.perf_counter() - started)
    work.known = {path: known for path, known in before.items() if path in work.files}
    _parse(work, changed, tell)
    evidence, moved = _evidence(before, work.known, (*changed, *gone))
    again = _affected(before, work, (*changed, *gone), moved)
    _parse(work, again, tell)
    documents, notes = _documents(work, evidence, vocabulary, tell)
    stale = {before[path].doc_id for path in (*changed, *again, *gone) if path in before}
    corpus_digest = _digest(f"{path} {file.digest}" for path, file in sorted(work.files.items()))
    with engine.update() if before else engine.rebuild() as writer:
        for doc_id in sorted(stale - {document.doc_id for document in documents}):
            writer.delete(doc_id)
        for number, document in enumerate(documents):
            writer.put(document)
            tell("Indexing", number + 1, len(documents))
        writer.describe(corpus=corpus_digest, taxonomy=vocabulary.digest)
        writer.attach(STATE, _state(work, vocabulary, moment))
        left = len({known.doc_id for known in work.known.values()})
        if not force:
            _refuse_losses(left, documents_before or _count_before(engine))
    manifest = engine.generations.manifest(engine.generations.current())
    return BuildReport(
        manifest.generation,
        manifest.documents,
        manifest.counts,
        time.perf_counter() - started,
        incremental=bool(before),
        parsed=len(work.pages),
        removed=len(gone),
        rejected=tuple(text for _, text in sorted(work.rejected.items())),
        warnings=tuple((path, warning) for path, known in sorted(work.known.items()) for warning in known.warnings),
        notes=notes,
    )


def _look(corpus: Path | str, before: dict[str, _Known], tell: Progress) -> _Work:
    """The files of a corpus, of which only those are read that may have changed since ``before``."""
    work = _Work()
    seen = {path: (known.stamp, known.digest) for path, known in before.items() if known.stamp != UNSTAMPED}
    for number, found in enumerate(walk(corpus, seen)):
        if isinstance(found, PageError):
            work.rejected[found.path] = str(found)
        else:
            work.files[found.path] = found
        tell("Reading", number + 1, 0)
    return work


def _nothing_changed(engine: DurableEngine, work: _Work, before: dict[str, _Known], seconds: float) -> BuildReport:
    manifest = engine.base()
    return BuildReport(
        manifest.generation,
        manifest.documents,
        manifest.counts,
        seconds,
        published=False,
        incremental=True,
        rejected=tuple(work.rejected.values()),
        warnings=tuple((path, warning) for path, known in before.items() for warning in known.warnings),
    )


def _refuse_losses(left: int, before: int) -> None:
    if not left:
        raise BuildRefused("the corpus has no page that can be indexed")
    if before >= MIN_KEPT_FROM and left < before * MIN_KEPT:
        raise BuildRefused(
            f"it would hold {left} documents where there were {before}. If that is right, build again with --force"
        )


def _count_before(engine: DurableEngine) -> int:
    try:
        return engine.generations.manifest(engine.generations.current()).documents
    except IndexUnusable:
        return 0


# ---------------------------------------------------------------------------------------------------------------------
# Reading pages


def _parse(work: _Work, paths: Sequence[str], tell: Progress) -> None:
    """Parse some files into ``work.pages`` and remember their fingerprints; a bad one is reported and left out."""
    todo = [work.files[path] for path in paths if path not in work.pages]
    for number, (file, parsed) in enumerate(_parsed(todo)):
        tell("Parsing", number + 1, len(todo))
        if isinstance(parsed, Page):
            work.pages[file.path] = parsed
            work.known[file.path] = _Known(
                file.digest, UNSTAMPED, fingerprints(parsed), parsed.doc_id, title_of_line(parsed.title)
            )
        else:
            work.rejected[file.path] = str(parsed)
            work.known.pop(file.path, None)
            work.files.pop(file.path, None)


def _parsed(files: Sequence[CorpusFile]) -> Iterator[tuple[CorpusFile, Page | PageError]]:
    if len(files) < PARALLEL_FROM or worker_count() == 1:
        for file in files:
            yield file, _parse_one(file)
        return
    with worker_pool() as pool:
        yield from zip(files, pool.map(_parse_one, files, chunksize=32), strict=True)


def _parse_one(file: CorpusFile) -> Page | PageError:
    try:
        return parse_page(file, file.read())
    except PageError as error:
        return error


def _evidence(
    before: dict[str, _Known], known: dict[str, _Known], changed: Sequence[str]
) -> tuple[Evidence, frozenset[int]]:
    """What recurs on the pages there are now, and what has begun or ceased to recur since ``before``."""
    evidence = Evidence()
    for each in (before or known).values():
        evidence.add(each.fingerprints)
    if not before:
        return evidence, frozenset()
    recurring = evidence.recurring()
    for path in changed:
        if path in before:
            evidence.remove(before[path].fingerprints)
        if path in known:
            evidence.add(known[path].fingerprints)
    return evidence, recurring ^ evidence.recurring()


def _affected(before: dict[str, _Known], work: _Work, changed: Sequence[str], moved: frozenset[int]) -> list[str]:
    """Unchanged pages that must be done again: their boilerplate or their merged partners are not what they were."""
    groups = {group for path in changed if path in before for group in before[path].groups}
    if not before or not (moved or groups):
        return []
    touched = set(changed)
    return [
        path
        for path, known in work.known.items()
        if path not in touched and (not moved.isdisjoint(known.fingerprints) or not groups.isdisjoint(known.groups))
    ]


def _documents(
    work: _Work, evidence: Evidence, taxonomy: Taxonomy, tell: Progress
) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    made: list[Document] = []
    owners: dict[str, str] = {}
    titles = frozenset(known.title for known in work.known.values() if known.title)
    for number, (path, page) in enumerate(sorted(work.pages.items())):
        document = classify(cut(page, evidence, titles), taxonomy)
        known = work.known[path]
        known.warnings = document.warnings
        known.groups = _groups(document, taxonomy)
        known.doc_id = document.doc_id
        owners[path] = document.doc_id
        made.append(document)
        tell("Classifying", number + 1, len(work.pages))
    merged, notes = merge_entities(made, taxonomy)
    kept = {document.doc_id for document in merged}
    for path, doc_id in owners.items():
        if doc_id not in kept:
            groups = set(work.known[path].groups)
            into = next((d.doc_id for d in merged if groups & set(_groups(d, taxonomy))), doc_id)
            work.known[path].doc_id = into
    return tuple(merged), tuple(notes)


def _groups(document: Document, taxonomy: Taxonomy) -> tuple[int, ...]:
    """Numbers of the curated entities that name a document."""
    names = {name_key(document.title), *map(name_key, document.aliases)}
    return tuple(
        number
        for number, entity in enumerate(taxonomy.same)
        if document.doc_id in entity.names or not names.isdisjoint(map(name_key, entity.names))
    )


# ---------------------------------------------------------------------------------------------------------------------
# What the next build needs to know


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()[:16]


def _state(work: _Work, taxonomy: Taxonomy, moment_ns: int) -> bytes:
    """The pages as this build found them; ``moment_ns`` is when it began to look."""
    pages = {
        path: [
            known.digest, work.files[path].settled(moment_ns), known.fingerprints, known.doc_id, known.title,
            known.groups, known.warnings,
        ]
        for path, known in sorted(work.known.items())
    }  # fmt: skip
    return orjson.dumps({"version": STATE_VERSION, "taxonomy": taxonomy.digest, "pages": pages})


def _known(engine: DurableEngine, taxonomy: Taxonomy) -> tuple[dict[str, _Known], int]:
    """Pages of the current generation and how many documents it has; nothing where an update cannot start from it."""
    try:
        manifest = engine.base()
        stored = engine.attachment(STATE)
    except IndexUnusable:
        return {}, 0
    try:
        state: dict[str, Any] = orjson.loads(stored or b"{}")
        if state.get("version") != STATE_VERSION or state.get("taxonomy") != taxonomy.digest:
            return {}, 0
        pages = {
            path: _Known(digest, tuple(stamp), prints, doc_id, title, groups, warnings)
            for path, (digest, stamp, prints, doc_id, title, groups, warnings) in state["pages"].items()
        }
    except (ValueError, TypeError, KeyError):
        return {}, 0
    return pages, manifest.documents
