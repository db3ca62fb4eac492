"""The data that passes between rooms: pages, documents, queries and results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

KINDS = ("hospital", "article")
FACETS = ("city", "specialty", "topic", "profile", "kind")
SORTS = ("relevance", "title", "date")
PROFILE_FACTS = frozenset(("profile", "医院类型"))  # folded names of facts whose values are a facet
KNOWN_FOR, DEPARTMENTS = "Known for", "Departments"  # facts of a hospital, one for each field
NATIONAL_LISTS = "National lists"  # facts of a hospital, one for each list that has it (``indexer.placings``)
MAX_WINDOW = 10_000  # offset + limit; the default window of a distributed engine, so pages never differ

# ---------------------------------------------------------------------------------------------------------------------
# From a corpus file to a document


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a page under one heading; the lead of a page has an empty heading and anchor."""

    heading: str
    anchor: str
    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a statement of a page comes from; ``anchor`` is the marker in the text ("source-1")."""

    title: str
    url: str
    publisher: str = ""
    date: str = ""
    accessed: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One stated property of a hospital, ready to show: label, value, and the anchors of its sources."""

    name: str
    value: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question that a page says it answers; ``anchor`` is that of the section with the answer, empty for the top."""

    text: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """What a page says that something costs.

    Attributes:
        what: For what, in the words of the page.
        figure: The price as the page writes it, with what it says beside it ("about RMB 2,000 a night").
        quote: The sentence or list item that says so, without markers of sources.
        heading, anchor: The section in which it stands.
        source: Where the page has it from.
        date: Of when the price is (YYYY, YYYY-MM or YYYY-MM-DD; "2012–2014" for years, "about 2020"), or empty where
            nobody says.
        words: The stems of what it is for and of the sentence, each once: a search only has to compare them.
    """

    what: str
    figure: str
    quote: str
    heading: str
    anchor: str
    source: Citation
    date: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Basis:
    """Why a document has a facet value: declared by the page, or inferred, and from which words."""

    facet: str
    value: str
    how: str  # "declared" or "inferred"
    evidence: str


@dataclass(frozen=True, slots=True)
class Cut:
    """A run of text that was left out of a page, and why."""

    reason: str
    chars: int
    sample: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a page's visible text, in characters: ``kept + sum(cut.chars) == seen``."""

    seen: int
    kept: int
    cuts: tuple[Cut, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A link inside a page's main content: where it points, and its words."""

    href: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """One parsed file, before anything was classified."""

    doc_id: str
    path: str
    kind: str  # "" when the page does not say
    title: str
    title_source: str
    sections: tuple[Section, ...]
    title_zh: str = ""
    aliases: tuple[str, ...] = ()
    summary: str = ""
    date: str = ""
    language: str = ""
    source_url: str = ""
    declared: tuple[Basis, ...] = ()  # facet values as the page words them, not yet canonical
    hints: tuple[str, ...] = ()  # breadcrumb and label lines: evidence for classification, never text
    facts: tuple[Fact, ...] = ()
    citations: tuple[Citation, ...] = ()
    questions: tuple[Question, ...] = ()  # as the page declares them: an anchor may be wrong
    links: tuple[Link, ...] = ()
    warnings: tuple[str, ...] = ()
    receipt: Receipt = Receipt(0, 0)


def date_number(date: str) -> int:
    """A date (YYYY, YYYY-MM or YYYY-MM-DD) as one number that sorts by time; 0 for none."""
    digits = (date.replace("-", "") + "0000")[:8]
    return int(digits) if date and digits.isascii() and digits.isdigit() else 0


@dataclass(frozen=True, slots=True)
class Document:
    """What the index holds, known by ``doc_id`` (for example ``hospitals/shanghai-eye-hospital``)."""

    doc_id: str
    kind: str
    title: str
    sections: tuple[Section, ...]
    title_zh: str = ""
    aliases: tuple[str, ...] = ()
    summary: str = ""
    city: tuple[str, ...] = ()
    specialty: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    date: str = ""
    language: str = ""
    source_url: str = ""
    facts: tuple[Fact, ...] = ()
    citations: tuple[Citation, ...] = ()
    questions: tuple[Question, ...] = ()
    links: tuple[Link, ...] = ()
    basis: tuple[Basis, ...] = ()
    warnings: tuple[str, ...] = ()
    receipt: Receipt = Receipt(0, 0)
    doubt: str = ""  # what its page says when it may not be open
    prices: tuple[Price, ...] = ()

    def values(self, facet: str) -> tuple[str, ...]:
        """Values of one facet; raises ``KeyError`` for a name that is not in ``FACETS``."""
        if facet == "kind":
            return (self.kind,)
        if facet not in FACETS:
            raise KeyError(facet)
        found: tuple[str, ...] = getattr(self, facet)
        return found

    @property
    def url(self) -> str:
        """Address of the document on the site, from its id."""
        return "/" + self.doc_id


# ---------------------------------------------------------------------------------------------------------------------
# The query: a tree of what must match, and filters that never score


@dataclass(frozen=True, slots=True)
class Term:
    """One analysed token; inflections of the same stem match too, below the exact form, unless ``exact``.

    ``fields`` limits where it may stand (empty: anywhere). ``reason`` is how the hit is explained.
    """

    text: str
    fields: tuple[str, ...] = ()
    weight: float = 1.0
    exact: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens next to each other, in this order, within one field; each may be inflected unless ``exact``."""

    terms: tuple[str, ...]
    fields: tuple[str, ...] = ()
    weight: float = 1.0
    exact: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Prefix:
    """Any word that starts with ``text``; an engine takes the most frequent ones up to a limit of its own."""

    text: str
    fields: tuple[str, ...] = ()
    weight: float = 1.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Concept:
    """Several ways to say one thing: matches where any member does, and scores once."""

    members: tuple[Term | Phrase | Prefix, ...]


@dataclass(frozen=True, slots=True)
class FacetIs:
    """Documents that have a facet value; never scores."""

    facet: str
    value: str


@dataclass(frozen=True, slots=True)
class DocumentIs:
    """Named documents; ``weight`` is added to their score (an exact name outranks everything)."""

    doc_ids: tuple[str, ...]
    weight: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class And:
    """All children match."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least ``minimum`` children match; with 0 the children only score."""

    children: tuple[Node, ...]
    minimum: int = 1


@dataclass(frozen=True, slots=True)
class Not:
    """The child does not match; nothing below it scores."""

    child: Node


@dataclass(frozen=True, slots=True)
class Everything:
    """All documents."""


Leaf = Concept | Term | Phrase | Prefix | FacetIs | DocumentIs | Everything
Node = Leaf | And | Or | Not


@dataclass(frozen=True, slots=True)
class Boost:
    """Adds ``weight`` to the score of documents that have a facet value; never decides whether they match."""

    facet: str
    value: str
    weight: float


@dataclass(frozen=True, slots=True)
class Filter:
    """Chosen values of one facet: a document needs any of them."""

    facet: str
    values: tuple[str, ...]


class Query(NamedTuple):
    """What an engine is asked: a tree, filters, what to count, how to order, and which hits to show."""

    root: Node
    filters: tuple[Filter, ...] = ()
    boosts: tuple[Boost, ...] = ()
    facets: tuple[str, ...] = FACETS
    sort: str = "relevance"
    offset: int = 0
    limit: int = 10
    explain: bool = False

    def chosen(self, facet: str) -> tuple[str, ...]:
        """Values chosen in one facet, empty when none."""
        return tuple(value for each in self.filters if each.facet == facet for value in each.values)


# ---------------------------------------------------------------------------------------------------------------------
# Results


class Count(NamedTuple):
    """How many; ``exact`` is False where a distributed engine gave a bound or an estimate."""

    value: int
    exact: bool = True


class Snippet(NamedTuple):
    """Text to show under a hit, with ``spans`` (start, end) of matched words in characters; never markup."""

    text: str = ""
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class SectionRef:
    """Heading and anchor of the section that answers best; ``index`` is its place in the document, from 0."""

    heading: str
    anchor: str
    index: int


@dataclass(frozen=True, slots=True)
class Weight:
    """One line of an explanation: what matched and what it added to the score."""

    reason: str
    score: float


@dataclass(frozen=True, slots=True)
class Card:
    """What a result list shows of a document, without its text."""

    doc_id: str
    kind: str
    title: str
    title_zh: str = ""
    aliases: tuple[str, ...] = ()
    summary: str = ""
    city: tuple[str, ...] = ()
    specialty: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    date: str = ""
    language: str = ""
    founded: str = ""
    doubt: str = ""
    known: tuple[str, ...] = ()  # fields that its page says it is known for, and those it names a department for
    departments: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()  # its places in national lists, as its page words them
    questions: tuple[Question, ...] = ()
    prices: tuple[Price, ...] = ()

    def __hash__(self) -> int:
        # A card is looked up dozens of times in a search; to hash all of it each time would be a hundredth of a page.
        return hash(self.doc_id)

    @property
    def url(self) -> str:
        """Address of the document on the site, from its id."""
        return "/" + self.doc_id


def card_of(document: Document) -> Card:
    """What a result list shows of a document."""
    founded = next((fact.value for fact in document.facts if fact.name.casefold() == "founded"), "")
    return Card(
        document.doc_id,
        document.kind,
        document.title,
        document.title_zh,
        document.aliases,
        document.summary,
        document.city,
        document.specialty,
        document.topic,
        document.date,
        document.language,
        founded,
        document.doubt,
        _stated(document, KNOWN_FOR),
        _stated(document, DEPARTMENTS),
        document.profile,
        _stated(document, NATIONAL_LISTS),
        document.questions,
        document.prices,
    )


def _stated(document: Document, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fact.value for fact in document.facts if fact.name == name))


