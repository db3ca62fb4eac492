"""Which stated question of a page is the one that was asked."""

from __future__ import annotations

import pytest

from indexer.model import Card, Hit, Question
from search_app.stated import asked
from search_app.understand import read
from search_app.words import default_words
from tests.searchable import searcher

QUESTIONS = (
    "How much does IVF cost in China?",
    "What do fertility drugs for IVF cost in China?",
    "Can a single woman have IVF in Turkey or China?",
    "Is surrogacy legal in China?",
    "When can I fly home after plastic surgery?",
)
HIT = Hit(1, 1.0, Card("articles/a", "article", "A", questions=tuple(Question(each, "s") for each in QUESTIONS)))


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("how much is ivf", 0),
        ("ivf price", 0),
        ("test tube baby price", 0),
        ("price of fertility drugs", 1),
        ("can a single woman have ivf", 2),
        ("is surrogacy legal", 3),
        ("fly home after plastic surgery", 4),
        ("ivf", None),  # one word is in many questions
        ("ivf visa", None),  # it says nothing of a visa
        ("surgery home", None),  # it asks for more than that
        ("china", None),
        ("", None),
    ],
)
def test_a_stated_question_is_the_one_that_has_all_that_was_asked(text: str, question: int | None) -> None:
    with searcher() as index:
        found = asked(read(text, index.lexicon).parts, [HIT], default_words().thesaurus.optional)
    assert found == ({} if question is None else {"articles/a": Question(QUESTIONS[question], "s")})
