"""Turn an answer into what a template shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from indexer.model import FACETS, SORTS, Facet, Results
from indexer.slug import slug
from search_app.cards import HitView, ValueView, hit_view, value_view
from search_app.findings import TOO_LONG
from search_app.labels import Labels
from search_app.other_scripts import Told, told
from search_app.relax import Relaxation
from search_app.sayings import listed
from search_app.search import Answer
from search_app.site import Site
from search_app.state import FEED_PATH, SEARCH_PATH, Addresses, SearchState, last_page, state_of

PANEL = ("kind", "city", "specialty", "profile", "topic")  # order of the facets on a page
SHOWN_BUCKETS = 8  # the rest of a long facet folds away
AROUND = 2  # page links on each side of the current one


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
    url: str


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceView:
    """One facet value in the panel, where it can be chosen; ``slug`` may stand in the id of an element.

    There is one for a value and a language, chosen or not, known by its identity.
    """

    facet: str
    value: str
    label: str
    slug: str
    selected: bool


class CountedChoice(NamedTuple):
    """A value of the panel and the hits that choosing it gives."""

    choice: ChoiceView
    number: int


@dataclass(frozen=True, slots=True)
class FacetView:
    """One group of checkboxes: those shown at once and those that unfold."""

    name: str
    first: tuple[CountedChoice, ...]
    more: tuple[CountedChoice, ...]
    chosen: int
    unfolded: bool  # something in ``more`` is chosen


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


class NoticeView(NamedTuple):
    """What must be known before the results, and the page that states it: its address, title and language."""

    text: str
    url: str
    title: str
    language: str


@dataclass(frozen=True, slots=True)
class ResultsView:
    """Everything the results page shows."""

    state: SearchState
    total: int
    first: int
    last: int
    hits: tuple[HitView, ...]
    read: tuple[ChipView, ...]
    chips: tuple[ChipView, ...]
    facets: tuple[FacetView, ...]
    counted: bool  # whether any facet has a value
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
    filtered_out: bool
    words: int
    unknown_words: tuple[str, ...]
    notices: tuple[NoticeView, ...]
    told: tuple[Told, ...]  # to whoever typed in a script of no page
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


def results_view(answer: Answer, state: SearchState, site: Site) -> ResultsView:
    """The results page for an answer to ``state``."""
    results, reading = answer.results, answer.reading
    total, shown = results.total.value, len(results.hits)
    pages = last_page(total, state.per_page)
    past_end = state.page > pages
    meant = answer.did_you_mean
    path = site.path(SEARCH_PATH)
    links = Addresses(state, path)
    read = () if state.exact else _read_chips(answer, state, links, site)
    chips = _filter_chips(state, links, site)
    facets = tuple([_facet_view(results.facet(name), site) for name in PANEL])
    return ResultsView(
        state=state,
        total=total,
        first=state.offset + 1 if shown else 0,
        last=state.offset + shown,
        hits=tuple(
            [
                hit_view(hit, site, state.q, answer.asked.get(hit.doc_id), answer.prices.get(hit.doc_id, ()))
                for hit in results.hits
            ]
        ),
        read=read,
        chips=chips,
        facets=facets,
        counted=any(facet.first for facet in facets),
        pages=() if past_end else _page_links(state.page, pages, links),
        page_count=pages,
        past_end=past_end,
        previous_url=links.on_page(state.page - 1) if 1 < state.page <= pages else "",
        next_url=links.on_page(state.page + 1) if state.page < pages else "",
        last_url=links.on_page(pages),
        corrected=reading.corrected,
        shown_query=reading.used or state.q,
        as_typed_url=links.ignoring("spelling") if reading.corrected else "",
        exact_url=links.plain() if read else "",
        understood_url=site.search(state.understood()) if state.exact else "",
        did_you_mean=SuggestedSearch(meant.text, site.search(state_of(meant.request)), meant.count) if meant else None,
        relaxations=tuple(
            SuggestedSearch(_removed(each, state, site), site.search(state_of(each.request)), each.count)
            for each in answer.relaxations
        ),
        absent=answer.absent,
        complete=answer.complete_here,
        filtered_out=answer.complete > 0 and not answer.complete_here,
        words=len(reading.words()),
        unknown_words=(*reading.unknown, *reading.strange),
        notices=tuple(
            NoticeView(each.texts[site.language], site.document(each.doc_id), each.title, each.language)
            for each in answer.notices
        ),
        told=told(state.q),
        unknown_values=tuple(
            (each.facet, each.value, tuple(value_view(each.facet, near, site) for near in each.close))
            for each in answer.unknown_values
        ),
        notes=_notes((*reading.notes, *results.notes)),
        sorts=tuple((sort, links.sorted_by(sort), sort == state.sort) for sort in SORTS),
        clear_url=site.search(state.unfiltered()) if chips else "",
        feed_url=site.path(FEED_PATH) + links.on_page(1).removeprefix(path),
        canonical=links.on_page(state.page),
        took_ms=results.took_ms,
        generation=results.generation,
    )


def _notes(notes: Sequence[str]) -> tuple[str, ...]:
    """Notes without repeats; that a search is too long goes without saying where another one tells how much was cut."""
    cut = any(each.startswith("Only the first ") for each in notes)
    return tuple(dict.fromkeys(each for each in notes if each != TOO_LONG or not cut))


def counts_view(results: Results, site: Site, within: tuple[str, str] | None = None) -> dict[str, list[BucketView]]:
    """Facet values with their counts as ways in: to their pages or, ``within`` a value, to the searches of both."""

    def bucket(facet: str, value: str, count: int) -> BucketView:
        known = value_view(facet, value, site)
        if within is None:
            return BucketView(value, known.label, count, known.url)
        both = SearchState().with_values(within[0], [within[1]]).with_values(facet, [value])
        return BucketView(value, known.label, count, site.search(both))

    return {
        facet.name: [bucket(facet.name, value, count) for value, count in facet.counts.items() if count]
        for facet in results.facets
    }


@lru_cache(maxsize=4096)
def _choice(facet: str, value: str, selected: bool, language: str, labels: Labels) -> ChoiceView:
    return ChoiceView(facet, value, labels.label(facet, value, language), slug(value), selected)


def _removed(relaxation: Relaxation, state: SearchState, site: Site) -> str:
    """What a relaxation gives up, with facet values as the page calls them."""
    kept = relaxation.request
    values = [
        site.label(facet, value) for facet in PANEL for value in state.values(facet) if value not in kept.values(facet)
    ]
    return listed([*values, *([relaxation.words] if relaxation.words else [])], site)


def _read_chips(answer: Answer, state: SearchState, links: Addresses, site: Site) -> tuple[ChipView, ...]:
    chips = []
    seen = {(facet, value) for facet in FACETS for value in state.values(facet)}
    for each in answer.reading.found:
        if (each.facet, each.value) in seen:  # chosen, or read before: "cost" and "how much" say one thing
            continue
        seen.add((each.facet, each.value))
        count = answer.results.facet(each.facet).counts.get(each.value, 0)
        # Read values lift hits and never narrow; whoever wants only these can say so, if that leaves anything.
        only = links.toggled(each.facet, each.value) if 0 < count < answer.results.total.value else ""
        off = links.ignoring(f"{each.facet}:{each.value}")
        chips.append(ChipView(each.facet, site.label(each.facet, each.value), off, only))
    for each in answer.reading.excluded:
        off = links.ignoring(f"{each.facet}:{each.value}")
        chips.append(ChipView(each.facet, site.label(each.facet, each.value), off, excluded=True))
    return tuple(chips)


def _filter_chips(state: SearchState, links: Addresses, site: Site) -> tuple[ChipView, ...]:
    return tuple(
        ChipView(facet, site.label(facet, value), links.toggled(facet, value))
        for facet in PANEL
        for value in state.values(facet)
    )


def _facet_view(facet: Facet, site: Site) -> FacetView:
    name, chosen, language, labels = facet.name, facet.chosen, site.language, site.labels
    new = tuple.__new__  # what a named tuple's own constructor calls: a page has dozens of them
    choices = tuple([
        new(CountedChoice, (_choice(name, value, value in chosen, language, labels), count))
        for value, count in facet.counts.items()
    ])  # fmt: skip
    # What is chosen keeps its place, where people look for it again; a fold with something chosen in it is open.
    # A fold for one or two values is not worth it.
    cut = SHOWN_BUCKETS if len(choices) > SHOWN_BUCKETS + 2 else len(choices)
    first, more = choices[:cut], choices[cut:]
    unfolded = bool(chosen) and any(each.choice.selected for each in more)
    selected = sum(each.choice.selected for each in choices) if chosen else 0
    return FacetView(name, first, more, selected, unfolded)


def _page_links(current: int, pages: int, addresses: Addresses) -> tuple[PageView, ...]:
    if pages < 2:
        return ()
    near = range(max(1, current - AROUND), min(pages, current + AROUND) + 1)
    numbers = sorted({1, pages, *near})
    links: list[PageView] = []
    for before, number in zip([0, *numbers], numbers, strict=False):
        if number - before == 2:  # a gap of one page is that page
            links.append(PageView(number - 1, addresses.on_page(number - 1), far=True))
        elif number - before > 2:
            links.append(PageView(0))
        far = number not in (1, pages) and abs(number - current) > 1
        links.append(PageView(number, addresses.on_page(number), number == current, far))
    return tuple(links)
