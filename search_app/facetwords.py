"""Which words stand for facet values, and where a place's name is only part of another name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from types import MappingProxyType

from rapidfuzz import fuzz, process

from indexer.analysis import is_han, name_key, terms
from indexer.model import FACETS
from indexer.taxonomy import Taxonomy, load_taxonomy
from search_app.thesaurus import Terms, Thesaurus, begins, default_thesaurus, may_be_inflected, stems

MAX_UNIT = 8  # longest entry in terms; longer ones would only cost time
CLOSE_ENOUGH = 65  # of 100: below it a value is not worth naming as a near miss
_HAN_BETWEEN = 3  # 上海交通大学, 广州中医药大学: characters between a place and 大学


@dataclass(frozen=True)
class FacetWords:
    """The words of all facet values, ready to be matched against analysed terms."""

    meanings: Mapping[Terms, tuple[tuple[str, str], ...]]
    by_stem: Mapping[Terms, Terms]
    beginnings: frozenset[str]  # first words of ``by_stem``
    spellings: Mapping[tuple[str, str], tuple[Terms, ...]]
    labels: Mapping[tuple[str, str], str]
    in_labels: Mapping[tuple[str, str], Terms]  # the same as terms
    names: Mapping[tuple[str, str], str]
    han_cities: tuple[Terms, ...]  # all spellings of cities in Chinese
    latin_cities: tuple[str, ...]  # all others, with spaces between their words
    joined_cities: tuple[str, ...]  # the same without these
    after_place: frozenset[str]
    right_after_place: frozenset[str]
    directions: frozenset[str]
    before_place: frozenset[Terms]
    after_place_han: tuple[Terms, ...]
    between: frozenset[str]

    @cached_property
    def read(self) -> Callable[[Terms], tuple[tuple[str, str], ...]]:
        """Facet values that some terms stand for; empty when they stand for none.

        Remembered for many terms: while one text is read, each of its words is asked about ten times.
        """
        return lru_cache(maxsize=1 << 14)(self._read)

    def _read(self, typed: Terms) -> tuple[tuple[str, str], ...]:
        found = self.meanings.get(typed)
        if found is not None:
            return found
        key = self.by_stem.get(stems(typed)) if typed and begins(typed[0], self.beginnings) else None
        return self.meanings[key] if key and may_be_inflected(typed, key) else ()

    def within(self, typed: Terms) -> dict[tuple[str, str], None]:
        """Facet values of the words that stand in some terms, in their order; the longest words count."""
        inside: dict[tuple[str, str], None] = {}
        place = 0
        while place < len(typed):
            for size in range(len(typed) - place, 0, -1):
                found = self.read(typed[place : place + size])
                if found:
                    inside.update(dict.fromkeys(found))
                    place += size - 1
                    break
            place += 1
        return inside

    def canonical(self, facet: str, text: str) -> str | None:
        """The value that a person means by its label, id, Chinese label, alias or one of its words."""
        direct = self.names.get((facet, name_key(text)))
        if direct is not None:
            return direct
        return next((value for name, value in self.read(terms(text)) if name == facet), None)

    def close(self, facet: str, text: str, limit: int = 3) -> tuple[str, ...]:
        """Labels of the values that are spelled most like a text."""
        labels = {value: label for (name, value), label in self.labels.items() if name == facet}
        folded = {value: label.casefold() for value, label in labels.items()}
        near = process.extract(text.casefold()[:64], folded, scorer=fuzz.WRatio, score_cutoff=CLOSE_ENOUGH, limit=limit)
        return tuple(labels[value] for _, _, value in near) or tuple(labels.values())[:8]

    def label(self, facet: str, value: str) -> str:
        """What people see for a value."""
        return self.labels.get((facet, value), value)

    def label_terms(self, facet: str, value: str) -> Terms:
        """The terms of what people see for a value."""
        found = self.in_labels.get((facet, value))
        return terms(value) if found is None else found

    def part_of_a_name(self, typed: Sequence[str], start: int, end: int) -> bool:
        """Whether the place at ``typed[start:end]`` belongs to the name of a university, a road or the like."""
        for words in self.before_place:
            if start >= len(words) and tuple(typed[start - len(words) : start]) == words:
                return True
        if end >= len(typed):
            return False
        if is_han(typed[start]):
            rest = tuple(typed[end : end + _HAN_BETWEEN + 2])
            for words in self.after_place_han:
                reach = _HAN_BETWEEN if len(words) > 1 else 1
                if any(rest[skip : skip + len(words)] == words for skip in range(reach + 1)):
                    return True
            return False
        if typed[end] in self.right_after_place:
            return True
        if typed[end] in self.directions and end + 1 < len(typed) and typed[end + 1] in self.right_after_place:
            return True
        for place in range(end, min(end + 4, len(typed))):
            if typed[place] in self.after_place:
                return True
            if typed[place] not in self.between:
                return False
        return False


def make_facet_words(taxonomy: Taxonomy, thesaurus: Thesaurus) -> FacetWords:
    """Matching tables for a taxonomy; only words that are safe to act on are taken."""
    meanings: dict[Terms, dict[tuple[str, str], None]] = {}
    spellings: dict[tuple[str, str], dict[Terms, None]] = {}
    for word in taxonomy.words():
        key = terms(word.text)
        if word.safe and 0 < len(key) <= MAX_UNIT:
            meanings.setdefault(key, {})[(word.facet, word.value)] = None
            spellings.setdefault((word.facet, word.value), {})[key] = None
    names: dict[tuple[str, str], str] = {}
    labels: dict[tuple[str, str], str] = {}
    for facet in FACETS:
        for value in taxonomy.of(facet):
            labels[(facet, value.name)] = value.label
            for spelling in (value.label, value.id, value.label_zh, value.name, *value.aliases):
                names.setdefault((facet, name_key(spelling)), value.name)
    by_stem: dict[Terms, Terms] = {}
    for key in meanings:
        by_stem.setdefault(stems(key), key)
    cities = [key for (facet, _), found in spellings.items() if facet == "city" for key in found]
    guard = taxonomy.guard
    return FacetWords(
        meanings=MappingProxyType({key: tuple(found) for key, found in meanings.items()}),
        by_stem=MappingProxyType(by_stem),
        beginnings=frozenset(key[0] for key in by_stem),
        spellings=MappingProxyType({key: tuple(found) for key, found in spellings.items()}),
        labels=MappingProxyType(labels),
        in_labels=MappingProxyType({value: terms(label) for value, label in labels.items()}),
        names=MappingProxyType(names),
        han_cities=tuple(key for key in cities if is_han(key[0])),
        latin_cities=tuple(" ".join(key) for key in cities if not is_han(key[0])),
        joined_cities=tuple("".join(key) for key in cities if not is_han(key[0])),
        after_place=frozenset(terms(word)[-1] for word in guard.followed_by if terms(word)),
        right_after_place=frozenset(terms(word)[0] for word in guard.directly_followed_by if terms(word)),
        directions=frozenset(terms(word)[0] for word in guard.direction_words if terms(word)),
        before_place=frozenset(terms(word) for word in guard.preceded_by if terms(word)),
        after_place_han=tuple(terms(word) for word in guard.followed_by_han if terms(word)),
        between=thesaurus.between,
    )


@cache
def default_facet_words() -> FacetWords:
    """Matching tables of the vocabulary that comes with the program, made once."""
    return make_facet_words(load_taxonomy(), default_thesaurus())
