from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer import compose
from indexer.classify import classify
from indexer.corpus import CorpusFile
from indexer.errors import PageError
from indexer.model import Basis, Citation, Fact, Link, Page, Question
from indexer.parse import MAX_ELEMENTS, parse_page
from indexer.taxonomy import load_taxonomy

LONG_TEXT = "The text of the page is longer than its other parts. It goes on for a while, and then it ends."
LONG = f"<p>{LONG_TEXT}</p>"
PAGES = Path(__file__).with_name("data") / "pages"


def file(path: str = "articles/page.html") -> CorpusFile:
    return CorpusFile(path, path.rpartition(".")[0], "0", 1, 0.0, "/nowhere/" + path)


def parse(html: str | bytes, path: str = "articles/page.html") -> Page:
    return parse_page(file(path), html.encode() if isinstance(html, str) else html)


def body(inner: str, head: str = "") -> Page:
    return parse(f"<html><head>{head}</head><body>{inner}</body></html>")


def json_ld(data: object, inner: str = "<p>Some text of the page.</p>") -> Page:
    return body(inner, f'<script type="application/ld+json">{json.dumps(data)}</script>')


def texts(page: Page) -> list[tuple[str, str]]:
    return [(section.heading, section.text) for section in page.sections]


@pytest.mark.parametrize("source", sorted((PAGES / "in").iterdir()), ids=lambda path: path.name)
def test_golden_page(source: Path, snapshot_update: bool) -> None:
    page = parse(source.read_bytes(), f"articles/{source.name}")
    shown = json.dumps(dataclasses.asdict(page), ensure_ascii=False, indent=1) + "\n"
    golden = PAGES / "out" / f"{source.name}.json"
    if snapshot_update:
        golden.write_text(shown, "utf-8")
    assert shown == golden.read_text("utf-8")
    assert page.receipt.kept + sum(cut.chars for cut in page.receipt.cuts) == page.receipt.seen


# -- title


def test_title_of_json_ld_comes_first() -> None:
    page = json_ld({"@type": "Article", "headline": "By JSON-LD"}, "<title>By title</title><h1>By h1</h1><p>Text.</p>")
    assert (page.title, page.title_source) == ("By JSON-LD", "JSON-LD")


def test_title_of_opengraph_comes_before_the_title_element() -> None:
    page = body("<h1>By h1</h1><p>Text.</p>", '<meta property="og:title" content="By og"><title>By title</title>')
    assert (page.title, page.title_source) == ("By og", "og:title")


def test_title_element_loses_what_the_h1_shows_to_be_the_site() -> None:
    page = body("<h1>Knee surgery</h1><p>Text.</p>", "<title>Knee surgery - Our Clinic</title>")
    assert (page.title, page.title_source) == ("Knee surgery", "title")


def test_title_element_loses_the_declared_name_of_the_site() -> None:
    page = body("<p>Text.</p>", '<meta property="og:site_name" content="Our Clinic"><title>Knees | Our Clinic</title>')
    assert page.title == "Knees"


def test_a_hyphen_inside_a_title_is_no_site() -> None:
    assert body("<h1>Other</h1><p>Text.</p>", "<title>Costs - Beijing and Shanghai</title>").title == (
        "Costs - Beijing and Shanghai"
    )


@pytest.mark.parametrize("empty", ["", "Untitled Document", "无标题文档", "Home", "404 Not Found"])
def test_titles_that_say_nothing_are_passed_over(empty: str) -> None:
    page = body("<h1>By h1</h1><p>Text.</p>", f"<title>{empty}</title>")
    assert (page.title, page.title_source) == ("By h1", "h1")


@pytest.mark.parametrize(
    "title",
    ["404 Not Found", "Error 403: Forbidden", "Page not found | A Hospital", "Just a moment...", "502 Bad Gateway",
     "Attention Required! | Cloudflare", "您访问的页面不存在", "404错误 - 某某医院", "HTTP 503 Service Unavailable"],
)  # fmt: skip
def test_the_message_of_a_server_is_no_page(title: str) -> None:
    with pytest.raises(PageError, match="the message of a server"):
        body(f"<h1>{title}</h1><p>nginx</p>", f"<title>{title}</title>")


@pytest.mark.parametrize(
    ("title", "text"),
    [("404 Hospital of the PLA", "A page."), ("解放军404医院", "医院"), ("Gone with the Wind", "A page."),
     ("Security check at the airport", "A page."), ("Not found", "What to do where a drug is not found. " * 60)],
)  # fmt: skip
def test_a_page_that_only_begins_like_such_a_message_is_one(title: str, text: str) -> None:
    assert body(f"<h1>{title}</h1><p>{text}</p>", f"<title>{title}</title>").title == title


def test_the_address_that_a_browser_saved_a_page_from_is_its_source() -> None:
    saved = (
        "<!DOCTYPE html>\n<!-- saved from url=(0034)https://www.example.org/a?id=3&b=1 -->\n<title>T</title>{}<p>Text."
    )
    assert parse(saved.format("")).source_url == "https://www.example.org/a?id=3&b=1"
    canonical = '<link rel="canonical" href="https://www.example.org/a">'
    assert parse(saved.format(canonical)).source_url == "https://www.example.org/a"
    assert not parse("<!-- saved from url=(0016)file:///tmp/a.html --><title>T</title><p>Text.").source_url


def test_h1_outside_of_main_is_a_title() -> None:
    page = body(f"<header><h1>By h1</h1></header><main><p>{'Text. ' * 20}</p></main>")
    assert (page.title, page.title_source) == ("By h1", "h1")


