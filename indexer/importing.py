"""Bring pages into a corpus from saved files, folders, sitemaps and single addresses."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.corpus import PAGE_SUFFIXES, CorpusFile, doc_id_of, printable, walk
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
) -> Iterator[Outcome]:
    """Bring pages in, one outcome each; a bad source never stops the others.

    Bytes are kept as they are. A page that declares what it is goes to ``hospitals/`` or ``articles/``, any other where
    its folder files it, else into the folder that ``into`` names. Its file is called after its address or its old name.
    Where it came from, when, and its SHA-256 is a line in ``imported.tsv``. An address whose page is there is not asked
    again, and no page is overwritten, without ``replace``. The same bytes are not kept twice.

    Args:
        sources: Files, folders, addresses of sitemaps (ending in .xml or .xml.gz) and of pages.
        corpus: The folder of the corpus; made when it is missing.
        into: ``hospitals`` or ``articles``.
        replace: Overwrite what is there under the same name or from the same address.
        limit: Pages to bring in at most.
        pause: Seconds between two requests to one host.
    """
    shelf = Shelf(corpus, into=into, replace=replace)
    brought = 0
    for found in _each(sources, shelf, pause):
        if brought >= limit:
            yield Outcome(False, f"Stopped after {brought:,} pages, the limit; more are brought with a higher --limit.")
            return
        outcome = shelf.keep(found) if isinstance(found, Found) else found
        brought += outcome.ok
        yield outcome


def _each(sources: Iterable[str], shelf: Shelf, pause: float) -> Iterator[Found | Outcome]:
    sites: Sites | str = ""
    try:
        for source in sources:
            if _WEB.match(source):
                sites = sites or _sites(shelf, pause)
                if isinstance(sites, str):
                    yield left_out(source, sites)
                else:
                    yield from sites.read(source)
            elif _OTHER_SCHEME.match(source):
                yield left_out(source, "only http and https addresses are read")
            else:
                yield from _saved(Path(source))
    finally:
        if not isinstance(sites, str):
            sites.close()


def _sites(shelf: Shelf, pause: float) -> Sites | str:
    """Make what fetches pages, or say which of its packages is not there; they are an extra."""
    try:
        from indexer.sites import Sites
    except ImportError as error:
        missing = (error.name or "requests").partition(".")[0]
        return f"fetching needs the package {missing}; install it with pip install 'medsearch[import]'"
    return Sites(shelf.known, pause)


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
