"""What a build leaves for the next one to know of its pages: a few arrays, and no object for each line of each page."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, compress
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from indexer.corpus import DIGEST_BYTES, SETTLED_NS, UNSTAMPED, Stamp
from indexer.listing import whole_numbers

Array = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]

_ARRAYS = ("digests", "stamps", "ends", "fingerprints", "sources")
_TEXTS = ("paths", "addresses", "doc_ids", "titles")
_ALIGN = 64  # bytes; a multiple of every number's size


@dataclass(slots=True)
class KnownPage:
    """One page. ``path`` is as the file system has it, ``address`` the id from it, ``doc_id`` that of its document.

    ``fingerprints`` are those of ``boilerplate.fingerprints``, ``title`` is folded by ``title_of_line``, ``groups`` are
    numbers of curated entities, or of a set of copies. ``source`` is the key of the address that it names as its own,
    and ``rank`` that of the page among those that name the same (``indexer.copies``), known while it is made.
    """

    path: str
    address: str
    digest: str
    fingerprints: Sequence[int]
    doc_id: str
    title: str = ""
    stamp: Stamp = UNSTAMPED
    groups: Sequence[int] = ()
    warnings: Sequence[str] = ()
    source: int = 0
    rank: int = 0


def stamps_array(numbers: Sequence[int]) -> Array:
    """Rows of stamps from their numbers end to end."""
    return np.array(numbers if isinstance(numbers, array) else whole_numbers(numbers)).reshape(-1, len(UNSTAMPED))


def settled(stamps: Array, moment_ns: int) -> Array:
    """Rows of stamps without those of files that had just changed: a clock may be too coarse to tell what follows."""
    found: Array = np.where((stamps[:, 1:3].max(axis=1, initial=0) < moment_ns - SETTLED_NS)[:, None], stamps, 0)
    return found


@dataclass(frozen=True)
class KnownPages:
    """All pages of a generation, in rows; ``fingerprints`` of a row are those from one of ``ends`` to the next."""

    paths: Sequence[str] = ()
    addresses: Sequence[str] = ()
    doc_ids: Sequence[str] = ()
    titles: Sequence[str] = ()
    digests: Array = field(default_factory=lambda: np.zeros((0, DIGEST_BYTES), np.uint8))
    stamps: Array = field(default_factory=lambda: stamps_array(()))
    ends: Array = field(default_factory=lambda: np.zeros(1, np.int64))
    fingerprints: Array = field(default_factory=lambda: np.zeros(0, np.uint64))
    sources: Array = field(default_factory=lambda: np.zeros(0, np.uint64))
    groups: Mapping[int, Sequence[int]] = field(default_factory=dict)
    warnings: Mapping[int, Sequence[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.paths)

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """Row of each page by its path."""
        return dict(zip(self.paths, range(len(self)), strict=True))

    def digest(self, row: int) -> str:
        """Digest of the file, as ``CorpusFile`` has it."""
        return bytes(self.digests[row]).hex()

    def fingerprints_of(self, row: int) -> list[int]:
        """Fingerprints of one page."""
        found: list[int] = self.fingerprints[self.ends[row] : self.ends[row + 1]].tolist()
        return found

    def having(self, fingerprints: Collection[int], groups: Collection[int]) -> list[int]:
        """Rows of the pages that have any of some fingerprints or belong to any of some groups, rising."""
        wanted_groups = set(groups)
        found = {row for row, own in self.groups.items() if not wanted_groups.isdisjoint(own)}
        if fingerprints:
            wanted = np.fromiter(fingerprints, np.uint64, len(fingerprints))
            places = np.flatnonzero(np.isin(self.fingerprints, wanted))
            found |= set((np.searchsorted(self.ends, places, side="right") - 1).tolist())
        return sorted(found)

    def followed(self, keep: Flags, stamps: Array, pages: Iterable[KnownPage], moment_ns: int) -> KnownPages:
        """Those rows that are kept, with their stamps now (of all rows), and behind them some more pages.

        Files that had just changed at that moment get no stamp.
        """
        more = list(pages)
        kept = keep.tolist()
        texts = {name: [*compress(getattr(self, name), kept), *(_text(page, name) for page in more)] for name in _TEXTS}
        sizes = [*np.diff(self.ends)[keep].tolist(), *(len(page.fingerprints) for page in more)]
        own = self.fingerprints[np.repeat(keep, np.diff(self.ends))]
        others = np.fromiter(chain.from_iterable(page.fingerprints for page in more), np.uint64)
        found = np.concatenate([stamps[keep], stamps_array([each for page in more for each in page.stamp])])
        digests = b"".join(bytes.fromhex(page.digest) for page in more)
        place = np.cumsum(keep) - 1
        first = int(keep.sum())
        return KnownPages(
            **texts,
            digests=np.concatenate([self.digests[keep], np.frombuffer(digests, np.uint8).reshape(-1, DIGEST_BYTES)]),
            stamps=settled(found, moment_ns),
            ends=np.cumsum([0, *sizes], dtype=np.int64),
            fingerprints=np.concatenate([own, others]),
            sources=np.concatenate([self.sources[keep], np.fromiter((page.source for page in more), np.uint64)]),
            groups=_moved(self.groups, keep, place) | {first + i: p.groups for i, p in enumerate(more) if p.groups},
            warnings=_moved(self.warnings, keep, place)
            | {first + i: p.warnings for i, p in enumerate(more) if p.warnings},
        )

    def corpus_digest(self) -> str:
        """Short digest of the files: their paths and what is in them."""
        order = sorted(range(len(self)), key=self.paths.__getitem__)
        digest = hashlib.sha256("\0".join(map(self.paths.__getitem__, order)).encode("utf-8", "surrogateescape"))
        digest.update(self.digests[order].tobytes())
        return digest.hexdigest()[:16]

    def dumps(self, **about: Any) -> bytes:
        """All of it as bytes, with some values in front that ``loads`` gives back."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        for name in _TEXTS:
            text = "\0".join(getattr(self, name)).encode("utf-8", "surrogateescape")
            arrays[name] = np.frombuffer(text, np.uint8)
        listed = {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
        sparse = {
            name: [[row, list(own)] for row, own in getattr(self, name).items()] for name in ("groups", "warnings")
        }
        head = orjson.dumps({"about": about, "pages": len(self), "arrays": listed, **sparse})
        parts = [len(head).to_bytes(8, "little"), head]
        for column in arrays.values():
            data = np.ascontiguousarray(column).tobytes()
            parts += [b"\0" * (-sum(map(len, parts)) % _ALIGN), data]
        return b"".join(parts)


def about(data: bytes) -> Any:
    """The values that were put in front.

    Raises:
        ValueError: If these are not bytes of ``dumps``.
    """
    return _head(data)["about"]


def loads(data: bytes) -> KnownPages:
    """Pages as ``dumps`` wrote them; the arrays stay where they are.

    Raises:
        ValueError, KeyError, TypeError: If these are not bytes of ``dumps``.
    """
    head = _head(data)
    at = 8 + int.from_bytes(data[:8], "little")
    columns: dict[str, Any] = {}
    for name, (kind, shape) in head["arrays"].items():
        at += -at % _ALIGN
        count = int(np.prod(shape))
        array = np.frombuffer(data, np.dtype(kind), count, at).reshape(shape)
        at += array.nbytes
        columns[name] = array
    for name in _TEXTS:
        text = columns[name].tobytes().decode("utf-8", "surrogateescape")
        columns[name] = text.split("\0") if head["pages"] else []
        if len(columns[name]) != head["pages"]:
            raise ValueError(f"{len(columns[name])} {name} of {head['pages']} pages")
    for name in ("groups", "warnings"):
        columns[name] = {row: tuple(own) for row, own in head[name]}
    return KnownPages(**columns)


def _head(data: bytes) -> dict[str, Any]:
    head: dict[str, Any] = orjson.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return head


def _text(page: KnownPage, name: str) -> str:
    text: str = getattr(page, {"paths": "path", "addresses": "address", "doc_ids": "doc_id", "titles": "title"}[name])
    return text


def _moved(values: Mapping[int, Any], keep: Flags, place: Array) -> dict[int, Any]:
    return {int(place[row]): own for row, own in values.items() if keep[row]}
