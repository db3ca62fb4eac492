"""Documents with judged queries to measure on: our own corpus, or any folder in the format of a test collection."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from indexer.build import build
from indexer.engines import Engine, Searcher, open_engine
from indexer.model import Document, Section
from search_app.judgments import Judgments, load
from search_app.measures import AD_HOC, MEASURES, Measure

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "corpus"
JUDGMENTS = ROOT / "tests" / "data" / "judgments"
COLLECTIONS = ROOT.parent / "shared" / "collections"


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents, judged queries, and which measures are usual for them."""

    name: str
    documents: tuple[Document, ...]
    judgments: Judgments
    measures: dict[str, Measure]
    depth: int


def own_documents() -> tuple[Document, ...]:
    """Every document of our corpus, as a build classifies it."""
    with tempfile.TemporaryDirectory() as folder:
        build(CORPUS, folder)
        with open_engine(folder).searcher() as searcher:
            return tuple(searcher.documents())


def own(half: str | None = None, documents: tuple[Document, ...] | None = None) -> Collection:
    """Our corpus and our judgments; ``half`` keeps one half of the queries."""
    judgments = load(JUDGMENTS / "queries.jsonl", JUDGMENTS / "qrels.tsv", half)
    name = "medsearch" if half is None else f"medsearch, {half.replace('_', ' ')} half"
    return Collection(name, documents or own_documents(), judgments, dict(MEASURES), depth=100)


def public(folder: Path) -> Collection:
    """A test collection: ``documents.jsonl.gz`` (id, title, text), ``queries.jsonl``, ``qrels.tsv``."""
    judgments = load(folder / "queries.jsonl", folder / "qrels.tsv")
    with gzip.open(folder / "documents.jsonl.gz", "rt", encoding="utf-8") as lines:
        documents = tuple(_document(json.loads(line)) for line in lines)
    return Collection(folder.name, documents, judgments, dict(AD_HOC), depth=1000)


def _document(fields: dict[str, str]) -> Document:
    return Document(fields["id"], "article", fields["title"] or fields["id"], (Section("", "", fields["text"]),))


def plain_body(document: Document) -> str:
    """All words of a document but its title: other names, facet values, facts, headings and text."""
    facets = (*document.city, *document.specialty, *document.topic, document.kind)
    facts = (f"{fact.name} {fact.value}" for fact in document.facts)
    sections = (f"{section.heading}\n{section.text}" for section in document.sections)
    names = (document.title_zh, *document.aliases)
    return "\n".join(part for part in (*names, ", ".join(facets), document.summary, *facts, *sections) if part)


@contextmanager
def indexed(documents: tuple[Document, ...]) -> Iterator[Searcher]:
    """Our engine over these documents, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        engine: Engine = open_engine(folder)
        with engine.rebuild() as writer:
            for document in documents:
                writer.put(document)
        with engine.searcher() as searcher:
            yield searcher
