"""Markup is made in one place, escaped; the JSON has the shape that the design promises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from indexer.engines import Searcher, open_engine
from indexer.model import Citation, Document, Fact, Link, Section
from search_app import browse
from search_app.as_json import answer_json, document_json
from search_app.labels import default_labels
from search_app.markup import marked, pieces, prose, spoken, without_source_numbers, word_marker
from search_app.present import results_view
from search_app.reader import document_view, web_address
from search_app.search import answer
from search_app.site import Site
from search_app.state import SearchState, request_of
from tests.site_fixture import DOCUMENTS, build_index

SITE = Site("en", default_labels(), "https://example.org")
CHINESE = Site("zh", default_labels(), "https://example.org")


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    engine = open_engine(build_index(tmp_path_factory.mktemp("index")))
    with engine.searcher() as opened:
        yield opened


def view(searcher: Searcher, state: SearchState, site: Site = SITE):
    return results_view(answer(request_of(state), searcher), state, site)


# -- markup -----------------------------------------------------------------------------------------------------------


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70)), max_size=6))
def test_any_spans_keep_every_character_once(text: str, spans: list[tuple[int, int]]) -> None:
    assert "".join(part for part, _matched in pieces(text, spans)) == text
    bare = str(marked(text, spans)).replace("<mark>", "").replace("</mark>", "")
    assert bare == str(Markup("").join(escape(part) for part, _matched in pieces(text, spans)))
    assert "<" not in bare


def test_quoted_words_of_another_language_are_marked_and_escaped() -> None:
    assert spoken("names 华西医院 <b>", chinese=False) == 'names <span lang="zh-Hans">华西医院</span> &lt;b&gt;'
    assert (
        spoken("cataract（与“白内障”相关）&", chinese=True) == '<span lang="en">cataract</span>（与“白内障”相关）&amp;'
    )
    assert spoken("related <to> eye", chinese=False) == "related &lt;to&gt; eye"


def test_a_match_that_looks_like_markup_is_escaped_inside_its_mark() -> None:
    assert marked("<b>eye</b>", [(0, 6)]) == "<mark>&lt;b&gt;eye</mark>&lt;/b&gt;"


def test_no_letter_of_a_text_becomes_a_mark() -> None:
    assert marked("\ue000<i>\ue001 eye", [(6, 9)]) == "\ue000&lt;i&gt;\ue001 <mark>eye</mark>"


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("cataracts", "One cataract, two Cataracts.", ["cataract", "Cataracts"]),
        ("how much is it in the hospital", "How much is it in the hospital", ["much"]),
        ("PD-1", "The PD1 drug", ["PD", "1"]),
        ("眼科", "上海眼科医院的科", ["眼科"]),
        ("眼科", "上海眼科醫院", ["眼科"]),
        ("", "anything", []),
        ("“”", "anything", []),
    ],
)
def test_words_that_led_here_are_found(query: str, text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in sorted(word_marker(query)(text))] == found


def test_lines_become_paragraphs_and_lists_with_links_to_sources() -> None:
    blocks = prose("First <one>.[1]\n\n• a\n• b[9]\nLast.", sources=["source-1"])
    assert [(block.listed, [str(line) for line in block.lines]) for block in blocks] == [
        (False, ['First &lt;one&gt;.<sup class="source"><a href="#source-1">[1]</a></sup>']),
        (True, ["a", "b[9]"]),
        (False, ["Last."]),
    ]


# -- documents --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_address", "kept"),
    [
        ("https://a.example/b", "https://a.example/b"),
        ("http://a.example", "http://a.example"),
        ("javascript:alert(1)", ""),
        ("JAVASCRIPT:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//a.example", ""),
        ("https://", ""),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_only_web_addresses_become_links(given_address: str, kept: str) -> None:
    assert web_address(given_address) == kept


def test_a_document_from_anywhere_stays_text() -> None:
    document = Document(
        doc_id="hospitals/x",
        kind="hospital",
        title="<script>alert(1)</script>",
        sections=(Section("<i>h</i>", "h", "<img src=x onerror=alert(1)>"),),
        facts=(Fact("Website", "javascript:alert(1)", ("source-1", "nowhere")),),
        citations=(Citation("t", "javascript:alert(1)"),),
        source_url="javascript:alert(1)",
    )
    shown = document_view(document, SITE, "img")
    assert shown.sections[0].heading == "&lt;i&gt;h&lt;/i&gt;"
    assert shown.sections[0].blocks[0].lines[0].startswith("&lt;<mark>img</mark> src")
    assert shown.facts[0].url == ""
    assert len(shown.facts[0].sources) == 1
    assert shown.sources[0].url == shown.source_url == ""


def test_a_lead_that_repeats_the_summary_is_shown_once() -> None:
    shown = document_view(DOCUMENTS[0], SITE)
    assert shown.plain_summary == DOCUMENTS[0].sections[0].text
    assert shown.lead == ()


def test_specialties_are_links_to_their_pages_and_not_facts() -> None:
    stated = (Fact("Specialties", "Ophthalmology (from the name)"), Fact("Specialties", "Oncology", ("source-2",)))
    document = replace(
        DOCUMENTS[0],
        specialty=("Ophthalmology", "Oncology"),
        facts=(*DOCUMENTS[0].facts, *stated, Fact("Status", "Moved")),
    )
    shown = document_view(document, CHINESE)
    assert list(dict.fromkeys(fact.name for fact in shown.facts)) == [
        "Founded", "Ownership", "Address", "Website", "Services", "Known for", "Departments", "National lists",
    ]  # fmt: skip
    assert [(each.value.label, len(each.sources), each.from_name) for each in shown.stated] == [
        ("眼科", 0, True),
        ("肿瘤科", 1, False),
    ]
    assert shown.status is not None
    assert shown.status.value == "Moved"


def test_maps_are_searched_by_the_chinese_name() -> None:
    addresses = [url for _name, url in document_view(DOCUMENTS[0], SITE).maps]
    assert addresses[0].endswith("search?query=%E4%B8%8A%E6%B5%B7%E7%9C%BC%E7%A7%91%E5%8C%BB%E9%99%A2")
    assert document_view(DOCUMENTS[-1], SITE).maps == ()


# -- results ----------------------------------------------------------------------------------------------------------


def test_the_panel_counts_and_marks_what_is_chosen(searcher: Searcher) -> None:
    shown = view(searcher, SearchState(city=("Shanghai",), kind=("hospital",)))
    assert shown.total == 4
    panel = {
        facet.name: [(b.value, count, b.selected) for b, count in (*facet.first, *facet.more)] for facet in shown.facets
    }
    assert list(panel) == ["kind", "city", "specialty", "profile", "topic"]
    assert panel["kind"] == [("hospital", 4, True), ("article", 1, False)]
    assert panel["city"] == [
        ("Shanghai", 4, True),
        ("Beijing", 2, False),
        ("Guangzhou", 1, False),
        ("Hainan (Boao)", 1, False),
    ]
    assert [(chip.facet, chip.label, chip.url) for chip in shown.chips] == [
        ("kind", "Hospital", "/search?city=Shanghai"),
        ("city", "Shanghai", "/search?kind=hospital"),
    ]


def test_choosing_any_listed_value_gives_its_count(searcher: Searcher) -> None:
    for state in (SearchState(), SearchState(q="eye"), SearchState(city=("Shanghai",)), SearchState(q="children care")):
        results = answer(request_of(state), searcher).results
        for facet in results.facets:
            for bucket in facet.buckets:
                if not bucket.selected and not state.values(facet.name):
                    chosen = view(searcher, state.toggled(facet.name, bucket.value))
                    assert chosen.total == bucket.count.value, (state, bucket)


def test_a_chosen_value_stays_listed_at_zero(searcher: Searcher) -> None:
    shown = view(searcher, SearchState(q="visa", city=("Guangzhou",)))
    assert shown.total == 0
    city = next(facet for facet in shown.facets if facet.name == "city")
    assert [(b.value, count, b.selected) for b, count in city.first] == [("Guangzhou", 0, True)]


def test_what_is_chosen_keeps_its_place_in_the_panel(searcher: Searcher) -> None:
    def cities(state: SearchState) -> list[str]:
        return [
            choice.value for facet in view(searcher, state).facets if facet.name == "city" for choice, _ in facet.first
        ]

    assert cities(SearchState(city=("Guangzhou",))) == cities(SearchState()) == [
        "Shanghai", "Beijing", "Guangzhou", "Hainan (Boao)",
    ]  # fmt: skip


def test_pages_have_first_last_and_gaps(searcher: Searcher) -> None:
    shown = view(searcher, SearchState(per_page=1, page=6))
    numbers = [link.number for link in shown.pages]
    assert numbers == [1, 0, 4, 5, 6, 7, 8, 0, 12]
    assert [link.number for link in shown.pages if link.current] == [6]
    assert [link.number for link in shown.pages if link.far] == [4, 8]
    assert (shown.first, shown.last, shown.page_count) == (6, 6, 12)
    assert shown.previous_url == "/search?page=5&per_page=1"


def test_past_the_end_there_is_the_way_to_the_last_page(searcher: Searcher) -> None:
    shown = view(searcher, SearchState(page=10**9))
    assert shown.past_end
    assert shown.last_url == "/search?page=2"
    assert shown.pages == ()
    assert shown.hits == ()


def test_what_was_read_can_be_limited_to_and_taken_back(searcher: Searcher) -> None:
    shown = view(searcher, SearchState(q="eye hospital in shanghai"))
    read = {chip.label: chip for chip in shown.read}
    assert "Shanghai" in read
    assert read["Shanghai"].url == "/search?q=eye%20hospital%20in%20shanghai&ignore=city%3AShanghai"
    again = view(searcher, SearchState(q="eye hospital in shanghai", ignore=("city:Shanghai",)))
    assert "Shanghai" not in {chip.label for chip in again.read}
    assert view(searcher, SearchState(q="eye hospital in shanghai", exact=True)).read == ()


def test_what_was_read_twice_is_one_chip(searcher: Searcher) -> None:
    shown = view(searcher, SearchState(q="how much does cancer treatment cost price"))
    labels = [(chip.facet, chip.label) for chip in shown.read]
    assert len(labels) == len(set(labels))


def test_an_english_page_and_a_chinese_page_link_within_themselves(searcher: Searcher) -> None:
    shown = view(searcher, SearchState(q="eye", per_page=1), CHINESE)
    assert shown.next_url.startswith("/zh/search?")
    assert shown.hits[0].url.startswith("/zh/hospitals/")
    assert shown.hits[0].card.city[0].label in ("上海", "北京")


def test_a_title_with_markup_comes_out_as_text(searcher: Searcher) -> None:
    shown = view(searcher, SearchState(q="ivf alert"))
    assert shown.hits[0].card.title == "IVF in Beijing and Guangzhou <Compared>"
    assert "<script" not in shown.hits[0].snippet


# -- JSON -------------------------------------------------------------------------------------------------------------


def test_the_answer_has_the_promised_shape(searcher: Searcher) -> None:
    state = SearchState(q="eye hospital shangai", city=("Shanghai",))
    body = answer_json(answer(request_of(state), searcher), state)
    assert body["query"] == "eye hospital shangai"
    assert body["interpretation"]["corrected"] == {"shangai": "shanghai"}
    assert body["interpretation"]["exact_url"] == "/api/v1/search?q=eye%20hospital%20shangai&city=Shanghai&exact=1"
    first = body["hits"][0]
    assert first["id"] == "hospitals/shanghai-eye-hospital"
    assert first["url"] == "/hospitals/shanghai-eye-hospital"
    assert first["title_zh"] == "上海眼科医院"
    assert any(piece["highlight"] for piece in first["snippet"])
    assert set(body["facets"]) == {"city", "specialty", "topic", "profile", "kind"}
    chosen = next(bucket for bucket in body["facets"]["city"] if bucket["value"] == "Shanghai")
    assert chosen["selected"] is True
    assert chosen["url"] == "/api/v1/search?q=eye%20hospital%20shangai"
    assert body["next"] is None
    assert body["previous"] is None


def test_an_unknown_value_is_an_empty_answer_with_an_explanation(searcher: Searcher) -> None:
    state = SearchState(city=("Shangai",))
    body = answer_json(answer(request_of(state), searcher), state)
    assert body["total"] == 0
    assert body["unknown_values"][0]["value"] == "Shangai"
    assert "Shanghai" in body["unknown_values"][0]["close"]


def test_linked_documents_are_found_in_order_among_any_number_of_links(searcher: Searcher) -> None:
    last, first = (each.doc_id for each in DOCUMENTS[:2])
    links = [
        *(f"/articles/nowhere-{number}" for number in range(60)),
        f"/{first}",
        "/",
        f"/{last}#top",
        f"/{first}?q=eye",
    ]
    document = replace(DOCUMENTS[-1], links=tuple(Link(href, "a link") for href in [*links, DOCUMENTS[-1].url]))
    assert [card.doc_id for card in browse.linked(searcher, document)] == [first, last]
    assert [card.doc_id for card in browse.linked(searcher, document, 1)] == [first]


def test_a_document_keeps_its_text_and_sources() -> None:
    body = document_json(DOCUMENTS[0], "g")
    assert body["sections"][2]["text"] == "• Bring your records.\n• Ask about a deposit.[1]"
    assert body["citations"][0]["anchor"] == "source-1"
    assert body["generation"] == "g"
    assert body["language"] == "en"


def test_the_fixture_can_be_built_anywhere(tmp_path: Path) -> None:
    with open_engine(build_index(tmp_path / "deep" / "er")).searcher() as opened:
        assert opened.stats().documents == len(DOCUMENTS)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("founded in 1907.[1][2] It is", "founded in 1907. It is"),
        ("… 1] English names vary: eye", "… English names vary: eye"),
        ("… ][2] names: eye", "… names: eye"),
        ("an older count.[1][2", "an older count."),
        ("set up as well.[1 …", "set up as well. …"),
        ("a list [of things] and eye", "a list [of things] and eye"),
        ("[12", ""),
    ],
)
def test_source_numbers_do_not_stand_in_snippets(text: str, shown: str) -> None:
    at = text.find("eye")
    kept, spans = without_source_numbers(text, [(at, at + 3)] if at >= 0 else [])
    assert kept == shown
    assert [kept[start:end] for start, end in spans] == (["eye"] if at >= 0 else [])
