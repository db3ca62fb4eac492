"""The record of sources: which pages use each source, and when it was read."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from indexer.corpus import walk
from indexer.errors import PageError
from indexer.model import Citation, Page
from indexer.parse import parse_page

RECORD = "SOURCES.md"  # in the corpus; a note, so that no build takes it for a page
COMMAND = "medsearch corpus sources --write"
_NO_HOST = "without an address"
_MARKS = re.compile(r"([\\`*_\[\]<>])")
_NOT_IN_ADDRESS = re.compile(r"[\s<>]")


@dataclass(frozen=True, slots=True)
class Source:
    """One source: its address (empty for none), what most pages call it, the days it was read, and who uses it.

    ``read`` are dates (YYYY-MM-DD) in order, empty when no page says one; ``paths`` are files of the corpus in order.
    """

    url: str
    title: str
    publisher: str
    date: str
    read: tuple[str, ...]
    paths: tuple[str, ...]

    @property
    def host(self) -> str:
        """Host of the address without "www.", empty where there is no address."""
        try:
            return (urlsplit(self.url).hostname or "").removeprefix("www.")
        except ValueError:
            return ""


def read_pages(folder: Path | str) -> Iterator[Page | PageError]:
    """Parse every file of a corpus: a page, or why the file is none.

    Raises:
        CorpusError: If the folder cannot be read.
    """
    for file in walk(folder):
        try:
            if isinstance(file, PageError):
                raise file
            yield parse_page(file, file.read())
        except PageError as error:
            yield error


def collect(pages: Iterable[Page]) -> tuple[Source, ...]:
    """Sources of some pages, each address once, in order of host, title and address.

    A source without an address is known by its title. Where pages word a source differently, the wording of most of
    them is taken; of equally many, that of the first page.
    """
    uses: dict[str, list[tuple[str, Citation]]] = {}
    for page in sorted(pages, key=lambda page: page.path):
        for citation in page.citations:
            uses.setdefault(citation.url or "\t" + citation.title, []).append((page.path, citation))
    found = [_source(each) for each in uses.values()]
    return tuple(sorted(found, key=lambda each: (each.host == "", each.host, each.title.casefold(), each.url)))


def _source(uses: list[tuple[str, Citation]]) -> Source:
    wordings = Counter((citation.title, citation.publisher, citation.date) for _, citation in uses)
    (title, publisher, date), _ = wordings.most_common(1)[0]
    read = {citation.accessed for _, citation in uses if citation.accessed}
    paths = dict.fromkeys(path for path, _ in uses)
    return Source(uses[0][1].url, title, publisher, date, tuple(sorted(read)), tuple(paths))


def as_markdown(sources: Iterable[Source]) -> str:
    """Write the record: a heading for each host, a line for each source, and one for each page that uses it."""
    sources = tuple(sources)
    hosts = {source.host for source in sources} - {""}
    pages = {path for source in sources for path in source.paths}
    lines = [
        "# Sources",
        "",
        f"Written by `{COMMAND}` from what the pages declare, and not to be edited by hand: a source is corrected on",
        "its page. `medsearch corpus check` says so when this file and the pages differ.",
        "",
        f"{_count(len(sources), 'source')} on {_count(len(hosts), 'host')}, used by {_count(len(pages), 'page')}.",
    ]
    host = None
    for source in sources:
        if source.host != host:
            host = source.host
            lines += ["", f"## {_plain(host or _NO_HOST)}", ""]
        lines.append("- " + _described(source))
        lines += [f"  - [{_plain(os.path.splitext(path)[0])}]({quote(path)})" for path in source.paths]
    return "\n".join(lines) + "\n"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _described(source: Source) -> str:
    title = _plain(source.title).rstrip(".")
    parts = [title, ", ".join(_plain(each) for each in (source.publisher, source.date) if each)]
    if source.url:
        parts.append(f"<{_NOT_IN_ADDRESS.sub(lambda found: quote(found[0]), source.url)}>")
    parts.append(f"Read on {' and '.join(source.read)}" if source.read else "No page says when it was read")
    return ". ".join(part for part in parts if part) + "."


def _plain(text: str) -> str:
    """Text on one line that Markdown shows as it is."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def differs(folder: Path | str, pages: Iterable[Page]) -> bool:
    """Whether the corpus holds a record that its pages do not give; without one there is nothing to differ."""
    try:
        return Path(folder, RECORD).read_text(encoding="utf-8", errors="replace") != as_markdown(collect(pages))
    except FileNotFoundError:
        return False


def write(folder: Path | str, text: str) -> None:
    """Put the record into the corpus, whole or not at all."""
    target = Path(folder, RECORD)
    half = target.with_name(f".{RECORD}.part")
    try:
        half.write_text(text, encoding="utf-8", newline="\n")
        os.replace(half, target)
    finally:
        half.unlink(missing_ok=True)
