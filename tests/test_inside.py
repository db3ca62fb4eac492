"""The profile of a search, on a small index: it must time the searches that the benchmark times, and change none."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.speed.inside import PARTS, parts
from benchmarks.speed.peers import Ours
from benchmarks.speed.questions import Question
from benchmarks.speed.samples import Sample
from indexer.engines import open_durable
from indexer.engines.whoosh_engine import _answer
from indexer.model import Document, Section

QUESTIONS = (
    Question("one word", ("hip",)),
    Question("any of three", ("hip", "knee", "eye")),
    Question("phrase", ("knee", "pain")),
    Question("two in a city", ("knee", "pain"), "Beijing"),
)


@pytest.fixture
def ours(tmp_path: Path) -> Ours:
    """The engine on six documents."""
    engine = Ours()
    texts = ("hip pain", "knee pain", "knee and hip", "eye pain", "knee pain at night", "hip")
    engine.build(
        [Sample(f"articles/{n}", f"title {n}", text, "Beijing", "Bones", "Costs") for n, text in enumerate(texts)],
        tmp_path,
    )
    engine.open(tmp_path)
    return engine


def test_every_part_takes_time(ours: Ours) -> None:
    """Each of the parts is in the profile; those that Python does cannot take no time at all."""
    spent = parts(ours, QUESTIONS)
    assert tuple(spent) == PARTS
    assert all(spent[part] > 0 for part in PARTS if part not in ("a close look at the best", "cutting snippets out"))


def test_answers_stay_what_they_are(ours: Ours) -> None:
    """Doing the stages of a search again leaves nothing behind, and the loops are themselves afterwards."""
    loops, before = _answer.answer, [ours.ask(question) for question in QUESTIONS]
    parts(ours, QUESTIONS)
    assert _answer.answer is loops
    assert [ours.ask(question) for question in QUESTIONS] == before
    assert before[0].total == 3


def test_several_segments_have_no_profile(ours: Ours, tmp_path: Path) -> None:
    """They are searched stage by stage, with work in between that these parts do not say."""
    with open_durable(f"whoosh:{tmp_path}").update() as writer:
        writer.put(Document("articles/new", "article", "new", (Section("", "", "hip and eye", 0),)))
    ours.open(tmp_path)
    assert parts(ours, QUESTIONS) == {}
