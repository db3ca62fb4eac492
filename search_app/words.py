"""All vocabulary that reading a query needs, in one bundle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from search_app.facetwords import FacetWords, default_facet_words
from search_app.spelling import MIN_CHARS
from search_app.thesaurus import Thesaurus, default_thesaurus

POSSESSIVE = {"childrens": "children", "womens": "women", "peoples": "people", "mens": "men"}  # without the apostrophe


@dataclass(frozen=True, slots=True)
class Words:
    """Synonyms, facet words, and ``correctable`` ones: those that lead somewhere, or help to, without being indexed."""

    thesaurus: Thesaurus
    facets: FacetWords
    correctable: tuple[str, ...]


def make_words(thesaurus: Thesaurus, facets: FacetWords) -> Words:
    """The bundle of a thesaurus and a taxonomy's words."""
    single = {key[0] for key in facets.meanings if len(key) == 1 and key[0].isascii()}
    spelled = {each for each in (*thesaurus.vocabulary, *single) if each.isascii() and each.isalpha()}
    known = sorted(each for each in {*spelled, *POSSESSIVE} if len(each) >= MIN_CHARS)
    return Words(thesaurus, facets, tuple(known))


@cache
def default_words() -> Words:
    """The vocabulary that comes with the program, made once."""
    return make_words(default_thesaurus(), default_facet_words())
