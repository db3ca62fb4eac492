"""Replace words that the index does not know by the words that were meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from indexer.analysis import stem, terms
from indexer.engines import Lexicon
from search_app.spelling import may_be_wrong, ranked_corrections, slip_cost, split_word
from search_app.widen import Piece
from search_app.words import Words

MAX_CORRECTED = 6  # unknown words looked into: a text with more is no search with slips, and each costs a lookup
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
    known = [not may_be_wrong(piece.term, protected) or _settled(piece.term, lexicon, words) for piece in pieces]
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
            meant = () if known[place] else _meant(piece.term, lexicon, words)
            change = Change(piece.typed.rstrip("-"), " ".join(meant), piece.start, piece.end)
            place += 1
        if meant:
            changes.append(change)
            result += [Piece(term, change.typed, change.start, change.end, True) for term in meant]
        else:
            result.append(piece)
    return result, changes


def _meant(word: str, lexicon: Lexicon, words: Words) -> tuple[str, ...]:
    listed = words.thesaurus.misspelt.get(word)
    if listed and _leads_somewhere(listed, lexicon, words):
        return (listed,)
    for one in ranked_corrections(word, lexicon, words.correctable, words.thesaurus.protected):
        if _leads_somewhere(one, lexicon, words):
            return (one,)
    return split_word(word, lexicon) or ()


def _leads_somewhere(word: str, lexicon: Lexicon, words: Words) -> bool:
    """Whether the index has a word itself, one of its other names, or a facet value that it stands for."""
    if lexicon.frequency(word):
        return True
    names = [synonym.terms for synonym in words.thesaurus.synonyms((word,))]
    names += [terms(words.facets.label(facet, value)) for facet, value in words.facets.read((word,))]
    return any(all(lexicon.frequency(term) for term in name) for name in names)


def _settled(word: str, lexicon: Lexicon, words: Words) -> bool:
    """Whether a word needs no correction; a slip may leave the stem whole ("insurence"), then the form decides."""
    if words.thesaurus.ordinary(word):
        return True
    if word in words.thesaurus.misspelt:
        return bool(lexicon.exact_frequency(word))
    if not is_known(word, lexicon, words):
        return False
    if lexicon.exact_frequency(word) or not lexicon.frequency(word) or word in words.thesaurus.vocabulary:
        return True
    likely = ranked_corrections(word, lexicon, (), words.thesaurus.protected)
    return not likely or stem(likely[0]) != stem(word) or slip_cost(word, likely[0]) >= SURE


def is_known(term: str, lexicon: Lexicon, words: Words) -> bool:
    """Whether a term leads anywhere: indexed, part of a compound, the beginning of a word, or vocabulary."""
    return bool(
        lexicon.frequency(term)
        or words.thesaurus.entry((term,))
        or term in words.thesaurus.vocabulary
        or words.facets.read((term,))
        or words.thesaurus.optional(term)
        or lexicon.joined(term)
        or lexicon.starting(term, 1)
    )
