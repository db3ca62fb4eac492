"""Pages that are one page: which of them is found, what the operator is told, and where the other address leads."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from indexer.build import build
from indexer.copies import copies, resolved, source_key
from indexer.known import KnownPage
from search_app import create_app
from tests.test_cli import run

ADDRESS = "https://www.example.org/costs"
OTHERS = "https://www.example.org/visa"


def article(title: str, text: str, address: str = ADDRESS, date: str = "2026-01-02", more: str = "") -> str:
    """An article that names an address as its own."""
    return (
        f'<!doctype html><html lang="en"><head><title>{title}</title><link rel="canonical" href="{address}">'
        f'<meta property="article:published_time" content="{date}"></head>'
        f"<body><main><h1>{title}</h1><p>{text}</p>{more}</main></body></html>"
    )


def known(name: str, title: str, *lines: int, rank: int = 0, source: int = 1, folder: str = "articles") -> KnownPage:
    """A page as a build remembers it, with so many lines."""
    doc_id = f"{folder}/{name}"
    return KnownPage(f"{doc_id}.html", doc_id, "", lines, doc_id, title, source=source, rank=rank)


@pytest.mark.parametrize(
    ("pages", "kept", "apart"),
    [
        ([known("a", "costs", 1, 2), known("b", "costs", 3, 4, 5)], {"b"}, set()),
        ([known("a", "costs", 1, 2, rank=2), known("b", "costs", 3, 4, 5, rank=1)], {"a"}, set()),
        ([known("a", "costs", 1, 2, 3), known("b", "price", 1, 2, 4)], {"a"}, set()),
        ([known("a", "costs", 1, 2, 3), known("b", "price", 1, 4, 5)], {"a", "b"}, {"b"}),
        ([known("a", "costs", 1, 7, 8, 9), known("b", "price", 2, 7, 8, 9)], {"a", "b"}, {"b"}),
        ([known("a", "costs", 7), known("b", "price", 8)], {"a", "b"}, {"b"}),
        ([known("a", "costs", 1), known("b", "costs", 2, folder="hospitals")], {"a", "b"}, {"b"}),
        ([known("a", "", 1), known("b", "", 2)], {"a", "b"}, {"b"}),
        ([known("a", "costs", 1), known("b", "costs", 2, source=2)], {"a", "b"}, set()),
        ([known("a", "costs", 1), known("b", "costs", 1, source=0), known("c", "costs", 2, rank=3)], {"c"}, set()),
        ([known("a", "x", 1), known("b", "y", 2), known("c", "y", 3)], {"a", "b"}, {"b"}),
    ],
    ids=[
        "the longest", "the first in rank", "half of the lines", "too few lines", "lines that recur", "no own line",
        "another kind", "no title", "another address", "a copy of a copy", "two of three",
    ],
)  # fmt: skip
def test_which_page_stands_for_those_that_name_one_address(
    pages: list[KnownPage], kept: set[str], apart: set[str]
) -> None:
    found = copies(pages, common={7, 8, 9})
    stands = {resolved(page.path, found.originals) for page in pages}
    assert {page.doc_id.partition("/")[2] for page in pages if page.path in stands} == kept
    assert {path.rpartition("/")[2] for path in found.apart} == {f"{name}.html" for name in apart}


def test_one_address_is_written_in_several_ways() -> None:
    same = ("https://a.example/x", "http://A.example/x/", "https://a.example/x#part", "https://a.example/%78")
    assert len({source_key(each) for each in same}) == 1
    others = ("https://a.example/y", "https://b.example/x", "https://a.example/x?page=2", "https://a.example/X")
    assert len({source_key(each) for each in (*same, *others)}) == 1 + len(others)
    assert source_key("") == source_key("/x") == source_key("http://[") == 0


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three files of one page in several states, one that only claims to be that page, and one that links to it."""
    folder = tmp_path / "corpus" / "articles"
    folder.mkdir(parents=True)
    link = '<h2>More</h2><p>See <a href="archive.html">what it costs</a>.</p>'
    for name, html in {
        "costs": article("What it costs", "A knee costs nine thousand at the desk."),
        "archive": article("What it costs", "A knee costs eight thousand, as it did before.", date="2025-03-04"),
        "a-print": article("What it costs", "A knee costs nine thousand, on paper and without a picture."),
        "visa": article("Which visa", "A letter of the clinic goes with the application.", ADDRESS, more=link),
    }.items():
        (folder / f"{name}.html").write_text(html, "utf-8")
    return tmp_path / "corpus"


