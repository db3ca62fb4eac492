"""Words a few slips apart: passing over by letters loses none that comparing all of them finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from indexer.spelled import Spelled

# Few letters, so that many words are close; a and ! share a bit of the set, as do é and I.
WORDS = st.text("abcé!Iß", min_size=1, max_size=7)


@given(st.lists(WORDS, max_size=40), WORDS, st.integers(0, 3), st.integers(1, 12))
def test_words_are_those_that_comparing_all_of_them_finds(
    words: list[str], typed: str, distance: int, limit: int
) -> None:
    far = [(OSA.distance(typed, each), place) for place, each in enumerate(words)]
    nearest = sorted(each for each in far if each[0] <= distance)[:limit]
    assert Spelled(words).near(typed, distance, limit) == [(words[place], slips) for slips, place in nearest]


def test_nothing_is_near_where_there_is_nothing() -> None:
    assert Spelled(()).near("eye", 2, 5) == []
    assert Spelled(("eye",)).near("", 2, 5) == []
