"""What a visitor must know before the results of some searches, with the page of the corpus that states it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from indexer.analysis import terms
from indexer.engines import Searcher
from indexer.errors import TaxonomyError
from search_app.reading import Reading
from search_app.request import SearchRequest
from search_app.settings import LANGUAGES
from search_app.thesaurus import Terms, read_toml, stems

FILE = Path(__file__).with_name("vocabulary") / "notices.toml"
_KEYS = {"page", "specialty", "words", *LANGUAGES}


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence by language, the document that states it, and the specialty and words for which it is shown."""

    page: str
    specialty: str
    words: tuple[Terms, ...]
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice above results: its sentence by language, and the id, title and language of the page that states it."""

    texts: Mapping[str, str]
    doc_id: str
    title: str
    language: str


def load_notices(path: Path = FILE) -> tuple[Notice, ...]:
    """The notices of a file.

    Raises:
        TaxonomyError: Names file, entry and what is wrong with it.
    """
    content = read_toml(path)
    entries = content.get("notice", [])
    if set(content) - {"notice"} or not isinstance(entries, list):
        raise TaxonomyError(path, "the file", "may only hold [[notice]]")
    found: list[Notice] = []
    for number, entry in enumerate(entries, 1):
        where = f"notice {number}"
        if not isinstance(entry, dict) or set(entry) != _KEYS:
            raise TaxonomyError(path, where, f"must have {', '.join(sorted(_KEYS))}, and no more")
        texts = {name: entry[name] for name in ("page", "specialty", *LANGUAGES)}
        if not all(isinstance(text, str) and text.strip() for text in texts.values()):
            raise TaxonomyError(path, where, f"{', '.join(map(repr, texts))} must be texts")
        words = entry["words"]
        if not isinstance(words, list) or not all(isinstance(each, str) and terms(each) for each in words):
            raise TaxonomyError(path, where, "'words' must be a list of words")
        typed = tuple(stems(terms(each)) for each in words)
        found.append(Notice(entry["page"], entry["specialty"], typed, {name: entry[name] for name in LANGUAGES}))
    return tuple(found)


@cache
def default_notices() -> tuple[Notice, ...]:
    """The notices that come with the program, read once."""
    return load_notices()


def notices_for(
    request: SearchRequest, reading: Reading, searcher: Searcher, notices: Sequence[Notice]
) -> tuple[Shown, ...]:
    """The notices for a search whose pages the index has."""
    said = stems(terms(reading.used or reading.text))
    meant = {*reading.values("specialty"), *request.specialty}
    found: list[Shown] = []
    for each in notices:
        if each.specialty in meant or any(_stands_in(words, said) for words in each.words):
            page = searcher.get(each.page)
            if page is not None:
                found.append(Shown(each.texts, page.doc_id, page.title, page.language))
    return tuple(found)


def _stands_in(words: Terms, said: Terms) -> bool:
    return any(said[at : at + len(words)] == words for at in range(len(said) - len(words) + 1))
