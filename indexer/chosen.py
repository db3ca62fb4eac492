"""Which corpus a page belongs to, when somebody names only the page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.corpus import KIND_FOLDERS, printable


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some pages of one folder: ``paths`` as the file system has them, relative to it.

    ``inside`` says that the folder is a corpus, whose other pages are read too; else nothing is known of what lies
    beside them, which may be anything.
    """

    root: str
    paths: tuple[str, ...]
    inside: bool

    @property
    def shown(self) -> frozenset[str]:
        """The paths as findings name them."""
        return frozenset(map(printable, self.paths))


def chosen(files: Sequence[str], corpus: Path | str) -> list[Chosen]:
    """Files by the folder that is their corpus: the one named where they lie in it, else what stands above each.

    That is the folder that holds ``hospitals/`` or ``articles/``, where one of them stands above the file.
    """
    home = os.path.realpath(corpus)
    found: dict[tuple[str, bool], list[str]] = {}
    for file in files:
        # The folder is followed through links, the file is not: a link is no page.
        place = os.path.join(os.path.realpath(os.path.dirname(file) or "."), os.path.basename(file))
        inside = os.path.commonpath((home, place)) == home
        root = home if inside else _above(place)
        found.setdefault((root, inside), []).append(os.path.relpath(place, root))
    return [
        Chosen(os.fspath(corpus) if inside else root, tuple(dict.fromkeys(paths)), inside)
        for (root, inside), paths in found.items()
    ]


def _above(place: str) -> str:
    folder = parent = os.path.dirname(place)
    while parent != os.path.dirname(parent):
        if os.path.basename(parent).lower() in KIND_FOLDERS:
            return os.path.dirname(parent)
        parent = os.path.dirname(parent)
    return folder
