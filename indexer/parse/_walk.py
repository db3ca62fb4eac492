"""Read the visible lines of an HTML document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, replace

from bs4 import BeautifulSoup
from bs4.element import CData, NavigableString, PageElement, Tag

from indexer.cleaning import clean
from indexer.dates import iso_date
from indexer.model import Link
from indexer.parse._parts import (
    BREADCRUMB,
    DROPPED_NAMES,
    DROPPED_ROLES,
    DROPPED_TAGS,
    HIDDEN,
    RELATED_NAME,
    named_so,
)
from indexer.parse._survey import MAX_HREF_CHARS, WRAPPERS, Survey, attribute, language
from indexer.visible import FACTS, HINT, OUTSIDE, RELATED, SOURCES, VisibleLine

MAX_LINE_CHARS = 200_000  # of one line before cleaning; a longer one is data that lost its line ends

_UNSEEN = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "iframe",
        "object",
        "embed",
        "title",
        "meta",
        "link",
        "svg",
        "math",
        "canvas",
        "audio",
        "video",
        "map",
        "datalist",
        "select",
        "option",
        "textarea",
        "input",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "frameset",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "optgroup",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "caption",
        "br",
    ]
)
_GOES_ON = frozenset(("dd", "p", "div"))  # behind a term they begin no line: the first words explain it
_ASKS = re.compile(r"[?？]\s*$")
_IN_ROWS = WRAPPERS | {"td", "th"}  # in a table of data they end no line
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_TELLING = _HEADINGS | {"li", "b", "strong", "main", "article", "table", "dt", "dd", "th", "td", *DROPPED_TAGS}
_WORDS_TITLE = "MsoTitle"  # the class of a document's title in pages that Word has saved; it has no <h1> and no <title>
_MARKER = re.compile(r"^\s*[\[(【]?\s*(?:\d{1,3}|[a-z]|note \d+)\s*[\])】]?\s*$")
_SOURCE_ANCHOR = re.compile(r"^#source-(\d{1,3})$")
_KEPT_MARKER = re.compile(r"\s*\[\d{1,3}\]")
_CRUMB = re.compile(r"\s*(?:[>»›/|→]|&gt;)\s*")


@dataclass(slots=True)
class _Context:
    """What holds for everything inside an element; shared by its children unless one of them changes it."""

    cut: str = ""
    region: str = ""
    in_main: bool = False
    in_article: bool = False
    strong: bool = False
    language: str = ""
    heading: int = 0
    anchor: str = ""
    item: list[bool] | None = None  # one flag an <li>: its first line has yet to come
    term: bool = False
    cells: bool = False  # inside a table of data, whose cells make one line


@dataclass(slots=True)
class _OpenLink:
    href: str
    pieces: list[str] = field(default_factory=list)
    marker: bool = False


class Walker:
    """Reads a tree in document order without recursion: 20,000 nested elements are as good as flat ones."""

    def __init__(self, soup: BeautifulSoup, survey: Survey) -> None:
        self.soup = soup
        self._survey = survey
        self.lines: list[VisibleLine] = []
        self.hints: list[str] = []
        self.date = ""
        self._pieces: list[str] = []
        self._chars = self._strong_chars = self._marker_chars = 0
        self._links: list[Link] = []
        self._fragment_chars = 0
        self._refs: list[str] = []
        self._open_link: _OpenLink | None = None
        self._kept_markers = False
        self._term = False  # the line ends with a term of a list, and what that means has yet to come
        self._waiting_id = ("", 0)  # of the part opened last, for a heading that comes before any other line

    def walk(self) -> None:
        context = _Context(in_main=self._survey.main is None)
        stack: list[tuple[Tag, _Context, Iterator[PageElement]]] = [(self.soup, context, iter(self.soup.contents))]
        while stack:
            tag, context, children = stack[-1]
            for child in children:
                if isinstance(child, Tag):
                    inner = self._enter(child, context)
                    if inner is not None:
                        stack.append((child, inner, iter(child.contents)))
                        break
                elif type(child) is NavigableString or type(child) is CData:
                    self._text(str(child), context)
            else:
                stack.pop()
                self._leave(tag, context, stack[-1][1] if stack else context)
        self._flush(context)

    # -- elements

    def _enter(self, tag: Tag, outer: _Context) -> _Context | None:
        """Context inside an element; None when nothing in it is ever seen."""
        name = tag.name
        if name == "time" and not self.date and not outer.cut:
            self.date = iso_date(attribute(tag, "datetime"), self._survey.language)
        if name in _UNSEEN:
            return None
        if name in _BLOCKS and not (outer.cells and name in _IN_ROWS):
            if not (self._term and name in _GOES_ON):
                self._flush(outer)
        elif name in ("td", "th") and self._chars:
            self._pieces.append(" | ")
        elif name in WRAPPERS:
            self._pieces.append(" ")
        if name == "a":
            self._start_link(tag)
        if not tag.attrs and name not in _TELLING:
            return outer
        inner = copy(outer)
        if tag is self._survey.main:
            inner.in_main = True
        if not outer.cut and tag.attrs:
            self._place(tag, inner)
        if not inner.cut and name in DROPPED_TAGS:
            self._drop_by_tag(tag, inner)
        self._style(tag, inner)
        if name in ("dt", "th", "dd", "td"):
            inner.term = inner.region == FACTS and (name in ("dt", "th") or (name == "td" and _first_cell(tag)))
        return inner

    def _style(self, tag: Tag, inner: _Context) -> None:
        """Note what the kind of element says about the lines in it."""
        name = tag.name
        if name in _HEADINGS:
            inner.heading, inner.anchor = int(name[1]), self._heading_anchor(tag)
        elif name == "p" and _WORDS_TITLE in attribute(tag, "class").split():
            inner.heading = 1
        elif name == "li":
            inner.item, inner.anchor = [True], attribute(tag, "id")
        elif name in ("b", "strong"):
            inner.strong = True
        elif name in ("main", "article"):
            inner.in_article = True
        elif name == "table":
            inner.cells = not inner.region and self._survey.is_data_table(tag)
        elif name in ("section", "div", "a", "span") and not inner.heading:
            own = attribute(tag, "id") or (attribute(tag, "name") if name == "a" else "")
            if own and not inner.cut:
                self._waiting_id = (own, len(self.lines))

    def _leave(self, tag: Tag, context: _Context, outer: _Context) -> None:
        if tag.name == "a":
            self._end_link()
        if tag.name in _BLOCKS and not (outer.cells and tag.name in _IN_ROWS):
            if tag.name != "dt" or not self._keep_term(context):
                self._flush(context)
        elif tag.name in WRAPPERS:
            self._pieces.append(" ")

    def _keep_term(self, context: _Context) -> bool:
        """Whether a term stays open for its definition, in one line: a question is a line, as a fact's name is."""
        text = clean("".join(self._pieces))
        if not self._chars or context.region or context.cut or context.heading or not text or _ASKS.search(text):
            return False
        han = "\u3400" <= text[-1] <= "\u9fff"
        self._pieces.append({":": " ", "：": ""}.get(text[-1], "：" if han else ": "))
        self._term = True
        return True

    def _place(self, tag: Tag, inner: _Context) -> None:
        """Note what the attributes of an element say about where it belongs."""
        attrs = tag.attrs
        lang = language(tag)
        if lang:
            inner.language = lang.lower()
        if "hidden" in attrs or HIDDEN.search(attribute(tag, "style")) or attribute(tag, "aria-hidden") == "true":
            if not self._survey.is_page(tag):
                inner.cut = "hidden"
            return
        classes, own_id = attribute(tag, "class").split(), attribute(tag, "id")
        if named_so(BREADCRUMB, classes, own_id) or "breadcrumb" in attribute(tag, "aria-label").lower():
            if not self._survey.is_page(tag):
                inner.region, inner.cut = HINT, ""
            return
        if reason := DROPPED_ROLES.get(attribute(tag, "role").lower(), ""):
            inner.cut = "" if self._survey.is_page(tag) else reason
        elif classes or own_id:
            self._by_name(tag, classes, own_id, inner)

    def _by_name(self, tag: Tag, classes: list[str], own_id: str, inner: _Context) -> None:
        names = (*classes, own_id)
        if tag.name in ("dl", "table") and "facts" in names:
            inner.region = FACTS
        elif "sources" in names or "references" in names:
            inner.region = SOURCES
        elif named_so(RELATED_NAME, classes, own_id) and not self._survey.is_page(tag):
            inner.region = RELATED
        elif not inner.region and tag.name not in ("html", "body", "main", "article", "h1", "a", "span"):
            for reason, pattern in DROPPED_NAMES:
                if named_so(pattern, classes, own_id) and not self._survey.is_page(tag):
                    inner.cut = reason
                    return

    def _drop_by_tag(self, tag: Tag, inner: _Context) -> None:
        if (
            inner.region == HINT
            or (tag.name == "header" and self._own_header(inner))
            or (tag.name == "button" and inner.heading)
        ):
            return
        if not self._survey.is_page(tag):
            inner.cut = DROPPED_TAGS[tag.name]

    def _own_header(self, inner: _Context) -> bool:
        """Whether a <header> belongs to the article, with its title, and not to the site."""
        return inner.in_article or (inner.in_main and self._survey.main is not None)

    # -- lines

    def _start_link(self, tag: Tag) -> None:
        href = re.sub(r"[\x00-\x20]+", "", attribute(tag, "href"))
        self._end_link()
        self._open_link = _OpenLink(href)

    def _end_link(self) -> None:
        link, self._open_link = self._open_link, None
        if link is None:
            return
        raw = "".join(link.pieces)
        text = clean(raw)
        if not text:
            return
        if link.href.startswith("#"):
            if _MARKER.match(text):
                self._refs.append(link.href[1:])
                if number := _SOURCE_ANCHOR.match(link.href):
                    # The reader of the page sees where a statement comes from; tokens leave such numbers out.
                    self._pieces.append(f"[{number.group(1)}]")
                    self._kept_markers = True
                    return
                self._marker_chars += len(text)
                return
            self._fragment_chars += len(text)
        elif _followable(link.href):
            self._links.append(Link(link.href, text[:300]))
        self._pieces.append(raw)

    def _text(self, text: str, context: _Context) -> None:
        if context.cut:  # counted at once: an inline part that is cut must not end the line around it
            if text := clean(text):
                role = "heading" if context.heading else "text"
                self.lines.append(VisibleLine(text, role, context.heading, cut=context.cut))
            return
        if not text or self._chars > MAX_LINE_CHARS:
            return
        if self._open_link is not None:
            self._open_link.pieces.append(text)
        else:
            self._pieces.append(text)
        letters = len(text) - text.count(" ")
        if not text.isspace():
            self._term = False
            self._chars += len(text)
            self._strong_chars += letters if context.strong else 0

    def _flush(self, context: _Context) -> None:
        if not self._chars:
            self._pieces.clear()
            if self._open_link is not None:
                self._open_link.pieces.clear()
            return
        if self._term:  # and nothing explains it
            self._term = False
            self._pieces[-1] = self._pieces[-1].rstrip(" :：")
        href = self._open_link.href if self._open_link else None
        self._end_link()
        raw = "".join(self._pieces)
        if self._kept_markers and (context.region or context.heading):
            # Numbers of sources belong to running text: facts and headings name theirs by ``refs``.
            raw, count = _KEPT_MARKER.subn("", raw)
            self._marker_chars += 3 * count
        text = clean(raw).strip("| ")
        if text or self._marker_chars:
            self._emit(text, context)
        self._pieces.clear()
        self._links, self._refs = [], []
        self._kept_markers = False
        self._chars = self._strong_chars = self._marker_chars = self._fragment_chars = 0
        if href is not None:  # a link around blocks goes on behind the line
            self._open_link = _OpenLink(href)

    def _emit(self, text: str, context: _Context) -> None:
        letters = len(text) - text.count(" ")
        line = VisibleLine(
            text=text,
            anchor=context.anchor,
            strong=self._strong_chars >= letters > 0,
            region=context.region,
            cut=context.cut or ("" if context.in_main or context.region == HINT else OUTSIDE),
            language=context.language,
            links=tuple(self._links),
            refs=tuple(self._refs),
            marker_chars=self._marker_chars,
            term=context.term,
            fragment=0 < self._fragment_chars >= len(text) - 2,
        )
        if not text:
            if self.lines:
                last = self.lines[-1]
                self.lines[-1] = replace(
                    last, marker_chars=last.marker_chars + line.marker_chars, refs=last.refs + line.refs
                )
            return
        if line.region == HINT and not line.cut:
            self.hints += [part for part in _CRUMB.split(text) if part]
        if context.heading:
            line = replace(line, role="heading", level=context.heading)
        elif context.item is not None:
            line = replace(line, role="item" if context.item[0] else "text")
            context.item[0] = False
        self.lines.append(line)

    def _heading_anchor(self, tag: Tag) -> str:
        own = attribute(tag, "id")
        if not own:
            for child in tag.contents[:5]:
                if isinstance(child, Tag) and child.name in ("a", "span"):
                    own = own or attribute(child, "id") or attribute(child, "name")
        waiting, lines = self._waiting_id
        self._waiting_id = ("", 0)
        return own or (waiting if lines == len(self.lines) else "")


def _first_cell(cell: Tag) -> bool:
    return cell.find_previous_sibling(["td", "th"]) is None


def _followable(href: str) -> bool:
    """Whether a link leads to a page: http, https or a relative address; never a script, data or a letter."""
    if not href or len(href) > MAX_HREF_CHARS or href.startswith("#"):
        return False
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.\-]*):", href)
    return scheme is None or scheme[1].lower() in ("http", "https")
