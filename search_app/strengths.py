"""Which fields some words mean that hospitals are known for, and what of a page counts for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from indexer.analysis import is_han, stem, terms
from indexer.errors import TaxonomyError
from indexer.model import And, Concept, Node, Term
from indexer.token_stream import strength_term
from search_app.thesaurus import Terms, stems
from search_app.vocabulary_files import VOCABULARY, read_toml

STATED = 0.3  # weight of a stated field that finds a page which lacks the words
STATED_BESIDE = 0.05  # of one that finds pages beside those of a specialty, so that these keep their places
MAX_PHRASES = 3  # of which a hospital states a field each, to be found beside those
MAX_FIELDS = 12  # of these in one search
MAX_WORDS = 24  # longer texts are no list of complaints

CHILDREN = "children's medicine"

IN_A_LIST = "a national list"

_OF_FIELDS = ("within", "of", "listed", "children")  # tables whose values are lists of fields
_KEYS: Mapping[str, type] = dict.fromkeys(("words", *_OF_FIELDS), dict) | dict.fromkeys(
    ("persons", "signs", "sites", "anywhere", "best", "everywhere"), list
)  # of the file, and what each holds

Meant = tuple[str, ...]
"""Fields that one phrase means; each alone is enough."""


@dataclass(frozen=True, slots=True)
class Strengths:
    """The fields that hospitals are known for.

    Attributes:
        phrases: Fields by the stems of a phrase, whatever their order.
        by_stem: Those phrases by the one of their stems that the fewest have.
        han: Fields by Chinese words, which are read in their order.
        wider: For each field those that it belongs to.
        narrower: For each field those that belong to it.
        of: Fields that a specialty stands for.
        lists: National lists by a field that they are of, each in the order of the file.
        listed: The names of all these lists, in the order of the file.
        persons: Fields that are meant by who is ill.
        signs: Stems of words that are said of many organs, as "cyst" is.
        sites: Stems of words for parts of the body that many fields treat, as "neck" is.
        anywhere: Fields that treat any part of the body, as those of injuries do.
        children: For a field that of the children who have the same.
        best: Words by which the best are asked for, in their order.
        everywhere: Words that say nothing more beside those.
    """

    phrases: Mapping[frozenset[str], Meant]
    by_stem: Mapping[str, tuple[frozenset[str], ...]]
    han: Mapping[Terms, Meant]
    wider: Mapping[str, frozenset[str]]
    narrower: Mapping[str, frozenset[str]]
    of: Mapping[str, Meant]
    lists: Mapping[str, tuple[str, ...]]
    listed: tuple[str, ...]
    persons: frozenset[str]
    signs: frozenset[str]
    sites: frozenset[str]
    anywhere: frozenset[str]
    children: Mapping[str, Meant]
    best: frozenset[Terms]
    everywhere: frozenset[Terms]

    @property
    def fields(self) -> frozenset[str]:
        """All fields, in lower case."""
        return frozenset(self.wider)

    def meant(self, typed: Terms) -> tuple[Meant, ...]:
        """The fields that some words mean, phrase by phrase; who is ill and signs count only beside nothing else."""
        if len(typed) > MAX_WORDS:
            return ()
        present = set(stems(typed))
        found = [each for word in sorted(present) for each in self.by_stem.get(word, ()) if each <= present]
        found = [each for each in found if not any(each < other for other in found)]
        groups = [self.phrases[each] for each in found if not each <= self.signs] + self._chinese(typed)
        if self.persons.issuperset(field for each in groups for field in each):
            groups += [self.phrases[each] for each in found if each <= self.signs]
        elif len(groups) > 1:
            beside = [self.phrases[each] for each in found if not each <= self.signs and not each <= self.sites]
            if any(not (self.persons | self.anywhere).issuperset(each) for each in beside):
                groups = beside + self._chinese(typed)
        told = [each for each in groups if not self.persons.issuperset(each)]
        if told and any(CHILDREN in each for each in groups):
            told = [self._of_children(each) for each in told]
        return tuple(dict.fromkeys(told or groups))

    def complains(self, typed: Terms, everyday: Callable[[str], bool]) -> bool:
        """Whether some words have a listed phrase with a word of daily life in it: "crooked face" is told by one."""
        if len(typed) > MAX_WORDS:
            return False
        small = {word for each in typed for word in stems((each,)) if everyday(each)}
        present = set(stems(typed))
        return any(
            len(each) > 1 and each <= present and not small.isdisjoint(each)
            for word in sorted(present)
            for each in self.by_stem.get(word, ())
        )

    def _of_children(self, meant: Meant) -> Meant:
        """The fields that some words mean of a child: with those that treat children alone."""
        own = [each for field in meant for each in self.children.get(field, ())]
        return tuple(dict.fromkeys((*meant, *own)))

    def is_sign(self, typed: Terms) -> bool:
        """Whether some words only say what may be the matter with any organ."""
        return self.signs.issuperset(map(stem, typed))

    def is_site(self, typed: Terms) -> bool:
        """Whether some words only name a part of the body that many fields treat."""
        return self.sites.issuperset(map(stem, typed))

    def of_one_place(self, typed: Terms) -> bool:
        """Whether some words mean a field by themselves that does not treat any part of the body."""
        fields = self.phrases.get(frozenset(stems(typed)), ())
        said = self.is_sign(typed) or self.is_site(typed)
        return not said and not (self.persons | self.anywhere).issuperset(fields)

    def organ(self, typed: Terms) -> bool:
        """Whether some words mean a field by themselves, apart from signs and from who is ill."""
        fields = self.phrases.get(frozenset(stems(typed)), ())
        return not (self.persons.issuperset(fields) or self.is_sign(typed))

    def _chinese(self, typed: Terms) -> list[Meant]:
        found: list[Meant] = []
        place = 0
        while place < len(typed):
            longest = 1
            for size in range(min(6, len(typed) - place), 0, -1) if is_han(typed[place]) else ():
                if (fields := self.han.get(typed[place : place + size])) is not None:
                    found.append(fields)
                    longest = size
                    break
            place += longest
        return found

    def specialties(self, meant: tuple[Meant, ...]) -> tuple[str, ...]:
        """Specialties that stand for fields which are meant, or for wider ones."""
        fields = {each for group in meant for field in group for each in (field, *self.wider[field])}
        return tuple(specialty for specialty, own in self.of.items() if not fields.isdisjoint(own))

    def praises(self, typed: Terms) -> bool:
        """Whether some words ask for the best."""
        sizes = {len(each) for each in self.best}
        return any(typed[at : at + size] in self.best for size in sizes for at in range(len(typed)))

    def stated(self, meant: tuple[Meant, ...]) -> Node | None:
        """Hospitals that state a field which is meant, or a narrower one; None where nothing is meant."""
        return self._stating(tuple(field for group in meant for field in group), STATED) if meant else None

    def stated_each(self, meant: tuple[Meant, ...]) -> Node | None:
        """Hospitals that state one for each of a few phrases; None where nothing is meant, or too much."""
        if not 0 < len(meant) <= MAX_PHRASES:
            return None
        groups = tuple(self._stating(group, STATED_BESIDE) for group in meant)
        return groups[0] if len(groups) == 1 else And(groups)

    def around(self, meant: tuple[Meant, ...], specialties: tuple[str, ...]) -> Node | None:
        """Hospitals that state a field of some specialties; where there are none, one that is meant or a wider one."""
        fields = dict.fromkeys(field for each in specialties for field in self.of.get(each, ()))
        own = () if fields else tuple(field for group in meant for field in group)
        fields |= dict.fromkeys(each for field in own for each in (field, *sorted(self.wider[field])))
        return Concept(_pages_of(fields, STATED_BESIDE)) if fields else None

    def _stating(self, meant: Meant, weight: float) -> Node:
        fields = dict.fromkeys(each for field in meant for each in (field, *sorted(self.narrower[field])))
        return Concept(_pages_of(fields, weight))

    def worth(self, meant: Meant) -> Worth:
        """What counts for fields of which each alone is meant."""
        fields = {narrow: False for each in meant for narrow in self.narrower[each]}
        for each in meant:
            fields |= dict.fromkeys((each, *self.wider[each]), True)
        found: dict[str, bool] = {}
        for field, own in fields.items():
            for name in self.lists.get(field, ()):
                found[name] = own or found.get(name, False)
        own_lists = True in found.values()
        return Worth(fields, {name: own_lists for name in self.listed if found.get(name) is own_lists})


@dataclass(frozen=True, slots=True)
class Worth:
    """What counts for one phrase: True for the fields meant and wider ones, False for narrower ones.

    Attributes:
        fields: Fields that pages state.
        lists: National lists of such fields, by their names; those of narrower fields only where there is no other.
    """

    fields: Mapping[str, bool]
    lists: Mapping[str, bool]


def _pages_of(fields: Iterable[str], weight: float) -> tuple[Term, ...]:
    """What finds pages that state some fields."""
    found = islice(fields, MAX_FIELDS)
    return tuple(Term(strength_term(each), ("pinyin",), weight, True, f"{each} (field of the page)") for each in found)


def key_of(field: str) -> str:
    """A field as the mappings have it, from how a page words it."""
    return field.casefold()


# ---------------------------------------------------------------------------------------------------------------------
# Loading


@cache
def default_strengths() -> Strengths:
    """The fields that come with the program, read once."""
    return load_strengths(VOCABULARY / "strengths.toml")


def load_strengths(path: Path) -> Strengths:
    """The fields of a file.

    Raises:
        TaxonomyError: Names file, key and reason; for a missing file, wrong TOML, an unknown key, a word without
            letters, or a field of ``within``, ``of``, ``listed``, ``children``, ``persons`` or ``anywhere`` that has no
            words.
    """
    content = read_toml(path)
    if unknown := [key for key in content if key not in _KEYS]:
        raise TaxonomyError(path, unknown[0], f"unknown key; known: {', '.join(_KEYS)}")
    given: dict[str, Any] = {key: content.get(key, empty()) for key, empty in _KEYS.items()}
    phrases: dict[frozenset[str], dict[str, None]] = {}
    han: dict[Terms, dict[str, None]] = {}
    for field, listed in given["words"].items():
        for word in (field, *listed):
            found = terms(word)
            if not found:
                raise TaxonomyError(path, field, f"{word!r} has no letters")
            if is_han(word):
                han.setdefault(found, {})[key_of(field)] = None
            else:
                phrases.setdefault(frozenset(stems(found)), {})[key_of(field)] = None
    fields = {key_of(field) for field in given["words"]}
    named = [each for key in _OF_FIELDS for inner in given[key].values() for each in inner]
    for field in (*given["within"], *named, *given["children"], *given["persons"], *given["anywhere"]):
        if key_of(field) not in fields:
            raise TaxonomyError(path, field, "has no words")
    return _made(phrases, han, fields, given)


def _made(
    phrases: Mapping[frozenset[str], Mapping[str, None]],
    han: Mapping[Terms, Mapping[str, None]],
    fields: set[str],
    given: Mapping[str, Any],
) -> Strengths:
    """``given`` is the content of the file by its ``_KEYS``."""
    wider: dict[str, set[str]] = {field: set() for field in fields}
    narrower: dict[str, set[str]] = {field: set() for field in fields}
    for wide, inner in given["within"].items():
        for field in inner:
            wider[key_of(field)].add(key_of(wide))
            narrower[key_of(wide)].add(key_of(field))
    lists: dict[str, list[str]] = {}
    for name, of_fields in given["listed"].items():
        for field in of_fields:
            lists.setdefault(key_of(field), []).append(name)
    having = Counter(word for phrase in phrases for word in phrase)
    by_stem: dict[str, list[frozenset[str]]] = {}
    for phrase in phrases:
        by_stem.setdefault(min(phrase, key=lambda word: (having[word], word)), []).append(phrase)
    return Strengths(
        phrases=MappingProxyType({phrase: tuple(found) for phrase, found in phrases.items()}),
        by_stem=MappingProxyType({word: tuple(found) for word, found in by_stem.items()}),
        han=MappingProxyType({word: tuple(found) for word, found in han.items()}),
        wider=MappingProxyType({field: frozenset(found) for field, found in wider.items()}),
        narrower=MappingProxyType({field: frozenset(found) for field, found in narrower.items()}),
        of=MappingProxyType({specialty: tuple(map(key_of, found)) for specialty, found in given["of"].items()}),
        lists=MappingProxyType({field: tuple(names) for field, names in lists.items()}),
        listed=tuple(given["listed"]),
        persons=frozenset(map(key_of, given["persons"])),
        signs=frozenset(stem(word) for each in given["signs"] for word in terms(each)),
        sites=frozenset(stem(word) for each in given["sites"] for word in terms(each)),
        anywhere=frozenset(map(key_of, given["anywhere"])),
        children=MappingProxyType({key_of(field): tuple(map(key_of, own)) for field, own in given["children"].items()}),
        best=frozenset(map(terms, given["best"])),
        everywhere=frozenset(map(terms, given["everywhere"])),
    )
