"""The engines that are timed: ours and its peers, each building from the same documents and doing the same job.

The job: how many documents match, the ten best with a snippet each, and how many matches each value of three facets
has, over all matches. Each peer is used in the quickest way that we found in its manual.
"""

from __future__ import annotations

import importlib
import json
import sqlite3
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from benchmarks.speed.questions import FACETS, LIMIT, Question, our_query
from benchmarks.speed.samples import Sample, document

SNIPPET_WORDS = 30
DEBIAN = "/usr/lib/python3/dist-packages"  # where Debian puts python3-xapian, which pip does not have


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question found: matches in all, matches per facet value (only those that occur), ids with snippets."""

    total: int
    facets: tuple[Mapping[str, int], ...]
    hits: tuple[tuple[str, str], ...]


class Peer(Protocol):
    """One engine: ``build`` writes an index of its own into a folder, ``open`` makes ready what ``ask`` asks."""

    name: str

    def build(self, samples: Iterable[Sample], folder: Path) -> None:
        """Index all documents."""

    def open(self, folder: Path) -> None:
        """Open what ``build`` wrote."""

    def ask(self, question: Question) -> Answer:
        """Answer one question, all of the job."""


class Ours:
    """medsearch: the engine of this project, by its public names."""

    name = "medsearch"

    def build(self, samples: Iterable[Sample], folder: Path) -> None:
        """A full build of documents that are there already."""
        from indexer.engines import open_engine

        with open_engine(f"whoosh:{folder}").rebuild() as writer:
            for sample in samples:
                writer.put(document(sample))

    def open(self, folder: Path) -> None:
        """Check the generation and map it."""
        from indexer.engines import open_engine

        self.search = open_engine(f"whoosh:{folder}").searcher().__enter__().search

    def ask(self, question: Question) -> Answer:
        """Search; sections and reasons are found as well, which no peer has."""
        found = self.search(our_query(question))
        counts = tuple([facet.counts for facet in found.facets])
        return Answer(found.total.value, counts, tuple([(hit.card.doc_id, hit.snippet.text) for hit in found.hits]))


class PlainWhoosh:
    """Whoosh 2.7.4 as its manual says: one text field, ``groupedby`` with counts, highlights."""

    name = "Whoosh"

    def build(self, samples: Iterable[Sample], folder: Path) -> None:
        """One writer with 256 MB."""
        from whoosh.analysis import RegexTokenizer
        from whoosh.fields import ID, TEXT, Schema
        from whoosh.index import create_in

        facets = {name: ID(stored=True, sortable=True) for name in FACETS}
        text = TEXT(analyzer=RegexTokenizer(r"[^ ]+"), stored=True)
        folder.mkdir(parents=True)
        writer = create_in(str(folder), Schema(id=ID(stored=True), title=ID(stored=True), text=text, **facets)).writer(
            limitmb=256
        )
        for each in samples:
            writer.add_document(
                id=each.doc_id, title=each.title, text=each.text,
                city=each.city, specialty=each.specialty, topic=each.topic,
            )  # fmt: skip
        writer.commit()

    def open(self, folder: Path) -> None:
        """One searcher for all questions."""
        from whoosh.index import open_dir

        self._searcher = open_dir(str(folder), readonly=True).searcher()

    def ask(self, question: Question) -> Answer:
        """Search with ``groupedby``; it then ignores the limit, and only the first ten get a highlight."""
        from whoosh import query, sorting

        words = [query.Term("text", word) for word in question.words]
        root: Any
        if question.kind == "phrase":
            root = query.Phrase("text", list(question.words))
        elif question.kind == "any of three":
            root = query.Or(words)
        elif question.kind == "one without other":
            root = query.And([words[0], query.Not(words[1])])
        else:
            root = query.And(words) if len(words) > 1 else words[0]
        chosen = query.Term("city", question.city) if question.city else None
        found = self._searcher.search(
            root, limit=LIMIT, filter=chosen, groupedby=list(FACETS), maptype=sorting.Count, scored=True
        )
        hits = tuple((hit["id"], hit.highlights("text", top=1)) for hit in islice(found, LIMIT))
        return Answer(len(found), tuple(dict(found.groups(name)) for name in FACETS), hits)


class SqliteFts5:
    """SQLite FTS5: cut at spaces; facet values as numbers in a table beside it, counted in one statement."""

    name = "SQLite FTS5"

    def build(self, samples: Iterable[Sample], folder: Path) -> None:
        """One transaction, then ``optimize``."""
        folder.mkdir(parents=True)
        database = sqlite3.connect(folder / "index.db")
        database.execute("CREATE VIRTUAL TABLE pages USING fts5(text, tokenize = 'ascii')")
        database.execute(
            "CREATE TABLE facets (row INTEGER PRIMARY KEY, id TEXT, title TEXT, city INT, specialty INT, topic INT)"
        )
        database.execute("CREATE TABLE value (number INTEGER PRIMARY KEY, text TEXT UNIQUE)")
        numbers: dict[str, int] = {}
        for row, each in enumerate(samples):
            values = [numbers.setdefault(value, len(numbers)) for value in (each.city, each.specialty, each.topic)]
            database.execute("INSERT INTO pages (rowid, text) VALUES (?, ?)", (row, each.text))
            database.execute("INSERT INTO facets VALUES (?, ?, ?, ?, ?, ?)", (row, each.doc_id, each.title, *values))
        database.executemany("INSERT INTO value VALUES (?, ?)", ((n, text) for text, n in numbers.items()))
        database.execute("INSERT INTO pages (pages) VALUES ('optimize')")
        database.execute("ANALYZE")
        database.commit()
        database.close()

    def open(self, folder: Path) -> None:
        """Mapped into memory, with a cache for everything."""
        self._database = sqlite3.connect(folder / "index.db")
        self._database.execute("PRAGMA mmap_size = 8000000000")
        self._database.execute("PRAGMA cache_size = -1000000")
        self._values = dict(self._database.execute("SELECT number, text FROM value"))
        self._numbers = {text: number for number, text in self._values.items()}

    def ask(self, question: Question) -> Answer:
        """The best ten by ``rank`` with ``snippet``, then three counts over the matches, which are found once."""
        words = ['"' + word + '"' for word in question.words]
        if question.kind == "phrase":
            match = '"' + " ".join(question.words) + '"'
        else:
            match = {"any of three": " OR ", "one without other": " NOT "}.get(question.kind, " ").join(words)
        given: tuple[Any, ...] = (match,)
        inner = "SELECT rowid FROM pages WHERE pages MATCH ?"
        only = ""
        if question.city:
            given = (match, self._numbers.get(question.city, -1))
            only = " AND facets.city = ?"
        best = self._database.execute(
            f"SELECT facets.id, snippet(pages, 0, '[', ']', '…', {SNIPPET_WORDS}) FROM pages"
            " JOIN facets ON facets.row = pages.rowid"
            f" WHERE pages MATCH ?{only} ORDER BY pages.rank LIMIT {LIMIT}",
            given,
        ).fetchall()
        counted = self._database.execute(
            f"WITH found AS MATERIALIZED (SELECT city, specialty, topic FROM facets WHERE row IN ({inner}){only})"
            " SELECT 0, city, count(*) FROM found GROUP BY city"
            " UNION ALL SELECT 1, specialty, count(*) FROM found GROUP BY specialty"
            " UNION ALL SELECT 2, topic, count(*) FROM found GROUP BY topic",
            given,
        )
        facets: tuple[dict[str, int], ...] = ({}, {}, {})
        for place, value, count in counted:
            facets[place][self._values[value]] = count
        return Answer(sum(facets[0].values()), facets, tuple(best))


class Tantivy:
    """tantivy: whitespace tokenizer, facet values as fast fields, counted by its aggregations."""

    name = "tantivy"

    def _index(self, folder: Path) -> Any:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_text_field("id", stored=True, tokenizer_name="raw")
        builder.add_text_field("title", stored=True, tokenizer_name="raw")
        builder.add_text_field("text", stored=True, tokenizer_name="spaces")
        for name in FACETS:
            builder.add_text_field(name, fast=True, tokenizer_name="raw")
        self._schema = builder.build()
        index = tantivy.Index(self._schema, path=str(folder))
        index.register_tokenizer("spaces", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
        return index

    def build(self, samples: Iterable[Sample], folder: Path) -> None:
        """Its own number of threads, 256 MB; one segment in the end where it merges by itself."""
        import tantivy

        folder.mkdir(parents=True)
        writer = self._index(folder).writer(heap_size=256_000_000)
        for each in samples:
            writer.add_document(
                tantivy.Document(
                    id=each.doc_id, title=each.title, text=each.text,
                    city=each.city, specialty=each.specialty, topic=each.topic,
                )
            )  # fmt: skip
        writer.commit()
        writer.wait_merging_threads()

    def open(self, folder: Path) -> None:
        """Open, and write down what the aggregations ask."""
        self._opened = self._index(folder)
        self._opened.reload()
        self._searcher = self._opened.searcher()
        self._aggregations = {name: {"terms": {"field": name, "size": 1000}} for name in FACETS}

    def ask(self, question: Question) -> Answer:
        """Best ten without counting, which lets it stop early; the aggregation counts."""
        from tantivy import Occur, Query, SnippetGenerator

        schema = self._schema
        words = [Query.term_query(schema, "text", word) for word in question.words]
        if question.kind == "phrase":
            root = Query.phrase_query(schema, "text", list(question.words))
        elif question.kind == "any of three":
            root = Query.boolean_query([(Occur.Should, word) for word in words])
        elif question.kind == "one without other":
            root = Query.boolean_query([(Occur.Must, words[0]), (Occur.MustNot, words[1])])
        elif len(words) > 1:
            root = Query.boolean_query([(Occur.Must, word) for word in words])
        else:
            root = words[0]
        if question.city:
            limit = Query.const_score_query(Query.term_query(schema, "city", question.city), 0.0)
            root = Query.boolean_query([*((Occur.Must, word) for word in words), (Occur.Must, limit)])
        best = self._searcher.search(root, LIMIT, count=False).hits
        counted = self._searcher.aggregate(root, self._aggregations)
        facets = tuple({b["key"]: b["doc_count"] for b in counted[name]["buckets"]} for name in FACETS)
        snippets = SnippetGenerator.create(self._searcher, root, schema, "text")
        hits = []
        for _, address in best:
            stored = self._searcher.doc(address)
            hits.append((stored["id"][0], snippets.snippet_from_doc(stored).to_html()))
        return Answer(sum(facets[0].values()), facets, tuple(hits))


class Xapian:
    """Xapian: a text indexer without stemmer, value slots for facets, counted by match spies."""

    name = "Xapian"

    def build(self, samples: Iterable[Sample], folder: Path) -> None:
        """One writer that flushes by itself."""
        xapian = _xapian()
        database = xapian.WritableDatabase(str(folder), xapian.DB_CREATE_OR_OPEN)
        generator = xapian.TermGenerator()
        for each in samples:
            made = xapian.Document()
            generator.set_document(made)
            generator.index_text(each.text)
            for slot, name in enumerate(FACETS):
                made.add_value(slot, getattr(each, name))
            made.add_boolean_term("XC" + each.city)
            made.set_data(json.dumps((each.doc_id, each.title, each.text)))
            database.add_document(made)
        database.commit()
        database.close()

    def open(self, folder: Path) -> None:
        """One enquiry, used again and again."""
        self._xapian = _xapian()
        self._database = self._xapian.Database(str(folder))
        self._enquire = self._xapian.Enquire(self._database)
        self._size = self._database.get_doccount()

    def ask(self, question: Question) -> Answer:
        """All documents are looked at, since the counts have to be exact."""
        xapian, query = self._xapian, self._xapian.Query
        words = list(question.words)
        if question.kind == "phrase":
            root = query(query.OP_PHRASE, words)
        elif question.kind == "any of three":
            root = query(query.OP_OR, words)
        elif question.kind == "one without other":
            root = query(query.OP_AND_NOT, query(words[0]), query(words[1]))
        else:
            root = query(query.OP_AND, words)
        if question.city:
            root = query(query.OP_FILTER, root, query("XC" + question.city))
        self._enquire.set_query(root)
        self._enquire.clear_matchspies()
        spies = [xapian.ValueCountMatchSpy(slot) for slot in range(len(FACETS))]
        for spy in spies:
            self._enquire.add_matchspy(spy)
        found = self._enquire.get_mset(0, LIMIT, self._size)
        facets = tuple({each.term.decode(): each.termfreq for each in spy.values()} for spy in spies)
        hits = []
        for match in found:
            doc_id, _, text = json.loads(match.document.get_data())
            hits.append((doc_id, found.snippet(text.encode(), 200).decode()))
        return Answer(found.get_matches_estimated(), facets, tuple(hits))


def _xapian() -> Any:
    try:
        return importlib.import_module("xapian")
    except ImportError:
        sys.path.append(DEBIAN)
        try:
            return importlib.import_module("xapian")
        finally:
            sys.path.remove(DEBIAN)


IN_PROCESS: dict[str, type[Peer]] = {each.name: each for each in (Ours, PlainWhoosh, SqliteFts5, Tantivy, Xapian)}


def missing(name: str) -> str:
    """Why a peer cannot be asked here; empty when it can."""
    try:
        if name == Xapian.name:
            _xapian()
        elif name == Tantivy.name:
            importlib.import_module("tantivy")
    except ImportError as error:
        return f"{name} is left out: {error}."
    return ""
