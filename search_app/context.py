"""What one application consists of, and what a request finds of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlencode

from flask import current_app, g, request
from werkzeug.exceptions import SecurityError
from werkzeug.sansio.utils import get_current_url

from indexer.engines import Searcher
from search_app.assets import Assets
from search_app.caching import AnswerCache, Latest
from search_app.counting import Counting
from search_app.given import Arguments
from search_app.labels import Labels
from search_app.languages import preferred_language
from search_app.metrics import Metrics
from search_app.querylog import Recorder
from search_app.search import Answer
from search_app.settings import LANGUAGES, Settings
from search_app.site import Site
from search_app.suggest import Catalogue

EXTENSION = "medsearch"


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of an application; ``searcher`` is all it has of the engine, so it cannot write."""

    settings: Settings
    searcher: Callable[[], AbstractContextManager[Searcher]]
    labels: Labels
    assets: Assets
    metrics: Metrics
    answers: AnswerCache[Answer]
    catalogues: Latest[Catalogue]  # the names for suggestions, by generation
    listed: Latest[tuple[str, list[tuple[str, str]]]]  # a generation, and paths and dates of its pages; by generation
    examples: AnswerCache[tuple[str, ...]]  # the searches that the start page offers, by generation and language
    query_log: Recorder | None  # None unless it is switched on
    counting: Counting
    build: str  # changes with the code, so that a new release invalidates what browsers kept


def services() -> Services:
    """The parts of the current application."""
    found: Services = current_app.extensions[EXTENSION]
    return found


def language_of(path: str) -> str:
    """The language that a path asks for."""
    first = path.strip("/").partition("/")[0]
    default, *others = LANGUAGES
    return first if first in others else default


def site() -> Site:
    """The site in the language of the request."""
    found: Site | None = g.get("site")
    if found is None:
        parts = services()
        base = parts.settings.site_url or _asked_base()
        found = g.site = Site(language_of(request.path), parts.labels, base)
    return found


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page depends on of the request for it; ``wanted`` is the language that the browser likes best of ours."""

    site: Site
    path: str
    arguments: Arguments
    wanted: str

    @property
    def offered(self) -> str:
        """Another language that the browser prefers to the one of this page, or nothing."""
        return self.wanted if self.wanted != self.site.language else ""

    def query(self) -> str:
        """The arguments, written as other addresses of ours hand them on."""
        pairs = [(name, value) for name, values in self.arguments.items() for value in values]
        return urlencode(pairs, quote_via=quote, safe="") if pairs else ""


def visit() -> Visit:
    """What a page depends on of this request."""
    return Visit(site(), request.path, arguments(), preferred_language(request.headers.get("Accept-Language", "")))


def _asked_base() -> str:
    try:
        return base_of(request.scheme, request.host, request.root_path)
    except SecurityError:  # the page that refuses an untrusted host must not repeat it
        return ""


@lru_cache(maxsize=64)
def base_of(scheme: str, host: str, path: str = "") -> str:
    """The address of a site below a path of a host, without a slash at the end."""
    return get_current_url(scheme, host, path).rstrip("/")


def arguments() -> Arguments:
    """The arguments of the request, each with all its values."""
    return request.args.to_dict(flat=False)
