"""Replace words that the index does not know by the words that were meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from indexer.engines import Lexicon
from search_app.spelling import (
    compound_meant,
    may_be_wrong,
    ranked_corrections,
    slip_cost,
    split_phrase,
    split_word,
    weighed_corrections,
)
from search_app.widen import Piece
from search_app.words import Words

MAX_CORRECTED = 6  # unknown words looked into: a text with more is no search with slips, and each costs a lookup
SMALL_WORD = 0.5  # what "best" and "being" cost more than a word that says something
TOGETHER = 0.5  # what a word costs less that makes a known phrase of its neighbours: "beast implants"
PLACE = 0.3  # what the name of a city costs less than another word
REACH = 3  # words beside one that are looked at for a phrase
JOINING = frozenset(("for", "in", "of", "and", "at", "with", "to", "from", "near"))
SURE = 0.9  # slip cost below which another form of a known stem is an error: a vowel, a doubled letter


@dataclass(frozen=True, slots=True)
class Change:
    """What was typed from ``start`` to ``end`` of the read text, and what was used instead."""

    typed: str
    used: str
    start: int
    end: int


def corrected(pieces: Sequence[Piece], lexicon: Lexicon, words: Words, text: str) -> tuple[list[Piece], list[Change]]:
    """The pieces with typing errors mended, and what was changed: words, lost spaces, spaces too many."""
    result: list[Piece] = []
    changes: list[Change] = []
    protected = words.thesaurus.protected
    known = [
        not may_be_wrong(piece.term, protected) or _settled(piece.term, _Near.at(place, pieces), lexicon, words)
        for place, piece in enumerate(pieces)
    ]
    unknown = [place for place, is_it in enumerate(known) if not is_it]
    for place in unknown[MAX_CORRECTED:]:
        known[place] = True
    place = 0
    while place < len(pieces):
        piece = pieces[place]
        following = pieces[place + 1] if place + 1 < len(pieces) else None
        joined = piece.term + following.term if following else ""
        apart = not (known[place] and known[place + 1]) if following else False
        if following and apart and may_be_wrong(joined, protected) and lexicon.exact_frequency(joined):
            change = Change(text[piece.start : following.end], joined, piece.start, following.end)
            meant: tuple[str, ...] = (joined,)
            place += 2
        else:
            meant = () if known[place] else _meant(piece.term, _Near.at(place, pieces), lexicon, words)
            place += 1
            if not meant:
                result.append(piece)
                continue
            change = Change(piece.typed.rstrip("-"), " ".join(meant), piece.start, piece.end)
        changes.append(change)
        result += [Piece(term, change.typed, change.start, change.end, True) for term in meant]
    return result, changes


class _Near(NamedTuple):
    """The words beside one that is corrected, nearest last and nearest first."""

    before: tuple[str, ...]
    after: tuple[str, ...]

    @staticmethod
    def at(place: int, pieces: Sequence[Piece]) -> _Near:
        """The words beside the piece at a place."""
        before = pieces[max(place - REACH, 0) : place]
        return _Near(
            tuple(piece.term for piece in before), tuple(piece.term for piece in pieces[place + 1 : place + 1 + REACH])
        )

    def phrase(self, word: str, words: Words) -> bool:
        """Whether a word makes a phrase of the vocabulary with its neighbours."""
        for left in range(len(self.before) + 1):
            for right in range(len(self.after) + 1):
                if 0 < left + right <= REACH:
                    typed = (*self.before[len(self.before) - left :], word, *self.after[:right])
                    if words.thesaurus.entry(typed) or words.facets.read(typed):
                        return True
        return False


def _meant(word: str, near: _Near, lexicon: Lexicon, words: Words) -> tuple[str, ...]:
    listed = words.thesaurus.misspelt.get(word)
    if listed and _leads_somewhere(listed, lexicon, words):
        return (listed,)
    likely = _likely(word, near, lexicon, words)
    if likely:
        return (likely,)
    return split_word(word, lexicon) or compound_meant(word, lexicon) or split_phrase(word, lexicon, JOINING) or ()


def _likely(word: str, near: _Near, lexicon: Lexicon, words: Words) -> str:
    """The likeliest word that leads somewhere, or "": one that says something or fits its neighbours before others."""
    best: tuple[float, str] = (inf, "")
    for cost, one in weighed_corrections(word, lexicon, words.correctable, words.thesaurus.protected):
        if cost - TOGETHER - PLACE >= best[0]:
            break
        together = near.phrase(one, words)
        if together or _leads_somewhere(one, lexicon, words):
            place = any(facet == "city" for facet, _ in words.facets.read((one,)))
            small = words.thesaurus.optional(one)
            weight = cost + SMALL_WORD * small - TOGETHER * together - PLACE * place
            best = min(best, (weight, one))
    return best[1]


def _leads_somewhere(word: str, lexicon: Lexicon, words: Words) -> bool:
    """Whether the index has a word itself, one of its other names, or a facet value that it stands for."""
    if lexicon.frequency(word):
        return True
    names = [synonym.terms for synonym in words.thesaurus.synonyms((word,))]
    names += [words.facets.label_terms(facet, value) for facet, value in words.facets.read((word,))]
    return any(all(map(lexicon.frequency, name)) for name in names)


def _settled(word: str, near: _Near, lexicon: Lexicon, words: Words) -> bool:
    """Whether a word needs no correction; a slip may leave the stem whole ("insurence"), then the form decides.

    A word that is only the beginning of others may be unfinished, unless one letter makes it whole: "cance".
    """
    if words.thesaurus.ordinary(word):
        return True
    if word in words.thesaurus.misspelt:
        return bool(lexicon.exact_frequency(word))
    if not is_known(word, lexicon, words):
        if not lexicon.starting(word, 1):
            return False
        return len(_likely(word, near, lexicon, words)) != len(word) + 1
    if lexicon.exact_frequency(word) or not lexicon.frequency(word) or word in words.thesaurus.vocabulary:
        return True
    likely = ranked_corrections(word, lexicon, None, words.thesaurus.protected)
    return not likely or slip_cost(word, likely[0]) >= SURE


def is_known(term: str, lexicon: Lexicon, words: Words) -> bool:
    """Whether a term leads anywhere: indexed, part of a compound, or vocabulary."""
    return bool(
        lexicon.frequency(term)
        or words.thesaurus.entry((term,))
        or term in words.thesaurus.vocabulary
        or words.facets.read((term,))
        or words.thesaurus.optional(term)
        or lexicon.joined(term)
    )
