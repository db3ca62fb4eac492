"""Every field that pages state, and every national list, has a name in each language of the interface."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from indexer.engines import open_engine
from indexer.errors import TaxonomyError
from indexer.model import FacetIs, Query
from indexer.placings import ALL
from search_app import create_app
from search_app.field_names import default_names, field_name, load_names, value_name
from search_app.settings import LANGUAGES
from search_app.strengths import default_strengths
from tests.real_corpus import real_index

STATED = (
    "Level", "Ownership", "Affiliation", "Services", "Accreditation", "Founded", "Beds", "District",
    "International patients",
)  # fmt: skip


def test_no_field_or_list_is_without_a_name() -> None:
    strengths = default_strengths()
    fields = strengths.fields | {each.casefold() for each in (*strengths.listed, ALL)}
    _english, *others = LANGUAGES
    for language in others:
        assert default_names()[language].keys() == fields
    assert (field_name("Eye disease", "zh"), field_name("Eye disease", "en")) == ("眼科", "")
    assert field_name("Hiccups", "zh") == ""


def test_what_hospitals_state_is_said_with_its_year() -> None:
    assert value_name("Grade 3A (tertiary, class A)", "zh") == "三级甲等"
    assert value_name("Grade 3A (tertiary, class A; 2021)", "zh") == "三级甲等 (2021)"
    assert value_name("Grade 3 specialist hospital (2022)", "zh") == "三级专科医院 (2022)"
    assert value_name("Grade 3A (tertiary, class A) TCM hospital (2024)", "zh") == "三级甲等中医医院 (2024)"
    assert value_name("Grade 3A (tertiary, class A)", "en") == value_name("820 (2019)", "zh") == ""


def test_numbers_keep_their_places_and_brackets_are_named_part_by_part() -> None:
    assert value_name("2,300 (2025; open beds, two campuses)", "zh") == "2,300 (2025; 开放床位，两个院区)"
    summed = "2,203 (2024; sum of three campuses: 1,000, 800 and 403)"
    assert value_name(summed, "zh") == "2,203 (2024; 三个院区合计：1,000、800 和 403)"
    assert value_name("2,300 (open beds; nobody knows)", "zh") == ""


def test_most_of_what_the_pages_state_has_a_name() -> None:
    """Of what stands on more than one page all has: a new wording is to be given one, or that of the others."""
    stated: Counter[str] = Counter()
    with open_engine(str(real_index())).searcher() as searcher:
        for hit in searcher.search(Query(FacetIs("kind", "hospital"), limit=1000)).hits:
            document = searcher.get(hit.doc_id)
            facts = {(fact.name, fact.value) for fact in document.facts if document}
            stated.update(value for name, value in facts if name in STATED)
    nameless = [value for value in stated if re.search("[a-z]", value) and not value_name(value, "zh")]
    assert [value for value in nameless if stated[value] > 1] == []
    assert len(nameless) < len(stated) / 10, nameless


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[zh", "the file"),
        ('[xx]\n"cataract" = "x"', "xx: no table of a language"),
        ("zh = 3", "zh: no table of a language"),
        ('[zh]\n"cataract" = ""', "cataract: must be a name"),
        ('[zh]\n"HIV" = "艾滋病"\n"hiv" = "艾滋"', "hiv: stands there twice"),
    ],
)
def test_wrong_names_are_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "field_names.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(TaxonomyError, match=message):
        load_names(path)


def test_that_a_hospital_may_not_be_open_is_said_in_chinese() -> None:
    """It matters more than any other sentence of a hit, and was English."""
    client = create_app({"index": str(real_index())}).test_client()
    hits = BeautifulSoup(client.get("/zh/search?q=evergrande+hospital").text, "lxml").select(".doubt span")
    assert [(each["lang"], each.get_text()[:2]) for each in hits] == [("zh-Hans", "存疑")]
    small = BeautifulSoup(client.get("/zh/cities/shanghai").text, "lxml").select(".small-doubt span")
    assert [(each["lang"], each.get_text()[:5]) for each in small] == [("zh-Hans", "未确认开业")]
    page = BeautifulSoup(client.get("/zh/hospitals/boao-evergrande-international-hospital").text, "lxml")
    assert page.select_one(".notice-strong span").get_text().startswith("存疑")
    assert not page.select(".notice-strong span[lang=en]")
