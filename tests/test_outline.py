from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.dates import date_line, iso_date
from indexer.model import Section
from indexer.outline import Line, bullet, introduces, outline, sections

PROSE = "This is a line of prose, long enough to be taken for a paragraph, and it ends as a sentence does."


def headings(*texts: str) -> list[str]:
    return [line.text for line in outline([Line(text) for text in texts]) if line.role == "heading"]


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("- one", "one"),
        ("– one", "one"),
        ("• one", "one"),
        ("•one", "one"),
        ("● 一", "一"),
        ("* one", "one"),
        (". Cases: one", "Cases: one"),
        ("· one", "one"),
        ("-5 degrees", None),
        (".5 mg", None),
        ("one - two", None),
        ("-", None),
        ("• ", None),
        ("...", None),
    ],
)
def test_bullets_of_several_kinds(text: str, rest: str | None) -> None:
    assert bullet(text) == rest


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("I、Core advantages", 2),
        ("IV. Prices", 2),
        ("一、医院简介", 2),
        ("第三章 费用", 2),
        ("Step 2: Write to the hospital", 2),
        ("(1) Waiting time", 4),
        ("（一）预约", 4),
        ("(A) Public hospitals", 4),
        ("1. Surgery", 3),
        ("2、手术", 3),
        ("3) Deposit", 3),
        ("1.2 Deposit", 4),
        ("B. Private hospitals", 3),
        ("What to bring:", 3),
        ("注意事项：", 3),
    ],
)
def test_numbered_and_colon_lines_are_headings(text: str, level: int) -> None:
    lines = outline([Line(PROSE), Line(text), Line(PROSE)])
    assert [(line.role, line.level) for line in lines] == [("text", 0), ("heading", level), ("text", 0)]


@pytest.mark.parametrize(
    "text",
    [
        "1. Cancer type and stage: surgery is the mainstay in early stage.",
        "10 hospitals in Beijing answered,",
        "3.5 million people",
        "The following hospitals take part:",
        "The treatment has many sides and among them are these here:",
        "1. " + "word " * 30,
        "COVID-19",
    ],
)
def test_sentences_and_introductions_are_no_headings(text: str) -> None:
    lines = outline([Line("a short line"), Line(text), Line("another short line")])
    assert [line.role for line in lines] == ["text"] * 3


def test_heading_needs_text_below_it() -> None:
    assert headings(PROSE, "1. Surgery") == []


def test_numbered_lines_in_a_row_are_a_list() -> None:
    assert headings(PROSE, "1. Passport", "2. Visa", "3. Money", PROSE) == []


def test_headings_of_two_levels_may_follow_each_other() -> None:
    assert headings(PROSE, "I、Prices", "(1) Deposit", PROSE) == ["I、Prices", "(1) Deposit"]


def test_short_line_alone_between_prose_is_a_heading() -> None:
    assert headings("Mainstream treatments", PROSE, "How to choose the “best” one?", PROSE) == [
        "Mainstream treatments",
        "How to choose the “best” one?",
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ("A title here", "Another title", PROSE),
        (PROSE, "A title here", "Another title"),
        (PROSE, "not a capital", PROSE),
        (PROSE, "It ends here.", PROSE),
    ],
)
def test_short_lines_in_a_row_are_no_headings(lines: tuple[str, ...]) -> None:
    assert headings(*lines) == []


def test_short_line_after_a_numbered_list_is_a_heading() -> None:
    assert headings(PROSE, "1. Passport", "2. Visa", "How long it takes", PROSE) == ["How long it takes"]


def test_bold_line_is_a_heading() -> None:
    lines = outline([Line("short"), Line("what to bring", strong=True), Line("Short too")])
    assert [line.role for line in lines] == ["text", "heading", "text"]


def test_list_lines_are_no_headings() -> None:
    assert [line.role for line in outline([Line(PROSE), Line("1. One", "item"), Line(PROSE)])] == [
        "text",
        "item",
        "text",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The following hospitals take part", True),
        ("Some facts. The core considerations include:", True),
        ("医院名单如下", True),
        ("The following is over. Choose a low-toxicity regimen (e.g., targeted therapy).", False),
        ("Three wards treat foreigners.", False),
    ],
)
def test_last_sentence_may_announce_a_list(text: str, expected: bool) -> None:
    assert introduces(text) is expected


def test_sections_begin_with_the_text_before_all_headings() -> None:
    lines = [Line("Lead"), Line("One", "heading", 3, "one"), Line("a"), Line("b", "item"), Line("Two", "heading", 2)]
    assert sections(lines) == (
        Section("", "", "Lead", 2),
        Section("One", "one", "a\n• b", 3),
        Section("Two", "~two", "", 2),
    )


def test_no_lines_are_no_sections() -> None:
    assert sections([]) == ()


