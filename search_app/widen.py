"""Widen words in place: each becomes one concept with the other ways to say it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from indexer.analysis import is_han, stem
from indexer.engines import Lexicon
from indexer.model import Concept, Phrase, Prefix, Term
from search_app.facetwords import FacetWords
from search_app.pinyin import is_syllable
from search_app.thesaurus import ONE_WAY, SAID, WEIGHTS, Synonym, Terms
from search_app.words import Words

MAX_MEMBERS = 12  # of one concept; the best are kept, an engine tells 63 of a whole query apart
LABEL_WEIGHT = 0.5
JOINED_WEIGHT = 0.95
PINYIN_WEIGHT = 0.8
PREFIX_WEIGHT = 0.6
MIN_UNFINISHED = 3  # letters from which an unknown word may be the beginning of one
MAX_SYLLABLES = 6
MAX_COMPOUND = 3  # pieces of a code like PD-1

Member = Term | Phrase | Prefix


class Piece(NamedTuple):
    """A token of the typed text: its term, how it was typed, and its place in the read text."""

    term: str
    typed: str
    start: int
    end: int
    corrected: bool = False


class Unit(NamedTuple):
    """Neighbouring pieces that are one thing.

    ``how`` is "words", "pinyin", "compound", "han", "given" or "except".
    """

    pieces: tuple[Piece, ...]
    how: str
    synonyms: tuple[Synonym, ...] = ()
    meanings: tuple[tuple[str, str], ...] = ()

    @property
    def terms(self) -> Terms:
        """Terms of the pieces."""
        return tuple([piece.term for piece in self.pieces])

    @property
    def typed(self) -> str:
        """The unit as it was typed."""
        first = self.pieces[0]
        if is_han(first.term):
            return "".join(self.terms)
        if len(self.pieces) == 1:
            return first.typed.rstrip("-")
        return " ".join(dict.fromkeys([piece.typed.rstrip("-") for piece in self.pieces]))

    @property
    def said(self) -> str:
        """The unit as it was typed, corrected where that was needed."""
        for piece in self.pieces:
            if piece.corrected:
                return " ".join(self.terms)
        return self.typed


# ---------------------------------------------------------------------------------------------------------------------
# Which pieces belong together


def units(pieces: Sequence[Piece], lexicon: Lexicon, words: Words, meanings: bool = True) -> list[Unit]:
    """Pieces cut into units, the longest known one first; ``meanings`` False sees no synonyms and facet words."""
    found: list[Unit] = []
    typed = tuple([piece.term for piece in pieces])
    place = 0
    while place < len(pieces):
        unit = _longest(pieces, typed, place, lexicon, words, meanings)
        found.append(unit)
        place += len(unit.pieces)
    return found


def _longest(pieces: Sequence[Piece], every: Terms, place: int, lexicon: Lexicon, words: Words, meanings: bool) -> Unit:
    """The longest unit at a place; ``every`` are the terms of all pieces."""
    thesaurus, first = words.thesaurus, every[place]
    listed = words.longest(first) if meanings else 0
    most = max(listed, MAX_SYLLABLES if is_syllable(first) else MAX_COMPOUND)
    for size in range(min(most, len(pieces) - place), 0, -1):
        typed = every[place : place + size]
        if size <= listed:
            if typed in thesaurus.except_any or typed in thesaurus.except_city:
                return Unit(tuple(pieces[place : place + size]), "except")
            if typed in thesaurus.given_phrases:
                return Unit(tuple(pieces[place : place + size]), "given")
            synonyms, values = thesaurus.synonyms(typed), words.facets.read(typed)
            if (english := thesaurus.translations.get(typed)) is not None:
                values = tuple(dict.fromkeys((*values, *words.facets.within(english))))
            if synonyms or values:
                part = tuple(pieces[place : place + size])
                how = "han" if is_han(first) else "compound" if size > 1 and _is_compound(part, lexicon) else "words"
                return Unit(part, how, synonyms, values)
        if size > 1 and _is_pinyin(typed, lexicon):
            return Unit(tuple(pieces[place : place + size]), "pinyin")
        if 1 < size <= MAX_COMPOUND and _is_compound(part := tuple(pieces[place : place + size]), lexicon):
            return Unit(part, "compound")
    return Unit((pieces[place],), "han" if is_han(first) else "words")


def _is_pinyin(typed: Terms, lexicon: Lexicon) -> bool:
    if len(typed) > MAX_SYLLABLES or not all(map(is_syllable, typed)):
        return False
    return lexicon.exact_frequency("".join(typed)) > 0


def _is_compound(part: Sequence[Piece], lexicon: Lexicon) -> bool:
    """Letters and digits that are one code: "PD-1", "pd 1", "car t"; ordinary words with a hyphen are two words."""
    typed = [piece.term for piece in part]
    if min(map(len, typed)) > 2 or any(map(is_han, typed)):
        return False
    glued = all(after.start - before.end <= 1 and _no_space(before, after) for before, after in pairwise(part))
    return glued or bool(lexicon.joined("".join(typed)))


def _no_space(before: Piece, after: Piece) -> bool:
    return before.end == after.start or before.typed.endswith("-")


# ---------------------------------------------------------------------------------------------------------------------
# What else a unit or a word is called


def other_names(
    unit: Unit, lexicon: Lexicon, facets: FacetWords, values: Sequence[tuple[str, str]], only_spellings: bool = False
) -> list[Member]:
    """Synonyms of a unit that the index knows, and the labels of the facet values that it stands for."""
    members: list[Member] = []
    typed, said = unit.terms, unit.said
    own = stem(typed[0]) if len(typed) == 1 else ""
    for synonym in unit.synonyms:
        if only_spellings and synonym.relation != "spelling":
            continue
        if own and len(synonym.terms) == 1 and stem(synonym.terms[0]) == own:
            continue
        if all(map(lexicon.frequency, synonym.terms)):
            reason = f"{' '.join(synonym.terms)} ({SAID[synonym.relation]} {said})"
            members.append(_member(synonym.terms, synonym.weight, reason))
    if not only_spellings:
        for facet, value in values or same_field(unit, facets):
            label = facets.label_terms(facet, value)
            if not values or (facet != "kind" and label != typed):
                reason = f"{facets.label(facet, value)} (what {said} stands for)"
                where = () if facet == "profile" else ("label",)
                members.append(_member(label, LABEL_WEIGHT, reason, where))
    return members


def same_field(unit: Unit, facets: FacetWords) -> list[tuple[str, str]]:
    """Specialties of the words that mean the same as a unit: "piles" are hemorrhoids, which have one."""
    same = (synonym for synonym in unit.synonyms if synonym.relation not in ONE_WAY)
    return list(dict.fromkeys(value for each in same for value in facets.read(each.terms) if value[0] == "specialty"))


def written_otherwise(pieces: Sequence[Piece], place: int, lexicon: Lexicon) -> list[Member]:
    """The same letters in one word or in several: "checkup" for "check up", "car t" for "cart"."""
    piece = pieces[place]
    members: list[Member] = []
    if is_han(piece.term):
        return members
    for parts in lexicon.joined(piece.term)[:3]:
        members.append(_member(parts, JOINED_WEIGHT, f"{' '.join(parts)} ({piece.typed} written apart)"))
    for first, second in ((place - 1, place), (place, place + 1)):
        if first >= 0 and second < len(pieces):
            left, right = pieces[first].term, pieces[second].term
            if len(left) + len(right) >= 5 and left.isalpha() and right.isalpha() and not is_han(left + right):
                joined = left + right
                if lexicon.exact_frequency(joined):
                    members.append(Term(joined, (), JOINED_WEIGHT, False, f"{joined} ({left} {right} in one word)"))
    return members


def concept(first: Member, *others: Iterable[Member]) -> Concept:
    """One concept of a word and its other names, the heaviest of each name, best first."""
    best: dict[tuple[object, ...], Member] = {}
    for group in others:
        for member in group:
            key = _name(member)
            if key not in best or best[key].weight < member.weight:
                best[key] = member
    if not best:
        return Concept((first,))
    best.pop(_name(first), None)
    ranked = sorted(best.values(), key=lambda member: -member.weight)
    return Concept((first, *ranked[: MAX_MEMBERS - 1]))


def _name(member: Member) -> tuple[object, ...]:
    return type(member), member.terms if isinstance(member, Phrase) else member.text, member.fields


def word(piece: Piece, lexicon: Lexicon, fields: tuple[str, ...] = ()) -> tuple[Term, list[Member]]:
    """The term of a piece as typed; for one that stands nowhere but begins a known word, that beginning too."""
    reason = f"{piece.term} (corrected from {piece.typed})" if piece.corrected else ""
    term = Term(piece.term, fields, 1.0, False, reason)
    if (
        len(piece.term) >= MIN_UNFINISHED
        and piece.term.isalpha()
        and not is_han(piece.term)
        and not lexicon.frequency(piece.term)
        and lexicon.starting(piece.term, 1)
    ):
        return term, [Prefix(piece.term, fields, PREFIX_WEIGHT, f"begins with {piece.term}")]
    return term, []


def together(unit: Unit) -> Member:
    """A unit as one term or phrase; pinyin syllables are joined."""
    if unit.how == "pinyin":
        joined = "".join(unit.terms)
        return Term(joined, (), PINYIN_WEIGHT, False, f"{joined} ({unit.typed} in one word)")
    return _member(unit.terms, 1.0, "")


def wished(name: Terms, said: str) -> Member:
    """What pages may call that which the words of a question are about; a guess, so of little weight."""
    return _member(name, WEIGHTS["wider"], f"{' '.join(name)} ({SAID['wider']} {said})")


def _member(found: Terms, weight: float, reason: str, fields: tuple[str, ...] = ()) -> Member:
    if len(found) == 1:
        return Term(found[0], fields, weight, False, reason)
    return Phrase(found, fields, weight, False, reason)
