"""A corpus that holds only the page this project started from: the list in its middle is no part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.build import build
from indexer.engines.whoosh_engine import WhooshEngine
from search_app.request import SearchRequest
from search_app.search import answer

SEED = Path(__file__).parent / "data" / "seed" / "page.txt"


def as_html(text: str, lists: bool) -> str:
    """The seed as a page of a site, its list as ``<ul>`` with links or as plain paragraphs inside the article."""
    parts: list[str] = []
    listed: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("- "):
            listed.append(line[2:])
            continue
        if listed:
            if lists:
                parts.append(
                    "<ul>"
                    + "".join(f'<li><a href="/faq/{n}.html">{t}</a></li>' for n, t in enumerate(listed))
                    + "</ul>"
                )
            else:
                parts += [f"<p>- {title}</p>" for title in listed]
            listed = []
        if line.strip():
            parts.append(f"<p>{line}</p>")
    body = "\n".join(parts)
    title = "The best cancer treatment in China"
    article = f"<article><h1>{title}</h1>{body}</article>"
    return f"<!doctype html><html><head><title>{title}</title></head><body>{article}</body></html>"


@pytest.mark.parametrize("form", ["txt", "list", "paragraphs"])
def test_the_seed_alone_is_one_article_with_its_last_section_and_without_the_listed_titles(
    tmp_path: Path, form: str
) -> None:
    text = SEED.read_text("utf-8")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    if form == "txt":
        (corpus / "page.txt").write_text(text, "utf-8")
    else:
        (corpus / "page.html").write_text(as_html(text, form == "list"), "utf-8")
    report = build(corpus, tmp_path / "index")
    assert (report.documents, report.rejected) == (1, ())
    listed = [line[2:].strip() for line in text.splitlines() if line.startswith("- ")]
    assert len(listed) == 270
    with WhooshEngine(tmp_path / "index").searcher() as searcher:
        (document,) = searcher.documents()
        assert document.kind == "article"
        whole = "\n".join([document.title, *document.aliases, *(f"{s.heading}\n{s.text}" for s in document.sections)])
        present = [title for title in listed if title in whole and title != document.title]
        # "Cancer Treatment" is a listed title and also words of the article itself.
        assert [title for title in present if title != "Cancer Treatment"] == []
        for typed in (
            "Beijing Tiantan Hospital",
            "Smile Surgery",
            "Renji Ruijin",
            "Guang'anmen",
            "JCI accredited hospitals",
        ):
            found = searcher.search(_words(typed))
            assert found.total.value == 0, typed
        last = answer(SearchRequest(q="two-wheel-drive model international synchronization"), searcher).results
        assert last.total.value == 1
        assert "two-wheel-drive" in document.sections[-1].text or "two-wheel-drive" in last.hits[0].snippet.text
        economy = answer(SearchRequest(q='"commercial insurance options"'), searcher).results
        assert economy.total.value == 1
        assert document.receipt.kept + sum(each.chars for each in document.receipt.cuts) == document.receipt.seen


def _words(text: str):  # type: ignore[no-untyped-def]
    from indexer.analysis import terms
    from indexer.model import And, Query, Term

    return Query(And(tuple(Term(word) for word in terms(text))))
