"""Answer queries from one generation on a cluster."""

from __future__ import annotations

import base64
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from indexer.analysis import FIELDS
from indexer.engines import tree as trees
from indexer.engines.opensearch_engine._alike import KIND
from indexer.engines.opensearch_engine._ask import request
from indexer.engines.opensearch_engine._attached import read_attachment
from indexer.engines.opensearch_engine._blob import Packed, unpack
from indexer.engines.opensearch_engine._cluster import Json, Vanished
from indexer.engines.opensearch_engine._generations import ClusterGenerations
from indexer.engines.opensearch_engine._lexicon import ClusterLexicon
from indexer.engines.opensearch_engine._look import Seen, look, places_of
from indexer.engines.opensearch_engine._plan import Counts, Plan, Word, make_plan
from indexer.engines.opensearch_engine._schema import SCHEMA, key_of, read_blob, scales
from indexer.errors import EngineUnavailable, IndexDamaged
from indexer.manifest import Manifest
from indexer.model import (
    FACETS,
    Count,
    Document,
    DocumentIs,
    Facet,
    Hit,
    IndexStats,
    Phrase,
    Prefix,
    Query,
    Results,
    Snippet,
    Weight,
)
from indexer.moved import MOVED, load_moved
from indexer.ranking import Ranking

_PROBLEMS = {
    "yellow": ("The cluster is yellow: some copies of the index are missing.",),
    "red": ("The cluster is red: parts of the index are on no node, so searches are refused.",),
}


class OpenGeneration:
    """One generation on the cluster, with what this process has learnt of it; shared by its threads."""

    def __init__(self, generations: ClusterGenerations, manifest: Manifest, ranking: Ranking) -> None:
        self._generations = generations
        self.cluster = generations.cluster
        self.manifest = manifest
        self.index = generations.index(manifest.generation)
        self.words = generations.words(manifest.generation)
        self.ranking = ranking
        articles = manifest.counts.get("kind", {}).get(KIND, 0)
        self.lexicon = ClusterLexicon(self.cluster, self.index, self.words, articles)
        self.counts = Counts(self.cluster, self.index)
        self.values = {facet: len(manifest.counts.get(facet, {})) for facet in FACETS}

    @cached_property
    def moved(self) -> Mapping[str, str]:
        """Ids of documents by the other addresses that lead there."""
        return load_moved(read_attachment(self._generations, self.manifest.generation, MOVED))

    def colour(self) -> str:
        """State of its documents and words together; raises ``EngineUnavailable``."""
        return self._generations.colour(f"{self.index},{self.words}")


@dataclass(slots=True)
class _Ranked:
    """A hit on its way: the score that the cluster gave, and what it sent."""

    score: float
    packed: Packed
    seen: Seen | None = None


