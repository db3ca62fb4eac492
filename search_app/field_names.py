"""What hospitals state of themselves, and the national lists, are called in other languages than English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from indexer.errors import TaxonomyError
from search_app.settings import LANGUAGES
from search_app.thesaurus import VOCABULARY, read_toml

Names = Mapping[str, Mapping[str, str]]
"""By language, then by the English name in lower case."""
_YEAR = re.compile(
    r"(?:; (?P<inside>\d{4})\)| \((?P<after>\d{4})\))\Z"
)  # "Grade 3A (tertiary; 2021)", "Tertiary (2021)"


def field_name(name: str, language: str) -> str:
    """What a field or list is called in a language; empty where only its English name is known."""
    return default_names().get(language, {}).get(name.casefold(), "")


def value_name(value: str, language: str) -> str:
    """What a fact says, in a language, and the year that it ends with; empty where only English words are known."""
    names = default_values().get(language, {})
    dated = _YEAR.search(value)
    bare = value[: dated.start()] + (")" if dated["inside"] else "") if dated else value
    name = names.get(value.casefold()) or names.get(bare.casefold(), "")
    return f"{name} ({dated['inside'] or dated['after']})" if name and dated else name


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
