"""The commands of the group ``index`` that also search it: ``build`` and ``verify``."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from indexer.cli import (
    EXIT_FAILED,
    corpus_option,
    counted,
    index_option,
    print_counts,
    report_errors,
    terminal_progress,
)
from indexer.errors import BuildRefused, GenerationMissing
from indexer.interrupts import interruptible
from search_app.settings import CANARIES

if TYPE_CHECKING:
    from indexer.engines import Searcher

C = TypeVar("C", bound=Callable[..., object])


def canaries_option(help_text: str) -> Callable[[C], C]:
    """The option that names the file of canaries."""
    file = click.Path(dir_okay=False, path_type=Path)
    return click.option("--canaries", envvar=CANARIES, show_envvar=True, metavar="FILE", type=file, help=help_text)


@click.command("build")
@corpus_option
@index_option
@click.option("--full", is_flag=True, help="Read every page again instead of what has changed.")
@click.option("--force", is_flag=True, help="Publish even if more than half of the documents are gone.")
@canaries_option("Searches that the new index must answer as this file says before it is served.")
@click.option("--allow-failed-canaries", is_flag=True, help="Publish even if it does not; say what failed.")
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
@click.option(
    "--allow-rejected", is_flag=True, help="Exit with 0 although pages were rejected: 1 means not built then."
)
@click.option("--quiet", is_flag=True, help="Print only what went wrong.")
@report_errors
def build_command(
    corpus: str,
    index: str,
    full: bool,
    force: bool,
    canaries: Path | None,
    allow_failed_canaries: bool,
    strict: bool,
    allow_rejected: bool,
    quiet: bool,
) -> None:
    """Read the corpus and publish a new generation.

    Only what has changed is read, and the site goes on serving meanwhile. Ends with the counts of each facet value.
    Exit status: 1 when pages were rejected (each is named) or, after "Error:", nothing was built.

    \b
    Examples:
      medsearch index build
      medsearch index build --full --corpus pages/ --index /var/lib/medsearch/index
    """
    from indexer.listing import listed_ahead

    with listed_ahead(corpus) as look, terminal_progress() as progress, interruptible() as check:
        from indexer.build import build

        failed = _failed_canaries(canaries)

        def tell(stage: str, done: int, total: int) -> None:
            check()
            progress(stage, done, total)

        def try_canaries(searcher: Searcher) -> None:
            progress.clear()
            failures = failed(searcher)
            if failures and not allow_failed_canaries:
                raise BuildRefused(
                    f"it fails {failures} of what {canaries} asks, as named above. If that is right, change "
                    "the file or build again with --allow-failed-canaries"
                )

        asked = try_canaries if canaries else None
        try:
            report = build(corpus, index, full=full, force=force, check=asked, progress=tell, look=look)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise click.ClickException(
                f"{error.strerror} for the index in {index}; what is served has not changed."
            ) from error
    for path, warning in report.warnings:
        click.echo(f"Warning {path}: {warning}", err=True)
    for sentence in report.rejected:
        click.echo(sentence, err=True)
    if not quiet:
        for note in report.notes:
            click.echo(note)
        print_counts(report.counts)
        how = "Nothing has changed in" if not report.published else "Updated" if report.incremental else "Built"
        documents, parsed = counted(report.documents, "document"), counted(report.parsed, "page")
        warnings = counted(len(report.warnings), "warning")
        click.echo(
            f"{how} generation {report.generation}: {documents}, {parsed} parsed, "
            f"{report.removed:,} removed, {len(report.rejected):,} rejected, {warnings}, "
            f"{report.seconds:.1f} s"
        )
    if (report.rejected and not allow_rejected) or (strict and report.warnings):
        sys.exit(EXIT_FAILED)


@click.command("verify")
@click.argument("generation", required=False)
@click.option("--all", "every", is_flag=True, help="Check every generation that is kept.")
@canaries_option("Searches that it must answer as this file says.")
@index_option
@report_errors
def verify_command(generation: str | None, every: bool, canaries: Path | None, index: str) -> None:
    """Check that a generation is whole.

    Every file is compared with its checksum, and the two halves of the index with each other. Without GENERATION it is
    the current one. Exit status: 1 when one is damaged or fails its canaries, 3 when there is none of that name.

    \b
    Example:
      medsearch index verify --all
    """
    from indexer.engines import open_durable

    failed_canaries = _failed_canaries(canaries)
    engine = open_durable(index)
    generations = engine.generations
    if generation and generation not in (known := generations.names()):
        raise GenerationMissing(generation, known)
    names = generations.names() if every else (generation or generations.current(),)
    failed = False
    for name in names:
        problems = engine.verify(name)
        for problem in problems:
            click.echo(problem, err=True)
        failed = failed or bool(problems)
        if not problems:
            click.echo(f"{name}: whole, {counted(generations.manifest(name).documents, 'document')}")
            if canaries:
                failures = failed_canaries(engine.searcher_of(name))
                failed = failed or bool(failures)
                told = f"fails {failures} of what" if failures else "answers all that"
                click.echo(f"{name}: {told} {canaries} asks", err=bool(failures))
    if failed:
        sys.exit(EXIT_FAILED)


def _failed_canaries(path: Path | None) -> Callable[[Searcher], int]:
    """A function that names on standard error what an index answers otherwise than a file says, and counts it.

    Raises:
        TaxonomyError: If the file is wrong, before anything is built.
    """
    if path is None:
        return lambda searcher: 0
    from search_app.canaries import load_canaries

    canaries = load_canaries(path)

    def named(searcher: Searcher) -> int:
        failures = tuple(canaries.failures(searcher))
        for failure in failures:
            click.echo(f"Failed {failure}", err=True)
        return len(failures)

    return named