class ClusterSearcher:
    """A searcher on one generation."""

    def __init__(self, generation: OpenGeneration) -> None:
        self._generation = generation
        self._cluster = generation.cluster
        self._ranking = generation.ranking

    @property
    def lexicon(self) -> ClusterLexicon:
        """Words and names of the generation."""
        return self._generation.lexicon

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the cluster although it answers."""
        return _PROBLEMS.get(self.state(), ())

    def state(self) -> str:
        """Colour of the generation: green, or yellow while copies are missing, or red while parts are.

        Raises:
            EngineUnavailable: If no node answers, or the nodes have no manager.
        """
        return self._generation.colour()

    def stats(self) -> IndexStats:
        """What the generation holds; asks the cluster nothing."""
        return self._generation.manifest.stats(SCHEMA, "opensearch")

    def get(self, doc_id: str, /) -> Document | None:
        """One whole document, or None."""
        try:
            found = self._cluster.call(
                lambda client: client.get(
                    index=self._generation.index,
                    id=key_of(doc_id),
                    params={"stored_fields": "document", "_source": "false", "realtime": "false"},
                )
            )
        except Vanished:
            return None
        return self._document(found)

    def moved(self, doc_id: str, /) -> str | None:
        """Id of the document that the page of an address is part of, where that is another one; else None."""
        return self._generation.moved.get(doc_id)

    def documents(self) -> Iterator[Document]:
        """All live documents, by id."""
        return map(self._document, self.stored())

    def stored(self) -> Iterator[Json]:
        """All live documents by id, as the cluster keeps them."""
        return self._cluster.every(
            self._generation.index, {"match_all": {}}, stored_fields=["document"], docvalue_fields=["checksum"]
        )

    def _document(self, hit: Json) -> Document:
        try:
            return read_blob(hit["fields"]["document"][0])
        except (KeyError, ValueError, TypeError, zlib.error) as error:
            raise IndexDamaged(self._generation.manifest.generation, f"{hit['_id']} cannot be read") from error

    # -- searching -----------------------------------------------------------------------------------------------------

    def search(self, query: Query, /) -> Results:
        """Hits, exact counts and snippets for a query."""
        started = time.perf_counter()
        trees.check(query)
        generation = self._generation
        tree = trees.flatten(query.root)
        plan = make_plan(tree, generation.manifest.documents, self._ranking, generation.lexicon, generation.counts)
        window = self._ranking.rerank_window if query.sort == "relevance" and query.limit and plan.total_idf else 0
        # The best fifty change places among themselves, so a page that shows any of them needs them all.
        first = 0 if query.offset < window else query.offset
        size = max(query.offset + query.limit, window) - first if query.limit else 0
        answer = self._cluster.search(
            generation.index, request(query, plan, self._ranking, generation.values, first, size)
        )
        ranked = [self._ranked(hit) for hit in answer["hits"]["hits"]]
        near = ranked[: max(0, window - first)] if first < window else []
        for each, seen in zip(near, look(plan, [hit.packed for hit in near], self._ranking), strict=True):
            each.seen = seen
        near.sort(key=lambda hit: (-(hit.score + (hit.seen.bonus if hit.seen else 0.0)), hit.packed.card.doc_id))
        page = [*near, *ranked[len(near) :]][query.offset - first :][: query.limit]
        rest = [hit for hit in page if hit.seen is None]
        for each, seen in zip(rest, look(plan, [hit.packed for hit in rest], self._ranking), strict=True):
            each.seen = seen
        hits = tuple(
            self._hit(query, plan, rank, hit, in_window=rank <= window)
            for rank, hit in enumerate(page, query.offset + 1)
        )
        facets = tuple(_facet(query, name, answer["aggregations"][name]) for name in query.facets)
        total = Count(int(answer["hits"]["total"]["value"]))
        took_ms = (time.perf_counter() - started) * 1000
        return Results(query, total, hits, facets, generation.manifest.generation, took_ms)

    def _ranked(self, hit: Json) -> _Ranked:
        try:
            return _Ranked(float(hit["_score"] or 0.0), unpack(base64.b64decode(hit["fields"]["hit"][0])))
        except (KeyError, ValueError, TypeError, zlib.error) as error:
            raise EngineUnavailable(self._cluster.address.shown, f"{hit.get('_id')} cannot be read") from error

    def _hit(self, query: Query, plan: Plan, rank: int, hit: _Ranked, *, in_window: bool) -> Hit:
        seen, packed = hit.seen, hit.packed
        assert seen is not None
        bonus = seen.bonus if in_window else 0.0
        section = packed.outline[seen.shown[0]] if seen.shown[0] >= 0 else None
        summary = packed.card.summary if section is None else ""
        matched = dict.fromkeys(
            [
                trees.reason(word)
                for place, word in enumerate(plan.words)
                if seen.words >> min(place, 63) & 1 or _begun(word, plan.forms[place], packed)
            ]
        )
        for leaf in plan.tree.leaves:
            if isinstance(leaf, DocumentIs) and packed.card.doc_id in leaf.doc_ids:
                matched[trees.document_reason(leaf)] = None
        ranks = query.sort == "relevance"
        return Hit(
            rank,
            round(hit.score + bonus, 4) if ranks else 0.0,
            packed.card,
            Snippet(summary) if summary else seen.snippet(),
            section,
            tuple(matched),
            self._explain(query, plan, packed, bonus if ranks else 0.0) if query.explain else (),
        )

    def _explain(self, query: Query, plan: Plan, packed: Packed, bonus: float) -> tuple[Weight, ...]:
        """What each leaf adds to the score of a hit, reckoned again from its terms."""
        lines: list[Weight] = []
        fields = packed.fields.tolist()
        words = np.array([bool(term) for term in packed.terms])
        lengths = np.bincount(packed.fields[words], minlength=len(FIELDS)).tolist()
        prior = self._ranking.prior(packed.card.doubt)
        scale = scales(lengths, prior, self._generation.manifest.pivots, self._ranking)
        for number, leaf in enumerate(plan.tree.leaves):
            if not plan.tree.scoring[number]:
                continue
            if isinstance(leaf, DocumentIs):
                if packed.card.doc_id in leaf.doc_ids:
                    lines.append(Weight(trees.document_reason(leaf), leaf.weight))
                continue
            weight = 0.0
            for word, owner, forms in zip(plan.words, plan.word_leaf, plan.forms, strict=True):
                if owner != number:
                    continue
                if isinstance(word, Phrase):
                    weight += word.weight * sum(scale[fields[at]] for at in places_of(word, packed))
                    continue
                weight += sum(
                    forms[term] * scale[place]
                    for term, place in zip(packed.terms, fields, strict=True)
                    if term in forms and (not word.fields or FIELDS[place] in word.fields)
                )
            if weight:
                name = " / ".join(dict.fromkeys(trees.reason(word) for word in trees.members(leaf)))
                k1 = self._ranking.k1
                lines.append(Weight(name, plan.leaves[number].idf * (k1 + 1) * weight / (k1 + weight)))
        for boost in query.boosts:
            card = packed.card
            if boost.value in ((card.kind,) if boost.facet == "kind" else getattr(card, boost.facet)):
                lines.append(Weight(f"{boost.facet}: {boost.value}", boost.weight * prior))
        if bonus:
            lines.append(Weight("title and word order", bonus))
        return tuple(Weight(line.reason, round(line.score, 4)) for line in lines)


def _facet(query: Query, name: str, answer: Json) -> Facet:
    return trees.facet_of(query, name, {each["key"]: int(each["doc_count"]) for each in answer["values"]["buckets"]})


def _begun(word: Word, forms: Mapping[str, float], packed: Packed) -> bool:
    """Whether a word is a beginning that a hit has, although a token counts for one word only."""
    return isinstance(word, Prefix) and any(
        term in forms and (not word.fields or FIELDS[field] in word.fields)
        for term, field in zip(packed.terms, packed.fields.tolist(), strict=True)
    )
