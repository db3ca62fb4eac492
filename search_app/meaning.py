"""Which facet values a unit of words stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from search_app.facetwords import FacetWords
from search_app.thesaurus import ONE_WAY
from search_app.widen import Unit

Value = tuple[str, str]
ALWAYS_MEANT = frozenset(("Oncology", "Pediatrics"))  # "mouth cancer" is a cancer, a "deaf child" a child


def meanings(unit: Unit, facets: FacetWords) -> tuple[Value, ...]:
    """Facet values of a unit: its own, else those of the words in it; the kind always ("fertility clinic")."""
    if len(unit.pieces) == 1 or unit.how == "han":
        return unit.meanings
    typed = unit.terms
    inside = facets.within(typed)
    own = [each for each in unit.meanings or _of_complaint(unit, inside, facets) if each[0] != "kind"]
    kinds = [each for term in typed for each in facets.read((term,)) if each[0] == "kind"]
    kinds += [each for each in inside if each[0] == "kind"]
    return tuple(dict.fromkeys((*own, *kinds)))


def _of_complaint(unit: Unit, inside: Iterable[Value], facets: FacetWords) -> list[Value]:
    """Values of the words in a unit without those that its complaint rules out: "yellow eyes" are the liver's."""
    treated = {value for each in unit.synonyms if each.relation == "treated" for value in facets.read(each.terms)}
    if not any(facet == "specialty" for facet, _ in treated):
        return list(inside)
    return [value for value in inside if value in treated or value[1] in ALWAYS_MEANT or value[0] != "specialty"]


def hinted(unit: Unit, facets: FacetWords) -> Iterator[tuple[str, str, bool]]:
    """Specialties and topics of the other names of a unit; True where a specialty is meant, not only related."""
    for synonym in unit.synonyms:
        for facet, value in facets.read(synonym.terms):
            if synonym.relation in ONE_WAY:
                if facet in ("specialty", "topic"):
                    yield facet, value, False
            elif facet in ("specialty", "topic"):
                yield facet, value, True
