"""From a resolved query to the one request that a cluster gets."""

from __future__ import annotations

from indexer.engines.opensearch_engine._cluster import Json
from indexer.engines.opensearch_engine._plan import NOTHING, Plan
from indexer.engines.opensearch_engine._schema import UNIT
from indexer.engines.tree import AND, LEAF, NOT
from indexer.errors import UnknownFacet
from indexer.model import FACETS, DocumentIs, Everything, FacetIs, Filter, Leaf, Query
from indexer.ranking import Ranking

ALL: Json = {"match_all": {}}
SATURATED = "params.most * _score / (params.half + _score)"


def request(query: Query, plan: Plan, ranking: Ranking, values: dict[str, int], first: int, size: int) -> Json:
    """Body of the search: what matches, what it scores, what is counted, which hits.

    ``values`` is the number of values of each facet, so that every count is exact.
    """
    ranked = query.sort == "relevance" and size > 0
    filters = [each for each in query.filters if each.values]
    body: Json = {
        "query": _scored(query, plan, ranking) if ranked else {"bool": {"filter": _matching(plan)}},
        "from": first,
        "size": size,
        "track_total_hits": True,
        "_source": False,
    }
    if filters:
        body["post_filter"] = {"bool": {"filter": [_filter(each) for each in filters]}}
    if size:
        body["stored_fields"] = ["hit"]
        body["sort"] = _order(query.sort)
        body["track_scores"] = ranked
    if query.facets:
        body["aggs"] = {name: _count(name, filters, values.get(name, 0)) for name in query.facets}
    return body


def _order(sort: str) -> list[Json]:
    first: dict[str, Json] = {"title": {"title_key": "asc"}, "date": {"date": "desc"}, "relevance": {"_score": "desc"}}
    return [first[sort], {"id": "asc"}]


def _filter(chosen: Filter) -> Json:
    return {"terms": {chosen.facet: list(chosen.values)}}


def _count(facet: str, filters: list[Filter], values: int) -> Json:
    """Counts of one facet's values over what the other facets' filters leave."""
    others = [_filter(each) for each in filters if each.facet != facet]
    mine = [_filter(each) for each in filters if each.facet == facet]
    kept: Json = {"bool": {"filter": others or [ALL]}}
    if len(mine) > 1:
        kept["bool"] |= {"should": mine, "minimum_should_match": len(mine) - 1}
    size = max(values, 1)
    return {"filter": kept, "aggs": {"values": {"terms": {"field": facet, "size": size, "shard_size": size}}}}


def _constant(leaf: Leaf) -> Json:
    if isinstance(leaf, FacetIs):
        if leaf.facet not in FACETS:
            raise UnknownFacet(leaf.facet, FACETS)
        return {"term": {leaf.facet: leaf.value}}
    if isinstance(leaf, DocumentIs):
        return {"terms": {"id": list(leaf.doc_ids)}} if leaf.doc_ids else NOTHING
    assert isinstance(leaf, Everything)
    return ALL


def _matching(plan: Plan) -> Json:
    """The tree as clauses that never score."""
    stack: list[Json] = []
    for operation, argument, minimum in plan.tree.program:
        if operation == LEAF:
            leaf, resolved = plan.tree.leaves[argument], plan.leaves[argument]
            constant = isinstance(leaf, FacetIs | DocumentIs | Everything)
            stack.append(_constant(leaf) if constant else resolved.match)
        elif operation == NOT:
            stack.append({"bool": {"must_not": [stack.pop()]}})
        else:
            children = stack[len(stack) - argument :]
            del stack[len(stack) - argument :]
            if operation == AND:
                stack.append({"bool": {"filter": children}} if children else ALL)
            elif minimum <= 0:
                stack.append(ALL)
            elif minimum > len(children):
                stack.append(NOTHING)
            else:
                stack.append({"bool": {"should": children, "minimum_should_match": minimum}})
    return stack[0]


def _scored(query: Query, plan: Plan, ranking: Ranking) -> Json:
    """What matches, and beside it everything that adds to a score."""
    adding: list[Json] = []
    for leaf, resolved, scores in zip(plan.tree.leaves, plan.leaves, plan.tree.scoring, strict=True):
        if not scores:
            continue
        if isinstance(leaf, DocumentIs):
            if leaf.weight and leaf.doc_ids:
                adding.append(_fixed(_constant(leaf), leaf.weight))
        elif resolved.weigh:
            adding.append(_saturated(resolved.weigh, resolved.idf, ranking))
    adding += [_lifted({"term": {each.facet: each.value}}, each.weight) for each in query.boosts if each.weight]
    scored: Json = {"bool": {"filter": [_matching(plan)]}}
    if adding:
        scored["bool"] |= {"should": adding, "minimum_should_match": 0}
    return scored


def _fixed(clause: Json, weight: float) -> Json:
    return {"constant_score": {"filter": clause, "boost": weight}}


def _lifted(clause: Json, weight: float) -> Json:
    """A boost, of which a document gets as much as its prior says."""
    factor = {"field": "prior", "factor": weight, "missing": 1}
    return {
        "function_score": {"query": {"bool": {"filter": clause}}, "field_value_factor": factor, "boost_mode": "replace"}
    }


def _saturated(weigh: list[Json], idf: float, ranking: Ranking) -> Json:
    """BM25F of one leaf: its weights are added up first and saturated once."""
    inner = {"bool": {"should": weigh, "minimum_should_match": 1}}
    parameters = {"most": idf * (ranking.k1 + 1), "half": ranking.k1 * UNIT}
    return {"script_score": {"query": inner, "script": {"source": SATURATED, "params": parameters}}}
