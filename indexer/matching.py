"""Find the words of facet values in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

from indexer.taxonomy import PlaceGuard, Taxonomy, Value

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_BETWEEN = 4  # words that may stand between a city and "University": "Shanghai University of Traditional Chinese …"


@dataclass(frozen=True, slots=True)
class Match:
    """A facet value that a text speaks of: the words, and where they stand in it."""

    value: str
    words: str
    start: int


class _Finder:
    """Words of one value, compiled when a text may have any of them: all of them at once would take half a second."""

    def __init__(self, value: Value) -> None:
        self.value = value
        self._specific = (value.label, value.label_zh, *value.words)
        districts = tuple(f"{name} {kind}" for name in value.districts for kind in ("District", "New Area", "County"))
        han = tuple(f"{name}区" for name in value.districts)
        self._anywhere = (*self._specific, *value.clues, *districts, *han)
        self.needles = tuple(dict.fromkeys(map(_needle, self._anywhere)))

    @cached_property
    def anywhere(self) -> re.Pattern[str]:
        """Any of the words."""
        return _words(self._anywhere)

    @cached_property
    def specific(self) -> re.Pattern[str]:
        """Any of the words that are not clues only."""
        return _words(self._specific)

    @cached_property
    def unless(self) -> re.Pattern[str] | None:
        """Where none of the words counts."""
        return _words(self.value.unless) if self.value.unless else None


class Matcher:
    """All words of a taxonomy; get one with ``matcher``."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._finders = {
            facet: tuple(map(_Finder, taxonomy.of(facet))) for facet in ("city", "specialty", "topic", "kind")
        }
        # A text without any of them cannot match: five times faster than asking the patterns.
        self._needles = {
            facet: tuple((needle, place) for place, finder in enumerate(finders) for needle in finder.needles)
            for facet, finders in self._finders.items()
        }
        self._ascii_needles = {
            facet: tuple(pair for pair in pairs if pair[0].isascii()) for facet, pairs in self._needles.items()
        }
        self._guard = _guard_pattern(taxonomy.guard)
        self._before = _before_pattern(taxonomy.guard)
        self._foreign = {name.casefold(): name for name in taxonomy.foreign}

    def find(self, facet: str, text: str, kind: str = "", *, clues: bool = True) -> list[Match]:
        """Values of a facet in a text, one match each, in the order of their first words.

        A city does not count inside the name of a university, a road or the like. ``kind`` leaves out values that are
        not for documents of that kind; without ``clues`` only specific words count.
        """
        found = []
        for finder in self._possible(facet, text):
            if kind and finder.value.kinds and kind not in finder.value.kinds:
                continue
            first = next(self._all(facet, finder, text, clues=clues), None)
            if first is not None:
                found.append(Match(finder.value.name, first.group(), first.start()))
        return sorted(found, key=lambda match: match.start)

    def count(self, facet: str, text: str) -> dict[str, int]:
        """How often each value of a facet is spoken of, by its specific words; values without any are left out."""
        counts = {
            finder.value.name: sum(1 for _ in self._all(facet, finder, text, clues=False))
            for finder in self._possible(facet, text)
        }
        return {name: count for name, count in counts.items() if count}

    def foreign(self, text: str) -> frozenset[str]:
        """Foreign countries and regions that a text names."""
        folded = text.casefold()
        return frozenset(
            name for name, written in self._foreign.items() if name in folded and _words((written,)).search(text)
        )

    def _possible(self, facet: str, text: str) -> list[_Finder]:
        """Finders of the values of which a text may have any word, in their order."""
        folded = text.casefold()
        needles = (self._ascii_needles if folded.isascii() else self._needles)[facet]
        finders = self._finders[facet]
        return [finders[place] for place in sorted({place for needle, place in needles if needle in folded})]

    def _all(self, facet: str, finder: _Finder, text: str, *, clues: bool) -> Iterator[re.Match[str]]:
        pattern = finder.anywhere if clues else finder.specific
        barred: list[tuple[int, int]] | None = None
        for match in pattern.finditer(text):
            if finder.unless is not None:
                if barred is None:
                    barred = [each.span() for each in finder.unless.finditer(text)]
                if any(start <= match.start() and match.end() <= end for start, end in barred):
                    continue
            if facet == "city" and self._is_name(text, match):
                continue
            yield match

    def _is_name(self, text: str, match: re.Match[str]) -> bool:
        """Whether a city is only part of another name: Chengdu University, Beijing Road, University of Shanghai."""
        after = text[match.end() : match.end() + 120]
        before = text[max(0, match.start() - 40) : match.start()]
        return self._guard.match(after) is not None or self._before.search(before) is not None


@cache
def _matcher(digest: str, holder: _Holder) -> Matcher:
    return Matcher(holder.taxonomy)


class _Holder:
    """Carries a taxonomy past the cache, which knows it by its digest alone."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy

    def __hash__(self) -> int:
        return hash(self.taxonomy.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Holder) and other.taxonomy.digest == self.taxonomy.digest


def matcher(taxonomy: Taxonomy) -> Matcher:
    """Matcher of a taxonomy, made once in a process."""
    return _matcher(taxonomy.digest, _Holder(taxonomy))


def _needle(word: str) -> str:
    """Longest part of a word that every text with the word has, in lower case."""
    return max(re.split(r"[\s\-*'’]+", word.casefold()), key=len)


@cache
def _words(words: tuple[str, ...]) -> re.Pattern[str]:
    """Pattern of any of the words, the longest first; capitals-only words ("ENT", "US") keep their case."""
    ordered = sorted(set(words), key=len, reverse=True)
    return re.compile("|".join(map(_word, ordered)) or r"(?!)")


def _word(word: str) -> str:
    if _HAN.search(word):
        return re.escape(word)
    parts = [re.escape(part).replace(r"\*", r"\w*") for part in re.split(r"[\s\-]+", word.replace("'", "’")) if part]
    pattern = r"[\s\-–‑]+".join(parts).replace("’", "['’]?")
    plain = f"(?<![\\w]){pattern}" + ("" if word.endswith("*") else r"(?:['’]s)?(?!\w)")
    return plain if word.isupper() and len(word) <= 4 else f"(?i:{plain})"


def _guard_pattern(guard: PlaceGuard) -> re.Pattern[str]:
    """Match what may follow the name of a city that is part of another name."""
    institution = "|".join(map(re.escape, guard.followed_by)) or "(?!)"
    direct = "|".join(map(re.escape, guard.directly_followed_by)) or "(?!)"
    direction = "|".join(map(re.escape, guard.direction_words)) or "(?!)"
    han = "|".join(map(re.escape, guard.followed_by_han)) or "(?!)"
    # Only capitalised words may stand between, none of them the end of a name: "Shenzhen Hospital, … University".
    between = r"(?:\s+(?!(?:Hospital|Clinic|Center|Centre|Branch|Campus)\b)[A-Z][\w'’&-]*)"
    return re.compile(
        rf"{between}{{0,{_BETWEEN}}}?\s+(?:{institution})\b|(?:\s+(?:{direction}))?\s+(?:{direct})\b"
        rf"|[^\W\d_]{{0,4}}?(?:{han})"
    )


def _before_pattern(guard: PlaceGuard) -> re.Pattern[str]:
    """Match what may stand before the name of a city that is part of another name."""
    words = "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in guard.preceded_by) or "(?!)"
    return re.compile(rf"(?:{words})\s*$", re.IGNORECASE)
