"""Places in national lists: how a fact words them, and that the corpus words each so that a program can read it."""

from __future__ import annotations

from collections import Counter

import pytest

from indexer.model import NATIONAL_LISTS
from indexer.placings import ALL, Placing, placing_of
from search_app.strengths import default_strengths
from tests.real_corpus import real_engine


def test_a_place_is_read_from_its_words() -> None:
    assert placing_of("Eye disease: joint 2nd (reputation, Fudan list for 2021)") == Placing(
        "Eye disease", 2, "joint 2nd", "Fudan list for 2021", 2021, True
    )
    assert placing_of("All hospitals: 100th (Fudan list for 2021)") == Placing(
        ALL, 100, "100th", "Fudan list for 2021", 2021, False
    )


@pytest.mark.parametrize(
    "value",
    [
        "Eye disease: 2nd",
        "Eye disease: 0th (Fudan list for 2021)",
        "2nd (Fudan list for 2021)",
        "Eyes: 2nd (Fudan list)",
    ],
)
def test_other_words_are_no_place(value: str) -> None:
    assert placing_of(value) is None


def test_every_place_on_our_pages_is_read_has_sources_and_is_held_by_one() -> None:
    with real_engine().searcher() as opened:
        facts = [each for page in opened.documents() for each in page.facts if each.name == NATIONAL_LISTS]
    placings = [placing_of(each.value) for each in facts]
    assert len(facts) > 150
    assert [each.value for each, placing in zip(facts, placings, strict=True) if not (placing and each.sources)] == []
    found = [each for each in placings if each]
    assert {each.of for each in found} == {ALL, *default_strengths().listed}
    held = Counter((each.of, each.place) for each in found if not each.nth.startswith("joint"))
    assert [key for key, count in held.items() if count > 1] == []
    assert max(each.place for each in found if each.reputation) <= 10
