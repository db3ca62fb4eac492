"""Claims about which pages are close to some words in meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.engines import Engine, Searcher
from indexer.engines.likeness import LEAST_PAGES, LIMIT, STANDS_OUT
from indexer.engines.memory import MemoryEngine
from indexer.engines.whoosh_engine import WhooshEngine
from indexer.meanings import UNKNOWN, default_meanings
from indexer.model import Count, Document, Hit, Query, Question, Results, Section, Term, card_of
from search_app.alike import AMONG, articles_in_order
from search_app.search import SearchRequest, answer
from search_app.understand import read

# Titles and sections of articles on one thing each; none has the words that are asked below.
SUBJECTS = (
    "visa passport embassy entry", "surgeon operation theatre anaesthesia", "insurance claim insurer refund",
    "herbs acupuncture tradition", "tumour chemotherapy oncology", "airport luggage flight customs",
    "price bill deposit invoice", "interpreter translation mandarin", "hotel room lodging", "court complaint damages",
)  # fmt: skip


def documents(count: int = 24) -> list[Document]:
    pages = [
        Document(f"articles/{n:02}", "article", SUBJECTS[n % 10], (Section("About", "", f"{SUBJECTS[n % 10]} {n}"),))
        for n in range(count)
    ]
    return [*pages, Document("hospitals/a", "hospital", "Jewellery and money", (Section("", "", "cash money"),))]


def written(engine: Engine, pages: list[Document]) -> Engine:
    with engine.rebuild() as writer:
        for page in pages:
            writer.put(page)
    return engine


@pytest.fixture(params=["columns", "memory"])
def make_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Engine]:
    return lambda: MemoryEngine() if request.param == "memory" else WhooshEngine(tmp_path / "index")


@pytest.fixture
def searcher(make_engine: Callable[[], Engine]) -> Iterator[Searcher]:
    with written(make_engine(), documents()).searcher() as opened:
        yield opened


def test_words_that_mean_nearly_the_same_lie_nearer_than_others() -> None:
    table = default_meanings()

    def near(left: str, right: str) -> float:
        a, b = table.vectors[table.of((left, right))].astype(float)
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    assert near("ankles", "foot") > near("ankles", "visa")
    assert near("money", "price") > near("money", "acupuncture")
    assert table.of(("zzyzx", "眼")).tolist() == [UNKNOWN, UNKNOWN]
    assert list(table.rows) == sorted(table.rows)


def test_articles_are_found_by_meaning_without_any_of_the_words(searcher: Searcher) -> None:
    found = searcher.lexicon.alike(("how", "much", "money"))
    assert 0 < len(found) <= LIMIT
    assert [doc_id[-1] for doc_id, _ in found[:2]] == ["6", "6"]  # price bill deposit invoice
    assert all(apart >= STANDS_OUT for _, apart in found)
    assert [apart for _, apart in found] == sorted((apart for _, apart in found), reverse=True)
    assert all(doc_id.startswith("articles/") for doc_id, _ in found)
    assert searcher.lexicon.alike(("zzyzx",)) == ()
    assert searcher.lexicon.alike(()) == ()


def test_among_few_articles_none_stands_out(make_engine: Callable[[], Engine]) -> None:
    with written(make_engine(), documents(LEAST_PAGES - 1)).searcher() as searcher:
        assert searcher.lexicon.alike(("money",)) == ()


def test_a_question_that_a_page_answers_is_compared_by_itself(make_engine: Callable[[], Engine]) -> None:
    pages = documents()
    asked = (Question("Is the hotel far?"), Question("How much money?"), Question("?"))
    pages[5] = replace(pages[5], questions=asked)  # airport luggage flight customs
    with written(make_engine(), pages).searcher() as searcher:
        assert searcher.lexicon.alike(("how", "much", "money"))[0][0] == "articles/05"
        assert searcher.get("articles/05").questions == asked  # type: ignore[union-attr]


def test_columns_in_several_segments_say_what_the_naive_engine_says(tmp_path: Path) -> None:
    """Also after an update: what was replaced or deleted is like nothing."""
    engines = (written(WhooshEngine(tmp_path / "index"), documents()), written(MemoryEngine(), documents()))
    for engine in engines:
        with engine.update() as writer:
            writer.delete("articles/06")
            text = (Section("", "", "cash in the bank"),)
            writer.put(Document("articles/03", "article", "money", text, questions=(Question("Where is my lawyer?"),)))
    with engines[0].searcher() as columns, engines[1].searcher() as naive:
        for words in (("money",), ("my", "lawyer"), ("fly", "home"), ("a", "place", "to", "sleep")):
            left, right = columns.lexicon.alike(words), naive.lexicon.alike(words)
            assert dict(left) == pytest.approx(dict(right), abs=1e-4)
            assert "articles/06" not in dict(left)
        assert columns.lexicon.alike(("money",))[0][0] == "articles/03"


def test_a_question_shows_what_is_close_in_meaning_beside_what_has_its_words(searcher: Searcher) -> None:
    found = answer(SearchRequest("is the bill wrong"), searcher)
    reasons = {hit.doc_id: hit.matched for hit in found.results.hits}
    assert {why[0] for doc_id, why in reasons.items() if doc_id[-1] == "6"} == {"bill"}  # price bill deposit invoice
    assert {why for doc_id, why in reasons.items() if doc_id[-1] != "6"} == {("close in meaning",)}
    assert any("close in meaning" in note for note in found.applied)
    for facet in found.results.facets:  # the numbers hold for these pages too
        for bucket in facet.buckets:
            chosen = SearchRequest(found.request.q, kind=(bucket.value,)) if facet.name == "kind" else None
            assert chosen is None or answer(chosen, searcher).results.total == bucket.count


def test_what_is_offered_has_as_many_hits_as_it_says(searcher: Searcher) -> None:
    found = answer(SearchRequest("is the bill wrong", city=("Beijing",)), searcher)
    assert found.relaxations
    for each in found.relaxations:
        assert answer(each.request, searcher).results.total.value == each.count


@pytest.mark.parametrize("text", ["is there a zzyzx", "money", '"how much money"', "hospital for money"])
def test_nothing_is_close_to_what_no_page_has_or_what_is_no_question(searcher: Searcher, text: str) -> None:
    found = answer(SearchRequest(text), searcher)
    assert not [hit for hit in found.results.hits if "close in meaning" in hit.matched]


def test_plain_words_are_only_words(searcher: Searcher) -> None:
    assert read("how is the anaesthesia", searcher.lexicon).alike
    assert not read("how is the anaesthesia", searcher.lexicon, plain=True).alike
    assert not read("how is the anaesthesia", searcher.lexicon, ignore=frozenset(("kind",))).alike


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("embassy luggage", ("embassy", "luggage")),
        ("is the luggage wrong", ()),  # articles come beside
        ("hospital luggage", ()),
        ('"embassy luggage"', ()),
    ],
)
def test_key_words_put_articles_in_order_where_no_hospital_is_wanted(
    searcher: Searcher, text: str, words: tuple[str, ...]
) -> None:
    assert read(text, searcher.lexicon).key_words == words
    assert not read(text, searcher.lexicon, plain=True).key_words


def test_articles_that_fit_nearly_equally_come_in_the_order_of_their_meaning() -> None:
    """They take places of articles with their scores; a lead that is more than a tie stays, and so do hospitals."""
    pages = [("articles/a", 5.0), ("hospitals/b", 4.95), ("articles/c", 4.9), ("articles/d", 2.0)]
    hits = tuple(
        Hit(rank, score, card_of(Document(doc_id, doc_id[:-3], doc_id, ())))
        for rank, (doc_id, score) in enumerate(pages, 1)
    )
    results = Results(Query(Term("x"), explain=True), Count(4), hits, (), "")
    close = (("articles/d", 3.0), ("articles/c", 2.0))
    found = articles_in_order(results, close).hits
    assert [hit.doc_id for hit in found] == ["articles/c", "hospitals/b", "articles/a", "articles/d"]
    assert [(hit.rank, hit.score) for hit in found] == [(1, 5.0), (2, 4.95), (3, 4.9), (4, 2.0)]
    assert [sum(line.score for line in hit.explanation) for hit in found] == pytest.approx([0.1, 0, -0.1, 0])
    assert 0.1 < 2.0 * AMONG < 2.9 < 2.9 + 2.0 * AMONG  # what the numbers above rest on
    assert articles_in_order(results, ()) is results


def test_a_search_for_key_words_orders_articles_by_meaning(
    make_engine: Callable[[], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"articles/90": "hotel lodging cash leaflet", "articles/91": "price invoice cash leaflet"}
    pages = [Document(doc_id, "article", "A page", (Section("", "", text),)) for doc_id, text in texts.items()]
    with written(make_engine(), [*documents(), *pages]).searcher() as searcher:
        by_meaning = answer(SearchRequest("cash leaflet"), searcher).results.hits
        monkeypatch.setattr("search_app.alike.AMONG", 0.0)
        by_words = answer(SearchRequest("cash leaflet"), searcher).results.hits
    assert [hit.doc_id for hit in by_words][:2] == ["articles/90", "articles/91"]
    assert [hit.doc_id for hit in by_meaning][:2] == ["articles/91", "articles/90"]
    assert by_meaning[0].score == by_words[0].score
