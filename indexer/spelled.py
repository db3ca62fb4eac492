"""Find the words of a list that are a few slips from another one: by their letters first, then one by one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import extract


class Spelled:
    """Words in an order of their own, with what lets most of them be passed over at once."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(words)
        lengths = np.array([len(each) for each in self.words], np.int32)
        # Shortest first, so that those of about one length stand together.
        self._places = np.argsort(lengths, kind="stable").astype(np.int32)
        self._lengths = lengths[self._places]
        self._letters = _letters(self.words, lengths)[self._places]
        # By length, where the words of it start; those that are longer than all would start at the end.
        every = np.arange(max(map(len, self.words), default=0) + 2)
        self._starts: list[int] = np.searchsorted(self._lengths, every).tolist()

    def near(self, word: str, distance: int, limit: int) -> list[tuple[str, int]]:
        """At most ``limit`` words with how many slips they are from one, ``distance`` at most.

        A slip is a letter more, less, other, or swapped with the next one. Nearest first, then in the order of the
        words.
        """
        if not word or not self.words:
            return []
        length = len(word)
        longest = len(self._starts) - 1
        first = self._starts[min(max(length - distance, 0), longest)]
        last = self._starts[min(length + distance + 1, longest)]
        # A letter more or less changes the set of letters by one, another letter by two, and the length not at all.
        other = np.bitwise_count(self._letters[first:last] ^ _set_of(word))
        other += np.abs(self._lengths[first:last] - length).astype(np.uint8)
        places = self._places[first:last][other <= 2 * distance]
        likely = [self.words[place] for place in sorted(places.tolist())]
        found = extract(word, likely, scorer=OSA.distance, score_cutoff=distance, limit=limit)
        return [(each, int(far)) for each, far, _ in found]


def _set_of(word: str) -> np.uint32:
    """The letters of one word, as ``_letters`` has them."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) & 31)
    return np.uint32(bits)


def _letters(words: tuple[str, ...], lengths: np.typing.NDArray[np.int32]) -> np.typing.NDArray[np.uint32]:
    """The letters of each word as a set of 32 bits, in which letters far apart in Unicode may share one."""
    if not all(lengths):
        raise ValueError("an empty word has no letters")
    letters = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), np.uint32)
    starts = np.cumsum(lengths) - lengths
    bits = np.left_shift(np.uint32(1), letters & 31)
    return np.bitwise_or.reduceat(bits, starts) if words else bits
