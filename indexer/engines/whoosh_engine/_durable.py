"""The durable Whoosh index of a generation: the only module that imports Whoosh.

What is used of Whoosh: schema, codec, table of contents and reader. What is not, and why: its query parser (visitors'
text crashes or stalls it), ``refresh()`` and ``groupedby`` (wrong or slow), its matchers (the columns answer the same
queries hundreds of times faster), and its way of indexing, which cuts every text again, sorts every posting as a Python
tuple and adds them one by one. A segment of the columns has all postings sorted already, so ``write_segment`` writes
them block by block. Fields hold our own tokens, so any Whoosh opens the index without a line of this project.
"""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from struct import Struct
from typing import Any

from whoosh import index as whoosh_index
from whoosh.analysis import RegexTokenizer
from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC, W3Codec, W3TermInfo
from whoosh.fields import ID, KEYWORD, STORED, TEXT, Schema
from whoosh.filedb.compound import CompoundStorage
from whoosh.filedb.filestore import FileStorage
from whoosh.filedb.filetables import OrderedHashReader, OrderedHashWriter
from whoosh.filedb.structfile import StructFile
from whoosh.reading import SegmentReader
from whoosh.util.numeric import length_to_byte

from indexer.analysis import FIELDS
from indexer.engines.cards import read_card
from indexer.engines.whoosh_engine._pack import Pack
from indexer.engines.whoosh_engine._postings import (
    BLOCK,
    COMPRESSION,
    WORTH_COMPRESSING,
    Term,
    TermBlocks,
    Texts,
    blocks_of,
)
from indexer.model import Card

KEYWORDS = ("city", "specialty", "topic", "profile")
MERGED_DOCUMENTS = 100  # a segment with more is never merged: a thousand take Whoosh some three seconds
NAME = "MAIN"  # what Whoosh calls an index that was given no name


def schema() -> Schema:
    """Schema of the durable index: facet fields, one text field for each of ``analysis.FIELDS``, stored basics."""
    text = RegexTokenizer(r"[^ ]+")
    fields: dict[str, Any] = {
        "id": ID(stored=True, unique=True),
        "kind": ID(stored=True),
        "city": KEYWORD(stored=True, commas=True),
        "specialty": KEYWORD(stored=True, commas=True),
        "topic": KEYWORD(stored=True, commas=True),
        "profile": KEYWORD(stored=True, commas=True),
        "date": ID(stored=True),
        "name": STORED,
    }
    for name in FIELDS:
        fields[name] = TEXT(analyzer=text, phrase=True)
    return Schema(**fields)


class _Ids:
    """The ids of one segment, from its table of terms, and the documents that have them."""

    def __init__(self, segment: Any, folder: Path) -> None:
        with (folder / segment.make_filename(segment.COMPOUND_EXT)).open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        # Whoosh's own way copies the whole table of terms, some megabytes of each segment, to look up one id.
        whole = CompoundStorage(StructFile(mapped), use_mmap=False)
        name = segment.make_filename(W3Codec.TERMS_EXT)
        self._table = OrderedHashReader(whole.open_file(name), whole.file_length(name))
        self._prefix = self._table.extras["fieldmap"]["id"].to_bytes(2, "big")

    def get(self, doc_id: bytes) -> int | None:
        """Number of the document with an id, deleted or not."""
        found = self._table.get(self._prefix + doc_id)
        return None if found is None else int(W3TermInfo.from_bytes(found).min_id())


class DurableIndex:
    """The Whoosh index in one folder while a generation is written; nothing is visible before ``commit``."""

    def __init__(self, folder: Path, *, fresh: bool) -> None:
        if fresh:
            folder.mkdir(parents=True)
            self._index = whoosh_index.create_in(str(folder), schema())
        else:
            self._index = whoosh_index.open_dir(str(folder))
        self._writer = self._index.writer()
        self._tables: dict[str, _Ids] = {}
        self._committed = False

    def add(self, segment: Any) -> None:
        """Take in a segment that ``write_segment`` has written into this folder."""
        self._writer.segments.append(segment)

    def delete(self, doc_id: str) -> None:
        """Remove a document if it is there.

        Whoosh's own way opens every segment with all its postings; the table of terms alone tells the only document
        that an id can have.
        """
        for segment in reversed(self._writer.segments):  # what changes often was written last
            number = self._table(segment).get(doc_id.encode("utf-8", "replace"))
            if number is not None and not segment.is_deleted(number):
                segment.delete_document(number)
                return

    def _table(self, segment: Any) -> _Ids:
        name = segment.segment_id()
        if name not in self._tables:
            self._tables[name] = _Ids(segment, Path(self._writer.storage.folder))
        return self._tables[name]

    def commit(self, *, merge: bool) -> None:
        """Write everything; ``merge`` also joins the smallest segments."""
        self._writer.commit(mergetype=_merge_smallest if merge else None, merge=merge)
        self._committed = True
        self._index.close()

    def cancel(self) -> None:
        """Give up; what was there before stays. After ``commit`` there is nothing left to give up."""
        if not self._committed:
            self._writer.cancel()
            self._index.close()


