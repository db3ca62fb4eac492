"""Which of our languages a browser prefers."""

from __future__ import annotations

from functools import lru_cache

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from search_app.settings import LANGUAGES


@lru_cache(maxsize=256)
def preferred_language(header: str) -> str:
    """The prefix of the language that an ``Accept-Language`` header likes best of ours, or nothing."""
    accepted = parse_accept_header(header, LanguageAccept)
    best = accepted.best_match([*LANGUAGES, *LANGUAGES.values()]) if accepted else None
    return next((prefix for prefix, tag in LANGUAGES.items() if best in (prefix, tag)), "")
