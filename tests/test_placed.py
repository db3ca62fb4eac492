"""What editors place first or leave out: shown with its reason, counted exactly, and never against what was asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.build import build
from indexer.engines import Searcher, open_engine
from indexer.errors import TaxonomyError
from indexer.model import Document, Section
from search_app.placed import REASON, load_placed, unknown
from search_app.request import SearchRequest
from search_app.search import Answer, answer
from search_app.words import Words, default_words

TEXTS = {
    "one": ("An ointment for feet", "Beijing"),
    "two": ("An ointment and an ointment for hands", "Shanghai"),
    "three": ("Shoes that fit", "Shanghai"),
    "four": ("Socks that fit", "Beijing"),
}
FILE = """
[[query]]
query = "Ointment"
first = ["articles/three", "articles/one"]
out = ["articles/two"]

[[query]]
query = "shoes"
first = ["articles/gone"]
"""


@pytest.fixture
def searcher(tmp_path: Path) -> Iterator[Searcher]:
    engine = open_engine(str(tmp_path / "index"))
    with engine.rebuild() as writer:
        for name, (text, city) in TEXTS.items():
            writer.put(Document(f"articles/{name}", "article", text, (Section("", "", text),), city=(city,)))
    with engine.searcher() as opened:
        yield opened


@pytest.fixture
def words(tmp_path: Path) -> Words:
    (tmp_path / "placed.toml").write_text(FILE, "utf-8")
    return replace(default_words(), placed=load_placed(tmp_path / "placed.toml"))


def ids(found: Answer) -> list[str]:
    return [hit.doc_id.partition("/")[2] for hit in found.results.hits]


def test_pages_come_first_with_the_reason_and_others_are_left_out(searcher: Searcher, words: Words) -> None:
    plain = answer(SearchRequest(q="ointment"), searcher)
    assert ids(plain) == ["two", "one"]
    found = answer(SearchRequest(q=" OINTMENT ", explain=True), searcher, words)
    assert ids(found) == ["three", "one"]
    assert found.results.total.value == 2
    assert all(REASON in hit.matched for hit in found.results.hits)
    assert REASON in [weight.reason for weight in found.results.hits[0].explanation]
    assert found.applied == ("The editors leave pages out of this search: 1.",)
    assert found.results.facet("city").counts == {"Beijing": 1, "Shanghai": 1}


@pytest.mark.parametrize("city", ["Beijing", "Shanghai", "Chengdu"])
def test_filters_hold_and_counts_keep_their_promise(searcher: Searcher, words: Words, city: str) -> None:
    promised = answer(SearchRequest(q="ointment"), searcher, words).results.facet("city").counts.get(city, 0)
    found = answer(SearchRequest(q="ointment", city=(city,)), searcher, words)
    assert found.results.total.value == len(ids(found)) == promised
    assert not any(TEXTS[name][1] != city for name in ids(found))


@pytest.mark.parametrize(
    "query", ["ointment -feet", '"ointment"', "ointment NOT shoes", "title:ointment", "ointment feet"]
)
def test_who_asks_for_something_else_gets_it(searcher: Searcher, words: Words, query: str) -> None:
    assert ids(answer(SearchRequest(q=query), searcher, words)) == ids(answer(SearchRequest(q=query), searcher))


def test_the_plain_words_and_another_order_are_not_touched(searcher: Searcher, words: Words) -> None:
    assert ids(answer(SearchRequest(q="ointment", plain=True), searcher, words)) == ["two", "one"]
    by_title = answer(SearchRequest(q="ointment", sort="title"), searcher, words)
    assert ids(by_title) == ["one", "three"]


def test_a_name_that_is_typed_stays_first(searcher: Searcher, words: Words, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[[query]]\nquery = "socks that fit"\nfirst = ["articles/one"]', "utf-8")
    own = replace(words, placed=load_placed(tmp_path / "own.toml"))
    assert ids(answer(SearchRequest(q="socks that fit"), searcher, own))[:2] == ["four", "one"]


def test_a_page_that_is_not_there_is_named_and_changes_nothing(searcher: Searcher, words: Words) -> None:
    assert unknown(words.placed, searcher) == ("“shoes”: there is no document articles/gone",)
    assert ids(answer(SearchRequest(q="shoes"), searcher, words)) == ids(answer(SearchRequest(q="shoes"), searcher))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[query]\nquery='x'", "the file: may only hold [[query]]"),
        ("[[query]]\nquery='x'", "query 1: must have query, and first or out, and no more"),
        ("[[query]]\nquery='x'\nfirst=['a']\nlast=['b']", "query 1: must have query, and first or out, and no more"),
        ("[[query]]\nquery='-'\nfirst=['a']", "query 1: 'query' must be a text with a letter"),
        ("[[query]]\nquery='x'\nfirst='a'", "query 1: 'first' must be a list of ids of documents"),
        ("[[query]]\nquery='x'\nfirst=['a']\nout=['a']", "query 1: 'a' stands here twice"),
        ("[[query]]\nquery='x'\nout=['a','b','c','d','e','f']", "query 1: 'out' has more than 5 documents"),
        ("[[query]]\nquery='x'\nout=['a']\n[[query]]\nquery='X'\nout=['b']", "query 2: 'x' stands here twice"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "placed.toml").write_text(text, "utf-8")
    with pytest.raises(TaxonomyError) as caught:
        load_placed(tmp_path / "placed.toml")
    assert reason in str(caught.value)


def test_a_site_reads_the_file_of_its_environment(tmp_path: Path) -> None:
    """In a process of its own, since the vocabulary is read once."""
    corpus = tmp_path / "corpus/articles"
    corpus.mkdir(parents=True)
    for name, (text, _city) in TEXTS.items():
        (corpus / f"{name}.html").write_text(f"<title>{text}</title><h1>{text}</h1><p>{text}.</p>", "utf-8")
    build(tmp_path / "corpus", tmp_path / "index")
    (tmp_path / "placed.toml").write_text(FILE, "utf-8")
    script = """
from search_app import create_app
client = create_app().test_client()
page = client.get("/search?q=ointment").get_data(as_text=True)
first = page.index("/articles/three") < page.index("/articles/one")
print(first, "/articles/two" in page, "placed by the editors" in page)
print("编辑置顶" in client.get("/zh/search?q=ointment").get_data(as_text=True))
"""
    own = {"MEDSEARCH_PLACED": str(tmp_path / "placed.toml"), "MEDSEARCH_INDEX": str(tmp_path / "index")}

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script]
        return subprocess.run(command, env=os.environ | own, capture_output=True, text=True, check=False)

    told = run()
    assert told.stdout.split() == ["True", "False", "True", "True"]
    assert "“shoes”: there is no document articles/gone" in told.stderr
    (tmp_path / "placed.toml").write_text("[[query]]\nquery = 'x'", "utf-8")
    told = run()
    assert told.returncode
    assert "query 1: must have query, and first or out, and no more" in told.stderr
