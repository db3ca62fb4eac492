"""The questions that pages answer, as one types."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice

from indexer.analysis import name_key, stem
from indexer.model import Question
from search_app.markup import tells
from search_app.thesaurus import ONE_WAY, Thesaurus

MAX_KEPT = 20_000  # questions; beyond it those of the first documents are offered
MAX_WORDS = 64  # that a beginning may stand for
MAX_RANKED = 200  # questions looked at for one keystroke
LEAST = 2  # letters of a beginning
FEWEST_TERMS = 2  # typed; one word is the beginning of a name

Numbers = frozenset[int]
_NONE: Numbers = frozenset()


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions of one generation, each once; ``stems`` and ``words`` have the numbers of those with a word.

    ``words`` are the telling ones, sorted; ``having[i]`` belongs to ``words[i]``.
    """

    stated: tuple[tuple[str, Question], ...]  # id of the document, and its question
    terms: tuple[tuple[str, ...], ...]
    stems: Mapping[str, Numbers]
    words: tuple[str, ...]
    having: tuple[Numbers, ...]


def collect(found: Iterable[tuple[str, Question]], thesaurus: Thesaurus) -> Questions:
    """Questions with the ids of their documents, ready to be completed; of two that say the same the first is kept."""
    kept: dict[str, tuple[str, Question]] = {}
    for doc_id, question in found:
        if len(kept) == MAX_KEPT:
            break
        kept.setdefault(name_key(question.text), (doc_id, question))
    words: dict[str, set[int]] = {}
    stems: dict[str, set[int]] = {}
    for number, key in enumerate(kept):
        for term in key.split():
            if _telling(term, thesaurus):
                words.setdefault(term, set()).add(number)
            stems.setdefault(stem(term), set()).add(number)
    ordered = sorted(words)
    return Questions(
        tuple(kept.values()),
        tuple(tuple(key.split()) for key in kept),
        {each: frozenset(numbers) for each, numbers in stems.items()},
        tuple(ordered),
        tuple(frozenset(words[word]) for word in ordered),
    )


def beginning(
    typed: Sequence[str], questions: Questions, thesaurus: Thesaurus, limit: int
) -> list[tuple[str, Question]]:
    """The questions that typed terms may become, each with its document: those with all telling ones, best first.

    The last term may be the beginning of a word; small words only help to choose.
    """
    if len(typed) < FEWEST_TERMS or not questions.stated:
        return []
    *before, last = typed
    found: Numbers | None = None
    for term in before:
        if _telling(term, thesaurus):
            numbers = _saying(term, questions, thesaurus)
            found = numbers if found is None else found & numbers
    telling = _telling(last, thesaurus)
    if len(last) >= LEAST and (telling or found is None):
        numbers = _starting(last, questions) | (_saying(last, questions, thesaurus) if telling else _NONE)
        found = numbers if found is None else found & numbers
    if not found:
        return []
    wanted = frozenset(typed)

    def rank(number: int) -> tuple[bool, int, int, int]:
        own = questions.terms[number]
        begins = own[: len(before)] == tuple(before) and own[len(before) :][:1] and own[len(before)].startswith(last)
        return not begins, -len(wanted.intersection(own)), len(own), number

    best = nsmallest(limit, islice(sorted(found), MAX_RANKED), key=rank)
    return [questions.stated[number] for number in best]


def _telling(term: str, thesaurus: Thesaurus) -> bool:
    return tells(term) and not thesaurus.optional(term)


def _saying(term: str, questions: Questions, thesaurus: Thesaurus) -> Numbers:
    """Questions with a word, in any form, or with another single word for it."""
    stems = questions.stems
    found = stems.get(stem(term), _NONE)
    for other in thesaurus.synonyms((term,)):
        if len(other.terms) == 1 and other.relation not in ONE_WAY:
            found |= stems.get(stem(other.terms[0]), _NONE)
    return found


def _starting(prefix: str, questions: Questions) -> Numbers:
    found: set[int] = set()
    place = bisect_left(questions.words, prefix)
    for at in range(place, min(place + MAX_WORDS, len(questions.words))):
        if not questions.words[at].startswith(prefix):
            break
        found |= questions.having[at]
    return frozenset(found)
