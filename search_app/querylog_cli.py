"""The command group ``queries``: read and delete the query log."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from indexer.cli import counted, report_errors
from search_app.settings import QUERY_LOG_DAYS, QUERY_LOG_MINIMUM

if TYPE_CHECKING:
    from search_app.querylog import QueryLog, Report

P = ParamSpec("P")
R = TypeVar("R")


def _there(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path:
    """The file of the log; where there is none, say how one begins."""
    if path is None:
        raise click.UsageError(
            "No query log is named. One is kept where servers run with MEDSEARCH_QUERY_LOG=FILE; set that here too, or "
            "give --log FILE."
        )
    if not path.exists():
        raise click.BadParameter(
            f"File '{path}' does not exist. A server that runs with MEDSEARCH_QUERY_LOG={path} makes it with the first "
            "search."
        )
    return path


log_option = click.option(
    "--log", "path", envvar="MEDSEARCH_QUERY_LOG", show_envvar=True, metavar="FILE", callback=_there,
    help="File of the query log.", type=click.Path(dir_okay=False, path_type=Path),
)  # fmt: skip
minimum_option = click.option(
    "--minimum", envvar="MEDSEARCH_QUERY_LOG_MINIMUM", type=click.IntRange(2), default=QUERY_LOG_MINIMUM, hidden=True
)
keep_option = click.option(
    "--keep-days", envvar="MEDSEARCH_QUERY_LOG_DAYS", type=click.IntRange(1), default=QUERY_LOG_DAYS, hidden=True
)
days_option = click.option(
    "--days", metavar="N", type=click.IntRange(1), help="Only the last N days, today among them."
)
limit_option = click.option(
    "--limit", metavar="N", type=click.IntRange(1), default=20, show_default=True, help="Queries to show."
)
json_option = click.option("--json", "json_wanted", is_flag=True, help="Print as JSON.")


def _log(path: Path, minimum: int = QUERY_LOG_MINIMUM, keep_days: int = QUERY_LOG_DAYS) -> QueryLog:
    from search_app.querylog import QueryLog

    return QueryLog(path, minimum, keep_days)


def _file_errors(command: Callable[P, R]) -> Callable[P, R]:
    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        import sqlite3  # here, as the log itself: every command of the program imports this module

        try:
            return command(*args, **kwargs)
        except sqlite3.Error as error:
            raise click.ClickException(f"The query log cannot be used: {error}.") from error

    return report_errors(wrapped)


@click.group("queries")
def queries_group() -> None:
    """Read the query log, or delete from it.

    There is one only where servers run with MEDSEARCH_QUERY_LOG. The log holds no address, no agent and no time of day,
    and the words of a query only once several searches on several days had them. Exit status: 2 where there is no log,
    1 where it cannot be used.
    """


@queries_group.command("top")
@days_option
@limit_option
@json_option
@log_option
@minimum_option
@keep_option
@_file_errors
def top(path: Path, days: int | None, limit: int, json_wanted: bool, minimum: int, keep_days: int) -> None:
    """Show the most frequent queries.

    \b
    Example:
      medsearch queries top --days 30
    """
    _print(_log(path, minimum, keep_days).report(days, limit), json_wanted, minimum)


@queries_group.command("zero")
@days_option
@limit_option
@json_option
@log_option
@minimum_option
@keep_option
@_file_errors
def zero(path: Path, days: int | None, limit: int, json_wanted: bool, minimum: int, keep_days: int) -> None:
    """Show the most frequent queries without a hit.

    \b
    Example:
      medsearch queries zero --limit 50 --json
    """
    _print(_log(path, minimum, keep_days).report(days, limit, zero=True), json_wanted, minimum)


@queries_group.command("export")
@click.option(
    "--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True, help="Form of the lines."
)
@log_option
@minimum_option
@keep_option
@_file_errors
def export(path: Path, form: str, minimum: int, keep_days: int) -> None:
    """Print every query that may be shown.

    By day, number of results and of filters, and language.

    \b
    Example:
      medsearch queries export --format jsonl
    """
    for line in _log(path, minimum, keep_days).export(form):
        click.echo(line)


@queries_group.command("delete")
@click.argument("words", nargs=-1)
@click.option("--before", metavar="DAY", help="Only what was asked before this day (2026-11-22).")
@click.option("--yes", is_flag=True, help="Do not ask.")
@log_option
@_file_errors
def delete(words: tuple[str, ...], before: str | None, yes: bool, path: Path) -> None:
    """Forget a query, a time, or everything.

    The query WORDS, or what was asked before a day, or the whole log where neither is given; it is overwritten in the
    file, not only marked. Asks first.

    \b
    Examples:
      medsearch queries delete kidney stones
      medsearch queries delete --before 2026-11-22 --yes
    """
    if words and before:
        raise click.UsageError("Give either words or --before.")
    if before:
        try:
            date.fromisoformat(before)
        except ValueError:
            raise click.BadParameter(f"'{before}' is not a day like 2026-11-22.", param_hint="--before") from None
    what = "the whole query log"
    if words:
        what = f"the query “{' '.join(words)}”"
    elif before:
        what = f"everything before {before}"
    if not yes:
        click.confirm(f"Forget {what}?", abort=True, err=True)
    forgotten = _log(path).delete(" ".join(words) or None, before)
    click.echo(f"Forgot {counted(forgotten, 'search', 'searches')}.")


def _print(report: Report, json_wanted: bool, minimum: int) -> None:
    from search_app.querylog import MIN_DAYS, as_json

    if json_wanted:
        click.echo(json.dumps(as_json(report), ensure_ascii=False, indent=2))
        return
    for each in report.queries:
        days, results = f"{_unit(each.days, 'day'):4}", f"{_unit(each.results, 'result'):7}"
        click.echo(
            f"{each.times:>7,}  {each.days:>3} {days}  {each.results:>6,} {results}  {each.language}  {each.query}"
        )
    if report.hidden_searches:
        searches = counted(report.hidden_searches, "search", "searches")
        others = counted(report.hidden_queries, "other query", "other queries")
        click.echo(
            f"{searches} of {others} {'is' if report.hidden_searches == 1 else 'are'} not shown: each "
            f"was asked less than {minimum} times, or on less than {MIN_DAYS} days.",
            err=True,
        )
    elif not report.queries:
        click.echo("Nothing was searched for.", err=True)


def _unit(number: int, one: str) -> str:
    return one if number == 1 else one + "s"
