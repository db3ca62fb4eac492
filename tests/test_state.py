"""The address is the whole state: both directions, canonical, and nothing typed breaks it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.model import FACETS, MAX_WINDOW, SORTS
from search_app.given import clean_text, unexpected
from search_app.settings import MAX_PER_PAGE, MAX_QUERY_CHARS, MAX_VALUE_CHARS, MAX_VALUES
from search_app.state import (
    API_PATH,
    PARAMETERS,
    SEARCH_PATH,
    Addresses,
    SearchState,
    last_page,
    parse,
    request_of,
    state_of,
)


def arguments(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query, keep_blank_values=True)


texts = st.text(max_size=MAX_VALUE_CHARS).map(lambda text: clean_text(text, MAX_VALUE_CHARS))
values = st.lists(texts.filter(bool), max_size=4).map(lambda found: tuple(sorted(set(found))))
states = st.builds(
    SearchState,
    q=texts,
    city=values,
    specialty=values,
    topic=values,
    kind=values,
    exact=st.booleans(),
    ignore=values,
    sort=st.sampled_from(SORTS),
    page=st.integers(1, 1500),
    per_page=st.integers(1, MAX_PER_PAGE),
)


@given(states)
def test_a_state_survives_its_address(state: SearchState) -> None:
    parsed = parse(arguments(state.address()))
    assert parsed.state == state
    assert parsed.problems == ()


@given(states)
def test_a_state_survives_the_api_address_strictly(state: SearchState) -> None:
    parsed = parse(arguments(state.address(API_PATH)), strict=True)
    assert parsed.state == state
    assert parsed.problems == ()


@given(states, st.sampled_from(FACETS), st.text(max_size=20), st.integers(1, 50))
def test_prepared_links_are_those_of_the_states_they_lead_to(
    state: SearchState, facet: str, value: str, page: int
) -> None:
    for path in (SEARCH_PATH, API_PATH):
        links = Addresses(state, path)
        assert links.on_page(page) == state.on_page(page).address(path)
        assert links.plain() == state.plain().address(path)
        assert links.ignoring("spelling") == state.as_typed().address(path)
        assert links.ignoring(f"{facet}:{value}") == state.without_reading(facet, value).address(path)
        for sort in SORTS:
            assert links.sorted_by(sort) == state.sorted_by(sort).address(path)
        for each in (value, *state.values(facet)):
            assert links.toggled(facet, each) == state.toggled(facet, each).address(path)
        some = [each for each in (value, *state.values(facet)) if each]
        assert links.toggles(facet, some) == [state.toggled(facet, each).address(path) for each in some]


@given(states)
def test_a_state_survives_as_a_request(state: SearchState) -> None:
    assert state_of(request_of(state)) == state


@given(st.dictionaries(st.one_of(st.sampled_from(PARAMETERS), st.text(max_size=8)), st.lists(st.text(), max_size=4)))
def test_any_arguments_give_a_state_whose_address_is_stable(given_arguments: dict[str, list[str]]) -> None:
    state = parse(given_arguments).state
    assert parse(arguments(state.address())).state == state
    assert state.address().isascii()
    parse(given_arguments, strict=True)


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("  eye \t hospital\n", "eye hospital"),
        ("eye\x00hospital", "eye hospital"),
        ("a\u202eb\u200bc\ufeff", "abc"),
        ("e\u0301", "é"),
        ("眼　科", "眼 科"),
        ("\ud800x", "x"),
    ],
)
def test_control_and_invisible_characters_are_removed(typed: str, cleaned: str) -> None:
    assert clean_text(typed) == cleaned


def test_defaults_are_left_out_and_the_order_is_fixed() -> None:
    assert SearchState().address() == "/search"
    given_arguments = {
        "page": ["2"],
        "sort": ["date"],
        "city": ["Shanghai", "Beijing"],
        "q": ["eye"],
        "per_page": ["10"],
        "topic": [""],
    }
    assert parse(given_arguments).state.address() == "/search?q=eye&city=Beijing&city=Shanghai&sort=date&page=2"


def test_every_special_character_is_escaped_in_an_address() -> None:
    state = SearchState(q='a&b=c#d"<e>+%', city=("Hainan (Boao)",))
    assert state.address() == "/search?q=a%26b%3Dc%23d%22%3Ce%3E%2B%25&city=Hainan%20%28Boao%29"


def test_choosing_a_value_goes_back_to_the_first_page() -> None:
    state = SearchState(q="eye", page=3)
    chosen = state.toggled("city", "Shanghai")
    assert chosen == SearchState(q="eye", city=("Shanghai",))
    assert chosen.toggled("city", "Shanghai") == SearchState(q="eye")


def test_clearing_filters_keeps_the_words_and_the_order() -> None:
    state = SearchState(q="eye", city=("Beijing",), kind=("hospital",), sort="date", page=2)
    assert state.unfiltered() == SearchState(q="eye", sort="date")


def test_the_order_of_clicks_makes_no_other_address() -> None:
    one = SearchState().toggled("city", "Shanghai").toggled("city", "Beijing")
    other = SearchState().toggled("city", "Beijing").toggled("city", "Shanghai")
    assert one.address() == other.address()


def test_plain_words_forget_what_was_ignored() -> None:
    state = SearchState(q="eye shanghai").without_reading("city", "Shanghai")
    assert state.ignore == ("city:Shanghai",)
    assert state.plain() == SearchState(q="eye shanghai", exact=True)
    assert state.plain().understood() == SearchState(q="eye shanghai")


def test_a_form_carries_what_it_does_not_show() -> None:
    state = SearchState(q="eye", city=("Beijing",), sort="date", page=4)
    assert state.hidden("city") == [("q", "eye"), ("sort", "date")]


@pytest.mark.parametrize(
    ("name", "value", "detail"),
    [
        ("page", "0", "'page' is a whole number from 1, not '0'."),
        ("page", "x", "'page' is a whole number from 1, not 'x'."),
        ("page", "-1", "'page' is a whole number from 1, not '-1'."),
        ("page", "²", "'page' is a whole number from 1, not '²'."),
        ("per_page", "1000", "'per_page' is at most 100, not 1000."),
        ("sort", "datee", "'sort' is one of relevance, title, date, not 'datee'. Did you mean 'date'?"),
        ("exact", "perhaps", "'exact' is 1 or 0, not 'perhaps'."),
    ],
)
def test_a_wrong_value_is_named_and_replaced(name: str, value: str, detail: str) -> None:
    parsed = parse({name: [value]})
    assert [(problem.parameter, problem.detail) for problem in parsed.problems] == [(name, detail)]
    assert parsed.state.page == 1
    assert parsed.state.sort == "relevance"


def test_a_page_number_of_any_length_is_only_past_the_end() -> None:
    assert parse({"page": ["9" * 4000]}).state.page == 10**9


def test_a_long_query_is_cut_and_the_page_says_so() -> None:
    parsed = parse({"q": ["x" * 5000]})
    assert len(parsed.state.q) == MAX_QUERY_CHARS
    assert parsed.problems[0].detail == "Only the first 600 characters were searched."


def test_values_of_a_facet_are_bounded() -> None:
    parsed = parse({"city": [str(number) for number in range(500)]})
    assert len(parsed.state.city) == MAX_VALUES
    assert parsed.problems[0].parameter == "city"


def test_unknown_parameters_are_overlooked_on_a_page_and_named_for_a_program() -> None:
    given_arguments = {"q": ["eye"], "utm_source": ["x"], "ctiy": ["Beijing"]}
    assert parse(given_arguments).problems == ()
    problems = {problem.parameter: problem.detail for problem in parse(given_arguments, strict=True).problems}
    assert set(problems) == {"utm_source", "ctiy"}
    assert problems["ctiy"].startswith("Unknown parameter 'ctiy'. Did you mean 'city'?")


def test_a_repeated_parameter_counts_once_on_a_page_and_is_named_for_a_program() -> None:
    assert parse({"q": ["a", "b"]}).state.q == "b"
    assert parse({"q": ["a", "b"]}, strict=True).problems[0].detail == "'q' may be given once, not 2 times."
    assert [problem.parameter for problem in unexpected({"q": ["a", "b"], "x": ["1"]}, ("q",))] == ["q", "x"]


@pytest.mark.parametrize(
    ("total", "per_page", "pages"),
    [(0, 10, 1), (1, 10, 1), (10, 10, 1), (11, 10, 2), (50_000, 10, 1000), (50_000, 99, 101), (MAX_WINDOW, 100, 100)],
)
def test_the_last_page_lies_inside_the_window(total: int, per_page: int, pages: int) -> None:
    assert last_page(total, per_page) == pages
    assert pages * per_page <= MAX_WINDOW or total == 0


def test_resolving_values_asks_for_every_facet() -> None:
    state = SearchState(city=("shanghai",), kind=("hospitals",))
    resolved = state.resolved(lambda facet, value: {"shanghai": "Shanghai", "hospitals": "hospital"}[value])
    assert resolved == SearchState(city=("Shanghai",), kind=("hospital",))
    assert all(resolved.values(facet) == () for facet in FACETS if facet not in ("city", "kind"))
