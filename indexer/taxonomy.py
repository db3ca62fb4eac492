"""The vocabulary of the facets: what values there are, and which words stand for them."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from indexer.errors import TaxonomyError
from indexer.model import FACETS, KINDS

VOCABULARY = Path(__file__).with_name("vocabulary")
FILES = {
    "city": "cities.toml",
    "specialty": "specialties.toml",
    "topic": "topics.toml",
    "profile": "profiles.toml",
    "kind": "kinds.toml",
}
PLACES_FILE = "countries.toml"
ENTITIES_FILE = "same_hospital.toml"
_SCHEMA_PREFIXES = ("https://schema.org/", "http://schema.org/", "schema:")
_TEXT_KEYS = ("id", "label", "label_zh")
_OPTIONAL_TEXT = "guide"
_LIST_KEYS = ("aliases", "schema_org", "words", "clues", "unless", "kinds", "districts")


@dataclass(frozen=True, slots=True)
class Value:
    """One facet value and its words.

    ``words`` are specific enough to be read in a query, ``clues`` only help to classify (``*`` stands for any ending),
    ``unless`` are phrases inside which neither counts, ``kinds`` limits inference to documents of those kinds.
    ``guide`` is the id of the document that introduces the value, where there is one.
    """

    facet: str
    id: str
    label: str
    label_zh: str
    aliases: tuple[str, ...] = ()
    schema_org: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    clues: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    guide: str = ""

    @property
    def name(self) -> str:
        """What documents and addresses hold: the label, except that a kind is its id."""
        return self.id if self.facet == "kind" else self.label


@dataclass(frozen=True, slots=True)
class FacetWord:
    """A word or phrase for a facet value; ``safe`` ones may be acted on in a query, others only classify."""

    text: str
    facet: str
    value: str
    safe: bool


@dataclass(frozen=True, slots=True)
class Entity:
    """A curated statement about hospital names: all one institution, or never the same."""

    names: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class PlaceGuard:
    """Contexts in which the name of a city is part of another name."""

    followed_by: tuple[str, ...] = ()
    directly_followed_by: tuple[str, ...] = ()
    direction_words: tuple[str, ...] = ()
    preceded_by: tuple[str, ...] = ()
    followed_by_han: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taxonomy:
    """All vocabulary, as loaded; two with equal ``digest`` are the same."""

    vocabulary: tuple[Value, ...]
    digest: str
    guard: PlaceGuard = PlaceGuard()
    foreign: tuple[str, ...] = ()
    provinces: tuple[str, ...] = ()
    same: tuple[Entity, ...] = ()
    never: tuple[Entity, ...] = field(default=())

    @cached_property
    def _canonical(self) -> MappingProxyType[tuple[str, str], str]:
        names: dict[tuple[str, str], str] = {}
        for value in self.vocabulary:
            for spelling in _declarations(value):
                names.setdefault((value.facet, _key(spelling)), value.name)
        return MappingProxyType(names)

    @cached_property
    def _by_name(self) -> MappingProxyType[tuple[str, str], Value]:
        return MappingProxyType({(value.facet, value.name): value for value in self.vocabulary})

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}

    def of(self, facet: str) -> tuple[Value, ...]:
        """Everything known about the values of one facet, in the order of the file."""
        if facet not in FACETS:
            raise KeyError(facet)
        return tuple(value for value in self.vocabulary if value.facet == facet)

    def values(self, facet: str) -> tuple[str, ...]:
        """Values of one facet as documents hold them, in the order of the file."""
        return tuple(value.name for value in self.of(facet))

    def value(self, facet: str, name: str) -> Value | None:
        """Everything known about one value; None for a name that is not canonical."""
        return self._by_name.get((facet, name))

    def canonical(self, facet: str, declared: str) -> str | None:
        """Value that a page means by a string: its label, id, alias, Chinese label or schema.org name."""
        return self._canonical.get((facet, _key(declared)))

    def label(self, facet: str, name: str, language: str = "en") -> str:
        """Name of a value for people, in English or Chinese (``zh…``); unknown values stay as they are."""
        value = self.value(facet, name)
        if value is None:
            return name
        return value.label_zh if language.partition("-")[0].lower() == "zh" else value.label

    def words(self, facet: str | None = None) -> tuple[FacetWord, ...]:
        """Words for the values of one facet, or of all; labels and names of values are safe, clues are not."""
        found: dict[tuple[str, str, str], FacetWord] = {}
        for value in self.vocabulary:
            if facet in (None, value.facet):
                safe = (value.label, value.label_zh, *value.words)
                for text, is_safe in [*((t, True) for t in safe), *((t, False) for t in value.clues)]:
                    key = (value.facet, value.name, text.casefold())
                    found.setdefault(key, FacetWord(text, value.facet, value.name, is_safe))
        return tuple(found.values())


def load_taxonomy(folder: Path | str | None = None) -> Taxonomy:
    """Vocabulary of a folder of TOML files; without one, that of this package.

    Raises:
        TaxonomyError: Names file, line or key and reason; for a missing file, wrong TOML, a missing, unknown or
            mistyped key, or a name that two values of a facet share.
    """
    root = Path(folder) if folder is not None else VOCABULARY
    loaded = {name: _File(root / name) for name in (*FILES.values(), PLACES_FILE, ENTITIES_FILE)}
    vocabulary: list[Value] = []
    for facet, name in FILES.items():
        vocabulary += _values(facet, loaded[name])
    places, entities = loaded[PLACES_FILE], loaded[ENTITIES_FILE]
    digest = hashlib.sha256(b"\0".join(file.raw for file in loaded.values())).hexdigest()[:12]
    entities.only({"same", "never"}, entities.tables, "the top of the file")
    places.only({"foreign", "provinces"}, places.tables, "the top of the file")
    return Taxonomy(
        vocabulary=tuple(vocabulary),
        digest=digest,
        guard=_guard(loaded[FILES["city"]]),
        foreign=places.texts(places.tables, "foreign", "the top of the file"),
        provinces=places.texts(places.tables, "provinces", "the top of the file"),
        same=_entities(entities, "same"),
        never=_entities(entities, "never"),
    )


def _key(text: str) -> str:
    for prefix in _SCHEMA_PREFIXES:
        text = text.removeprefix(prefix)
    return " ".join(text.replace("’", "'").casefold().split())


def _declarations(value: Value) -> tuple[str, ...]:
    return (value.label, value.id, value.label_zh, *value.aliases, *value.schema_org)


class _File:
    """A vocabulary file while it is checked: its tables, and where in it a text stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.raw = path.read_bytes()
            self.text = self.raw.decode("utf-8")
            self.tables: dict[str, Any] = tomllib.loads(self.text)
        except OSError as error:
            raise TaxonomyError(path, "the file", error.strerror or "cannot be read") from error
        except UnicodeDecodeError as error:
            line = self.raw[: error.start].count(b"\n") + 1
            raise TaxonomyError(path, f"line {line}", "not UTF-8") from error
        except tomllib.TOMLDecodeError as error:
            raise TaxonomyError(path, "the file", str(error)) from error

    def wrong(self, where: str, reason: str) -> TaxonomyError:
        return TaxonomyError(self.path, where, reason)

    def where(self, index: int, header: str) -> str:
        """Say "line N" of the ``index``-th table with that header."""
        seen = -1
        for number, line in enumerate(self.text.splitlines(), 1):
            seen += line.strip() == f"[[{header}]]"
            if seen == index:
                return f"line {number}"
        return f"{header} {index + 1}"

    def tables_of(self, header: str) -> list[dict[str, Any]]:
        found = self.tables.get(header, [])
        if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
            raise self.wrong(header, f"must be tables headed [[{header}]]")
        return found

    def only(self, known: set[str], table: dict[str, Any], where: str) -> None:
        for key in table:
            if key not in known:
                raise self.wrong(where, f"unknown key {key!r}; known keys: {', '.join(sorted(known))}")

    def text_of(self, table: dict[str, Any], key: str, where: str) -> str:
        text = table.get(key)
        if not isinstance(text, str) or not text.strip():
            raise self.wrong(where, f"{key!r} must be a text")
        return text

    def texts(self, table: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
        found = table.get(key, [])
        if not isinstance(found, list) or not all(isinstance(text, str) and text.strip() for text in found):
            raise self.wrong(where, f"{key!r} must be a list of texts")
        return tuple(found)


def _values(facet: str, file: _File) -> list[Value]:
    file.only({"value", "guard"} if facet == "city" else {"value"}, file.tables, "the top of the file")
    found: list[Value] = []
    taken: dict[str, str] = {}
    for index, table in enumerate(file.tables_of("value")):
        where = file.where(index, "value")
        file.only({*_TEXT_KEYS, *_LIST_KEYS, _OPTIONAL_TEXT}, table, where)
        texts = {key: file.text_of(table, key, where) for key in _TEXT_KEYS}
        lists = {key: file.texts(table, key, where) for key in _LIST_KEYS}
        guide = file.text_of(table, _OPTIONAL_TEXT, where) if _OPTIONAL_TEXT in table else ""
        value = Value(facet, texts["id"], texts["label"], texts["label_zh"], guide=guide, **lists)
        _check(value, file, where, taken)
        found.append(value)
    if not found:
        raise file.wrong("the file", "no [[value]] in it")
    return found


def _check(value: Value, file: _File, where: str, taken: dict[str, str]) -> None:
    for kind in value.kinds:
        if kind not in KINDS:
            raise file.wrong(where, f"unknown kind {kind!r}; known kinds: {', '.join(KINDS)}")
    for word in value.words:
        if "*" in word:
            raise file.wrong(where, f"{word!r} has a '*'; only clues may have one")
    for spelling in (*_declarations(value), *value.words):
        owner = taken.setdefault(_key(spelling), value.id)
        if owner != value.id:
            raise file.wrong(where, f"{spelling!r} already stands for {owner!r}")


def _guard(file: _File) -> PlaceGuard:
    table = file.tables.get("guard", {})
    if not isinstance(table, dict):
        raise file.wrong("guard", "must be a table headed [guard]")
    names = set(PlaceGuard.__dataclass_fields__)
    file.only(names, table, "guard")
    return PlaceGuard(**{name: file.texts(table, name, "guard") for name in names})


def _entities(file: _File, header: str) -> tuple[Entity, ...]:
    found = []
    for index, table in enumerate(file.tables_of(header)):
        where = file.where(index, header)
        file.only({"names", "reason"}, table, where)
        names = file.texts(table, "names", where)
        if len(names) < 2:
            raise file.wrong(where, "'names' needs at least two names")
        found.append(Entity(names, file.text_of(table, "reason", where)))
    return tuple(found)
