"""Name the field of hits that are there because of what their page is about."""

from __future__ import annotations

from indexer.model import And, Card, FacetIs, Hit, Node, Or, Results
from search_app.facetwords import FacetWords


def named(results: Results, field: Node | None, facets: FacetWords) -> Results:
    """The results, where each hit of the field says which of its values it has."""
    return results._replace(hits=tuple(_named(hit, field, facets) for hit in results.hits)) if field else results


def _named(hit: Hit, field: Node, facets: FacetWords) -> Hit:
    reasons = [f"{facets.label(each.facet, each.value)} (field of the page)" for each in values_of(hit.card, field)]
    return hit._replace(matched=tuple(dict.fromkeys((*hit.matched, *reasons)))) if reasons else hit


def values_of(card: Card, field: Node) -> tuple[FacetIs, ...]:
    """The values by which a page fits a tree of values; empty when it does not fit."""
    if isinstance(field, FacetIs):
        own = (card.kind,) if field.facet == "kind" else getattr(card, field.facet)
        return (field,) if field.value in own else ()
    if not isinstance(field, And | Or):  # words that a field is found by, which name themselves
        return ()
    each = [values_of(card, child) for child in field.children]
    if isinstance(field, And) and not all(each):
        return ()
    return tuple(value for found in each for value in found)
