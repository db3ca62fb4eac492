from __future__ import annotations

import html
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import boilerplate
from indexer.boilerplate import Evidence, cut, fingerprints, title_of_line
from indexer.corpus import CorpusFile
from indexer.linklists import ListedLine, link_lists
from indexer.model import Cut, Link, Page, Receipt, Section
from indexer.parse import parse_page

ROOT = Path(__file__).parents[1]
SEED = ROOT / "tests" / "data" / "seed"
PROSE = (
    "This is a line of prose that only this page has, and it is long enough "
    "to be a paragraph by itself in every kind of file, number {}."
)


def page(*sections: tuple[str, str], title: str = "T", links: tuple[Link, ...] = (), source: str = "h1") -> Page:
    parts = tuple(Section(heading, heading.lower(), text) for heading, text in sections)
    size = sum(len(part.heading) + sum(map(boilerplate._size, part.text.split("\n"))) for part in parts)
    return Page("articles/a", "articles/a.html", "", title, source, parts, links=links, receipt=Receipt(size, size))


def prose(count: int, start: int = 0) -> str:
    return "\n".join(PROSE.format(number) for number in range(start, start + count))


def evidence(*pages: Page) -> Evidence:
    found = Evidence()
    for each in pages:
        found.add(fingerprints(each))
    return found


def alone(it: Page, titles: tuple[str, ...] = ()) -> Page:
    """A page cut in a corpus that holds nothing else."""
    return cut(it, evidence(it), titles)


def parsed(text: str, suffix: str) -> Page:
    file = CorpusFile(f"articles/1.{suffix}", "articles/1", "0", 1, 0.0, "/nowhere")
    return parse_page(file, text.encode())


def lines_of(it: Page) -> list[str]:
    return [line for section in it.sections for line in (section.heading, *section.text.split("\n"))]


# -- the case this project began with: 270 titles in the middle of a numbered list


def listed_titles() -> list[str]:
    rows = (ROOT / "corpus" / "LISTED.tsv").read_text("utf-8").splitlines()
    return [row.split("\t")[0] for row in rows]


def seed_lines(titles: list[str]) -> list[str]:
    """A text in the shape of the seed, in other words."""
    return [
        PROSE.format(1),
        "Mainstream treatments",
        PROSE.format(2),
        "1. Surgery",
        PROSE.format(3),
        ". Cases: " + PROSE.format(4),
        "2. Radiotherapy",
        PROSE.format(5),
        "How to choose the right one?",
        "The plan is made by several doctors together, and they consider above all:",
        "1. Kind and stage: " + PROSE.format(6),
        "2. Molecular features: " + PROSE.format(7),
        "3. Condition: " + PROSE.format(8),
        *(f"- {title}" for title in titles),
        "4. Economy: " + PROSE.format(9),
        "Summing up: advantages and future",
        PROSE.format(10),
        ". The last list line says that it is the last: " + PROSE.format(11),
        "Share this page with your family and friends.",
    ]


def as_html(lines: list[str], *, listed: bool) -> str:
    found, within = [], False
    for line in lines:
        title = listed and line.startswith("- ")
        if title != within:
            found.append("<ul>" if title else "</ul>")
            within = title
        words = html.escape(line.removeprefix("- ") if title else line)
        found.append(f'<li><a href="/faq/{len(found)}.html">{words}</a></li>' if title else f"<p>{words}</p>")
    return "<title>The best treatment</title><nav>Home</nav><article><h1>The best treatment</h1>" + "".join(found)


FORMS = ("txt", "md", "ul", "p")


def form(lines: list[str], name: str) -> Page:
    if name in ("txt", "md"):
        return parsed("\n".join(lines), name)
    return parsed(as_html(lines, listed=name == "ul"), "html")


@pytest.mark.parametrize("name", FORMS)
def test_list_of_titles_in_the_middle_is_cut_and_what_follows_stays(name: str) -> None:
    titles = listed_titles()
    assert len(titles) >= 200
    whole = form(seed_lines(titles), name)
    own = alone(whole)
    lines = lines_of(own)
    assert not {title.casefold() for title in titles} & {line.removeprefix("• ").casefold() for line in lines}
    assert any(line.startswith("4. Economy") for line in lines)
    assert own.sections[-1].heading == "Summing up: advantages and future"
    assert own.sections[-1].text.endswith("number 11.")
    assert own.links == ()
    reasons = [each.reason for each in own.receipt.cuts if each.reason != "navigation"]
    kind = "links" if name == "ul" else "titles"
    assert reasons == [f"list of {kind}, {len(titles)} lines", "share line"]
    assert own.receipt.seen == whole.receipt.seen
    assert own.receipt.kept + sum(each.chars for each in own.receipt.cuts) == own.receipt.seen