@pytest.fixture
def client(corpus: Path) -> FlaskClient:
    build(corpus, corpus.parent / "index")
    return create_app({"index": str(corpus.parent / "index"), "rate_limit": 0}).test_client()


def test_the_other_addresses_lead_to_the_page_that_is_kept(corpus: Path, client: FlaskClient) -> None:
    assert {hit["id"] for hit in client.get("/api/v1/search?q=thousand").get_json()["hits"]} == {"articles/costs"}
    for asked, leads in (
        ("/articles/archive", "/articles/costs"),
        ("/zh/articles/a-print?q=knee%20%E8%86%9D", "/zh/articles/costs?q=knee%20%E8%86%9D"),
        ("/api/v1/documents/articles/archive", "/api/v1/documents/articles/costs"),
        ("/api/v1/documents/article/archive", "/api/v1/documents/articles/costs"),
    ):
        answer = client.get(asked)
        assert (answer.status_code, answer.headers["Location"]) == (301, leads)
        assert "must-revalidate" in answer.headers["Cache-Control"], "it may become a page of its own again"
        assert client.get(leads).status_code == 200
    for missing in ("/articles/none", "/hospitals/archive", "/api/v1/documents/articles/none"):
        assert client.get(missing).status_code == 404
    assert 'href="/articles/costs"' in client.get("/articles/visa").text, "a link to the other address is one to this"
    (corpus / "articles" / "costs.html").unlink()
    report = build(corpus, corpus.parent / "index")
    assert (report.documents, report.incremental) == (2, True)
    assert client.get("/articles/costs").status_code == 404
    assert client.get("/articles/archive").headers["Location"] == "/articles/a-print"


def test_hospitals_that_are_one_are_compared_by_any_address(tmp_path: Path) -> None:
    folder = tmp_path / "corpus" / "hospitals"
    folder.mkdir(parents=True)
    for name, text in (("renji-old", "Founded long ago."), ("renji", "It has beds."), ("huashan", "It has nerves.")):
        address = f"https://www.example.org/{name.removesuffix('-old')}"
        title = f"{name.removesuffix('-old').title()} Hospital"
        (folder / f"{name}.html").write_text(article(title, text, address), "utf-8")
    build(tmp_path / "corpus", tmp_path / "index")
    client = create_app({"index": str(tmp_path / "index")}).test_client()
    page = client.get("/compare?h=renji-old&h=huashan&h=renji").text
    assert '/compare?h=renji&amp;h=huashan"' in page


def test_the_operator_is_told_of_both_files_and_what_to_do(corpus: Path) -> None:
    built = run("index", "build", "--corpus", corpus, "--index", corpus.parent / "index")
    left_out = (
        f"names the same address as articles/costs.html ({ADDRESS}) and is left out for it; its own address leads "
        "there. Delete one of the two files, or correct its canonical link"
    )
    apart = (
        f"names the same address as articles/costs.html ({ADDRESS}), but has another title and text: both are kept. "
        "Correct the canonical link of one of the two files"
    )
    said = {"articles/a-print.html": left_out, "articles/archive.html": left_out, "articles/visa.html": apart}
    assert built.stderr.splitlines() == [f"Warning {path}: {text}" for path, text in said.items()]
    assert built.exit_code == 0
    assert "2 documents, 4 pages parsed, 0 removed, 0 rejected, 3 warnings" in built.stdout
    strict = run("index", "build", "--strict", "--corpus", corpus, "--index", corpus.parent / "index")
    assert (strict.exit_code, strict.stderr) == (1, built.stderr), "it is said again as long as it is so"
    checked = run("corpus", "check", corpus)
    for text in said.values():
        assert f"  ? {text}" in checked.stdout