@given(
    st.lists(
        st.tuples(st.sampled_from(["text", "heading", "item"]), st.text(min_size=1, max_size=6), st.text(max_size=3))
    )
)
def test_sections_lose_no_line_and_anchors_are_unique(given_lines: list[tuple[str, str, str]]) -> None:
    found = sections(Line(text, role, 2, anchor) for role, text, anchor in given_lines)
    assert sum(role == "heading" for role, _, _ in given_lines) == sum(bool(section.heading) for section in found)
    anchors = [section.anchor for section in found if section.heading]
    assert len(set(anchors)) == len(anchors)
    assert all(anchors)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2025-09-12", "2025-09-12"),
        ("2025-09-12T10:00:00+08:00", "2025-09-12"),
        ("2025/9/2", "2025-09-02"),
        ("2025年9月12日", "2025-09-12"),
        ("2025-09", "2025-09"),
        ("2025", "2025"),
        ("12 September 2025", "2025-09-12"),
        ("2nd Sept. 2025", "2025-09-02"),
        ("Sep 12, 2025", "2025-09-12"),
        ("2025-13-45", ""),
        ("30 Nonsense 2025", ""),
        ("February 30, 2025", ""),
        ("yesterday", ""),
        ("13.3.2026", "2026-03-13"),
        ("3/13/2026", "2026-03-13"),
        ("13-03-2026", "2026-03-13"),
        ("05.05.2026", "2026-05-05"),
        ("5.3.2026", ""),
        ("05/06/2026", ""),
        ("13.13.2026", ""),
        ("5. März 2026", "2026-03-05"),
        ("5. Okt. 2026", "2026-10-05"),
        ("二〇二六年三月五日", "2026-03-05"),
        ("二零二六年十二月三十一日", "2026-12-31"),
        ("二○二六年十月", "2026-10"),
        ("2026年三月二十日", "2026-03-20"),
        ("2026年3月5号", "2026-03-05"),
        ("二〇二六年十三月五日", ""),
    ],
)
def test_dates_are_read(text: str, date: str) -> None:
    assert iso_date(text) == date


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("date:2025-09-12", "2025-09-12"),
        ("Last updated on 12 September 2025", "2025-09-12"),
        ("发布时间：2025-09-12 08:00", "2025-09-12"),
        ("5 March 2024", "2024-03-05"),
        ("2024-03-05", "2024-03-05"),
        ("March 5th, 2026", "2026-03-05"),
        ("Thursday, 5 March 2026", "2026-03-05"),
        ("Updated: Thursday, March 5, 2026", "2026-03-05"),
        ("发布时间：２０２６年３月１２日", "2026-03-12"),
        ("发布时间：2026年3月12日 来源：本站 点击数：12 次 【字体：大 中 小】", "2026-03-12"),
        ("发布时间：2026年3月12日，本院开设国际门诊，欢迎外籍患者前来预约就诊", ""),
        ("13.3.2026", "2026-03-13"),
        ("Updated: 13/03/2026", "2026-03-13"),
        ("5.3.2026", ""),
        ("Stand: 5. März 2026", "2026-03-05"),
        ("二〇二六年三月五日", "2026-03-05"),
        ("发布日期：二〇二六年三月五日", "2026-03-05"),
        ("Sunday", ""),
        ("date: 2025", ""),
        ("2024-03-55", ""),
        ("Date palms grow in 2025-09-12", ""),
        ("Published 2025-09-12 by the hospital, in its yearbook, with a preface", ""),
    ],
)
def test_lines_that_are_only_a_date_are_known(text: str, date: str) -> None:
    assert date_line(text) == date


def test_two_numbers_with_dots_are_a_day_and_a_month_where_the_language_writes_them_so() -> None:
    assert [iso_date("5.3.2026", language) for language in ("de", "de-AT", "pl")] == ["2026-03-05"] * 3
    assert [iso_date("5.3.2026", language) for language in ("", "en-GB", "zh", "dex")] == [""] * 4
    assert iso_date("5/3/2026", "de") == ""
    assert date_line("Stand: 05.03.2026", "de") == "2026-03-05"


@pytest.mark.parametrize("text", ["2019", "2019年3月"])
def test_a_year_that_is_set_off_heads_a_part_of_a_history(text: str) -> None:
    prose = Line("A second building for outpatients was opened in that year, and the first was closed.")
    assert [line.role for line in outline([prose, Line(text, strong=True), prose])] == ["text", "heading", "text"]


@pytest.mark.parametrize("text", ["Updated: 05/06/2026", "5.3.2026", "二〇二六年三月五日", "March 5th, 2026"])
def test_when_a_page_was_written_is_no_heading(text: str) -> None:
    prose = Line("A checkup takes a morning, and the report comes within a week by post.")
    assert [line.role for line in outline([Line(text), prose])] == ["text", "text"]
