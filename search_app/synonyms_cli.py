"""The command group ``synonyms``: from a word that finds nothing to a reviewed line, tried before it is kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexer.cli import EXIT_FAILED, index_option, report_errors
from search_app.settings import SYNONYMS

if TYPE_CHECKING:
    from indexer.engines import Searcher
    from search_app.compare_runs import Comparison
    from search_app.judgments import Judgments
    from search_app.words import Words

JUDGMENTS = Path("tests/data/judgments")  # of the program itself, where a checkout is at hand
TOLERANCE = 0.005  # nDCG@10 that a class may lose: below what one page that changes places in it comes to
RELATIONS = ("same", "wider", "spelling")


@click.group("synonyms")
def synonyms_group() -> None:
    """Give words other names of the site's own.

    They stand in a file that is kept apart from the program, and outlast its upgrades.
    """


@synonyms_group.command("add")
@click.argument("word")
@click.argument("others", nargs=-1, required=True, metavar="OTHER…")
@click.option("--try", "only_try", is_flag=True, help="Show what would change and write nothing.")
@click.option(
    "--relation",
    type=click.Choice(RELATIONS),
    default="same",
    show_default=True,
    help="same: each finds the others; wider: WORD also finds the others, never back; spelling: two ways to write it.",
)
@click.option(
    "--judgments",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help=f"Folder with queries.jsonl and qrels.tsv that must not get worse. [default: {JUDGMENTS}/, if it is there]",
)
@click.option("--force", is_flag=True, help="Write the line even if the judged queries get worse.")
@click.option(
    "--file", "path", envvar=SYNONYMS, required=True, show_envvar=True, metavar="FILE",
    help="The site's own synonyms; made if it is missing.", type=click.Path(dir_okay=False, path_type=Path),
)  # fmt: skip
@index_option
@report_errors
def add(
    word: str,
    others: tuple[str, ...],
    only_try: bool,
    relation: str,
    judgments: Path | None,
    force: bool,
    path: Path,
    index: str,
) -> None:
    """Let WORD also find each OTHER.

    Shows what WORD and the others find before and after, measures the judged queries both ways, and writes one line to
    the file, unless they get worse by it. Servers read it when they start: restart them, a reload is not enough. Exit
    status: 1 when nothing was written for that reason.

    \b
    Examples:
      medsearch synonyms add "zap surgery" lasik --try
      medsearch synonyms add farsighted eye --relation wider
    """
    from indexer.engines import open_engine
    from search_app import synonyms
    from search_app.judgments import JudgmentError, load

    folder = judgments or (JUDGMENTS if JUDGMENTS.is_dir() else None)
    try:
        text = synonyms.with_line(path.read_text("utf-8") if path.exists() else "", word, others, relation)
        judged = load(folder / "queries.jsonl", folder / "qrels.tsv") if folder else None
    except (JudgmentError, OSError) as error:
        raise click.UsageError(str(error)) from None
    except ValueError as error:
        raise click.ClickException(f"{path}: {error}.") from None
    before, after = synonyms.words_of(path), synonyms.words_of(path, text)
    with open_engine(index).searcher() as searcher:
        _show((word,) if relation == "wider" else (word, *others), searcher, before, after)
        worse = _worse(judged, searcher, before, after)
    if worse and not force:
        click.echo(f"Not written: judged queries get worse ({worse}).", err=True)
        sys.exit(EXIT_FAILED)
    if only_try:
        click.echo("Tried only, nothing is written.", err=True)
        return
    synonyms.write(path, text)
    click.echo(f"Written to {path}; servers have it when they are started again.", err=True)


def _show(queries: tuple[str, ...], searcher: Searcher, before: Words, after: Words) -> None:
    from search_app import synonyms

    for query in queries:
        was, now = (synonyms.found(query, searcher, words) for words in (before, after))
        if was == now:
            click.echo(f"{query}: as before, {now.as_text()}")
        else:
            click.echo(f"{query}\n  before: {was.as_text()}\n  after: {now.as_text()}")


def _worse(judged: Judgments | None, searcher: Searcher, before: Words, after: Words) -> str:
    """Which classes of judged queries lose by the change, in words; empty for none."""
    from search_app.compare_runs import compare
    from search_app.runs import make_run

    if judged is None:
        click.echo("No judged queries: nothing is known of what else changes (see --judgments).", err=True)
        return ""
    was, now = (make_run(judged, searcher, words=words) for words in (before, after))
    change = compare(judged, was, now)
    click.echo(change.as_text())
    return ", ".join(f"{name} {mean:+.3f}" for name, mean in _means(change) if mean < -TOLERANCE)


def _means(change: Comparison) -> list[tuple[str, float]]:
    return [*((name, each.mean) for name, each in change.classes), ("all", change.change.mean)]
