"""The command group ``index``, without ``build`` and ``verify``: these search, so the site adds them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import click

from indexer.cli.failing import report_errors
from indexer.cli.options import index_option
from indexer.counted import counted
from indexer.errors import IndexUnusable


@click.group("index")
def index_group() -> None:
    """Build, compare, check and roll back the index."""


def print_counts(counts: dict[str, dict[str, int]]) -> None:
    """Print documents by facet value, most first."""
    from indexer.model import FACETS

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
    """Show what the current generation holds.

    When it was built, how large it is, and how many documents each facet value has.

    \b
    Example:
      medsearch index status --json
    """
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
    click.echo(
        f"documents: {manifest.documents:,} in {counted(len(manifest.segments), 'segment')}, {size / 1e6:.1f} MB"
    )
    print_counts(manifest.counts)


@index_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@index_option
@report_errors
def list_command(index: str, as_json: bool) -> None:
    """List the generations that are kept.

    The oldest comes first; the current one is marked with a star.

    \b
    Example:
      medsearch index list
    """
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
        rest = row.get("problem") or f"{counted(row['documents'], 'document')}, built {row['built_at']}"
        click.echo(f"{mark} {row['generation']}  {rest}")


@index_group.command("diff")
@click.argument("before", required=False)
@click.argument("after", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@index_option
@report_errors
def diff_command(before: str | None, after: str | None, index: str, as_json: bool) -> None:
    """Show what differs between two generations.

    Documents that are new (+), gone (-) or changed (~) from BEFORE to AFTER, and counts of facet values. AFTER is the
    current one when it is left out, and BEFORE the one before that.

    \b
    Examples:
      medsearch index diff
      medsearch index diff 000001-20261122T210313Z
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
    """Serve an earlier generation again.

    The one named GENERATION, or the newest whole one before the current. Servers have it at their next request; the
    next build goes on from it. Exit status: 3 when there is none.

    \b
    Example:
      medsearch index rollback
    """
    from indexer.engines import open_durable

    generations = open_durable(index).generations
    generations.current()  # the lock would make the folder of an index that there is not
    with generations.lock():
        manifest = generations.rollback(generation)
    documents = counted(manifest.documents, "document")
    click.echo(f"Serving generation {manifest.generation}: {documents}, built {manifest.built_at}")


@index_group.command("prune")
@click.option(
    "--keep",
    metavar="N",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Generations to keep, the current one among them.",
)
@index_option
@report_errors
def prune(keep: int, index: str) -> None:
    """Remove old generations, never the current one.

    A build keeps three by itself.

    \b
    Example:
      medsearch index prune --keep 2
    """
    from indexer.engines import open_durable

    generations = open_durable(index).generations
    generations.current()
    with generations.lock():
        removed = generations.prune(keep)
    click.echo(f"Removed {len(removed)}: {', '.join(removed)}" if removed else "Nothing to remove.")
