"""The durable Whoosh index of a generation: the only module that imports Whoosh.

What is used of Whoosh: schema, writer, codec and reader. What is not, and why: its query parser (visitors' text crashes
or stalls it), ``refresh()`` and ``groupedby`` (wrong or slow), and its matchers (the columns answer the same queries
hundreds of times faster). Fields hold our own tokens with spaces between them, so that any Whoosh opens the index
without a line of this project.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from whoosh import index as whoosh_index
from whoosh.analysis import RegexTokenizer
from whoosh.fields import ID, KEYWORD, STORED, TEXT, Schema

from indexer.analysis import BREAK, FIELDS, AnalyzedDocument
from indexer.model import Document

MEMORY_LIMIT_MB = 128  # of Whoosh's posting pool, before it spills to disk


def schema() -> Schema:
    """Schema of the durable index: facet fields, one text field for each of ``analysis.FIELDS``, stored basics."""
    text = RegexTokenizer(r"[^ ]+")
    fields: dict[str, Any] = {
        "id": ID(stored=True, unique=True),
        "kind": ID(stored=True),
        "city": KEYWORD(stored=True, commas=True),
        "specialty": KEYWORD(stored=True, commas=True),
        "topic": KEYWORD(stored=True, commas=True),
        "date": ID(stored=True),
        "name": STORED,
    }
    for name in FIELDS:
        fields[name] = TEXT(analyzer=text, phrase=True)
    return Schema(**fields)


class DurableWriter:
    """Writes documents to the Whoosh index in one folder; nothing is visible before ``commit``."""

    def __init__(self, folder: Path, *, fresh: bool) -> None:
        if fresh:
            folder.mkdir(parents=True)
            self._index = whoosh_index.create_in(str(folder), schema())
        else:
            self._index = whoosh_index.open_dir(str(folder))
        self._writer = self._index.writer(limitmb=MEMORY_LIMIT_MB)
        self._added: set[str] = set()
        self._committed = False

    def put(self, document: Document, analyzed: AnalyzedDocument) -> None:
        """Add a document; one with the same id must have been deleted before."""
        texts: list[list[str]] = [[] for _ in FIELDS]
        for term, field in zip(analyzed.terms, analyzed.fields, strict=True):
            if term != BREAK:
                texts[field].append(term)
        # A comma parts keywords, so a value with one ("Ear, Nose & Throat") is written with a low comma.
        facets = {
            name: ",".join(value.replace(",", "\u201a") for value in document.values(name))
            for name in ("city", "specialty", "topic")
        }
        self._added.add(document.doc_id)
        self._writer.add_document(
            id=document.doc_id,
            kind=document.kind,
            date=document.date,
            name=document.title,
            **{name: value for name, value in facets.items() if value},
            **{name: " ".join(words) for name, words in zip(FIELDS, texts, strict=True) if words},
        )

    def delete(self, doc_id: str) -> None:
        """Remove a document if it is there."""
        if doc_id in self._added:
            # Whoosh cannot delete what the same writer has added; nothing outside sees this folder yet.
            self._writer.commit(merge=False)
            self._writer = self._index.writer(limitmb=MEMORY_LIMIT_MB)
            self._added.clear()
        self._writer.delete_by_term("id", doc_id)

    def commit(self, *, merge: bool) -> None:
        """Write everything; ``merge`` also joins small segments."""
        self._writer.commit(merge=merge)
        self._committed = True
        self._index.close()

    def cancel(self) -> None:
        """Give up; what was there before stays. After ``commit`` there is nothing left to give up."""
        if not self._committed:
            self._writer.cancel()
            self._index.close()


def count_documents(folder: Path) -> int:
    """Live documents in the Whoosh index of a folder, read by Whoosh itself."""
    opened = whoosh_index.open_dir(str(folder), readonly=True)
    try:
        count: int = opened.doc_count()
        return count
    finally:
        opened.close()
