"""Ask the search for what an address asks for, remember answers, count searches."""

from __future__ import annotations

import time
from collections.abc import Mapping

from flask import request
from werkzeug.datastructures import Headers

from indexer.engines import Searcher
from indexer.model import FACETS, And, Concept, Node, Or, Phrase, Term
from search_app.context import Services, services, site
from search_app.counting import Searched
from search_app.remembered import NOTE, Note
from search_app.search import Answer, answer
from search_app.state import SearchState, request_of
from search_app.suggest import Suggestions, make_catalogue, suggest


def find(searcher: Searcher, state: SearchState, surface: str) -> Answer:
    """The answer to a search of this request, from memory when this generation gave it before."""
    note: Note | None = request.environ.get(NOTE)
    return found_for(services(), searcher, state, surface, site().language, request.headers, note)


def found_for(
    parts: Services,
    searcher: Searcher,
    state: SearchState,
    surface: str,
    language: str,
    headers: Headers | Mapping[str, str],
    note: Note | None,
) -> Answer:
    """The answer to a search of a request with these headers, counted and noted."""
    started = time.perf_counter()
    found = _remembered(parts, searcher, state)
    filters = sum([len(state.values(facet)) for facet in FACETS])
    searched = Searched(surface, state.q, found.results.total.value, filters, state.page, language)
    parts.counting.search(searched, time.perf_counter() - started, headers)
    if note is not None:
        note.searched.append(searched)  # counted again whenever the answer is given again
    return found


def suggestions(searcher: Searcher, text: str, limit: int) -> Suggestions:
    """What a typed beginning may become, at most ``limit`` of each group.

    Just after a publication the names may still be those of the generation before; ``generation`` says which.
    """
    generation = searcher.stats().generation
    catalogue = services().catalogues.get(generation, lambda: make_catalogue(searcher))
    return suggest(text, catalogue, searcher, limit)


def answered(searcher: Searcher, text: str) -> bool:
    """Whether a search for some words has hits that have them all; asked by a page itself, so nobody is counted."""
    found = _remembered(services(), searcher, SearchState(q=text))
    return found.results.total.value > 0 and (not found.absent or found.complete > 0)


def _remembered(parts: Services, searcher: Searcher, state: SearchState) -> Answer:
    key = (state, searcher.stats().generation)
    return parts.answers.get(key, lambda: answer(request_of(state), searcher))


def searched_terms(searcher: Searcher, text: str) -> tuple[tuple[str, ...], ...]:
    """Everything that typed words are searched as, corrections and synonyms too: one term each, or several in a row."""
    if not text:
        return ()
    reading = _remembered(services(), searcher, SearchState(q=text)).reading
    found: dict[tuple[str, ...], None] = {}

    def collect(node: Node) -> None:
        if isinstance(node, And | Or):
            for child in node.children:
                collect(child)
        elif isinstance(node, Concept):
            for member in node.members:
                collect(member)
        elif isinstance(node, Term):
            found[(node.text,)] = None
        elif isinstance(node, Phrase):
            found[node.terms] = None

    collect(reading.query.root)
    return tuple(found)
