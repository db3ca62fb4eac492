"""Survey an HTML document once: where its head, its headings and its main content are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, Tag

from indexer.cleaning import clean
from indexer.dates import iso_date
from indexer.parse._parts import MAIN_NAMES

MAX_HREF_CHARS = 2_000
MIN_MAIN_CHARS = 60  # a <main> with less is an empty shell; the text stands elsewhere
_JSON_LD = re.compile(r"^\s*application/ld\+json", re.IGNORECASE)
_OF_THE_PAGE = frozenset(("html", "title", "meta", "link", "script"))
_LAYOUT = frozenset(("table", "ul", "ol", "dl", "h1", "h2", "h3", "h4", "h5", "h6"))  # in a cell: parts of a page
# In a cell: parts of a page, or what Word and editors of sites put around a value.
WRAPPERS = frozenset(("p", "div", "br"))
MAX_VALUE_CHARS = 200  # of a cell with these; a longer one is text
_DATES = ("article:modified_time", "og:updated_time", "article:published_time", "dc.date", "date", "pubdate")


def attribute(tag: Tag, name: str) -> str:
    """Text of an attribute; empty when absent."""
    value = tag.attrs.get(name)
    if isinstance(value, str):
        return value
    return " ".join(value) if isinstance(value, list) else ""


def language(tag: Tag | None) -> str:
    """Language that an element declares, when it is a well-formed tag."""
    lang = (attribute(tag, "lang") or attribute(tag, "xml:lang")).strip() if tag else ""
    return lang if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", lang) else ""


def web_address(text: str) -> str:
    """Absolute http or https address; empty for anything else."""
    text = text.strip()
    return text if re.match(r"https?://[^\s\"'<>]+$", text) and len(text) <= MAX_HREF_CHARS else ""


class Survey:
    """What one walk over the tree finds; ``find`` of the library would walk it again for every question."""

    def __init__(self, soup: BeautifulSoup) -> None:
        self.meta: dict[str, str] = {}
        self.json_ld: list[str] = []
        self.title = ""
        self.language = ""
        self.canonical = ""
        self.h1: Tag | None = None
        self._sizes: dict[int, int] = {}
        self._layout_tables: set[int] = set()
        self._wrapping_tables: set[int] = set()
        self._mains: list[Tag] = []
        self._articles: list[Tag] = []
        self._named: dict[str, Tag] = {}
        self._walk(soup)
        self.size = self._sizes[id(soup)]
        self.main = self._choose()
        inner = self.main if self.main is not None else self.h1
        self._protected = {id(inner), *(id(parent) for parent in inner.parents)} if inner is not None else set[int]()

    @property
    def date(self) -> str:
        """The date in the head, the last change before the publication."""
        return next((date for name in _DATES if (date := iso_date(self.meta.get(name, ""), self.language))), "")

    def is_page(self, tag: Tag) -> bool:
        """Whether dropping an element would drop the page: a form around everything, a class "navbar" on a wrapper."""
        if id(tag) in self._protected:
            return True
        return self.main is None and tag.name != "nav" and self._sizes[id(tag)] * 2 > self.size

    def is_data_table(self, table: Tag) -> bool:
        """Whether the cells of a table are values, not parts of a layout."""
        if id(table) in self._layout_tables:
            return False
        return id(table) not in self._wrapping_tables or self._holds_values(table)

    def _holds_values(self, table: Tag) -> bool:
        """Whether a table whose cells have paragraphs is one of data: short cells, side by side in rows."""
        rows = 0
        for row in table.find_all("tr"):
            sizes = [self._sizes[id(cell)] for cell in row.find_all(["td", "th"], recursive=False)]
            if any(size > MAX_VALUE_CHARS for size in sizes):
                return False
            rows += sum(size > 0 for size in sizes) >= 2
        return rows >= 2

    def _walk(self, soup: BeautifulSoup) -> None:
        total = 0
        starts = {id(soup): 0}
        tables: list[int] = []
        stack: list[tuple[Tag, Iterator[PageElement]]] = [(soup, iter(soup.contents))]
        while stack:
            tag, children = stack[-1]
            for child in children:
                if isinstance(child, Tag):
                    self._note(child)
                    if tables and child.name in _LAYOUT:
                        self._layout_tables.add(tables[-1])
                    elif tables and child.name in WRAPPERS:
                        self._wrapping_tables.add(tables[-1])
                    if child.name == "table":
                        tables.append(id(child))
                    starts[id(child)] = total
                    stack.append((child, iter(child.contents)))
                    break
                if type(child) is NavigableString:
                    total += len(child.strip())
            else:
                self._sizes[id(tag)] = total - starts[id(tag)]
                stack.pop()
                if tables and tables[-1] == id(tag):
                    tables.pop()

    def _note(self, tag: Tag) -> None:
        name = tag.name
        if name in _OF_THE_PAGE:
            self._note_page(tag)
        elif name == "h1":
            self.h1 = self.h1 or tag
        elif name == "article":
            self._articles.append(tag)
        if name == "main" or attribute(tag, "role") == "main":
            self._mains.append(tag)
        elif tag.attrs and name != "body":
            if attribute(tag, "itemprop") == "articleBody":
                self._named.setdefault("", tag)
            for each in (attribute(tag, "id"), *attribute(tag, "class").split()):
                if each in MAIN_NAMES:
                    self._named.setdefault(each, tag)

    def _note_page(self, tag: Tag) -> None:
        """What an element says of the page as a whole, where it says anything."""
        name = tag.name
        if name == "meta":
            key = attribute(tag, "property") or attribute(tag, "name") or attribute(tag, "http-equiv")
            if content := clean(attribute(tag, "content")):
                self.meta.setdefault(key.lower().strip(), content)
        elif name == "link":
            if "canonical" in attribute(tag, "rel").lower().split():
                self.canonical = self.canonical or web_address(attribute(tag, "href"))
        elif name == "script":
            if _JSON_LD.match(attribute(tag, "type")):
                self.json_ld.append("".join(map(str, tag.contents)))
        elif name == "title":
            self.title = self.title or clean("".join(tag.strings))
        elif name == "html":
            self.language = self.language or language(tag)

    def _choose(self) -> Tag | None:
        candidates = [*self._mains]
        if len(self._articles) == 1:
            candidates += self._articles
        candidates += [self._named[name] for name in ("", *MAIN_NAMES) if name in self._named]
        enough = min(MIN_MAIN_CHARS, self.size)
        return next((tag for tag in candidates if self._sizes[id(tag)] >= enough), None)
