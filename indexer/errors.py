"""The errors that people see, as one small tree.

::

    SearchError                 something a person can act on; the message is one safe sentence
    ├── CorpusError             the corpus folder itself cannot be read
    ├── PageError               one file cannot become a page; the build goes on without it
    ├── TaxonomyError           a data file is wrong: file, line or key, reason
    ├── BuildRefused            a finished build failed its checks and was not published
    ├── IndexUnusable           the index cannot be used
    │   ├── IndexMissing        there is none
    │   ├── IndexInaccessible   its folder cannot be read, or not be written by who wants to
    │   ├── IndexOutdated       written by another schema
    │   ├── IndexDamaged        a file is missing or its checksum differs
    │   ├── IndexLocked         another build is running
    │   └── GenerationMissing   no such generation
    ├── QueryError              the request asks for something no engine does
    │   └── UnknownFacet        no facet of that name
    └── EngineUnavailable       a remote engine does not answer

Each class words its message itself from the values it is given, so that call sites cannot word it differently.
"""

from __future__ import annotations

import difflib
import errno
from pathlib import Path


class SearchError(Exception):
    """Something a person can act on; ``str(error)`` is one sentence that is safe to show."""


class CorpusError(SearchError):
    """The corpus folder itself cannot be read."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"Cannot read the corpus {path}: {reason}.")
        self.path = path
        self.reason = reason


class PageError(SearchError):
    """One file cannot become a page."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"Skipped {path}: {reason}.")
        self.path = path
        self.reason = reason


class TaxonomyError(SearchError):
    """A vocabulary file is wrong."""

    def __init__(self, path: Path | str, where: str, reason: str) -> None:
        super().__init__(f"{path}, {where}: {reason}.")
        self.path = path
        self.where = where
        self.reason = reason


class BuildRefused(SearchError):
    """A finished build failed its checks; what was served before stays."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The new index was not published: {reason}.")
        self.reason = reason


class IndexUnusable(SearchError):
    """The index cannot be used."""


class IndexMissing(IndexUnusable):
    """There is no index at that place."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(f"No index in {path}. Build one first: medsearch index build")
        self.path = path


class IndexInaccessible(IndexUnusable):
    """The system does not let this user, or anybody, into the folder of the index."""

    def __init__(self, path: Path | str, error: OSError) -> None:
        reason = (error.strerror or "it cannot be read").lower()
        if error.errno in (errno.EEXIST, errno.ENOTDIR):
            reason = "it is no folder"
        super().__init__(f"Cannot use the index in {path}: {reason}. Check the path and who may read and write there.")
        self.path = path
        self.reason = reason


class IndexOutdated(IndexUnusable):
    """The index was written by another schema."""

    def __init__(self, found: int, wanted: int) -> None:
        built = f"with schema {found}, this version reads {wanted}"
        if found == wanted:
            built = "with other words or weights than this version reads"
        super().__init__(f"The index was built {built}. Rebuild it: medsearch index build --full")
        self.found = found
        self.wanted = wanted


class IndexDamaged(IndexUnusable):
    """A file of a generation is missing or differs from what was written."""

    def __init__(self, generation: str, reason: str) -> None:
        super().__init__(
            f"Generation {generation} is damaged: {reason}. "
            "Go back with medsearch index rollback, or rebuild with medsearch index build --full"
        )
        self.generation = generation
        self.reason = reason


class IndexLocked(IndexUnusable):
    """Another build is running."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(f"Another build of {path} is running. Wait for it to end, then try again.")
        self.path = path


class GenerationMissing(IndexUnusable):
    """No generation of that name, or no whole one before it."""

    def __init__(self, name: str, known: tuple[str, ...], *, before: bool = False) -> None:
        listed = ", ".join(known) or "none"
        what = f"There is no whole generation before {name}" if before else f"No generation {name!r}"
        super().__init__(f"{what}. There are: {listed}.")
        self.name = name
        self.known = known


class QueryError(SearchError):
    """The request asks for something no engine does."""


class UnknownFacet(QueryError):
    """No facet of that name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        near = difflib.get_close_matches(name, known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"Unknown facet {name!r}.{hint} Known facets: {', '.join(sorted(known))}.")
        self.name = name
        self.known = known


class EngineUnavailable(SearchError):
    """A remote engine does not answer."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"The search engine at {address} does not answer: {reason}. Try again in a moment.")
        self.address = address
        self.reason = reason
