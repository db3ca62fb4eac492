"""Words that mean the same, loaded from reviewed data."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from indexer.analysis import is_han, stem, terms
from indexer.errors import TaxonomyError
from search_app.settings import SYNONYMS
from search_app.vocabulary_files import VOCABULARY, read_tables, read_toml

# treated: from a complaint to its field; translated: from a Chinese word to what it is in English
WEIGHTS = {"spelling": 0.95, "translated": 0.9, "same": 0.75, "wider": 0.5, "treated": 0.5}
SAID = {
    "spelling": "another spelling of",
    "translated": "English for",
    "same": "synonym of",
    "wider": "related to",
    "treated": "related to",
}
SECTIONS = ("spelling", "same", "wider")
ONE_WAY = ("wider", "treated")  # what an entry leads to does not lead back
MAX_SYNONYM_TERMS = 8
MIN_STEMMED = 4  # "aid" is not "aids": shorter words match an entry only in their own form

Terms = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Synonym:
    """Another way to say an entry: its terms, a weight below 1, and how it relates: one of ``WEIGHTS``."""

    terms: Terms
    weight: float
    relation: str


@dataclass(frozen=True, slots=True)
class Thesaurus:
    """Entries by their terms, and the lists of words that are treated apart."""

    entries: Mapping[Terms, tuple[Synonym, ...]]
    translations: Mapping[Terms, Terms]  # what Chinese words are in English
    by_stem: Mapping[Terms, Terms]
    by_set: Mapping[frozenset[str], Terms]  # phrases by the stems of their words, without function words
    beginnings: frozenset[str]  # first words of the entries, as ``stems`` leaves them
    in_phrases: frozenset[str]  # stems of the words in ``by_set``
    vocabulary: frozenset[str]  # every word that stands in an entry, also within a phrase
    protected: frozenset[str]
    function_words: frozenset[str]
    question_words: frozenset[str]
    informing: frozenset[str]  # stems of words that ask for knowledge
    treating: frozenset[str]  # words for who treats
    given_words: frozenset[str]
    given_phrases: frozenset[Terms]
    except_city: frozenset[Terms]
    except_any: frozenset[Terms]
    between: frozenset[str]
    name_words: frozenset[str]
    everyday: frozenset[str]  # stems of ordinary words
    family: frozenset[str]  # of those, the ones for relatives and other persons
    misspelt: Mapping[str, str]  # how hard words are written by ear → how they are spelled

    def entry(self, typed: Terms) -> Terms | None:
        """The entry that some terms are, in this or another inflection; a phrase also in another order of its words."""
        if typed in self.entries:
            return typed
        if not typed:
            return None
        first = typed[0]
        if begins(first, self.beginnings):
            found = self.by_stem.get(stems(typed))
            if found and may_be_inflected(typed, found):
                return found
        # The first word and the last one are always among those that a phrase is known by.
        known = self.in_phrases
        return self._reordered(typed) if len(typed) > 1 and stem(first) in known and stem(typed[-1]) in known else None

    def _reordered(self, typed: Terms) -> Terms | None:
        """The phrase of the same words in another order or with small ones between, as in "lump in my breast"."""
        if typed[0] in self.function_words or typed[-1] in self.function_words:
            return None
        content = [term for term in typed if term not in self.function_words]
        found = self.by_set.get(frozenset(map(stem, content))) if len(content) > 1 else None
        if found is None and not self._small(typed[0]) and not self._small(typed[-1]):
            content = [term for term in content if not self._small(term)]
            found = self.by_set.get(frozenset(map(stem, content))) if len(content) > 1 else None
        return found

    def _small(self, word: str) -> bool:
        return self.optional(word) or self.ordinary(word)

    def synonyms(self, typed: Terms) -> tuple[Synonym, ...]:
        """Everything that some terms also find, best first; empty when they are no entry."""
        found = self.entry(typed)
        return () if found is None else self.entries[found]

    def optional(self, word: str) -> bool:
        """Whether a word need not stand on a page."""
        return word in self.function_words or word in self.question_words or word in self.given_words

    def informs(self, word: str) -> bool:
        """Whether a word says that something is to be known, whatever the others are about."""
        return word.isascii() and stem(word) in self.informing

    def ordinary(self, word: str) -> bool:
        """Whether a word is good English of daily life: no typing error, and nothing to insist on beside an illness."""
        return word.isascii() and stem(word) in self.everyday

    def in_english(self, typed: Terms) -> Terms:
        """Terms with the Chinese words among them in English, as far as they are known; the longest word counts."""
        if not any(map(is_han, typed)):
            return typed
        found: list[str] = []
        place = 0
        while place < len(typed):
            for size in range(min(MAX_SYNONYM_TERMS, len(typed) - place), 0, -1):
                if (english := self.translations.get(typed[place : place + size])) is not None:
                    found += english
                    break
            else:
                size = 1
                found.append(typed[place])
            place += size
        return tuple(found)

    def words(self) -> Iterator[str]:
        """Single words of the entries, without Chinese."""
        return (key[0] for key in self.entries if len(key) == 1 and key[0].isascii())


def stems(typed: Terms) -> Terms:
    """Terms reduced to their stems, short ones kept."""
    return tuple([stem(term) if len(term) >= MIN_STEMMED else term for term in typed])


def begins(term: str, beginnings: frozenset[str]) -> bool:
    """Whether anything of which the first words are known, as ``stems`` leaves them, may begin with a term."""
    return (stem(term) if len(term) >= MIN_STEMMED else term) in beginnings


def may_be_inflected(typed: Terms, entry: Terms) -> bool:
    """Whether terms of equal stems may stand for each other: singular and plural only, and no short ones.

    A stem alone says too much: "clinical" is no clinic, "organization" no organ.
    """
    for term, known in zip(typed, entry, strict=True):
        short, long = sorted((term, known), key=len)
        plural = long in (f"{short}s", f"{short}es") or (short.endswith("y") and long == f"{short[:-1]}ies")
        if term != known and not (plural and len(term) >= MIN_STEMMED):
            return False
    return True


def own_file() -> Path | None:
    """The file of a site's own synonyms, where one is set; it need not be there yet."""
    return Path(os.environ[SYNONYMS]) if os.environ.get(SYNONYMS) else None