@pytest.mark.parametrize("name", FORMS)
def test_the_seed_itself(name: str) -> None:
    lines = [line for line in next(SEED.glob("*.txt")).read_text("utf-8").split("\n") if line.strip()]
    titles = [line[2:] for line in lines if line.startswith("- ")]
    assert len(titles) == 270
    own = alone(form(lines, name))
    assert not set(titles) & {line.removeprefix("• ") for line in lines_of(own)}
    assert any(line.startswith("4. Economy and accessibility") for line in lines_of(own))
    assert own.sections[-1].heading.startswith("Summarizing")
    assert "liquid biopsy" in own.sections[-1].text


# -- lists that are the page


NAMES = [
    f"Hospital of the {word} District" for word in "North South East West Upper Lower Old New Green Blue Red".split()
]
NAMES += [f"Clinic number {number} at the River Gate" for number in range(20)]


def kept(*before: str, lines: list[str] | None = None, after: str = "") -> bool:
    text = "\n".join([*before, *(f"• {name}" for name in lines or NAMES), after or prose(9, 50)])
    it = page(("", text), links=tuple(Link("/x", name) for name in lines or NAMES))
    return alone(it) == it


def test_list_that_nothing_announces_is_cut() -> None:
    assert not kept(prose(9))


@pytest.mark.parametrize(
    "line",
    [
        "The following hospitals treat foreigners.",
        "Some were closed. The open ones include:",
        "Open today:",
        "名单如下",
    ],
)
def test_list_that_a_line_announces_stays(line: str) -> None:
    assert kept(prose(9), line)


def test_list_with_prices_stays() -> None:
    assert kept(prose(9), lines=[f"{name}, RMB {number},000" for number, name in enumerate(NAMES)])


def test_list_with_descriptions_stays() -> None:
    assert kept(prose(9), lines=[f"{name} – open every day from nine to five" for name in NAMES])


def test_list_of_short_words_stays() -> None:
    it = page(("", prose(9) + "\n" + "\n".join(f"• {word} ward" for word in "ABCDEFGHIJKLMNOPQRSTUVWXYZABCD")))
    assert alone(it) == it


def test_page_that_is_only_a_list_stays() -> None:
    assert kept("A short word first.", after="And a short word last.")


@pytest.mark.parametrize(
    ("heading", "stays"), [("Hospitals by district", True), ("Directory", True), ("Economy and accessibility", False)]
)
def test_long_list_stays_under_a_heading_that_fits_it(heading: str, stays: bool) -> None:
    it = page(("Text", prose(9)), (heading, "\n".join(f"• {name}" for name in NAMES) + "\n" + prose(2, 20)))
    own = alone(replace(it, links=tuple(Link("/x", name) for name in NAMES)))
    assert ("• " + NAMES[0] in lines_of(own)) is stays
    assert PROSE.format(20) in lines_of(own)


def test_short_list_stays_under_any_heading() -> None:
    it = page(("Text", prose(9)), ("Anything", "\n".join(f"• {name}" for name in NAMES[:10])))
    assert alone(it) == it


@pytest.mark.parametrize("heading", ["Related articles", "You may also like", "相关阅读", "Latest news"])
def test_links_under_a_heading_that_calls_them_related_are_cut_with_it(heading: str) -> None:
    it = page(
        ("", prose(9)),
        (heading, "• One title\n• Other title"),
        links=(Link("/1", "One title"), Link("/2", "Other title")),
    )
    own = alone(it)
    assert [section.heading for section in own.sections] == [""]
    assert own.receipt.cuts == (Cut("list of links to other pages, 3 lines", len(heading) + 20, heading),)
    assert own.links == ()


def test_text_under_such_a_heading_stays() -> None:
    it = page(("", prose(9)), ("Related diseases", "• Cataract\n• Glaucoma"))
    assert alone(it) == it


