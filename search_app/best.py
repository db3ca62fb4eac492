"""Whether the best hospitals are asked for, and what then brings those up that national lists have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from indexer.analysis import terms
from indexer.model import And, Concept, FacetIs, Node, Or, Term
from indexer.placings import ALL
from indexer.token_stream import list_term
from search_app.findings import Findings
from search_app.reading import Part, as_meant
from search_app.strengths import IN_A_LIST, Meant, Strengths
from search_app.thesaurus import Terms

FOUND, FOUND_OF_ALL = 1.0, 2.0  # weight of a place in a list of a field, and of all, as a reason to be found
MAX_LISTS = 6  # of these in one search
_OTHER_FACETS = frozenset(("specialty", "topic", "profile"))


def asked_for_best(typed: Terms, parts: Sequence[Part], meant: Sequence[Meant], found: Findings) -> bool:
    """Whether the words ask for the best hospitals of a field, or of all where they say nothing else but a city."""
    strengths = found.words.strengths
    if not strengths.praises(typed):
        return False
    if meant:
        return found.hospital or not found.wants_article()
    return found.hospital and not _says_more(parts, found, strengths)


def _says_more(parts: Iterable[Part], found: Findings, strengths: Strengths) -> bool:
    if any(each.facet in _OTHER_FACETS for each in found.found):
        return True

    def meant(words: str) -> str:
        return as_meant(words, found.corrected.items())

    cities = (meant(each.words) for each in found.found if each.facet == "city")
    known = {token for words in (*strengths.best, *strengths.everywhere, *map(terms, cities)) for token in words}
    wanted = [part for part in parts if part.role != "optional"]
    return any(
        part.role != "word" or any(not token.isdecimal() and token not in known for token in terms(meant(part.words)))
        for part in wanted
    )


def in_lists(meant: Sequence[Meant], cities: Sequence[str], found: Findings) -> Part | None:
    """What finds hospitals in the national lists of what is meant, in those cities; None without such a list.

    Where nothing is meant, those in the list of all hospitals match whatever else they lack.
    """
    strengths = found.words.strengths
    lists = dict.fromkeys(name for each in meant for name, own in strengths.worth(each).lists.items() if own)
    names = tuple(lists)[:MAX_LISTS] if meant else (ALL,)
    if not names or not found.room():
        return None
    ways = (
        Term(list_term(each), ("pinyin",), FOUND if meant else FOUND_OF_ALL, True, f"{each.lower()} ({IN_A_LIST})")
        for each in names
    )
    node: Node = Concept(tuple(ways))
    if cities:
        places = tuple(FacetIs("city", each) for each in cities)
        node = And((node, places[0] if len(places) == 1 else Or(places)))
    return Part("optional" if meant else "named", node, "", 0, 0)
