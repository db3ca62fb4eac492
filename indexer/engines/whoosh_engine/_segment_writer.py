"""Write the read-optimised columns of one segment while its documents are indexed."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson

from indexer.analysis import BREAK, name_key
from indexer.engines.cards import card_blob, pack_document
from indexer.engines.whoosh_engine._columns import (
    CORE,
    LIVE,
    Ints,
    ends_of,
    field_lengths,
    ranks_of,
    write_postings,
    write_stems,
)
from indexer.engines.whoosh_engine._pack import PackWriter, save_loose
from indexer.marks import token_marks
from indexer.model import FACETS, Document, date_number
from indexer.token_stream import LONGEST, AnalyzedDocument, document_names


class _Numbers(dict[str, int]):
    """Numbers of terms in the order of their first appearance; asking for a new one gives it the next."""

    def __missing__(self, term: str) -> int:
        number = self[term] = len(self)
        return number


class SegmentWriter:
    """Collects analysed documents, then writes them as one segment in the order of their ids."""

    def __init__(self) -> None:
        self._documents: list[tuple[str, int]] = []
        self._vocabulary = _Numbers({BREAK: 0})
        self._terms: list[array[int]] = []
        self._fields: list[bytes] = []
        self._begins: list[bytes] = []
        self._starts: list[array[int]] = []
        self._lengths: list[array[int]] = []
        self._sections: list[list[tuple[int, int, int]]] = []
        self._title_ends: list[int] = []
        self._texts: list[bytes] = []
        self._cards: list[bytes] = []
        self._blobs: list[bytes] = []
        self._values: list[tuple[tuple[str, ...], ...]] = []
        self._titles: list[str] = []
        self._dates: list[int] = []
        self._doubtful: list[bool] = []
        self._names: list[tuple[str, ...]] = []
        self._compounds: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._documents)

    def add(self, document: Document, analyzed: AnalyzedDocument) -> None:
        """Take one document; ids must not repeat within a segment."""
        self._documents.append((document.doc_id, len(self._documents)))
        self._terms.append(array("i", map(self._vocabulary.__getitem__, analyzed.terms)))
        self._fields.append(bytes(analyzed.fields))
        self._begins.append(analyzed.begins)
        self._starts.append(array("i", analyzed.starts))
        self._lengths.append(array("i", analyzed.lengths))
        self._sections.append([(span.start, span.body, span.end) for span in analyzed.sections])
        self._title_ends.append(analyzed.title_end)
        self._texts.append(analyzed.text)
        self._cards.append(card_blob(document))
        self._blobs.append(pack_document(document, analyzed.text))
        self._values.append(tuple(document.values(facet) for facet in FACETS))
        self._titles.append(name_key(document.title))
        self._dates.append(date_number(document.date))
        self._doubtful.append(bool(document.doubt))
        self._names.append(document_names(document))
        self._compounds.update(analyzed.compounds)

    def write(self, folder: Path) -> None:
        """Write everything but the impacts, which need the average lengths of the whole index (``write_impacts``)."""
        folder.mkdir(parents=True)
        pack = PackWriter(folder / CORE)
        order = [place for _, place in sorted(self._documents)]
        if len({doc_id for doc_id, _ in self._documents}) != len(order):
            raise ValueError("a document id stands twice in one segment")
        count = len(order)
        terms, ranks = self._sorted_vocabulary()
        pack.save_strings("terms", terms)
        tokens = ranks[
            np.concatenate([np.frombuffer(self._terms[i], np.int32) for i in order] or [np.zeros(0, np.int32)])
        ]
        token_ends = ends_of([len(self._terms[i]) for i in order])
        fields = np.frombuffer(b"".join(self._fields[i] for i in order), np.uint8)
        pack.save("lengths", field_lengths(tokens, fields, token_ends))
        pack.save("tokens", tokens)
        pack.save("token_ends", token_ends)
        begins = np.frombuffer(b"".join(self._begins[i] for i in order), np.uint8)
        lengths = np.minimum(_joined(self._lengths, order, np.int32), LONGEST)
        marked = token_marks(_joined(self._starts, order, np.int32), lengths, begins, fields, token_ends)
        for name, column in zip(("marks", "outliers", "outlier_ends"), marked, strict=True):
            pack.save(name, column)
        write_postings(folder, pack, tokens, token_ends, len(terms))
        write_stems(pack, terms)
        self._write_facets(pack, order)
        pack.save("sections", np.array([row for i in order for row in self._sections[i]], np.int32).reshape(-1, 3))
        pack.save("section_ends", ends_of([len(self._sections[i]) for i in order]).astype(np.int32))
        pack.save("title_ends", np.array([self._title_ends[i] for i in order], np.int32))
        pack.save_blobs("texts", [self._texts[i] for i in order])
        pack.save_blobs("cards", [self._cards[i] for i in order])
        pack.save_blobs("documents", [self._blobs[i] for i in order])
        pack.save_strings("ids", [self._documents[i][0] for i in order])
        titles = [self._titles[i].encode("utf-8", "replace") for i in order]
        pack.save("title_ranks", ranks_of(titles))
        pack.save_blobs("titles", titles)
        pack.save("dates", np.array([self._dates[i] for i in order], np.int32))
        pack.save("doubtful", np.array([self._doubtful[i] for i in order], np.bool_))
        names = sorted((key, row) for row, i in enumerate(order) for key in self._names[i])
        pack.save_strings("names", [key for key, _ in names])
        pack.save("name_documents", np.array([row for _, row in names], np.int32))
        pack.save_strings(
            "compounds", sorted(f"{joined}\t{' '.join(parts)}" for joined, parts in self._compounds.items())
        )
        pack.close()
        save_loose(folder / LIVE, np.ones(count, np.bool_))

    def _sorted_vocabulary(self) -> tuple[list[str], Ints]:
        terms = sorted(term for term in self._vocabulary if term != BREAK)
        ranks = np.full(len(self._vocabulary), -1, np.int32)
        for rank, term in enumerate(terms):
            ranks[self._vocabulary[term]] = rank
        return terms, ranks

    def _write_facets(self, pack: PackWriter, order: list[int]) -> None:
        values: dict[str, list[str]] = {
            facet: sorted({value for i in order for value in self._values[i][place]})
            for place, facet in enumerate(FACETS)
        }
        codes: dict[tuple[str, str], int] = {}
        for facet in FACETS:
            for value in values[facet]:
                codes[facet, value] = len(codes)
        rows = [
            sorted(
                codes[facet, value]
                for place, facet in enumerate(FACETS)
                for value in dict.fromkeys(self._values[i][place])
            )
            for i in order
        ]
        pack.save("codes", np.array([code for row in rows for code in row], np.int16))
        pack.save("code_ends", ends_of([len(row) for row in rows]).astype(np.int32))
        pack.save_blobs("values", [orjson.dumps(values)])


def _joined(parts: Sequence[array[int] | Ints], order: list[int], dtype: type[np.generic]) -> Ints:
    joined: Ints = np.concatenate([np.frombuffer(parts[i], dtype) for i in order] or [np.zeros(0, dtype)])
    return joined
