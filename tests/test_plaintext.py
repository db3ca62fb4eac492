from __future__ import annotations

import pytest

from indexer.compose import compose
from indexer.model import Link, Page
from indexer.plaintext import read_plain
from tests.live import HANG_SECONDS

PROSE = "This is a line of prose, long enough to be taken for a paragraph, and it ends as a sentence does."


def plain(text: str, *, markdown: bool = False, path: str = "articles/1.txt") -> Page:
    return compose(read_plain(text, markdown=markdown), "articles/1", path)


def texts(page: Page) -> list[tuple[str, str]]:
    return [(section.heading, section.text) for section in page.sections]


def test_first_line_is_the_title() -> None:
    page = plain(f"Medical visa\n\n{PROSE}")
    assert (page.title, page.title_source, texts(page)) == ("Medical visa", "first line", [("", PROSE)])


def test_a_first_line_that_stands_apart_is_the_title_though_a_heading_follows() -> None:
    page = plain(
        "Visa extension in Chengdu\n\nUpdated: 3 Jan 2026\n\nWHO CAN APPLY\nPatients with a letter.\n\nNotes\nTwo."
    )
    assert (page.title, page.title_source) == ("Visa extension in Chengdu", "first line")


def test_label_and_date_lines_beside_the_title_are_no_text() -> None:
    page = plain(f"Shanghai\nMedical visa\ndate:2025-09-12\n{PROSE}")
    assert (page.title, page.hints, page.date, texts(page)) == (
        "Medical visa",
        ("Shanghai",),
        "2025-09-12",
        [("", PROSE)],
    )


def test_a_title_above_numbered_headings_is_no_label() -> None:
    page = plain(f"Lupus in Hangzhou\ndate:2025-01-02\nI、Core facts\n{PROSE}")
    assert (page.title, page.hints, texts(page)) == ("Lupus in Hangzhou", (), [("I、Core facts", PROSE)])


@pytest.mark.parametrize("first", [PROSE, "- a list line", "What to bring:", "word " * 60])
def test_sentence_or_list_line_is_no_title(first: str) -> None:
    assert plain(f"{first}\n{PROSE}").title_source != "file name"
    assert texts(plain(f"{first}\n{PROSE}"))[0] != ("", PROSE)


def test_list_of_short_lines_has_no_title_in_it() -> None:
    page = plain("One thing\nTwo things\nThree things")
    assert texts(page) == [("", "One thing\nTwo things\nThree things")]


def test_empty_text_has_no_sections() -> None:
    assert plain("\n\n").sections == ()


def test_underlined_and_marked_headings_are_read_in_plain_text_too() -> None:
    page = plain(f"Title\n=====\n{PROSE}\n\nPrices\n------\n{PROSE}\n# Visa\n{PROSE}\n***\n")
    assert page.title == "Title"
    assert texts(page) == [("", PROSE), ("Prices", PROSE), ("Visa", PROSE)]


def test_plain_outline_is_found() -> None:
    page = plain(f"Title\n{PROSE}\n1. Surgery\n{PROSE}\n. Cases: {PROSE}")
    assert texts(page) == [("", PROSE), ("1. Surgery", f"{PROSE}\n• Cases: {PROSE}")]


def test_line_ends_of_every_kind() -> None:
    assert texts(plain("T\r\nA b.\rC d.\u2028E f.")) == [("", "A b.\nC d.\nE f.")]


def test_markdown_title_sections_and_anchors() -> None:
    page = plain(f"# The title\n\n## Prices {{#costs}}\n\n{PROSE}\n\n### Deposit ###\n{PROSE}\n\n##\n", markdown=True)
    assert (page.title, page.title_source) == ("The title", "first line")
    assert [(s.heading, s.anchor, s.level) for s in page.sections] == [
        ("Prices", "costs", 2),
        ("Deposit", "~deposit", 3),
    ]


def test_markdown_lines_that_an_editor_wrapped_are_joined() -> None:
    page = plain("## H\none\ntwo  \nthree\n\n> quoted\n> text\n", markdown=True)
    assert texts(page) == [("H", "one two\nthree\nquoted text")]


def test_markdown_lines_that_are_paragraphs_are_not_joined() -> None:
    long = "word " * 30 + "end."
    assert texts(plain(f"## H\n{long}\nShort\n{long}", markdown=True)) == [("H", f"{long}\nShort\n{long}")]


def test_markdown_marks_are_no_text() -> None:
    page = plain("## H\n**Bold** and *thin* `code` \\*star\\* ![picture](x.png) snake_case_name", markdown=True)
    assert texts(page) == [("H", "Bold and thin code *star* snake_case_name")]


