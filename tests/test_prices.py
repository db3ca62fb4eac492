"""Stated prices: only what a page says, with its source and date, and where costs are asked for."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.classify import classify
from indexer.engines import open_engine
from indexer.model import Basis, Citation, Document, Page, Price, Section
from indexer.prices import MAX_PRICES, months_since, prices_of
from indexer.taxonomy import load_taxonomy
from search_app import create_app
from search_app.as_json import answer_json
from search_app.costs import COSTS
from search_app.request import SearchRequest
from search_app.search import answer
from search_app.state import state_of
from tests.real_corpus import real_engine

SOURCES = (
    Citation("A guide", "https://guide.example/", "Guide Press", "2019-05", "", "source-1"),
    Citation("A list", "https://list.example/", "List House", "", "", "source-2"),
)


def read(text: str) -> tuple[Price, ...]:
    return prices_of((Section("Prices", "prices", text),), SOURCES)


def page(text: str) -> Document:
    sections = (Section("Prices", "prices", text),)
    page = Page("articles/eyes", "articles/eyes.html", "article", "What eyes cost in Shanghai", "title", sections)
    return classify(replace(page, citations=SOURCES, language="en"), load_taxonomy())


@pytest.mark.parametrize(
    ("text", "what", "figure", "date"),
    [
        ("• Gene testing: RMB 8,000–15,000 a person (2024).[1]", "Gene testing", "RMB 8,000–15,000 a person", "2024"),
        ("A VIP room was advertised at RMB 5,888 a night.[1]", "A VIP room", "RMB 5,888 a night", "2019-05"),
        ("A paper put births at about US$900 in January 2026.[2]", "births", "about US$900 in January 2026", "2026-01"),
        ("It quotes RMB 20–50 for a consultation (undated).[1]", "a consultation", "RMB 20–50", ""),
        ("One couple paid 2,822 yuan (about US$405) for tests and a scan.[2]", "tests and a scan",
         "2,822 yuan (about US$405)", ""),
        ("CAR-T costs from RMB 999,000[1] to just under RMB 1.3 million in China.[2]", "CAR-T",
         "from RMB 999,000 to just under RMB 1.3 million in China", "2019-05"),
        ("• Shanghai: 278,000 yuan for a course of protons, 2012–2014.[1]", "Shanghai: a course of protons",
         "278,000 yuan", "2012–2014"),
        ("A guide of May 2021 lists:[2]\n• Transfer: RMB 3,000\n• Drugs: 30% of the bill", "Transfer", "RMB 3,000",
         "2021-05"),
    ],
)  # fmt: skip
def test_a_price_is_read_as_it_is_written(text: str, what: str, figure: str, date: str) -> None:
    (price,) = read(text)
    assert (price.what, price.figure, price.date) == (what, figure, date)
    assert price.source in SOURCES
    assert price.anchor == "prices"
    assert re.sub(r"\[\d\]", "", text).find(price.quote) >= 0


@pytest.mark.parametrize(
    "text",
    [
        "A VIP room cost RMB 5,888 a night.",  # no source
        "A VIP room cost RMB 5,888 a night.[7]",  # a source that the page does not declare
        "The market for rooms cost US$3 million in 2024.[1]",
        "• Market: US$25.6 billion in 2022.[1]",
        "• Spinraza: from RMB 700,000 to about RMB 33,000 a dose in 2021.[1]",  # a fall
        "• Stents: about 13,000 yuan before 2020.[1]",
        "It cost RMB 500.[1]",
        "In 2012 and 2019 a room cost RMB 500 a night.[1]",
        "Refusing can bring a fine of RMB 10,000 for a hospital.[1]",
        "• Price: ordinary clinic RMB 50–100.[1]",
        "One page has RMB 50 against up to RMB 1,300 for a consultation.[1]",
        "• 84 hospitals: US$8,890–14,572.[1]",
    ],
)
def test_what_is_no_price_or_in_doubt_is_left_out(text: str) -> None:
    assert read(text) == ()


def test_every_price_of_the_corpus_is_a_quotation_with_a_declared_source() -> None:
    with real_engine().searcher() as searcher:
        found = [(document, price) for document in searcher.documents() for price in document.prices]
    assert len(found) > 50
    for document, price in found:
        section = next(each for each in document.sections if each.anchor == price.anchor)
        text = re.sub(r"\[\d{1,3}\]", "", section.text)
        assert price.quote in text
        assert price.figure in text
        assert price.what.rpartition(": ")[2] in text
        assert price.source in document.citations
        assert re.fullmatch(r"((about )?\d{4}(-\d\d){0,2}|\d{4}–\d{4})?", price.date)


def test_a_page_of_nothing_but_prices_is_read_up_to_a_limit() -> None:
    found = read("\n".join(f"• Eye drops {letter}{letter}: RMB 80 a bottle.[1]" for letter in map(chr, range(65, 145))))
    assert len(found) == MAX_PRICES
    assert found[0].words == ("eye", "drop", "aa", "rmb", "80", "a", "bottl")


AGES = {"": -1, "2024": 23, "about 2023": 35, "2012–2023": 35, "2026-11-30": 0, "2026-08": 3, "2027": -1}


@pytest.mark.parametrize(("date", "months"), AGES.items())
def test_age_is_reckoned_from_the_end_of_what_is_known(date: str, months: int) -> None:
    assert months_since(date, datetime.date(2026, 11, 30)) == months


def test_the_topic_of_costs_is_one_of_the_vocabulary() -> None:
    assert COSTS in load_taxonomy().values("topic")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    with open_engine(str(tmp_path)).rebuild() as writer:
        lines = (
            "• Cataract surgery in Shanghai: RMB 9,000 an eye (2019).[1]",
            "• Cataract surgery in Beijing: RMB 8,000 (2025).[2]",
            "• Myopia lenses: RMB 4,000 a pair <b> (about 2020).[2]",
        )
        writer.put(page("\n".join(lines)))
    return tmp_path


def prices(index: Path, query: str) -> list[str]:
    with open_engine(str(index)).searcher() as searcher:
        request = SearchRequest(q=query)
        (hit,) = answer_json(answer(request, searcher), state_of(request))["hits"]
    return [each["figure"] for each in hit["prices"]]


@pytest.mark.parametrize(
    ("query", "figures"),
    [
        ("cost cataract", ["RMB 9,000 an eye", "RMB 8,000"]),
        ("how much is cataract surgery in shanghai", ["RMB 9,000 an eye"]),
        ("price lenses", ["RMB 4,000 a pair <b>"]),
        ("cataract", []),  # nobody asks for costs
        ("cost", []),  # of nothing in particular
    ],
)
def test_only_prices_of_what_is_asked_for_are_shown(index: Path, query: str, figures: list[str]) -> None:
    assert prices(index, query) == figures


def test_a_page_shows_figure_sentence_source_and_age(index: Path) -> None:
    client = create_app({"index": str(index)}).test_client()
    page = client.get("/search?q=cost+cataract").get_data(as_text=True)
    assert '<b>RMB 9,000 an eye</b>&nbsp;· <a href="/articles/eyes?q=cost%20cataract#prices">' in page
    assert "<mark>RMB 9,000 an eye</mark> (2019).”" in page
    assert (
        'As of 2019&nbsp;· <strong class="old">more than 2 years old</strong>&nbsp;· Source: <a href="https://guide.example/"'
        in page
    )
    assert page.count('<strong class="old">') == 1  # what is of 2025 is not old
    chinese = client.get("/zh/search?q=cost+cataract").get_data(as_text=True)
    assert '时间：2019&nbsp;· <strong class="old">已超过 2 年</strong>&nbsp;· 来源：' in chinese
    patient = create_app({"index": str(index), "price_years": 50}).test_client()
    assert "years old" not in patient.get("/search?q=cost+cataract").get_data(as_text=True)
    hostile = client.get("/search?q=price+lenses").get_data(as_text=True)
    assert "RMB 4,000 a pair &lt;b&gt;" in hostile
    assert "pair <b>" not in hostile
    assert "As of about 2020&nbsp;· " in hostile


def test_an_article_about_the_costs_of_another_treatment_of_the_field_comes_later(tmp_path: Path) -> None:
    """A search for "cataract cost" began with one about laser surgery, for its field and its topic."""
    about = Section("", "", "What an eye costs. Remember a cataract later in life.")
    laser = Section("Costs", "costs", "A laser operation costs RMB 9,000 for both eyes.[1]")
    ward = Section("", "", "Its cataract ward names no price; ask what the fee covers.")
    documents = (
        Page(
            "articles/smile",
            "articles/smile.html",
            "article",
            "What a SMILE laser operation costs",
            "title",
            (about, laser),
        ),
        Page("hospitals/eyes", "hospitals/eyes.html", "hospital", "Eye Hospital", "title", (ward,)),
    )
    declared = (Basis("specialty", "Ophthalmology", "declared", "x"), Basis("topic", COSTS, "declared", "x"))
    with open_engine(str(tmp_path)).rebuild() as writer:
        for each in documents:
            kept = declared if each.kind == "article" else declared[:1]
            writer.put(classify(replace(each, declared=kept, citations=SOURCES), load_taxonomy()))

    def found(query: str) -> list[tuple[str, int]]:
        with open_engine(str(tmp_path)).searcher() as searcher:
            given = answer(SearchRequest(q=query, explain=True), searcher)
        for hit in given.results.hits:
            assert sum(each.score for each in hit.explanation) == pytest.approx(hit.score, abs=0.01)
        return [(hit.doc_id, len(given.prices.get(hit.doc_id, ()))) for hit in given.results.hits]

    assert found("cataract cost") == found("白内障 费用") == [("hospitals/eyes", 0), ("articles/smile", 0)]
    assert found("laser operation cost") == [("articles/smile", 1)]
    assert found("eye cost")[0] == ("articles/smile", 1)  # the field itself


@pytest.mark.parametrize("query", ["cataract surgery cost", "白内障手术费用", "fracture surgery price", "骨折手术费用"])
def test_hospitals_for_what_is_asked_come_before_dozens_of_articles_about_other_costs(
    tmp_path: Path, query: str
) -> None:
    """ "白血病费用" showed ten articles about costs of other things; its hospitals stood behind thirty hits."""
    lines = "Surgery and an operation have their cost and price. 手术费用。"
    hospitals = {
        "eyes": ("Eye Clinic", "Cataract", "Ophthalmology"),
        "bones": ("Bone Clinic", "Fracture", "Orthopedics, Trauma & Burns"),
    }
    with open_engine(str(tmp_path)).rebuild() as writer:
        for number in range(45):
            sections = (Section("Costs", "costs", f"{lines} {number}"),)
            other = Page(
                f"articles/{number}",
                f"articles/{number}.html",
                "article",
                f"What noses cost {number}",
                "title",
                sections,
            )
            labels = (
                Basis("topic", COSTS, "declared", "x"),
                Basis("specialty", "Plastic & Cosmetic Surgery", "declared", "x"),
            )
            writer.put(classify(replace(other, declared=labels), load_taxonomy()))
        for name, (title, word, field) in hospitals.items():
            sections = (Section("", "", f"{word} is treated here."),)
            clinic = Page(f"hospitals/{name}", f"hospitals/{name}.html", "hospital", title, "title", sections)
            writer.put(
                classify(replace(clinic, declared=(Basis("specialty", field, "declared", "x"),)), load_taxonomy())
            )
    with open_engine(str(tmp_path)).searcher() as searcher:
        first = answer(SearchRequest(q=query), searcher).results.hits[0]
    assert first.doc_id == ("hospitals/bones" if "fracture" in query or "骨折" in query else "hospitals/eyes")


def test_what_is_only_related_to_a_thing_makes_no_article_about_its_costs(tmp_path: Path) -> None:
    """ "Leukemia cost" began with what teeth cost, since "blood" is related to leukaemia."""
    teeth = Section("Costs", "costs", "The price and cost of teeth. A blood test comes first.")
    clinic = Section("", "", "Leukemia is treated here; blood is kept.")
    pages = (
        (
            Page("articles/teeth", "articles/teeth.html", "article", "What teeth cost", "title", (teeth,)),
            "Dentistry & Stomatology",
        ),
        (Page("hospitals/blood", "hospitals/blood.html", "hospital", "A Clinic", "title", (clinic,)), "Hematology"),
    )
    with open_engine(str(tmp_path)).rebuild() as writer:
        for page, field in pages:
            topic = (Basis("topic", COSTS, "declared", "x"),) if page.kind == "article" else ()
            labels = (Basis("specialty", field, "declared", "x"), *topic)
            writer.put(classify(replace(page, declared=labels), load_taxonomy()))
    with open_engine(str(tmp_path)).searcher() as searcher:
        for query in ("leukemia cost", "白血病费用"):
            hits = answer(SearchRequest(q=query, explain=True), searcher).results.hits
            later = [hit.doc_id for hit in hits if "about the costs of something else" in str(hit.explanation)]
            assert later == ["articles/teeth"], query
