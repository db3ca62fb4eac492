"""The ``medsearch`` command: search, list documents, serve, evaluate, and the indexer's own groups."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from indexer import __version__
from indexer.cli import (
    EXIT_FAILED,
    corpus_group,
    corpus_option,
    index_group,
    index_option,
    report_errors,
    terminal_progress,
)
from search_app import environment
from search_app.index_cli import build_command, verify_command
from search_app.querylog_cli import queries_group
from search_app.streams import typed, write_everything
from search_app.synonyms_cli import synonyms_group

MISSING_NAMED = 5  # judged documents that are not in the index; more are only counted
ENVIRONMENT = {"auto_envvar_prefix": "MEDSEARCH", "help_option_names": ["-h", "--help"]}


class Program(click.Group):
    """The command itself; an error about a value that the environment gave names the variable, not an option."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run what was asked for, after a warning for each variable that nothing reads."""
        for warning in environment.warnings(self, os.environ):
            click.echo(warning, err=True)
        try:
            return super().invoke(ctx)
        except click.BadParameter as error:
            variable = environment.given_by(error.param, error.ctx) if error.param and error.ctx else ""
            error.param_hint = variable or error.param_hint
            raise


@click.group(cls=Program, context_settings=ENVIRONMENT)
@click.version_option(__version__, prog_name="medsearch")
def main() -> None:
    """Search hospitals and articles about medical travel in China.

    \b
    First steps:
      medsearch index build            read corpus/, write index/
      medsearch search eye shanghai    search from the terminal
      medsearch serve                  the web site on http://127.0.0.1:8000

    Exit status, of every command: 0 done, 1 done with rejected pages, a failed check, or not done; 2 wrong usage, 3 no
    usable index, 4 another build is running. Results go to standard output, everything else to standard error.

    Every option can be set in the environment: --port of medsearch serve as MEDSEARCH_SERVE_PORT, and so on; what many
    commands share has the name that their help gives.
    """
    write_everything()


index_group.add_command(build_command)
index_group.add_command(verify_command)
main.add_command(index_group)
main.add_command(corpus_group)
main.add_command(queries_group)
main.add_command(synonyms_group)


@main.command()
@click.argument("words", nargs=-1)
@click.option("--city", multiple=True, metavar="CITY", help="Only this city; repeat it for either of several.")
@click.option("--specialty", multiple=True, metavar="SPECIALTY", help="Only this specialty; may be repeated.")
@click.option("--topic", multiple=True, metavar="TOPIC", help="Only this topic; may be repeated.")
@click.option(
    "--profile", multiple=True, metavar="PROFILE", help='Only such hospitals, for example "Private hospital".'
)
@click.option("--kind", multiple=True, metavar="KIND", help="Only this kind: hospital or article.")
@click.option(
    "--page", metavar="N", type=click.IntRange(1), default=1, show_default=True, help="Page of the hits, from 1."
)
@click.option(
    "--per-page",
    metavar="N",
    type=click.IntRange(1, 100),
    default=10,
    show_default=True,
    help="Hits to show, 1 to 100.",
)
@click.option(
    "--sort",
    type=click.Choice(["relevance", "title", "date"]),
    default="relevance",
    show_default=True,
    help="Order of the hits; by date the newest come first.",
)
@click.option("--plain", is_flag=True, help="Search the words as typed: read no city or specialty from them.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer of the JSON API.")
@click.option("--explain", is_flag=True, help="Show what each hit's score is made of.")
@index_option
@report_errors
def search(words: tuple[str, ...], index: str, as_json: bool, explain: bool, plain: bool, **chosen: Any) -> None:
    """Search the index from the terminal.

    The hits, their order and the counts are those of the web page. Without WORDS it lists what the filters leave. A
    query with a minus sign stands after --, one with quotes in quotes.

    \b
    Examples:
      medsearch search eye hospital --city Shanghai --city Beijing
      medsearch search 协和
      medsearch search -- '"proton therapy" -shanghai'
    """
    from indexer.engines import open_engine
    from search_app.as_json import answer_json
    from search_app.request import SearchRequest
    from search_app.search import answer
    from search_app.state import state_of
    from search_app.terminal import print_answer

    request = SearchRequest(q=" ".join(map(typed, words)), plain=plain, explain=explain, **chosen)
    with open_engine(index).searcher() as searcher:
        found = answer(request, searcher)
    if as_json:
        click.echo(json.dumps(answer_json(found, state_of(request)), ensure_ascii=False, indent=2))
    else:
        print_answer(found, explain)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with every field and its basis.")
