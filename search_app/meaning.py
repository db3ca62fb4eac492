"""Which facet values a unit of words stands for."""

from __future__ import annotations

from collections.abc import Iterator

from search_app.facetwords import FacetWords
from search_app.thesaurus import ONE_WAY
from search_app.widen import Unit

Value = tuple[str, str]


def meanings(unit: Unit, facets: FacetWords) -> tuple[Value, ...]:
    """Facet values of a unit: its own, else those of the words in it; the kind always ("fertility clinic")."""
    if len(unit.pieces) == 1 or unit.how == "han":
        return unit.meanings
    typed = unit.terms
    inside: dict[Value, None] = {}
    place = 0
    while place < len(typed):
        for size in range(len(typed) - place, 0, -1):
            found = facets.read(typed[place : place + size])
            if found:
                inside.update(dict.fromkeys(found))
                place += size - 1
                break
        place += 1
    own = [each for each in unit.meanings or inside if each[0] != "kind"]
    kinds = [each for term in typed for each in facets.read((term,)) if each[0] == "kind"]
    kinds += [each for each in inside if each[0] == "kind"]
    return tuple(dict.fromkeys((*own, *kinds)))


def hinted(unit: Unit, facets: FacetWords) -> Iterator[tuple[str, str, bool]]:
    """Specialties and topics of the other names of a unit; True where a specialty is meant, not only related."""
    for synonym in unit.synonyms:
        for facet, value in facets.read(synonym.terms):
            if synonym.relation in ONE_WAY:
                if facet in ("specialty", "topic"):
                    yield facet, value, False
            elif facet in ("specialty", "topic"):
                yield facet, value, True
