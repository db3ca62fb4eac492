"""Look closely at the hits that a cluster returned: bonuses, sections, snippets and reasons, as the embedded engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.analysis import BREAK, FIELDS, stem
from indexer.engines.excerpts import WINDOW, snippet_texts
from indexer.engines.inspection import inspect
from indexer.engines.opensearch_engine._blob import Packed
from indexer.engines.opensearch_engine._plan import Plan
from indexer.marks import token_marks
from indexer.model import Phrase, Snippet
from indexer.ranking import Ranking
from indexer.token_stream import LENGTH_BITS, LONGEST

Array = npt.NDArray[Any]
OTHER, BETWEEN = 0, -1  # numbers of terms that no word of the query stands for, and of breaks
MAX_TRACED = 63  # words whose matches are told apart; further ones share the last bit


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in one hit: its bonus, the words that it has as bits, its best section, its snippet."""

    bonus: float
    words: int
    shown: list[int]
    spans: list[list[int]]
    text: str

    def snippet(self) -> Snippet:
        """The part of the document's text to show."""
        return Snippet(self.text, tuple([(low, high) for low, high in self.spans[: self.shown[-1]]]))


def look(plan: Plan, hits: list[Packed], ranking: Ranking) -> list[Seen]:
    """Look at some hits, in their order."""
    if not hits:
        return []
    numbers = {form: number for number, form in enumerate(plan.owners, 1)}
    numbers[BREAK] = BETWEEN
    roles = np.zeros(len(plan.owners) + 1, np.int16)
    for form, word in plan.owners.items():
        roles[numbers[form]] = min(word, MAX_TRACED) + 1
    sizes = [len(hit.terms) for hit in hits]
    ends = np.zeros(len(hits) + 1, np.int64)
    np.cumsum(sizes, out=ends[1:])
    find = numbers.get
    tokens = np.array([find(term, OTHER) for hit in hits for term in hit.terms], np.int32)
    section_ends = np.zeros(len(hits) + 1, np.int32)
    np.cumsum([len(hit.sections) for hit in hits], out=section_ends[1:])
    lengths = np.concatenate([hit.lengths for hit in hits])
    starts, fields = np.concatenate([hit.starts for hit in hits]), np.concatenate([hit.fields for hit in hits])
    marked = token_marks(starts, (lengths & LONGEST).astype(np.int32), lengths >> LENGTH_BITS, fields, ends)
    places = _occurrences(plan, hits)
    bonus = np.empty(len(hits), np.float64)
    words = np.empty(len(hits), np.uint64)
    shown = np.empty((len(hits), 6), np.int64)
    spans = np.empty((len(hits), WINDOW, 2), np.int32)
    text_ends = np.zeros(len(hits) + 1, np.int64)
    np.cumsum([len(hit.text) for hit in hits], out=text_ends[1:])
    cut = inspect(
        np.arange(len(hits), dtype=np.int32),
        _fixed(np.array([ranking.prior(hit.card.doubt) for hit in hits], np.float32)),
        _fixed(tokens), _fixed(ends), *map(_fixed, marked),
        _fixed(np.array([hit.title_end for hit in hits], np.int32)),
        _fixed(np.concatenate([hit.sections for hit in hits])), _fixed(section_ends),
        np.frombuffer(b"".join([hit.text for hit in hits]), np.uint8), _fixed(text_ends),
        roles, np.array(plan.word_leaf or [0], np.int64), np.array(_worth(plan) or [0], np.float64),
        np.array([leaf.idf for leaf in plan.leaves], np.float64),
        np.array([leaf.place for leaf in plan.leaves], np.int64),
        *places,
        plan.total_idf, ranking.title_coverage, ranking.title_fill, ranking.adjacency,
        np.zeros(max(sizes) + 1, np.int64), bonus, words, shown, spans,
    )  # fmt: skip
    texts = snippet_texts(cut)
    return list(map(Seen, bonus.tolist(), words.tolist(), shown.tolist(), spans.tolist(), texts))


def _worth(plan: Plan) -> list[float]:
    """What each word counts where a part of a text is chosen to be shown."""
    return [plan.leaves[leaf].idf * word.weight for word, leaf in zip(plan.words, plan.word_leaf, strict=True)]


def _fixed(array: Array) -> Array:
    # The loop is compiled for read-only arrays, as the embedded engine maps them; other ones would compile it again.
    array.setflags(write=False)
    return array


def _occurrences(plan: Plan, hits: list[Packed]) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Where the phrases of a query stand: word, first and end row, then hit and place per row, and lengths."""
    words: list[int] = []
    bounds = [0]
    documents: list[int] = []
    positions: list[int] = []
    lengths: list[int] = []
    for number, word in enumerate(plan.words):
        if not isinstance(word, Phrase) or not word.terms:
            continue
        for row, hit in enumerate(hits):
            found = places_of(word, hit)
            documents += [row] * len(found)
            positions += found
        words.append(min(number, MAX_TRACED - 1))
        bounds.append(len(documents))
        lengths.append(len(word.terms))
    return (
        np.array(words, np.int64),
        np.array(bounds[:-1], np.int64),
        np.array(bounds[1:], np.int64),
        np.array(documents, np.int32),
        np.array(positions, np.int32),
        np.array(lengths, np.int64),
    )


def places_of(word: Phrase, hit: Packed) -> list[int]:
    """Where a phrase begins in a hit, in order."""
    wanted = word.terms if word.exact else tuple(map(stem, word.terms))
    terms = hit.terms if word.exact else hit.stems
    fields = {FIELDS.index(each) for each in word.fields} if word.fields else None
    found: list[int] = []
    at = -1
    while (at := _next(terms, wanted[0], at + 1)) >= 0:
        if tuple(terms[at : at + len(wanted)]) == wanted and (fields is None or int(hit.fields[at]) in fields):
            found.append(at)
    return found


def _next(terms: list[str], term: str, start: int) -> int:
    try:
        return terms.index(term, start)
    except ValueError:
        return -1