@cache
def default_thesaurus() -> Thesaurus:
    """The thesaurus that comes with the program, with the site's own synonyms, read once."""
    return load_thesaurus(own=own_file())


def load_thesaurus(folder: Path | str | None = None, own: Path | None = None) -> Thesaurus:
    """The thesaurus of a folder; without one, that of this package. ``own``: a file of further synonyms, if it exists.

    Raises:
        TaxonomyError: Names file, key and reason; for a missing file, wrong TOML, an unknown section, a word without
            letters, an entry that names itself or nothing, a weight outside 0 to 1, or a word that stands twice.
    """
    root = Path(folder) if folder is not None else VOCABULARY
    chinese = _chinese(root / "chinese.toml")
    entries = _entries(root, chinese, own)
    everyday = _everyday(root / "everyday.toml")
    protected = _Lists(root / "protected.toml", {"codes", "words"})
    stop = _Lists(
        root / "stopwords.toml", {"function", "question", "informing", "treating", "given", "given_phrases", "natural"}
    )
    natural = stop.table("natural", {"except_city", "except_any", "between", "name_words"})
    function_words = frozenset(stop.words("function"))
    by_stem: dict[Terms, Terms] = {}
    by_set: dict[frozenset[str], Terms] = {}
    for key in entries:
        by_stem.setdefault(stems(key), key)
        content = frozenset(stem(term) for term in key if term not in function_words)
        if len(content) > 1 and key[0].isascii():
            by_set.setdefault(content, key)
    return Thesaurus(
        entries=MappingProxyType(entries),
        translations=MappingProxyType({word: english[0] for word, english in chinese.items()}),
        by_stem=MappingProxyType(by_stem),
        by_set=MappingProxyType(by_set),
        beginnings=frozenset(key[0] for key in by_stem),
        in_phrases=frozenset(each for content in by_set for each in content),
        vocabulary=frozenset(term for key in entries for term in key),
        protected=frozenset(protected.words("codes") + protected.words("words")),
        function_words=function_words,
        question_words=frozenset(stop.words("question")),
        informing=frozenset(map(stem, stop.words("informing"))),
        treating=frozenset(stop.words("treating")),
        given_words=frozenset(stop.words("given")),
        given_phrases=frozenset(stop.phrases("given_phrases")),
        except_city=frozenset(natural.phrases("except_city")),
        except_any=frozenset(natural.phrases("except_any")),
        between=frozenset(natural.words("between")),
        name_words=frozenset(natural.words("name_words")),
        everyday=frozenset().union(*everyday.values()),
        family=everyday.get("family", frozenset()),
        misspelt=MappingProxyType(_misspelt(root / "misspelt.toml", entries)),
    )