def test_file_name_with_words_is_a_title() -> None:
    page = parse("<p>Text of the page.</p>", "articles/Visa-Application-Process.html")
    assert (page.title, page.title_source) == ("Visa Application Process", "file name")


@pytest.mark.parametrize("path", ["articles/269.html", "articles/000_579008efc1ec825a.html"])
def test_file_name_without_words_is_no_title(path: str) -> None:
    page = parse(f"<h2>What to pack</h2><p>{'Text. ' * 30}</p>", path)
    assert (page.title, page.title_source) == ("What to pack", "first heading")
    assert page.warnings == ("no title; first heading stands in for it",)


def test_first_line_stands_in_where_there_is_no_heading_either() -> None:
    page = parse("<p>" + "word " * 50 + "end.</p>", "articles/1.html")
    assert page.title_source == "first line"
    assert page.title.endswith(" …")
    assert len(page.title) <= 102


def test_markup_in_a_title_is_text() -> None:
    page = body("<p>Text.</p>", "<title><script>alert(1)</script>Title</title>")
    assert page.title == "<script>alert(1)</script>Title"


def test_the_h1_that_is_the_title_is_no_section() -> None:
    assert texts(body("<h1>Title</h1><p>Text.</p>")) == [("", "Text.")]


def test_an_h1_that_differs_from_the_title_is_a_section() -> None:
    page = json_ld({"@type": "Article", "headline": "Something else"}, "<h1>Shown here</h1><p>Text.</p>")
    assert texts(page) == [("Shown here", "Text.")]


def test_a_second_h1_is_a_section() -> None:
    page = body("<h1>Title</h1><p>One.</p><h1>Second</h1><p>Two.</p>")
    assert texts(page) == [("", "One."), ("Second", "Two.")]


def test_chinese_name_beside_the_h1_is_a_name() -> None:
    page = body('<h1>Union Hospital</h1><p lang="zh-Hans">协和医院</p><p>Text.</p>')
    assert (page.title_zh, texts(page)) == ("协和医院", [("", "Text.")])


def test_chinese_text_beside_the_h1_is_text() -> None:
    page = body('<h1>Union Hospital</h1><p lang="zh-Hans">' + "协和医院位于北京市东城区。" * 8 + "</p>")
    assert page.title_zh == ""
    assert page.sections[0].text.startswith("协和医院位于")


# -- main content


@pytest.mark.parametrize(
    "wrapped",
    [
        "<main>{}</main>",
        '<div role="main">{}</div>',
        "<article>{}</article>",
        '<div itemprop="articleBody">{}</div>',
        '<div id="content">{}</div>',
        '<div class="entry-content wide">{}</div>',
    ],
)
def test_only_the_main_element_is_text(wrapped: str) -> None:
    inner = "<p>" + "The text of the page. " * 5 + "</p>"
    page = body("<p>Before.</p>" + wrapped.format(inner) + "<div>After.</div>")
    assert texts(page) == [("", ("The text of the page. " * 5).strip())]
    assert [(cut.reason, cut.chars) for cut in page.receipt.cuts] == [("outside the main content", 13)]


def test_an_empty_main_is_not_the_page() -> None:
    page = body("<main></main><div><p>" + "The text is elsewhere. " * 10 + "</p></div>")
    assert page.sections[0].text.startswith("The text is elsewhere.")


def test_several_articles_are_a_list_and_all_of_the_body_counts() -> None:
    one = "<article><p>" + "Teaser text. " * 10 + "</p></article>"
    assert len(body(one + one.replace("Teaser", "Other")).sections[0].text.split("\n")) == 2


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        ("<nav>Gone</nav>", "navigation"),
        ("<footer>Gone</footer>", "footer"),
        ("<aside>Gone</aside>", "aside"),
        ("<form>Gone</form>", "form"),
        ("<header>Gone</header>", "site header"),
        ('<div role="navigation">Gone</div>', "navigation"),
        ('<div role="contentinfo">Gone</div>', "footer"),
        ("<p hidden>Gone</p>", "hidden"),
        ('<p style="Display : none">Gone</p>', "hidden"),
        ('<span aria-hidden="true">Gone</span>', "hidden"),
        ('<div class="cookie-notice">Gone</div>', "cookie bar"),
        ('<div class="share-buttons">Gone</div>', "share links"),
        ('<div id="bdshare">Gone</div>', "share links"),
        ('<div class="sidebar">Gone</div>', "sidebar"),
        ('<div id="comments">Gone</div>', "comments"),
        ('<ul class="pagination"><li>Gone</li></ul>', "navigation"),
    ],
)
def test_parts_that_are_not_the_page_are_cut_and_counted(markup: str, reason: str) -> None:
    page = body("<p>" + "The text of the page. " * 5 + "</p>" + markup)
    assert "Gone" not in page.sections[0].text
    assert [(cut.reason, cut.chars) for cut in page.receipt.cuts] == [(reason, 4)]


@pytest.mark.parametrize("tag", ["script", "style", "template", "noscript", "iframe", "svg", "textarea", "select"])
def test_what_is_never_shown_is_not_even_counted(tag: str) -> None:
    page = body(f"<p>Text of it.</p><{tag}>gone</{tag}>")
    assert (texts(page), page.receipt.seen) == ([("", "Text of it.")], 11)


@pytest.mark.parametrize(
    "wrapped", ["<form>{}</form>", '<div class="navbar">{}</div>', '<div class="sidebar">{}</div>']
)
def test_a_part_that_holds_the_page_is_the_page(wrapped: str) -> None:
    """ASP.NET puts a form around everything; themes call wrappers by odd names."""
    assert texts(body(wrapped.format("<h1>T</h1><p>" + "The text of the page. " * 5 + "</p>"))) != []


