"""The memory engine keeps the contract; it is small enough to be read as its definition.

The other engines are compared with it, so here it is held to something else: to what sets, filters and counts are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.analysis import name_key
from indexer.engines import Engine
from indexer.engines.memory import MemoryEngine, MemorySearcher
from indexer.model import And, Document, Everything, Node, Not, Or, Phrase, Prefix, Query, Term
from tests.engine_contract import WORDS, StatedContract, documents, leaves, queries, trees

ALL = 40  # more than there ever are


class TestMemoryEngine(StatedContract):
    """The engine by itself."""

    @pytest.fixture
    def make_engine(self) -> Callable[[], Engine]:
        return MemoryEngine


def searcher_on(docs: list[Document]) -> MemorySearcher:
    engine = MemoryEngine()
    with engine.rebuild() as writer:
        for document in docs:
            writer.put(document)
    with engine.searcher() as searcher:
        return searcher


def ids(searcher: MemorySearcher, root: Node) -> set[str]:
    return {hit.doc_id for hit in searcher.search(Query(root, limit=ALL)).hits}


def body_words(document: Document) -> list[list[str]]:
    """Words of the field "body", as the small vocabulary writes them: text, and what a hospital is."""
    return [text.lower().split() for text in (*(each.text for each in document.sections), *document.profile)]


@settings(max_examples=30)
@given(st.lists(documents(), max_size=8), leaves, trees)
def test_and_or_and_not_are_those_of_sets(docs: list[Document], left: Node, right: Node) -> None:
    searcher = searcher_on(docs)
    everything = {document.doc_id for document in docs}
    one, other = ids(searcher, left), ids(searcher, right)
    assert ids(searcher, Everything()) == everything
    assert ids(searcher, Not(left)) == everything - one
    assert ids(searcher, And((left, right))) == one & other
    assert ids(searcher, Or((left, right))) == one | other
    assert ids(searcher, Or((left, right, Not(Everything())), 2)) == one & other


@settings(max_examples=30)
@given(st.lists(documents(), max_size=8), st.sampled_from(WORDS), st.sampled_from(WORDS))
def test_a_word_is_found_where_it_is_written(docs: list[Document], word: str, next_word: str) -> None:
    searcher = searcher_on(docs)
    written = {d.doc_id: body_words(d) for d in searcher.documents()}
    has = {i for i, parts in written.items() if any(word in part for part in parts)}
    follows = {i for i, parts in written.items() for p in parts if (word, next_word) in pairwise(p)}
    begins = {i for i, parts in written.items() for part in parts for each in part if each.startswith(word)}
    assert ids(searcher, Term(word, ("body",), exact=True)) == has
    assert ids(searcher, Phrase((word, next_word), ("body",), exact=True)) == follows
    assert ids(searcher, Prefix(word, ("body",))) == begins
    assert ids(searcher, Term("hospitals", ("body",))) == {
        i for i, parts in written.items() if any({"hospital", "hospitals"} & set(part) for part in parts)
    }


@settings(max_examples=30)
@given(st.lists(documents(), min_size=4, max_size=8), queries, st.booleans())
def test_filters_counts_order_and_pages_are_what_the_documents_say(
    docs: list[Document], query: Query, browsed: bool
) -> None:
    query = query._replace(root=Everything()) if browsed else query
    searcher = searcher_on(docs)
    matching = [d for d in searcher.documents() if d.doc_id in ids(searcher, query.root)]

    def passing(but: str = "") -> list[Document]:
        wanted = [each for each in query.filters if each.values and each.facet != but]
        return [d for d in matching if all(set(each.values) & set(d.values(each.facet)) for each in wanted)]

    found = searcher.search(query)
    assert found.total.value == len(passing())
    for facet in found.facets:
        counted = Counter(value for document in passing(facet.name) for value in set(document.values(facet.name)))
        assert {b.value: b.count.value for b in facet.buckets if b.count.value} == counted
    dates = {document.doc_id: document.date for document in matching}
    for sort in ("relevance", "title", "date"):
        whole = searcher.search(query._replace(sort=sort, offset=0, limit=ALL)).hits
        assert {hit.doc_id for hit in whole} == {d.doc_id for d in passing()}
        assert searcher.search(query._replace(sort=sort, offset=1, limit=2)).hits == whole[1:3]
        if sort == "title":
            titles = [name_key(hit.card.title) for hit in whole]
            assert titles == sorted(titles)
        else:
            keys = [hit.score if sort == "relevance" else dates[hit.doc_id] for hit in whole]
            assert keys == sorted(keys, reverse=True), "the best or the newest first"
            assert sort == "date" or min(keys, default=0) >= 0


@settings(max_examples=30)
@given(
    st.lists(documents(), min_size=1, max_size=6),
    st.lists(documents(), max_size=3),
    st.data(),
    queries,
)
def test_an_update_leaves_what_a_rebuild_would(
    docs: list[Document], fresh: list[Document], data: st.DataObject, query: Query
) -> None:
    left = {document.doc_id: document for document in (*docs, *fresh)}
    gone = data.draw(st.sets(st.sampled_from([*left, "hospitals/never-there"]), max_size=3))
    engine = MemoryEngine()
    with engine.rebuild() as writer:
        for document in docs:
            writer.put(document)
    with engine.update() as writer:
        for document in fresh:
            writer.put(document)
        for doc_id in gone:
            writer.delete(doc_id)
    left = {doc_id: document for doc_id, document in left.items() if doc_id not in gone}
    anew = searcher_on(list(left.values()))
    with engine.searcher() as searcher:
        assert list(searcher.documents()) == [left[doc_id] for doc_id in sorted(left)]
        found, expected = (each.search(query._replace(sort="title", offset=0, limit=ALL)) for each in (searcher, anew))
    assert [(hit.card, hit.matched) for hit in found.hits] == [(hit.card, hit.matched) for hit in expected.hits]
    assert found.facets == expected.facets
