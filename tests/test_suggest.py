"""Claims about suggestions while typing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.engines import Searcher
from indexer.model import Question
from search_app.suggest import Catalogue, Suggestions, make_catalogue, suggest
from tests.searchable import DOCUMENTS, searcher


@pytest.fixture(scope="module")
def index() -> Iterator[Searcher]:
    with searcher() as opened:
        yield opened


@pytest.fixture(scope="module")
def catalogue(index: Searcher) -> Catalogue:
    return make_catalogue(index)


@pytest.mark.parametrize(
    ("typed", "group", "first"),
    [
        ("tongr", "hospitals", "Beijing Tongren Hospital"),
        ("beijing ton", "hospitals", "Beijing Tongren Hospital"),
        ("hospital tongren", "hospitals", "Beijing Tongren Hospital"),
        ("TONGREN HOSPITAL", "hospitals", "Beijing Tongren Hospital"),
        ("协", "hospitals", "Peking Union Medical College Hospital"),
        ("協和", "hospitals", "Peking Union Medical College Hospital"),
        ("xieh", "hospitals", "Peking Union Medical College Hospital"),
        ("xie he", "hospitals", "Peking Union Medical College Hospital"),
        ("bei jing xie he", "hospitals", "Peking Union Medical College Hospital"),
        ("pum", "hospitals", "Peking Union Medical College Hospital"),
        ("guangzhou eighth", "hospitals", "Guangzhou No.8 People's Hospital"),
        ("tingren", "hospitals", "Beijing Tongren Hospital"),
        ("china medical vi", "articles", "China Medical Visa Application Process"),
        ("how to app", "articles", "China Medical Visa Application Process"),
        ("shangh", "cities", "Shanghai"),
        ("上", "cities", "Shanghai"),
        ("shnaghai", "cities", "Shanghai"),
        ("pek", "cities", "Beijing"),
        ("opht", "specialties", "Ophthalmology"),
        ("teet", "specialties", ""),
        ("眼", "specialties", "Ophthalmology"),
        ("cos", "topics", "Costs & Pricing"),
        ("cata", "queries", "cataract"),
        ("shanghai cata", "queries", "shanghai cataract"),
    ],
)
def test_a_beginning_is_completed(index: Searcher, catalogue: Catalogue, typed: str, group: str, first: str) -> None:
    found = getattr(suggest(typed, catalogue, index), group)
    assert (found[0].text if found else "") == first


def test_suggestions_lead_somewhere_and_values_keep_their_promise(index: Searcher, catalogue: Catalogue) -> None:
    found = suggest("shanghai", catalogue, index)
    assert [(each.facet, each.value, each.count) for each in found.cities] == [("city", "Shanghai", 4)]
    assert all(index.get(each.doc_id) is not None for each in found.hospitals)
    assert found.all() == (*found.hospitals, *found.cities, *found.queries)


def test_no_group_is_longer_than_asked(index: Searcher, catalogue: Catalogue) -> None:
    found = suggest("h", catalogue, index, limit=2)
    assert len(found.hospitals) == 2


def test_the_whole_name_comes_before_longer_ones(index: Searcher, catalogue: Catalogue) -> None:
    assert suggest("renji hospital", catalogue, index).hospitals[0].doc_id == "hospitals/renji"


@pytest.mark.parametrize("typed", ["tungren", "tohngren hos", "tong jen", "toongrun"])
def test_a_name_is_suggested_as_it_was_heard(index: Searcher, catalogue: Catalogue, typed: str) -> None:
    assert suggest(typed, catalogue, index).hospitals[0].doc_id == "hospitals/beijing-tongren"


@pytest.mark.parametrize("typed", ["", "   ", "?!", "\x00", "\ud800", "zzzzzz", "qqqq wwww"])
def test_nothing_typed_or_known_suggests_nothing(index: Searcher, catalogue: Catalogue, typed: str) -> None:
    assert suggest(typed, catalogue, index).all() == ()


@given(st.text(max_size=100))
@settings(max_examples=100, deadline=None)
def test_any_text_is_answered(text: str) -> None:
    with searcher() as opened:
        assert isinstance(suggest(text, make_catalogue(opened), opened), Suggestions)


@pytest.mark.timeout(60)  # reading all of it would take minutes
@pytest.mark.parametrize("text", ["a" * 1_000_000, "ab " * 400_000, "眼" * 500_000], ids=["word", "words", "Chinese"])
def test_of_a_megabyte_only_the_start_is_read(index: Searcher, catalogue: Catalogue, text: str) -> None:
    assert suggest(text, catalogue, index) == suggest(text[:100_000], catalogue, index)


QUESTIONS = (
    "How much does IVF cost in China?",
    "Can a single woman have IVF?",
    "Is IVF covered by insurance?",
    "how much does ivf cost in china",
)


@pytest.fixture(scope="module")
def asking() -> Iterator[Searcher]:
    visa = next(each for each in DOCUMENTS if each.doc_id == "articles/visa")
    stated = replace(visa, questions=tuple(Question(each, "costs") for each in QUESTIONS))
    with searcher((stated, *(each for each in DOCUMENTS if each is not visa))) as opened:
        yield opened


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("how much is iv", (0, 2, 1)),  # the last one may be any word; small words choose
        ("how much is ivf co", (0, 2)),  # "cost" and "covered"
        ("ivf price", (0,)),
        ("single wom", (1,)),
        ("ivf zzz", ()),
        ("zzz ivf", ()),
        ("ivf", ()),
        ("how", ()),
        ("is i", ()),
    ],
)
def test_questions_that_pages_answer_are_offered_each_once(
    asking: Searcher, typed: str, numbers: tuple[int, ...]
) -> None:
    found = suggest(typed, make_catalogue(asking), asking).questions
    assert [each.text for each in found] == [QUESTIONS[number] for number in numbers]
    assert {(each.doc_id, each.anchor) for each in found} <= {("articles/visa", "costs")}