@pytest.mark.parametrize("name", ["has-sidebar", "no-share", "content-with-comments", "position-relative"])
def test_names_that_only_mention_a_part_cut_nothing(name: str) -> None:
    assert texts(body(f'<p>One line.</p><div class="{name}">Two lines.</div>')) == [("", "One line.\nTwo lines.")]


def test_ids_made_from_headings_cut_nothing() -> None:
    page = body('<p>One.</p><section id="sharing-the-costs"><h2>Sharing the costs</h2><p>Two.</p></section>')
    assert texts(page) == [("", "One."), ("Sharing the costs", "Two.")]


def test_the_header_of_an_article_stays() -> None:
    page = body("<article><header><h1>T</h1><p>By somebody.</p></header><p>" + "Text. " * 20 + "</p></article>")
    assert page.sections[0].text.startswith("By somebody.\n")


def test_breadcrumbs_and_labels_above_the_title_are_hints() -> None:
    page = body('<div class="breadcrumb">Home &gt; Cities &gt; Chengdu</div><p>Chengdu</p><h1>T</h1>' + LONG)
    assert page.hints == ("Home", "Cities", "Chengdu", "Home > Cities > Chengdu")
    assert texts(page) == [("", LONG_TEXT)]


def test_a_sentence_above_the_title_is_text() -> None:
    assert texts(body("<p>This is a sentence.</p><h1>T</h1><p>Text.</p>")) == [("", "This is a sentence.\nText.")]


def test_related_pages_give_links_and_no_text() -> None:
    page = body(LONG + '<div class="related"><a href="/a">Another title</a></div>')
    assert (texts(page), page.links) == ([("", LONG_TEXT)], (Link("/a", "Another title"),))
    assert page.receipt.cuts[0].reason == "links to other pages"


def test_a_table_of_contents_is_cut() -> None:
    links = "".join(f'<li><a href="#{name}">{name}</a></li>' for name in ("one", "two", "three"))
    page = body(f'<p>Text.</p><ul>{links}</ul><h2 id="one">One</h2><p>More.</p>')
    assert texts(page) == [("", "Text."), ("One", "More.")]
    assert page.receipt.cuts[0].reason == "table of contents"


def test_one_link_within_the_page_is_text() -> None:
    assert texts(body('<p>Text.</p><p><a href="#x">See the prices</a></p>')) == [("", "Text.\nSee the prices")]


def test_page_without_a_body_tag_is_read() -> None:
    """The parser leaves what it does not know (<nav>, <article>) inside of <head> then."""
    assert texts(parse(f"<title>T</title><nav>Home</nav><article>{LONG}</article>")) == [("", LONG_TEXT)]


# -- lines


def test_line_breaks_make_lines() -> None:
    assert texts(body("one<br>two<br/><br>three")) == [("", "one\ntwo\nthree")]


def test_spaces_that_nobody_sees_are_folded() -> None:
    assert texts(body("<p>a\u00a0b\u200bc\u3000d\u00ade  f\n\tg</p>")) == [("", "a bc de f g")]


def test_text_is_nfc() -> None:
    assert texts(body("<p>cafe\u0301</p>")) == [("", "café")]


def test_list_lines_have_one_bullet_whatever_the_page_used() -> None:
    page = body("<ul><li>one</li><li><p>two</p><p>more of two</p></li></ul><p>- three</p><p>• four</p><p>. five</p>")
    assert texts(page) == [("", "• one\n• two\nmore of two\n• three\n• four\n• five")]


def test_cells_of_a_data_table_make_one_line() -> None:
    page = body(
        "<table><tr><th>Stent</th><td><b>RMB</b> 40,000</td></tr><tr><td>Bypass</td><td>80,000</td></tr></table>"
    )
    assert texts(page) == [("", "Stent | RMB 40,000\nBypass | 80,000")]


def test_cells_of_a_layout_table_are_blocks() -> None:
    page = body("<table><tr><td><p>one</p></td><td>two</td></tr></table>")
    assert texts(page) == [("", "one\ntwo")]


def test_cells_of_a_data_table_may_wrap_their_values_as_word_and_editors_of_sites_do() -> None:
    page = body(
        "<table><tr><td><p>Shock<br>wave</p></td><td><div>RMB 3,000</div>to 5,000</td></tr>"
        "<tr><td><p>Laser</p></td><td><p>US$2,500</p><p>to US$4,000</p></td></tr></table><p>After.</p>"
    )
    assert texts(page) == [("", "Shock wave | RMB 3,000 to 5,000\nLaser | US$2,500 to US$4,000\nAfter.")]


def test_the_title_of_a_document_that_word_saved_is_the_title_of_the_page() -> None:
    page = body("<p class=MsoTitle>Kidney stones</p><p class=MsoNormal>Bring a disc.</p><h2>Costs</h2><p>Little.</p>")
    assert (page.title, page.title_source) == ("Kidney stones", "h1")
    assert texts(page) == [("", "Bring a disc."), ("Costs", "Little.")]


def test_paragraphs_side_by_side_are_no_data() -> None:
    long = "It treats the eyes of children and adults. " * 6
    page = body(f"<table><tr><td><p>one</p></td><td><p>{long}</p></td></tr><tr><td>a</td><td>b</td></tr></table>")
    assert texts(page) == [("", f"one\n{long.strip()}\na\nb")]


def test_inline_elements_do_not_part_words() -> None:
    assert texts(body("<p>un<b>believ</b><span>able</span></p>")) == [("", "unbelievable")]


