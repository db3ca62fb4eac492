"""Answer a search: read the words, ask the engine, and find a way on when there is no hit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from indexer.engines import Lexicon, Searcher
from indexer.model import FACETS, MAX_WINDOW, Count, Filter, Price, Query, Question, Results
from search_app.alike import articles_in_order
from search_app.by_strength import WINDOW, in_order, window_of
from search_app.costs import COSTS, COSTS_WINDOW, others_later, priced
from search_app.notices import Shown, notices_for
from search_app.of_field import named
from search_app.placed import EditedSearcher, entry_for
from search_app.reading import Reading
from search_app.relax import (
    DidYouMean,
    Relaxation,
    did_you_mean,
    may_be_absent,
    may_be_absent_besides,
    may_be_filled_up,
    relaxations,
)
from search_app.request import MAX_PER_PAGE, SearchRequest
from search_app.stated import asked
from search_app.understand import read
from search_app.words import Words, default_words

__all__ = ["Answer", "SearchRequest", "UnknownValue", "answer"]

_HAVE_ALL = ("", "One page has", "{} pages have")
_OTHERS, _THESE = "the others have", "these have"
_FIELD = "some of them, or are about the field that was read from them"
_BESIDE = "Articles that are close in meaning are among these, though they lack some of the words."
ENOUGH = 100  # pages of which the order may choose, when a text in prose must do with fewer of its words
FEW_OF_FIELD = 6  # pages of a complaint; when there are fewer, hospitals that state something of its field follow
FEW = 20  # pages with all words; when there are fewer, those with most of them follow
ONE_PAGE = 10  # pages; when there are fewer even so, those with fewer words follow, unless they are more than ENOUGH


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
        absent: Wanted words a hit may lack, because no page or few have them all; 0 when all hold, and all of them
            when pages of the field that was read follow.
        complete: Pages that have all words beside those that lack some; their number without filters.
        complete_here: As many of these as the filters let through.
        relaxations: One thing less each, with hits; only when there are none.
        did_you_mean: Another spelling with hits; only when nothing has all words.
        unknown_values: Chosen values that do not exist.
        applied: What was corrected, left out or given up, as plain sentences.
        asked: The question that is asked, as a page says that it answers it, by the ids of such documents.
        prices: What pages say that the thing costs, where costs are asked for, by the ids of such documents.
        notices: What must be known before anything that is found, as a page states it.
    """

    request: SearchRequest
    reading: Reading
    results: Results
    page: int
    pages: int
    absent: int = 0
    complete: int = 0
    complete_here: int = 0
    relaxations: tuple[Relaxation, ...] = ()
    did_you_mean: DidYouMean | None = None
    unknown_values: tuple[UnknownValue, ...] = ()
    applied: tuple[str, ...] = ()
    asked: Mapping[str, Question] = field(default_factory=dict)
    prices: Mapping[str, tuple[Price, ...]] = field(default_factory=dict)
    notices: tuple[Shown, ...] = ()

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
    edited = _edited(reading, searcher, vocabulary)
    results, wider, with_words = _found(request, reading, searcher, edited or searcher, vocabulary)
    absent, complete = wider.absent, len(wider.first)
    if absent:
        results = named(results, reading.field, vocabulary.facets)
    if edited:
        shown = reading.beside(wider.query(reading) if absent else reading.query)
        if out := edited.left_out(shown._replace(filters=_filters(request))):
            reading = replace(reading, notes=(*reading.notes, f"The editors leave pages out of this search: {out}."))
    offered: tuple[Relaxation, ...] = ()
    meant: DidYouMean | None = None
    if not results.total.value or (absent and not complete):

        def total(other: SearchRequest) -> int:
            return _total(other, searcher, vocabulary)

        if not results.total.value and not unknown_values:
            offered = relaxations(request, reading, total)
        meant = did_you_mean(request, reading, searcher.lexicon, vocabulary, total)
    notices = notices_for(request, reading, searcher, vocabulary.notices, vocabulary.thesaurus)
    pages = max(1, -(-min(results.total.value, MAX_WINDOW) // request.per_page))
    return Answer(
        request=request,
        reading=reading,
        results=results,
        page=request.page,
        pages=pages,
        absent=absent,
        complete=complete,
        complete_here=wider.here,
        relaxations=offered,
        did_you_mean=meant,
        unknown_values=unknown_values,
        applied=(
            *(f"{each.texts['en']} See {each.title}." for each in notices),
            *_applied(reading, wider, unknown_values, beside=results.total.value > with_words),
        ),
        asked=asked(reading.parts_as_meant(), results.hits, vocabulary.thesaurus.optional),
        prices=priced(reading, results.hits, vocabulary),
        notices=notices,
    )


def _found(
    request: SearchRequest, reading: Reading, searcher: Searcher, shown_by: Searcher | EditedSearcher, words: Words
) -> tuple[Results, _Wider, int]:
    """What is shown, how far that goes beyond pages that have all words, and how many of it have the words.

    Where articles that are close in meaning come beside these pages, those are counted first and shown only with them.
    ``shown_by`` is the searcher as the editors would have it: what they place says nothing of which pages have words.
    """
    edited = shown_by is not searcher

    def ask(query: Query) -> Results:
        return _ask(request, query, shown_by, reading)

    def number(query: Query) -> int:
        return _count(query, shown_by, _filters(request)).value

    query, close = reading.query, bool(reading.alike)
    results = None if close else ask(query)
    total = results.total.value if results is not None else number(query)
    wider = _Wider()
    if total < FEW:
        # Where no filter is chosen and no page comes beside, what the last step counts is what is shown of it.
        shown = None if request.filtered or close or edited else ask
        known = None if results is None or edited else _all_hits(request, results)
        wider = _wider(reading, searcher, known, shown)
    if wider.absent:
        wider = replace(wider, here=min(total, len(wider.first)))
        query = wider.query(reading)
        results = None if close else wider.results or ask(query)
        total = results.total.value if results is not None else number(query)
    if results is None:
        beside = total or _count(query, searcher).value  # whatever is filtered: see _wider
        results = ask(reading.beside(query) if beside else query)
    return _page(request, results, reading, words, searcher.lexicon), wider, total


def _canonical(request: SearchRequest, words: Words) -> tuple[SearchRequest, tuple[UnknownValue, ...]]:
    """The request with values as the vocabulary spells them and numbers within bounds, and what it does not know."""
    if not request.filtered and request.page > 0 and 0 < request.per_page <= MAX_PER_PAGE:
        return request, ()
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
        profile=chosen.get("profile", ()),
        kind=chosen.get("kind", ()),
        page=max(1, request.page),
        per_page=min(max(1, request.per_page), MAX_PER_PAGE),
    )
    return changed, tuple(unknown)


def _read(request: SearchRequest, searcher: Searcher, words: Words) -> Reading:
    def reading(lexicon: Lexicon) -> Reading:
        return read(
            request.q,
            lexicon,
            plain=request.plain,
            ignore=request.ignore,
            correct=request.correct,
            words=words,
        )

    return searcher.lexicon.batched(reading)


def _edited(reading: Reading, searcher: Searcher, words: Words) -> EditedSearcher | None:
    """The searcher as the editors would have it for this text; None where they say nothing of it."""
    entry = entry_for(reading, words.placed)
    return EditedSearcher(searcher, entry, reading.exact_ids) if entry else None


def _filters(request: SearchRequest) -> tuple[Filter, ...]:
    return tuple(Filter(facet, values) for facet in FACETS if (values := request.values(facet)))


def _offset_and_limit(request: SearchRequest) -> tuple[int, int]:
    offset, limit = (request.page - 1) * request.per_page, request.per_page
    # Past what any engine shows there are only the numbers.
    return (offset, limit) if offset + limit <= MAX_WINDOW else (0, 0)


def _window(request: SearchRequest, reading: Reading) -> int:
    """How many of the first hits may change places before the page is cut out; 0 where the engine's order stays."""
    window = WINDOW if reading.key_words else 0
    if reading.best or reading.strengths:
        window = window_of(reading.city, best=reading.best)
    if COSTS in reading.topic:
        window = max(window, COSTS_WINDOW)
    offset, limit = _offset_and_limit(request)
    return window if request.sort == "relevance" and limit and offset < window else 0


def _ask(request: SearchRequest, query: Query, searcher: Searcher | EditedSearcher, reading: Reading) -> Results:
    """What the engine gives for a query: the page, or all hits of which those of the page are chosen by ``_page``."""
    offset, limit = _offset_and_limit(request)
    if window := _window(request, reading):
        offset, limit = 0, max(window, offset + limit)
    return searcher.search(
        Query(query.root, _filters(request), query.boosts, query.facets, request.sort, offset, limit, request.explain)
    )


def _page(request: SearchRequest, results: Results, reading: Reading, words: Words, lexicon: Lexicon) -> Results:
    """What is shown of the results of ``_ask``: the page, once the first hits have changed places."""
    if not _window(request, reading):
        return results
    if reading.key_words and sum(hit.card.kind == "article" for hit in results.hits[:WINDOW]) > 1:
        results = articles_in_order(results, lexicon.alike(reading.key_words))
    if COSTS in reading.topic:
        results = others_later(results, reading, words)
    offset, limit = _offset_and_limit(request)
    if not (reading.best or reading.strengths):
        shown = results.hits[offset : offset + limit]
        return results._replace(query=results.query._replace(offset=offset, limit=limit), hits=shown)
    return in_order(
        results,
        reading.strengths,
        words.strengths,
        cities=reading.city,
        specialties=reading.specialty,
        lifts=reading.lifts,
        best=reading.best,
        offset=offset,
        limit=limit,
    )


def _count(query: Query, searcher: Searcher | EditedSearcher, filters: tuple[Filter, ...] = ()) -> Count:
    """How many pages match the tree of a query, as far as filters let them through."""
    return searcher.search(Query(query.root, filters, facets=(), limit=0)).total


@dataclass(frozen=True, slots=True)
class _Wider:
    """How far a search goes beyond the pages that have all words.

    Attributes:
        absent: Words that a page may lack; all of them when those of the field follow.
        missing: Words that a page may lack that is not of the field.
        first: Pages that have them all.
        here: As many of these as the filters let through.
        results: What the engine gives for it, where that was asked already.
        subject: Whether a page must have one of the words that say what is sought.
        around: Whether hospitals follow that state something of the field.
    """

    absent: int = 0
    missing: int = 0
    first: tuple[str, ...] = ()
    here: int = 0
    results: Results | None = None
    subject: bool = False
    around: bool = False

    def query(self, reading: Reading) -> Query:
        """What is asked of the engine."""
        return reading.relaxed(self.missing, self.first, subject=self.subject, around=self.around)


def _all_hits(request: SearchRequest, results: Results) -> tuple[str, ...] | None:
    """All that a search finds whatever is chosen, where its results have them; None where they do not."""
    if request.filtered or request.sort != "relevance" or len(results.hits) != results.total.value:
        return None
    return tuple(hit.doc_id for hit in results.hits)


def _wider(
    reading: Reading,
    searcher: Searcher,
    known: tuple[str, ...] | None = None,
    ask: Callable[[Query], Results] | None = None,
) -> _Wider:
    """What to give up when no page or few have all words; ``known`` are those that do, as far as they are known.

    Filters play no part, so that choosing a value never changes what the other values' counts promise. ``ask`` gives
    the results of a query that are shown: the last step is not counted first, when both are the same pages.
    """
    fillable = may_be_filled_up(reading)
    with_field = fillable and reading.field is not None
    steps = may_be_absent(reading) or ((0,) if with_field else ())
    if not (steps or may_be_absent_besides(reading, 0)):
        return _Wider()
    if known is None:
        # In any order: all of them are taken, or none.
        whole = searcher.search(Query(reading.query.root, facets=(), sort="title", limit=FEW))
        known = tuple(hit.doc_id for hit in whole.hits)
    first = known
    if len(first) >= FEW or (first and not fillable):
        steps = ()
    last, total = _Wider(), len(first)

    def step(missing: int, shown: bool, *, subject: bool = False, around: bool = False) -> tuple[int, _Wider]:
        """How many pages are found, and the step; with their results, where those are to be shown anyway."""
        # Pages that have all words have enough of them too: lifting them changes the order, not the number.
        wider = _Wider(len(reading.words()) if with_field else missing, missing, first, subject=subject, around=around)
        if ask and shown:
            wider = replace(wider, results=ask(wider.query(reading)))
        counted = wider.results.total if wider.results else _count(replace(wider, first=()).query(reading), searcher)
        return counted.value, wider

    for missing in steps:
        found, wider = step(missing, missing == steps[-1])
        if found > len(first):
            last, total = wider, found
        if found >= ENOUGH:
            break
    if with_field and reading.around is not None and total < FEW_OF_FIELD:
        found, wider = step(last.missing or (steps[-1] if steps else 0), True, around=True)
        if found > total:  # better than pages with one of the words: those of "knee surgery" rehabilitate nobody
            return wider
    for missing in may_be_absent_besides(reading, steps[-1] if steps else 0) if total else ():
        if total >= ONE_PAGE:
            break
        found, wider = step(missing, True, subject=missing == len(reading.words()) - 1)
        if total < found <= ENOUGH:
            last, total = wider, found
    return last


def _total(request: SearchRequest, searcher: Searcher, words: Words) -> int:
    """Hits of a request; 0 when none of them has all the words."""
    reading = _read(request, searcher, words)
    filters = _filters(request)
    query = reading.query
    edited = _edited(reading, searcher, words) or searcher
    total = _count(query, edited, filters).value
    if 0 < total < FEW:
        wider = _wider(reading, searcher)
        query = wider.query(reading)
    if total:
        query = reading.beside(query)  # itself where nothing is close
    return total if query is reading.query else _count(query, edited, filters).value


def _applied(reading: Reading, wider: _Wider, unknown: tuple[UnknownValue, ...], *, beside: bool) -> tuple[str, ...]:
    notes = [f"“{typed}” was read as “{used}”." for typed, used in reading.corrected]
    notes += reading.notes
    here = wider.here
    none = "None of these pages has" if wider.first else "No page has"  # others, which are filtered out, have them
    if wider.absent:
        wanted = len(reading.words())
        least = wanted - wider.absent
        missing = ", ".join(f"“{word}”" for word in (*reading.unknown, *reading.strange))
        said = f" No page has {missing}." if missing else ""
        if not least:
            have = _HAVE_ALL[min(here, 2)].format(here) if here else none
            notes.append(f"{have} all words; {_OTHERS if here else _THESE} {_FIELD}.{said}")
        elif wanted == 2:
            have = _HAVE_ALL[min(here, 2)].format(here) if here else none
            notes.append(f"{have} both words; {_OTHERS if here else _THESE} one of them.{said}")
        elif here:
            have = _HAVE_ALL[min(here, 2)].format(here)
            notes.append(f"{have} all {wanted} words; the others have at least {least} of them.")
        else:
            notes.append(f"{none} all {wanted} words; these have at least {least} of them.{said}")
    if beside:
        notes.append(_BESIDE)
    for each in unknown:
        near = ", ".join(each.close)
        notes.append(f"There is no {each.facet} “{each.value}”. Known are for example: {near}.")
    return tuple(notes)
