"""The texts of the pages in each language, read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations

TRANSLATIONS = Path(__file__).with_name("translations")


@cache
def catalogue(locale: str) -> NullTranslations:
    """The catalogue of a locale; one that says everything as it is in English when there is none."""
    return Translations.load(str(TRANSLATIONS), [locale])
