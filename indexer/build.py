"""Build an index from a corpus: read, parse, cut, classify, write; all of it, or what has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indexer.boilerplate import Evidence, cut
from indexer.classify import Named, classify, merge_entities
from indexer.copies import copies, known_copies, resolved
from indexer.corpus import CorpusFile, describe, printable
from indexer.counted import counted
from indexer.differences import STATE
from indexer.engines import BuildWriter, Check, DurableEngine, open_durable
from indexer.errors import BuildRefused, IndexInaccessible, IndexLocked, IndexUnusable, PageError
from indexer.known import Array, Flags, KnownPage, KnownPages, about, loads, stamps_array
from indexer.listing import Listed
from indexer.model import Document
from indexer.moved import MOVED, dump_moved
from indexer.parsing import parsed
from indexer.spool import Spool
from indexer.stamps import noted, restamped
from indexer.survey import survey
from indexer.taxonomy import Taxonomy, load_taxonomy

if TYPE_CHECKING:
    from indexer.manifest import Manifest

STATE_VERSION = 14  # raise it when parsing, cutting or classifying changes: everything is then read again
NAMED = 3  # files that were passed over; more are only counted
MIN_KEPT = 0.5  # of the documents before; a build that would lose more is refused unless forced
MIN_KEPT_FROM = 20  # documents before; smaller sites may change as they like

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did.

    ``rejected`` are sentences that name a file; ``warnings`` are (file, sentence); ``notes`` tell of merged documents
    and of files that were passed over.
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
class _Work:
    """One build on its way: the pages there were, which of them stay as they are, and those that are made now.

    Paths are as the file system has them.
    """

    before: KnownPages
    keep: Flags
    stamps: Array
    root: str
    files: dict[str, CorpusFile]
    rejected: dict[str, str]
    spool: Spool
    originals: dict[str, str] = field(default_factory=dict)  # path of the page that stands for a copy, by its own
    waiting: dict[str, int] = field(default_factory=dict)  # pages that were parsed, by their number in the spool
    made: dict[str, KnownPage] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)

    def kept(self, texts: Sequence[str]) -> Iterator[str]:
        """Those of some texts, one for each page there was, whose pages stay as they are."""
        return compress(texts, self.keep.tolist())

    def end(self) -> None:
        """Forget the pages that were made, which are written down by now."""
        self.spool.close()
        self.made.clear()
        self.files.clear()
        self.evidence = Evidence()

    def warnings(self) -> tuple[tuple[str, str], ...]:
        """File and sentence of everything that is said of pages, in order of the files."""
        stay = ((self.before.paths[row], own) for row, own in self.before.warnings.items() if self.keep[row])
        found = sorted((*stay, *((path, page.warnings) for path, page in self.made.items())), key=lambda pair: pair[0])
        return tuple((printable(path), warning) for path, own in found for warning in own)


def build(
    corpus: Path | str,
    index: Path | str | DurableEngine,
    *,
    full: bool = False,
    force: bool = False,
    taxonomy: Taxonomy | None = None,
    check: Check | None = None,
    progress: Progress | None = None,
    look: Listed | None = None,
) -> BuildReport:
    """Bring an index up to date with a corpus and publish it as a new generation.

    Incremental where the current generation allows it: only pages that changed are parsed, and pages whose boilerplate
    or whose merged partners changed with them. ``check`` searches the new generation before it is published and may
    refuse it. ``progress`` is called with a stage, pages done and pages in all. ``look`` gives a listing of the corpus
    that was begun before.

    Raises:
        CorpusError: If the corpus cannot be read.
        IndexInaccessible: If the folder of the index cannot be read or written.
        IndexLocked: If another build is running.
        BuildRefused: If there would be no document left, or less than half of those before, and ``force`` is not set;
            or if ``check`` refuses it.
        TaxonomyError: If a vocabulary file is wrong.
    """
    started, moment = time.perf_counter(), time.time_ns()
    tell = progress or (lambda stage, done, total: None)
    engine = open_durable(index) if isinstance(index, Path | str) else index
    vocabulary = taxonomy or load_taxonomy()
    base, before = (None, KnownPages()) if full else _known(engine, vocabulary)
    with closing(Spool(engine.generations.scratch)) as spool:
        work, changed, gone = _look(corpus, before, spool, tell, look)
        if base and not changed and not gone:
            _note_stamps(engine, base, work, moment)
            return _nothing_changed(base, work, time.perf_counter() - started)
        _parse(work, changed, tell)
        moved = _count(work, changed, gone)
        redone = [before.rows[path] for path in changed if path in before.rows] + gone
        redone += _drawn_in(work, redone, moved, tell)
        with engine.update(base) if base else engine.rebuild() as writer:
            if check:
                writer.before_publishing(check)
            notes = _indexed(work, redone, vocabulary, writer, tell)
            made, warnings = len(work.made), work.warnings()
            left = _remembered(work, moment, vocabulary, writer)
            if not force:
                _refuse_losses(left, base.documents if base else _count_before(engine))
    manifest = engine.generations.manifest(engine.generations.current())
    return BuildReport(
        manifest.generation,
        manifest.documents,
        manifest.counts,
        time.perf_counter() - started,
        incremental=base is not None,
        parsed=made,
        removed=len(gone),
        rejected=tuple(text for _, text in sorted(work.rejected.items())),
        warnings=warnings,
        notes=(*notes, *_passed_over(work.unread)),
    )


def _passed_over(paths: Sequence[str]) -> Iterator[str]:
    """What is said of files that hold text and are not read."""
    if paths:
        more = f" and {len(paths) - NAMED:,} more" if len(paths) > NAMED else ""
        are = counted(len(paths), "PDF file is", "PDF files are")
        yield f"{are} not read ({', '.join(paths[:NAMED])}{more}); save the text as a page (.html or .txt)."


def _look(
    corpus: Path | str, before: KnownPages, spool: Spool, tell: Progress, look: Listed | None
) -> tuple[_Work, list[str], list[int]]:
    """The files of a corpus, paths of those that are new or have changed, and rows of the pages that are gone."""
    found = survey(corpus, before, lambda count: tell("Reading", count, 0), look)
    keep = np.zeros(len(before), np.bool_)
    keep[found.same] = True
    there, stamps = keep.copy(), before.stamps.copy()
    changed: list[str] = []
    for path, file in found.files.items():
        row = before.rows.get(path)
        if row is not None:
            there[row] = True
        if row is not None and before.digest(row) == file.digest:
            keep[row] = True
            stamps[row] = stamps_array(file.stamp)
        else:
            changed.append(path)
    gone: list[int] = np.flatnonzero(~there).tolist()
    work = _Work(before, keep, stamps, found.root, found.files, found.rejected, spool, unread=found.unread)
    return work, changed, gone


def _note_stamps(engine: DurableEngine, base: Manifest, work: _Work, moment: int) -> None:
    """Remember what the file system says of files that were read and have not changed: the next build reads none.

    Where it cannot be written down, or another build is running, the next one reads them again.
    """
    generations = engine.generations
    note = noted(work.before, work.stamps, moment, generations.note(base.generation))
    if note:
        with suppress(IndexLocked, IndexInaccessible, OSError), generations.lock():
            if generations.current() == base.generation:
                generations.take_note(base.generation, note)


def _nothing_changed(base: Manifest, work: _Work, seconds: float) -> BuildReport:
    return BuildReport(
        base.generation,
        base.documents,
        base.counts,
        seconds,
        published=False,
        incremental=True,
        rejected=tuple(work.rejected.values()),
        warnings=work.warnings(),
        notes=tuple(_passed_over(work.unread)),
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
    """Parse some files into the spool and remember their fingerprints; a bad one is reported and left out."""
    files = [work.files.pop(path) for path in paths]
    with closing(parsed(files)) as found:  # closed at once where the disk is full, so that the processes end
        for number, (path, file, each) in enumerate(zip(paths, files, found, strict=True)):
            tell("Parsing", number + 1, len(files))
            if isinstance(each, str):
                work.rejected[file.path] = each
                continue
            work.waiting[path] = work.spool.put(each.page)
            work.made[path] = KnownPage(
                path,
                file.doc_id,
                file.digest,
                each.fingerprints,
                file.doc_id,
                each.title,
                file.stamp,
                source=each.claim[0],
                rank=each.claim[1],
            )


def _count(work: _Work, changed: Sequence[str], gone: Sequence[int]) -> frozenset[int]:
    """Find out what recurs on the pages there are now; returns what has begun or ceased to since the build before."""
    before = work.before
    work.evidence = evidence = Evidence.of(before.fingerprints, len(before))
    recurring = evidence.recurring()
    for row in (*(before.rows[path] for path in changed if path in before.rows), *gone):
        evidence.remove(before.fingerprints_of(row))
    for path in changed:
        if path in work.made:
            evidence.add(work.made[path].fingerprints)
    return recurring ^ evidence.recurring() if len(before) else frozenset()


def _drawn_in(work: _Work, touched: Sequence[int], moved: frozenset[int], tell: Progress) -> list[int]:
    """Parse unchanged pages again that depend on what has changed, or may be the same page; returns their rows."""
    found: list[int] = []
    rows, fresh = _affected(work, touched, moved), [*work.made]
    while True:
        _parse(work, _again(work, rows), tell)
        found += rows
        fresh += (work.before.paths[row] for row in rows)
        made = (work.made[path] for path in fresh if path in work.made)
        rows = sorted({*_affected(work, rows, frozenset()), *known_copies(made, work.before, work.keep)})
        if not rows:
            return found
        fresh = []


def _affected(work: _Work, touched: Sequence[int], moved: frozenset[int]) -> list[int]:
    """Rows of unchanged pages that must be done again: their boilerplate or merged partners are not what they were."""
    groups = {group for row in touched for group in work.before.groups.get(row, ())}
    return [row for row in work.before.having(moved, groups) if work.keep[row]]


def _partners(work: _Work) -> list[int]:
    """Rows of pages that stay, but are one hospital with a page that is made now, directly or by a third one."""
    groups = {group for page in work.made.values() for group in page.groups}
    while True:
        rows = [row for row in work.before.having((), groups) if work.keep[row]]
        more = {group for row in rows for group in work.before.groups[row]} - groups
        if not more:
            return rows
        groups |= more


def _again(work: _Work, rows: Sequence[int]) -> list[str]:
    """Paths of known pages that are to be parsed though their files have not changed; a bad file is reported."""
    found: list[str] = []
    for row in rows:
        path = work.before.paths[row]
        work.keep[row] = False
        file = work.files[path] if path in work.files else describe(work.root, path, work.before.addresses[row])
        if isinstance(file, PageError):
            work.rejected[file.path] = str(file)
        else:
            work.files[path] = file
            found.append(path)
    return found


def _indexed(
    work: _Work, redone: Sequence[int], taxonomy: Taxonomy, writer: BuildWriter, tell: Progress
) -> tuple[str, ...]:
    """Put what the parsed pages are into the index and take out what the rows of ``redone`` were; returns notes.

    Nothing of a page is kept but of those that may be one hospital with others: these are put when all are there.
    """
    named = Named(taxonomy)
    shared = _put(work, taxonomy, named, writer, tell)
    partners = _partners(work)
    _parse(work, _again(work, partners), tell)
    shared |= _put(work, taxonomy, named, writer, tell)
    merged, notes = merge_entities([shared[path] for path in work.made if path in shared], taxonomy)
    kept = {document.doc_id for document in merged}
    for known in (work.made[path] for path in shared):
        if known.doc_id not in kept:
            groups = set(known.groups)
            known.doc_id = next((d.doc_id for d in merged if groups & set(named.groups(d))), known.doc_id)
    for path in work.originals:
        work.made[path].doc_id = work.made[resolved(path, work.originals)].doc_id
    for document in merged:
        writer.put(document)
    there = {known.doc_id for known in work.made.values()}
    for doc_id in sorted({work.before.doc_ids[row] for row in (*redone, *partners)} - there):
        writer.delete(doc_id)
    return notes


def _put(work: _Work, taxonomy: Taxonomy, named: Named, writer: BuildWriter, tell: Progress) -> dict[str, Document]:
    """Cut and classify the pages that wait and put them into the index, in order of their ids.

    Returned and not put are those that may be joined with others, by path; copies of others are not put at all.
    """
    shared: dict[str, Document] = {}
    same = copies((work.made[path] for path in work.waiting), work.evidence.often())
    paths = sorted(work.waiting, key=lambda path: work.made[path].address)
    titles = {*work.kept(work.before.titles), *(page.title for page in work.made.values())} - {""} if paths else set()
    for number, path in enumerate(paths):
        document = classify(cut(work.spool.take(work.waiting.pop(path)), work.evidence, titles), taxonomy)
        known = work.made[path]
        known.warnings = document.warnings
        groups = named.groups(document)
        known.groups = (*groups, *same.groups.get(path, ()))
        if document.doc_id != known.address:
            known.doc_id = document.doc_id
        if groups:
            shared[path] = document
        elif path in same.originals:
            work.originals[path] = same.originals[path]
            known.warnings = same.warnings(path, document.source_url)
        else:
            known.warnings = (*known.warnings, *same.warnings(path, document.source_url))
            writer.put(document)
        tell("Indexing", number + 1, len(paths))
    return shared


def _remembered(work: _Work, moment: int, taxonomy: Taxonomy, writer: BuildWriter) -> int:
    """Leave with the index what the next build needs to know, and how many documents there are now.

    The work ends with that: its memory and its room on the disk are given back before the engine joins its parts.
    """
    after = work.before.followed(work.keep, work.stamps, work.made.values(), moment)
    work.end()
    writer.describe(corpus=after.corpus_digest(), taxonomy=taxonomy.digest)
    writer.attach(MOVED, dump_moved(after.addresses, after.doc_ids))
    writer.attach(STATE, after.dumps(version=STATE_VERSION, taxonomy=taxonomy.digest))
    return len(set(after.doc_ids))


# ---------------------------------------------------------------------------------------------------------------------
# What there was before


def _known(engine: DurableEngine, taxonomy: Taxonomy) -> tuple[Manifest | None, KnownPages]:
    """The current generation and its pages; nothing where an update cannot start from it."""
    try:
        manifest = engine.base()
        stored = engine.attachment(STATE) or b""
    except IndexInaccessible:
        raise  # nothing could be published there
    except IndexUnusable:
        return None, KnownPages()
    try:
        if about(stored) == {"version": STATE_VERSION, "taxonomy": taxonomy.digest} and (pages := loads(stored)):
            return manifest, restamped(pages, engine.generations.note(manifest.generation))
    except (ValueError, TypeError, KeyError):
        pass
    return None, KnownPages()
