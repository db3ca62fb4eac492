"""Show answers and documents in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from indexer.model import Document, Hit, Price, Question
from search_app.markup import Spans, pieces, readable
from search_app.search import Answer

WIDTH = 100
FACET_LINES = 8  # values shown of each facet


def print_answer(answer: Answer, explain: bool = False) -> None:
    """Hits and facet counts on standard output, what was read into the words on standard error."""
    results = answer.results
    for note in answer.applied:
        click.echo(note, err=True)
    if answer.did_you_mean is not None:
        click.echo(f"Did you mean: {answer.did_you_mean.text}", err=True)
    total = results.total.value
    if not total:
        click.echo("No hits.", err=True)
    elif answer.past_end:
        click.echo(f"{total:,} hit{'s end' if total != 1 else ' ends'} on page {answer.last_page}.", err=True)
    else:
        click.echo(f"{total:,} hit{'s' if total != 1 else ''}, page {answer.page} of {answer.pages}", err=True)
    orders = results.query.sort if explain else ""
    for hit in results.hits:
        _print_hit(hit, orders, answer.asked.get(hit.doc_id), answer.prices.get(hit.doc_id, ()))
    for facet in results.facets:
        if facet.buckets:
            shown = [
                click.style(
                    f"{'[x] ' if bucket.selected else ''}{bucket.value} ({bucket.count.value})", bold=bucket.selected
                )
                for bucket in facet.buckets[:FACET_LINES]
            ]
            more = f", {len(facet.buckets) - FACET_LINES} more" if len(facet.buckets) > FACET_LINES else ""
            click.echo(f"{facet.name}: {', '.join(shown)}{more}")


def _print_hit(hit: Hit, explained: str, asked: Question | None, prices: Sequence[Price]) -> None:
    card = hit.card
    name = f"{card.title} {card.title_zh}".strip()
    click.echo(f"{hit.rank:>3}. {click.style(name, bold=True)}")
    facts = [card.kind, *card.city, *card.specialty, *card.topic, *card.profile]
    click.echo(f"     {' · '.join(facts)}")
    anchor = asked.anchor if asked else hit.section.anchor if hit.section else ""
    place = card.url + (f"#{anchor}" if anchor else "")
    click.echo(click.style(f"     {place}", fg="cyan"))
    if card.doubt:
        for line in click.wrap_text(f"! {card.doubt}", WIDTH).splitlines():
            click.echo(click.style("     " + line, fg="red"))
    if asked:
        click.echo(f"     Answers: {asked.text}")
    if hit.snippet.text:
        # Colours are added after wrapping by words, so that a span never counts as width.
        for line in click.wrap_text(_highlighted(*readable(hit.snippet)), WIDTH).splitlines():
            click.echo("     " + line)
    for price in prices:
        when = f"as of {price.date}" if price.date else "no date is given"
        said = f"Price: {price.what}: {price.figure} ({when}; {price.source.publisher or price.source.title})"
        click.echo("\n".join("     " + line for line in click.wrap_text(said, WIDTH).splitlines()))
    if explained == "relevance":
        for weight in hit.explanation:
            click.echo(f"     {weight.score:>8.3f}  {weight.reason}")
        click.echo(f"     {hit.score:>8.3f}  in all")
    elif explained:
        click.echo(f"     In order of the {explained}: the score played no part.")
    click.echo()


def _highlighted(text: str, spans: Spans) -> str:
    return "".join(
        click.style(part, bold=True, fg="yellow") if matched else part for part, matched in pieces(text, spans)
    )


def document_line(document: Document) -> dict[str, Any]:
    """One line of ``medsearch documents --json``."""
    basis: dict[str, list[dict[str, str]]] = {}
    for each in document.basis:
        basis.setdefault(each.facet, []).append({"value": each.value, "how": each.how, "evidence": each.evidence})
    return {
        "id": document.doc_id,
        "kind": document.kind,
        "title": document.title,
        "title_zh": document.title_zh,
        "aliases": list(document.aliases),
        "city": list(document.city),
        "specialty": list(document.specialty),
        "topic": list(document.topic),
        "profile": list(document.profile),
        "date": document.date,
        "language": document.language,
        "questions": [{"text": each.text, "anchor": each.anchor} for each in document.questions],
        "prices": [{"for": each.what, "figure": each.figure, "date": each.date} for each in document.prices],
        "sections": [{"heading": section.heading, "anchor": section.anchor} for section in document.sections],
        "basis": basis,
    }
