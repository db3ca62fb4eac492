"""The words and names of a generation, for query understanding and suggestions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeVar

import numpy as np

from indexer.analysis import is_han
from indexer.engines import Lexicon
from indexer.engines.likeness import Alike, Likeness
from indexer.engines.whoosh_engine._segment import Segment
from indexer.meanings import default_meanings
from indexer.spelled import Spelled

T = TypeVar("T")

_LETTERS = 4  # behind a beginning, by which it is told whether a name goes on so
_SCANNED = 4096  # words looked at to find the most frequent ones with a prefix


class ColumnLexicon:
    """Words of all segments together; counts are upper bounds while a word stands in several forms."""

    def __init__(self, segments: list[Segment]) -> None:
        self._segments = segments
        self.frequency = lru_cache(maxsize=8192)(self._frequency)
        self.exact_frequency = lru_cache(maxsize=8192)(self._exact_frequency)
        self.joined = lru_cache(maxsize=8192)(self._joined)
        self.named = lru_cache(maxsize=8192)(self._named)
        self.starting = lru_cache(maxsize=2048)(self._starting)
        self.similar = lru_cache(maxsize=2048)(self._similar)
        self._led = lru_cache(maxsize=8)(self._by_what_follows)
        self.alike = lru_cache(maxsize=2048)(self._alike)
        self._likeness: Likeness | None = None
        self._words: Spelled | None = None

    def _frequency(self, term: str) -> int:
        return sum(s.frequency(number) for s in self._segments for number in s.dictionary.numbers(term, False))

    def _exact_frequency(self, term: str) -> int:
        """Live documents with this very form."""
        return sum(s.frequency(number) for s in self._segments for number in s.dictionary.numbers(term, True))

    def _joined(self, word: str) -> tuple[tuple[str, ...], ...]:
        """Term sequences that the corpus writes as one compound with these letters."""
        return tuple(dict.fromkeys(parts for s in self._segments for parts in s.joined(word)))

    def _named(self, key: str) -> tuple[str, ...]:
        """Ids of the documents with exactly this name key."""
        return tuple(sorted(s.ids[number] for s in self._segments for number in s.named(key)))

    def _starting(self, prefix: str, limit: int) -> tuple[tuple[str, int], ...]:
        """The most frequent words with a prefix."""
        found: dict[str, int] = {}
        for s in self._segments:
            numbers = s.terms.starting(prefix)
            counts = s.frequencies[numbers.start : numbers.stop]
            best = np.argsort(-counts, kind="stable")[: max(limit * 4, 32)]
            for each in best.tolist():
                if counts[each]:
                    word = s.terms[numbers.start + each]
                    found[word] = found.get(word, 0) + int(counts[each])
        return tuple(sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:limit])

    def _similar(self, word: str, limit: int, distance: int = 2) -> tuple[tuple[str, int, int], ...]:
        if self._words is None:
            words = {w for s in self._segments for w in s.terms if len(w) > 2 and w.isalpha() and not is_han(w)}
            self._words = Spelled(sorted(words))
        near = self._words.near(word, distance, max(limit * 4, 40))
        found = [(each, far, self._exact_frequency(each)) for each, far in near if each != word]
        found = [each for each in found if each[2]]
        return tuple(sorted(found, key=lambda each: (each[1], -each[2], each[0]))[:limit])

    def names_starting(self, prefix: str, limit: int) -> tuple[tuple[str, str], ...]:
        """Name keys with a prefix, with the id of their document."""
        found: list[tuple[str, str]] = []
        for s in self._segments:
            for number in list(s.names.starting(prefix))[:_SCANNED]:
                document = int(s.name_documents[number])
                if s.live[document]:
                    found.append((s.names[number], s.ids[document]))
        return tuple(sorted(found)[:limit])

    def leading_to_names(self, beginnings: tuple[str, ...], following: str) -> tuple[str, ...]:
        """Those beginnings that a name has before the first letters of ``following``, live or not."""
        if len(following) >= _LETTERS:
            return self._led(beginnings).get(following[:_LETTERS], ())
        return tuple([each for each in beginnings if any(s.names.starting(each + following) for s in self._segments)])

    def _by_what_follows(self, beginnings: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
        """Beginnings of names by the letters that follow them."""
        found: dict[str, dict[str, None]] = {}
        for s in self._segments:
            for beginning in beginnings:
                numbers = s.names.starting(beginning)
                place = numbers.start
                while place < numbers.stop:
                    following = s.names[place][len(beginning) :][:_LETTERS]
                    found.setdefault(following, {})[beginning] = None
                    whole = len(following) == _LETTERS  # then all names that go on so are passed over at once
                    place = s.names.starting(beginning + following).stop if whole else place + 1
        return {following: tuple(each) for following, each in found.items()}

    def _alike(self, words: tuple[str, ...]) -> Alike:
        """Articles that are like some words in meaning. The first to ask waits until their sections are read."""
        if self._likeness is None:
            meanings = default_meanings()
            pages = (page for s in self._segments for page in s.in_rows(("kind", "article"), meanings))
            self._likeness = Likeness(pages, meanings)
        return self._likeness.to(words)

    def batched(self, work: Callable[[Lexicon], T], /) -> T:
        """The result of work that asks this lexicon; its words are at hand, so each question is answered at once."""
        return work(self)
