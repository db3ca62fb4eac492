"""Request arguments to search state and back to links; the address is the whole state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from urllib.parse import quote

from indexer.model import FACETS, MAX_WINDOW, SORTS
from search_app.given import Arguments, Given, Problem, clean_text, unexpected, unique
from search_app.request import SearchRequest
from search_app.settings import MAX_PER_PAGE, MAX_QUERY_CHARS, MAX_VALUES

PARAMETERS = ("q", *FACETS, "exact", "ignore", "sort", "page", "per_page")  # the canonical order in an address
SEARCH_PATH = "/search"
API_PATH = "/api/v1/search"
FEED_PATH = "/search.atom"
DEFAULT_PER_PAGE = 10


@dataclass(frozen=True, slots=True)
class SearchState:
    """What the address asks for; equal states have equal addresses.

    ``exact`` searches the plain words: nothing is corrected, nothing is read from them. ``ignore`` names what alone is
    not to be read from them: ``facet``, ``facet:value`` or ``spelling``.
    """

    q: str = ""
    city: tuple[str, ...] = ()
    specialty: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    exact: bool = False
    ignore: tuple[str, ...] = ()
    sort: str = "relevance"
    page: int = 1
    per_page: int = DEFAULT_PER_PAGE

    def values(self, facet: str) -> tuple[str, ...]:
        """Chosen values of one facet."""
        found: tuple[str, ...] = {
            "city": self.city, "specialty": self.specialty, "topic": self.topic, "profile": self.profile,
            "kind": self.kind,
        }[facet]  # fmt: skip
        return found

    @property
    def filtered(self) -> bool:
        """Whether any facet value is chosen."""
        return any(self.values(facet) for facet in FACETS)

    @property
    def empty(self) -> bool:
        """Whether it asks for nothing in particular."""
        return not self.q and not self.filtered

    @property
    def offset(self) -> int:
        """Hits before this page."""
        return (self.page - 1) * self.per_page

    # -- other states ------------------------------------------------------------------------------------------------

    def on_page(self, page: int) -> SearchState:
        """The same search on another page."""
        return replace(self, page=page)

    def asking(self, q: str) -> SearchState:
        """The same filters with other words, from the first page."""
        return replace(self, q=clean_text(q, MAX_QUERY_CHARS), page=1, exact=False, ignore=())

    def plain(self) -> SearchState:
        """The plain words: nothing corrected, nothing read from them."""
        return replace(self, exact=True, ignore=(), page=1)

    def without_reading(self, facet: str, value: str) -> SearchState:
        """The same words with one facet value no longer read from them."""
        return replace(self, ignore=tuple(sorted({*self.ignore, f"{facet}:{value}"})), page=1)

    def as_typed(self) -> SearchState:
        """The same words without corrections."""
        return replace(self, ignore=tuple(sorted({*self.ignore, "spelling"})), page=1)

    def understood(self) -> SearchState:
        """The words read in every way again."""
        return replace(self, exact=False, ignore=(), page=1)

    def sorted_by(self, sort: str) -> SearchState:
        """Another order, from the first page."""
        return replace(self, sort=sort, page=1)

    def with_values(self, facet: str, values: Iterable[str]) -> SearchState:
        """One facet's choice replaced, from the first page."""
        return _with(replace(self, page=1), facet, values)

    def toggled(self, facet: str, value: str) -> SearchState:
        """One value chosen if it was not, and the other way round."""
        return self.with_values(facet, _toggled(self.values(facet), value))

    def unfiltered(self) -> SearchState:
        """No value chosen; the words stay."""
        return replace(self, city=(), specialty=(), topic=(), profile=(), kind=(), page=1)

    def resolved(self, resolve: Callable[[str, str], str]) -> SearchState:
        """Facet values as the vocabulary spells them; ``resolve(facet, value)`` gives back what it does not know."""
        state = self
        for facet in FACETS:
            if values := self.values(facet):
                state = _with(state, facet, [resolve(facet, value) for value in values])
        return state

    # -- addresses ---------------------------------------------------------------------------------------------------

    def pairs(self) -> list[tuple[str, str]]:
        """Parameters in canonical order, without those that have their default."""
        found: list[tuple[str, str]] = [("q", self.q)] if self.q else []
        found += [(facet, value) for facet in FACETS for value in self.values(facet)]
        if self.exact:
            found.append(("exact", "1"))
        found += [("ignore", name) for name in self.ignore]
        if self.sort != "relevance":
            found.append(("sort", self.sort))
        if self.page != 1:
            found.append(("page", str(self.page)))
        if self.per_page != DEFAULT_PER_PAGE:
            found.append(("per_page", str(self.per_page)))
        return found

    def hidden(self, *without: str) -> list[tuple[str, str]]:
        """Parameters that a form must carry along besides those it shows itself; never the page."""
        return [(name, value) for name, value in self.pairs() if name not in without and name != "page"]

    def address(self, path: str = SEARCH_PATH) -> str:
        """The link to this search; ``path`` chooses page, API or feed."""
        return _joined(path, [_written(name, value) for name, value in self.pairs()])


