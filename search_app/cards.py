"""A document in a list, and a search result, as a template shows them; what depends on no search is made once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from indexer.model import Card, Hit, Price, Question, Snippet
from indexer.prices import months_since
from search_app.labels import Labels
from search_app.markup import is_small, marked, readable
from search_app.site import Site, asking

_at = lru_cache(maxsize=4096)(quote)  # the anchors of a corpus recur
# What a page says beside the year is read there: "1951 (predecessor 1921)"; a year that is a guess stays one.
_FURTHER = re.compile(r"(?<=\A\d{4}) \((?!about).*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ValueView:
    """A facet value as a word with its page."""

    value: str
    label: str
    url: str


@dataclass(frozen=True, slots=True, eq=False)
class CardView:
    """What stands for a document in a list; there is one for a document and a language, known by its identity."""

    doc_id: str
    slug: str
    kind: str
    title: str
    title_zh: str
    url: str
    city: tuple[ValueView, ...]
    specialty: tuple[ValueView, ...]
    topic: tuple[ValueView, ...]
    profile: tuple[ValueView, ...]
    date: str
    language: str
    founded: str
    doubt: str
    known: tuple[str, ...]
    summary: str
    section: str = ""  # that a list points at
    section_url: str = ""


class PriceView(NamedTuple):
    """What a page says that something costs.

    ``months`` is how old the price is at least, -1 where nobody says; ``date`` is "2012–2014" for years.
    """

    what: str
    figure: str
    before: str  # of the quote
    shown: str  # the figure within the quote
    behind: str
    more: bool  # whether the quote says more than the figure and for what it is
    date: str
    roughly: bool  # whether it is only about of that date
    months: int
    heading: str
    url: str
    source: str
    source_url: str
    language: str


class HitView(NamedTuple):
    """A search result: the card of its document, with what this search makes of it."""

    card: CardView
    rank: int
    url: str
    snippet: Markup
    section: str
    section_url: str
    answers: str  # the stated question that was asked
    answers_url: str
    prices: tuple[PriceView, ...]
    why: tuple[str, ...]


def card_view(card: Card, site: Site) -> CardView:
    """A document in a list."""
    return _known_card(card, site.language, site.labels)


@lru_cache(maxsize=2048)
def _known_card(card: Card, language: str, labels: Labels) -> CardView:
    # One document is found by many searches, and what stands here depends on none of them.
    site = Site(language, labels)

    def values(facet: str, found: Sequence[str]) -> tuple[ValueView, ...]:
        return tuple([value_view(facet, each, site) for each in found])

    return CardView(
        doc_id=card.doc_id,
        slug=card.doc_id.rpartition("/")[2],
        kind=card.kind,
        title=card.title,
        title_zh=card.title_zh,
        url=site.document(card.doc_id),
        city=values("city", card.city),
        specialty=values("specialty", card.specialty),
        topic=values("topic", card.topic),
        profile=values("profile", card.profile),
        date=card.date,
        language=card.language or "en",
        founded=_FURTHER.sub("", card.founded),
        doubt=card.doubt,
        known=card.known,
        summary=card.summary,
    )


def mention_view(hit: Hit, site: Site) -> CardView:
    """A document in a list that points at the section which was found."""
    section = hit.section
    if not (section and section.heading and section.anchor):
        return card_view(hit.card, site)
    return _known_mention(hit.card, section.heading, section.anchor, site.language, site.labels)


@lru_cache(maxsize=1024)
def _known_mention(card: Card, heading: str, anchor: str, language: str, labels: Labels) -> CardView:
    known = _known_card(card, language, labels)
    return replace(known, section=heading, section_url=f"{known.url}#{_at(anchor)}")


def price_view(price: Price, url: str, language: str, today: date) -> PriceView:
    """A stated price below the address of its page."""
    at = price.quote.find(price.figure)
    end = at + len(price.figure) if at >= 0 else 0
    at = max(at, 0)
    return PriceView(
        price.what,
        price.figure,
        price.quote[:at],
        price.quote[at:end],
        price.quote[end:],
        price.quote.rstrip(".") != f"{price.what}: {price.figure}",
        price.date.removeprefix("about "),
        price.date.startswith("about "),
        months_since(price.date, today),
        price.heading,
        f"{url}#{_at(price.anchor)}" if price.anchor else url,
        price.source.publisher or price.source.title,
        price.source.url,
        language,
    )


def hit_view(hit: Hit, site: Site, query: str, asked: Question | None = None, prices: Sequence[Price] = ()) -> HitView:
    """A search result: a card with its snippet, its best section, the question it answers and why it is here."""
    card, section = card_view(hit.card, site), hit.section
    text, spans = readable(hit.snippet if hit.snippet.text else Snippet(hit.card.summary))
    url = card.url + asking(query) if query else card.url
    shown = section is not None and section.heading and section.anchor
    return HitView(
        card,
        hit.rank,
        url,
        marked(text, spans),
        section.heading if section and shown else "",
        f"{url}#{_at(section.anchor)}" if section and shown else "",
        asked.text if asked else "",
        (f"{url}#{_at(asked.anchor)}" if asked.anchor else url) if asked else "",
        tuple([price_view(each, url, card.language, date.today()) for each in prices]) if prices else (),
        _telling(hit.matched),
    )


@lru_cache(maxsize=1024)
def _telling(matched: tuple[str, ...]) -> tuple[str, ...]:
    # Hits of one search have mostly the same words.
    return tuple([reason for reason in matched if not is_small(reason)])


def value_view(facet: str, value: str, site: Site) -> ValueView:
    """A facet value with its label and the address of its page."""
    return _known_value(facet, value, site.language, site.labels)


@lru_cache(maxsize=4096)
def _known_value(facet: str, value: str, language: str, labels: Labels) -> ValueView:
    # The same values stand on every page; a typed one that is none is not worth forgetting them.
    site = Site(language, labels)
    return ValueView(value, site.label(facet, value), site.landing(facet, value))
