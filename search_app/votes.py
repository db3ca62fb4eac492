"""Guess what words are about that stand in no list as they are, from the words of the complaints and wishes that do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

from indexer.analysis import stem
from search_app.facetwords import FacetWords
from search_app.thesaurus import Synonym, Terms, Thesaurus

ENOUGH = 0.6  # votes: one word that several phrases of a list have, or two words that one has
SHARE = 0.3  # of all votes
MAX_WORDS = 8  # longer texts tell too much for a guess by single words
MAX_NAMES = 3  # of what a list leads to, the most exact ones

T = TypeVar("T", str, tuple[Terms, ...])
Complaints = Mapping[str, tuple[tuple[str, float], ...]]
Wishes = Mapping[str, tuple[tuple[tuple[Terms, ...], float], ...]]


def complaint_votes(thesaurus: Thesaurus, facets: FacetWords) -> Complaints:
    """For the stem of each word that complaints have, the specialties that they lead to, with votes for each."""

    def specialty(synonyms: tuple[Synonym, ...]) -> str:
        led = (value for each in synonyms if each.relation == "treated" for value in facets.read(each.terms))
        return next((value for facet, value in led if facet == "specialty"), "")

    return _votes(thesaurus, specialty, _tells)


def wish_votes(thesaurus: Thesaurus) -> Wishes:
    """For the stem of each word that wishes have, what pages call it, with votes for each."""

    def names(synonyms: tuple[Synonym, ...]) -> tuple[Terms, ...]:
        return tuple(each.terms for each in synonyms if each.relation == "wider")[:MAX_NAMES]

    return _votes(thesaurus, names, lambda term, thesaurus: not thesaurus.optional(term))


def _votes(
    thesaurus: Thesaurus, label: Callable[[tuple[Synonym, ...]], T], may_vote: Callable[[str, Thesaurus], bool]
) -> Mapping[str, tuple[tuple[T, float], ...]]:
    """A word of n phrases votes with n / (n + 1), divided among what they lead to: one phrase alone proves little."""
    counts: dict[str, Counter[T]] = {}
    for typed, synonyms in thesaurus.entries.items():
        led = label(synonyms)
        if led and typed[0].isascii():
            for word in {stem(term) for term in typed if may_vote(term, thesaurus)}:
                counts.setdefault(word, Counter())[led] += 1
    shared = {word: tuple((led, count / (of.total() + 1)) for led, count in of.items()) for word, of in counts.items()}
    return MappingProxyType(shared)


def _tells(term: str, thesaurus: Thesaurus) -> bool:
    """Whether a word of a complaint may vote: "medical" and the 1 of "type 1" stand beside any."""
    return not (thesaurus.optional(term) or term in thesaurus.name_words or term.isdigit())


def guess(typed: Iterable[str], votes: Mapping[str, tuple[tuple[T, float], ...]]) -> T | None:
    """What most of some words speak for, or None where they say too little or too many things."""
    words = {stem(term) for term in typed}
    if len(words) > MAX_WORDS:
        return None
    found: dict[T, float] = {}
    for word in sorted(words):
        for led, vote in votes.get(word, ()):
            found[led] = found.get(led, 0.0) + vote
    if not found:
        return None
    best = max(found, key=lambda led: (found[led], led))
    return best if found[best] >= ENOUGH and found[best] >= SHARE * sum(found.values()) else None
