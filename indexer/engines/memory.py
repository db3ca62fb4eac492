"""A small exact engine that answers by looping over every document: the oracle in tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA

from indexer.analysis import BREAK, FIELDS, is_han, name_key, stem
from indexer.engines import Lexicon
from indexer.engines import tree as trees
from indexer.engines.likeness import Alike, Compared, Likeness, spans_of
from indexer.errors import IndexMissing, UnknownFacet
from indexer.meanings import default_meanings
from indexer.model import (
    FACETS,
    And,
    Count,
    Document,
    DocumentIs,
    Everything,
    Facet,
    FacetIs,
    Hit,
    IndexStats,
    Leaf,
    Phrase,
    Prefix,
    Query,
    Results,
    SectionRef,
    Term,
    Weight,
    card_of,
    date_number,
)
from indexer.ranking import Ranking
from indexer.token_stream import AnalyzedDocument, analyze, document_names

T = TypeVar("T")

Array = npt.NDArray[Any]
Word = Term | Phrase | Prefix
EXPANSION = 48  # the most frequent words that a prefix or stem stands for, as in the embedded engine


@dataclass(slots=True)
class _Held:
    """One document with its analysis."""

    document: Document
    analyzed: AnalyzedDocument
    lengths: list[int]


@dataclass(slots=True)
class _Store:
    """All documents of one moment."""

    held: dict[str, _Held] = field(default_factory=dict)
    pivots: tuple[float, ...] = ()
    generation: str = "memory-0"


class MemoryEngine:
    """Keeps everything in this process; a rebuild swaps the whole store at once.

    Average field lengths are those of the last rebuild, as in the embedded engine.
    """

    def __init__(self, ranking: Ranking | None = None) -> None:
        self.ranking = ranking or Ranking()
        self._store: _Store | None = None
        self._count = 0

    @contextmanager
    def searcher(self) -> Iterator[MemorySearcher]:
        """A searcher on the newest store."""
        if self._store is None:
            raise IndexMissing("memory:")
        yield MemorySearcher(self._store, self.ranking)

    @contextmanager
    def rebuild(self) -> Iterator[MemoryWriter]:
        """Start from nothing."""
        writer = MemoryWriter({})
        yield writer
        self._publish(writer, None)

    @contextmanager
    def update(self) -> Iterator[MemoryWriter]:
        """Start from what is there."""
        if self._store is None:
            raise IndexMissing("memory:")
        writer = MemoryWriter(dict(self._store.held))
        yield writer
        self._publish(writer, self._store.pivots)

    def watch(self) -> None:
        """Nothing is on a disk."""

    def _publish(self, writer: MemoryWriter, pivots: tuple[float, ...] | None) -> None:
        self._count += 1
        rows = [held.lengths for held in writer.held.values()]
        means = tuple(np.mean(rows, axis=0).tolist()) if rows else (1.0,) * len(FIELDS)
        self._store = _Store(writer.held, pivots or means, f"memory-{self._count}")


class MemoryWriter:
    """Collects documents."""

    def __init__(self, held: dict[str, _Held]) -> None:
        self.held = held

    def put(self, document: Document, /) -> None:
        """Add or replace."""
        analyzed = analyze(document)
        lengths = [0] * len(FIELDS)
        for term, place in zip(analyzed.terms, analyzed.fields, strict=True):
            lengths[place] += term != BREAK
        self.held[document.doc_id] = _Held(document, analyzed, lengths)

    def delete(self, doc_id: str, /) -> None:
        """Remove; absent is fine."""
        self.held.pop(doc_id, None)

    def attach(self, name: str, data: bytes, /) -> None:
        """Nothing is kept beyond the documents."""


class MemoryLexicon:
    """Words and names, by looping."""

    def __init__(self, store: _Store) -> None:
        self._store = store

    def _forms(self, term: str) -> set[str]:
        wanted = stem(term)
        return {
            each for held in self._store.held.values() for each in held.analyzed.terms if each and stem(each) == wanted
        }

    def frequency(self, term: str) -> int:
        """Documents with any form of the term, each form counted."""
        return sum(self.exact_frequency(form) for form in self._forms(term))

    def exact_frequency(self, term: str) -> int:
        """Documents with this very form."""
        return sum(term in held.analyzed.terms for held in self._store.held.values()) if term else 0

    def joined(self, word: str) -> tuple[tuple[str, ...], ...]:
        """Term sequences of compounds with these letters."""
        pairs = (pair for held in self._store.held.values() for pair in held.analyzed.compounds)
        return tuple(sorted({parts for joined, parts in pairs if joined == word}))

    def named(self, key: str) -> tuple[str, ...]:
        """Ids of documents with this name."""
        return tuple(sorted(i for i, held in self._store.held.items() if key in document_names(held.document)))

    def starting(self, prefix: str, limit: int) -> tuple[tuple[str, int], ...]:
        """The most frequent words with a prefix."""
        words = {t for held in self._store.held.values() for t in held.analyzed.terms if t and t.startswith(prefix)}
        found = [(word, self.exact_frequency(word)) for word in words]
        return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit])

    def similar(self, word: str, limit: int, distance: int = 2) -> tuple[tuple[str, int, int], ...]:
        """Words within an edit distance, nearest first."""
        words = {
            t
            for held in self._store.held.values()
            for t in held.analyzed.terms
            if len(t) > 2 and t.isalpha() and not is_han(t)
        }
        found = [(w, d, self.exact_frequency(w)) for w in words - {word} if (d := OSA.distance(word, w)) <= distance]
        return tuple(sorted(found, key=lambda each: (each[1], -each[2], each[0]))[:limit])

    def names_starting(self, prefix: str, limit: int) -> tuple[tuple[str, str], ...]:
        """Name keys with a prefix."""
        found = [
            (k, i)
            for i, held in self._store.held.items()
            for k in document_names(held.document)
            if k.startswith(prefix)
        ]
        return tuple(sorted(found)[:limit])

    def leading_to_names(self, beginnings: tuple[str, ...], following: str) -> tuple[str, ...]:
        """Those beginnings that a name has before ``following``."""
        return tuple(each for each in beginnings if self.names_starting(each + following, 1))

    def alike(self, words: tuple[str, ...]) -> Alike:
        """Articles that are like some words in meaning."""
        meanings = default_meanings()

        def parts(held: _Held) -> Compared:
            found = held.analyzed
            sections = [(each.start, each.body, each.end) for each in found.sections]
            breaks = np.array([term == BREAK for term in found.terms])
            spans = spans_of(found.title_end, sections, np.array(found.fields), breaks)
            return spans.words(lambda start, end: meanings.of(found.terms[start:end]))

        articles = sorted((i, held) for i, held in self._store.held.items() if held.document.kind == "article")
        return Likeness(((i, parts(held)) for i, held in articles), meanings).to(words)

    def batched(self, work: Callable[[Lexicon], T], /) -> T:
        """The result of work that asks this lexicon; its words are at hand, so each question is answered at once."""
        return work(self)


class MemorySearcher:
    """Answers by evaluating the whole query on every document."""

    def __init__(self, store: _Store, ranking: Ranking) -> None:
        self._store = store
        self._ranking = ranking
        self._forms = lru_cache(maxsize=1024)(self._forms_of)  # every document asks again, and a store does not change

    @property
    def lexicon(self) -> MemoryLexicon:
        """Words and names."""
        return MemoryLexicon(self._store)

    def get(self, doc_id: str, /) -> Document | None:
        """One document, or None."""
        held = self._store.held.get(doc_id)
        return held.document if held else None

    def moved(self, doc_id: str, /) -> str | None:
        """Nothing: it is given documents, and no pages."""
        del doc_id
        return None

    def documents(self) -> Iterator[Document]:
        """All documents, by id."""
        return (self._store.held[doc_id].document for doc_id in sorted(self._store.held))

    def stats(self) -> IndexStats:
        """What it holds."""
        return IndexStats(self._store.generation, len(self._store.held), 1, engine="memory")

    @property
    def problems(self) -> tuple[str, ...]:
        """Nothing can be wrong."""
        return ()

    def state(self) -> str:
        """Always whole."""
        return "green"

    def search(self, query: Query, /) -> Results:
        """The exact answer, slowly."""
        started = time.perf_counter()
        trees.check(query)
        tree = trees.flatten(query.root)
        if tree.holds(0):
            tree = trees.flatten(And((Everything(), query.root)))
        idf, places = self._idf(tree)
        counts: dict[tuple[str, str], int] = {}
        ranked: list[tuple[float, str, int]] = []
        for doc_id, held in self._store.held.items():
            matching = sum(self._matches(leaf, held) << n for n, leaf in enumerate(tree.leaves))
            if not tree.holds(matching):
                continue
            failed = [
                each.facet
                for each in query.filters
                if each.values and not set(each.values) & set(held.document.values(each.facet))
            ]
            for facet in FACETS:
                if not failed or failed == [facet]:
                    for value in set(held.document.values(facet)):
                        counts[facet, value] = counts.get((facet, value), 0) + 1
            if not failed:
                ranked.append((self._base(query, tree, idf, held), doc_id, matching))
        total = len(ranked)
        page = self._order(query, tree, idf, places, ranked)[query.offset : query.offset + query.limit]
        hits = tuple(
            self._hit(query, tree, idf, rank, score, doc_id)
            for rank, (score, doc_id) in enumerate(page, query.offset + 1)
        )
        facets = tuple(self._facet(query, name, counts) for name in query.facets)
        return Results(
            query, Count(total), hits, facets, self._store.generation, (time.perf_counter() - started) * 1000
        )

    # -- words ---------------------------------------------------------------------------------------------------------

    def _forms_of(self, word: Term | Prefix) -> dict[str, float]:
        """Forms a word stands for, each with its weight."""
        counts: dict[str, int] = {}
        for held in self._store.held.values():
            for term in set(held.analyzed.terms) - {BREAK}:
                counts[term] = counts.get(term, 0) + 1
        if isinstance(word, Prefix):
            wanted = [term for term in counts if word.text and term.startswith(word.text)]
            return dict.fromkeys(sorted(wanted, key=lambda t: (-counts[t], t))[:EXPANSION], word.weight)
        others = [] if word.exact else [t for t in counts if stem(t) == stem(word.text) and t != word.text]
        others = sorted(others, key=lambda t: (-counts[t], t))[:EXPANSION]
        forms = {word.text: word.weight} if word.text in counts else {}
        return forms | dict.fromkeys(others, word.weight * self._ranking.inflection)

    def _allowed(self, word: Word, place: int) -> bool:
        return not word.fields or FIELDS[place] in word.fields

    def _occurrences(self, word: Word, held: _Held) -> dict[str, list[int]]:
        """Places of each form of a word in a document; a phrase is one form, by its first place."""
        terms, fields = held.analyzed.terms, held.analyzed.fields
        if isinstance(word, Phrase):
            size = len(word.terms)
            slots = [set(self._forms(Term(t, exact=word.exact))) for t in word.terms]
            at = [
                i
                for i in range(len(terms) - size + 1)
                if size and all(terms[i + j] in slots[j] for j in range(size)) and self._allowed(word, fields[i])
            ]
            return {"": at} if at else {}
        found: dict[str, list[int]] = {}
        forms = self._forms(word)
        for i, term in enumerate(terms):
            if term in forms and self._allowed(word, fields[i]):
                found.setdefault(term, []).append(i)
        return found

    def _scale(self, held: _Held, place: int) -> float:
        ranking = self._ranking
        b = ranking.field_b[place]
        norm = (1 - b) + b * held.lengths[place] / max(self._store.pivots[place], 1e-9)
        return float(np.float32(ranking.prior(held.document.doubt) * ranking.field_weights[place] / max(norm, 1e-9)))

    def _matches(self, leaf: Leaf, held: _Held) -> bool:
        if isinstance(leaf, Everything):
            return True
        if isinstance(leaf, FacetIs):
            if leaf.facet not in FACETS:
                raise UnknownFacet(leaf.facet, FACETS)
            return leaf.value in held.document.values(leaf.facet)
        if isinstance(leaf, DocumentIs):
            return held.document.doc_id in leaf.doc_ids
        return any(self._occurrences(word, held) for word in trees.members(leaf))

    # -- scores --------------------------------------------------------------------------------------------------------

    def _idf(self, tree: trees.FlatTree) -> tuple[list[float], list[int]]:
        idf: list[float] = []
        places: list[int] = []
        for leaf, scores in zip(tree.leaves, tree.scoring, strict=True):
            words = trees.members(leaf)
            if not words or not scores:
                idf.append(0.0)
                places.append(-1)
                continue
            counts: dict[tuple[object, ...], set[str]] = {}
            for word in words:
                for doc_id, held in self._store.held.items():
                    for form in self._occurrences(word, held):
                        key = (word.fields, word.terms, word.exact) if isinstance(word, Phrase) else (word.fields, form)
                        counts.setdefault(key, set()).add(doc_id)
            most = max((len(owners) for owners in counts.values()), default=0)
            idf.append(self._ranking.idf(len(self._store.held), most))
            places.append(max(places, default=-1) + 1)
        return idf, places

    def _leaf_score(self, leaf: Leaf, idf: float, held: _Held) -> float:
        if isinstance(leaf, DocumentIs):
            return leaf.weight if held.document.doc_id in leaf.doc_ids else 0.0
        weight = 0.0
        for word in trees.members(leaf):
            forms = {"": word.weight} if isinstance(word, Phrase) else self._forms(word)
            for form, at in self._occurrences(word, held).items():
                weight += forms[form] * float(np.float32(sum(self._scale(held, held.analyzed.fields[i]) for i in at)))
        k1 = self._ranking.k1
        return idf * (k1 + 1) * weight / (k1 + weight)

    def _base(self, query: Query, tree: trees.FlatTree, idf: list[float], held: _Held) -> float:
        score = sum(
            self._leaf_score(leaf, each, held)
            for leaf, each, scores in zip(tree.leaves, idf, tree.scoring, strict=True)
            if scores
        )
        document = held.document
        boosts = sum(boost.weight for boost in query.boosts if boost.value in document.values(boost.facet))
        return score + boosts * self._ranking.prior(document.doubt)

    def _roles(self, tree: trees.FlatTree, held: _Held) -> list[int]:
        """Per token the number of the word that names it, or -1: terms in order, then phrases on what is free."""
        roles = [-1] * len(held.analyzed.terms)
        words = _scoring(tree)
        owner: dict[str, int] = {}
        for number, (_leaf, word) in enumerate(words):
            if not isinstance(word, Phrase):
                for form in self._forms(word):
                    owner.setdefault(form, number)
        for i, term in enumerate(held.analyzed.terms):
            roles[i] = owner.get(term, -1)
        for number, (_leaf, word) in enumerate(words):
            if isinstance(word, Phrase):
                for at in self._occurrences(word, held).get("", []):
                    for i in range(at, at + len(word.terms)):
                        roles[i] = number if roles[i] < 0 else roles[i]
        return roles

    def _bonus(self, tree: trees.FlatTree, idf: list[float], places: list[int], held: _Held) -> float:
        ranking = self._ranking
        leaves = [leaf for leaf, _word in _scoring(tree)]
        roles = [leaves[word] if word >= 0 else -1 for word in self._roles(tree, held)]
        total = sum(each for each, place in zip(idf, places, strict=True) if place >= 0)
        title = [i for i in range(held.analyzed.title_end) if held.analyzed.terms[i] != BREAK]
        named = [roles[i] for i in title if roles[i] >= 0 and idf[roles[i]] > 0]
        in_title = sum(idf[leaf] for leaf in set(named))
        bonus = 0.0
        if title and total:
            filled = len(named) / len(title)
            bonus = in_title * (in_title / total) * (ranking.title_coverage + ranking.title_fill * filled)
        pairs: set[int] = set()
        for left, right in pairwise(roles):
            if (
                left >= 0
                and right >= 0
                and places[right] > 0
                and places[left] == places[right] - 1
                and places[right] not in pairs
            ):
                pairs.add(places[right])
                bonus += ranking.adjacency * min(idf[left], idf[right])
        return bonus * ranking.prior(held.document.doubt)

    def _order(
        self,
        query: Query,
        tree: trees.FlatTree,
        idf: list[float],
        places: list[int],
        ranked: list[tuple[float, str, int]],
    ) -> list[tuple[float, str]]:
        held = self._store.held
        if query.sort == "title":
            return [(0.0, doc_id) for _, doc_id in sorted((name_key(held[i].document.title), i) for _, i, _ in ranked)]
        if query.sort == "date":
            return [(0.0, i) for _, i in sorted((-date_number(held[i].document.date), i) for _, i, _ in ranked)]
        order = sorted((-score, doc_id) for score, doc_id, _ in ranked)
        window = order[: self._ranking.rerank_window]
        if any(place >= 0 for place in places) and query.limit:
            near = sorted((score - self._bonus(tree, idf, places, held[i]), i) for score, i in window)
            order = near + order[len(window) :]
        return [(-score, doc_id) for score, doc_id in order]

    # -- presenting ----------------------------------------------------------------------------------------------------

    def _hit(self, query: Query, tree: trees.FlatTree, idf: list[float], rank: int, score: float, doc_id: str) -> Hit:
        held = self._store.held[doc_id]
        document = held.document
        card = card_of(document)
        matched = [trees.reason(word) for word in self._present(tree, held)]
        matched += [
            trees.document_reason(leaf)
            for leaf in tree.leaves
            if isinstance(leaf, DocumentIs) and doc_id in leaf.doc_ids
        ]
        best = self._best_section(tree, idf, held)
        section = (
            SectionRef(document.sections[best].heading, document.sections[best].anchor, best) if best >= 0 else None
        )
        explanation: tuple[Weight, ...] = ()
        if query.explain:
            explanation = tuple(
                Weight(
                    " / ".join(dict.fromkeys(map(trees.reason, trees.members(leaf)))),
                    round(self._leaf_score(leaf, each, held), 4),
                )
                for leaf, each, scores in zip(tree.leaves, idf, tree.scoring, strict=True)
                if scores and trees.members(leaf)
            )
        return Hit(
            rank, round(score, 4), card, section=section, matched=tuple(dict.fromkeys(matched)), explanation=explanation
        )

    def _best_section(self, tree: trees.FlatTree, idf: list[float], held: _Held) -> int:
        """The section with the most of the query in it, or -1: of each leaf its best word, half again in a heading."""
        words, roles = _scoring(tree), self._roles(tree, held)
        best, best_value = -1, 0.0
        for number, span in enumerate(held.analyzed.sections):
            got: dict[int, float] = {}
            named = [i for i in range(span.start, span.end) if roles[i] >= 0]
            for i in named:
                leaf, word = words[roles[i]]
                counts = idf[leaf] * word.weight * (1.5 if i < span.body else 1.0)
                got[leaf] = max(counts, got.get(leaf, 0.0))
            value = sum(got.values()) + 0.02 * min(len(named), 20)
            if named and value > best_value + 1e-9:
                best, best_value = number, value
        return best

    def _present(self, tree: trees.FlatTree, held: _Held) -> list[Word]:
        """Words that a token of the document counts for: the first word to name a form takes it.

        The beginning of a word is named all the same, since the word that takes a form may be something else.
        """
        words = [word for _leaf, word in _scoring(tree)]
        owner: dict[str, int] = {}
        for number, word in enumerate(words):
            if not isinstance(word, Phrase):
                for form in self._forms(word):
                    owner.setdefault(form, number)
        present = {owner[term] for term in held.analyzed.terms if term in owner}
        present |= {n for n, word in enumerate(words) if not isinstance(word, Term) and self._occurrences(word, held)}
        return [words[number] for number in sorted(present)]

    def _facet(self, query: Query, name: str, counts: dict[tuple[str, str], int]) -> Facet:
        return trees.facet_of(query, name, {value: count for (facet, value), count in counts.items() if facet == name})


def _scoring(tree: trees.FlatTree) -> list[tuple[int, Word]]:
    """The words that score, in typed order, each with its leaf."""
    return [(leaf, word) for leaf, each in enumerate(tree.leaves) if tree.scoring[leaf] for word in trees.members(each)]
