"""What stands around a document or a facet value: relatives, mentions, counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from indexer import analysis
from indexer.model import (
    FACETS,
    And,
    Boost,
    Card,
    Document,
    DocumentIs,
    Everything,
    FacetIs,
    Filter,
    Hit,
    Not,
    Or,
    Phrase,
    Query,
    Results,
    card_of,
)

if TYPE_CHECKING:
    from indexer.engines import Searcher

RELATED = 6
MENTIONS = 8
LISTED = 100  # cards on the page of a facet value; a search shows the rest
LOOKED_UP = 24  # links that are looked up at once
MAX_NAMES = 12  # names of one hospital that are looked for in articles
_DOC_PATH = re.compile(r"(hospitals|articles)/([^/?#]+?)(?:\.html?)?/?(?:[?#].*)?$")


@dataclass(frozen=True, slots=True)
class Landing:
    """The page of a facet value: what it holds, how it divides, and the article that introduces it."""

    facet: str
    value: str
    hospitals: tuple[Card, ...]
    articles: tuple[Card, ...]
    results: Results
    total: int
    guide: Card | None = None


def overview(searcher: Searcher) -> Results:
    """Counts of every facet value over the whole index, without hits."""
    return searcher.search(Query(Everything(), limit=0))


def landing(searcher: Searcher, facet: str, value: str, guide: str = "") -> Landing:
    """Everything with one facet value, hospitals and articles apart, each by title.

    ``guide`` is the id of the document that introduces the value; nothing introduces it where the index lacks that.
    """
    chosen = Filter(facet, (value,))

    def cards(kind: str) -> tuple[Card, ...]:
        found = searcher.search(
            Query(Everything(), filters=(chosen, Filter("kind", (kind,))), facets=(), sort="title", limit=LISTED)
        )
        return tuple(hit.card for hit in found.hits)

    results = searcher.search(Query(Everything(), filters=(chosen,), facets=FACETS, limit=0))
    introduction = searcher.get(guide) if guide else None
    return Landing(
        facet,
        value,
        cards("hospital"),
        cards("article"),
        results,
        results.total.value,
        card_of(introduction) if introduction else None,
    )


def related(searcher: Searcher, document: Document, kind: str, limit: int = RELATED) -> tuple[Card, ...]:
    """Documents of a kind that share most with this one: fields first, then city, then topic."""
    shared = [FacetIs(facet, value) for facet in ("specialty", "city", "topic") for value in document.values(facet)]
    if not shared:
        return ()
    weights = {"specialty": 4.0, "city": 3.0, "topic": 3.0}
    # Every third hospital is a general one, so that says little.
    boosts = tuple(
        Boost(each.facet, each.value, 1.0 if each.value == "General Hospital" else weights[each.facet])
        for each in shared
    )
    root = And((FacetIs("kind", kind), Or(tuple(shared)), Not(DocumentIs((document.doc_id,)))))
    return _cards(searcher.search(Query(root, boosts=boosts, facets=(), limit=limit)))


def mentions(searcher: Searcher, document: Document, limit: int = MENTIONS) -> tuple[Hit, ...]:
    """Articles that name this hospital, each with the section that does."""
    phrases: dict[tuple[str, ...], Phrase] = {}
    for name in (document.title, document.title_zh, *document.aliases)[:MAX_NAMES]:
        words = analysis.terms(name)
        # One word ("Renji", "PUMCH") is a name only where it is not an everyday word, which nobody here can tell.
        if len(words) > 1:
            phrases[words] = Phrase(words, exact=True)
    if not phrases:
        return ()
    root = And((FacetIs("kind", "article"), Or(tuple(phrases.values())), Not(DocumentIs((document.doc_id,)))))
    return searcher.search(Query(root, facets=(), limit=limit)).hits


def hospitals_of(searcher: Searcher, document: Document, limit: int = RELATED) -> tuple[Landing, ...]:
    """What the index has now in the one city, and in the one or two fields, that an article is about."""
    found: list[Landing] = []
    for facet, most in (("city", 1), ("specialty", 2)):
        values = document.values(facet)
        for value in values if len(values) <= most else ():
            chosen = (Filter(facet, (value,)), Filter("kind", ("hospital",)))
            results = searcher.search(Query(Everything(), filters=chosen, facets=(), sort="title", limit=limit))
            if results.total.value:
                found.append(Landing(facet, value, _cards(results), (), results, results.total.value))
    return tuple(found)


def linked(searcher: Searcher, document: Document, limit: int = 2 * RELATED) -> tuple[Card, ...]:
    """Documents that the text of this one links to, in its order."""
    # Links of a corpus page are relative to its own folder, and one that stays on it leads to no other document.
    folder = document.url.rpartition("/")[0] + "/"
    targets = [_linked_id(folder, link.href) for link in document.links]
    kept = dict.fromkeys(searcher.moved(target) or target for target in targets if target)
    named = [doc_id for doc_id in kept if doc_id != document.doc_id]
    found: list[Card] = []
    # One search for many cards: a whole document is unpacked for each ``get``, and a cluster is asked each time.
    for start in range(0, len(named), LOOKED_UP):
        some = tuple(named[start : start + LOOKED_UP])
        cards = {
            card.doc_id: card for card in _cards(searcher.search(Query(DocumentIs(some), facets=(), limit=LOOKED_UP)))
        }
        found += [cards[doc_id] for doc_id in some if doc_id in cards]
        if len(found) >= limit:
            break
    return tuple(found[:limit])


@lru_cache(maxsize=4096)
def _linked_id(folder: str, href: str) -> str:
    """Id of the document that a link from a page of a folder may lead to; pages link to the same ones."""
    try:
        found = _DOC_PATH.search(urljoin(folder, href))
    except ValueError:  # "http://[": a page from anywhere may say anything
        return ""
    return f"{found.group(1)}/{found.group(2)}" if found else ""


def _cards(results: Results) -> tuple[Card, ...]:
    return tuple(hit.card for hit in results.hits)
