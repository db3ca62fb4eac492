"""Correct typing errors with the words of the index itself."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from indexer.engines import Lexicon
from search_app.by_ear import heard_names
from search_app.pinyin import is_pinyin
from search_app.sounding import MIN_SOUND, Correctable, sound_alike

MIN_CHARS = 4  # shorter words have too many neighbours
MIN_CHARS_FOR_TWO = 5  # letters a word needs before two slips are thinkable
MIN_SPLIT = 3  # letters of each half of a split word
MIN_SPLIT_LONG = 4  # letters of each known word around a small one
MAX_CHARS = 24  # longer words are not typing errors of anything; bounds the cost below
CANDIDATES = 12
SAME_SOUND = 0.6  # times the cost of slips that do not change how a word sounds
SOUNDS_SO = 0.9  # the most that such slips cost together, however many: "oftalmologia"
SOUND_ONLY = 0.6  # slips for each letter from which words that sound alike are others: "qwertyuiop", "karyotype"
HEARD = 0.3  # what a Chinese name costs that may have been heard, beside how far its spelling is from pinyin
FIRST_LETTER = 0.2  # what a slip in the first letter costs more, which people rarely miss
NAME = 0.95  # slip cost from which pinyin is another name and no error: "wenliang" is not Wenjiang
BEGINNING = 0.9  # what a word costs of which only the first letter is missing, which short ones may lack too: "iver"
COMMON = 0.05  # what a slip may cost more per unit of log(documents + 1): "hoptal" is hospital

Extra = Correctable | None
"""Words to correct to beside those of the index."""
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours() -> frozenset[tuple[str, str]]:
    near: set[tuple[str, str]] = set()
    for row_number, row in enumerate(_ROWS):
        for column, key in enumerate(row):
            for other_row in (row_number, row_number + 1):
                for other in (column - 1, column, column + 1):
                    if other_row < len(_ROWS) and 0 <= other < len(_ROWS[other_row]):
                        near |= {(key, _ROWS[other_row][other]), (_ROWS[other_row][other], key)}
    return frozenset(near)


_KEYS = _neighbours()
_VOWELS = frozenset("aeiouy")
# Letters that one ear or another takes for each other: Arabic has neither p nor v, Spanish says z as s and v as b.
_PAIRS = ("ck", "cs", "sz", "xs", "fv", "pb", "dt", "gk", "gj", "jy", "vw", "vb", "iy", "qk", "gh")
_ALIKE = frozenset(pair for each in _PAIRS for pair in (tuple(each), tuple(reversed(each))))


@lru_cache(maxsize=4096)
def slip_cost(typed: str, meant: str) -> float:
    """How unlikely it is to type one word for another: about 1 a slip, less for near keys, doubles, swaps, vowels."""
    rows = [[float(column) for column in range(len(meant) + 1)]]
    for i, a in enumerate(typed, 1):
        row = [float(i)]
        for j, b in enumerate(meant, 1):
            doubled_a = i > 1 and typed[i - 2] == a
            doubled_b = j > 1 and meant[j - 2] == b
            if a == b:
                swap = 0.0
            elif (a, b) in _ALIKE:
                swap = 0.65
            elif (a, b) in _KEYS or (a in _VOWELS and b in _VOWELS):
                swap = 0.75
            else:
                swap = 1.0
            best = min(
                rows[i - 1][j - 1] + swap,
                rows[i - 1][j] + (0.6 if doubled_a else 1.0),
                row[j - 1] + (0.6 if doubled_b else 0.9),  # a letter left out is commoner than one too many
            )
            if i > 1 and j > 1 and a == meant[j - 2] and typed[i - 2] == b and a != b:
                best = min(best, rows[i - 2][j - 2] + 0.7)
            row.append(best)
        rows.append(row)
    cost = rows[-1][-1]
    alike = sound_alike(typed, meant)
    if alike and cost <= SOUND_ONLY * len(typed):
        return min(cost * SAME_SOUND, SOUNDS_SO) if alike >= MIN_SOUND else cost * SAME_SOUND
    if typed[:1] != meant[:1] and (typed[:1], meant[:1]) not in _ALIKE:
        cost += FIRST_LETTER
    return cost


def may_be_wrong(word: str, protected: frozenset[str]) -> bool:
    """Whether a word that the index does not know may be taken for a typing error."""
    return MIN_CHARS <= len(word) <= MAX_CHARS and word.isascii() and word.isalpha() and word not in protected


def ranked_corrections(word: str, lexicon: Lexicon, extra: Extra, protected: frozenset[str]) -> tuple[str, ...]:
    """Words that may have been meant, likeliest first: by slips, sound, and how many documents have them."""
    return tuple(each.word for each in weighed_corrections(word, lexicon, extra, protected))


class Weighed(NamedTuple):
    """A word that may be meant: what that costs, about 1 a slip, less for words that many documents have.

    ``usual`` says that the slips are likely by themselves; of other words something else must speak for it.
    """

    cost: float
    word: str
    usual: bool


def weighed_corrections(
    word: str, lexicon: Lexicon, extra: Extra, protected: frozenset[str], more: float = 0.0
) -> list[Weighed]:
    """The same with what each costs; its slips may cost ``more`` than is likely."""
    if not may_be_wrong(word, protected):
        return []
    distance = 2 if len(word) >= MIN_CHARS_FOR_TWO else 1
    counts = {found: count for found, _, count in lexicon.similar(word, CANDIDATES, distance)}
    for found in (*(near for near, _ in extra.near(word, distance, CANDIDATES)), *extra.alike(word)) if extra else ():
        counts.setdefault(found, 2)
    allowed = 0.95 if len(word) <= 5 else 1.6 if len(word) <= 7 else 2.1  # in short words only likely slips
    is_name = is_pinyin(word)
    scored: dict[str, float] = {}
    unusual: set[str] = set()
    for found, count in counts.items():
        cost = BEGINNING if found[1:] == word else slip_cost(word, found)
        likely = allowed + COMMON * math.log1p(count)
        usual = cost < NAME if is_name else cost <= likely
        if (usual or (not is_name and cost <= likely + more)) and len(found) >= MIN_CHARS - 1 and found != word:
            scored[found] = cost - 0.1 * math.log1p(count)
            if not usual:
                unusual.add(found)
    for found, cost in heard(word, lexicon) if extra else ():
        scored[found] = min(cost, scored.get(found, cost))
        unusual.discard(found)
    return sorted(Weighed(cost, found, found not in unusual) for found, cost in scored.items())


def heard(word: str, lexicon: Lexicon) -> list[tuple[str, float]]:
    """Chinese names of the index that a word may be, written by ear, with what each costs."""
    found = ((name, cost, lexicon.exact_frequency(name)) for name, cost in heard_names(word))
    return [(name, HEARD + cost - 0.1 * math.log1p(count)) for name, cost, count in found if count]


def split_word(word: str, lexicon: Lexicon) -> tuple[str, str] | None:
    """Two known words that were typed without the space ("eyehospital"), the commonest pair; or None."""
    if not (2 * MIN_SPLIT <= len(word) <= MAX_CHARS and word.isascii() and word.isalpha()):
        return None
    best: tuple[int, str, str] | None = None
    for place in range(MIN_SPLIT, len(word) - MIN_SPLIT + 1):
        left, right = word[:place], word[place:]
        common = min(lexicon.exact_frequency(left), lexicon.exact_frequency(right))
        if common and (best is None or common > best[0]):
            best = (common, left, right)
    return None if best is None else best[1:]


def compound_meant(word: str, lexicon: Lexicon) -> tuple[str, ...] | None:
    """The parts of a compound of the index, typed with one slip ("daltahealth", "delthaealth"); or None."""
    if not (2 * MIN_CHARS <= len(word) <= MAX_CHARS and word.isascii() and word.isalpha()):
        return None
    for place in range(1, len(word)):
        for parts in lexicon.joined(word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :]):
            return parts
    for place in range(MIN_SPLIT, len(word) - MIN_SPLIT + 1):
        left, right = word[:place], word[place:]
        pairs: list[tuple[str, str]] = []
        if len(right) >= MIN_CHARS and lexicon.exact_frequency(right):
            pairs += [(found, right) for found, _, _ in lexicon.similar(left, CANDIDATES, 1)]
        if len(left) >= MIN_CHARS and lexicon.exact_frequency(left):
            pairs += [(left, found) for found, _, _ in lexicon.similar(right, CANDIDATES, 1)]
        for pair in pairs:
            if lexicon.joined("".join(pair)):
                return pair
    return None


def split_phrase(word: str, lexicon: Lexicon, joining: frozenset[str]) -> tuple[str, ...] | None:
    """Two known words with a small one between that were typed without any space ("hospitalforchildren"); or None."""
    if not (2 * MIN_SPLIT_LONG + 2 <= len(word) <= MAX_CHARS and word.isascii() and word.isalpha()):
        return None
    for place in range(MIN_SPLIT_LONG, len(word) - MIN_SPLIT_LONG - 1):
        for size in (3, 2):
            middle, right = word[place : place + size], word[place + size :]
            if middle in joining and len(right) >= MIN_SPLIT_LONG:
                left = word[:place]
                if lexicon.exact_frequency(left) and lexicon.exact_frequency(right):
                    return left, middle, right
    return None
