"""Every field that pages state, and every national list, has a name in each language of the interface."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from indexer.engines import open_engine
from indexer.errors import TaxonomyError
from indexer.model import FacetIs, Query
from indexer.placings import ALL
from search_app.field_names import default_names, field_name, load_names, value_name
from search_app.settings import LANGUAGES
from search_app.strengths import default_strengths
from tests.real_corpus import real_index


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
    assert value_name("Grade 3A (tertiary, class A)", "en") == value_name("820 (2019)", "zh") == ""


def test_most_of_what_the_pages_state_has_a_name() -> None:
    """Of what stands on more than one page all has: a new wording is to be given one, or that of the others."""
    stated: Counter[str] = Counter()
    with open_engine(str(real_index())).searcher() as searcher:
        for hit in searcher.search(Query(FacetIs("kind", "hospital"), limit=1000)).hits:
            document = searcher.get(hit.doc_id)
            facts = {(fact.name, fact.value) for fact in document.facts if document}
            stated.update(value for name, value in facts if name in ("Level", "Ownership", "Affiliation", "Services"))
    assert [value for value, pages in stated.items() if pages > 1 and not value_name(value, "zh")] == []


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
