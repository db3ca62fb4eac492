"""Which pages are the same page twice, told by what a build remembers of them.

They are when they say the same, whatever their addresses, or when they name one address as theirs (canonical link) and
have the same title or most of their lines in common. Many a site names one address on all its pages by mistake: pages
that agree in nothing else stay apart, with a warning.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import numpy as np

from indexer.corpus import printable
from indexer.known import Array, Flags, KnownPage, KnownPages
from indexer.model import Page, date_number
from indexer.slug import unique_slug

IN_COMMON = 0.5  # of the lines of the shorter of two pages that say they are one, where their titles differ
_LARGEST = (1 << 63) - 1
_NAMED = 10**8  # more than the number of any date


@dataclass(slots=True)
class Copies:
    """What was found among some pages, all by their paths.

    ``groups`` are the numbers of the sets that a page belongs to; ``originals`` has the page that stands for a copy,
    ``claimed`` those of them that say something else but name one address. ``apart`` has the first of the pages that
    name the same address as a page that stays.
    """

    groups: dict[str, tuple[int, ...]] = field(default_factory=dict)
    originals: dict[str, str] = field(default_factory=dict)
    claimed: dict[str, str] = field(default_factory=dict)
    apart: dict[str, str] = field(default_factory=dict)

    def warnings(self, path: str, address: str) -> tuple[str, ...]:
        """What is said of a page that names an address as its own: a sentence, or none."""
        if path in self.claimed:
            return (
                f"names the same address as {printable(self.claimed[path])} ({address}) and is left out for it; its "
                "own address leads there. Delete one of the two files, or correct its canonical link",
            )
        if path in self.originals:
            return (f"the same as {printable(self.originals[path])}: it is found there, and only once",)
        if path in self.apart:
            return (
                f"names the same address as {printable(self.apart[path])} ({address}), but has another title and text: "
                "both are kept. Correct the canonical link of one of the two files",
            )
        return ()


def content_key(address: str, title: str, fingerprints: Sequence[int]) -> int:
    """A positive number that two pages of one folder share when what they say and link to is the same."""
    digest = hashlib.blake2b(
        f"{address.partition('/')[0]}\0{title}\0".encode("utf-8", "surrogateescape"), digest_size=8
    )
    digest.update(np.sort(np.asarray(fingerprints, np.uint64)).tobytes())
    return int.from_bytes(digest.digest()) & _LARGEST


def source_key(url: str) -> int:
    """A positive number of the address that a page names as its own, 0 for none; the same however it is written."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return 0
    if not parts.netloc:
        return 0
    said = f"{parts.netloc.casefold()}\0{unquote(parts.path).rstrip('/')}\0{parts.query}"
    digest = hashlib.blake2b(said.encode("utf-8", "surrogateescape"), digest_size=8)
    return int.from_bytes(digest.digest()) & _LARGEST or 1


def claim_of(page: Page) -> tuple[int, int]:
    """The key of the address that a page names, and its rank among the pages that name the same one.

    First comes the page whose file is called like the address, then the newest.
    """
    key = source_key(page.source_url)
    if not key:
        return 0, 0
    names = [unique_slug(part.rpartition(".")[0] or part) for part in urlsplit(page.source_url).path.split("/") if part]
    own = page.doc_id.partition("/")[2]
    return key, date_number(page.date) + (_NAMED if names and own in (names[-1], "-".join(names)) else 0)


def known_copies(made: Iterable[KnownPage], before: KnownPages, keep: Flags) -> list[int]:
    """Rows of pages that stay and say the same, or name the same address, as one that is made now."""
    keys: dict[str, set[int]] = {}
    sources: set[int] = set()
    for page in made:
        keys.setdefault(page.title, set()).add(content_key(page.address, page.title, page.fingerprints))
        sources.add(page.source)
    found = {
        row
        for row, title in enumerate(before.titles)
        if title in keys
        and keep[row]
        and content_key(before.addresses[row], title, before.fingerprints_of(row)) in keys[title]
    }
    found.update(np.flatnonzero(_among(before.sources, sources - {0}) & keep).tolist())
    return sorted(found)


def _among(numbers: Array, wanted: Collection[int]) -> Flags:
    found: Flags = np.isin(numbers, np.fromiter(wanted, np.uint64, len(wanted)))
    return found


def copies(made: Iterable[KnownPage], common: Collection[int] = ()) -> Copies:
    """The pages among some that are the same; ``common`` are fingerprints of lines that are no page's own.

    Of pages that say the same the one whose address comes first stands for all; of those that name one address the one
    that is called like it, else the newest, else the longest.
    """
    contents: dict[int, list[KnownPage]] = {}
    sources: dict[int, list[KnownPage]] = {}
    found = Copies()
    for page in made:
        contents.setdefault(content_key(page.address, page.title, page.fingerprints), []).append(page)
    for key, pages in contents.items():
        first, *others = sorted(pages, key=lambda page: page.address)
        for page in pages if others else ():
            found.groups[page.path] = (key,)
        found.originals.update((page.path, first.path) for page in others)
        for page in pages:
            if page.source:
                sources.setdefault(page.source, []).append(page)
    for key, pages in sources.items():
        if len(pages) > 1:
            for page in pages:
                found.groups[page.path] = (*found.groups.get(page.path, ()), key)
            _tell_apart([page for page in pages if page.path not in found.originals], found, common)
    return found


def _tell_apart(pages: list[KnownPage], found: Copies, common: Collection[int]) -> None:
    """Find which of the pages that name one address are one page, and which only say so."""
    left = sorted(pages, key=lambda page: (-page.rank, -len(page.fingerprints), page.address))
    first = left[0].path if left else ""
    while left:
        kept, *others = left
        left = []
        for page in others:
            if _one_page(kept, page, common):
                found.originals[page.path] = found.claimed[page.path] = kept.path
            else:
                left.append(page)
        if kept.path != first:
            found.apart[kept.path] = first


def _one_page(kept: KnownPage, other: KnownPage, common: Collection[int]) -> bool:
    """Whether two pages that name one address are the same page, perhaps of another day."""
    if kept.address.partition("/")[0] != other.address.partition("/")[0]:
        return False
    if kept.title and kept.title == other.title:
        return True
    own, others = ({*page.fingerprints}.difference(common) for page in (kept, other))
    return len(own & others) >= max(IN_COMMON * min(len(own), len(others)), 1)


def resolved(path: str, originals: Mapping[str, str]) -> str:
    """The path of the page that stands for one, which may be a copy of a copy."""
    while path in originals:
        path = originals[path]
    return path
