"""Turn a document into what its page shows: facts, sections, sources, with the searched words marked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from markupsafe import Markup

from indexer.model import DEPARTMENTS, KNOWN_FOR, NATIONAL_LISTS, PROFILE_FACTS, Citation, Document, Fact, Question
from indexer.placings import Placing, placing_of
from search_app.cards import ValueView
from search_app.markup import Block, Marker, marked, prose, source_marker, word_marker
from search_app.sayings import placing_sentence, said_field, said_placing, said_value
from search_app.site import Site

_SPECIALTY_FACTS = ("specialties", "specialty")
_STATED_FACTS = frozenset((*_SPECIALTY_FACTS, *PROFILE_FACTS))
_FACETED_FACTS = frozenset((*_STATED_FACTS, "city", "status"))  # shown as links to their pages, or above the table
_LISTED_FACTS = (KNOWN_FOR, DEPARTMENTS)
_FROM_NAME = " (from the name)"
_LETTER = re.compile("[A-Za-z]")  # a year or number is of no language


@dataclass(frozen=True, slots=True)
class FactView:
    """One line of the fact table.

    Attributes:
        lang: Tag of the language that the value is in; empty where it is that of the page.
        placing: What it says of a national list, in the language of the page.
    """

    name: str
    value: Markup
    url: str
    sources: tuple[Markup, ...]
    lang: str = "en"
    placing: Placing | None = None


@dataclass(frozen=True, slots=True)
class StatedValue:
    """A facet value with what it is known from: sources, or the name of the hospital."""

    value: ValueView
    sources: tuple[Markup, ...]
    from_name: bool


@dataclass(frozen=True, slots=True)
class SectionView:
    """A stretch of the page under its heading; ``level`` is 2 or 3."""

    heading: Markup
    anchor: str
    level: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class FoundView:
    """A section that has searched words, and how many places are marked in it; the top of the page has no anchor."""

    heading: str
    anchor: str
    places: int


@dataclass(frozen=True, slots=True)
class SourceView:
    """Where a statement comes from."""

    anchor: str
    title: str
    publisher: str
    url: str
    date: str
    accessed: str


@dataclass(frozen=True, slots=True)
class DocumentView:
    """Everything that the page of one document shows of the document itself."""

    doc_id: str
    slug: str
    kind: str
    title: str
    title_zh: str
    aliases: tuple[str, ...]
    summary: Markup
    plain_summary: str
    date: str
    language: str
    city: tuple[ValueView, ...]
    specialty: tuple[ValueView, ...]
    topic: tuple[ValueView, ...]
    facts: tuple[FactView, ...]
    listed: dict[str, tuple[FactView, ...]]  # those of which a hospital states many, by their name
    table: tuple[FactView, ...]  # those that are neither listed nor placings
    placings: dict[str, tuple[FactView, ...]]  # those of national lists, by the list
    stated: tuple[StatedValue, ...]
    profile: tuple[StatedValue, ...]
    lead: tuple[Block, ...]
    sections: tuple[SectionView, ...]
    sources: tuple[SourceView, ...]
    questions: tuple[Question, ...]
    source_url: str
    source_host: str
    maps: tuple[tuple[str, str], ...]
    address: str
    status: FactView | None
    query: str
    found: tuple[FoundView, ...]


def document_view(
    document: Document, site: Site, query: str = "", more: Iterable[tuple[str, ...]] = ()
) -> DocumentView:
    """The page of a document; ``query`` holds the words that led here, ``more`` what else they were searched as."""
    mark = word_marker(query, more) if query else None
    sources = tuple(_source(citation, number) for number, citation in enumerate(document.citations, 1))
    anchors = tuple(source.anchor for source in sources)

    def values(facet: str) -> tuple[ValueView, ...]:
        found = document.values(facet)
        return tuple(ValueView(each, site.label(facet, each), site.landing(facet, each)) for each in found)

    lead = [section for section in document.sections if not section.heading]
    named = {fact.name.casefold(): fact for fact in document.facts}
    address = named["address"].value if "address" in named else ""
    summary = _mark(document.summary, mark)
    lead_blocks = tuple(
        block for section in lead for block in prose(_without(section.text, document.summary), mark, anchors)
    )
    sections = tuple(
        SectionView(
            _mark(section.heading, mark),
            section.anchor,
            3 if section.level > 2 else 2,
            prose(section.text, mark, anchors),
        )
        for section in document.sections
        if section.heading
    )
    facts = tuple(_fact(fact, anchors, site) for fact in document.facts if fact.name.casefold() not in _FACETED_FACTS)
    return DocumentView(
        doc_id=document.doc_id,
        slug=document.doc_id.rpartition("/")[2],
        kind=document.kind,
        title=document.title,
        title_zh=document.title_zh,
        aliases=tuple(alias for alias in document.aliases if alias not in (document.title, document.title_zh)),
        summary=summary,
        plain_summary=document.summary,
        date=document.date,
        language=document.language,
        city=values("city"),
        specialty=values("specialty"),
        topic=values("topic"),
        facts=facts,
        listed={
            name: found for name in _LISTED_FACTS if (found := tuple([each for each in facts if each.name == name]))
        },
        table=tuple([each for each in facts if each.name not in _LISTED_FACTS and not each.placing]),
        placings=_placings(facts),
        stated=tuple(_stated(value, document, anchors) for value in values("specialty")),
        profile=tuple(_stated(value, document, anchors) for value in values("profile")),
        lead=lead_blocks,
        sections=sections,
        sources=sources,
        questions=_by_section(document.questions),
        source_url=web_address(document.source_url),
        source_host=urlsplit(web_address(document.source_url)).hostname or "",
        maps=_maps(document, address),
        address=address,
        status=_fact(named["status"], anchors, site) if "status" in named else None,
        query=query,
        found=_found((summary, lead_blocks), sections) if mark else (),
    )


def _found(top: tuple[Markup, tuple[Block, ...]], sections: tuple[SectionView, ...]) -> tuple[FoundView, ...]:
    """Where the searched words stand: above the first heading, then section by section."""

    def places(text: Markup, blocks: tuple[Block, ...]) -> int:
        # Escaped text has no "<", so this counts only the marks that were set here.
        return sum(str(line).count("<mark>") for line in (text, *(line for block in blocks for line in block.lines)))

    counted = [
        FoundView("", "", places(*top)),
        *(FoundView(each.heading.striptags(), each.anchor, places(each.heading, each.blocks)) for each in sections),
    ]
    return tuple(each for each in counted if each.places)


def _by_section(questions: tuple[Question, ...]) -> tuple[Question, ...]:
    """The questions, the first one of each section before the others: whoever reads a few sees what all is answered."""
    first: dict[str, Question] = {}
    for each in questions:
        first.setdefault(each.anchor, each)
    return (*first.values(), *(each for each in questions if first[each.anchor] is not each))


def web_address(text: str) -> str:
    """The text if it is an http address that a link may have, else nothing: a page from anywhere may say anything."""
    text = text.strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.hostname else ""


def _mark(text: str, mark: Marker | None) -> Markup:
    return marked(text, mark(text) if mark else ())


def _without(text: str, summary: str) -> str:
    # The summary stands above the facts; a lead that repeats it would be read twice.
    return "\n".join(line for line in text.split("\n") if line.strip() != summary.strip())


def _source(citation: Citation, number: int) -> SourceView:
    return SourceView(
        anchor=citation.anchor or f"source-{number}",
        title=citation.title or citation.url,
        publisher=citation.publisher,
        url=web_address(citation.url),
        date=citation.date,
        accessed=citation.accessed,
    )


def _placings(facts: tuple[FactView, ...]) -> dict[str, tuple[FactView, ...]]:
    found: dict[str, list[FactView]] = {}
    for fact in facts:
        if fact.placing:
            found.setdefault(fact.placing.source, []).append(fact)
    return {source: tuple(views) for source, views in found.items()}


def _fact(fact: Fact, anchors: tuple[str, ...], site: Site) -> FactView:
    placing = placing_of(fact.value) if fact.name == NATIONAL_LISTS else None
    said = fact.value
    if placing and not site.tag.startswith("en"):
        said = placing_sentence(placing, site)
    elif fact.name in _LISTED_FACTS:
        said = said_field(fact.value, site)
    elif fact.name != NATIONAL_LISTS:
        said = said_value(fact.value, site)
    return FactView(
        fact.name,
        marked(said, ()),
        web_address(fact.value),
        _markers(fact, anchors),
        "en" if said == fact.value and _LETTER.search(said) else "",
        said_placing(placing, site) if placing else None,
    )


def _markers(fact: Fact, anchors: tuple[str, ...]) -> tuple[Markup, ...]:
    return tuple(
        source_marker(anchors.index(source) + 1, source)
        for source in (each.removeprefix("#") for each in fact.sources)
        if source in anchors
    )


def _stated(value: ValueView, document: Document, anchors: tuple[str, ...]) -> StatedValue:
    """A facet value with the sources of the fact that states it ("Oncology", "Oncology (from the name)")."""
    for fact in document.facts:
        if fact.name.casefold() in _STATED_FACTS and fact.value in (value.value, value.value + _FROM_NAME):
            return StatedValue(value, _markers(fact, anchors), fact.value.endswith(_FROM_NAME))
    return StatedValue(value, (), False)


def _maps(document: Document, address: str) -> tuple[tuple[str, str], ...]:
    """Map searches as (name of the map, address): the Chinese name finds more in China than an English street."""
    if document.kind != "hospital" or not (address or document.title_zh):
        return ()
    city = document.city[0] if document.city else ""
    wanted = document.title_zh or f"{document.title}, {city}"
    return (
        ("OpenStreetMap", "https://www.openstreetmap.org/search?query=" + quote(wanted)),
        ("Amap (高德地图)", "https://uri.amap.com/search?keyword=" + quote(wanted)),
    )
