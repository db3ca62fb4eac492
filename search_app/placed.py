"""What the editors of a site place first in a search, or leave out of it: a reviewed file, by whole queries."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from indexer.analysis import terms
from indexer.engines import Searcher
from indexer.errors import SearchError, TaxonomyError
from indexer.model import And, DocumentIs, Node, Not, Or, Query, Results
from search_app.reading import Reading
from search_app.settings import PLACED
from search_app.thesaurus import Terms
from search_app.vocabulary_files import read_tables

log = logging.getLogger(__name__)

REASON = "placed by the editors"
EXACT_FIRST = 1e6  # above all that is placed: whoever types a name gets its page first
FIRST, STEP = 1e5, 1e3  # weight of the first page that is placed, and how much less each further one has
MAX_PLACED = 5  # pages placed or left out for one query; each is a leaf of the tree
_KEYS = {"query", "first", "out"}


@dataclass(frozen=True, slots=True)
class Entry:
    """For one query the ids of documents that come first, in this order, and of those that are left out."""

    first: tuple[str, ...] = ()
    out: tuple[str, ...] = ()


Placed = Mapping[Terms, Entry]
NOTHING: Placed = MappingProxyType({})


def load_placed(path: Path) -> Placed:
    """The entries of a file, by the terms of their queries.

    Raises:
        TaxonomyError: Names file, entry and what is wrong with it.
    """
    found: dict[Terms, Entry] = {}
    for number, table in enumerate(read_tables(path, "query"), 1):
        where = f"query {number}"
        query, entry = _entry(table, path, where)
        if query in found:
            raise TaxonomyError(path, where, f"{' '.join(query)!r} stands here twice")
        found[query] = entry
    return MappingProxyType(found)


def _entry(table: dict[str, Any], path: Path, where: str) -> tuple[Terms, Entry]:
    if "query" not in table or set(table) - _KEYS or len(table) == 1:
        raise TaxonomyError(path, where, "must have query, and first or out, and no more")
    query = terms(table["query"]) if isinstance(table["query"], str) else ()
    if not query:
        raise TaxonomyError(path, where, "'query' must be a text with a letter")
    ids: dict[str, tuple[str, ...]] = {}
    for name in ("first", "out"):
        values = table.get(name, [])
        if not isinstance(values, list) or not all(isinstance(each, str) and each.strip() for each in values):
            raise TaxonomyError(path, where, f"'{name}' must be a list of ids of documents")
        if len(values) > MAX_PLACED:
            raise TaxonomyError(path, where, f"'{name}' has more than {MAX_PLACED} documents")
        ids[name] = tuple(values)
    both = [*ids["first"], *ids["out"]]
    if twice := next((each for each in both if both.count(each) > 1), ""):
        raise TaxonomyError(path, where, f"{twice!r} stands here twice")
    return tuple(query), Entry(**ids)


def own_placed() -> Path | None:
    """The file of the site, where the environment names one."""
    return Path(os.environ[PLACED]) if os.environ.get(PLACED) else None


@cache
def default_placed() -> Placed:
    """The entries of the site's own file, read once; none where there is none."""
    path = own_placed()
    return load_placed(path) if path else NOTHING


def unknown(placed: Placed, searcher: Searcher) -> tuple[str, ...]:
    """What the entries name that is no document, as sentences."""
    return tuple(
        f"“{' '.join(query)}”: there is no document {doc_id}"
        for query, entry in placed.items()
        for doc_id in (*entry.first, *entry.out)
        if searcher.get(doc_id) is None
    )


def say_what_is_not_there(searcher: Callable[[], AbstractContextManager[Searcher]]) -> None:
    """Log what the site's own file names that is no document: a page that is gone keeps no site from starting.

    Raises:
        TaxonomyError: If the file is wrong.
    """
    placed = default_placed()
    if placed:
        with suppress(SearchError), searcher() as opened:
            for sentence in unknown(placed, opened):
                log.error("%s, %s", own_placed(), sentence)


def entry_for(reading: Reading, placed: Placed) -> Entry | None:
    """What the editors say of a text; None for nothing, and for one with a minus, quotes, fields or brackets.

    So nothing that a person left out, or asked for beyond the words, is ever overridden.
    """
    if not placed or reading.plain or any(part.role in ("fixed", "excluded") for part in reading.parts):
        return None
    return placed.get(tuple(terms(reading.used or reading.text)))


@dataclass(frozen=True, slots=True)
class EditedSearcher:
    """Searches with every query as an entry would have it; filters and counts hold as for any other query."""

    plain: Searcher
    entry: Entry
    exact_ids: tuple[str, ...] = ()
    _placed: tuple[DocumentIs, ...] = field(init=False)

    def __post_init__(self) -> None:
        exact = (DocumentIs(self.exact_ids, EXACT_FIRST),) if self.exact_ids and self.entry.first else ()
        first = (DocumentIs((each,), FIRST - STEP * place, REASON) for place, each in enumerate(self.entry.first))
        object.__setattr__(self, "_placed", (*exact, *first))

    def search(self, query: Query, /) -> Results:
        """Hits, exact counts and snippets for a query as the editors would have it."""
        root: Node = Or((*self._placed, query.root)) if self._placed else query.root
        if self.entry.out:
            root = And((root, Not(DocumentIs(self.entry.out))))
        return self.plain.search(query._replace(root=root))

    def left_out(self, query: Query) -> int:
        """How many hits of a query the editors leave out."""
        if not self.entry.out:
            return 0
        root = And((query.root, DocumentIs(self.entry.out)))
        return self.plain.search(query._replace(root=root, facets=(), boosts=(), limit=0, offset=0)).total.value
