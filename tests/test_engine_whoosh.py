"""The embedded engine answers exactly as the naive one, and its scores are Whoosh's own where they mean the same."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from whoosh import index as whoosh_index
from whoosh import query as whoosh_query
from whoosh.scoring import BM25F

from indexer.analysis import FIELDS, stem, terms
from indexer.engines import Engine
from indexer.engines.memory import MemoryEngine
from indexer.engines.whoosh_engine import WhooshEngine
from indexer.model import (
    And,
    Concept,
    Document,
    DocumentIs,
    FacetIs,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Section,
    Term,
)
from indexer.ranking import Ranking
from tests.engine_contract import EngineContract


class TestWhooshEngine(EngineContract):
    """Contract, on a fresh folder for each engine."""

    @pytest.fixture
    def make_engine(self, tmp_path: Path) -> Callable[[], Engine]:
        numbers = itertools.count()

        def make() -> Engine:
            shutil.rmtree(tmp_path / f"i{next(numbers) - 1}", ignore_errors=True)
            return WhooshEngine(tmp_path / f"i{next(numbers)}")

        return make


TEXTS = (
    "eye hospital in shanghai with an eye clinic",
    "heart hospital heart surgery in beijing",
    "visa and cost of treatment cost cost",
    "eye eye eye",
    "a longer text that mentions the eye only once near its very end and nothing else",
)


def test_facet_values_of_any_characters_are_counted_and_stand_in_order(tmp_path: Path) -> None:
    """The loops write counts as JSON: quotes, backslashes and Chinese pass, and numbers of several digits."""
    values = {'a "quoted" \\ value': 1, "上海": 9, "line\nbreak": 10, "Beijing": 123, "K\u00f6ln": 9}
    engine = WhooshEngine(tmp_path / "index")
    with engine.rebuild() as writer:
        for place, (value, count) in enumerate(values.items()):
            for number in range(count):
                writer.put(Document(f"articles/{place}-{number}", "article", "eye", (), city=(value,)))
    with engine.searcher() as searcher:
        found = searcher.search(Query(Term("eye"), facets=("city",))).facet("city")
    assert list(found.counts.items()) == sorted(values.items(), key=lambda each: (-each[1], each[0]))


def test_base_scores_are_those_of_whoosh_itself(tmp_path: Path) -> None:
    """One term in one field, with Whoosh's constants: its scorer and our columns give the same numbers."""
    ranking = Ranking(
        field_weights=(1.0,) * len(FIELDS),
        field_b=(0.75,) * len(FIELDS),
        k1=1.2,
        idf_shift=1.0,
        title_coverage=0,
        title_fill=0,
        adjacency=0,
    )
    engine = WhooshEngine(tmp_path / "index", ranking)
    with engine.rebuild() as writer:
        for number, text in enumerate(TEXTS):
            writer.put(Document(f"articles/{number}", "article", f"title {number}", (Section("", "", text),)))
    folder = engine.generations.path(engine.generations.current()) / "whoosh"
    opened = whoosh_index.open_dir(str(folder), readonly=True)
    with engine.searcher() as ours, opened.searcher(weighting=BM25F(B=0.75, K1=1.2)) as theirs:
        for word in sorted(set(terms(" ".join(TEXTS)))):
            found = ours.search(Query(Term(word, fields=("body",), exact=True), limit=100))
            expected = theirs.search(whoosh_query.Term("body", word), limit=100)
            assert {h.doc_id: h.score for h in found.hits} == pytest.approx(
                {h["id"]: h.score for h in expected}, abs=1e-3
            )
            assert stem(word)
    opened.close()


def test_any_whoosh_opens_the_durable_index_and_sees_the_facets(tmp_path: Path) -> None:
    engine = WhooshEngine(tmp_path / "index")
    with engine.rebuild() as writer:
        writer.put(
            Document(
                "hospitals/a", "hospital", "Eye", (), city=("Beijing",), specialty=("Ear, Nose & Throat", "Oncology")
            )
        )
    opened = whoosh_index.open_dir(str(engine.generations.path(engine.generations.current()) / "whoosh"), readonly=True)
    with opened.searcher() as searcher:
        assert sorted(searcher.lexicon("specialty")) == [b"Ear\xe2\x80\x9a Nose & Throat", b"Oncology"]
        assert [fields["id"] for fields in searcher.all_stored_fields()] == ["hospitals/a"]
    opened.close()