def test_reference_markers_are_not_text_and_not_lost_from_the_receipt() -> None:
    page = body('<p>True.<a href="#note-1">[1]</a> So<sup><a href="#fn2">2</a></sup></p>')
    assert texts(page) == [("", "True. So")]
    assert (page.receipt.seen, page.receipt.kept) == (12, 8)
    assert page.receipt.cuts[0].reason == "reference markers"


def test_numbers_of_sources_stay_in_running_text_so_that_readers_see_where_it_comes_from() -> None:
    page = body(
        '<p>True.<a class="cite" href="#source-1">[1]</a> So.</p><h2>Beds<a href="#source-2">[2]</a></h2><p>9</p>'
    )
    assert texts(page) == [("", "True.[1] So."), ("Beds", "9")]


def test_a_number_that_links_elsewhere_is_text() -> None:
    assert texts(body('<p>In <a href="/2019">2019</a></p>')) == [("", "In 2019")]


@pytest.mark.parametrize(
    "href",
    ["javascript:alert(1)", " JaVa\nscript:alert(1)", "data:text/html,x", "vbscript:x", "mailto:a@b.c", "#x", ""],
)
def test_links_that_lead_to_no_page_are_dropped(href: str) -> None:
    page = body(f'<p>A <a href="{href}">bad</a> and a <a href="../b.html">good</a> link.</p>')
    assert (page.links, texts(page)) == ((Link("../b.html", "good"),), [("", "A bad and a good link.")])


def test_a_link_around_blocks_is_text_and_link() -> None:
    page = body('<a href="/x"><h3>Heading</h3><p>Teaser text.</p></a>')
    assert texts(page) == [("Heading", "Teaser text.")]
    assert page.links == (Link("/x", "Heading"), Link("/x", "Teaser text."))


# -- headings and anchors


@pytest.mark.parametrize(
    ("markup", "anchor"),
    [
        ('<h2 id="own">H</h2>', "own"),
        ('<h2><a name="inner"></a>H</h2>', "inner"),
        ('<section id="part"><h2>H</h2></section>', "part"),
        ('<a name="before"></a><h2>H</h2>', "before"),
        ('<div id="far"><p>Text between.</p><h2>H</h2></div>', "~h"),
        ("<h2>H</h2>", "~h"),
        ('<h2 id="has space">H</h2>', "~h"),
        ("<h2>价格</h2>", "~section"),
    ],
)
def test_anchor_is_the_pages_own_or_marked_as_made_here(markup: str, anchor: str) -> None:
    section = body(f"<p>Lead.</p>{markup}<p>Text.</p>").sections[-1]
    assert section.anchor == anchor


def test_anchors_are_unique() -> None:
    page = body('<h2 id="a">One</h2><p>1</p><h2 id="a">Two</h2><p>2</p><h2>Three</h2><p>3</p><h2>Three</h2><p>4</p>')
    assert [section.anchor for section in page.sections] == ["a", "~a-2", "~three", "~three-2"]


def test_levels_of_headings_are_kept() -> None:
    page = body("<h1>T</h1><h2>A</h2><p>1</p><h4>B</h4><p>2</p>")
    assert [(section.heading, section.level) for section in page.sections] == [("A", 2), ("B", 4)]


def test_paragraphs_are_headings_only_where_the_page_has_none() -> None:
    prose = "<p>" + "This is prose of some length. " * 4 + "</p>"
    assert [s.heading for s in body(f"<h1>T</h1><p>1. Surgery</p>{prose}").sections] == ["1. Surgery"]
    assert [s.heading for s in body(f"<h2>Real</h2><p>1. Surgery</p>{prose}").sections] == ["Real"]


# -- what the page says about itself


def test_hospital_of_json_ld() -> None:
    page = json_ld(
        {
            "@context": "https://schema.org",
            "@graph": [
                {"@type": "WebSite", "name": "Site"},
                {"@type": "BreadcrumbList", "itemListElement": [{"name": "Home"}, {"item": {"name": "Chengdu"}}]},
                {
                    "@type": ["Hospital", "Organization"],
                    "name": "West &amp; East <b>Hospital</b>",
                    "alternateName": ["西东医院", "WEH"],
                    "address": {"streetAddress": "1 Road", "addressLocality": "Chengdu", "addressRegion": "Sichuan"},
                    "medicalSpecialty": "https://schema.org/Oncologic",
                    "foundingDate": 1901,
                    "url": "https://weh.example/",
                },
            ],
        }
    )
    assert (page.kind, page.title, page.title_zh, page.aliases) == (
        "hospital",
        "West & East Hospital",
        "西东医院",
        ("WEH",),
    )
    assert page.hints == ("Home", "Chengdu")
    assert page.declared == (
        Basis("city", "Chengdu", "declared", "JSON-LD address.addressLocality"),
        Basis("specialty", "https://schema.org/Oncologic", "declared", "JSON-LD medicalSpecialty"),
    )
    assert page.facts == (
        Fact("Founded", "1901"),
        Fact("Address", "1 Road, Sichuan, Chengdu"),
        Fact("Website", "https://weh.example/"),
    )


def test_a_profile_is_declared_by_facts_of_that_name_and_no_others() -> None:
    stated = [
        {"@type": "PropertyValue", "name": name, "value": value}
        for name, value in (("Profile", "Private"), ("Profile", "Luxury"), ("Ownership", "Public"))
    ]
    page = json_ld({"@type": "Hospital", "name": "H", "additionalProperty": stated})
    assert [each.value for each in page.declared if each.facet == "profile"] == ["Private", "Luxury"]
    document = classify(page, load_taxonomy())
    assert document.profile == ("Private hospital",)
    assert "unknown profile: Luxury" in document.warnings