def _everyday(path: Path) -> dict[str, frozenset[str]]:
    """Stems by theme."""
    found: dict[str, frozenset[str]] = {}
    for theme, listed in read_toml(path).items():
        if not isinstance(listed, str):
            raise TaxonomyError(path, theme, "must be words between spaces")
        found[theme] = frozenset(stem(word) for word in terms(listed))
    return found


def _misspelt(path: Path, entries: Mapping[Terms, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for right, listed in read_toml(path).items():
        if not isinstance(listed, str):
            raise TaxonomyError(path, right, "must be words between spaces")
        for wrong in listed.split():
            if terms(wrong) != (wrong,) or (wrong,) in entries or wrong in found:
                raise TaxonomyError(path, right, f"{wrong!r} is no single word, stands twice, or is in the thesaurus")
            found[wrong] = right
    return found


def _chinese(path: Path) -> dict[Terms, list[Terms]]:
    """What Chinese words are in English: first what each is read as, then what else is looked for."""
    found: dict[Terms, list[Terms]] = {}
    for theme, lines in read_toml(path).items():
        if not isinstance(lines, dict):
            raise TaxonomyError(path, theme, "must be a table of words")
        for word, english in lines.items():
            where = f'{theme}, "{word}"'
            if not isinstance(english, list) or not english or not all(isinstance(each, str) for each in english):
                raise TaxonomyError(path, where, "must be a list of words")
            typed, others = _terms(path, where, word), [_terms(path, where, each) for each in english]
            if not any(map(is_han, typed)) or any(is_han(term) for each in others for term in each):
                raise TaxonomyError(path, where, "must lead from Chinese to English")
            if typed in found or len(set(others)) < len(others):
                raise TaxonomyError(path, where, "stands twice")
            found[typed] = others
    return found


def _entries(
    root: Path, chinese: Mapping[Terms, list[Terms]], own: Path | None = None
) -> dict[Terms, tuple[Synonym, ...]]:
    found: dict[Terms, dict[Terms, Synonym]] = {
        word: {
            each: Synonym(each, WEIGHTS[relation], relation)
            for each, relation in zip(english, ("translated", *["wider"] * len(english)), strict=False)
        }
        for word, english in chinese.items()
    }
    for path in (root / "thesaurus.toml", *([own] if own and own.exists() else [])):
        _read_entries(found, path)
    for relation, lists in (("treated", root / "complaints.toml"), ("wider", root / "wishes.toml")):
        for number, (words, to) in enumerate(_fields(lists), 1):
            for word in words:
                where = f'field {number}, "{" ".join(word)}"'
                others = [each for each in to if each != word]
                _group(found, lists, where, relation, WEIGHTS[relation], [word, *others])
    whole = {key: _led_on(key, "spelling", found) for key in found}
    whole |= {key: _led_on(key, "translated", whole) for key in chinese}
    return {key: tuple(sorted(others.values(), key=lambda s: -s.weight)) for key, others in whole.items()}


def _read_entries(found: dict[Terms, dict[Terms, Synonym]], path: Path) -> None:
    for relation, themes in read_toml(path).items():
        if relation not in SECTIONS:
            raise TaxonomyError(path, relation, f"unknown section; known: {', '.join(SECTIONS)}")
        if not isinstance(themes, dict):
            raise TaxonomyError(path, relation, "must hold themes, as in [same.eyes]")
        seen: dict[str, str] = {}
        for theme, lines in themes.items():
            where = f"{relation}.{theme}"
            if not isinstance(lines, dict):
                raise TaxonomyError(path, where, "must be a table of entries")
            for word, declared in lines.items():
                if word in seen:
                    raise TaxonomyError(path, f'{where}, "{word}"', f"stands in {seen[word]} as well")
                seen[word] = where
                _entry(found, path, f'{where}, "{word}"', relation, word, declared)


def _led_on(key: Terms, relation: str, found: Mapping[Terms, Mapping[Terms, Synonym]]) -> dict[Terms, Synonym]:
    """What an entry finds, and what its names of a relation find: "tumour" is "tumor" in all that it leads to."""
    others = dict(found[key])
    for name in found[key].values():
        if name.relation == relation:
            for other in found.get(name.terms, {}).values():
                if other.terms != key and other.relation != "spelling":
                    known = others.get(other.terms)
                    if known is None or known.weight < other.weight:
                        others[other.terms] = other
    return others


def _fields(path: Path) -> Iterator[tuple[list[Terms], list[Terms]]]:
    """The lists of complaints, each with what its words find."""
    for number, field in enumerate(read_tables(path, "field"), 1):
        lists = _Lists(path, {"to", "words"}, field)
        words, to = (lists.phrases(key) for key in ("words", "to"))
        if not words or not to:
            raise TaxonomyError(path, f"field {number}", "needs 'to' and 'words'")
        twice = next((word for word, count in Counter(words).items() if count > 1), None)
        if twice:
            raise TaxonomyError(path, f'field {number}, "{" ".join(twice)}"', "stands twice")
        yield words, to


def _entry(
    found: dict[Terms, dict[Terms, Synonym]], path: Path, where: str, relation: str, word: str, declared: object
) -> None:
    weight: object = WEIGHTS[relation]
    if isinstance(declared, dict):
        if set(declared) - {"words", "weight"}:
            raise TaxonomyError(path, where, "may only have 'words' and 'weight'")
        weight = declared.get("weight", weight)
        declared = declared.get("words")
    if not isinstance(weight, float) or not 0 < weight < 1:
        raise TaxonomyError(path, where, "'weight' must lie between 0 and 1")
    if not isinstance(declared, list) or not declared or not all(isinstance(each, str) for each in declared):
        raise TaxonomyError(path, where, "must be a list of words")
    _group(found, path, where, relation, weight, [_terms(path, where, each) for each in (word, *declared)])


def _group(
    found: dict[Terms, dict[Terms, Synonym]], path: Path, where: str, relation: str, weight: float, group: list[Terms]
) -> None:
    """Keep what an entry says: its first word finds the others, and they find it unless it leads one way."""
    if len(group) < 2:
        raise TaxonomyError(path, where, "must find other words")
    if len(set(group)) < len(group):
        raise TaxonomyError(path, where, "has the same word twice")
    origins = group[:1] if relation in ONE_WAY else group
    for origin in origins:
        for other in group:
            if other != origin and not (relation in ONE_WAY and other == group[0]):
                known = found.setdefault(origin, {}).get(other)
                if known is None or known.weight < weight:
                    found[origin][other] = Synonym(other, weight, relation)


def _terms(path: Path, where: str, text: str) -> Terms:
    found = terms(text)
    if not found or len(found) > MAX_SYNONYM_TERMS:
        raise TaxonomyError(path, where, f"{text!r} must have 1 to {MAX_SYNONYM_TERMS} words")
    return found


class _Lists:
    """A data file of word lists while it is checked."""

    def __init__(self, path: Path, known: set[str], content: dict[str, object] | None = None) -> None:
        self.path = path
        self.content = read_toml(path) if content is None else content
        for key in self.content:
            if key not in known:
                raise TaxonomyError(path, key, f"unknown key; known: {', '.join(sorted(known))}")

    def table(self, key: str, known: set[str]) -> _Lists:
        inner = self.content.get(key, {})
        if not isinstance(inner, dict):
            raise TaxonomyError(self.path, key, "must be a table")
        return _Lists(self.path, known, inner)

    def phrases(self, key: str) -> list[Terms]:
        listed = self.content.get(key, [])
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise TaxonomyError(self.path, key, "must be a list of words")
        return [_terms(self.path, key, each) for each in listed]

    def words(self, key: str) -> list[str]:
        found = self.phrases(key)
        for each in found:
            if len(each) != 1:
                raise TaxonomyError(self.path, key, f"{' '.join(each)!r} must be one word")
        return [each[0] for each in found]
