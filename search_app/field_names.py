"""What hospitals state of themselves, and the national lists, are called in other languages than English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from indexer.errors import TaxonomyError
from search_app.settings import LANGUAGES
from search_app.vocabulary_files import VOCABULARY, read_toml

Names = Mapping[str, Mapping[str, str]]
"""By language, then by the English name in lower case."""
_NUMBER = re.compile(r"\d+(?:,\d{3})*")
_OPENING = re.compile(r" \(")


def field_name(name: str, language: str) -> str:
    """What a field or list is called in a language; empty where only its English name is known."""
    return default_names().get(language, {}).get(name.casefold(), "")


def value_name(value: str, language: str) -> str:
    """What a fact says, in a language; empty where only English words are known.

    What stands in brackets at the end is named part by part where the whole has no name: "Tertiary (2021)".
    """
    names = default_values().get(language, {})
    if whole := _with_numbers(value, names):
        return whole
    openings = _OPENING.finditer(value) if value.endswith(")") else ()
    return next(filter(None, (_by_parts(value[: at.start()], value[at.end() : -1], names) for at in openings)), "")


def _by_parts(head: str, inside: str, names: Mapping[str, str]) -> str:
    """The name of what stands before a bracket, with those of its last parts; the parts before them belong to it."""
    parts = inside.split("; ")
    for at in range(len(parts)):
        written = (f"{head} ({'; '.join(parts[:at])})" if at else head, *parts[at:])
        named = [_with_numbers(each, names) or _bare(each) for each in written]
        if all(named) and named != list(written):
            return f"{named[0]} ({'; '.join(named[1:])})"
    return ""


def _bare(text: str) -> str:
    """The text where it is nothing but a number, which all languages write alike."""
    return text if _NUMBER.fullmatch(text) else ""


def _with_numbers(text: str, names: Mapping[str, str]) -> str:
    """The name of a text with its numbers in the places that the name has for them."""
    known = names.get(text.casefold())
    if known is None:
        known = names.get(_NUMBER.sub("#", text).casefold(), "")
    numbers = iter(_NUMBER.findall(text))
    return re.sub("#", lambda _place: next(numbers, ""), known)


@cache
def default_values() -> Names:
    """What facts say, as it comes with the program, read once."""
    return load_names(VOCABULARY / "fact_values.toml")


@cache
def default_names() -> Names:
    """The names that come with the program, read once."""
    return load_names(VOCABULARY / "field_names.toml")


def load_names(path: Path) -> Names:
    """The names of a file.

    Raises:
        TaxonomyError: Names file, key and reason; for a missing file, wrong TOML, a language that the
            interface does not have, a name that is no text or empty, or a field that stands there twice.
    """
    names: dict[str, Mapping[str, str]] = {}
    for language, table in read_toml(path).items():
        if language not in LANGUAGES or not isinstance(table, dict):
            raise TaxonomyError(path, language, f"no table of a language; known: {', '.join(LANGUAGES)}")
        found: dict[str, str] = {}
        for field, name in table.items():
            if not isinstance(name, str) or not name.strip():
                raise TaxonomyError(path, field, "must be a name")
            if field.casefold() in found:
                raise TaxonomyError(path, field, "stands there twice")
            found[field.casefold()] = name
        names[language] = MappingProxyType(found)
    return MappingProxyType(names)