def test_known_titles_of_other_pages_make_a_short_list_foreign() -> None:
    text = prose(9) + "\n" + "\n".join(f"• {name}" for name in NAMES[:5]) + "\n" + prose(1, 30)
    it = page(("", text))
    assert alone(it) == it
    own = alone(it, tuple(title_of_line(name) for name in NAMES))
    assert own.receipt.cuts == (Cut("list of titles of other pages, 5 lines", sum(map(len, NAMES[:5])), NAMES[0]),)


def test_one_odd_line_does_not_end_a_list_of_links() -> None:
    lines = [ListedLine("Prose. " * 100), *(ListedLine(name, True, True) for name in NAMES[:6])]
    lines += [ListedLine("A sentence among them.", True), *(ListedLine(name, True, True) for name in NAMES[6:11])]
    lines += [ListedLine("Two sentences at the end.", True)]
    assert list(link_lists(lines)) == [(1, 13, "list of links")]


# -- single lines


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Share this page with your family and friends.", "share line"),
        ("分享到：", "share line"),
        ("• Previous: What does it cost?", "links to the previous and next page"),
        ("Next article »", "links to the previous and next page"),
        ("上一篇：费用", "links to the previous and next page"),
        ("Back to top", "links to the previous and next page"),
    ],
)
def test_lines_that_no_page_means_are_cut(line: str, reason: str) -> None:
    own = alone(page(("", prose(9) + "\n" + line + "\n" + PROSE.format(77))))
    assert own.sections[0].text == prose(9) + "\n" + PROSE.format(77)
    assert own.receipt.cuts == (Cut(reason, len(line.removeprefix("• ")), line.removeprefix("• ")),)


@pytest.mark.parametrize(
    "line", ["Share decisions with your doctor.", "Next you will see a nurse.", "Previous operations matter."]
)
def test_sentences_that_begin_alike_stay(line: str) -> None:
    it = page(("", prose(9) + "\n" + line))
    assert alone(it) == it


# -- evidence across the corpus


def test_line_on_most_pages_is_cut_and_what_only_one_page_has_stays() -> None:
    footer = "Call our friendly team at any hour of the day."
    pages = [page(("", prose(9, 10 * n) + "\n" + footer)) for n in range(4)]
    known = evidence(*pages)
    for each in pages:
        own = cut(each, known)
        assert own.sections[0].text == each.sections[0].text.removesuffix("\n" + footer)
        assert own.receipt.cuts == (Cut("stands on 4 of 4 pages", len(footer), footer),)


def test_two_pages_prove_nothing() -> None:
    pages = [page(("", prose(9, 10 * n) + "\nThis line stands on both of the pages.")) for n in range(2)]
    assert [cut(each, evidence(*pages)) for each in pages] == pages


@pytest.mark.parametrize(
    ("pages", "least"), [(1, 3), (4, 3), (10, 5), (40, 10), (100, 20), (260, 50), (1000, 50), (2000, 100)]
)
def test_share_of_pages_that_makes_a_line_recur(pages: int, least: int) -> None:
    known = Evidence()
    known.pages = pages
    assert known.threshold() == least


def test_short_line_recurs_only_as_a_link() -> None:
    pages = [page(("", prose(9, 10 * n) + "\nEmergency ward")) for n in range(4)]
    assert cut(pages[0], evidence(*pages)) == pages[0]
    linked = [replace(each, links=(Link("/e", "Emergency ward"),)) for each in pages]
    assert cut(linked[0], evidence(*linked)).sections[0].text == prose(9)


def test_headings_recur_and_stay() -> None:
    pages = [page(("For international patients of ours", prose(9, 10 * n))) for n in range(4)]
    assert cut(pages[0], evidence(*pages)) == pages[0]


def test_heading_goes_with_all_of_its_text() -> None:
    pages = [page(("", prose(9, 10 * n)), ("Contact", "Write to us at the address below.")) for n in range(4)]
    own = cut(pages[0], evidence(*pages))
    assert [section.heading for section in own.sections] == [""]
    assert own.receipt.cuts == (Cut("stands on 4 of 4 pages, 2 lines", 7 + 33, "Contact"),)


