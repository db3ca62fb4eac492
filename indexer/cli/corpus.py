"""The command group ``corpus``: check a corpus, list its sources, bring pages into it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexer.cli.failing import EXIT_FAILED, report_errors
from indexer.cli.options import corpus_option
from indexer.cli.progress import ProgressLine, terminal_progress
from indexer.counted import counted
from indexer.errors import SearchError

if TYPE_CHECKING:
    from indexer.shelf import Outcome


@click.group("corpus")
def corpus_group() -> None:
    """Check a corpus, list its sources, bring pages in."""


@corpus_group.command("check")
@click.argument("places", nargs=-1, metavar="[FOLDER|FILE…]")
@corpus_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@report_errors
def check_command(places: tuple[str, ...], corpus: str, as_json: bool) -> None:
    """Show what each file would become, and why.

    The document and its facet values with their reasons; warnings of the parser are marked "!", doubts "?", and what
    must be mended goes to standard error, with file and line. FOLDER stands for --corpus; of a FILE only what concerns
    this page is shown, in the light of all others where it lies in the corpus. Exit status: 1 when anything must be
    mended, or there is no page.

    \b
    Examples:
      medsearch corpus check
      medsearch corpus check saved/ --json
      medsearch corpus check corpus/articles/new-page.html
    """
    from indexer.chosen import chosen
    from indexer.lint import lint

    files = [place for place in places if not os.path.isdir(place)] if len(places) != 1 or _is_file(places[0]) else []
    if len(files) != len(places) and len(places) > 1:
        raise click.UsageError("Give one folder, or files.")
    rejected = problems = 0
    empty = True
    where = ", ".join(places) or corpus
    groups = [(each.root, each) for each in chosen(files, corpus)] if files else [(where, None)]
    for finding in (finding for root, only in groups for finding in lint(root, only)):
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
        click.echo(f"{counted(problems, 'problem')}, {counted(rejected, 'file')} rejected.", err=True)
    if empty:
        click.echo(f"There is no page in {where} that can be indexed.", err=True)
    if problems or empty:
        sys.exit(EXIT_FAILED)


def _is_file(place: str) -> bool:
    return os.path.lexists(place) and not os.path.isdir(place)


@corpus_group.command("sources")
@click.argument("folder", required=False)
@corpus_option
@click.option("--write", is_flag=True, help="Write SOURCES.md into the corpus instead of printing it.")
@click.option("--check", is_flag=True, help="Print nothing; exit with 1 when SOURCES.md is missing or differs.")
@report_errors
def sources_command(folder: str | None, corpus: str, write: bool, check: bool) -> None:
    """List every source that the pages declare.

    With the pages that use it and the day it was read, as Markdown. FOLDER stands for --corpus.

    \b
    Example:
      medsearch corpus sources --write
    """
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
    metavar="N",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Links away from the page to go with --crawl.",
)
@click.option(
    "--limit", metavar="N", type=click.IntRange(1), default=10_000, show_default=True, help="Pages to bring in at most."
)
@click.option(
    "--max-megabytes",
    metavar="N",
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
    """Bring pages in: files, folders, a sitemap, a site.

    A SOURCE is a file, a folder, the address of a sitemap (ends in .xml) or of a page. A site is only read where its
    robots.txt allows it, one page a second, and never from other hosts than the one that is named.

    A run that was interrupted goes on where it stopped when the same command is given again. A page that is there
    already stays: also with --replace when its server has no newer one, or does not have it any more.

    Exit status: 1 when something was left out that should have come; what robots.txt forbids is only passed over.

    \b
    Examples:
      medsearch corpus import saved/ page.html --into hospitals
      medsearch corpus import https://www.example.org/sitemap.xml --limit 200
      medsearch corpus import https://www.example.org/ --crawl --depth 3
    """
    from indexer.importing import bring

    with terminal_progress() as progress:
        outcomes = bring(
            sources,
            Path(corpus),
            into=into,
            replace=replace,
            limit=limit,
            crawl=crawl,
            depth=depth,
            max_bytes=max_megabytes * 1e6,
            progress=progress,
        )
        brought, passed_over, left_out = _printed(outcomes, progress)
    click.echo(
        f"{counted(brought, 'page')} brought into {corpus}, {passed_over:,} passed over, {left_out:,} left out.",
        err=True,
    )
    if left_out:
        sys.exit(EXIT_FAILED)


def _printed(outcomes: Iterable[Outcome], progress: ProgressLine) -> tuple[int, int, int]:
    """Print outcomes as they come; how many were brought, passed over and left out. An interruption leaves one out."""
    brought = passed_over = left_out = 0
    try:
        for outcome in outcomes:
            progress.clear()
            click.echo(outcome.sentence, err=not outcome.brought)
            brought += outcome.brought
            passed_over += outcome.ok and not outcome.brought
            left_out += not outcome.ok
    except KeyboardInterrupt:
        progress.clear()
        click.echo("Interrupted; the same command goes on where it stopped.", err=True)
        left_out += 1
    return brought, passed_over, left_out
