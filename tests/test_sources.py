"""The record of sources: what the pages declare, no more and no less."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from indexer.cli import corpus_group
from indexer.lint import lint
from indexer.model import Citation, Page
from indexer.sources import RECORD, as_markdown, collect

PAGE = """<!doctype html><html lang="en"><head><title>{title}</title><script type="application/ld+json">
{{"@type": "Article", "name": "{title}", "citation": [{{"@type": "CreativeWork", "@id": "#source-1", "name": "{source}",
"url": "https://www.b.example/rules"}}]}}</script></head><body><main><h1>{title}</h1><p>All about it.</p>
<section id="sources"><h2>Sources</h2><ol><li id="source-1"><a href="https://www.b.example/rules">{source}</a>,
The Office, 2024. Read on {read}.</li></ol></section></main></body></html>"""
WRITTEN = """\
1 source on 1 host, used by 2 pages.

## b.example

- Rules. The Office, 2024. <https://www.b.example/rules>. Read on 2026-11-22 and 2026-11-25.
  - [articles/a](articles/a.html)
  - [articles/b](articles/b.html)
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two pages that use one source, read on two days."""
    (tmp_path / "articles").mkdir()
    for name, read in (("b", "2026-11-22"), ("a", "2026-11-25")):
        text = PAGE.format(title=f"Visas {name}", source="Rules", read=read)
        (tmp_path / "articles" / f"{name}.html").write_text(text, encoding="utf-8")
    return tmp_path


def sources(*arguments: str | Path) -> Result:
    return CliRunner().invoke(corpus_group, ["sources", *map(str, arguments)])


def page(path: str, *citations: Citation) -> Page:
    return Page(path.partition(".")[0], path, "article", path, "h1", (), citations=citations)


def test_each_source_is_listed_once_with_its_pages_and_days(corpus: Path) -> None:
    result = sources(corpus)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith(WRITTEN)
    assert not (corpus / RECORD).exists()


def test_a_written_record_is_current_until_a_page_changes(corpus: Path) -> None:
    missing = sources(corpus, "--check")
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert missing.stderr == f"Error: There is no SOURCES.md in {corpus}. Write it: medsearch corpus sources --write\n"
    assert (sources(corpus, "--write").output, sources(corpus, "--check").output) == ("", "")
    assert (corpus / RECORD).read_text(encoding="utf-8") == sources(corpus).stdout
    (corpus / "articles/b.html").unlink()
    late = sources(corpus, "--check")
    assert late.exit_code == 1
    assert "SOURCES.md is not what the pages declare. Write it again:" in late.stderr


def test_the_check_of_a_corpus_reports_a_record_that_is_out_of_date(corpus: Path) -> None:
    assert not any(finding.problems for finding in lint(corpus))
    sources(corpus, "--write")
    assert not any(finding.problems for finding in lint(corpus))
    (corpus / "articles/b.html").unlink()
    assert [(each.path, each.problems) for each in lint(corpus) if each.problems] == [
        (RECORD, ("it is not what the pages declare; write it again: medsearch corpus sources --write",))
    ]


def test_to_write_and_to_check_at_once_is_refused(corpus: Path) -> None:
    result = sources(corpus, "--write", "--check")
    assert result.exit_code == 2
    assert not (corpus / RECORD).exists()


def test_a_file_that_is_no_page_is_named_and_the_others_listed(corpus: Path) -> None:
    (corpus / "articles/empty.html").write_bytes(b"")
    result = sources(corpus)
    assert result.exit_code == 0
    assert "empty.html" in result.stderr
    assert result.stdout.endswith(WRITTEN)


def test_the_wording_of_most_pages_is_taken() -> None:
    url = "https://a.example/"
    names = ("Old name", "Name", "Name")
    (source,) = collect(page(f"articles/{n}.html", Citation(name, url)) for n, name in enumerate(names))
    assert (source.title, source.paths) == ("Name", ("articles/0.html", "articles/1.html", "articles/2.html"))


def test_a_source_without_an_address_is_known_by_its_title_and_stands_last() -> None:
    cited = Citation("A letter of 1921", ""), Citation("Site", "https://z.example/"), Citation("Odd", "http://[z/")
    found = collect([page("articles/a.html", *cited), page("articles/b.html", cited[0])])
    assert [(source.title, source.host) for source in found] == [
        ("Site", "z.example"),
        ("A letter of 1921", ""),
        ("Odd", ""),
    ]
    assert found[1].paths == ("articles/a.html", "articles/b.html")
    assert "## without an address\n\n- A letter of 1921. No page says when it was read.\n" in as_markdown(found)


def test_what_a_page_calls_its_source_is_never_markup_in_the_record() -> None:
    odd = Citation("<b>[x](javascript:y)*\n# z", "https://a.example/a b>c", "P_q_")
    text = as_markdown(collect([page("articles/a (1).html", odd)]))
    assert r"- \<b\>\[x\](javascript:y)\* # z. P\_q\_. <https://a.example/a%20b%3Ec>. No page" in text
    assert "](articles/a%20%281%29.html)" in text