def _merge_smallest(writer: Any, segments: Sequence[Any]) -> list[Any]:
    """Whoosh's merging goes posting by posting, so it is kept to what a few updates leave; returns what stays."""
    small = [segment for segment in segments if segment.doc_count() <= MERGED_DOCUMENTS]
    for segment in small:
        with closing(SegmentReader(writer.storage, writer.schema, segment)) as reader:
            writer.add_reader(reader)
    return [segment for segment in segments if segment not in small]


def listed_documents(folder: Path) -> int:
    """Live documents that the table of contents of a Whoosh index names; none of their postings is opened."""
    contents = whoosh_index.TOC.read(FileStorage(str(folder), readonly=True), NAME)
    return sum(segment.doc_count() for segment in contents.segments)


def count_documents(folder: Path) -> int:
    """Live documents in the Whoosh index of a folder, read by Whoosh itself."""
    opened = whoosh_index.open_dir(str(folder), readonly=True)
    try:
        count: int = opened.doc_count()
        return count
    finally:
        opened.close()


# ---------------------------------------------------------------------------------------------------------------------
# Writing one segment from columns


def write_segment(folder: Path, core: Pack) -> Any:
    """Write the documents of a columns segment as one Whoosh segment into a folder; returns what ``add`` takes.

    It stands in no table of contents before ``DurableIndex.commit``.
    """
    storage = FileStorage(str(folder))
    codec = W3Codec(blocklimit=BLOCK, compression=COMPRESSION)
    segment = codec.new_segment(storage, NAME)
    blobs = core.blobs("cards")
    stored = [_stored(read_card(blobs[number])[0]) for number in range(len(blobs))]
    lengths = core.load("lengths")
    fields = schema()
    documents = codec.per_document_writer(storage, segment)
    for number, (values, row) in enumerate(zip(stored, lengths.tolist(), strict=True)):
        documents.start_doc(number)
        for name, value in values.items():
            documents.add_field(name, fields[name], value, 0)
        for name, length in zip(FIELDS, row, strict=True):
            documents.add_field(name, fields[name], None, length)
        documents.finish_doc()
    documents.close()
    texts = Texts(core)
    names = sorted(name for name in fields.names() if fields[name].indexed)
    table = OrderedHashWriter(segment.create_file(storage, W3Codec.TERMS_EXT))
    table.extras["fieldmap"] = {name: number for number, name in enumerate(names)}
    with closing(segment.create_file(storage, W3Codec.POSTS_EXT)) as postings:
        for number, name in enumerate(names):
            if name in FIELDS:
                place = FIELDS.index(name)
                terms = texts.terms(place, list(map(length_to_byte, lengths[:, place].tolist())))
            else:
                terms = (blocks_of(term, ()) for term in _keywords(name, stored))
            key = number.to_bytes(2, "big")
            for term in terms:
                table.add(key + term.text, _write_term(postings, term))
    table.close()
    segment.set_doc_count(len(stored))
    segment.create_compound_file(storage)
    segment.compound = True
    return segment


def _stored(card: Card) -> dict[str, str]:
    # A comma parts keywords, so a value with one ("Ear, Nose & Throat") is written with a low comma.
    values = {name: ",".join(value.replace(",", "\u201a") for value in getattr(card, name)) for name in KEYWORDS}
    values |= {"id": card.doc_id, "kind": card.kind, "date": card.date, "name": card.title}
    return {name: value for name, value in values.items() if value}


def _keywords(name: str, stored: Sequence[dict[str, str]]) -> Iterator[Term]:
    found: dict[str, list[int]] = {}
    for number, values in enumerate(stored):
        value = values.get(name, "")
        for part in {each.strip() for each in value.split(",")} if name in KEYWORDS else {value}:
            if part:
                found.setdefault(part, []).append(number)
    for text, numbers in sorted((text.encode("utf-8", "replace"), numbers) for text, numbers in found.items()):
        count = len(numbers)
        yield Term(text, numbers, [1] * count, _FREQUENCY * count if name in KEYWORDS else None)


_SIZE = Struct("!i")
_TERM = Struct("!BfIBBfIIqi")  # W3TermInfo: flags, weight, documents, lengths, most weight, first and last, extent
_FREQUENCY = (1).to_bytes(4, "big")  # Whoosh's value of a keyword that a document has once


def _write_term(postings: Any, term: TermBlocks) -> bytes:
    """Write the blocks of one term as ``W3PostingsWriter`` does; returns what the table of terms says of it."""
    offset = postings.tell()
    parts = [WHOOSH3_HEADER_MAGIC]
    last = len(term.blocks) - 1
    for number, (about, data) in enumerate(term.blocks):
        if len(data) >= WORTH_COMPRESSING:
            data = zlib.compress(data, COMPRESSION)
        size = len(about) + len(data)
        parts += (_SIZE.pack(-size if number == last else size), about, data)
    written = b"".join(parts)
    postings.write(written)
    summary = (0, *term[1:6])  # 0: its postings stand in the file
    return _TERM.pack(*summary, term.first, term.last, offset, len(written))
