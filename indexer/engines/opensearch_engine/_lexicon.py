"""The words and names of a generation, from the index that stands beside its documents, in few round trips."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, TypeVar

from indexer.analysis import stem
from indexer.engines import Lexicon
from indexer.engines.likeness import Alike, Likeness
from indexer.engines.opensearch_engine._alike import read_likeness
from indexer.engines.opensearch_engine._cluster import Cluster
from indexer.engines.opensearch_engine._lookups import (
    EXPANSION,
    JOINED,
    NAMED,
    NAMES,
    PREFIX,
    SIMILAR,
    STARTING,
    STEM,
    TERM,
    Asked,
    Forms,
    Lookup,
    searches_for,
)

T = TypeVar("T")

KEPT = 1 << 17  # answers that a process remembers of one generation; most are empty
ROUNDS = 8  # of guessing; a search with errors in typing takes four or five
DEAR = frozenset((SIMILAR, STARTING, NAMES))  # kinds that walk through many words: only asked when nothing else is open


class _Words(ABC):
    """A lexicon over single lookups."""

    @abstractmethod
    def look_up(self, lookup: Lookup) -> Any:
        """What is known of one thing; None if it is not known yet."""

    def forms(self, root: str) -> Forms:
        """The most frequent words of a stem."""
        return (self.look_up((STEM, root)) or ()) if root else ()

    def expanded(self, prefix: str) -> Forms:
        """The most frequent words that start with a prefix."""
        return (self.look_up((PREFIX, prefix)) or ()) if prefix else ()

    def frequency(self, term: str) -> int:
        """Live documents with the term or another form of its stem, each form counted."""
        return sum(count for _, count in self.forms(stem(term)))

    def exact_frequency(self, term: str) -> int:
        """Live documents with this very form."""
        forms = dict(self.forms(stem(term)))
        if len(forms) > EXPANSION and term not in forms:
            return self.look_up((TERM, term)) or 0
        return forms.get(term, 0)

    def joined(self, word: str) -> tuple[tuple[str, ...], ...]:
        """Term sequences that the corpus writes as one compound with these letters."""
        return self.look_up((JOINED, word)) or ()

    def named(self, key: str) -> tuple[str, ...]:
        """Ids of the documents that have exactly this name."""
        return (self.look_up((NAMED, key)) or ()) if key else ()

    def starting(self, prefix: str, limit: int) -> Forms:
        """The most frequent words with a prefix."""
        return self.look_up((STARTING, prefix, limit)) or ()

    def similar(self, word: str, limit: int, distance: int = 2) -> tuple[tuple[str, int, int], ...]:
        """Words within an edit distance of at most two, nearest first."""
        return (self.look_up((SIMILAR, word, limit, distance)) or ()) if word and limit > 0 else ()

    def names_starting(self, prefix: str, limit: int) -> tuple[tuple[str, str], ...]:
        """Name keys with a prefix, with the id of their document."""
        return self.look_up((NAMES, prefix, limit)) or ()

    def leading_to_names(self, beginnings: tuple[str, ...], following: str) -> tuple[str, ...]:
        """All of the beginnings: a walk through names costs a cluster more than to be asked for many of them."""
        return beginnings

    @abstractmethod
    def alike(self, words: tuple[str, ...]) -> Alike:
        """Articles that are like some words in meaning."""

    def batched(self, work: Callable[[Lexicon], T], /) -> T:
        """The result of work that asks this lexicon."""
        return work(self)


class ClusterLexicon(_Words):
    """Words and names of one generation. What was asked once is remembered: a generation never changes."""

    def __init__(self, cluster: Cluster, documents: str, words: str, articles: int) -> None:
        self._cluster = cluster
        self._documents = documents
        self._words = words
        self._articles = articles
        self._known: dict[Lookup, Any] = {}
        self._likeness: Likeness | None = None
        self._reading = Lock()

    def alike(self, words: tuple[str, ...]) -> Alike:
        """Articles that are like some words in meaning. The first to ask reads them all; others wait for it."""
        with self._reading:
            if self._likeness is None:
                self._likeness = read_likeness(self._cluster, self._documents, self._articles)
        return self._likeness.to(words)

    def look_up(self, lookup: Lookup) -> Any:
        """What the cluster knows of one thing."""
        found = self._known.get(lookup)
        return self._ask((lookup,))[lookup] if found is None else found

    def remembered(self, lookup: Lookup) -> Any:
        """What was asked before; None if it was not."""
        return self._known.get(lookup)

    def learn(self, lookups: Iterable[Lookup]) -> None:
        """Look up what is not known yet in one round trip, or two where one thing fills a page."""
        if missing := [each for each in lookups if each not in self._known]:
            self._ask(missing)

    def _ask(self, lookups: Iterable[Lookup]) -> dict[Lookup, Any]:
        found: dict[Lookup, Any] = {}
        todo = searches_for(lookups)
        while todo:
            answers = iter(self._cluster.searches([(self._index(each), body) for each in todo for body in each.bodies]))
            apart: list[Lookup] = []
            for each in todo:
                read = each.read([next(answers) for _ in each.bodies])
                if read is None:
                    apart += each.lookups
                else:
                    found |= read
            todo = [single for lookup in apart for single in searches_for((lookup,))]
        if len(self._known) + len(found) > KEPT:
            self._known = {}
        self._known |= found
        return found

    def _index(self, asked: Asked) -> str:
        return self._documents if asked.of_documents else self._words

    def fetch(self, stems: Iterable[str], prefixes: Iterable[str]) -> None:
        """Learn all forms of some stems and prefixes in one round trip, so that asking for each costs nothing."""
        self.learn([*((STEM, each) for each in stems if each), *((PREFIX, each) for each in prefixes if each)])

    def batched(self, work: Callable[[Lexicon], T], /) -> T:
        """The result of work that asks this lexicon, in a few round trips instead of one for each question.

        The work is done with guesses (nothing is known), which shows what it asks; that is looked up together, and the
        work done again, until it asks nothing new.
        """
        for _ in range(ROUNDS):
            guess = _Guess(self)
            result = work(guess)
            if not guess.open:
                return result
            self.learn([each for each in guess.open if each[0] not in DEAR] or guess.open)
        return work(self)


class _Guess(_Words):
    """Answers with what is remembered, otherwise with nothing, and notes what that was."""

    def __init__(self, lexicon: ClusterLexicon) -> None:
        self._lexicon = lexicon
        self.open: dict[Lookup, None] = {}

    def alike(self, words: tuple[str, ...]) -> Alike:
        """The articles themselves: once read they cost no round trip."""
        return self._lexicon.alike(words)

    def look_up(self, lookup: Lookup) -> Any:
        """What is remembered."""
        found = self._lexicon.remembered(lookup)
        if found is None:
            self.open[lookup] = None
        return found
