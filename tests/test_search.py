"""Claims about whole answers."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.engines import Searcher
from indexer.errors import QueryError
from indexer.model import FACETS
from search_app.search import ONE_PAGE, Answer, SearchRequest, answer
from tests.searchable import DOCUMENTS, searcher


@pytest.fixture(scope="module")
def index() -> Iterator[Searcher]:
    with searcher() as opened:
        yield opened


def ids(found: Answer) -> list[str]:
    return [hit.doc_id for hit in found.results.hits]


def test_an_empty_request_is_everything(index: Searcher) -> None:
    found = answer(SearchRequest(per_page=100), index)
    assert len(ids(found)) == found.results.total.value == len(DOCUMENTS)
    assert found.applied == ()


def test_filters_alone_browse(index: Searcher) -> None:
    found = answer(SearchRequest(city=("Chengdu",)), index)
    assert ids(found) == ["hospitals/chengdu-university"]


@pytest.mark.parametrize("value", ["Beijing", "beijing", "北京", "Peking", "beijing city"])
def test_a_value_is_taken_in_any_spelling_and_shown_as_the_vocabulary_has_it(index: Searcher, value: str) -> None:
    found = answer(SearchRequest(city=(value,)), index)
    assert found.request.city == ("Beijing",)
    assert found.results.total.value == 3


def test_an_unknown_value_is_an_empty_result_with_an_explanation(index: Searcher) -> None:
    found = answer(SearchRequest("eye", city=("Shangai",)), index)
    assert found.results.total.value == 0
    assert [(each.facet, each.value) for each in found.unknown_values] == [("city", "Shangai")]
    assert found.applied[-1].startswith("There is no city “Shangai”. Known are for example: Shanghai")


def test_an_unknown_order_is_refused(index: Searcher) -> None:
    with pytest.raises(QueryError, match="Unknown sort 'size'"):
        answer(SearchRequest("eye", sort="size"), index)


@pytest.mark.parametrize("text", ["eye hospital in beijing", "cataract surgery price", "zzyzx eye surgery"])
def test_how_far_a_search_goes_does_not_depend_on_the_hits_that_are_shown(index: Searcher, text: str) -> None:
    pages = [answer(SearchRequest(text, per_page=1, page=page), index) for page in range(1, len(DOCUMENTS) + 1)]
    whole = answer(SearchRequest(text, per_page=100), index)
    assert whole.absent
    assert {(each.absent, each.complete, each.results.total.value) for each in pages} == {
        (whole.absent, whole.complete, whole.results.total.value)
    }
    assert [doc_id for each in pages for doc_id in ids(each)] == ids(whole)
    assert sorted(ids(answer(SearchRequest(text, per_page=100, sort="title"), index))) == sorted(ids(whole))


@pytest.mark.parametrize(
    "text", ["eye hospital in beijing", "cataract surgery price", "cataract hospital shanghai", "zzyzx eye surgery"]
)
@pytest.mark.parametrize("per_page", [1, 100])
def test_pages_with_fewer_words_are_asked_for_once(index: Searcher, text: str, per_page: int) -> None:
    with patch.object(type(index), "search", autospec=True, side_effect=type(index).search) as asked:
        found = answer(SearchRequest(text, per_page=per_page), index)
    assert found.absent
    queries = [call.args[1].root for call in asked.call_args_list]
    assert len(queries) == len(set(queries))
    assert queries[-1] == found.results.query.root  # what is shown is not asked for again
    # those with all words, these, and with fewer words each while one page is not full
    assert len(queries) == 2 or found.results.total.value < ONE_PAGE


def test_pages_are_counted_and_one_past_the_end_is_empty_but_knows_the_last(index: Searcher) -> None:
    first = answer(SearchRequest(per_page=5), index)
    assert (first.page, first.pages, first.past_end) == (1, 3, False)
    seen = [doc for page in (1, 2, 3) for doc in ids(answer(SearchRequest(per_page=5, page=page), index))]
    assert len(seen) == len(set(seen)) == len(DOCUMENTS)
    for page in (4, 10**9):
        past = answer(SearchRequest(per_page=5, page=page), index)
        assert (ids(past), past.pages, past.past_end) == ([], 3, True)
        assert past.results.total.value == len(DOCUMENTS)


@pytest.mark.parametrize(("page", "per_page"), [(0, 10), (-5, 10), (1, 0), (1, 10**9)])
def test_numbers_out_of_bounds_are_brought_within(index: Searcher, page: int, per_page: int) -> None:
    found = answer(SearchRequest(page=page, per_page=per_page), index)
    assert found.page >= 1
    assert 1 <= found.request.per_page <= 100


def test_a_reading_lifts_but_never_narrows(index: Searcher) -> None:
    found = answer(SearchRequest("cataract shanghai"), index)
    assert ids(found)[0] == "hospitals/shanghai-eye"
    assert "articles/cataract-cost" in ids(found)


def test_corrections_are_said(index: Searcher) -> None:
    found = answer(SearchRequest("catarct"), index)
    assert found.applied == ("“catarct” was read as “cataract”.",)
    assert found.results.total.value == answer(SearchRequest("cataract"), index).results.total.value


def test_a_corrected_word_never_leads_to_nothing(index: Searcher) -> None:
    for typed in ("catarct", "opthalmology", "shangai", "hosptial", "leukemai", "transplents", "beijng"):
        found = answer(SearchRequest(typed), index)
        assert found.reading.corrected
        assert found.results.total.value


@pytest.mark.parametrize("facet", FACETS)
@pytest.mark.parametrize(
    "query", ["", "cataract", "hospital", "children heart quantum", "eye -beijing", "renji", "visa OR eye"]
)
@pytest.mark.parametrize("city", [(), ("Shanghai",)])
def test_choosing_a_value_gives_as_many_hits_as_promised(
    index: Searcher, query: str, facet: str, city: tuple[str, ...]
) -> None:
    request = SearchRequest(query, city=city)
    found = answer(request, index)
    promised = {bucket.value: bucket.count.value for bucket in found.results.facet(facet).buckets}
    given = {value: answer(request.choosing(facet, (value,)), index).results.total.value for value in promised}
    assert given == promised


def test_explanation_is_passed_on(index: Searcher) -> None:
    assert answer(SearchRequest("cataract", explain=True), index).results.hits[0].explanation


@given(st.text(max_size=120), st.sampled_from([(), ("Shanghai",), ("Nowhere",)]), st.integers(-3, 2000))
@settings(max_examples=60, deadline=None)
def test_any_request_is_answered(text: str, city: tuple[str, ...], page: int) -> None:
    with searcher() as index:
        found = answer(SearchRequest(text, city=city, page=page), index)
        assert found.pages >= 1
        assert all(each.count > 0 for each in found.relaxations)
