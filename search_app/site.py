"""The site in one language: addresses, labels and numbers for whoever renders a page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlencode

from search_app.labels import BROWSED, Labels
from search_app.settings import LANGUAGES
from search_app.state import SEARCH_PATH, SearchState

LANGUAGE_NAMES = {"en": "English", "zh": "中文"}
LANGUAGE_OFFERS = {"en": "This site is also available in English", "zh": "本站提供简体中文界面"}


@lru_cache(maxsize=64)
def asking(query: str) -> str:
    """The end of an address that hands on some words."""
    return f"?q={quote(query, safe='')}"


@dataclass(frozen=True, slots=True)
class Site:
    """One language's view of the site; ``base`` is the public address without a slash at the end."""

    language: str
    labels: Labels
    base: str = ""

    @property
    def tag(self) -> str:
        """Language tag for ``lang`` and ``hreflang``."""
        return LANGUAGES[self.language]

    @property
    def prefix(self) -> str:
        """What stands before every path: nothing for the first language."""
        return "" if self.language == next(iter(LANGUAGES)) else f"/{self.language}"

    def path(self, path: str) -> str:
        """A path of the site in this language."""
        return self.prefix + path if path != "/" or not self.prefix else self.prefix + "/"

    def absolute(self, path: str) -> str:
        """A whole address for a path that already has its language."""
        return self.base + path

    def search(self, state: SearchState) -> str:
        """Link to a search."""
        return self.path(state.address(SEARCH_PATH))

    def document(self, doc_id: str, query: str = "", anchor: str = "") -> str:
        """Link to a document, at a section, with the words to highlight."""
        query_part = asking(query) if query else ""
        anchor_part = "#" + quote(anchor) if anchor else ""
        return self.path("/" + quote(doc_id)) + query_part + anchor_part

    def landing(self, facet: str, value: str) -> str:
        """Link to the page of a facet value; kinds have none, so they lead to a search."""
        if facet not in BROWSED or not (slug := self.labels.slug(facet, value)):
            return self.search(SearchState().with_values(facet, [value]))
        return self.path(f"/{BROWSED[facet]}/{slug}")

    def compare(self, slugs: tuple[str, ...]) -> str:
        """Link to the comparison of hospitals."""
        query = urlencode([("h", slug) for slug in slugs])
        return self.path("/compare") + (f"?{query}" if query else "")

    def label(self, facet: str, value: str) -> str:
        """What a facet value is called in this language."""
        return self.labels.label(facet, value, self.language)

    def in_language(self, language: str) -> Site:
        """The same site in another language."""
        return Site(language, self.labels, self.base)
