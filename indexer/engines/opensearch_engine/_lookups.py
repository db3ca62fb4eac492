"""What is asked of the words of a generation, as requests to the cluster: many lookups of a kind in one search."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz.distance import OSA

from indexer.engines.opensearch_engine._cluster import Json
from indexer.engines.opensearch_engine._schema import short

Forms = tuple[tuple[str, int], ...]  # words with the documents that have them, most frequent first
Lookup = tuple[Any, ...]  # its kind, then what is looked up

WORD, NAME, ATTACHED = "word", "name", "attached"  # types of what stands in the index of words
STEM, TERM, JOINED, NAMED = "stem", "term", "joined", "named"  # kinds of which many go into one search
PREFIX, STARTING, SIMILAR, NAMES = "prefix", "starting", "similar", "names"  # kinds that take one search each
EXPANSION = 48  # the most frequent words that a prefix or stem stands for, as in the embedded engine
MAX_NAMED = 1000  # documents of one name that are told of
MAX_COMPOUNDS = 64  # ways to write one compound
MAX_LISTED = 5000  # hits of one search for many; where that is not enough, each is looked up for itself
AT_ONCE = {JOINED: 12}  # of a kind in one search, where it is not any number: a node takes patterns of 1,000 characters
FAR = 2  # the longest edit distance that the cluster's automata know
_BY_COUNT = [{"count": "desc"}, {"term": "asc"}]


@dataclass(frozen=True, slots=True)
class Asked:
    """Searches for some lookups of one kind, and what their answers mean; None when they hold too little to tell."""

    lookups: tuple[Lookup, ...]
    bodies: tuple[Json, ...]
    read: Callable[[Sequence[Json]], dict[Lookup, Any] | None]
    of_documents: bool = False


def searches_for(lookups: Iterable[Lookup]) -> list[Asked]:
    """The fewest searches for some lookups."""
    wanted = dict.fromkeys(lookups)
    found: list[Asked] = []
    for kind, ask in _TOGETHER.items():
        keys = [lookup[1] for lookup in wanted if lookup[0] == kind]
        step = AT_ONCE.get(kind, len(keys)) or 1
        found += [ask(keys[at : at + step]) for at in range(0, len(keys), step)]
    return found + [_ALONE[lookup[0]](*lookup) for lookup in wanted if lookup[0] in _ALONE]


# -- many in one search ------------------------------------------------------------------------------------------------


def _stems(roots: list[str]) -> Asked:
    """The most frequent words of each stem."""
    size = EXPANSION + 1 if len(roots) == 1 else MAX_LISTED

    def read(answers: Sequence[Json]) -> dict[Lookup, Any] | None:
        hits = _sources(answers[0])
        if len(roots) > 1 and len(hits) == size:
            return None
        found: dict[Lookup, list[tuple[str, int]]] = {(STEM, root): [] for root in roots}
        for hit in hits:
            found[STEM, hit["stem"]].append((hit["term"], int(hit["count"])))
        return {lookup: tuple(forms[: EXPANSION + 1]) for lookup, forms in found.items()}

    body = _listing({"terms": {"stem": roots}}, size, ("term", "stem", "count"))
    return Asked(tuple((STEM, root) for root in roots), (body,), read)


def _terms(terms: list[str]) -> Asked:
    """Documents with each very word."""

    def read(answers: Sequence[Json]) -> dict[Lookup, Any]:
        counts = dict(_forms(answers[0]))
        return {(TERM, term): counts.get(term, 0) for term in terms}

    body = _listing({"terms": {"term": terms}}, len(terms))
    return Asked(tuple((TERM, term) for term in terms), (body,), read)


def _named(keys: list[str]) -> Asked:
    """Ids of the documents with each name."""
    size = MAX_NAMED if len(keys) == 1 else MAX_LISTED

    def read(answers: Sequence[Json]) -> dict[Lookup, Any] | None:
        hits = _sources(answers[0])
        if len(keys) > 1 and len(hits) == size:
            return None
        owners: dict[str, list[str]] = {}
        for hit in hits:
            owners.setdefault(hit["name"], []).append(hit["id"])
        return {(NAMED, key): tuple(owners.get(short(key), ())[:MAX_NAMED]) for key in keys}

    body = _names_listing({"terms": {"name": [short(key) for key in keys]}}, size)
    return Asked(tuple((NAMED, key) for key in keys), (body,), read)


def _joined(words: list[str]) -> Asked:
    """Term sequences that the corpus writes as one compound with the letters of each word."""
    starts = [word + "\t" for word in words]
    size = MAX_COMPOUNDS if len(words) == 1 else min(MAX_COMPOUNDS * len(words), MAX_LISTED)
    pattern = f"({'|'.join(map(_literal, starts))}).*"
    body: Json = {
        "query": {"bool": {"should": [_prefix("compounds", start) for start in starts]}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {"found": {"terms": {"field": "compounds", "size": size, "include": pattern}}},
    }

    def read(answers: Sequence[Json]) -> dict[Lookup, Any] | None:
        buckets = answers[0]["aggregations"]["found"]["buckets"]
        if len(words) > 1 and len(buckets) == size:
            return None
        found: dict[Lookup, list[tuple[str, ...]]] = {(JOINED, word): [] for word in words}
        for each in buckets:
            word, _, parts = each["key"].partition("\t")
            found[JOINED, word].append(tuple(parts.split(" ")))
        return {lookup: tuple(sorted(ways)) for lookup, ways in found.items()}

    return Asked(tuple((JOINED, word) for word in words), (body,), read, of_documents=True)


# -- one search each ---------------------------------------------------------------------------------------------------


def _expanded(kind: str, prefix: str) -> Asked:
    lookup = (kind, prefix)
    body = _listing(_prefix("term", prefix), EXPANSION + 1)
    return Asked((lookup,), (body,), lambda answers: {lookup: _forms(answers[0])})


def _starting(kind: str, prefix: str, limit: int) -> Asked:
    lookup = (kind, prefix, limit)
    body = _listing(_prefix("term", prefix) if prefix else {"term": {"type": WORD}}, limit)
    return Asked((lookup,), (body,), lambda answers: {lookup: _forms(answers[0])})


def _similar(kind: str, word: str, limit: int, distance: int) -> Asked:
    """Words within an edit distance of at most two, nearest first."""
    lookup = (kind, word, limit, distance)
    bodies = []
    for far in range(1, min(distance, FAR) + 1):
        nearer = _fuzzy(word, far - 1) if far > 1 else {"term": {"term": word}}
        query = {"bool": {"filter": [{"term": {"plain": True}}, _fuzzy(word, far)], "must_not": nearer}}
        bodies.append(_listing(query, limit))

    def read(answers: Sequence[Json]) -> dict[Lookup, Any]:
        found = [(term, OSA.distance(word, term), count) for answer in answers for term, count in _forms(answer)]
        return {lookup: tuple(sorted(found, key=lambda each: (each[1], -each[2], each[0]))[:limit])}

    return Asked((lookup,), tuple(bodies), read)


def _names(kind: str, prefix: str, limit: int) -> Asked:
    """Name keys with a prefix, with the id of their document."""
    lookup = (kind, prefix, limit)
    body = _names_listing(_prefix("name", prefix) if prefix else {"term": {"type": NAME}}, limit)
    return Asked(
        (lookup,), (body,), lambda answers: {lookup: tuple((hit["name"], hit["id"]) for hit in _sources(answers[0]))}
    )


_TOGETHER: dict[str, Callable[[list[str]], Asked]] = {STEM: _stems, TERM: _terms, NAMED: _named, JOINED: _joined}
_ALONE: dict[str, Callable[..., Asked]] = {
    PREFIX: _expanded, STARTING: _starting, SIMILAR: _similar, NAMES: _names
}  # fmt: skip

# -- requests and answers ----------------------------------------------------------------------------------------------


def _listing(query: Json, size: int, fields: tuple[str, ...] = ("term", "count")) -> Json:
    return {
        "query": {"bool": {"filter": query}},
        "size": size,
        "sort": _BY_COUNT,
        "_source": list(fields),
        "track_total_hits": False,
    }


def _names_listing(query: Json, size: int) -> Json:
    return {
        "query": {"bool": {"filter": query}},
        "size": size,
        "sort": [{"name": "asc"}, {"id": "asc"}],
        "_source": ["name", "id"],
        "track_total_hits": False,
    }


def _sources(answer: Json) -> list[Json]:
    return [hit["_source"] for hit in answer["hits"]["hits"]]


def _forms(answer: Json) -> Forms:
    return tuple((hit["term"], int(hit["count"])) for hit in _sources(answer))


def _prefix(field: str, text: str) -> Json:
    return {"prefix": {field: {"value": text}}}


def _fuzzy(word: str, distance: int) -> Json:
    options = {"value": word, "fuzziness": distance, "prefix_length": 0, "transpositions": True}
    return {"fuzzy": {"term": {**options, "rewrite": "constant_score"}}}


def _literal(text: str) -> str:
    """A text as a pattern of Lucene's that matches it alone."""
    return "".join(char if char.isalnum() or char == "\t" else "\\" + char for char in text)