@index_option
@report_errors
def documents(index: str, as_json: bool) -> None:
    """List every document of the current generation.

    A line each: id, title and facet values, between tabs.

    \b
    Example:
      medsearch documents --json
    """
    from indexer.engines import open_engine
    from search_app.terminal import document_line

    with open_engine(index).searcher() as searcher:
        for document in searcher.documents():
            if as_json:
                click.echo(json.dumps(document_line(document), ensure_ascii=False))
            else:
                where = ", ".join((*document.city, *document.specialty, *document.topic))
                click.echo(f"{document.doc_id}\t{document.title}\t{where}")


@main.command()
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", metavar="N", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on."
)
@click.option(
    "--workers", metavar="N", type=click.IntRange(1, 64), default=None, help="Processes. [default: one per core]"
)
@click.option("--debug", is_flag=True, help="Development server that reloads on changes. Never in public.")
@index_option
@corpus_option
@report_errors
def serve(host: str, port: int, workers: int | None, debug: bool, index: str, corpus: str) -> None:
    """Serve the web site and the JSON API.

    Where there is no index yet it is built first. Settings of the site are environment variables (docs/operations.md).
    Exit status: 1 when the address is taken or a file that a setting names is wrong (MEDSEARCH_SYNONYMS,
    MEDSEARCH_PLACED), 2 for a wrong setting.

    \b
    Example:
      medsearch serve --host 0.0.0.0 --port 8080
    """
    from indexer.build import build
    from indexer.engines import open_durable
    from indexer.errors import IndexMissing
    from search_app.server import check, check_address
    from search_app.server import serve as run

    try:
        check()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        if not debug:  # its process that reloads is started by one that listens already
            check_address(host, port)
    except OSError as error:
        raise click.ClickException(f"Cannot listen on {host}, port {port}: {error.strerror or error}.") from None
    try:
        open_durable(index).generations.current()
    except IndexMissing:
        click.echo(f"No index in {index} yet: building it from {corpus} first.", err=True)
        with terminal_progress() as progress:
            build(corpus, index, progress=progress)
    click.echo("Starting; the first start on a machine compiles the search, about half a minute.", err=True)

    def ready() -> None:
        click.echo(f"Serving on http://{host}:{port}/ (stop with Ctrl+C)", err=True)

    run(host=host, port=port, workers=workers, debug=debug, index=index, ready=ready)


@main.command()
@click.argument("queries", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("qrels", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--run",
    "run_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the hits to this file, as TREC does.",
)
@click.option("--half", type=click.Choice(["tuning", "held_out"]), help="Only the queries of this half.")
@click.option(
    "--compare",
    "earlier_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An earlier TREC run file: also show what changed since then, query by query.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the measures as JSON.")
@index_option
@report_errors
def evaluate(
    queries: Path,
    qrels: Path,
    run_file: Path | None,
    half: str | None,
    earlier_file: Path | None,
    as_json: bool,
    index: str,
) -> None:
    """Measure the relevance of the current index on judged queries.

    QUERIES is JSON lines with id and text, QRELS tab-separated query id, document id, grade (0 to 3). Judged documents
    that are not in the index are named in a warning: no search can find them. Exit status: 1 when nothing was measured.

    \b
    Example:
      medsearch evaluate tests/data/judgments/queries.jsonl tests/data/judgments/qrels.tsv
    """
    from indexer.engines import open_engine
    from search_app.compare_runs import compare
    from search_app.evaluate import measure, not_indexed
    from search_app.judgments import JudgmentError, load
    from search_app.runs import make_run, read_run, trec

    try:
        judged = load(queries, qrels, half=half)
        earlier = read_run(earlier_file) if earlier_file else None
        if earlier_file and earlier and not {query.query_id for query in judged.queries} & earlier.rankings.keys():
            raise JudgmentError(earlier_file, 1, "has no hits for any of the queries")
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with open_engine(index).searcher() as searcher:
        run, missing = make_run(judged, searcher), not_indexed(judged, searcher)
    if run_file is not None:
        run_file.write_text(trec(run), "utf-8")
    report = measure(judged, run)
    change = compare(judged, earlier, run) if earlier else None
    if missing:
        named = ", ".join(missing[:MISSING_NAMED]) + ("" if len(missing) <= MISSING_NAMED else ", …")
        click.echo(
            f"Warning: {len(missing):,} of {len(judged.doc_ids):,} judged documents are not in the index: {named}",
            err=True,
        )
    if as_json:
        compared = {"comparison": change.as_json()} if change else {}
        shown = {**report.as_json(), "not_in_index": missing, **compared}
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        click.echo(report.as_text())
        if change:
            click.echo(f"\nAgainst {earlier_file}, by {change.as_text()}")
    if not report.queries:
        sys.exit(EXIT_FAILED)
