"""Where the vocabulary is, and what its files hold before anybody looks at the entries."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from indexer.errors import TaxonomyError

VOCABULARY = Path(__file__).with_name("vocabulary")


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a vocabulary file.

    Raises:
        TaxonomyError: For a file that cannot be read, is not UTF-8 or no TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise TaxonomyError(path, "the file", error.strerror or "cannot be read") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TaxonomyError(path, "the file", str(error)) from error


def read_tables(path: Path, name: str) -> list[dict[str, Any]]:
    """The ``[[name]]`` tables of a vocabulary file that holds nothing else.

    Raises:
        TaxonomyError: As ``read_toml``, and where there is anything else.
    """
    content = read_toml(path)
    listed = content.get(name, [])
    if set(content) - {name} or not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise TaxonomyError(path, "the file", f"may only hold [[{name}]]")
    return listed