def test_markdown_links_are_kept_and_scripts_dropped() -> None:
    page = plain(
        "## H\n[good](../a.html 'title') [bad](javascript:alert(1)) [here](#x) [mail](mailto:a@b.c)", markdown=True
    )
    assert page.links == (Link("../a.html", "good"),)
    assert texts(page) == [("H", "good bad here mail")]


def test_markdown_lists_tables_rules_and_fences() -> None:
    text = "## H\n- one\n* two\n1. first\n2. second\n\n---\n\n"
    text += "| a | b |\n|---|---|\n| 1 | 2 |\n\n```\n# not a heading\n```\n"
    page = plain(text, markdown=True)
    assert texts(page) == [("H", "• one\n• two\n1. first\n2. second\na | b\n1 | 2\n# not a heading")]


def test_front_matter_gives_title_date_and_language() -> None:
    page = plain(
        '---\ntitle: "T t"\ndate: 2025-01-02\nlang: en\nsummary: S\ntags: [a]\n- x\n---\n\nText.', markdown=True
    )
    assert (page.title, page.title_source, page.date, page.language, page.summary) == (
        "T t", "front matter", "2025-01-02", "en", "S",
    )  # fmt: skip


def test_rule_without_an_end_is_no_front_matter() -> None:
    assert texts(plain("---\nText of it.\n", markdown=True)) == [("", "Text of it.")]


def test_html_in_markdown_is_read_as_what_it_shows() -> None:
    page = plain(
        "# Visas\n\n<details>\n<summary>Which visa do I need?</summary>\n\nAn **S2** visa.\n\n</details>\n\n"
        "H<sub>2</sub>O &amp; more,<br>on two lines. <!-- not\nseen -->\n\n"
        "<ul><li>One</li><li>Two</li></ul>\n\nSee <https://a.example/x> or "
        '<a href="https://b.example/">the embassy</a>, `<b>` is code.\n',
        markdown=True,
    )
    ((heading, text),) = texts(page)
    assert heading == "Which visa do I need?", "as any line that asks above a text"
    assert text.split("\n") == [
        "An S2 visa.", "H2O & more,", "on two lines.", "• One", "• Two",
        "See https://a.example/x or the embassy, <b> is code.",
    ]  # fmt: skip
    assert page.links == (Link("https://a.example/x", "https://a.example/x"), Link("https://b.example/", "the embassy"))


def test_what_is_no_html_stays_in_markdown() -> None:
    page = plain(f"# T\n\nFor p <0.05 and a<b, 3 > 2. {PROSE}\n\n```\n<b>x</b> &amp;\n```\n", markdown=True)
    assert texts(page) == [("", f"For p <0.05 and a<b, 3 > 2. {PROSE}\n<b>x</b> &amp;")]


@pytest.mark.timeout(HANG_SECONDS)
@pytest.mark.parametrize(
    "part", ["<a href=x> y ", "<a href=x ", "<script ", "<h1>x ", "<h1>x</h2> ", "<!-- x ", " ", "[^1] "]
)
def test_nothing_that_is_never_closed_is_read_to_the_end_again_and_again(part: str) -> None:
    """A quarter of a megabyte of links without an end took 40 seconds, and four times as much for twice of it."""
    page = plain("# T\n\n[^1]: A note.\n\nText. " + part * 60_000 + "\n\nThe end.", markdown=True)
    assert page.title == "T"


@pytest.mark.timeout(HANG_SECONDS)
@pytest.mark.parametrize("mark", ["`", "*", "**", "_"])
def test_marks_that_nothing_ends_are_text(mark: str) -> None:
    ((_, text),) = texts(plain("# T\n\n" + f"{mark}a " * 20_000, markdown=True))
    assert text.count("a") == 20_000


def test_footnotes_are_numbered_and_those_that_link_are_sources() -> None:
    page = plain(
        "# Visas\n\nUsual for a short stay.[^b] Ask early.[^note] And [^none] stays.\n\n"
        "[^note]: A note that says\n    two lines of it.\n"
        "[^b]: Embassy of China, 2025, https://a.example/visa.\n",
        markdown=True,
    )
    assert texts(page) == [
        ("", "Usual for a short stay. [1] Ask early. [2] And [^none] stays.\n[2] A note that says two lines of it.")
    ]
    (source,) = page.citations
    assert (source.title, source.url, source.anchor) == ("Embassy of China, 2025", "https://a.example/visa", "source-1")
