"""The queries that are timed: six classes, drawn from the documents themselves with a seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.speed.samples import BREAK, SEED, Sample, settled
from indexer.analysis import terms
from indexer.model import And, FacetIs, Node, Not, Or, Phrase, Query, Term

CLASSES = ("one word", "all of two", "any of three", "phrase", "one without other", "two in a city")
PER_CLASS = 20
MOST_DRAWS = 100_000  # of one class; a small collection may not have so many different questions
COMMON = 0.3  # share of documents above which a word is one that nobody types ("the")
# Least share of documents that a word has, by mix. Judged queries match 9% of our corpus at the median (names, phrases and
# operators left out, 15%), since all of it is about one field; words drawn from running text match far fewer.
MIXES = {"any words": 0.0, "words of the field": 0.05}
FACETS = ("city", "specialty", "topic")
LIMIT = 10


@dataclass(frozen=True, slots=True)
class Question:
    """One query in words; ``kind`` is one of ``CLASSES``, and says how the words belong together."""

    kind: str
    words: tuple[str, ...]
    city: str = ""


def draw(samples: Sequence[Sample], per_class: int = PER_CLASS, least: float = 0.0) -> tuple[Question, ...]:
    """Questions whose words stand together in a document, so that most of them find something.

    Words are drawn from running text, common ones left out, so frequent and rare words come as often as people meet
    them, from ``least`` (share of the documents) up. Words that are also a facet value are left out too: ours finds a
    document by those.
    """
    rng = np.random.default_rng(SEED)
    seen = samples[:: max(1, len(samples) // 2000)]
    bodies = [sample.body.split() for sample in seen]
    frequency = Counter(word for body in bodies for word in set(body))
    labels = {settled(term) for sample in seen for facet in FACETS for term in terms(getattr(sample, facet))}
    unfit = (
        labels
        | {BREAK}
        | {word for word, count in frequency.items() if not least <= count / len(seen) <= COMMON or len(word) < 3}
    )
    questions: dict[Question, None] = {}
    for kind in CLASSES:
        wanted = len(questions) + per_class
        for _ in range(MOST_DRAWS):
            if len(questions) == wanted:
                break
            row = int(rng.integers(0, len(seen)))
            body = bodies[row]
            at = int(rng.integers(0, max(len(body) - 1, 1)))
            if kind == "phrase":
                words = tuple(body[at : at + 2])
                if len(words) < 2 or labels & {*words} or ({*words} & unfit if least else {*words} <= unfit):
                    continue
            else:
                near = [word for word in dict.fromkeys(body[at : at + 40]) if word not in unfit]
                count = {"one word": 1, "any of three": 3}.get(kind, 2)
                if len(near) < count:
                    continue
                words = tuple(near[:count])
            questions[Question(kind, words, seen[row].city if kind == "two in a city" else "")] = None
    return tuple(questions)


def our_query(question: Question) -> Query:
    """The question as a query tree, as the site would make it of typed words."""
    words = tuple(Term(word) for word in question.words)
    root: Node
    if question.kind == "phrase":
        root = Phrase(question.words)
    elif question.kind == "any of three":
        root = Or(words)
    elif question.kind == "one without other":
        root = And((words[0], Not(words[1])))
    elif question.city:
        root = And((*words, FacetIs("city", question.city)))
    else:
        root = words[0] if len(words) == 1 else And(words)
    return Query(root, facets=FACETS, limit=LIMIT)
