"""The named reasons are the whole truth: without the words and values that a hit names, it is no hit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.analysis import stem
from indexer.engines import Searcher
from indexer.engines.tree import document_reason, flatten, members, reason
from indexer.engines.whoosh_engine import WhooshEngine
from indexer.model import And, Concept, DocumentIs, FacetIs, Hit, Node, Not, Or, Phrase, Prefix, Query, Term
from search_app.of_field import values_of
from search_app.search import SearchRequest, answer
from search_app.words import default_words
from tests.searchable import DOCUMENTS

NOTHING = DocumentIs(())
WORDS = (
    "eye", "cataract", "surgery", "operation", "kids", "hospital", "beijing", "shanghai", "price", "tongren", "liver",
    "womb", "heart attack", "rash", "my wife", "visa", "letter", "how much", "not", "in", "cancer", "childrens", "协和",
    "眼科", "opthalmology", "shangai", "pd1", "check up", "blurry vision", "-beijing", '"cataract surgery"',
    "eye OR liver", "zzyzx", "title:eye", "hepat*", "renji", "usa", "test tube baby", "rare disease",
    "lump in my breast", "pudong", "hepatitis",
)  # fmt: skip


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    engine = WhooshEngine(tmp_path_factory.mktemp("reasons"))
    with engine.rebuild() as writer:
        for document in DOCUMENTS:
            writer.put(document)
    with engine.searcher() as opened:
        yield opened


def spelled(member: Term | Phrase | Prefix) -> tuple[str, ...]:
    """Words of one stem are named once: a token of the page counts for the first that it may be."""
    if isinstance(member, Prefix):
        return (member.text + "*",)
    return tuple(map(stem, member.terms)) if isinstance(member, Phrase) else (stem(member.text),)


def is_named(member: Term | Phrase | Prefix, named: set[tuple[str, ...]]) -> bool:
    """Whether a hit names a word, or a beginning of it that is named in its stead."""
    begun = isinstance(member, Term) and any(
        len(each) == 1 and each[0].endswith("*") and member.text.startswith(each[0][:-1]) for each in named
    )
    return begun or spelled(member) in named


def without(node: Node, hit: Hit, named: set[tuple[str, ...]]) -> Node:
    """A tree without what a hit names; what must not match stays as it is."""
    if isinstance(node, Concept):
        kept = tuple(each for each in node.members if not is_named(each, named))
        return Concept(kept) if kept else NOTHING
    if isinstance(node, DocumentIs):
        return NOTHING if document_reason(node) in hit.matched else node
    if isinstance(node, FacetIs):
        label = f"{default_words().facets.label(node.facet, node.value)} (field of the page)"
        return NOTHING if label in hit.matched else node
    if isinstance(node, And | Or):
        return replace(node, children=tuple(without(child, hit, named) for child in node.children))
    assert isinstance(node, Not)
    return node


@settings(max_examples=100)
@example(["hepat*", "liver"])
@example(["test tube baby", "hepatitis", "hepat*"])
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5))
def test_removing_the_named_reasons_removes_the_hit(index: Searcher, words: list[str]) -> None:
    found = answer(SearchRequest(" ".join(words), per_page=20), index)
    root = found.results.query.root
    leaves = flatten(root).leaves
    if not any(hit.matched for hit in found.results.hits):
        return  # everything is shown, because only things to leave out were typed
    for hit in found.results.hits:
        assert hit.matched, (words, hit.doc_id)
        named = {spelled(each) for leaf in leaves for each in members(leaf) if reason(each) in hit.matched}
        rest = index.search(Query(without(root, hit, named), limit=50))
        assert hit.doc_id not in [each.doc_id for each in rest.hits], (words, hit.doc_id, hit.matched)


def test_a_hit_of_the_field_says_so(index: Searcher) -> None:
    found = answer(SearchRequest("cataract rhubarb beijing"), index)
    tongren = next(hit for hit in found.results.hits if hit.doc_id == "hospitals/beijing-tongren")
    assert {"Ophthalmology (field of the page)", "Beijing (field of the page)"} <= set(tongren.matched)
    others = [hit for hit in found.results.hits if hit.doc_id.startswith("hospitals/shanghai")]
    assert not any("field of the page" in each for hit in others for each in hit.matched)


def test_all_values_of_a_field_must_fit(index: Searcher) -> None:
    card = next(iter(index.search(Query(DocumentIs(("hospitals/shanghai-eye",)), limit=1)).hits)).card
    eye, beijing, shanghai = (
        FacetIs("specialty", "Ophthalmology"),
        FacetIs("city", "Beijing"),
        FacetIs("city", "Shanghai"),
    )
    assert values_of(card, And((eye, Or((beijing, shanghai))))) == (eye, shanghai)
    assert values_of(card, And((eye, beijing))) == ()
    assert values_of(card, FacetIs("kind", "hospital")) == (FacetIs("kind", "hospital"),)


def test_a_chinese_word_is_named_as_it_is_written() -> None:
    """Interfaces other than the page had “肿 瘤”."""
    assert reason(Phrase(("肿", "瘤"))) == "“肿瘤”"
    assert reason(Phrase(("heavy", "ion"))) == "“heavy ion”"
