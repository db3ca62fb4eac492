"""The synonyms of a site's own: one line more in their file, and what that changes."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.counted import counted
from indexer.engines import Searcher
from indexer.errors import TaxonomyError
from search_app.facetwords import default_facet_words
from search_app.request import SearchRequest
from search_app.search import answer
from search_app.strengths import default_strengths
from search_app.thesaurus import SECTIONS, load_thesaurus
from search_app.words import Words, make_words

THEME = "own"  # lines are added to [same.own], [wider.own] and [spelling.own]
HEAD = "# Synonyms of this site. How they work stands in search_app/vocabulary/thesaurus.toml of the program.\n"
SHOWN = 3  # first hits that a trial names
_TABLE = re.compile(r"^\s*\[")


@dataclass(frozen=True, slots=True)
class Found:
    """What one query finds: hits that have all its words, hits in all, and the first titles."""

    query: str
    complete: int
    total: int
    titles: tuple[str, ...]

    def as_text(self) -> str:
        """For a terminal: the numbers, then one title a line."""
        part = "" if self.complete == self.total else f"{self.complete:,} of "
        numbers = part + counted(self.total, "hit")
        return "\n".join([numbers, *(f"    {title}" for title in self.titles)])


def with_line(text: str, word: str, others: Sequence[str], relation: str = "same") -> str:
    """The text of a file of synonyms in which a word also finds others; everything else in it stays as it is.

    Raises:
        ValueError: If the word has a line already, in any table of this relation that is written on one line.
    """
    if relation not in SECTIONS:
        raise ValueError(f"{relation!r} is none of {', '.join(SECTIONS)}")
    key = json.dumps(word, ensure_ascii=False)
    line = f"{key} = {json.dumps(list(others), ensure_ascii=False)}"
    header = f"[{relation}.{THEME}]"
    lines = (text or HEAD).splitlines()
    table = ""
    for number, each in enumerate(lines, 1):
        if _TABLE.match(each):
            table = each.strip()
        elif table.startswith(f"[{relation}.") and re.match(rf"\s*{re.escape(key)}\s*=", each):
            raise ValueError(f"line {number} has {key} already: change it there")
    starts = [number for number, each in enumerate(lines) if each.strip() == header]
    if not starts:
        return "\n".join([*lines, "", header, line, ""])
    end = starts[0] + 1
    while end < len(lines) and lines[end].strip() and not _TABLE.match(lines[end]):
        end += 1
    return "\n".join([*lines[:end], line, *lines[end:], ""])


def words_of(own: Path | None, text: str | None = None) -> Words:
    """All vocabulary with a site's own synonyms, those of a file or, where one is given, of a text that is to be it.

    Raises:
        TaxonomyError: If a line is wrong; the reason names the table and the word.
    """
    if text is None:
        return make_words(load_thesaurus(own=own), default_facet_words(), default_strengths())
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "synonyms.toml"
        trial.write_text(text, "utf-8")
        try:
            return words_of(trial)
        except TaxonomyError as error:
            raise TaxonomyError(own or trial, error.where, error.reason) from None


def found(query: str, searcher: Searcher, words: Words) -> Found:
    """What a query finds with a vocabulary."""
    asked = answer(SearchRequest(q=query), searcher, words)
    total = asked.results.total.value
    titles = tuple(hit.card.title for hit in asked.results.hits[:SHOWN])
    return Found(query, asked.complete if asked.absent else total, total, titles)


def write(path: Path, text: str) -> None:
    """Put a text into a file in one rename, so that no reader finds half of it."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as stream:
        stream.write(text)
    beside = Path(stream.name)
    beside.chmod(path.stat().st_mode if path.exists() else 0o644)
    beside.replace(path)
