"""What a wrong address may have meant: documents whose names are like its words."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz.distance import OSA

from indexer.analysis import terms
from indexer.model import Card
from search_app.words import Words

CLOSE = 0.75  # likeness from which a word is another one with a slip: "centre" and "center", "renjii" and "renji"
MIN_CHARS = 4  # shorter words are like too many others
ENOUGH = 2 / 3  # of what the words of the address count
HOSPITAL = frozenset(("hospital", "hospitals", "医", "院"))
TELLING, PLACE = 1.0, 0.5  # what a word counts; one that stands in most names counts nothing


def like(address: str, cards: Iterable[Card], words: Words) -> tuple[Card, ...]:
    """Those of some documents whose title, other names or id have most of the words of an address, in their order."""
    worth = {word: _worth(word, words) for word in terms(address)}
    wanted = ENOUGH * sum(worth.values())
    return tuple(card for card in cards if _in_name(card, worth) >= wanted > 0)


def _worth(word: str, words: Words) -> float:
    common = words.thesaurus.name_words | HOSPITAL
    if words.thesaurus.optional(word) or word in common or _misspelt(word, common):
        return 0.0
    values = words.facets.meanings.get((word,), ())
    return PLACE if any(facet == "city" for facet, _value in values) else TELLING


def _in_name(card: Card, worth: dict[str, float]) -> float:
    """What the words count that a document has in its names; nothing when none of them tells more than a place."""
    names = " ".join((card.title, card.title_zh, *card.aliases, card.doc_id.rpartition("/")[2]))
    there = frozenset(terms(names))
    found = [counts for word, counts in worth.items() if word in there or _misspelt(word, there)]
    return sum(found) if TELLING in found else 0.0


def _misspelt(word: str, there: Iterable[str]) -> bool:
    long = len(word) >= MIN_CHARS
    return long and any(len(other) >= MIN_CHARS and OSA.normalized_similarity(word, other) >= CLOSE for other in there)