def test_services_are_facts_unless_the_page_states_its_own() -> None:
    services = [{"@type": "MedicalTest", "name": "Health checks"}, "Interpreting", {"@type": "MedicalTherapy"}]
    page = json_ld({"@type": "Hospital", "name": "H", "availableService": services})
    assert page.facts == (Fact("Services", "Health checks"), Fact("Services", "Interpreting"))
    stated = {"@type": "PropertyValue", "name": "Services", "value": "Vaccination", "valueReference": "#source-1"}
    page = json_ld({"@type": "Hospital", "name": "H", "availableService": services, "additionalProperty": stated})
    assert page.facts == (Fact("Services", "Vaccination", ("source-1",)),)


def test_article_is_the_subject_and_a_hospital_beside_it_its_publisher() -> None:
    page = json_ld([{"@type": "Hospital", "name": "Owner"}, {"@type": "BlogPosting", "headline": "What is said"}])
    assert (page.kind, page.title) == ("article", "What is said")


def test_page_with_a_hospital_as_main_entity_is_a_hospital() -> None:
    page = json_ld({"@type": "MedicalWebPage", "mainEntity": {"@type": "Hospital", "name": "Inner"}})
    assert (page.kind, page.title) == ("hospital", "Inner")


def test_keywords_in_one_string_are_several_topics() -> None:
    page = json_ld({"@type": "Article", "headline": "T", "keywords": "Visa & Entry, Costs", "about": [{"name": "FAQ"}]})
    assert [basis.value for basis in page.declared] == ["Visa & Entry", "Costs", "FAQ"]


def test_facts_and_citations_of_our_own_pages() -> None:
    page = parse((PAGES / "in" / "own-hospital.html").read_bytes(), "hospitals/own-hospital.html")
    assert page.facts[0] == Fact("Beds", "120 (2023)", ("source-1", "source-2"))
    assert Fact("Languages", "English, Mandarin", ("source-1",)) in page.facts
    assert page.citations == (
        Citation(
            "About us",
            "https://lakeside.example/about",
            "Lakeside Eye Hospital",
            "2023-05-02",
            "2026-11-22",
            "source-1",
        ),
        Citation("Health yearbook", "https://yearbook.example/2023", "City of Lakes", "", "2026-11-20", "source-2"),
    )
    assert [section.anchor for section in page.sections] == ["", "about", "known-for"]


def test_visible_sources_are_citations_without_json_ld() -> None:
    page = body(
        '<p>Text.</p><h2>References</h2><ol><li><a href="https://a.example/">Title</a>, Somebody, 2020-01.</li></ol>'
    )
    assert page.citations == (Citation("Title", "https://a.example/", "Somebody", "2020-01", "", "source-1"),)
    assert texts(page) == [("", "Text.")]


def test_text_after_the_sources_is_text_again() -> None:
    page = body("<h2>Sources</h2><p>A book with a long title</p><h2>More</h2><p>Text.</p>")
    assert texts(page) == [("More", "Text.")]
    assert [citation.title for citation in page.citations] == ["A book with a long title"]


@pytest.mark.parametrize(
    ("script", "warning"),
    [
        ('{"@type": "Article", "headline": "x",}', "JSON-LD 1 is not valid JSON, line 1"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "JSON-LD 1 is nested more than 40 deep and was not read"),
        ("[" * 100_000, "JSON-LD 1 is nested more than 40 deep and was not read"),
        ('"\\' * 300_000, "JSON-LD 1 is not valid JSON, line 1"),
        ('{"n": ' + "1" * 10_000 + "}", "JSON-LD 1 is not valid JSON"),
        ('"' + "x" * 1_000_001 + '"', "JSON-LD past 1,000,000 characters was not read"),
    ],
    ids=["comma", "deep", "open", "quotes", "digits", "long"],
)
def test_wrong_or_excessive_json_ld_is_a_warning(script: str, warning: str) -> None:
    page = body("<h1>T</h1><p>Text.</p>", f'<script type="application/ld+json">{script}</script>')
    assert page.warnings == (warning,)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ('<meta name="Robots" content="NOINDEX, follow">', True),
        ('<meta name="medsearch" content="none">', True),
        ('<meta name="robots" content="index, nofollow, max-snippet:50">', False),
        ('<meta name="googlebot" content="noindex">', False),
    ],
)
def test_a_page_that_asks_robots_to_leave_it_out_is_read_with_a_warning(head: str, said: bool) -> None:
    page = body("<h1>T</h1><p>Text.</p>", head)
    assert page.sections[0].text == "Text."
    assert [warning for warning in page.warnings if "noindex" in warning] == list(page.warnings)
    assert len(page.warnings) == said


def test_numbers_of_aliases_and_nodes_are_bounded() -> None:
    names = [f"name {number}" for number in range(20_000)]
    page = json_ld({"@graph": [{"@type": "Thing"}] * 20_000 + [{"@type": "Hospital", "name": "Late"}]})
    assert page.title != "Late"
    assert len(json_ld({"@type": "Hospital", "name": "A", "alternateName": names}).aliases) == 60


