"""What a visitor must know before the results of some searches, with the page of the corpus that states it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.analysis import terms
from indexer.engines import Searcher
from indexer.errors import TaxonomyError
from search_app.reading import Reading
from search_app.request import SearchRequest
from search_app.settings import LANGUAGES
from search_app.thesaurus import Terms, Thesaurus, stems
from search_app.vocabulary_files import VOCABULARY, read_tables

FILE = VOCABULARY / "notices.toml"
_KEYS = {"page", "specialty", "words", *LANGUAGES}


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence by language, the document that states it, and the specialty and words, as stems, it is shown for."""

    page: str
    specialty: str
    words: frozenset[Terms]
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
    found: list[Notice] = []
    for number, entry in enumerate(read_tables(path, "notice"), 1):
        where = f"notice {number}"
        if set(entry) != _KEYS:
            raise TaxonomyError(path, where, f"must have {', '.join(sorted(_KEYS))}, and no more")
        texts = {name: entry[name] for name in ("page", "specialty", *LANGUAGES)}
        if not all(isinstance(text, str) and text.strip() for text in texts.values()):
            raise TaxonomyError(path, where, f"{', '.join(map(repr, texts))} must be texts")
        words = entry["words"]
        if not isinstance(words, list) or not all(isinstance(each, str) and terms(each) for each in words):
            raise TaxonomyError(path, where, "'words' must be a list of words")
        typed = frozenset(stems(terms(each)) for each in words)
        found.append(Notice(entry["page"], entry["specialty"], typed, {name: entry[name] for name in LANGUAGES}))
    return tuple(found)


def notices_for(
    request: SearchRequest, reading: Reading, searcher: Searcher, notices: Sequence[Notice], thesaurus: Thesaurus
) -> tuple[Shown, ...]:
    """The notices for a search whose pages the index has; Chinese words count as what they are in English."""
    said = stems(thesaurus.in_english(terms(reading.used or reading.text)))
    meant = {*reading.values("specialty"), *request.specialty}
    found: list[Shown] = []
    for each in notices:
        if each.specialty in meant or _stands_in(each.words, said):
            page = searcher.get(each.page)
            if page is not None:
                found.append(Shown(each.texts, page.doc_id, page.title, page.language))
    return tuple(found)


def _stands_in(phrases: frozenset[Terms], said: Terms) -> bool:
    """Whether a phrase stands among some terms, its words one after the other."""
    sizes = {len(each) for each in phrases}
    return any(said[at : at + size] in phrases for size in sizes for at in range(len(said) - size + 1))
