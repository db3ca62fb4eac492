"""The command groups ``index`` and ``corpus``."""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from indexer.errors import BuildRefused, EngineUnavailable, IndexLocked, IndexUnusable, SearchError
from indexer.interrupts import interruptible
from indexer.model import FACETS

PROGRESS_SECONDS = 0.1  # between two changes of the line; oftener than that nobody reads it
EXIT_FAILED, EXIT_USAGE, EXIT_NO_INDEX, EXIT_LOCKED = 1, 2, 3, 4
P = ParamSpec("P")
R = TypeVar("R")


class Failure(click.ClickException):
    """One of our own errors, on standard error, with the exit status that its kind has."""

    def __init__(self, error: SearchError) -> None:
        super().__init__(str(error))
        self.exit_code = EXIT_FAILED  # type: ignore[misc]
        if isinstance(error, IndexLocked):
            self.exit_code = EXIT_LOCKED  # type: ignore[misc]
        elif isinstance(error, IndexUnusable | EngineUnavailable):
            self.exit_code = EXIT_NO_INDEX  # type: ignore[misc]


def report_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn what a person can act on into one sentence and an exit status."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SearchError as error:
            raise Failure(error) from error
        except BrokenPipeError:
            # The reader has what it wanted ("| head"); nothing more to say, and nothing to flush at exit.
            sys.stdout = None
            sys.exit(0)
        except OSError as error:
            place = f" {error.filename}" if error.filename else ""
            raise click.ClickException(f"{error.strerror or error}{place}.") from error

    return wrapped


index_option = click.option(
    "--index",
    envvar=["MEDSEARCH_ENGINE", "MEDSEARCH_INDEX"],
    default="index/",
    show_default=True,
    metavar="DIR",
    help="Folder of the index, or the address of a cluster (opensearch://HOST:9200/NAME).",
)
corpus_option = click.option(
    "--corpus",
    envvar="MEDSEARCH_CORPUS",
    default="corpus/",
    show_default=True,
    metavar="DIR",
    help="Folder of the pages.",
)


