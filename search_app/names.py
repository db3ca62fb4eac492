"""Recognise the name of a document in what was typed, also in another word order or in pinyin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexer.analysis import is_han
from indexer.engines import Lexicon
from search_app.facetwords import FacetWords
from search_app.thesaurus import Terms, Thesaurus
from search_app.widen import Piece
from search_app.words import POSSESSIVE, Words

MAX_NAME_TERMS = 40  # longest title of the first corpus has 24
MAX_LOOSE_TERMS = 10  # longer names are typed as they are written
MAX_INSIDE_TERMS = 12  # looking for names inside longer texts would cost more than it brings
MAX_SPAN = 8
MAX_SHARED = 50  # documents of one name that are put in front; a corpus may repeat a title endlessly
_HOSPITAL = ("hospital",)
_YIYUAN = ("医", "院")
_LITTLE = frozenset(("the", "of", "at"))


@dataclass(frozen=True, slots=True)
class Name:
    """Documents that were named; ``literally`` when the text is the name itself."""

    doc_ids: tuple[str, ...]
    literally: bool
    reason: str


def find_name(
    typed: Terms, lexicon: Lexicon, facets: FacetWords, thesaurus: Thesaurus, loosely: bool = True
) -> Name | None:
    """The documents whose name is typed: literally, in pinyin, or with "hospital" and the city in another place.

    The loose forms, tried only where ``loosely`` is set, count only when all that fit lead to one document, and a word
    is added only beside one that cannot mean anything else ("tongren", not "children").
    """
    if not typed or len(typed) > MAX_NAME_TERMS:
        return None
    typed = tuple(POSSESSIVE.get(term, term) for term in typed)
    literal = lexicon.named(" ".join(typed)) or _written_otherwise(typed, lexicon)
    if literal:
        return Name(literal[:MAX_SHARED], True, "exact name")
    if len(typed) > 1 and all(term.isascii() and term.isalpha() for term in typed):
        literal = lexicon.named("".join(typed))
        if literal:
            return Name(literal[:MAX_SHARED], True, "exact name in pinyin")
    if not loosely or len(typed) > MAX_LOOSE_TERMS:
        return None
    for words in (typed, *_apart(typed, lexicon)):
        for forms in _tiers(words, lexicon, facets, thesaurus):
            found = {doc_id for form in forms for doc_id in lexicon.named(form)}
            if len(found) == 1:
                return Name(tuple(found), False, "name with its words in another order or left out")
            if found:
                return None
    return None


def _apart(typed: Terms, lexicon: Lexicon) -> Iterator[Terms]:
    """The terms with one of them taken apart, as the index writes it."""
    for place, term in enumerate(typed):
        for parts in () if is_han(term) else lexicon.joined(term)[:2]:
            yield (*typed[:place], *parts, *typed[place + 1 :])


def _written_otherwise(typed: Terms, lexicon: Lexicon) -> tuple[str, ...]:
    """Who is named when words are taken apart ("deltahealth", "sunyat sen") or joined ("you an")."""
    for place, term in enumerate(typed):
        if is_han(term):
            continue
        pair = "".join(typed[place : place + 2]) if place + 1 < len(typed) else ""
        ways = [(1, parts) for parts in lexicon.joined(term)]
        if pair and not is_han(pair):
            ways += [(2, parts) for parts in lexicon.joined(pair)]
            ways += [(2, (pair,))] if lexicon.exact_frequency(pair) else []
        for size, parts in ways:
            found = lexicon.named(" ".join((*typed[:place], *parts, *typed[place + size :])))
            if found:
                return found
    return ()


def _tiers(typed: Terms, lexicon: Lexicon, facets: FacetWords, thesaurus: Thesaurus) -> Iterator[set[str]]:
    """Name keys to try, in order of how far they are from what was typed."""
    cities, rest = _without_city(typed, facets)
    core = tuple(term for term in rest if term not in _LITTLE)
    han = any(is_han(term) for term in typed)
    bare = _without_hospital(core, han)
    if not bare:
        return
    if cities:
        yield set(_orders(cities, bare, han, core != bare))
    if not any(_names_something(term, facets, thesaurus) for term in bare):
        return
    if facets.read(bare) or thesaurus.entry(bare):
        return
    if cities:
        yield set(_orders(cities, bare, han, True)) | set(_orders((), bare, han, True))
        return
    yield set(_orders((), bare, han, True))
    if han:
        yield {form for city in facets.han_cities for form in _orders(city, bare, han, True)}
        return
    # Of most words no name begins with a city and them; to ask for every form would cost more than all else here.
    hospital = " ".join((*bare, *_HOSPITAL))
    before = lexicon.leading_to_names(facets.latin_cities, f" {bare[0]} ")
    after = facets.latin_cities if lexicon.leading_to_names((hospital,), " ") else ()
    yield {*(f"{city} {hospital}" for city in before), *(f"{hospital} {city}" for city in after)}
    name = "".join(bare).removesuffix("yiyuan") + "yiyuan"
    joined = lexicon.leading_to_names(facets.joined_cities, name)
    yield {name, *(city + name for city in joined)}


def _without_city(typed: Terms, facets: FacetWords) -> tuple[Terms, Terms]:
    for size in (2, 1):
        for start in range(len(typed) - size + 1):
            part = typed[start : start + size]
            if any(facet == "city" for facet, _ in facets.meanings.get(part, ())):
                return part, typed[:start] + typed[start + size :]
    return (), typed


def _without_hospital(core: Terms, han: bool) -> Terms:
    if han and core[-2:] == _YIYUAN:
        return core[:-2]
    return tuple(term for term in core if term not in ("hospital", "hospitals"))


def _orders(city: Terms, bare: Terms, han: bool, hospital: bool) -> Iterator[str]:
    if han:
        tail = _YIYUAN if hospital else ()
        for middle in ((), ("市",)) if city else ((),):
            yield " ".join((*city, *middle, *bare, *tail))
        return
    core = (*bare, *_HOSPITAL) if hospital else bare
    for article in ((), ("the",)):
        yield " ".join((*article, *city, *core))
        yield " ".join((*article, *core, *city))
        yield " ".join((*article, *core, "of", *city))


def _names_something(term: str, facets: FacetWords, thesaurus: Thesaurus) -> bool:
    if is_han(term):
        return True
    return not (
        term in thesaurus.name_words
        or thesaurus.optional(term)
        or not term.isalpha()
        or len(term) < 3
        or facets.read((term,))
        or thesaurus.entry((term,))
    )


def names_inside(pieces: Sequence[Piece], lexicon: Lexicon, words: Words) -> list[tuple[int, int, tuple[str, ...]]]:
    """Names of documents within a longer text: start, end, and who is named; the longest name at each place."""
    found: list[tuple[int, int, tuple[str, ...]]] = []
    if not 2 <= len(pieces) <= MAX_INSIDE_TERMS:
        return found
    telling = [_names_something(piece.term, words.facets, words.thesaurus) for piece in pieces]
    place = 0
    while place < len(pieces):
        step = 1
        for size in range(min(MAX_SPAN, len(pieces) - place, len(pieces) - 1), 0, -1):
            if any(telling[place : place + size]):
                part = pieces[place : place + size]
                doc_ids = _named([piece.term for piece in part], lexicon)
                if doc_ids:
                    found.append((part[0].start, part[-1].end, doc_ids[:MAX_SHARED]))
                    step = size
                    break
        place += step
    return found


def _named(typed: Sequence[str], lexicon: Lexicon) -> tuple[str, ...]:
    if len(typed) > 1:
        return lexicon.named(" ".join(typed))
    doc_ids = lexicon.named(f"{typed[0]} hospital")
    return doc_ids if len(doc_ids) == 1 else ()
