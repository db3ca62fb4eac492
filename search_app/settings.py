"""Settings of the web application: names, defaults and where they come from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

ENVIRONMENT_PREFIX = "MEDSEARCH_"
ENGINE = "MEDSEARCH_ENGINE"  # the address of an engine, where it is not a folder; goes before MEDSEARCH_INDEX
SYNONYMS = "MEDSEARCH_SYNONYMS"  # a file of the site itself, which a new release leaves alone
PLACED = "MEDSEARCH_PLACED"  # a file of what the editors place first or leave out, query by query
CANARIES = "MEDSEARCH_CANARIES"  # a file of searches that a new index must answer before it is served
LANGUAGES = {"en": "en", "zh": "zh-Hans"}  # URL prefix (the first stands at the root) and language tag
LOCALES = {"en": "en_GB", "zh": "zh"}  # how dates and numbers are written

QUERY_LOG_MINIMUM = 5  # searches before their words are kept
QUERY_LOG_DAYS = 90  # for which they are kept

MAX_QUERY_CHARS = 600  # the longest title has 136; what is longer is cut, and the page says so
MAX_VALUES = 20  # chosen values of one facet
MAX_VALUE_CHARS = 120
MAX_PER_PAGE = 100
MAX_COMPARED = 6  # hospitals side by side; more cannot be read


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set: by ``create_app``, by the options of ``medsearch serve``, or by ``MEDSEARCH_…``.

    ``site_url`` is the public address (without a slash at the end); without one, links that must be absolute follow
    the request. ``trusted_hosts`` and ``trusted_proxies`` (how many proxies set ``X-Forwarded-…``) trust nothing by
    default. ``cached_answers`` bounds the answers that each process keeps, and whole responses too: 16 KB for each.

    ``rate_limit`` is the requests a minute that each client may make, ``rate_burst`` how many of them at once (0: no
    limit); networks in ``rate_exempt`` have none. ``query_log`` is the file that keeps what is searched for ("": none),
    words only once ``query_log_minimum`` searches had them, and for ``query_log_days``. A price that a page states is
    marked when it is older than ``price_years``. ``log_format``, "text" or "json", is the form of what the production
    server writes.
    """

    index: str = "index/"
    site_url: str = ""
    site_name: str = "medsearch"
    trusted_hosts: tuple[str, ...] = ()
    trusted_proxies: int = 0
    cached_answers: int = 512
    rate_limit: int = 600
    rate_burst: int = 120
    rate_exempt: tuple[str, ...] = ("127.0.0.0/8", "::1")
    query_log: str = ""
    query_log_minimum: int = QUERY_LOG_MINIMUM
    query_log_days: int = QUERY_LOG_DAYS
    price_years: int = 2
    log_format: str = "text"
    contact: str = ""
    debug: bool = False

    @classmethod
    def load(cls, config: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> Settings:
        """Defaults, then the environment, then ``config`` (names in either case).

        Raises:
            ValueError: If a value has the wrong form; the message names the setting, or the variable that gave it.
        """
        environment = os.environ if environment is None else environment
        given: dict[str, Any] = {}
        if environment.get(ENGINE):
            given["index"] = environment[ENGINE]
        for name in (field.name for field in fields(cls)):
            if (variable := ENVIRONMENT_PREFIX + name.upper()) in environment and name not in given:
                given[name] = environment[variable]
            for key in (name, name.upper()):
                if config is not None and config.get(key) is not None:
                    given[name] = config[key]
        return cls(
            **{
                name: _convert(name, called(name, config, environment), getattr(cls(), name), value)
                for name, value in given.items()
            }
        )


def called(name: str, config: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> str:
    """What an operator calls a setting: its variable, where that is what counts."""
    environment = os.environ if environment is None else environment
    variable = ENVIRONMENT_PREFIX + name.upper()
    by_caller = any((config or {}).get(key) is not None for key in (name, name.upper()))
    return variable if variable in environment and not by_caller else name


def _convert(name: str, shown: str, default: Any, value: Any) -> Any:
    if isinstance(default, bool):
        return value if isinstance(value, bool) else str(value).strip().lower() in ("1", "true", "yes", "on")
    if isinstance(default, int):
        try:
            number = int(value)
        except ValueError:
            raise ValueError(f"{shown} must be a whole number, not {value!r}.") from None
        if number < 0:
            raise ValueError(f"{shown} must not be negative, not {value!r}.")
        return number
    if isinstance(default, tuple):
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(part.strip() for part in parts if part.strip())
    text = str(value)
    return text.rstrip("/") if name == "site_url" else text
