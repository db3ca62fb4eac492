"""Check that a generation is whole: its files, its two halves against each other, its titles against hits."""

from __future__ import annotations

from indexer import analysis
from indexer.engines.whoosh_engine._durable import count_documents
from indexer.engines.whoosh_engine._reader import OpenGeneration
from indexer.engines.whoosh_engine._search import ColumnSearcher, Scratch
from indexer.errors import IndexDamaged, IndexUnusable
from indexer.generation import Generations
from indexer.model import Query, Term
from indexer.ranking import Ranking

PROBES = 20  # documents whose title must find them


def verify(generations: Generations, name: str) -> tuple[str, ...]:
    """What is wrong with a generation, as sentences; nothing when it is whole."""
    try:
        manifest = generations.check(name)
        folder = generations.path(name)
        # Only now, with every checksum right, is anything read that the library would unpickle.
        stored = count_documents(folder / "whoosh")
        opened = OpenGeneration(folder, manifest, Ranking())
        if not stored == opened.live == manifest.documents:
            raise IndexDamaged(
                name,
                f"{stored} documents in Whoosh, {opened.live} in the columns, {manifest.documents} in the manifest",
            )
        searcher = ColumnSearcher(opened, Scratch(opened.segments))
        for number, document in enumerate(searcher.documents()):
            if number >= PROBES:
                break
            words = analysis.terms(document.title)
            if words and not searcher.search(Query(Term(words[0]), limit=0)).total.value:
                raise IndexDamaged(name, f"{document.doc_id} is not found by the first word of its title")
    except IndexUnusable as error:
        return (str(error),)
    except (OSError, ValueError, KeyError, IndexError, EOFError) as error:
        return (str(IndexDamaged(name, f"it cannot be opened ({error.__class__.__name__}: {error})")),)
    return ()
