"""The words and names of a generation, from the index that stands beside its documents."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz.distance import OSA

from indexer.analysis import stem
from indexer.engines.opensearch_engine._cluster import Cluster, Json
from indexer.engines.opensearch_engine._schema import short

Forms = tuple[tuple[str, int], ...]  # words with the documents that have them, most frequent first

WORD, NAME, ATTACHED = "word", "name", "attached"
EXPANSION = 48  # the most frequent words that a prefix or stem stands for, as in the embedded engine
MAX_NAMED = 1000  # documents of one name that are told of
FAR = 2  # the longest edit distance that the cluster's automata know
KEPT = 1 << 15  # answers of each kind that a process remembers
_BY_COUNT = [{"count": "desc"}, {"term": "asc"}]


class ClusterLexicon:
    """Words and names of one generation. What was asked once is remembered: a generation never changes."""

    def __init__(self, cluster: Cluster, documents: str, words: str) -> None:
        self._cluster = cluster
        self._documents = documents
        self._words = words
        self._stems: dict[str, Forms] = {}
        self._prefixes: dict[str, Forms] = {}
        self.joined = lru_cache(maxsize=KEPT)(self._joined)
        self.named = lru_cache(maxsize=KEPT)(self._named)
        self.starting = lru_cache(maxsize=KEPT)(self._starting)
        self.similar = lru_cache(maxsize=KEPT)(self._similar)
        self.names_starting = lru_cache(maxsize=KEPT)(self._names_starting)

    # -- words ---------------------------------------------------------------------------------------------------------

    def fetch(self, stems: Iterable[str], prefixes: Iterable[str]) -> None:
        """Learn all forms of some stems and prefixes in one round trip, so that asking for each costs nothing."""
        wanted = [("stem", each) for each in dict.fromkeys(stems) if each and each not in self._stems]
        wanted += [("prefix", each) for each in dict.fromkeys(prefixes) if each and each not in self._prefixes]
        if not wanted:
            return
        bodies = [self._listing({"term": {"stem": t}} if kind == "stem" else _prefix("term", t)) for kind, t in wanted]
        for (kind, text), answer in zip(wanted, self._cluster.searches(self._words, bodies), strict=True):
            kept = self._stems if kind == "stem" else self._prefixes
            if len(kept) >= KEPT:
                kept.clear()
            kept[text] = _forms(answer)

    def forms(self, root: str) -> Forms:
        """The most frequent words of a stem."""
        if root and root not in self._stems:
            self.fetch((root,), ())
        return self._stems.get(root, ())

    def expanded(self, prefix: str) -> Forms:
        """The most frequent words that start with a prefix."""
        if prefix and prefix not in self._prefixes:
            self.fetch((), (prefix,))
        return self._prefixes.get(prefix, ())

    def _listing(self, query: Json, size: int = EXPANSION + 1) -> Json:
        return {
            "query": {"bool": {"filter": query}},
            "size": size,
            "sort": _BY_COUNT,
            "_source": ["term", "count"],
            "track_total_hits": False,
        }

    def frequency(self, term: str) -> int:
        """Live documents with the term or another form of its stem, each form counted."""
        return sum(count for _, count in self.forms(stem(term)))

    def exact_frequency(self, term: str) -> int:
        """Live documents with this very form."""
        forms = self.forms(stem(term))
        if len(forms) > EXPANSION and term not in dict(forms):
            return self._rare(term)
        return dict(forms).get(term, 0)

    def _rare(self, term: str) -> int:
        found = _forms(self._cluster.search(self._words, self._listing({"term": {"term": term}}, 1)))
        return found[0][1] if found else 0

    def _starting(self, prefix: str, limit: int) -> Forms:
        """The most frequent words with a prefix."""
        query = _prefix("term", prefix) if prefix else {"term": {"type": WORD}}
        return _forms(self._cluster.search(self._words, self._listing(query, limit)))

    def _similar(self, word: str, limit: int, distance: int = FAR) -> tuple[tuple[str, int, int], ...]:
        """Words within an edit distance of at most two, nearest first."""
        if not word or limit <= 0:
            return ()
        plain = [{"term": {"plain": True}}]
        bodies: list[Json] = []
        for far in range(1, min(distance, FAR) + 1):
            nearer = [_fuzzy(word, far - 1)] if far > 1 else [{"term": {"term": word}}]
            query = {"bool": {"filter": [*plain, _fuzzy(word, far)], "must_not": nearer}}
            bodies.append(self._listing(query, limit))
        found = [
            (term, OSA.distance(word, term), count)
            for answer in self._cluster.searches(self._words, bodies)
            for term, count in _forms(answer)
        ]
        return tuple(sorted(found, key=lambda each: (each[1], -each[2], each[0]))[:limit])

    def _joined(self, word: str) -> tuple[tuple[str, ...], ...]:
        """Term sequences that the corpus writes as one compound with these letters."""
        start = word + "\t"
        aggregation = {"terms": {"field": "compounds", "size": 64, "include": _literal(start) + ".*"}}
        body = {
            "query": {"bool": {"filter": _prefix("compounds", start)}},
            "size": 0,
            "track_total_hits": False,
            "aggs": {"found": aggregation},
        }
        buckets = self._cluster.search(self._documents, body)["aggregations"]["found"]["buckets"]
        return tuple(sorted(tuple(each["key"].removeprefix(start).split(" ")) for each in buckets))

    # -- names ---------------------------------------------------------------------------------------------------------

    def _named(self, key: str) -> tuple[str, ...]:
        """Ids of the documents that have exactly this name."""
        if not key:
            return ()
        found = self._names({"term": {"name": short(key)}}, MAX_NAMED)
        return tuple(doc_id for _, doc_id in found)

    def _names_starting(self, prefix: str, limit: int) -> tuple[tuple[str, str], ...]:
        """Name keys with a prefix, with the id of their document."""
        return self._names(_prefix("name", prefix) if prefix else {"term": {"type": NAME}}, limit)

    def _names(self, query: Json, limit: int) -> tuple[tuple[str, str], ...]:
        body = {
            "query": {"bool": {"filter": query}},
            "size": limit,
            "sort": [{"name": "asc"}, {"id": "asc"}],
            "_source": ["name", "id"],
            "track_total_hits": False,
        }
        hits = self._cluster.search(self._words, body)["hits"]["hits"]
        return tuple((hit["_source"]["name"], hit["_source"]["id"]) for hit in hits)


def _forms(answer: Json) -> Forms:
    return tuple((hit["_source"]["term"], int(hit["_source"]["count"])) for hit in answer["hits"]["hits"])


def _prefix(field: str, text: str) -> Json:
    return {"prefix": {field: {"value": text}}}


def _fuzzy(word: str, distance: int) -> Json:
    options = {"value": word, "fuzziness": distance, "prefix_length": 0, "transpositions": True}
    return {"fuzzy": {"term": {**options, "rewrite": "constant_score"}}}


def _literal(text: str) -> str:
    """A text as a pattern of Lucene's that matches it alone."""
    return "".join(char if char.isalnum() or char == "\t" else "\\" + char for char in text)
