"""What the pages that a search for costs finds say that the thing costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import or_

from indexer.analysis import is_han, stem, terms
from indexer.model import And, Card, Concept, Hit, Node, Or, Phrase, Price, Term
from search_app.facetwords import FacetWords
from search_app.reading import Reading
from search_app.stated import LEAST_WEIGHT

COSTS = "Costs & Pricing"  # the topic that a search for costs is read as
PAGES = 10  # hits that are looked at
SHOWN = 2  # prices of one document


def priced(reading: Reading, hits: Sequence[Hit], facets: FacetWords) -> Mapping[str, tuple[Price, ...]]:
    """Prices that pages state of what a search for costs asks for, by the ids of their documents; of others none.

    Where a city was read, prices of another one are left out.
    """
    if COSTS not in reading.topic:
        return {}
    stated = [hit.card for hit in hits[:PAGES] if hit.card.prices]
    wanted = _wanted(reading) if stated else ()
    if not wanted:
        return {}
    elsewhere = _others(reading.city, facets)
    found = {card.doc_id: _fitting(card, wanted, elsewhere) for card in stated}
    return {doc_id: prices for doc_id, prices in found.items() if prices}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A thing of which the price is wanted: ways to say it in a text, and in the labels of a page, as stems."""

    ways: tuple[frozenset[str], ...]
    labels: tuple[frozenset[str], ...]


def _wanted(reading: Reading) -> tuple[_Wanted, ...]:
    said = {word for each in reading.found if _beside(each.facet, each.value) for word in terms(each.words)}
    found = []
    for part in reading.words():
        if not said.issuperset(terms(part.words)):
            # What a Chinese word is called in English is only related to it.
            least = 0.0 if any(map(is_han, part.words)) else LEAST_WEIGHT
            found.append(_Wanted(tuple(_ways(part.node, least)), tuple(_ways(part.node, 0.0, labelled=True))))
    return tuple(found)


def _beside(facet: str, value: str) -> bool:
    """Whether a value that was read says that costs are asked for, or where."""
    return facet == "city" or (facet, value) == ("topic", COSTS)


def _others(cities: Sequence[str], facets: FacetWords) -> frozenset[str]:
    """The first words of the names of all cities but those that are asked for; none where none is."""
    if not cities:
        return frozenset()
    names = (value for facet, value in facets.labels if facet == "city" and value not in cities)
    return frozenset(stem(terms(name)[0]) for name in names)


def _fitting(card: Card, wanted: Sequence[_Wanted], elsewhere: frozenset[str]) -> tuple[Price, ...]:
    """The prices of a page that are of what is wanted: those of which most is said in their own words."""
    page, labels = _stems(card.title), _stems(" ".join((*card.specialty, *card.topic)))
    labelled = [_says(each.labels, labels) for each in wanted]
    chosen: list[tuple[int, Price]] = []
    for price in card.prices:
        own = frozenset(price.words)
        named = [_says(each.ways, own | _stems(price.heading) | page) for each in wanted]
        if own.isdisjoint(elsewhere) and any(named) and all(map(or_, named, labelled)):
            chosen.append((sum(_says(each.ways, own) for each in wanted), price))
    most = max((said for said, _ in chosen), default=0)
    return tuple(price for said, price in chosen if said == most)[:SHOWN]


def _says(ways: Iterable[frozenset[str]], stems: frozenset[str]) -> bool:
    return any(way <= stems for way in ways)


def _ways(node: Node, least: float, *, labelled: bool = False) -> Iterator[frozenset[str]]:
    if isinstance(node, And | Or):
        for child in node.children:
            yield from _ways(child, least, labelled=labelled)
    elif isinstance(node, Concept):
        for member in node.members:
            if not isinstance(member, Term | Phrase):
                continue
            if labelled == ("label" in member.fields) and member.weight >= least:
                yield frozenset(map(stem, member.terms if isinstance(member, Phrase) else (member.text,)))


@lru_cache(maxsize=4096)
def _stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, terms(text)))
