"""Find the files of a corpus."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from indexer.errors import CorpusError, PageError
from indexer.slug import unique_slug

PAGE_SUFFIXES = frozenset((".html", ".htm", ".xhtml", ".txt", ".md", ".markdown"))
# Files that a saved site or a corpus carries along: passed over, but for PDF files without a word.
COMPANION_SUFFIXES = frozenset(
    [
        ".css",
        ".js",
        ".mjs",
        ".map",
        ".json",
        ".xml",
        ".tsv",
        ".csv",
        ".yml",
        ".yaml",
        ".toml",
        ".ini",
        ".lock",
        ".py",
        ".sh",
        ".png",
        ".jpg",
        ".jpeg",
        ".gif",
        ".svg",
        ".webp",
        ".avif",
        ".ico",
        ".bmp",
        ".tif",
        ".tiff",
        ".woff",
        ".woff2",
        ".ttf",
        ".otf",
        ".eot",
        ".mp3",
        ".mp4",
        ".webm",
        ".ogg",
        ".pdf",
        ".zip",
        ".gz",
        ".bak",
        ".orig",
        ".rej",
        ".db",
        ".tmp",
        ".part",
        ".swp",
        ".log",
    ]
)
# Text in forms that nobody reads here. A saved site has PDF files beside its pages, so these are only told of; whoever
# puts a document of an office program into a corpus wants it found.
PASSED_OVER_SUFFIX = ".pdf"
PASSED_OVER = "a PDF file is passed over; save its text as a page (.html or .txt)"
_OFFICE = {
    **dict.fromkeys((".doc", ".docx", ".docm", ".odt", ".rtf", ".pages", ".wps"), "a text document"),
    **dict.fromkeys((".ppt", ".pptx", ".odp", ".key"), "a presentation"),
    **dict.fromkeys((".xls", ".xlsx", ".ods"), "a table"),
    **dict.fromkeys((".epub", ".mobi"), "a book"),
}
# What editors leave beside the page that is open in them: Emacs, vi and most others, Word.
LEFT_BY_EDITORS = re.compile(r".*~|#.*#|~\$.*", re.DOTALL)
SAVED_WITH = ("_files", ".files")  # ends of folders beside a page that a browser saved "complete"
NOTES = frozenset(
    ("readme", "sources", "license", "licence", "copying", "notice", "changelog", "contributing", "robots")
)
MAX_FILE_BYTES = 20_000_000  # the longest real page seen has 0.2 MB; parsing this much takes about 400 MB of memory
KIND_FOLDERS = {"hospitals": "hospitals", "hospital": "hospitals", "articles": "articles", "article": "articles"}
UNFILED = "articles"  # where a page outside of those folders stands until it is classified
SETTLED_NS = 2_000_000_000  # the coarsest clock of a file system in use (FAT) counts in steps of two seconds
DIGEST_BYTES = 16
MAX_DEPTH = 64  # folders below the corpus; more is a loop made with mounts or a mistake
_CHUNK = 1 << 20
_USUAL = ".html"  # how nearly all pages end; asked first, since there may be a hundred thousand

Stamp = tuple[int, int, int, int]  # size, times of the last change of content and of the file in ns, inode
stamp_of: Callable[[os.stat_result], Stamp] = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino")
UNSTAMPED: Stamp = (0, 0, 0, 0)  # of a file whose content must be read to know it


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """One page file, as it was when it was found.

    ``path`` is relative to the corpus, with ``/``, and safe to print: bytes that are not UTF-8 and control characters
    are escaped in it. ``location`` opens the file. ``filed`` tells whether the folder says the kind of document.
    ``stamp`` is what the file system says of it: while that stays the same, so does the content.
    """

    path: str
    doc_id: str
    digest: str
    size: int
    mtime: float
    location: str
    filed: bool = True
    stamp: Stamp = UNSTAMPED

    def read(self) -> bytes:
        """All bytes of the file.

        Raises:
            PageError: If it has vanished, cannot be read, is no regular file or has grown past ``MAX_FILE_BYTES``.
        """
        return b"".join(_chunks(self.location, self.path))


def walk(folder: Path | str) -> Iterator[CorpusFile | PageError]:
    """Every page of a corpus in order of its path, and a ``PageError`` for every file that cannot be one.

    A ``doc_id`` comes from the path alone: ``hospitals/…`` and ``articles/…`` keep their folder, anything else is
    ``articles/…`` until it is classified. The rest of the path without suffix becomes one word, folders joined by
    hyphens. The second file with the same id is reported, in order of paths; a page outside of the two folders must
    differ from both. Links are not followed: what they point to inside the corpus is found in its own place, and what
    lies outside is none of the corpus. Names that start with a dot, what editors leave beside a page that they
    have open (``page.html~``), companions of pages (styles, pictures, data), PDF files
    (``passed_over`` names these) and notes (README, SOURCES, LICENSE, …) are passed over.

    Raises:
        CorpusError: If the folder itself is missing or cannot be read.
    """
    root = os.fspath(folder)
    found = [(raw, problem) for raw, problem, _ in find(root) if problem is not PASSED_OVER]
    found.sort(key=lambda each: os.fsencode(each[0]))
    doc_ids = {raw: doc_id_of(raw) for raw, problem in found if not problem}
    refused = clashes(doc_ids)
    for raw, problem in found:
        if problem:
            yield PageError(printable(raw), problem)
        else:
            yield refused.get(raw) or describe(root, raw, doc_ids[raw])


def passed_over(folder: Path | str) -> tuple[str, ...]:
    """Files of a corpus that hold text and are not read, as they can be shown."""
    return tuple(sorted(printable(raw) for raw, problem, _ in find(os.fspath(folder)) if problem is PASSED_OVER))


def doc_id_of(path: str) -> str:
    """Id of the document in a file, from its path relative to the corpus."""
    parts = path.split("/")
    stem = os.path.splitext(parts[-1])[0]
    folders = parts[:-1]
    kind = UNFILED
    if _filed(path):
        kind = KIND_FOLDERS[folders.pop(0).lower()]
    names = [*folders, stem] if stem.lower() != "index" or not folders else folders
    return f"{kind}/" + "-".join(unique_slug(name, 120) for name in names)


def printable(path: str) -> str:
    """Path as it can be shown and stored: UTF-8, with everything else escaped."""
    if path.isascii() and path.isprintable():
        return path
    text = path.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _filed(path: str) -> bool:
    first, slash, _ = path.partition("/")
    return bool(slash) and first.lower() in KIND_FOLDERS


def find(root: str) -> Iterator[tuple[str, str, os.DirEntry[str] | None]]:
    """Path below a folder, problem ("" for none) and entry of everything that is or should be a page, in no order.

    The path is as the file system has it. Of a page there is an entry. A file that is only to be told of has
    ``PASSED_OVER`` for its problem.

    Raises:
        CorpusError: If the folder itself is missing or cannot be read.
    """
    try:
        with os.scandir(root):
            pass
    except OSError as error:
        raise CorpusError(root, _reason(error)) from error
    folders = [("", 0)]
    while folders:
        folder, depth = folders.pop()
        try:
            with os.scandir(os.path.join(root, folder) if folder else root) as listing:
                names = list(listing)
        except OSError as error:
            yield folder, _reason(error), None
            continue
        before = f"{folder}/" if folder else ""
        for name in names:
            called = name.name
            if called[0] == "." or ((called[0] in "#~" or called[-1] == "~") and LEFT_BY_EDITORS.fullmatch(called)):
                continue
            path = before + called
            if called.endswith(_USUAL) and name.is_file(follow_symlinks=False):
                yield path, "", name
            elif name.is_symlink():
                yield from _link(root, path, name)
            elif not name.is_dir(follow_symlinks=False):
                yield from _candidate(path, name)
            elif _saved_beside(called, names):
                continue
            elif depth < MAX_DEPTH:
                folders.append((path, depth + 1))
            else:
                yield path, f"more than {MAX_DEPTH} folders deep", None


def _saved_beside(folder: str, names: Sequence[os.DirEntry[str]]) -> bool:
    """Whether a folder holds what a browser saved with a page, frames with advertisements among them."""
    stem = next((folder.removesuffix(end) for end in SAVED_WITH if folder.endswith(end)), "")
    return bool(stem) and any(name.name in (f"{stem}.html", f"{stem}.htm", f"{stem}.xhtml") for name in names)


def clashes(doc_ids: Mapping[str, str]) -> dict[str, PageError]:
    """The pages whose id another one has, by path; ``doc_ids`` are the ids of all of them, in order of their paths."""
    owners: dict[str, str] = {}
    for raw, doc_id in doc_ids.items():
        if _filed(raw):
            owners.setdefault(doc_id, raw)
    refused: dict[str, PageError] = {}
    for raw, doc_id in doc_ids.items():
        owner = owners.setdefault(doc_id, raw)
        if owner == raw and not _filed(raw):
            owner = owners.setdefault(doc_id.replace(UNFILED, "hospitals", 1), raw)
        if owner != raw:
            path = printable(raw)
            refused[raw] = PageError(path, f"the same address as {printable(owner)}: {doc_id}")
    return refused


def _link(root: str, path: str, name: os.DirEntry[str]) -> Iterator[tuple[str, str, None]]:
    inside = os.path.realpath(root)
    try:
        target = os.path.realpath(name.path, strict=True)
    except OSError as error:
        yield path, "a link that leads in a circle" if error.errno == errno.ELOOP else "a link to nothing", None
        return
    if os.path.commonpath((inside, target)) != inside:
        yield path, "a link that leaves the corpus", None


def _candidate(path: str, name: os.DirEntry[str]) -> Iterator[tuple[str, str, os.DirEntry[str] | None]]:
    stem, suffix = os.path.splitext(name.name)
    suffix = suffix.lower()
    if not name.is_file(follow_symlinks=False):
        yield path, "not a regular file", None
    elif suffix in PAGE_SUFFIXES:
        if not (stem.lower() in NOTES and suffix in (".md", ".markdown", ".txt")):
            yield path, "", name
    elif suffix == PASSED_OVER_SUFFIX:
        yield path, PASSED_OVER, None
    elif suffix in _OFFICE:
        yield (
            path,
            f"{_OFFICE[suffix]} of an office program is not read; save it as a web page (.html) or as text",
            None,
        )
    elif suffix not in COMPANION_SUFFIXES and name.name.lower() not in NOTES:
        yield path, "not a page: its name must end in .html, .htm, .xhtml, .txt, .md or .markdown", None


def refusal(root: str, raw: str) -> PageError | None:
    """Why a file that somebody names is no page of a corpus; None for one that may be."""
    folder, name = os.path.split(os.path.join(root, raw))
    try:
        with os.scandir(folder) as listing:
            entry = next((each for each in listing if each.name == name), None)
    except OSError as error:
        return PageError(printable(raw), _reason(error))
    if entry is None:
        return PageError(printable(raw), "it does not exist")
    if entry.is_symlink():
        return PageError(printable(raw), "a link, which is not followed")
    found = next(_candidate(raw, entry), None)
    if found is None:
        return PageError(printable(raw), "not a page: such files beside pages are passed over")
    return PageError(printable(raw), found[1]) if found[1] else None


def describe(root: str, raw: str, doc_id: str) -> CorpusFile | PageError:
    """The page in a file, which is read for its digest; ``raw`` is its path as the file system has it."""
    path, location = printable(raw), os.path.join(root, raw)
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    try:
        before = os.lstat(location)
        if before.st_size > MAX_FILE_BYTES:
            return _too_large(path, before.st_size)
        for chunk in _chunks(location, path):
            digest.update(chunk)
    except OSError as error:
        return PageError(path, _reason(error))
    except PageError as error:
        return error
    filed, stamp = _filed(raw), stamp_of(before)
    return CorpusFile(path, doc_id, digest.hexdigest(), before.st_size, before.st_mtime, location, filed, stamp)


def _chunks(location: str, path: str) -> Iterator[bytes]:
    try:
        # O_NONBLOCK: a pipe that took the place of a file must not hang the build.
        handle = os.open(location, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb", buffering=0) as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise PageError(path, "not a regular file")
            if found.st_size > MAX_FILE_BYTES:
                raise _too_large(path, found.st_size)
            total = 0
            while chunk := file.read(_CHUNK):
                total += len(chunk)
                if total > MAX_FILE_BYTES:
                    raise _too_large(path, total)
                yield chunk
    except OSError as error:
        raise PageError(path, _reason(error)) from error


def _too_large(path: str, size: int) -> PageError:
    return PageError(path, f"{size / 1e6:.1f} MB; the limit is {MAX_FILE_BYTES / 1e6:.0f} MB")


def _reason(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "it does not exist"
    if error.errno == errno.ENOTDIR:
        return "not a folder"
    return (error.strerror or "cannot be read").lower()
