"""Well-known hospitals without a page here: whoever asks for one is told so, instead of being shown others silently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from indexer.analysis import Token, is_han, terms
from indexer.engines import Lexicon
from indexer.errors import TaxonomyError
from indexer.model import And, Concept, FacetIs, Node, Or, Phrase, Term
from search_app.facetwords import FacetWords
from search_app.thesaurus import Terms
from search_app.vocabulary_files import VOCABULARY, read_tables

FILE = VOCABULARY / "elsewhere.toml"
_KEYS = {"name", "city", "names"}
_MAY = {"specialty", "pinyin"}
_HOSPITAL = ("yi", "yuan")
_NUMBERS = frozenset("一二三四五六七八九十1234567890")
_ORDINALS = frozenset((
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th", "10th",
))  # fmt: skip
_AFFILIATED = frozenset("附属第")
GENERAL = "General Hospital"  # what most of them are


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A hospital that has no page: what people are told, its city, what is typed for it, and its specialty.

    ``pinyin`` are the syllables of its Chinese names.
    """

    name: str
    city: str
    names: tuple[Terms, ...]
    specialty: str = GENERAL
    pinyin: tuple[Terms, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Where in a text such a hospital is named, in characters."""

    hospital: Elsewhere
    start: int
    end: int
    field: bool  # whether the name says a field that hospitals here have


Known = Mapping[str, Mapping[Terms, Elsewhere]]
"""Hospitals by each of their names, and these by their first term."""

Spelled = Mapping[str, Elsewhere | None]
"""Hospitals by their names in pinyin without spaces; None for what only begins some, up to the end of a syllable."""


def load_elsewhere(path: Path = FILE) -> Known:
    """The hospitals of a file.

    Raises:
        TaxonomyError: Names file, entry and what is wrong with it.
    """
    found: dict[Terms, Elsewhere] = {}
    for number, entry in enumerate(read_tables(path, "hospital"), 1):
        where = f"hospital {number}"
        if set(entry) - _MAY != _KEYS:
            must, may = (", ".join(sorted(keys)) for keys in (_KEYS, _MAY))
            raise TaxonomyError(path, where, f"must have {must}, may have {may}, and no more")
        name, city, names, specialty = entry["name"], entry["city"], entry["names"], entry.get("specialty", GENERAL)
        if not all(isinstance(text, str) and text.strip() for text in (name, city, specialty)):
            raise TaxonomyError(path, where, "'name', 'city' and 'specialty' must be texts")
        if not isinstance(names, list) or not names or not all(isinstance(each, str) for each in names):
            raise TaxonomyError(path, where, "'names' must be a list of texts")
        pinyin = entry.get("pinyin", [])
        if not isinstance(pinyin, list) or not all(isinstance(each, str) and each.isascii() for each in pinyin):
            raise TaxonomyError(path, where, "'pinyin' must be a list of syllables")
        spelled = tuple(map(terms, pinyin))
        hospital = Elsewhere(name, city, tuple(dict.fromkeys(map(terms, names))), specialty, spelled)
        for typed in hospital.names:
            if not typed:
                raise TaxonomyError(path, where, "a name without any letter")
            if typed in found:
                raise TaxonomyError(path, where, f"{' '.join(typed)!r} stands for {found[typed].name} already")
            found[typed] = hospital
    by_first: dict[str, dict[Terms, Elsewhere]] = {}
    for typed, hospital in found.items():
        by_first.setdefault(typed[0], {})[typed] = hospital
    return MappingProxyType(by_first)


def in_pinyin(known: Known) -> Spelled:
    """The hospitals by their names in pinyin; one that two have stands for neither."""
    found: dict[str, Elsewhere | None] = {}
    shared: set[str] = set()
    hospitals = dict.fromkeys(each for names in known.values() for each in names.values())
    for hospital in hospitals:
        for syllables in hospital.pinyin:
            ways = [syllables]
            if len(syllables) > len(_HOSPITAL) and syllables[-2:] == _HOSPITAL:
                ways.append((*syllables[:-2], "hospital"))
            for way in ways:
                for end in range(1, len(way)):
                    found.setdefault("".join(way[:end]))
                whole = "".join(way)
                if found.get(whole, hospital) not in (None, hospital):
                    shared.add(whole)
                found[whole] = hospital
    return MappingProxyType({**found, **dict.fromkeys(shared)})


def spelled_parts(known: Known) -> frozenset[str]:
    """Several syllables of these names as they may be written in one word."""
    hospitals = {each for names in known.values() for each in names.values()}
    spelled = {name for each in hospitals for name in each.pinyin}
    return frozenset(
        "".join(name[start:end])
        for name in spelled
        for start in range(len(name))
        for end in range(start + 2, len(name) + 1)
    )


def asked_for(
    tokens: Sequence[Token], known: Known, spelled: Spelled, lexicon: Lexicon, facets: FacetWords
) -> Asked | None:
    """The first such hospital in a text, by its longest name there; None where a page has that name."""
    typed = tuple(token.text for token in tokens)
    if lexicon.named(" ".join(typed)):
        return None
    for start in range(len(typed)):
        hospital, end = _named_from(typed, start, known, spelled)
        if hospital and not _names_another(typed, start, end):
            if any(lexicon.named(" ".join(name)) for name in hospital.names):
                return None
            return Asked(hospital, tokens[start].start, tokens[end - 1].end, _says_a_field(typed[start:end], facets))
    return None


def _named_from(typed: Terms, start: int, known: Known, spelled: Spelled) -> tuple[Elsewhere | None, int]:
    """The hospital with the longest name that begins with a term, and where that ends."""
    names = known.get(typed[start], {})
    longest = max(map(len, names), default=0)
    ends = range(min(len(typed), start + longest), start, -1)
    until = next((end for end in ends if typed[start:end] in names), start)
    hospital = names.get(typed[start:until])
    joined = ""
    for end in range(start, len(typed)):
        joined += typed[end]
        if joined not in spelled:
            break
        if end >= until and (other := spelled[joined]):
            hospital, until = other, end + 1
    return hospital, until


def _names_another(typed: Terms, start: int, end: int) -> bool:
    """Whether a number beside the name of a hospital makes that of another one of it: 湘雅三院 is not 湘雅."""
    if typed[end - 1] == "院":
        return False
    if not is_han(typed[start]):
        return bool({*typed[max(start - 1, 0) : start], *typed[end : end + 1]} & _ORDINALS)
    at = end
    while at < len(typed) and typed[at] in _AFFILIATED:
        at += 1
    number = at
    while at < len(typed) and typed[at] in _NUMBERS:
        at += 1
    return at > number and bool({"医", "院", "附"} & set(typed[at : at + 1]))


def _says_a_field(typed: Terms, facets: FacetWords) -> bool:
    parts = (typed[start:end] for start in range(len(typed)) for end in range(start + 1, len(typed) + 1))
    return any(facet == "specialty" for part in parts for facet, _ in facets.read(part))


def pages_for(hospital: Elsewhere, facets: FacetWords) -> Node:
    """The pages that name it; hospitals of its city too, where there are any."""
    reason = f"names {hospital.name}"
    ways = [
        Phrase(name, (), 1.0, True, reason) if len(name) > 1 else Term(name[0], (), 1.0, True, reason)
        for name in hospital.names
    ]
    named = Concept(tuple(ways))
    city = facets.canonical("city", hospital.city)
    return Or((named, And((FacetIs("city", city), FacetIs("kind", "hospital"))))) if city else named
