"""Turn one HTML file into a Page."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bs4 import BeautifulSoup

from indexer.compose import compose
from indexer.corpus import CorpusFile
from indexer.cut_off import cut_off
from indexer.decode import binary_reason, decode
from indexer.errors import PageError
from indexer.model import Page
from indexer.parse._refusals import is_cookie_bar, is_menu, is_refusal
from indexer.parse._survey import Survey, web_address
from indexer.parse._walk import Walker
from indexer.plaintext import read_plain
from indexer.robots import META_NAMES, directives, unlisted
from indexer.structured import read_json_ld
from indexer.visible import Reading

__all__ = ["parse_page", "read_html"]

MAX_ELEMENTS = 250_000  # start and end tags; as many take 10 seconds and 400 MB, a real page has under 20,000

MAX_RUN_CHARS = 2_000_000  # of text without a tag; twice what is kept of a page, and a tree of more takes 500 MB
SAVED_FROM_WITHIN = 2_000  # characters
# Who puts a file into the corpus wants it found, so that it is; but a copy of a draft may be there by mistake.
NOINDEX = "it asks search engines to leave it out (meta robots: noindex), and is found here all the same"
_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d{4}\)(\S+)\s*-->")
_ENDLESS = re.compile(rf"(>[^<>]{{{MAX_RUN_CHARS}}})[^<>]+")


def parse_page(file: CorpusFile, data: bytes) -> Page:
    """Read a file as a page: HTML, Markdown or plain text, by its suffix.

    Trust goes in this order: JSON-LD; ``<meta>``, OpenGraph, canonical link, ``lang``, ``<time>``; what is visible.
    The text is that of ``<main>``, else ``role=main``, else the one ``<article>``, else an element that is named
    content, else the body; without navigation, header, footer, asides, forms, hidden parts and their like.

    Raises:
        PageError: If the file is empty, is no text, has no visible text, or is the message of a server, a menu or a
            notice about cookies.
    """
    if not data.strip(b"\0 \t\r\n\x0b\x0c"):
        raise PageError(file.path, "the file is empty")
    if reason := binary_reason(data):
        raise PageError(file.path, f"no text: {reason}")
    if data.count(b"<") > MAX_ELEMENTS:
        raise PageError(file.path, f"more than {MAX_ELEMENTS:,} elements")
    decoded = decode(data)
    suffix = file.path.rpartition(".")[2].lower()
    if suffix in ("txt", "md", "markdown"):
        reading = read_plain(decoded.text, markdown=suffix != "txt")
    else:
        reading = read_html(decoded.text)
    page = compose(replace(reading, warnings=decoded.warnings + reading.warnings), file.doc_id, file.path)
    if not any(section.text or section.heading for section in page.sections) and not page.facts:
        raise PageError(
            file.path, "no text inside <main> or <body>" if suffix not in ("txt", "md") else "no text in it"
        )
    if is_refusal(page, (title for _, title in reading.titles)):
        raise PageError(file.path, f"the message of a server, not a page: “{page.title}”")
    if is_cookie_bar(page):
        raise PageError(file.path, "nothing but a notice about cookies; save the page once that is closed")
    if is_menu(page):
        raise PageError(file.path, "nothing but a menu: each line is a link; save the page with its text")
    return page


def read_html(text: str) -> Reading:
    """Read what an HTML document shows and says about itself."""
    # The parser stops at a NUL; a lone surrogate cannot be encoded for it.
    markup = _ENDLESS.sub(r"\1", text.replace("\0", "")).encode("utf-8", "replace").decode()
    with warnings.catch_warnings():  # "this looks like XML", "this looks like a file name": it is what we were given
        warnings.simplefilter("ignore")
        soup = BeautifulSoup(markup, "lxml")
    survey = Survey(soup)
    walker = Walker(soup, survey)
    walker.walk()
    declared = read_json_ld(survey.json_ld)
    meta = survey.meta
    return Reading(
        lines=tuple(walker.lines),
        titles=(("JSON-LD", declared.name), ("og:title", meta.get("og:title", "")), ("title", survey.title)),
        declared=declared,
        summary=meta.get("description") or meta.get("og:description", ""),
        date=survey.date or walker.date,
        language=survey.language or meta.get("content-language", "")[:35],
        source_url=survey.canonical or web_address(meta.get("og:url", "")) or _saved_from(text),
        hints=tuple(walker.hints),
        site_name=meta.get("og:site_name", "") or meta.get("application-name", ""),
        warnings=tuple(_doubts(text, meta)),
    )


def _doubts(text: str, meta: Mapping[str, str]) -> Iterator[str]:
    if unlisted(directives(meta.get(name, "") for name in META_NAMES)):
        yield NOINDEX
    if early := cut_off(text):
        yield early


def _saved_from(text: str) -> str:
    """The address that a browser wrote into a page that it saved, or nothing."""
    found = _SAVED_FROM.search(text, 0, SAVED_FROM_WITHIN)
    return web_address(found[1]) if found else ""