class Addresses:
    """Links from one search to its neighbours; what they share is written once, since there are dozens of them."""

    def __init__(self, state: SearchState, path: str = SEARCH_PATH) -> None:
        self.state = state
        self._path = path
        self._words = [_words(state.q)] if state.q else []
        self._values = {facet: [_value(facet, value) for value in state.values(facet)] for facet in FACETS}
        self._chosen = [each for values in self._values.values() for each in values]
        self._reading = ["exact=1"] if state.exact else []
        self._reading += [_written("ignore", name) for name in state.ignore]
        self._sort = _sort(state.sort)
        self._length = [_written("per_page", str(state.per_page))] if state.per_page != DEFAULT_PER_PAGE else []

    def on_page(self, page: int) -> str:
        """The link to ``state.on_page(page)``."""
        number = [f"page={page}"] if page != 1 else []
        return _joined(self._path, [*self._words, *self._chosen, *self._reading, *self._sort, *number, *self._length])

    def sorted_by(self, sort: str) -> str:
        """The link to ``state.sorted_by(sort)``."""
        return _joined(self._path, [*self._words, *self._chosen, *self._reading, *_sort(sort), *self._length])

    def plain(self) -> str:
        """The link to ``state.plain()``."""
        return _joined(self._path, [*self._words, *self._chosen, "exact=1", *self._sort, *self._length])

    def ignoring(self, *names: str) -> str:
        """The link to the same search that, more than now, reads none of some names from the words."""
        ignored = sorted({*self.state.ignore, *names})
        reading = ["exact=1"] if self.state.exact else []
        reading += [_written("ignore", name) for name in ignored]
        return _joined(self._path, [*self._words, *self._chosen, *reading, *self._sort, *self._length])

    def toggled(self, facet: str, value: str) -> str:
        """The link to ``state.toggled(facet, value)``."""
        changed = _chosen(_toggled(self.state.values(facet), value))
        parts = self._words.copy()
        for name, values in self._values.items():
            parts += values if name != facet else [_value(facet, each) for each in changed]
        return _joined(self._path, [*parts, *self._reading, *self._sort, *self._length])

    def toggles(self, facet: str, values: Iterable[str]) -> list[str]:
        """The links to ``state.toggled(facet, value)`` for each of some values."""
        if self._values[facet]:
            return [self.toggled(facet, value) for value in values]
        # Nothing is chosen: all that changes stands between what comes before and what comes after.
        place = FACETS.index(facet)
        earlier, later = (
            [each for name in names for each in self._values[name]] for names in (FACETS[:place], FACETS[place:])
        )
        before, after = [*self._words, *earlier], [*later, *self._reading, *self._sort, *self._length]
        start, end = f"{self._path}?" + "".join(f"{each}&" for each in before), "".join(f"&{each}" for each in after)
        return [start + _value(facet, value) + end for value in values]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request read as a state, with everything that was wrong or cut on the way."""

    state: SearchState
    problems: tuple[Problem, ...] = field(default=())


def parse(arguments: Arguments, strict: bool = False) -> Parsed:
    """Read request arguments (name to list of values) as a state; never fails.

    What cannot be read gets its default and a ``Problem``. With ``strict`` (the API) so does everything that the
    description of the API does not allow: unknown and needlessly repeated parameters, empty or loosely written values,
    too long ones. A page has other people's parameters hung on its address and empty ones from its own form.
    """
    problems: list[Problem] = []
    if strict:
        problems += unexpected(arguments, PARAMETERS, ("q", "exact", "sort", "page", "per_page"))
    given = Given({name: list(values) for name, values in arguments.items() if name in PARAMETERS}, strict, problems)
    state = SearchState(
        q=given.words("q"),
        exact=given.flag("exact"),
        ignore=given.names("ignore"),
        sort=given.choice("sort", SORTS),
        page=given.number("page", 1),
        per_page=given.number("per_page", DEFAULT_PER_PAGE, MAX_PER_PAGE),
        **{facet: given.names(facet) for facet in FACETS},
    )
    return Parsed(state, tuple(problems))


def request_of(state: SearchState) -> SearchRequest:
    """The search that an address asks for."""
    return SearchRequest(
        q=state.q,
        city=state.city,
        specialty=state.specialty,
        topic=state.topic,
        profile=state.profile,
        kind=state.kind,
        sort=state.sort,
        page=state.page,
        per_page=state.per_page,
        plain=state.exact,
        ignore=frozenset(state.ignore),
    )


def state_of(request: SearchRequest) -> SearchState:
    """The address of a search that the search itself proposes."""
    state = SearchState(
        q=request.q,
        exact=request.plain,
        ignore=tuple(sorted(request.ignore)),
        sort=request.sort,
        page=request.page,
        per_page=request.per_page,
    )
    for facet in FACETS:
        state = replace(state.with_values(facet, request.values(facet)), page=request.page)
    return state


def last_page(total: int, per_page: int) -> int:
    """Number of the last page that can be opened: hits past the window are counted, never shown."""
    return max(1, -(-min(total, MAX_WINDOW // per_page * per_page) // per_page))


# ---------------------------------------------------------------------------------------------------------------------


def _chosen(values: Iterable[str]) -> tuple[str, ...]:
    # Sorted, so that the order of clicks does not make another address.
    return tuple(sorted(unique(values)[:MAX_VALUES]))


def _toggled(chosen: tuple[str, ...], value: str) -> list[str]:
    return [each for each in chosen if each != value] if value in chosen else [*chosen, value]


def _written(name: str, value: str) -> str:
    return f"{name}={quote(value, safe='')}"


_value = lru_cache(maxsize=2048)(_written)  # facet values recur
_words = lru_cache(maxsize=64)(partial(_written, "q"))  # words do in all links of one answer


def _sort(sort: str) -> list[str]:
    return [_written("sort", sort)] if sort != "relevance" else []


def _joined(path: str, parts: Sequence[str]) -> str:
    return f"{path}?{'&'.join(parts)}" if parts else path


def _with(state: SearchState, facet: str, values: Iterable[str]) -> SearchState:
    chosen = _chosen(values)
    if facet == "city":
        return replace(state, city=chosen)
    if facet == "specialty":
        return replace(state, specialty=chosen)
    if facet == "topic":
        return replace(state, topic=chosen)
    if facet == "profile":
        return replace(state, profile=chosen)
    return replace(state, kind=chosen)
