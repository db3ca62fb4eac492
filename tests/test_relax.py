"""Claims about what is offered when a search finds nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from indexer.engines import Searcher
from search_app.search import SearchRequest, answer
from tests.searchable import searcher


@pytest.fixture(scope="module")
def index() -> Iterator[Searcher]:
    with searcher() as opened:
        yield opened


def test_most_words_are_enough_when_no_page_has_all_and_it_is_said(index: Searcher) -> None:
    found = answer(SearchRequest("children heart hepatitis"), index)
    assert found.absent == 1
    assert found.results.hits[0].doc_id == "hospitals/shanghai-children"
    assert found.applied == ("No page has all 3 words; these have at least 2 of them.",)


def test_a_word_that_stands_nowhere_is_named(index: Searcher) -> None:
    found = answer(SearchRequest("children heart zzyzx"), index)
    assert found.absent == 1
    assert found.applied[-1].endswith("No page has “zzyzx”.")


def test_half_of_the_words_is_not_most(index: Searcher) -> None:
    assert answer(SearchRequest("children zzyzx"), index).results.total.value == 0
    assert answer(SearchRequest("children zzyzx xyzzy hepatitis"), index).results.total.value == 0


def test_of_two_known_words_one_is_enough(index: Searcher) -> None:
    found = answer(SearchRequest("hepatitis myopia"), index)
    assert found.absent == 1
    assert {hit.doc_id for hit in found.results.hits} >= {"hospitals/guangzhou-8", "hospitals/shanghai-eye"}


def test_phrases_fields_and_exclusions_are_never_given_up_silently(index: Searcher) -> None:
    for query in (
        'children heart "no such phrase"',
        "children heart hepatitis city:chengdu",
        "hepatitis heart children -kind:hospital",
    ):
        found = answer(SearchRequest(query), index)
        assert found.results.total.value == 0, query


def test_relaxations_drop_one_thing_and_keep_their_promise(index: Searcher) -> None:
    found = answer(SearchRequest("cataract zzyzx", city=("Beijing",)), index)
    assert found.results.total.value == 0
    assert [(each.label, each.count) for each in found.relaxations] == [("without “zzyzx”", 1)]
    for each in found.relaxations:
        assert answer(each.request, index).results.total.value == each.count


def test_a_filter_is_offered_to_be_lifted(index: Searcher) -> None:
    found = answer(SearchRequest("liver", city=("Chengdu",)), index)
    assert [(each.removed, each.count) for each in found.relaxations][0] == ("Chengdu", 2)
    assert found.relaxations[0].request.city == ()


def test_filters_never_change_whether_words_are_given_up(index: Searcher) -> None:
    """Otherwise a count beside a value would not be what choosing it gives."""
    assert answer(SearchRequest("cataract myopia", city=("Chengdu",)), index).absent == 0


def test_a_phrase_is_offered_to_be_dropped(index: Searcher) -> None:
    found = answer(SearchRequest('cataract "liver transplants"'), index)
    assert {each.request.q for each in found.relaxations} == {'"liver transplants"', "cataract"}


def test_did_you_mean_has_hits_and_their_number(index: Searcher) -> None:
    found = answer(SearchRequest("catarct", correct=False), index)
    assert found.results.total.value == 0
    assert found.did_you_mean is not None
    assert found.did_you_mean.text == "cataract"
    assert answer(found.did_you_mean.request, index).results.total.value == found.did_you_mean.count > 0


@pytest.mark.parametrize("query", ["zzyzx", "qwertyuiop", "asdf jkl", "", "eye", "-", "((("])
def test_nothing_is_suggested_out_of_thin_air(index: Searcher, query: str) -> None:
    assert answer(SearchRequest(query), index).did_you_mean is None


def test_a_search_with_hits_offers_no_way_out(index: Searcher) -> None:
    found = answer(SearchRequest("cataract"), index)
    assert (found.relaxations, found.did_you_mean, found.absent) == ((), None, 0)


def test_pages_with_most_words_follow_those_with_all(index: Searcher) -> None:
    found = answer(SearchRequest("cataract surgery eye"), index)
    complete = {hit.doc_id for hit in index.search(found.reading.query).hits}
    assert found.complete == len(complete) > 0
    assert {hit.doc_id for hit in found.results.hits[: found.complete]} == complete
    assert found.results.total.value > found.complete
    assert found.absent == 1
    assert found.did_you_mean is None
    assert found.applied[-1] == "2 pages have all 3 words; the others have at least 2 of them."


@pytest.mark.parametrize(
    "query",
    ["cataract surgery", '"cataract surgery" eye price lens', "title:cataract surgery eye", "Shanghai Eye Hospital"],
)
def test_nothing_follows_where_more_was_asked_for(index: Searcher, query: str) -> None:
    """Half of two words is not most; who types a phrase, a field or a name wants no more than that."""
    assert answer(SearchRequest(query), index).complete == 0


def test_a_text_in_prose_finds_the_page_that_has_most_of_it(index: Searcher) -> None:
    text = (
        "My father was told to have a “bypass operation of the old sort” soon after his myocardial infarction, "
        "yet our village physician disagreed and mentioned stents instead, so we wonder whom to believe"
    )
    found = answer(SearchRequest(text), index)
    assert found.results.hits[0].doc_id == "hospitals/deltahealth"
    assert found.absent > found.complete == 0
    assert "No page has all" in found.applied[-1]


def test_pages_of_the_field_follow_where_both_words_were_only_read_as_values(index: Searcher) -> None:
    """What was read from the words lifts and never narrows: eye pages elsewhere come after those of the city."""
    found = answer(SearchRequest("ophthalmology chengdu beijing"), index)
    assert found.absent
    found = answer(SearchRequest("ophthalmology beijing"), index)
    assert found.results.hits[0].doc_id == "hospitals/beijing-tongren"
    assert found.complete == len(index.search(found.reading.query).hits) > 0
    assert "hospitals/shanghai-eye" in [hit.doc_id for hit in found.results.hits]
