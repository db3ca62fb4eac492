"""Which pages are the same page twice, told by what a build remembers of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.known import Flags, KnownPage, KnownPages

_LARGEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Copies:
    """``groups``: the number of a page's set, by its path; ``originals``: path of the first page, by that of a copy."""

    groups: Mapping[str, int]
    originals: Mapping[str, str]


def content_key(address: str, title: str, fingerprints: Sequence[int]) -> int:
    """A positive number that two pages of one folder share when what they say and link to is the same."""
    digest = hashlib.blake2b(
        f"{address.partition('/')[0]}\0{title}\0".encode("utf-8", "surrogateescape"), digest_size=8
    )
    digest.update(np.sort(np.asarray(fingerprints, np.uint64)).tobytes())
    return int.from_bytes(digest.digest()) & _LARGEST


def known_copies(made: Iterable[KnownPage], before: KnownPages, keep: Flags) -> list[int]:
    """Rows of pages that stay and are the same as one that is made now."""
    keys: dict[str, set[int]] = {}
    for page in made:
        keys.setdefault(page.title, set()).add(content_key(page.address, page.title, page.fingerprints))
    rows = [row for row, title in enumerate(before.titles) if title in keys and keep[row]]
    return [
        row
        for row in rows
        if content_key(before.addresses[row], before.titles[row], before.fingerprints_of(row))
        in keys[before.titles[row]]
    ]


def copies(made: Iterable[KnownPage]) -> Copies:
    """The pages among some that are the same; the original is the one whose address comes first."""
    sets: dict[int, list[KnownPage]] = {}
    for page in made:
        sets.setdefault(content_key(page.address, page.title, page.fingerprints), []).append(page)
    groups: dict[str, int] = {}
    originals: dict[str, str] = {}
    for key, pages in sets.items():
        if len(pages) > 1:
            first, *others = sorted(pages, key=lambda page: page.address)
            groups.update((page.path, key) for page in pages)
            originals.update((page.path, first.path) for page in others)
    return Copies(groups, originals)
