"""Claims about what is offered when a search finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from indexer.engines import Searcher
from indexer.model import And, FacetIs
from search_app.search import ONE_PAGE, SearchRequest, answer
from tests.searchable import searcher


@pytest.fixture(scope="module")
def index() -> Iterator[Searcher]:
    with searcher() as opened:
        yield opened


def test_most_words_are_enough_when_no_page_has_all_and_it_is_said(index: Searcher) -> None:
    found = answer(SearchRequest("letter invitation pudong"), index)
    assert found.absent == 2  # two words would be enough, but not for a full page
    assert found.results.hits[0].doc_id == "articles/visa"
    assert found.applied == ("No page has all 3 words; these have at least 1 of them.",)


def test_a_word_that_stands_nowhere_is_named(index: Searcher) -> None:
    found = answer(SearchRequest("letter invitation zzyzx"), index)
    assert found.absent == 1
    assert found.applied[-1].endswith("No page has “zzyzx”.")


@pytest.mark.parametrize("short", ["won't", "wont", "doesn’t", "hasnt", "they're"])
def test_a_contraction_need_not_stand_on_a_page(index: Searcher, short: str) -> None:
    """ "No page has “won't”" was said, and the page that has all other words was one that lacks some."""
    found, plain = (
        answer(SearchRequest(query), index) for query in (f"letter invitation {short}", "letter invitation")
    )
    assert (found.absent, found.applied) == (plain.absent, plain.applied)
    assert found.results.hits[0].doc_id == plain.results.hits[0].doc_id


def test_chinese_characters_that_stand_nowhere_are_named_as_they_were_typed(index: Searcher) -> None:
    found = answer(SearchRequest("白内障 量子火锅"), index)
    assert found.reading.strange == ("量子火锅",)
    assert found.results.hits
    assert found.applied[-1].endswith("No page has “量子火锅”.")
    assert answer(SearchRequest("白内障 -量子火锅"), index).reading.strange == ()


def test_half_of_the_words_is_not_most(index: Searcher) -> None:
    assert answer(SearchRequest("pudong zzyzx"), index).results.total.value == 0
    assert answer(SearchRequest("pudong zzyzx xyzzy erhuan"), index).results.total.value == 0


def test_of_two_known_words_one_is_enough(index: Searcher) -> None:
    found = answer(SearchRequest("pudong erhuan"), index)
    assert found.absent == 1
    assert {hit.doc_id for hit in found.results.hits} >= {"hospitals/renji", "hospitals/chengdu-university"}


def test_phrases_fields_and_exclusions_are_never_given_up_silently(index: Searcher) -> None:
    for query in (
        'children heart "no such phrase"',
        "children heart hepatitis city:chengdu",
        "hepatitis heart children -kind:hospital",
    ):
        found = answer(SearchRequest(query), index)
        assert found.results.total.value == 0, query


def test_relaxations_drop_one_thing_and_keep_their_promise(index: Searcher) -> None:
    found = answer(SearchRequest("wangfujing zzyzx", city=("Beijing",)), index)
    assert found.results.total.value == 0
    assert [(each.label, each.count) for each in found.relaxations] == [("without “zzyzx”", 1)]
    for each in found.relaxations:
        assert answer(each.request, index).results.total.value == each.count


def test_a_filter_is_offered_to_be_lifted(index: Searcher) -> None:
    found = answer(SearchRequest("liver", city=("Chengdu",)), index)
    assert [(each.removed, each.count) for each in found.relaxations][0] == ("Chengdu", 2)
    assert found.relaxations[0].request.city == ()


def test_of_several_filters_the_fewest_that_help_are_offered_to_be_lifted(index: Searcher) -> None:
    """No single filter is enough here: pairs are, and it is not said that all must go."""
    request = SearchRequest(
        "hospital", kind=("hospital",), city=("Beijing",), specialty=("Dermatology",), topic=("Visa & Entry",)
    )
    found = answer(request, index)
    assert found.results.total.value == 0
    assert [each.removed for each in found.relaxations] == ["Dermatology, Visa & Entry"]
    for each in found.relaxations:
        assert answer(each.request, index).results.total.value == each.count > 0
    assert [each.removed for each in answer(replace(request, q=""), index).relaxations] == ["Dermatology, Visa & Entry"]


def test_filters_never_change_whether_words_are_given_up(index: Searcher) -> None:
    """Otherwise a count beside a value would not be what choosing it gives."""
    for query in ("letter invitation", "cataract myopia", "operation price beijing"):
        without = answer(SearchRequest(query), index)
        filtered = answer(SearchRequest(query, city=("Chengdu",)), index)
        assert (filtered.absent, filtered.complete) == (without.absent, without.complete)


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


def test_pages_with_most_words_follow_when_few_have_all(index: Searcher) -> None:
    found = answer(SearchRequest("operation price beijing"), index)
    complete = {hit.doc_id for hit in index.search(found.reading.query).hits}
    assert found.complete == len(complete) == 1
    assert {hit.doc_id for hit in found.results.hits[: found.complete]} == complete
    assert found.results.total.value > found.complete
    assert found.absent == 2  # two words would be enough, but not for a full page
    assert found.did_you_mean is None
    assert found.applied[-1] == "One page has all 3 words; the others have at least 1 of them."


def test_how_many_have_all_words_is_said_of_what_the_filters_let_through(index: Searcher) -> None:
    query = "operation price beijing"
    some = answer(SearchRequest(query, kind=("article",)), index)
    assert (some.complete, some.complete_here) == (1, 1)
    none = answer(SearchRequest(query, kind=("hospital",)), index)
    assert none.results.total.value > none.complete_here == 0
    assert none.complete == 1
    assert none.applied[-1] == "None of these pages has all 3 words; these have at least 1 of them."


@pytest.mark.parametrize(
    "query",
    ["letter invitation", '"cataract surgery" eye price lens', "title:cataract surgery eye", "Shanghai Eye Hospital"],
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


def test_pages_of_the_field_follow_a_word_that_few_have(index: Searcher) -> None:
    """Who types an illness and something else is helped by those who treat it, also where the rest stands nowhere."""
    found = answer(SearchRequest("cataract rhubarb"), index)
    assert {hit.doc_id for hit in found.results.hits} == {"hospitals/beijing-tongren", "hospitals/shanghai-eye"}
    assert (found.absent, found.complete) == (2, 0)
    assert found.applied[-1].startswith("No page has all words; these have some of them, or are about the field")
    found = answer(SearchRequest("cataract surgery"), index)
    assert found.complete == len(index.search(found.reading.query).hits) == 3
    assert found.applied[-1].startswith("3 pages have all words; the others have some of them, or are about the field")
    assert "articles/cataract-cost" not in [
        hit.doc_id for hit in answer(SearchRequest("cataract surgery -lens"), index).results.hits
    ]
    for only in ('"cataract surgery"', "title:cataract"):
        assert answer(SearchRequest(only), index).absent == 0, only
    assert answer(SearchRequest("cataract rhubarb", plain=True), index).results.total.value == 0


def test_several_fields_and_a_city_must_all_fit(index: Searcher) -> None:
    found = answer(SearchRequest("hepatitis rhubarb beijing"), index)
    assert found.reading.field == And(
        (FacetIs("specialty", "Infectious Diseases & Hepatology"), FacetIs("city", "Beijing"))
    )
    assert answer(SearchRequest("rhubarb beijing"), index).reading.field is None


def test_less_than_a_page_is_followed_by_pages_with_fewer_words(index: Searcher) -> None:
    """Who typed two words that few pages have both of goes on reading; a name, a phrase or an operator stands."""
    found = answer(SearchRequest("price surgery"), index)
    both = {hit.doc_id for hit in index.search(found.reading.query).hits}
    assert 0 < len(both) < ONE_PAGE
    assert {hit.doc_id for hit in found.results.hits[: len(both)]} == both
    assert found.complete == len(both)
    assert found.results.total.value > len(both)
    assert found.applied == ("One page has both words; the others have one of them.",)
    for query in ('"price" surgery', "price AND surgery", "zzyzx surgery"):
        assert answer(SearchRequest(query), index).complete == 0, query