def test_copies_of_one_page_keep_everything_with_a_warning() -> None:
    pages = [page(("", prose(3))) for _ in range(3)]
    own = cut(pages[0], evidence(*pages))
    assert own.sections == pages[0].sections
    assert own.receipt == pages[0].receipt
    assert own.warnings == ("kept as it is: 100 % of its text would go (stands on 3 of 3 pages, 3 lines)",)


def test_evidence_goes_on_from_an_array_and_pages_can_be_taken_back() -> None:
    """A line of three, four and five pages, of which five are the least that recurs among ten."""
    pages = [page(("", prose(2, 10 * n) + "\nA line that stands on some pages." * (n < 5))) for n in range(10)]
    prints = [fingerprints(each) for each in pages]
    line = evidence(*pages).recurring()
    assert len(line) == 1
    for first in range(11):
        known = Evidence.of(np.array([each for own in prints[:first] for each in own], np.uint64), first)
        for own in prints[first:]:
            known.add(own)
        assert (known.pages, known.recurring()) == (10, line)
        assert {each: known.count(each) for own in prints for each in own} == Counter(n for own in prints for n in own)
        known.remove(prints[4])
        known.add(fingerprints(page(("", prose(3, 100)))))
        assert known.recurring() == frozenset()
        assert known.count(*line) == 4
        assert known.count(1) == 0


def test_fingerprints_ignore_case_and_spaces() -> None:
    assert fingerprints(page(("H", "A  line"))) == fingerprints(page(("h", "a line")))
    assert len({*fingerprints(page(("H", "a line")))} ^ {*fingerprints(page(("", "a line")))}) == 2, "of all they say"


# -- titles


def test_end_that_all_titles_share_is_the_site() -> None:
    titles = ["Costs - what to expect | Our Site", "Visa | Our Site", "Food | Our Site"]
    pages = [page(("", prose(2, 10 * n)), title=title, source="title") for n, title in enumerate(titles)]
    known = evidence(*pages)
    assert [cut(each, known).title for each in pages] == ["Costs - what to expect", "Visa", "Food"]


def test_the_longest_shared_end_goes() -> None:
    titles = [f"{word} - Help | Our Site" for word in ("Costs", "Visa", "Food")]
    pages = [page(("", prose(2, 10 * n)), title=title, source="title") for n, title in enumerate(titles)]
    assert cut(pages[0], evidence(*pages)).title == "Costs"


def test_titles_that_the_page_declares_keep_their_end() -> None:
    pages = [page(("", prose(2, 10 * n)), title=f"{n} | Our Site", source="JSON-LD") for n in range(3)]
    assert cut(pages[0], evidence(*pages)).title == "0 | Our Site"


# -- properties

_LINES = st.sampled_from(
    [
        *NAMES[:12],
        PROSE.format(1),
        PROSE.format(2),
        "Share this page.",
        "Oncology",
        "Next: a page",
        "The following hospitals:",
    ]
)
_PAGES = st.lists(
    st.lists(st.tuples(st.sampled_from(["", "Related", "Prices"]), st.lists(_LINES, max_size=30)), max_size=4),
    min_size=1,
    max_size=5,
)


@settings(max_examples=150, deadline=None)
@given(_PAGES, st.booleans())
def test_receipt_adds_up_and_nothing_is_invented(corpus: list[list[tuple[str, list[str]]]], linked: bool) -> None:
    links = tuple(Link("/x", name) for name in NAMES[:12]) if linked else ()
    pages = [page(*((heading, "\n".join(lines)) for heading, lines in parts), links=links) for parts in corpus]
    known = evidence(*pages)
    for each in pages:
        own = cut(each, known)
        assert own.receipt.seen == each.receipt.seen
        assert own.receipt.kept + sum(part.chars for part in own.receipt.cuts) == own.receipt.seen
        left = sum(
            len(section.heading) + sum(map(boilerplate._size, section.text.split("\n"))) for section in own.sections
        )
        assert left == own.receipt.kept
        remaining = iter(lines_of(each))
        assert all(line in remaining for line in lines_of(own) if line)


def test_a_title_is_known_by_its_letters_and_digits_alone() -> None:
    assert title_of_line("• Ｈeart_Care, No. 2² — 协和İß!") == "".join(
        c for c in "• Ｈeart_Care, No. 2² — 协和İß!".casefold() if c.isalnum()
    )
