"""Words whose space is missing, too many or in the wrong place, and those that are right as they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from indexer.engines import Searcher
from indexer.engines.memory import MemoryEngine
from indexer.model import Document, Section
from search_app.recut import lost_spaces, moved_space
from search_app.understand import read

TEXT = (
    "Breast cancer. Heart bypass surgery. Hips and hip surgery. Liver transplant. Laser eye surgery. Egg freezing. "
    "Stem cell therapy, CAR-T cell therapy and T-cell therapy. An invoice for a visitor. His voice. "
    "Treatment of an injury. Kept in an open ward. Xiehe, Luohu and Tiantan in Beijing. "
    "Can certify copies. Live music. A clinic for pets."
)


@pytest.fixture(scope="module")
def index() -> Iterator[Searcher]:
    engine = MemoryEngine()
    with engine.rebuild() as writer:
        writer.put(Document("articles/a", "article", "Words", (Section("", "", TEXT),)))
    with engine.searcher() as searcher:
        yield searcher


@pytest.mark.parametrize(
    ("typed", "used"),
    [
        ("breas tcancer", "breast cancer"),
        ("hips urgery price", "hip surgery price"),
        ("live rtransplant", "liver transplant"),
        ("lase reye surgery", "laser eye surgery"),
        ("eg gfreezing", "egg freezing"),
        ("car tcell therapy", "cart cell therapy"),
        ("bei jingtiantan", "beijing tiantan"),
        ("openheartsurgery", "open heart surgery"),
        ("livertransplantclinic", "liver transplant clinic"),
        ("by pass", "bypass"),
        ("heart by pass", "heart bypass"),
        ("sye he hospital", "xiehe hospital"),
        ("wobblyteeth", "wobbly teeth"),  # words of the vocabulary that no page has
        ("childrenshospital", "childrens hospital"),
        ("beijingeye surgery", "beijing eye surgery"),
        ("can cer", "cancer"),
        ("luo hu", "luohu"),
    ],
)
def test_a_space_is_put_where_it_belongs(index: Searcher, typed: str, used: str) -> None:
    reading = read(typed, index.lexicon)
    assert reading.used == used
    assert reading.corrected
    assert read(typed, index.lexicon, correct=False).used == typed


@pytest.mark.parametrize(
    "typed",
    [
        "hip surgery",
        "can certify copies",
        "change in voice",
        "visitor or treatment",
        "visit or treatment",
        "live music",
        "who is he",
        "breas, tcancer",
        "livertransplantqqq",
    ],
)
def test_words_that_are_known_or_lead_nowhere_keep_their_spaces(index: Searcher, typed: str) -> None:
    assert not any(" " in used or " " in was for was, used in read(typed, index.lexicon).corrected)


def test_lo_wu_is_luohu_as_its_station_is_written(index: Searcher) -> None:
    assert index.search(read("lo wu", index.lexicon).query).total.value == 1


def test_the_commonest_words_in_the_fewest_parts_are_taken(index: Searcher) -> None:
    engine = MemoryEngine()
    with engine.rebuild() as writer:
        for number, text in enumerate(("one art herbal", "one arth erbal", "arth erbal onearth", "art herbal")):
            writer.put(Document(f"articles/{number}", "article", "", (Section("", "", text),)))
        writer.put(Document("articles/x", "article", "", (Section("", "", "herbal"),)))
    with engine.searcher() as searcher:
        assert moved_space("arthe", "rbal", searcher.lexicon) == ("art", "herbal")
        assert lost_spaces("oneartherbal", searcher.lexicon) == ("onearth", "erbal")
        assert lost_spaces("artherbalone", searcher.lexicon) == ("art", "herbal", "one")
    assert lost_spaces("x" * 40, index.lexicon) == ()
    assert moved_space("ab", "cd", index.lexicon) is None
