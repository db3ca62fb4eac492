"""Columns that keep numbers in fewer bytes than these may need: what does not fit must come back whole too."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest

from indexer.analysis import FIELDS
from indexer.engines.cards import pack_document, unpack_document
from indexer.engines.excerpts import WINDOW, locate
from indexer.engines.whoosh_engine import WhooshEngine
from indexer.engines.whoosh_engine._pack import Pack, PackWriter
from indexer.engines.whoosh_engine._places import Places, save_places
from indexer.marks import BEGINS_AT, fields_of, token_marks
from indexer.model import Document, Phrase, Query, Section


@pytest.mark.parametrize("longest", [10, 200, 20_000])
def test_tokens_are_found_where_they_stand(longest: int) -> None:
    dice = Random(longest)
    starts, lengths, at = [], [], 0
    ends = [0, 0, 120, 121, 300]  # of the tokens of some documents, one without any
    for number in range(300):
        at = 0 if number in ends else at
        hidden = dice.random() < 0.2
        start, length = (0, 0) if hidden else (at + dice.choice([0, 1, 1, 14, 15, longest]), dice.randint(1, longest))
        starts.append(start)
        lengths.append(length)
        at = at if hidden else start + length
    fields = np.array([dice.randrange(len(FIELDS)) for _ in starts], np.uint8)
    begins = np.array([dice.randrange(4) for _ in starts], np.uint8)
    marks, outliers, outlier_ends = token_marks(np.array(starts), np.array(lengths), begins, fields, np.array(ends))
    assert fields_of(marks).tolist() == fields.tolist()
    assert (marks >> BEGINS_AT).tolist() == begins.tolist()
    found_starts, found_lengths = np.empty(WINDOW + 1, np.int64), np.empty(WINDOW + 1, np.int64)
    for document, (base, end) in enumerate(pairwise(ends)):
        for first in range(0, end - base, 7):
            last = min(first + WINDOW, end - base)
            shown = np.array([0, first, last, 0, 0, end - base])
            low, high = outlier_ends[document], outlier_ends[document + 1]
            locate(marks[base:end], outliers, low, high, shown, found_starts, found_lengths)
            for token in range(first, min(last + 1, end - base)):
                if lengths[base + token]:
                    found = found_starts[token - first], found_lengths[token - first]
                    assert found == (starts[base + token], lengths[base + token])


@pytest.mark.parametrize(("most", "times"), [(60_000, 3), (300_000, 3), (60_000, 60_000)])
def test_positions_and_their_ends_come_back_whole(tmp_path: Path, most: int, times: int) -> None:
    dice = Random(most + times)
    sizes = [dice.randint(1, times if number % 50 == 0 else 3) for number in range(200)]
    ends = np.cumsum([0, *sizes]).astype(np.int32)
    positions = np.array([dice.randrange(most) for _ in range(ends[-1])], np.int32)
    writer = PackWriter(tmp_path / "core")
    save_places(writer, positions.astype(np.uint16) if most < 1 << 16 else positions, ends)
    writer.close()
    places = Places(Pack(tmp_path / "core"))
    assert places.ends(0, len(ends)).tolist() == ends.tolist()
    assert places.ends(70, 140).tolist() == ends[70:140].tolist()
    assert [places.end(posting) for posting in range(len(ends))] == ends.tolist()
    assert places.positions(5, len(positions)).tolist() == positions[5:].tolist()


def test_a_phrase_is_found_behind_more_tokens_than_two_bytes_can_count(tmp_path: Path) -> None:
    many = "filler " * 70_000
    engine = WhooshEngine(tmp_path)
    with engine.rebuild() as writer:
        writer.put(Document("articles/a", "article", "One", (Section("", "", f"{many}eye cataract. {many}"),)))
        writer.put(Document("articles/b", "article", "Two", (Section("", "", f"cataract {many}eye"),)))
        writer.put(Document("articles/c", "article", "Three", (Section("", "", "An eye cataract"),)))
    with engine.searcher() as searcher:
        for words in (("eye", "cataract"), ("filler", "eye", "cataract")):
            found = {hit.card.doc_id: hit.snippet for hit in searcher.search(Query(Phrase(words))).hits}
            assert set(found) == ({"articles/a", "articles/c"} if len(words) == 2 else {"articles/a"})
            text = found["articles/a"].text
            assert " ".join(text[start:end] for start, end in found["articles/a"].spans) == " ".join(words)


@pytest.mark.parametrize("text", [b"", b"Other words", 'Eye. 眼科 "quoted"\n'.encode() * 3000])
def test_a_document_is_read_back_with_the_text_it_was_packed_with(text: bytes) -> None:
    document = Document("articles/a", "article", "Eye", (Section("", "", text.decode() or "x"),))
    assert unpack_document(pack_document(document, text), text) == document