class ProgressLine:
    """A line on standard error about work that goes on; silent where nobody watches, that is, on no terminal."""

    def __init__(self) -> None:
        self._watched = sys.stderr.isatty()
        self._width = 0
        self._shown = float("-inf")

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show how much of a stage is done; ``total`` is 0 where nobody knows."""
        now = time.monotonic()
        if not self._watched or (done != total and now - self._shown < PROGRESS_SECONDS):
            return
        text = f"{stage} {done:,}" + (f" of {total:,}" if total else "")
        if total:
            filled = 24 * done // total
            text += f" [{'#' * filled}{'.' * (24 - filled)}]"
        click.echo("\r" + text.ljust(self._width), err=True, nl=False)
        self._width, self._shown = len(text), now

    def clear(self) -> None:
        """Take the line away, so that something else can be printed in its place."""
        if self._width:
            click.echo("\r" + " " * self._width + "\r", err=True, nl=False)
        self._width, self._shown = 0, float("-inf")


@contextmanager
def terminal_progress() -> Iterator[ProgressLine]:
    """A progress line that is gone when the work is done."""
    line = ProgressLine()
    try:
        yield line
    finally:
        line.clear()


@click.group("index")
def index_group() -> None:
    """Build, compare, check and roll back the index."""


@index_group.command("build")
@corpus_option
@index_option
@click.option("--full", is_flag=True, help="Read every page again instead of what has changed.")
@click.option("--force", is_flag=True, help="Publish even if more than half of the documents are gone.")
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
@click.option(
    "--allow-rejected", is_flag=True, help="Exit with 0 although pages were rejected: 1 means not built then."
)
@click.option("--quiet", is_flag=True, help="Print only what went wrong.")
@report_errors
def build_command(
    corpus: str, index: str, full: bool, force: bool, strict: bool, allow_rejected: bool, quiet: bool
) -> None:
    """Read the corpus and publish a new generation; the site goes on serving meanwhile."""
    from indexer.build import build

    with terminal_progress() as progress, interruptible() as check:

        def tell(stage: str, done: int, total: int) -> None:
            check()
            progress(stage, done, total)

        report = build(corpus, index, full=full, force=force, progress=tell)
    for path, warning in report.warnings:
        click.echo(f"Warning {path}: {warning}", err=True)
    for sentence in report.rejected:
        click.echo(sentence, err=True)
    if not quiet:
        for note in report.notes:
            click.echo(note)
        _print_counts(report.counts)
        how = "Nothing has changed in" if not report.published else "Updated" if report.incremental else "Built"
        click.echo(
            f"{how} generation {report.generation}: {report.documents:,} documents, {report.parsed:,} pages parsed, "
            f"{report.removed:,} removed, {len(report.rejected):,} rejected, {len(report.warnings):,} warnings, "
            f"{report.seconds:.1f} s"
        )
    if (report.rejected and not allow_rejected) or (strict and report.warnings):
        sys.exit(EXIT_FAILED)


def _print_counts(counts: dict[str, dict[str, int]]) -> None:
    for facet in ("kind", *(name for name in FACETS if name != "kind")):
        values = counts.get(facet, {})
        if values:
            click.echo(
                f"{facet}: "
                + ", ".join(
                    f"{value} {count:,}"
                    for value, count in sorted(values.items(), key=lambda each: (-each[1], each[0]))
                )
            )


@index_group.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@index_option
@report_errors
def status(index: str, as_json: bool) -> None:
    """Show what the current generation holds."""
    from indexer.engines import open_durable

    generations = open_durable(index).generations
    name = generations.current()
    manifest = generations.manifest(name)
    size = generations.size(name)
    age = (datetime.now(UTC) - datetime.fromisoformat(manifest.built_at)).total_seconds()
    if as_json:
        shown = {
            "generation": name,
            "built_at": manifest.built_at,
            "age_seconds": round(age),
            "version": manifest.version,
            "format_version": manifest.format_version,
            "documents": manifest.documents,
            "counts": manifest.counts,
            "segments": len(manifest.segments),
            "bytes": size,
            "corpus": manifest.corpus,
            "taxonomy": manifest.taxonomy,
            "incremental": manifest.incremental,
            "generations": list(generations.names()),
        }
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    click.echo(f"generation: {name}")
    click.echo(f"built: {manifest.built_at} by medsearch {manifest.version}")
    click.echo(f"documents: {manifest.documents:,} in {len(manifest.segments)} segments, {size / 1e6:.1f} MB")
    _print_counts(manifest.counts)


@index_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@index_option
@report_errors
def list_command(index: str, as_json: bool) -> None:
    """List the generations that are kept, oldest first; the current one is marked."""
    from indexer.engines import open_durable

    generations = open_durable(index).generations
    current = generations.current()
    rows: list[dict[str, Any]] = []
    for name in generations.names():
        try:
            manifest = generations.manifest(name)
            rows.append(
                {
                    "generation": name,
                    "current": name == current,
                    "documents": manifest.documents,
                    "built_at": manifest.built_at,
                }
            )
        except IndexUnusable as error:
            rows.append({"generation": name, "current": name == current, "problem": str(error)})
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        mark = "*" if row["current"] else " "
        rest = row.get("problem") or f"{row['documents']:,} documents, built {row['built_at']}"
        click.echo(f"{mark} {row['generation']}  {rest}")


@index_group.command("verify")
@click.argument("generation", required=False)
@click.option("--all", "every", is_flag=True, help="Check every generation that is kept.")
@index_option
@report_errors
def verify_command(generation: str | None, every: bool, index: str) -> None:
    """Compare every file of a generation with its checksum, and the two halves of the index with each other."""
    from indexer.engines import open_durable

    engine = open_durable(index)
    generations = engine.generations
    names = generations.names() if every else (generation or generations.current(),)
    failed = False
    for name in names:
        problems = engine.verify(name)
        for problem in problems:
            click.echo(problem, err=True)
        failed = failed or bool(problems)
        if not problems:
            click.echo(f"{name}: whole, {generations.manifest(name).documents:,} documents")
    if failed:
        sys.exit(EXIT_FAILED)


@index_group.command("diff")
@click.argument("before", required=False)
@click.argument("after", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@index_option
@report_errors
def diff_command(before: str | None, after: str | None, index: str, as_json: bool) -> None:
    """Show which documents and counts differ between two generations: BEFORE and AFTER.

    AFTER is the current one when it is left out, and BEFORE the one before that.
    """
    from indexer.differences import difference
    from indexer.engines import open_durable

    engine = open_durable(index)
    names = engine.generations.names()
    after = after or engine.generations.current()
    earlier = [name for name in names if name < after]
    if before is None and not earlier:
        raise click.ClickException(f"There is no generation before {after}.")
    found = difference(engine, before or earlier[-1], after)
    click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2) if as_json else found.as_text())


@index_group.command("rollback")
@click.argument("generation", required=False)
@index_option
@report_errors
def rollback(generation: str | None, index: str) -> None:
    """Serve an earlier generation again: the one named, or the one before the current."""
    from indexer.engines import open_durable

    generations = open_durable(index).generations
    generations.current()  # the lock would make the folder of an index that there is not
    with generations.lock():
        manifest = generations.rollback(generation)
    click.echo(f"Serving generation {manifest.generation}: {manifest.documents:,} documents, built {manifest.built_at}")


@index_group.command("prune")
@click.option(
    "--keep",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Generations to keep, the current one among them.",
)
@index_option
@report_errors
def prune(keep: int, index: str) -> None:
    """Remove old generations, never the current one."""
    from indexer.engines import open_durable

    generations = open_durable(index).generations
    generations.current()
    with generations.lock():
        removed = generations.prune(keep)
    click.echo(f"Removed {len(removed)}: {', '.join(removed)}" if removed else "Nothing to remove.")


@click.group("corpus")
def corpus_group() -> None:
    """Check a corpus, or bring pages into it."""


@corpus_group.command("check")
@click.argument("folder", required=False)
@corpus_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@report_errors
def check_command(folder: str | None, corpus: str, as_json: bool) -> None:
    """Show what each file would become and why, and everything missing or doubtful."""
    from indexer.lint import lint

    rejected = problems = 0
    empty = True
    for finding in lint(folder or corpus):
        empty = empty and finding.document is None
        text = finding.as_text()
        if as_json:
            click.echo(json.dumps(finding.as_json(), ensure_ascii=False))
        elif text:
            click.echo(text)
        for problem in finding.problems:
            click.echo(f"{finding.path}: {problem}", err=True)
        rejected += finding.rejected
        problems += len(finding.problems)
    if problems:
        click.echo(f"{problems} problems, {rejected} files rejected.", err=True)
    if empty:
        click.echo(f"There is no page in {folder or corpus} that can be indexed.", err=True)
    if problems or empty:
        sys.exit(EXIT_FAILED)


@corpus_group.command("sources")
@click.argument("folder", required=False)
@corpus_option
@click.option("--write", is_flag=True, help="Write SOURCES.md into the corpus instead of printing it.")
@click.option("--check", is_flag=True, help="Print nothing; exit with 1 when SOURCES.md is missing or differs.")
@report_errors
def sources_command(folder: str | None, corpus: str, write: bool, check: bool) -> None:
    """List every source that the pages declare, with the pages that use it and the day it was read."""
    from indexer import sources

    if write and check:
        raise click.UsageError("--write and --check cannot be used together.")
    place = Path(folder or corpus)
    pages = []
    for page in sources.read_pages(place):
        if isinstance(page, SearchError):
            click.echo(page, err=True)
        else:
            pages.append(page)
    text = sources.as_markdown(sources.collect(pages))
    if write:
        sources.write(place, text)
    elif not check:
        click.echo(text, nl=False)
    elif not (place / sources.RECORD).exists():
        raise click.ClickException(f"There is no {sources.RECORD} in {place}. Write it: {sources.COMMAND}")
    elif sources.differs(place, pages):
        raise click.ClickException(
            f"{place / sources.RECORD} is not what the pages declare. Write it again: {sources.COMMAND}"
        )


@corpus_group.command("import")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE…")
@click.option(
    "--into",
    type=click.Choice(["hospitals", "articles"]),
    default="articles",
    show_default=True,
    help="Folder for pages that do not say what they are.",
)
@click.option("--replace", is_flag=True, help="Overwrite pages that are there; ask servers only for what has changed.")
@click.option("--crawl", is_flag=True, help="Follow the links of a page, within its host.")
@click.option(
    "--depth",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Links away from the page to go with --crawl.",
)
@click.option("--limit", type=click.IntRange(1), default=10_000, show_default=True, help="Pages to bring in at most.")
@click.option(
    "--max-megabytes",
    type=click.IntRange(1),
    default=2_000,
    show_default=True,
    help="What to fetch at most in one run.",
)
@corpus_option
@report_errors
def import_command(
    sources: tuple[str, ...],
    into: str,
    replace: bool,
    crawl: bool,
    depth: int,
    limit: int,
    max_megabytes: int,
    corpus: str,
) -> None:
    """Bring pages into the corpus from saved files, folders, a sitemap or a site.

    A SOURCE is a file, a folder, the address of a sitemap (ends in .xml) or of a page. A site is only read where its
    robots.txt allows it, one page a second, and never from other hosts than the one that is named.

    A run that was interrupted goes on where it stopped when the same command is given again. A page that is there
    already stays: also with --replace when its server has no newer one, or does not have it any more.
    """
    from indexer.importing import bring

    counts = {"brought": 0, "passed over": 0, "left out": 0}
    with terminal_progress() as progress:
        try:
            for outcome in bring(
                sources,
                Path(corpus),
                into=into,
                replace=replace,
                limit=limit,
                crawl=crawl,
                depth=depth,
                max_bytes=max_megabytes * 1e6,
                progress=progress,
            ):
                progress.clear()
                click.echo(outcome.sentence, err=not outcome.brought)
                counts["brought" if outcome.brought else "passed over" if outcome.ok else "left out"] += 1
        except KeyboardInterrupt:
            progress.clear()
            click.echo("Interrupted; the same command goes on where it stopped.", err=True)
            counts["left out"] += 1
    brought = counts["brought"]
    told = f"{brought:,} page{'' if brought == 1 else 's'} brought into {corpus}"
    click.echo(f"{told}, {counts['passed over']:,} passed over, {counts['left out']:,} left out.", err=True)
    if counts["left out"]:
        sys.exit(EXIT_FAILED)


__all__ = ["BuildRefused", "corpus_group", "index_group"]