def test_there_are_as_many_working_arrays_as_searches_at_the_same_time(tmp_path: Path) -> None:
    engine = WhooshEngine(tmp_path / "index")
    with engine.rebuild() as writer:
        writer.put(Document("articles/a", "article", "eye", (Section("", "", "eye surgery"),)))

    def search() -> int:
        with engine.searcher() as searcher:
            return searcher.search(Query(Term("eye"))).total.value

    with ThreadPoolExecutor(4) as threads:
        for _ in range(8):  # one after the other, in whichever thread
            assert threads.submit(search).result() == 1
    assert len(engine._spare) == 1
    with engine.searcher() as outer, engine.searcher() as inner:
        assert outer._scratch is not inner._scratch
    assert len(engine._spare) == 2
    before = {id(scratch) for _, scratch in engine._spare}
    with engine.searcher() as old:
        with engine.update() as writer:
            writer.put(Document("articles/b", "article", "eye", (Section("", "", "eye clinic"),)))
        assert search() == 2
        assert old.search(Query(Term("eye"))).total.value == 1
    assert not before & {id(scratch) for _, scratch in engine._spare}, "those of the older generation are gone"
    assert len(engine._spare) == 1


def test_arrays_of_a_search_that_failed_are_not_used_again(tmp_path: Path) -> None:
    engine = WhooshEngine(tmp_path / "index")
    with engine.rebuild() as writer:
        writer.put(Document("articles/a", "article", "eye", ()))
    with pytest.raises(ValueError, match="on the way"), engine.searcher():
        raise ValueError("on the way")
    assert engine._spare == []


def test_a_search_may_need_more_room_than_any_before_it(tmp_path: Path) -> None:
    """Lists made for one query and its numbers move to larger arrays while it is read, and none is lost."""
    engines: list[Engine] = [WhooshEngine(tmp_path / "index"), MemoryEngine()]
    names = ["".join(pair) for pair in itertools.product("bdfgklmnpr", "aeiouvwxyz")]
    texts = [" ".join(f"{names[number * step % 97]} eye hospital" for step in range(60)) for number in range(1, 30)]
    for engine in engines:
        with engine.rebuild() as writer:
            for number, text in enumerate(texts):
                writer.put(
                    Document(f"articles/{number:02}", "article", f"{names[number]} eye", (Section("", "", text),))
                )
    phrases = [Phrase((name, "eye")) for name in names[:20]]
    words = [Concept((Term(name, fields=("body",)), Prefix(name[0]))) for name in names[20:60]]
    query = Query(Or((*phrases, *words, DocumentIs(("articles/03",), 5.0)), 2), limit=30)
    found = []
    for engine in engines:
        with engine.searcher() as searcher:
            searcher.search(Query(Term("eye")))
            results = searcher.search(query)
            found.append((results.total, [(hit.doc_id, round(hit.score, 2)) for hit in results.hits]))
    assert found[0] == found[1]
    assert found[0][0].value == len(texts)


def test_lists_of_very_different_length_are_joined_and_counted_exactly(tmp_path: Path) -> None:
    """Short lists are read, long ones searched; documents with more values than a number holds are counted too."""
    engines: list[Engine] = [WhooshEngine(tmp_path / "index"), MemoryEngine()]
    every = {"common": 1, "often": 2, "seldom": 23, "rare": 131}
    for engine in engines:
        with engine.rebuild() as writer:
            for number in range(300):
                text = " ".join(word for word, step in every.items() if number % step == 0)
                values = ("Oncology", "Ophthalmology", "Neurology", "Hematology", "Dermatology")[: number % 6]
                writer.put(
                    Document(f"hospitals/{number:03}", "hospital", "x", (Section("", "", text),), specialty=values)
                )
        with engine.update() as writer:
            for number in (0, 23, 262):
                writer.delete(f"hospitals/{number:03}")
    words = [Term(word) for word in every]
    pairs = [(a, b) for a, b in itertools.permutations(words, 2)]
    roots: list[Node] = [And((a, b)) for a, b in pairs] + [And((a, Not(b))) for a, b in pairs]
    roots += [And((a, Not(b), FacetIs("specialty", "Neurology"))) for a, b in pairs] + [And(tuple(words[:3])), *words]
    for root in roots:
        found = []
        for engine in engines:
            with engine.searcher() as searcher:
                results = searcher.search(Query(root, limit=25))
                facets = [list(facet.counts.items()) for facet in results.facets]
                found.append((results.total, [(hit.doc_id, round(hit.score, 2)) for hit in results.hits], facets))
        assert found[0] == found[1], root