def test_json_ld_of_odd_shapes_is_read_as_far_as_it_goes() -> None:
    page = json_ld(
        {
            "@type": "schema:Hospital",
            "name": ["First name", {"@value": "第二医院", "@language": "zh"}, True, {"x": 1}],
            "address": "1 Road, Chengdu",
            "inLanguage": [{"@type": "Language", "alternateName": "zh_CN"}],
            "numberOfBeds": 120,
            "sameAs": ["ftp://x", {"@id": "https://h.example/"}],
            "url": "javascript:alert(1)",
            "additionalProperty": [
                "text",
                {"name": "Level"},
                {"name": "Level", "value": ["3", "A"], "valueReference": {"@id": "#source-2"}, "url": "#bad anchor"},
            ],
            "citation": ["https://a.example/b", {"name": ""}, {"name": "Named", "identifier": "#note-1"}],
        }
    )
    assert (page.title, page.title_zh, page.language) == ("First name", "第二医院", "zh-CN")
    assert page.facts == (
        Fact("Level", "3, A", ("source-2",)),
        Fact("Beds", "120"),
        Fact("Address", "1 Road, Chengdu"),
        Fact("Website", "https://h.example/"),
    )
    assert page.citations == (
        Citation("https://a.example/b", "https://a.example/b", anchor="source-1"),
        Citation("Named", "", anchor="note-1"),
    )


def test_json_ld_in_a_comment_or_empty_is_no_fault() -> None:
    head = '<script type="application/ld+json">{}</script>'
    page = body("<p>Text.</p>", head.format(" ") + head.format('<!-- {"@type": "WebPage", "name": "By JSON-LD"} -->'))
    assert (page.title, page.kind, page.warnings) == ("By JSON-LD", "", ())


def test_half_surrogates_of_json_are_replaced() -> None:
    page = body(
        "<p>Text.</p>", '<script type="application/ld+json">{"@type":"Article","headline":"a\\ud800b"}</script>'
    )
    page.title.encode()
    assert page.title.startswith("a")


def test_language_address_and_date_of_the_head() -> None:
    page = body(
        "<p>Text.</p>",
        '<link rel="canonical" href="https://x.example/a">'
        '<meta property="article:published_time" content="2024-03-05T1">',
    )
    assert (page.source_url, page.date) == ("https://x.example/a", "2024-03-05")
    assert parse('<html lang="zh-CN"><p>Text.</p>').language == "zh-CN"
    assert parse("<p>" + "医院在北京。" * 10).language == "zh"


def test_canonical_address_that_is_a_script_is_dropped() -> None:
    assert body("<p>Text.</p>", '<link rel="canonical" href="javascript:alert(1)">').source_url == ""


def test_date_line_is_read_and_removed() -> None:
    page = body("<h1>T</h1><p>date:2025-09-12</p><p>Text.</p>")
    assert (page.date, texts(page)) == ("2025-09-12", [("", "Text.")])


def test_date_is_empty_where_the_page_has_none() -> None:
    assert body("<h1>T</h1><p>It opened on 2025-09-12.</p>").date == ""


# -- refusals


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b" \n\0\n", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "no text: a PNG picture"),
        (b"<html>" + bytes(range(256)) * 20, "no text: binary"),
        (b"\x1f\x8b\x08compressed", "no text: compressed (gzip)"),
        (b"<html><body><script>x</script></body></html>", "no text inside <main> or <body>"),
        (b"<nav>Only this</nav>", "no text inside <main> or <body>"),
        (b"<" * (MAX_ELEMENTS + 1), "more than 250,000 elements"),
    ],
)
def test_files_that_are_no_page_are_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(PageError) as error:
        parse(data, "articles/odd name.html")
    assert str(error.value) == f"Skipped articles/odd name.html: {reason}."


def test_truncated_file_gives_what_it_has() -> None:
    page = parse(b"<html><head><title>T</title></head><body><p>Begun and <b>not fini")
    assert texts(page) == [("", "Begun and not fini")]


def test_nul_bytes_do_not_end_the_page() -> None:
    assert texts(body("<p>one\0two</p><p>three</p>")) == [("", "onetwo\nthree")]


# -- hostile pages


@pytest.mark.parametrize("tag", ["div", "table", "b", "ul", "a", "p", "section", "form", "h2"])
@pytest.mark.timeout(60)  # a second or two; an html5lib tree takes minutes under load
def test_twenty_thousand_nested_elements_lose_nothing_after_them(tag: str) -> None:
    page = body("<p>start</p>" + f"<{tag}>" * 20_000 + "deep" + f"</{tag}>" * 20_000 + "<p>after it all</p>")
    assert "after it all" in page.sections[-1].text


@pytest.mark.parametrize(
    "inner",
    [
        "<table><tr><td>" * 6_000 + "deep" + "</td></tr></table>" * 6_000,
        "".join(f"<div id='x{n}' class='share nav related'>" for n in range(20_000)) + "deep" + "</div>" * 20_000,
        "<p " + " ".join(f"a{n}=1" for n in range(50_000)) + ">text</p>",
        "<p>" + " " * 3_000_000 + "x</p>",
        "<title>" + "a - " * 50_000 + "</title>",
        "<p>" + "[" * 100_000 + "</p>",
        "<p>" + "1." * 100_000 + "</p>",
    ],
    ids=["tables", "named", "attributes", "spaces", "title", "brackets", "numbers"],
)
@pytest.mark.timeout(60)  # a second or two each; anything quadratic takes minutes
def test_odd_pages_lose_nothing_around_them(inner: str) -> None:
    page = body("<p>start</p>" + inner + "<p>after it all</p>")
    assert page.sections[0].text.startswith("start")
    assert page.sections[-1].text.endswith("after it all")


