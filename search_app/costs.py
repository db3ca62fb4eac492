"""What the pages that a search for costs finds say that the thing costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

from indexer.analysis import is_han, stem, terms
from indexer.engines import Lexicon, Searcher
from indexer.model import And, Card, Concept, Hit, Node, Or, Phrase, Term
from indexer.prices import Price, prices_of
from search_app.facetwords import FacetWords
from search_app.reading import Part, Reading
from search_app.stated import LEAST_WEIGHT

COSTS = "Costs & Pricing"  # the topic that a search for costs is read as
PAGES = 10  # hits that are looked at: each document is unpacked for it
SHOWN = 2  # prices of one document
MAX_KEPT = 4096  # documents whose prices are kept


@dataclass(frozen=True, slots=True)
class _Stated:
    """A price with the stems of its own words and of its heading."""

    price: Price
    own: frozenset[str]
    heading: frozenset[str]

    @classmethod
    def of(cls, price: Price) -> _Stated:
        return cls(price, _stems(f"{price.what} {price.quote}"), _stems(price.heading))


# By the lexicon of the open generation, with which they go.
_KEPT: WeakKeyDictionary[Lexicon, dict[str, tuple[_Stated, ...]]] = WeakKeyDictionary()


def priced(
    reading: Reading, hits: Sequence[Hit], searcher: Searcher, facets: FacetWords
) -> Mapping[str, tuple[Price, ...]]:
    """Prices that pages state of what a search for costs asks for, by the ids of their documents; of others none.

    Where a city was read, prices of another one are left out.
    """
    if COSTS not in reading.topic:
        return {}
    said = {word for each in reading.found if _beside(each.facet, each.value) for word in terms(each.words)}
    wanted = [part for part in reading.words() if not said.issuperset(terms(part.words))]
    if not wanted:
        return {}
    elsewhere = _others(reading.city, facets)
    found: dict[str, tuple[Price, ...]] = {}
    kept = _KEPT.setdefault(searcher.lexicon, {})
    if len(kept) > MAX_KEPT:
        kept.clear()
    for hit in hits[:PAGES]:
        if (stated := kept.get(hit.doc_id)) is None:
            document = searcher.get(hit.doc_id)
            stated = kept[hit.doc_id] = tuple(map(_Stated.of, prices_of(document))) if document else ()
        if stated and (prices := _fitting(hit.card, stated, wanted, elsewhere)):
            found[hit.doc_id] = prices
    return found


def _beside(facet: str, value: str) -> bool:
    """Whether a value that was read says that costs are asked for, or where."""
    return facet == "city" or (facet, value) == ("topic", COSTS)


def _others(cities: Sequence[str], facets: FacetWords) -> frozenset[str]:
    """The first words of the names of all cities but those that are asked for; none where none is."""
    if not cities:
        return frozenset()
    names = (value for facet, value in facets.labels if facet == "city" and value not in cities)
    return frozenset(stem(terms(name)[0]) for name in names)


def _fitting(
    card: Card, stated: Sequence[_Stated], wanted: Sequence[Part], elsewhere: frozenset[str]
) -> tuple[Price, ...]:
    """The prices of a page that are of what is wanted: those of which most is said in their own words."""
    page, labels = _stems(card.title), _stems(" ".join((*card.specialty, *card.topic)))
    chosen: list[tuple[int, Price]] = []
    for each in stated:
        named = [_says(part, each.own | each.heading | page) for part in wanted]
        named_or_labelled = (
            name or _says(part, labels, labelled=True) for name, part in zip(named, wanted, strict=True)
        )
        if each.own.isdisjoint(elsewhere) and any(named) and all(named_or_labelled):
            chosen.append((sum(_says(part, each.own) for part in wanted), each.price))
    most = max((said for said, _ in chosen), default=0)
    return tuple(price for said, price in chosen if said == most)[:SHOWN]


def _says(part: Part, stems: frozenset[str], *, labelled: bool = False) -> bool:
    """Whether a text has one of the ways to say a part; with ``labelled`` it is the labels of a page."""
    # What a Chinese word is called in English is only related to it.
    least = 0.0 if any(map(is_han, part.words)) else LEAST_WEIGHT
    return any(way <= stems for way in _ways(part.node, least, labelled))


def _ways(node: Node, least: float, labelled: bool) -> Iterable[frozenset[str]]:
    if isinstance(node, And | Or):
        for child in node.children:
            yield from _ways(child, least, labelled)
    elif isinstance(node, Concept):
        for member in node.members:
            if not isinstance(member, Term | Phrase):
                continue
            if labelled == ("label" in member.fields) and (labelled or member.weight >= least):
                yield frozenset(map(stem, member.terms if isinstance(member, Phrase) else (member.text,)))


@lru_cache(maxsize=4096)
def _stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, terms(text)))