class Hit(NamedTuple):
    """One ranked document: ``rank`` counts from 1 over the whole result, not the page."""

    rank: int
    score: float
    card: Card
    snippet: Snippet = Snippet()
    section: SectionRef | None = None
    matched: tuple[str, ...] = ()
    explanation: tuple[Weight, ...] = ()

    @property
    def doc_id(self) -> str:
        """Id of the document."""
        return self.card.doc_id


@dataclass(frozen=True, slots=True)
class Bucket:
    """One facet value with the exact number of hits that choosing it gives."""

    value: str
    count: Count
    selected: bool = False


class Facet(NamedTuple):
    """How many hits choosing each value of a facet gives: most first, then by value; a chosen one is listed even at 0.

    An answer has some hundred values, of which a page shows a few: they become ``buckets`` when somebody looks.
    """

    name: str
    counts: Mapping[str, int]
    chosen: tuple[str, ...] = ()

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """The values in their order, each with its count and whether it was chosen."""
        return tuple([Bucket(value, Count(number), value in self.chosen) for value, number in self.counts.items()])


class Results(NamedTuple):
    """A complete answer: usable after the searcher is closed, with nothing of an engine inside."""

    query: Query
    total: Count
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...]
    generation: str
    took_ms: float = 0.0
    notes: tuple[str, ...] = ()

    def facet(self, name: str) -> Facet:
        """The facet of that name; an empty one when it was not counted."""
        for facet in self.facets:
            if facet.name == name:
                return facet
        return Facet(name, {})


@dataclass(frozen=True, slots=True)
class IndexStats:
    """What an engine holds: live documents and where they stand."""

    generation: str
    documents: int
    schema_version: int
    built_at: str = ""
    counts: tuple[Facet, ...] = field(default=())
    engine: str = ""