def test_text_past_the_limit_is_cut_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "MAX_TEXT_CHARS", 25)
    page = body("<h1>T</h1><p>Twenty characters ok.</p><p>More than the limit allows.</p><p>Gone.</p>")
    assert texts(page) == [("", "Twenty characters ok.\nMore")]
    assert page.warnings == ("only the first 25 characters were kept",)
    assert page.receipt.kept + sum(cut.chars for cut in page.receipt.cuts) == page.receipt.seen


def test_pages_can_be_sent_between_processes() -> None:
    page = parse((PAGES / "in" / "own-hospital.html").read_bytes())
    assert pickle.loads(pickle.dumps(page)) == page


# -- properties

_PIECES = st.sampled_from(
    [
        *(
            "<p>",
            "</p>",
            "<div>",
            "</div>",
            "<h1>",
            "</h1>",
            "<h2 id=x>",
            "</h2>",
            "<ul>",
            "<li>",
            "</ul>",
            "<br>",
            "<table>",
        ),
        *("<tr>", "<td>", "</table>", "<a href='#s-1'>[1]</a>", "<a href='/x'>", "</a>", "<nav>", "</nav>", "<main>"),
        *(
            "</main>",
            "<script>",
            "</script>",
            "<!--",
            "-->",
            "<dl class=facts>",
            "<dt>",
            "<dd>",
            "</dl>",
            "&amp;",
            "&#0;",
        ),
        *(
            "<section id=sources>",
            "</section>",
            "<div class=related>",
            "<p hidden>",
            "<b>",
            "</b>",
            "1. One",
            "date:2025-01-02",
        ),
        *('<script type=\'application/ld+json\'>{"@type":"Hospital","name":"N"}</script>', "- x", "Sources", "text "),
        *(
            "医院",
            "\u200b",
            "\ud7ff",
            "a" * 90 + ".",
            "<title>",
            "</title>",
            "<span lang=zh>",
            "\x00",
            "]]>",
            "<![CDATA[",
        ),
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(_PIECES, st.text(max_size=8)), max_size=40))
def test_any_markup_gives_a_page_or_a_page_error(pieces: list[str]) -> None:
    try:
        page = parse("".join(pieces).encode("utf-8", "surrogatepass"))
    except PageError:
        return
    assert page.receipt.kept + sum(cut.chars for cut in page.receipt.cuts) == page.receipt.seen
    assert all(cut.chars > 0 for cut in page.receipt.cuts)
    anchors = [section.anchor for section in page.sections if section.anchor]
    assert len(anchors) == len(set(anchors))
    assert page.title
    json.dumps(dataclasses.asdict(page), ensure_ascii=False).encode()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["html", "txt", "md"]))
def test_any_bytes_give_a_page_or_a_page_error(data: bytes, suffix: str) -> None:
    try:
        page = parse(data, f"articles/x.{suffix}")
    except PageError:
        return
    assert page.receipt.kept + sum(cut.chars for cut in page.receipt.cuts) == page.receipt.seen


def test_questions_of_json_ld_lead_to_the_sections_that_answer_them() -> None:
    asked = [
        {"@type": "Question", "name": "How much is it?", "acceptedAnswer": {"@type": "Answer", "url": "#costs"}},
        {
            "@type": "Question",
            "name": "Who pays?",
            "acceptedAnswer": {"text": "<p>Everybody pays for  themselves, it is said."},
        },
        {
            "@type": "Question",
            "name": "Is it <em>safe</em> now?",
            "acceptedAnswer": [{"text": "As safe as anywhere else is it."}],
        },
        {"@type": "Question", "name": "Where?", "acceptedAnswer": {"url": "https://elsewhere.example/#costs"}},
    ]
    text = (
        '<p>As safe as anywhere else is it.</p><h2 id="costs">Costs</h2><p>Ten.</p>'
        "<h2>Who pays</h2><p>Everybody pays for themselves, it is said. Or not.</p>"
    )
    page = json_ld({"@type": "FAQPage", "headline": "T", "mainEntity": asked}, text)
    assert page.questions == (
        Question("How much is it?", "costs"),
        Question("Who pays?", "~who-pays"),
        Question("Is it safe now?", ""),
        Question("Where?", ""),
    )
    assert (page.kind, page.warnings) == ("article", ())


def test_wrong_questions_are_left_out_with_a_warning() -> None:
    names = ["Why?", "", "why", {"a": 1}, "Long " * 50 + "?", *(f"Number {n}?" for n in range(70))]
    page = json_ld(
        {"@type": "Article", "headline": "T", "mainEntity": [{"@type": "Question", "name": n} for n in names]}
    )
    assert [each.text for each in page.questions] == ["Why?", *(f"Number {n}?" for n in range(59))]
    assert page.warnings == (
        "a question without words was left out",
        "a question stands twice: why",
        "a question without words was left out",
        f"a question longer than 200 characters was left out: {('Long ' * 50)[:80]} …",
        "questions past the first 60 were left out",
    )


# -- pages that are not whole, or none


CUT = '<!doctype html><html lang="en"><head><title>T</title></head><body><main><h1>Knees</h1>'


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (f'{CUT}{LONG}<p class="foo', "it ends in the middle of a tag"),
        (f"{CUT}{LONG}<!-- a comm", "it ends in the middle of a tag"),
        (f"{CUT}<p>{LONG_TEXT} and then the pati", "it has no end (no </body> and no </html>)"),
        (f"<html><head><title>T</title></head><main>{LONG}", "it has no end"),
        (
            f'{CUT}<ul><li><a href="#a">A</a><li><a href="#b">B</a><li><a href="#c">C</a><li><a href="#d">D</a></ul>'
            f'<h2 id="a">A</h2>{LONG}<h2 id="b">B</h2>{LONG}</main></body></html>',
            "its list of contents names parts that are not there (#c, #d)",
        ),
    ],
)
def test_a_page_that_was_cut_off_is_told_of(html: str, said: str) -> None:
    (warning,) = parse(html).warnings
    assert warning.startswith(said)
    assert warning.endswith("the file may be cut off: fetch it again")


