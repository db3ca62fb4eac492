"""Answer a search: read the words, ask the engine, and find a way on when there is no hit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from indexer.engines import Searcher
from indexer.model import FACETS, MAX_WINDOW, Count, Filter, Query, Results
from search_app.reading import Reading
from search_app.relax import DidYouMean, Relaxation, allowed_absences, did_you_mean, relaxations
from search_app.request import MAX_PER_PAGE, SearchRequest
from search_app.understand import read
from search_app.words import Words, default_words

__all__ = ["Answer", "SearchRequest", "UnknownValue", "answer"]


@dataclass(frozen=True, slots=True)
class UnknownValue:
    """A chosen facet value that the vocabulary does not have, with values that are spelled like it."""

    facet: str
    value: str
    close: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that a face shows of one search.

    Attributes:
        request: As it was asked, with facet values as the vocabulary spells them.
        reading: How the words were read.
        results: Hits, exact counts, facets.
        page: The page asked for, from 1.
        pages: Pages there are, at least 1; a page past them has no hits.
        absent: Wanted words a hit may lack, because no page has them all; 0 when all hold.
        relaxations: One thing less each, with hits; only when there are none.
        did_you_mean: Another spelling with hits; only when nothing has all words.
        unknown_values: Chosen values that do not exist.
        applied: What was corrected, left out or given up, as plain sentences.
    """

    request: SearchRequest
    reading: Reading
    results: Results
    page: int
    pages: int
    absent: int = 0
    relaxations: tuple[Relaxation, ...] = ()
    did_you_mean: DidYouMean | None = None
    unknown_values: tuple[UnknownValue, ...] = ()
    applied: tuple[str, ...] = ()

    @property
    def past_end(self) -> bool:
        """Whether the page asked for lies behind the last one."""
        return self.page > self.pages

    @property
    def last_page(self) -> int:
        """The last page that has hits, at least 1."""
        return self.pages


def answer(request: SearchRequest, searcher: Searcher, words: Words | None = None) -> Answer:
    """The answer to a request; ``words`` is the vocabulary, that of the program when None.

    Raises:
        QueryError: For an order that does not exist.
    """
    vocabulary = words or default_words()
    request, unknown_values = _canonical(request, vocabulary)
    reading = _read(request, searcher, vocabulary)
    absent = 0
    results = _ask(request, reading.query, searcher)
    if not results.total.value and reading.words():
        absent = _absent(request, reading, searcher)
        if absent:
            results = _ask(request, reading.relaxed(absent), searcher)
    offered: tuple[Relaxation, ...] = ()
    meant: DidYouMean | None = None
    if not results.total.value or absent:

        def total(other: SearchRequest) -> int:
            return _total(other, searcher, vocabulary)

        if not results.total.value and not unknown_values:
            offered = relaxations(request, reading, total)
        meant = did_you_mean(request, reading, searcher.lexicon, vocabulary, total)
    pages = max(1, -(-min(results.total.value, MAX_WINDOW) // request.per_page))
    return Answer(
        request=request,
        reading=reading,
        results=results,
        page=request.page,
        pages=pages,
        absent=absent,
        relaxations=offered,
        did_you_mean=meant,
        unknown_values=unknown_values,
        applied=_applied(reading, absent, unknown_values),
    )


def _canonical(request: SearchRequest, words: Words) -> tuple[SearchRequest, tuple[UnknownValue, ...]]:
    """The request with values as the vocabulary spells them and numbers within bounds, and what it does not know."""
    unknown: list[UnknownValue] = []
    chosen: dict[str, tuple[str, ...]] = {}
    for facet in FACETS:
        values = request.values(facet)
        if values:
            known = {value: words.facets.canonical(facet, value) for value in values}
            strange = [value for value in known if not known[value]]
            unknown += [UnknownValue(facet, value, words.facets.close(facet, value)) for value in strange]
            chosen[facet] = tuple(dict.fromkeys(known[value] or value for value in values))
    changed = replace(
        request,
        city=chosen.get("city", ()),
        specialty=chosen.get("specialty", ()),
        topic=chosen.get("topic", ()),
        kind=chosen.get("kind", ()),
        page=max(1, request.page),
        per_page=min(max(1, request.per_page), MAX_PER_PAGE),
    )
    return changed, tuple(unknown)


def _read(request: SearchRequest, searcher: Searcher, words: Words) -> Reading:
    return read(
        request.q,
        searcher.lexicon,
        plain=request.plain,
        ignore=request.ignore,
        correct=request.correct,
        words=words,
    )


def _filters(request: SearchRequest) -> tuple[Filter, ...]:
    return tuple(Filter(facet, values) for facet in FACETS if (values := request.values(facet)))


def _ask(request: SearchRequest, query: Query, searcher: Searcher) -> Results:
    offset = (request.page - 1) * request.per_page
    limit = request.per_page
    if offset + limit > MAX_WINDOW:  # past what any engine shows: only the numbers
        offset, limit = 0, 0
    return searcher.search(
        replace(
            query,
            filters=_filters(request),
            sort=request.sort,
            offset=offset,
            limit=limit,
            explain=request.explain,
        )
    )


def _count(query: Query, searcher: Searcher) -> Count:
    return searcher.search(replace(query, facets=(), boosts=(), limit=0, offset=0)).total


def _absent(request: SearchRequest, reading: Reading, searcher: Searcher) -> int:
    """How many wanted words must be given up before any page matches; 0 when some page has all, or none has most.

    Filters play no part, so that choosing a value never changes what the other values' counts promise.
    """
    if request.filtered and _count(reading.query, searcher).value:
        return 0
    for missing in allowed_absences(reading):
        if _count(reading.relaxed(missing), searcher).value:
            return missing
    return 0


def _total(request: SearchRequest, searcher: Searcher, words: Words) -> int:
    """Hits of a request when all its words must hold."""
    reading = _read(request, searcher, words)
    return _count(replace(reading.query, filters=_filters(request)), searcher).value


def _applied(reading: Reading, absent: int, unknown: tuple[UnknownValue, ...]) -> tuple[str, ...]:
    notes = [f"“{typed}” was read as “{used}”." for typed, used in reading.corrected]
    notes += reading.notes
    if absent:
        words = reading.words()
        missing = ", ".join(f"“{word}”" for word in reading.unknown)
        said = f" No page has {missing}." if missing else ""
        notes.append(f"No page has all {len(words)} words; these have at least {len(words) - absent} of them.{said}")
    for each in unknown:
        near = ", ".join(each.close)
        notes.append(f"There is no {each.facet} “{each.value}”. Known are for example: {near}.")
    return tuple(notes)
