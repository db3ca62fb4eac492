"""Other search libraries on the same documents, each used as its own manual shows first."""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import tantivy
from whoosh.analysis import StemmingAnalyzer
from whoosh.fields import ID, TEXT, Schema
from whoosh.index import create_in
from whoosh.qparser import AndGroup, MultifieldParser, OrGroup

from benchmarks.judged_collections import plain_body
from indexer.model import Document

Search = Callable[[str, int], list[str]]
"""Ids of the documents that a text finds, best first, at most so many."""


@contextmanager
def whoosh(documents: tuple[Document, ...]) -> Iterator[dict[str, Search]]:
    """Plain Whoosh: stemmed title and body, MultifieldParser, BM25F; all words, and any word."""
    with tempfile.TemporaryDirectory() as folder:
        schema = Schema(id=ID(stored=True), title=TEXT(StemmingAnalyzer()), body=TEXT(StemmingAnalyzer()))
        index = create_in(folder, schema)
        writer = index.writer()
        for document in documents:
            writer.add_document(id=document.doc_id, title=document.title, body=plain_body(document))
        writer.commit()
        with index.searcher() as searcher:

            def with_group(group: object) -> Search:
                parser = MultifieldParser(["title", "body"], schema, group=group)
                return lambda text, limit: [hit["id"] for hit in searcher.search(parser.parse(text), limit=limit)]

            yield {"AndGroup": with_group(AndGroup), "OrGroup": with_group(OrGroup)}
        index.close()


@contextmanager
def sqlite_fts5(documents: tuple[Document, ...]) -> Iterator[dict[str, Search]]:
    """SQLite FTS5: porter stemmer, bm25 with its default weights; all words and, if none has them, any; or any word."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE pages USING fts5(id UNINDEXED, title, body, tokenize='porter unicode61')")
    rows = ((document.doc_id, document.title, plain_body(document)) for document in documents)
    database.executemany("INSERT INTO pages VALUES (?, ?, ?)", rows)

    def ask(words: list[str], between: str, limit: int) -> list[str]:
        query = between.join('"' + word + '"' for word in words)
        found = database.execute("SELECT id FROM pages WHERE pages MATCH ? ORDER BY rank LIMIT ?", (query, limit))
        return [row[0] for row in found]

    def words_of(text: str) -> list[str]:
        phrases = re.findall(r'"([^"]+)"', text)
        return phrases + re.findall(r"\w+", re.sub(r'"[^"]+"', " ", text))

    def all_then_any(text: str, limit: int) -> list[str]:
        words = words_of(text)
        return (ask(words, " ", limit) or ask(words, " OR ", limit)) if words else []

    def any_word(text: str, limit: int) -> list[str]:
        words = words_of(text)
        return ask(words, " OR ", limit) if words else []

    yield {"AND then OR": all_then_any, "OR": any_word}
    database.close()


@contextmanager
def tantivy_index(documents: tuple[Document, ...]) -> Iterator[dict[str, Search]]:
    """Tantivy: English stemmer on title and body, its default query parser (any word, BM25)."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    builder.add_text_field("title", tokenizer_name="en_stem")
    builder.add_text_field("body", tokenizer_name="en_stem")
    index = tantivy.Index(builder.build())
    writer = index.writer()
    for document in documents:
        writer.add_document(tantivy.Document(id=document.doc_id, title=document.title, body=plain_body(document)))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def search(text: str, limit: int) -> list[str]:
        query, _ = index.parse_query_lenient(text, ["title", "body"])
        return [searcher.doc(address)["id"][0] for _, address in searcher.search(query, limit).hits]

    yield {"default": search}


PEERS = {"Whoosh": whoosh, "SQLite FTS5": sqlite_fts5, "tantivy": tantivy_index}
