"""How words sound, and which words of a list sound like one: in English, and as other languages spell the same word."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property, lru_cache

from indexer.spelled import Spelled

MIN_SOUND = 4  # consonants of words that may be told by them alone, however else they are spelled
MIN_KEY = 3  # consonants of words whose vowels may differ
_RULES = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        # endings of the same words in Spanish, Portuguese, Italian, French and Russian
        (r"a(?:cion|zione|cao|ciya|tsiya|tsia|cia|cija)$", "ation"), (r"(?:oz|ose|osi|oza)$", "osis"),
        (r"idad$", "ity"), (r"(?<=...)ite?$", "itis"),
        (r"^(?:kn|gn|pn)", "n"), (r"^wr", "r"), (r"^ps", "s"), (r"^x", "s"), (r"^rh", "r"), (r"ph", "f"), (r"gh", "g"),
        (r"tch", "ch"), (r"ti(?=[oa])", "sh"), (r"c(?=[eiy])", "s"), (r"ck|qu?|c(?!h)", "k"),
        (r"x", "ks"), (r"z", "s"), (r"(?<=[^t])ts", "s"), (r"ae|oe", "e"), (r"dge|j", "g"),
    )
)  # fmt: skip
_AFTER = tuple((re.compile(pattern), sound) for pattern, sound in ((r"(?<=[a-z])h", ""), (r"(.)\1+", r"\1")))
_VOWELS = re.compile(r"(?<=.)[aeiouyw]+")


@lru_cache(maxsize=4096)
def said(word: str) -> frozenset[str]:
    """How a word may be said, vowels as they are written: with ``ch`` as in church, and as in stomach."""
    for pattern, replacement in _RULES:
        word = pattern.sub(replacement, word)
    ways = {word.replace("sch", "sh"), word.replace("sch", "sk").replace("ch", "k")} if "ch" in word else {word}
    for pattern, replacement in _AFTER:
        ways = {pattern.sub(replacement, way) for way in ways}
    return frozenset(ways)


@lru_cache(maxsize=4096)
def sounds(word: str) -> frozenset[str]:
    """Keys that words which sound alike share: their consonants, and all letters of words with few of them."""
    return frozenset(key if len(key) >= MIN_KEY else way for way in said(word) for key in (_VOWELS.sub("", way),))


def sound_alike(one: str, other: str) -> int:
    """How many consonants two words have that may sound the same; 0 where they do not."""
    return max(map(len, sounds(one) & sounds(other)), default=0)


class Correctable:
    """Words that a typing error may have meant, found by their letters and by their sound."""

    def __init__(self, words: Iterable[str]) -> None:
        self._spelled = Spelled(words)
        self.words = self._spelled.words
        self.near = self._spelled.near

    def alike(self, word: str) -> tuple[str, ...]:
        """The words that sound like one."""
        keys = sounds(word) if len(word) <= MIN_KEY + 1 else [key for key in sounds(word) if len(key) >= MIN_SOUND]
        return tuple(dict.fromkeys(each for key in keys for each in self.by_sound.get(key, ())))

    @cached_property
    def by_sound(self) -> dict[str, list[str]]:
        """The words by each of their keys; made when it is first asked for."""
        found: dict[str, list[str]] = {}
        for word in self.words:
            for key in sounds(word):
                found.setdefault(key, []).append(word)
        return found
