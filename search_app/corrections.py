"""Replace words that the index does not know by the words that were meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import OSA

from indexer.analysis import stem
from indexer.engines import Lexicon
from indexer.meanings import UNKNOWN, default_meanings
from search_app.by_ear import MAX_HEARD, is_heard
from search_app.pinyin import is_pinyin, is_syllable
from search_app.recut import is_listed, lost_space, lost_spaces, moved_space, needless_space
from search_app.spelling import (
    MIN_CHARS,
    compound_meant,
    heard,
    may_be_wrong,
    ranked_corrections,
    slip_cost,
    split_phrase,
    weighed_corrections,
)
from search_app.widen import Piece
from search_app.words import Words

MAX_CORRECTED = 6  # unknown words looked into: a text with more is no search with slips, and each costs a lookup
SMALL_WORD = 0.3  # what "best" and "being" cost more than a word that says something
TOGETHER = 0.5  # what a word costs less that makes a known phrase of its neighbours: "beast implants"
FITS = 1.0  # what a word costs less that is as close in meaning to one beside it as a word can be: "insurance clame"
CLOSE = 0.3  # such closeness from which it may have more slips than is likely
PLACE = 0.3  # what the name of a city or of a field costs less than another word
REACH = 3  # words beside one that are looked at for a phrase
JOINING = frozenset(("for", "in", "of", "and", "at", "with", "to", "from", "near"))
MIN_NAME = 6  # letters of pinyin in several syllables that nobody writes by chance
SMALL = 3  # letters of a small word that is told with two of them swapped
ONE_LETTER = 1  # slips from which a word is rather two without their space, where both are known: "guangzhoueye"
SURE_NAME = 1.0  # most that a name may cost that was heard as two words
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
        _settled(piece.term, _Near.at(place, pieces), lexicon, words)
        if may_be_wrong(piece.term, protected)
        else not _small_slip(piece.term, lexicon, words)
        for place, piece in enumerate(pieces)
    ]
    unknown = [place for place, is_it in enumerate(known) if not is_it]
    for place in unknown[MAX_CORRECTED:]:
        known[place] = True
    whole = [is_it and not _only_in_parts(piece.term, lexicon) for is_it, piece in zip(known, pieces, strict=True)]
    place = 0
    while place < len(pieces):
        piece = pieces[place]
        following = pieces[place + 1] if place + 1 < len(pieces) else None
        joined = piece.term + following.term if following else ""
        apart = not (known[place] and known[place + 1]) if following else False
        meant: tuple[str, ...] = ()
        if following and may_be_wrong(joined, protected) and _in_two(place, pieces, apart, lexicon, words):
            meant = (joined,)
        elif following and text[piece.end : following.start] == " ":
            meant = _respaced(place, pieces, whole, lexicon, words)
        elif following and (name := _heard_apart(piece.term, following.term, lexicon, words)):
            meant = (name,)
        if following and meant:
            change = Change(text[piece.start : following.end], " ".join(meant), piece.start, following.end)
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

    def words(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.before, *self.after)

    def phrase(self, word: str, words: Words) -> bool:
        """Whether a word makes a phrase of the vocabulary with its neighbours."""
        for left in range(len(self.before) + 1):
            for right in range(len(self.after) + 1):
                if 0 < left + right <= REACH:
                    typed = (*self.before[len(self.before) - left :], word, *self.after[:right])
                    if words.thesaurus.entry(typed) or words.facets.read(typed):
                        return True
        return False

    def named(self, word: str, lexicon: Lexicon) -> bool:
        """Whether a name of the index begins with a word and a neighbour, or has them in one word."""
        pairs = [(left, word) for left in self.before[-1:]] + [(word, right) for right in self.after[:1]]
        return any(lexicon.joined("".join(pair)) or lexicon.names_starting(" ".join(pair), 1) for pair in pairs)


def _respaced(
    place: int, pieces: Sequence[Piece], whole: Sequence[bool], lexicon: Lexicon, words: Words
) -> tuple[str, ...]:
    """What two words are with the space between them gone, or elsewhere, or (); ``whole`` are those that are known."""
    first, second = pieces[place].term, pieces[place + 1].term
    if name := _heard_apart(first, second, lexicon, words):
        return (name,)
    if not (whole[place] and whole[place + 1]):
        if any(lost_space(each, lexicon, words) for each in (first, second)):  # "medicinechengdu" needs no other word
            return ()
        return moved_space(first, second, lexicon) or ()
    if needless_space(first, second, lexicon, words):
        # "By pass" and "heart by pass", but not "change in voice" and "visit or treatment".
        near = _Near(_Near.at(place, pieces).before, _Near.at(place + 1, pieces).after)
        if len(pieces) == 2 or near.phrase(first + second, words):
            return (first + second,)
    return ()


def _only_in_parts(word: str, lexicon: Lexicon) -> bool:
    """Whether the index has a word only as several ("tcell")."""
    return len(word) > MIN_CHARS and not lexicon.frequency(word) and bool(lexicon.joined(word))


def _heard_apart(first: str, second: str, lexicon: Lexicon, words: Words) -> str:
    """The Chinese name that two words may be, written by ear ("foo dan"), or "".

    Not where both are words of ours, or syllables of another name as they stand.
    """
    pair = (first, second)
    if not all(map(is_heard, pair)) or all(map(_is_a_name, pair)):
        return ""
    if any(map(words.thesaurus.optional, pair)) and not _one_is_no_word(pair, lexicon, words):
        return ""
    if max(map(len, pair)) > MAX_HEARD or all(_is_ours(each, lexicon, words) for each in pair):
        return ""
    if lexicon.exact_frequency(first + second):
        return first + second
    found = [(cost, name) for name, cost in heard(first + second, lexicon) if cost <= SURE_NAME]
    return min(found)[1] if found else ""


def _one_is_no_word(pair: tuple[str, str], lexicon: Lexicon, words: Words) -> bool:
    """Whether of two words one is a small one and also a syllable, and the other none at all ("sye he")."""
    small = [word for word in pair if words.thesaurus.optional(word)]
    others = [word for word in pair if word not in small]
    return (
        len(others) == 1
        and is_syllable(small[0])
        and not words.english(others[0])
        and not is_known(others[0], lexicon, words)
    )


def _is_a_name(word: str) -> bool:
    """Whether a word is pinyin as it stands; "gee" and "shaan" are that only letter by letter."""
    return is_syllable(word) or (len(word) >= MIN_NAME and is_pinyin(word))


def _is_ours(word: str, lexicon: Lexicon, words: Words) -> bool:
    """Whether a word is one of the vocabulary or of daily life, or more than a syllable that the index has."""
    thesaurus = words.thesaurus
    if thesaurus.ordinary(word) or word in thesaurus.vocabulary or words.facets.read((word,)):
        return True
    return len(word) > MIN_CHARS and bool(lexicon.exact_frequency(word))


def _in_two(place: int, pieces: Sequence[Piece], apart: bool, lexicon: Lexicon, words: Words) -> bool:
    """Whether the piece at a place and the next are a word with a space in it: "can cer", "sic kle"."""
    pair = pieces[place].term, pieces[place + 1].term
    joined = pair[0] + pair[1]
    if not (lexicon.exact_frequency(joined) or (is_listed(joined, words) and _leads_somewhere(joined, lexicon, words))):
        return False
    if apart or any(len(each) > 1 and not _means(each, lexicon, words) for each in pair):
        return True
    return all(map(is_syllable, pair)) and bool(words.facets.read((joined,)))


def _means(word: str, lexicon: Lexicon, words: Words) -> bool:
    """Whether a word is one by itself, and no part of another."""
    return is_known(word, lexicon, words) or words.english(word) or word in words.thesaurus.protected


def _small_slip(word: str, lexicon: Lexicon, words: Words) -> str:
    """The small word that a short one is with two letters swapped ("adn", "hwo"), or ""."""
    if not (len(word) == SMALL and word.isascii() and word.isalpha()) or _means(word, lexicon, words):
        return ""
    swapped = (word[0] + word[2] + word[1], word[1] + word[0] + word[2])  # "hwo" is rather how than who
    return next((each for each in swapped if words.thesaurus.optional(each)), "")


def _meant(word: str, near: _Near, lexicon: Lexicon, words: Words) -> tuple[str, ...]:
    listed = words.thesaurus.misspelt.get(word)
    if listed and _leads_somewhere(listed, lexicon, words):
        return (listed,)
    if small := _small_slip(word, lexicon, words):
        return (small,)
    likely = _likely(word, near, lexicon, words)
    if likely and OSA.distance(word, likely) <= ONE_LETTER:
        return (likely,)
    apart = lost_space(word, lexicon, words)
    if likely and (not apart or any(map(is_syllable, apart))):
        return (likely,)
    found = apart or compound_meant(word, lexicon) or split_phrase(word, lexicon, JOINING)
    return found or lost_spaces(word, lexicon)


def _likely(word: str, near: _Near, lexicon: Lexicon, words: Words) -> str:
    """The likeliest word that leads somewhere, or "": one that says something or fits its neighbours before others."""
    best: tuple[float, str] = (inf, "")
    good = words.english(word)  # then only another form of it, or what its neighbours ask for
    correctable, protected = words.correctable, words.thesaurus.protected
    weighed = weighed_corrections(word, lexicon, correctable, protected, TOGETHER if near.words() else 0.0)
    fits = _closeness([each.word for each in weighed], near, words) if len(weighed) > 1 else {}
    for cost, one, usual in weighed:
        if cost - TOGETHER - PLACE - FITS >= best[0]:
            break
        fit = fits.get(one, 0.0)
        if not usual and fit < CLOSE:
            continue
        together = near.phrase(one, words)
        if good and not together and stem(one) != stem(word):
            together = near.named(one, lexicon)
            if not together:
                continue
        if together or _leads_somewhere(one, lexicon, words):
            place = bool(words.facets.read((one,)))
            small = words.thesaurus.optional(one)
            weight = cost + SMALL_WORD * small - TOGETHER * together - PLACE * place - FITS * fit
            best = min(best, (weight, one))
    return best[1] or ("" if good else _asked_for(word, near, lexicon, words))


def _closeness(found: Sequence[str], near: _Near, words: Words) -> dict[str, float]:
    """How close in meaning some words are to that of their neighbours which they fit best; none below 0."""
    meanings = default_meanings()
    rows = meanings.of(found)
    beside = meanings.of(each for each in near.words() if not words.thesaurus.optional(each))
    beside = beside[beside != UNKNOWN]
    if not len(beside):
        return {}
    theirs, own = (meanings.vectors[each].astype(np.float32) for each in (beside, rows))
    lengths = np.linalg.norm(own, axis=1)[:, None] * np.linalg.norm(theirs, axis=1)
    closest = (own @ theirs.T / np.maximum(lengths, 1)).max(axis=1)
    told = zip(found, rows.tolist(), closest.tolist(), strict=True)
    # Names say nothing of their neighbours, whatever text they had a vector from.
    return {word: max(close, 0.0) for word, row, close in told if row != UNKNOWN and not is_pinyin(word)}


def _asked_for(word: str, near: _Near, lexicon: Lexicon, words: Words) -> str:
    """The likeliest word with more slips than is likely that makes a known phrase of its neighbours, or "".

    "going bliin", "hearing viocs".
    """
    if not (near.before or near.after):
        return ""
    others = weighed_corrections(word, lexicon, words.correctable, words.thesaurus.protected, TOGETHER)
    return next((each.word for each in others if near.phrase(each.word, words)), "")


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
    if words.thesaurus.ordinary(word) or word in words.named_elsewhere:
        return True
    if word in words.thesaurus.misspelt:
        return bool(lexicon.exact_frequency(word))
    if not is_known(word, lexicon, words):
        if words.english(word):
            return not _likely(word, near, lexicon, words)
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
