"""Turn an answer into what a template shows and into the JSON of the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from indexer.model import FACETS, SORTS, Bucket, Card, Document, Facet, Hit, Results, Snippet
from indexer.slug import slug
from search_app.labels import default_labels
from search_app.markup import is_small, marked, pieces, readable
from search_app.relax import Relaxation
from search_app.search import Answer
from search_app.site import Site
from search_app.state import API_PATH, FEED_PATH, SearchState, last_page, state_of
from search_app.suggest import Suggestion, Suggestions

PANEL = ("kind", "city", "specialty", "topic")  # order of the facets on a page
SHOWN_BUCKETS = 8  # the rest of a long facet folds away
AROUND = 2  # page links on each side of the current one
_NOTHING = Markup("")


@dataclass(frozen=True, slots=True)
class ValueView:
    """A facet value as a word with its page."""

    value: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class CardView:
    """What stands for a document in a list."""

    doc_id: str
    slug: str
    kind: str
    title: str
    title_zh: str
    url: str
    city: tuple[ValueView, ...]
    specialty: tuple[ValueView, ...]
    topic: tuple[ValueView, ...]
    date: str
    language: str
    founded: str
    summary: str
    rank: int = 0
    snippet: Markup = _NOTHING
    section: str = ""
    section_url: str = ""
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChipView:
    """A limit on the search, or something read from the words, with the link that lifts it.

    ``only_url`` makes a filter of what was read; ``excluded`` was read as unwanted.
    """

    facet: str
    label: str
    url: str
    only_url: str = ""
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class BucketView:
    """One facet value with its count and where it leads."""

    value: str
    label: str
    count: int
    selected: bool
    url: str = ""  # where it leads when it is a link; in the panel it is a checkbox

    @property
    def slug(self) -> str:
        """What may stand in the id of an element."""
        return slug(self.value)


@dataclass(frozen=True, slots=True)
class FacetView:
    """One group of checkboxes: those shown at once and those that unfold."""

    name: str
    first: tuple[BucketView, ...]
    more: tuple[BucketView, ...]
    chosen: int


@dataclass(frozen=True, slots=True)
class PageView:
    """One link of the page list; ``number`` 0 is a gap, a ``far`` one gives way on a narrow screen."""

    number: int
    url: str = ""
    current: bool = False
    far: bool = False


@dataclass(frozen=True, slots=True)
class SuggestedSearch:
    """Another search with the number of hits it has."""

    label: str
    url: str
    total: int


@dataclass(frozen=True, slots=True)
class ResultsView:
    """Everything the results page shows."""

    state: SearchState
    total: int
    first: int
    last: int
    cards: tuple[CardView, ...]
    read: tuple[ChipView, ...]
    chips: tuple[ChipView, ...]
    facets: tuple[FacetView, ...]
    pages: tuple[PageView, ...]
    page_count: int
    past_end: bool
    previous_url: str
    next_url: str
    last_url: str
    corrected: tuple[tuple[str, str], ...]
    shown_query: str
    as_typed_url: str
    exact_url: str
    understood_url: str
    did_you_mean: SuggestedSearch | None
    relaxations: tuple[SuggestedSearch, ...]
    absent: int
    complete: int
    words: int
    unknown_words: tuple[str, ...]
    unknown_values: tuple[tuple[str, str, tuple[ValueView, ...]], ...]
    notes: tuple[str, ...]
    sorts: tuple[tuple[str, str, bool], ...]
    clear_url: str
    feed_url: str
    canonical: str
    took_ms: float
    generation: str


# ---------------------------------------------------------------------------------------------------------------------
# For a template


def card_view(card: Card, site: Site, query: str = "") -> CardView:
    """A document in a list that is not a search result."""

    def values(facet: str, found: Sequence[str]) -> tuple[ValueView, ...]:
        return tuple(ValueView(each, site.label(facet, each), site.landing(facet, each)) for each in found)

    return CardView(
        doc_id=card.doc_id,
        slug=card.doc_id.rpartition("/")[2],
        kind=card.kind,
        title=card.title,
        title_zh=card.title_zh,
        url=site.document(card.doc_id, query),
        city=values("city", card.city),
        specialty=values("specialty", card.specialty),
        topic=values("topic", card.topic),
        date=card.date,
        language=card.language or "en",
        founded=card.founded,
        summary=card.summary,
    )


def hit_view(hit: Hit, site: Site, query: str) -> CardView:
    """A search result: a card with its snippet, its best section and why it is here."""
    card = card_view(hit.card, site, query)
    section = hit.section
    text, spans = readable(hit.snippet if hit.snippet.text else Snippet(card.summary))
    at = site.document(hit.doc_id, query, section.anchor) if section and section.heading and section.anchor else ""
    return CardView(
        **{name: getattr(card, name) for name in CardView.__slots__ if name not in _HIT_FIELDS},
        rank=hit.rank,
        snippet=marked(text, spans),
        section=section.heading if section and at else "",
        section_url=at,
        why=tuple(reason for reason in hit.matched if not is_small(reason)),
    )


_HIT_FIELDS = frozenset(("rank", "snippet", "section", "section_url", "why"))


def results_view(answer: Answer, state: SearchState, site: Site) -> ResultsView:
    """The results page for an answer to ``state``."""
    results, reading = answer.results, answer.reading
    total, shown = results.total.value, len(results.hits)
    pages = last_page(total, state.per_page)
    past_end = state.page > pages
    meant = answer.did_you_mean
    read = () if state.exact else _read_chips(answer, state, site)
    return ResultsView(
        state=state,
        total=total,
        first=state.offset + 1 if shown else 0,
        last=state.offset + shown,
        cards=tuple(hit_view(hit, site, state.q) for hit in results.hits),
        read=read,
        chips=_filter_chips(state, site),
        facets=tuple(_facet_view(results.facet(name), site) for name in PANEL),
        pages=() if past_end else _page_links(state, pages, site),
        page_count=pages,
        past_end=past_end,
        previous_url=site.search(state.on_page(state.page - 1)) if 1 < state.page <= pages else "",
        next_url=site.search(state.on_page(state.page + 1)) if state.page < pages else "",
        last_url=site.search(state.on_page(pages)),
        corrected=reading.corrected,
        shown_query=reading.used or state.q,
        as_typed_url=site.search(state.as_typed()),
        exact_url=site.search(state.plain()),
        understood_url=site.search(state.understood()),
        did_you_mean=SuggestedSearch(meant.text, site.search(state_of(meant.request)), meant.count) if meant else None,
        relaxations=tuple(
            SuggestedSearch(_removed(each, state, site), site.search(state_of(each.request)), each.count)
            for each in answer.relaxations
        ),
        absent=answer.absent,
        complete=answer.complete,
        words=len(reading.words()),
        unknown_words=reading.unknown,
        unknown_values=tuple(
            (each.facet, each.value, tuple(value_view(each.facet, near, site) for near in each.close))
            for each in answer.unknown_values
        ),
        notes=tuple(dict.fromkeys((*reading.notes, *results.notes))),
        sorts=tuple((sort, site.search(state.sorted_by(sort)), sort == state.sort) for sort in SORTS),
        clear_url=site.search(state.unfiltered()),
        feed_url=site.path(state.on_page(1).address(FEED_PATH)),
        canonical=site.search(state),
        took_ms=results.took_ms,
        generation=results.generation,
    )


def counts_view(results: Results, site: Site, within: tuple[str, str] | None = None) -> dict[str, list[BucketView]]:
    """Facet values with their counts as ways in: to their pages or, ``within`` a value, to the searches of both."""

    def url(facet: str, value: str) -> str:
        if within is None:
            return site.landing(facet, value)
        return site.search(SearchState().with_values(within[0], [within[1]]).with_values(facet, [value]))

    return {
        facet.name: [
            BucketView(
                each.value, site.label(facet.name, each.value), each.count.value, False, url(facet.name, each.value)
            )
            for each in facet.buckets
            if each.count.value
        ]
        for facet in results.facets
    }


def value_view(facet: str, value: str, site: Site) -> ValueView:
    """A facet value with its label and the address of its page."""
    return ValueView(value, site.label(facet, value), site.landing(facet, value))


def _removed(relaxation: Relaxation, state: SearchState, site: Site) -> str:
    """What a relaxation gives up, with facet values as the page calls them."""
    kept = relaxation.request
    values = [
        site.label(facet, value) for facet in PANEL for value in state.values(facet) if value not in kept.values(facet)
    ]
    return ", ".join([*values, *([relaxation.words] if relaxation.words else [])])


def _read_chips(answer: Answer, state: SearchState, site: Site) -> tuple[ChipView, ...]:
    chips = []
    seen = {(facet, value) for facet in FACETS for value in state.values(facet)}
    for each in answer.reading.found:
        if (each.facet, each.value) in seen:  # chosen, or read before: "cost" and "how much" say one thing
            continue
        seen.add((each.facet, each.value))
        count = next((b.count.value for b in answer.results.facet(each.facet).buckets if b.value == each.value), 0)
        # Read values lift hits and never narrow; whoever wants only these can say so, if that leaves anything.
        only = site.search(state.toggled(each.facet, each.value)) if 0 < count < answer.results.total.value else ""
        off = site.search(state.without_reading(each.facet, each.value))
        chips.append(ChipView(each.facet, site.label(each.facet, each.value), off, only))
    for each in answer.reading.excluded:
        off = site.search(state.without_reading(each.facet, each.value))
        chips.append(ChipView(each.facet, site.label(each.facet, each.value), off, excluded=True))
    return tuple(chips)


def _filter_chips(state: SearchState, site: Site) -> tuple[ChipView, ...]:
    return tuple(
        ChipView(facet, site.label(facet, value), site.search(state.toggled(facet, value)))
        for facet in PANEL
        for value in state.values(facet)
    )


def _facet_view(facet: Facet, site: Site) -> FacetView:
    buckets = [
        BucketView(
            value=each.value,
            label=site.label(facet.name, each.value),
            count=each.count.value,
            selected=each.selected,
        )
        for each in facet.buckets
    ]
    # What is chosen keeps its place, where people look for it again; a fold with something chosen in it is open.
    chosen = sum(bucket.selected for bucket in buckets)
    # A fold for one or two values is not worth it.
    cut = SHOWN_BUCKETS if len(buckets) > SHOWN_BUCKETS + 2 else len(buckets)
    return FacetView(facet.name, tuple(buckets[:cut]), tuple(buckets[cut:]), chosen)


def _page_links(state: SearchState, pages: int, site: Site) -> tuple[PageView, ...]:
    if pages < 2:
        return ()
    near = range(max(1, state.page - AROUND), min(pages, state.page + AROUND) + 1)
    numbers = sorted({1, pages, *near})
    links: list[PageView] = []
    for before, number in zip([0, *numbers], numbers, strict=False):
        if number - before == 2:  # a gap of one page is that page
            links.append(PageView(number - 1, site.search(state.on_page(number - 1)), far=True))
        elif number - before > 2:
            links.append(PageView(0))
        far = number not in (1, pages) and abs(number - state.page) > 1
        links.append(PageView(number, site.search(state.on_page(number)), number == state.page, far))
    return tuple(links)


# ---------------------------------------------------------------------------------------------------------------------
# For a program


def answer_json(answer: Answer, state: SearchState) -> dict[str, Any]:
    """The answer of ``/api/v1/search``; links stay within the API, but for those of documents."""
    results, reading = answer.results, answer.reading
    pages = last_page(results.total.value, state.per_page)
    meant = answer.did_you_mean

    def to(other: SearchState) -> str:
        return other.address(API_PATH)

    return {
        "query": state.q,
        "total": results.total.value,
        "page": state.page,
        "pages": pages,
        "per_page": state.per_page,
        "sort": state.sort,
        "took_ms": round(results.took_ms, 3),
        "generation": results.generation,
        "interpretation": {
            "used": reading.used,
            "corrected": dict(reading.corrected),
            **{facet: list(reading.values(facet)) for facet in FACETS},
            "excluded": [{"facet": each.facet, "value": each.value} for each in reading.excluded],
            "exact": reading.exact or None,
            "unknown": list(reading.unknown),
            "absent": answer.absent,
            "complete": answer.complete,
            "notes": list(answer.applied),
            "exact_url": to(state.plain()),
        },
        "hits": [hit_json(hit) for hit in results.hits],
        "facets": {
            facet: [_bucket_json(facet, each, state) for each in results.facet(facet).buckets] for facet in FACETS
        },
        "unknown_values": [
            {"facet": each.facet, "value": each.value, "close": list(each.close)} for each in answer.unknown_values
        ],
        "relaxations": [
            {"label": each.label, "total": each.count, "url": to(state_of(each.request))} for each in answer.relaxations
        ],
        "did_you_mean": {"query": meant.text, "total": meant.count, "url": to(state_of(meant.request))}
        if meant
        else None,
        "first": to(state.on_page(1)),
        "last": to(state.on_page(pages)),
        "next": to(state.on_page(state.page + 1)) if state.page < pages else None,
        "previous": to(state.on_page(min(state.page - 1, pages))) if state.page > 1 else None,
    }


def hit_json(hit: Hit) -> dict[str, Any]:
    """One hit of the API."""
    card, section = hit.card, hit.section
    text, spans = readable(hit.snippet)
    found: dict[str, Any] = {
        "rank": hit.rank,
        "id": card.doc_id,
        "kind": card.kind,
        "title": card.title,
        "title_zh": card.title_zh or None,
        "url": card.url,
        "city": list(card.city),
        "specialty": list(card.specialty),
        "topic": list(card.topic),
        "date": card.date or None,
        "score": round(hit.score, 4),
        "snippet": [{"text": piece.text, "highlight": piece.highlight} for piece in pieces(text, spans)],
        "section": {"heading": section.heading, "anchor": section.anchor} if section and section.heading else None,
        "matched": list(hit.matched),
    }
    if hit.explanation:
        found["explanation"] = [{"reason": each.reason, "score": round(each.score, 4)} for each in hit.explanation]
    return found


def document_json(document: Document, generation: str = "") -> dict[str, Any]:
    """One document of the API, with all its text."""
    return {
        "id": document.doc_id,
        "kind": document.kind,
        "title": document.title,
        "title_zh": document.title_zh or None,
        "aliases": list(document.aliases),
        "url": document.url,
        "summary": document.summary,
        "city": list(document.city),
        "specialty": list(document.specialty),
        "topic": list(document.topic),
        "date": document.date or None,
        "language": document.language or None,
        "source_url": document.source_url or None,
        "facts": [{"name": each.name, "value": each.value, "sources": list(each.sources)} for each in document.facts],
        "sections": [
            {"heading": each.heading, "anchor": each.anchor, "level": each.level, "text": each.text}
            for each in document.sections
        ],
        "citations": [
            {
                "title": each.title,
                "url": each.url,
                "publisher": each.publisher or None,
                "date": each.date or None,
                "anchor": each.anchor,
            }
            for each in document.citations
        ],
        "basis": [
            {"facet": each.facet, "value": each.value, "how": each.how, "evidence": each.evidence}
            for each in document.basis
        ],
        "generation": generation,
    }


def _bucket_json(facet: str, bucket: Bucket, state: SearchState) -> dict[str, Any]:
    return {
        "value": bucket.value,
        "label": default_labels().label(facet, bucket.value),
        "count": bucket.count.value,
        "selected": bucket.selected,
        "url": state.toggled(facet, bucket.value).address(API_PATH),
    }


def suggestions_json(found: Suggestions) -> dict[str, Any]:
    """The answer of ``/api/v1/suggest``: all groups in one list, in the order in which they are shown."""
    return {"query": found.text, "suggestions": [_suggestion_json(each) for each in found.all()]}


def completions(found: Suggestions, site: Site) -> list[tuple[str, str, str]]:
    """Suggestions for a browser's address bar: text, what it is, whole address."""
    rows = []
    for each in found.all():
        path = _suggestion_json(each)["url"]
        label = site.label(each.facet, each.value) if each.facet else each.text
        rows.append((label, each.group, site.absolute(site.path(path))))
    return rows


def _suggestion_json(each: Suggestion) -> dict[str, Any]:
    site = Site("en", default_labels())
    if each.doc_id:
        url = site.document(each.doc_id)
    elif each.facet:
        url = site.landing(each.facet, each.value)
    else:
        url = site.search(SearchState(q=each.text))
    found: dict[str, Any] = {"group": each.group, "text": each.text, "url": url}
    if each.text_zh:
        found["label_zh"] = each.text_zh
    if each.facet:
        found["label_zh"] = site.labels.label(each.facet, each.value, "zh")
        found |= {"facet": each.facet, "value": each.value}
    if each.doc_id:
        found["id"] = each.doc_id
    if each.count:
        found["count"] = each.count
    return found