@pytest.mark.parametrize(
    "html",
    [
        f"{CUT}{LONG}</main></body></html>\n<!-- served in 3 ms -->\n",
        f"<!doctype html><title>T</title><h1>Knees</h1>{LONG}<p>p < 0.05, and 3 <4 is right",
        f"<!doctype html><html lang=en><title>T</title><h1>Knees</h1>{LONG}<p>Ends are optional",
        f'{CUT}{LONG}<a href="#top">Up</a> <a href="#menu">Menu</a> <a href="#search">Search</a></main></body></html>',
        f'{CUT}<a href="#a">A</a><a href="#x">X</a><a href="#b">B</a><h2 id="a">A</h2>{LONG}<h2 id="b">B</h2></body>',
    ],
)
def test_a_whole_page_is_not_called_cut_off(html: str) -> None:
    assert [each for each in parse(html).warnings if "cut off" in each] == []


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        (
            '<div><ul><li><a href="/">Home</a></li><li><a href="/about">About us</a></li>'
            '<li><a href="/c">Contact</a></li><li><a href="/d">Our doctors</a></li></ul></div>',
            "nothing but a menu",
        ),
        (
            "<p>We use cookies to improve your experience. By continuing to browse you accept our cookie policy.</p>"
            '<p>Accept all</p><p><a href="/terms">Terms of use</a></p>',
            "nothing but a notice about cookies",
        ),
        ("<p>本网站使用Cookie以改善您的体验。</p><p>接受</p>", "nothing but a notice about cookies"),
    ],
)
def test_a_menu_or_a_cookie_bar_is_no_page(inner: str, said: str) -> None:
    with pytest.raises(PageError, match=said):
        body(inner)
    assert texts(body(inner + LONG)), "with its text it is one"


def test_a_directory_of_links_stays_a_page() -> None:
    links = "".join(f'<li><a href="/h{n}">Number {n} People\'s Hospital of Chengdu</a></li>' for n in range(12))
    assert body(f"<h1>Hospitals</h1><ul>{links}</ul>").sections


def test_a_title_from_the_name_of_the_file_is_told() -> None:
    page = parse(f"<html><body>{LONG}</body></html>", "articles/visa-application-process.html")
    assert (page.title_source, page.warnings) == ("file name", ("no title; the name of the file stands in for it",))


@pytest.mark.parametrize(
    "around",
    [
        '<header><a href="/">MedTravel China</a></header>',
        "<footer>© 2019–2026 MedTravel China. All rights reserved.</footer>",
        '<meta name="application-name" content="MedTravel China">',
        '<link rel="canonical" href="https://www.medtravelchina.example/knee">',
    ],
)
def test_the_name_of_the_site_is_cut_from_a_title_without_a_heading(around: str) -> None:
    head, inner = ("", around) if around.startswith(("<header", "<footer")) else (around, "")
    page = body(f"{inner}{LONG}", f"<title>Knee surgery | MedTravel China</title>{head}")
    assert page.title == "Knee surgery"
    assert body(LONG, "<title>Knee surgery | In Shanghai</title>" + head).title == "Knee surgery | In Shanghai"


def test_what_a_menu_or_a_section_is_called_stays_in_the_title() -> None:
    menu = '<header><a href="/">MedTravel</a><nav><a href="/sh">Shanghai</a></nav></header>'
    menu += '<nav><a href="/v">Papers</a></nav>'
    assert body(f"{menu}{LONG}", "<title>Knee surgery - Shanghai</title>").title == "Knee surgery - Shanghai"
    assert body(f"{menu}{LONG}", "<title>Visa | Papers</title>").title == "Visa | Papers"
    sections = f"<h2>What to bring</h2>{LONG}<h2>Visa</h2>{LONG}"
    assert body(sections, "<title>Visa - Documents</title>").title == "Visa - Documents"
    assert body(f"<h2>Visa</h2>{LONG}", "<title>Visa - Example</title>").title == "Visa", "the page is called so"


def test_a_term_stays_with_its_definition() -> None:
    page = body(
        "<h1>Costs</h1><h2>Words</h2><dl><dt>Deposit</dt><dd>Paid before admission.</dd><dt>Escort fee:</dt>"
        "<dd><p>For a bed.</p><p>By the night.</p></dd><dt>Alone</dt><dt>押金</dt><dd>入院前支付。</dd>"
        "<dt>Is it paid back?</dt><dd>In part.</dd><dt>Last</dt></dl><p>Text.</p>"
    )
    (section,) = page.sections
    assert section.text.split("\n") == [
        "Deposit: Paid before admission.", "Escort fee: For a bed.", "By the night.", "Alone", "押金：入院前支付。",
        "Is it paid back?", "In part.", "Last", "Text.",
    ]  # fmt: skip


def test_a_date_beside_the_title_is_no_chinese_name() -> None:
    page = parse(f'<html lang="zh"><body><h1>膝关节手术</h1><p>二〇二六年三月五日</p>{LONG}</body></html>')
    assert (page.title_zh, page.date) == ("", "2026-03-05")
    german = parse(f'<html lang="de"><body><h1>Knie</h1><p>5.3.2026</p>{LONG}</body></html>')
    assert german.date == "2026-03-05"
