"""Which of the questions that a page says it answers is the one that was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from indexer.analysis import stem, terms
from indexer.model import And, Card, Concept, Hit, Node, Or, Phrase, Question, Term
from search_app.markup import tells
from search_app.reading import Part

FEWEST = 2  # wanted things; one word alone is in many questions
SPARE = 5  # of so many wanted things one may be missing
SHARE = 0.6  # of the words of a question that must be among what is wanted
LEAST_WEIGHT = 0.75  # of another way to say a thing: with less it is only related

Asked = dict[str, Question]
Ways = list[frozenset[str]]  # to say one thing, each as stems
Optional = Callable[[str], bool]  # whether a word need not stand on a page


def asked(parts: Iterable[Part], hits: Iterable[Hit], optional: Optional) -> Asked:
    """By the id of its document, the stated question that is closest to what was read; none where none is close.

    A question is close when it has, in some wording, all that is wanted (or all but one of ``SPARE``), and asks little
    beyond that. ``optional`` is that of the vocabulary.
    """
    stated = [hit.card for hit in hits if hit.card.questions]
    if not stated:
        return {}
    read = tuple(parts)
    wanted = [list(_ways(part.node)) for part in read if _is_wanted(part)]
    if len(wanted) < FEWEST:
        return {}
    typed = frozenset(stem(term) for part in read for term in terms(part.words))
    found = ((card.doc_id, _closest(card, wanted, typed, optional)) for card in stated)
    return {doc_id: question for doc_id, question in found if question is not None}


def _is_wanted(part: Part) -> bool:
    """Whether a part says what is asked: a wanted word, or several small ones together ("how much")."""
    return part.role == "word" or (part.role == "optional" and " " in part.words.strip())


def _ways(node: Node) -> Iterable[frozenset[str]]:
    """The ways to say one thing, as stems."""
    if isinstance(node, And | Or):
        for child in node.children:
            yield from _ways(child)
    elif isinstance(node, Concept):
        for member in node.members:
            if isinstance(member, Term | Phrase) and member.weight >= LEAST_WEIGHT and "label" not in member.fields:
                yield frozenset(map(stem, member.terms if isinstance(member, Phrase) else (member.text,)))


def _closest(card: Card, wanted: list[Ways], typed: frozenset[str], optional: Optional) -> Question | None:
    """The question of a document that says what is wanted and asks the least beyond it; or none."""
    having = _having(card, optional)
    lacking = [-1] * (len(wanted) // SPARE + 1)  # questions, as bits, that lack at most so many wanted things
    for ways in wanted:
        says = 0
        for way in ways:
            both = -1
            for each in way:
                both &= having.get(each, 0)
            says |= both
        # One more may be lacked by whoever lacked one less.
        lacking = [(bits & says) | (lacking[place - 1] if place else 0) for place, bits in enumerate(lacking)]
        if not lacking[-1]:
            return None
    best: Question | None = None
    most = SHARE
    for place, question in enumerate(card.questions):
        if lacking[-1] >> place & 1:
            stems, telling = _words(question.text, optional)
            known = typed.union(*[way for ways in wanted for way in ways if way <= stems])
            share = len(known & telling) / max(len(telling), 1)
            if share > most or (share == most and best is None):
                best, most = question, share
    return best


@lru_cache(maxsize=4096)
def _having(card: Card, optional: Optional) -> dict[str, int]:
    """Which questions of a document have a stem: one bit for each, the first question the lowest."""
    found: dict[str, int] = {}
    for place, question in enumerate(card.questions):
        for each in _words(question.text, optional)[0]:
            found[each] = found.get(each, 0) | 1 << place
    return found


@lru_cache(maxsize=8192)
def _words(text: str, optional: Optional) -> tuple[frozenset[str], frozenset[str]]:
    """The stems of a question, and those of them that tell what it asks."""
    found = terms(text)
    telling = frozenset(stem(each) for each in found if tells(each) and not optional(each))
    return frozenset(map(stem, found)), telling
