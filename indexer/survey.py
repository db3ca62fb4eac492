"""What has become of the files of a corpus since a build: those that the file system calls unchanged are not opened."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path

import numpy as np

from indexer.corpus import CorpusFile, clashes, describe, doc_id_of, printable
from indexer.errors import PageError
from indexer.known import Array, KnownPages, stamps_array
from indexer.listing import Listed, listed

_NEW = -1  # row of a page that is not known


@dataclass(frozen=True)
class Survey:
    """The files of a corpus. ``same`` are rows of known pages whose files have the stamp they had.

    ``files`` are all other pages, by their path as the file system has it, and ``rejected`` what is said of files that
    cannot be pages, by their path as it is shown; both in order of the paths. ``unread`` are files that
    hold text and are passed over.
    """

    root: str
    same: Array
    files: dict[str, CorpusFile] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


def survey(folder: Path | str, known: KnownPages, tell: Callable[[int], None], look: Listed | None = None) -> Survey:
    """Look at every file of a corpus as ``corpus.walk`` does, and read those that may have changed.

    ``tell`` is called with the number of files that have been looked at; ``look`` gives a listing that was
    begun before.

    Raises:
        CorpusError: If the folder itself is missing or cannot be read.
    """
    root = os.fspath(folder)
    listing = look() if look else listed(root)
    paths = listing.paths
    refused = {path: PageError(printable(path), problem) for path, problem in listing.problems.items()}
    places = np.fromiter(map(known.rows.get, paths, repeat(_NEW)), np.int64, len(paths))
    stamps = stamps_array(listing.stamps)
    same = (places >= 0) & stamps.any(axis=1)
    same[same] = (known.stamps[places[same]] == stamps[same]).all(axis=1)
    doc_ids = {paths[i]: doc_id_of(paths[i]) for i in np.flatnonzero(places == _NEW).tolist()}
    met: dict[str, PageError] = {}
    if _may_meet(doc_ids.values(), known.addresses):
        pairs = sorted(zip(paths, places.tolist(), strict=True), key=lambda pair: os.fsencode(pair[0]))
        met = clashes({path: doc_ids[path] if row == _NEW else known.addresses[row] for path, row in pairs})
        refused |= met
        same &= np.array([path not in met for path in paths], np.bool_)
    found = Survey(root, places[same], unread=tuple(map(printable, listing.unread)))
    count = len(found.same)
    tell(count)
    for path in sorted((paths[i] for i in np.flatnonzero(~same).tolist()), key=os.fsencode):
        if path in met:
            continue
        file = describe(root, path, doc_ids.get(path) or known.addresses[known.rows[path]])
        if isinstance(file, PageError):
            refused[path] = file
        else:
            found.files[path] = file
        count += 1
        tell(count)
    for path in sorted(refused, key=os.fsencode):
        found.rejected[refused[path].path] = str(refused[path])
    return found


def _may_meet(fresh: Collection[str], known: Sequence[str]) -> bool:
    """Whether any new page may have the id of another page, whatever their kinds; no two pages that are known do."""
    names = {doc_id.partition("/")[2] for doc_id in fresh}
    if not names:
        return False
    return len(names) < len(fresh) or not names.isdisjoint(doc_id.partition("/")[2] for doc_id in known)
