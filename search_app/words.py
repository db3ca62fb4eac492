"""All vocabulary that reading a query needs, in one bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from indexer.analysis import stem
from indexer.meanings import default_meanings
from search_app.elsewhere import Known, Spelled, in_pinyin, load_elsewhere, spelled_parts
from search_app.facetwords import MAX_UNIT, FacetWords, default_facet_words
from search_app.notices import Notice, load_notices
from search_app.placed import NOTHING, Placed, default_placed
from search_app.sounding import Correctable
from search_app.spelling import MIN_CHARS
from search_app.strengths import Strengths, default_strengths
from search_app.thesaurus import MIN_STEMMED, Thesaurus, default_thesaurus, stems
from search_app.votes import Complaints, Wishes, complaint_votes, wish_votes

POSSESSIVE = {"childrens": "children", "womens": "women", "peoples": "people", "mens": "men"}  # without the apostrophe


@dataclass(frozen=True, slots=True)
class Words:
    """Synonyms, facet words, what single words vote for, what hospitals are known for, and ``correctable`` words.

    Those lead somewhere, or help to, without being indexed; a typing error may have meant one of them.
    """

    thesaurus: Thesaurus
    facets: FacetWords
    correctable: Correctable
    complaints: Complaints
    wishes: Wishes
    strengths: Strengths
    elsewhere: Known
    elsewhere_spelled: Spelled  # their names in pinyin
    named_elsewhere: frozenset[str]  # terms of their names
    placed: Placed
    notices: tuple[Notice, ...]
    reach: Mapping[str, int]  # terms of the longest phrase of any list by its first one, as ``stems`` leaves it

    def english(self, word: str) -> bool:
        """Whether a word is good English, or a name that English texts have, although no page may have it."""
        root = stem(word) if word.isascii() else ""
        return (root == word or len(root) >= MIN_STEMMED) and root in default_meanings().rows

    def load(self) -> None:
        """Make at once what is else made for the first typing error, as a server does before it divides."""
        default_meanings()
        self.correctable.alike("")

    def longest(self, term: str) -> int:
        """How many terms what is listed and begins with a term may have, at least 1."""
        if stem(term) in self.thesaurus.in_phrases:  # whose words may stand in any order
            return MAX_UNIT
        return self.reach.get(stems((term,))[0], 1)


def make_words(thesaurus: Thesaurus, facets: FacetWords, strengths: Strengths, placed: Placed = NOTHING) -> Words:
    """The bundle of a thesaurus, a taxonomy's words, and the fields that hospitals are known for."""
    single = {key[0] for key in facets.meanings if len(key) == 1 and key[0].isascii()}
    spelled = {each for each in (*thesaurus.vocabulary, *single) if each.isascii() and each.isalpha()}
    known = sorted(each for each in {*spelled, *POSSESSIVE} if len(each) >= MIN_CHARS)
    correctable = Correctable(sorted(known, key=len))
    votes = complaint_votes(thesaurus, facets), wish_votes(thesaurus)
    phrases = (*thesaurus.except_any, *thesaurus.except_city, *thesaurus.given_phrases)
    reach: dict[str, int] = {}
    for typed in (*thesaurus.by_stem, *facets.by_stem, *map(stems, phrases)):
        reach[typed[0]] = max(len(typed), reach.get(typed[0], 1))
    elsewhere = load_elsewhere()
    named = frozenset(term for names in elsewhere.values() for name in names for term in name)
    named |= spelled_parts(elsewhere)
    spelled_elsewhere = in_pinyin(elsewhere)
    by_first = MappingProxyType(reach)
    return Words(
        thesaurus, facets, correctable, *votes, strengths, elsewhere, spelled_elsewhere, named, placed, load_notices(),
        by_first,
    )  # fmt: skip


@cache
def default_words() -> Words:
    """The vocabulary that comes with the program, made once."""
    return make_words(default_thesaurus(), default_facet_words(), default_strengths(), default_placed())
