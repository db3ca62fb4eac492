"""What a visitor must know before the results, and that a page of the corpus says it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from indexer.engines import Searcher
from indexer.errors import TaxonomyError
from indexer.taxonomy import load_taxonomy
from search_app import create_app
from search_app.notices import load_notices
from search_app.request import SearchRequest
from search_app.search import answer
from tests.real_corpus import real_engine, real_index
from tests.site_fixture import site_app

PAGE = "articles/organ-transplantation"


@pytest.fixture(scope="module")
def searcher() -> Iterator[Searcher]:
    with real_engine().searcher() as opened:
        yield opened


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app({"index": str(real_index())}).test_client()


@pytest.mark.parametrize(
    "request_of",
    [
        SearchRequest("kidney transplant china cost"),
        SearchRequest("kidny transplents in china"),
        SearchRequest("best hospital for liver transplant"),
        SearchRequest("where to get a new kidney"),
        SearchRequest("kidney transplant", plain=True),
        SearchRequest("肾移植"),
        SearchRequest("换肾多少钱"),
        SearchRequest("肝源要等多久"),
        SearchRequest("", specialty=("Organ Transplantation",)),
    ],
)
def test_who_asks_for_an_organ_is_told_that_visitors_get_none(searcher: Searcher, request_of: SearchRequest) -> None:
    """Hospitals with their numbers of transplants came first, and nothing said that they are closed to visitors."""
    found = answer(request_of, searcher)
    assert [(each.doc_id, each.title) for each in found.notices] == [(PAGE, "Organ Transplantation")]
    assert found.applied[0] == (
        "Organ transplants in China are closed to medical tourists; other rules hold for tissue and bone marrow. "
        "See Organ Transplantation."
    )


@pytest.mark.parametrize(
    "words",
    ["bone marrow transplant", "hair transplant cost", "cornea transplant", "dialysis", "kidney stones", "植发"],
)
def test_other_transplants_and_kidneys_have_no_notice(searcher: Searcher, words: str) -> None:
    assert answer(SearchRequest(words), searcher).notices == ()


def test_every_notice_is_stated_by_its_page(searcher: Searcher) -> None:
    values = {value.name for value in load_taxonomy().vocabulary if value.facet == "specialty"}
    for each in load_notices():
        assert each.specialty in values
        assert searcher.get(each.page) is not None
    page = searcher.get(PAGE)
    assert page is not None
    assert "closed to medical tourists" in page.summary
    assert "Tissue and bone-marrow transplants fall under other rules." in page.summary


def test_the_notice_stands_above_the_results_and_leads_to_its_page(client: FlaskClient) -> None:
    for prefix, said in (("", "closed to medical tourists"), ("/zh", "中国不向医疗旅游者开放器官移植")):
        notice = BeautifulSoup(client.get(f"{prefix}/search?q=肾移植").text, "lxml").select_one(".results-head .notice")
        assert notice is not None
        assert said in notice.get_text()
        assert (notice.a["href"], notice.a["lang"]) == (f"{prefix}/{PAGE}", "en")


def test_an_index_without_the_page_says_nothing(tmp_path: Path) -> None:
    page = BeautifulSoup(site_app(tmp_path).test_client().get("/search?q=kidney+transplant").text, "lxml")
    assert "medical tourists" not in page.get_text()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[other]\n", "may only hold"),
        ('[[notice]]\npage = "a"\n', "must have"),
        ('[[notice]]\npage = "a"\nspecialty = ""\nwords = []\nen = "a"\nzh = "b"\n', "must be texts"),
        ('[[notice]]\npage = "a"\nspecialty = "b"\nwords = ["!"]\nen = "a"\nzh = "b"\n', "'words'"),
        ("[[notice]", "notices.toml"),
    ],
)
def test_a_wrong_file_is_refused_with_place_and_reason(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "notices.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(TaxonomyError, match=said):
        load_notices(path)
