"""Bring pages into a corpus from saved files, folders, sitemaps, single addresses and what they lead to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.corpus import PAGE_SUFFIXES, CorpusFile, doc_id_of, printable, walk
from indexer.counted import counted
from indexer.errors import CorpusError, PageError
from indexer.shelf import Found, Outcome, Shelf, left_out

if TYPE_CHECKING:
    from indexer.sites import Sites

__all__ = ["Outcome", "bring"]

PAUSE_SECONDS = 1.0  # between two requests to one host, unless its robots.txt asks for more
_WEB = re.compile(r"https?://", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def bring(
    sources: Iterable[str],
    corpus: Path,
    *,
    into: str = "articles",
    replace: bool = False,
    limit: int = 10_000,
    pause: float = PAUSE_SECONDS,
    crawl: bool = False,
    depth: int = 10,
    max_bytes: float = float("inf"),
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Iterator[Outcome]:
    """Bring pages in, one outcome each; a bad source never stops the others.

    Bytes are kept as they are. A page that declares what it is goes to ``hospitals/`` or ``articles/``, any other where
    its folder files it, else into the folder that ``into`` names. Its file is called after its address or its old name.
    Where it came from, when, its SHA-256 and the marks of its version are a line in ``imported.tsv``. The same bytes
    are not kept twice.

    No page is overwritten and no address whose page is there asked again without ``replace``: a run that was ended
    goes on where it stopped when it is started again. With ``replace`` a server is asked whether its version is
    another than the one that is there. A page that has vanished, or cannot be read this time, stays, and its outcome
    says so.

    Args:
        sources: Files, folders, addresses of sitemaps (ending in .xml or .xml.gz) and of pages.
        corpus: The folder of the corpus; made when it is missing.
        into: ``hospitals`` or ``articles``.
        replace: Overwrite what is there under the same name or from the same address.
        limit: Pages to bring in at most; also addresses to ask for in one crawl.
        pause: Seconds between two requests to one host.
        crawl: Follow the links of pages that addresses name, on their host.
        depth: Links away from such an address to go at most.
        max_bytes: Bytes to fetch at most, as they come over the line; the page that passes it is still fetched.
        progress: Told after each outcome: what is done, how many, and of how many known so far (0: unknown).
    """
    shelf = Shelf(corpus, into=into, replace=replace)
    web = _Web(shelf, {"pause": pause, "crawl": crawl, "depth": depth, "limit": limit, "max_bytes": max_bytes})
    brought = 0
    try:
        for done, found in enumerate(_each(sources, web), 1):
            if brought >= limit:
                yield Outcome(
                    False,
                    f"Stopped after {counted(brought, 'page')}, the limit; more are brought with a higher --limit.",
                )
                return
            outcome = shelf.keep(found) if isinstance(found, Found) else found
            brought += outcome.brought
            yield outcome
            progress("importing", done, max(done, web.listed) if web.listed else 0)
    finally:
        web.close()


class _Web:
    """What fetches pages, made when the first address asks for it: its packages are an extra."""

    def __init__(self, shelf: Shelf, options: dict[str, Any]) -> None:
        self._shelf, self._options = shelf, options
        self._sites: Sites | None = None

    def read(self, source: str) -> Iterator[Found | Outcome]:
        if self._sites is None:
            try:
                from indexer.sites import Sites
            except ImportError as error:
                missing = (error.name or "requests").partition(".")[0]
                reason = f"fetching needs the package {missing}; install it with pip install 'medsearch[import]'"
                yield left_out(source, reason)
                return
            self._sites = Sites(self._shelf, **self._options)
        yield from self._sites.read(source)

    @property
    def listed(self) -> int:
        return self._sites.listed if self._sites else 0

    def close(self) -> None:
        if self._sites:
            self._sites.close()


def _each(sources: Iterable[str], web: _Web) -> Iterator[Found | Outcome]:
    for source in sources:
        if _WEB.match(source):
            yield from web.read(source)
        elif _OTHER_SCHEME.match(source):
            yield left_out(source, "only http and https addresses are read")
        else:
            yield from _saved(Path(source))


# ---------------------------------------------------------------------------------------------------------------------
# Saved files


def _saved(path: Path) -> Iterator[Found | Outcome]:
    if path.is_dir():
        try:
            for each in walk(path):
                if isinstance(each, PageError):
                    yield left_out(str(path / each.path), each.reason)
                else:
                    yield _read(each, path / each.path)
        except CorpusError as error:
            yield left_out(str(path), error.reason)
    elif not path.exists():
        yield left_out(str(path), "there is no such file or folder")
    elif path.suffix.lower() not in PAGE_SUFFIXES:
        yield left_out(str(path), "not a page: its name must end in .html, .htm, .xhtml, .txt or .md")
    else:
        # A link that a person names is followed; those inside a folder are not.
        location = os.path.realpath(path)
        yield _read(CorpusFile(printable(path.name), doc_id_of(path.name), "", 0, 0.0, location, False), path)


def _read(file: CorpusFile, path: Path) -> Found | Outcome:
    try:
        data = file.read()
    except PageError as error:
        return left_out(str(path), error.reason)
    folder, _, name = file.doc_id.partition("/")
    address = Path(file.location).absolute().as_uri()
    return Found(address, str(path), name, path.suffix.lower(), data, folder if file.filed else "")
