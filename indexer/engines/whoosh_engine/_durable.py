"""The durable Whoosh index of a generation: the only module that imports Whoosh.

What is used of Whoosh: schema, codec, table of contents and reader. What is not, and why: its query parser (visitors'
text crashes or stalls it), ``refresh()`` and ``groupedby`` (wrong or slow), its matchers (the columns answer the same
queries hundreds of times faster), and its way of indexing, which cuts every text again, sorts every posting as a Python
tuple and adds them one by one. A segment of the columns has all postings sorted already, so ``write_segment`` writes
them block by block. Fields hold our own tokens, so any Whoosh opens the index without a line of this project.
"""

from __future__ import annotations

import mmap
import pickle
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from operator import sub
from pathlib import Path
from struct import Struct
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
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
from indexer.model import Card

Array = npt.NDArray[Any]

BLOCK = 128  # postings that Whoosh keeps together, as its own writer does
COMPRESSION = 3  # of zlib, as its own writer does
WORTH_COMPRESSING = 300  # bytes of a block; most terms stand in one document, and their blocks hardly shrink
KEYWORDS = ("city", "specialty", "topic", "profile")
MERGED_DOCUMENTS = 100  # a segment with more is never merged: a thousand take Whoosh some three seconds
SLICE = 1 << 16  # occurrences that are Python objects at the same time
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
        for segment in self._writer.segments:
            number = self._table(segment).get(doc_id.encode("utf-8", "replace"))
            if number is not None and not segment.is_deleted(number):
                segment.delete_document(number)

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


class _Term(NamedTuple):
    """Postings of one term in one field: rising document numbers, times it occurs in each, Whoosh's value of each."""

    text: bytes
    documents: Sequence[int]
    weights: Sequence[int]
    values: Sequence[bytes] | bytes | None


def write_segment(folder: Path, core: Pack) -> Any:
    """Write the documents of a columns segment as one Whoosh segment into a folder; returns what ``add`` takes.

    It stands in no table of contents before ``DurableIndex.commit``.
    """
    storage = FileStorage(str(folder))
    codec = W3Codec(blocklimit=BLOCK, compression=COMPRESSION)
    segment = codec.new_segment(storage, NAME)
    cards = [read_card(core.blobs("cards")[number])[0] for number in range(len(core.load("title_ends")))]
    lengths = core.load("lengths")
    fields = schema()
    documents = codec.per_document_writer(storage, segment)
    for number, (card, row) in enumerate(zip(cards, lengths.tolist(), strict=True)):
        documents.start_doc(number)
        for name, value in _stored(card).items():
            documents.add_field(name, fields[name], value, 0)
        for name, length in zip(FIELDS, row, strict=True):
            documents.add_field(name, fields[name], None, length)
        documents.finish_doc()
    documents.close()
    texts = _Texts(core)
    names = sorted(name for name in fields.names() if fields[name].indexed)
    table = OrderedHashWriter(segment.create_file(storage, W3Codec.TERMS_EXT))
    table.extras["fieldmap"] = {name: number for number, name in enumerate(names)}
    with closing(segment.create_file(storage, W3Codec.POSTS_EXT)) as postings:
        for number, name in enumerate(names):
            if name in FIELDS:
                place = FIELDS.index(name)
                terms, sizes = texts.terms(place), list(map(length_to_byte, lengths[:, place].tolist()))
            else:
                terms, sizes = _keywords(name, cards), []
            for term in terms:
                table.add(number.to_bytes(2, "big") + term.text, _write_term(postings, term, sizes))
    table.close()
    segment.set_doc_count(len(cards))
    segment.create_compound_file(storage)
    segment.compound = True
    return segment


def _stored(card: Card) -> dict[str, str]:
    # A comma parts keywords, so a value with one ("Ear, Nose & Throat") is written with a low comma.
    values = {name: ",".join(value.replace(",", "\u201a") for value in getattr(card, name)) for name in KEYWORDS}
    values |= {"id": card.doc_id, "kind": card.kind, "date": card.date, "name": card.title}
    return {name: value for name, value in values.items() if value}


def _keywords(name: str, cards: Sequence[Card]) -> Iterator[_Term]:
    found: dict[str, list[int]] = {}
    for number, card in enumerate(cards):
        value = _stored(card).get(name, "")
        for part in {each.strip() for each in value.split(",")} if name in KEYWORDS else {value}:
            if part:
                found.setdefault(part, []).append(number)
    for text, numbers in sorted((text.encode("utf-8", "replace"), numbers) for text, numbers in found.items()):
        count = len(numbers)
        yield _Term(text, numbers, [1] * count, _FREQUENCY * count if name in KEYWORDS else None)


_SIZE = Struct("!i")
_TERM = Struct("!BfIBBfIIqi")  # W3TermInfo: flags, weight, documents, lengths, most weight, first and last, extent
_FREQUENCY = (1).to_bytes(4, "big")  # Whoosh's value of a keyword that a document has once


class _Texts:
    """Postings of the text fields, from the inverted token stream of a columns segment."""

    def __init__(self, core: Pack) -> None:
        self._terms = core.strings("terms")
        self._fields = core.load("token_fields")
        self._tokens = core.load("tokens")
        ends = core.load("token_ends")
        owner = core.load("posting_documents")
        self._documents = np.repeat(owner, np.diff(core.load("position_ends")))
        self._places = ends[self._documents].astype(np.int32) + core.load("positions")
        self._document_starts = np.repeat(ends[:-1].astype(np.int32), np.diff(ends))

    def terms(self, field: int) -> Iterator[_Term]:
        """All terms of one field in order, with positions counted within the field."""
        mine = (self._fields == field) & (self._tokens >= 0)
        before = np.cumsum(mine, dtype=np.int32) - mine  # tokens of the field before each place
        kept = mine[self._places]
        places, documents = self._places[kept], self._documents[kept]
        terms = self._tokens[places]
        positions = before[places] - before[self._document_starts[places]]
        del mine, before, kept, places
        new_term = np.flatnonzero(np.diff(terms, prepend=-1))
        low = 0
        while low < len(new_term):
            # Some whole terms at a time: as Python objects all of them would be ten times as large.
            wanted = int(new_term[low]) + SLICE
            high = max(int(np.searchsorted(new_term, wanted)), low + 1)
            start, stop = int(new_term[low]), int(new_term[high]) if high < len(new_term) else len(terms)
            yield from self._some(terms[start:stop], documents[start:stop], positions[start:stop])
            low = high

    def _some(self, terms: Array, documents: Array, positions: Array) -> Iterator[_Term]:
        new_term = np.flatnonzero(np.diff(terms, prepend=-1))
        fresh = np.diff(documents, prepend=-1) != 0
        fresh[new_term] = True
        first = np.flatnonzero(fresh)
        counts = np.diff(np.append(first, len(terms))).tolist()
        steps = positions.copy()
        steps[1:] -= np.where(fresh[1:], 0, positions[:-1])
        values = _position_values(steps.tolist(), first.tolist(), counts)
        owners = documents[first].tolist()
        bounds = np.append(np.searchsorted(first, new_term), len(first)).tolist()
        for number, low, high in zip(terms[new_term].tolist(), bounds[:-1], bounds[1:], strict=True):
            text = self._terms[number].encode("utf-8", "replace")
            yield _Term(text, owners[low:high], counts[low:high], values[low:high])


def _position_values(steps: list[int], first: list[int], counts: list[int]) -> list[bytes]:
    """What ``whoosh.formats.Positions`` encodes for each posting: how many, then a pickle of the steps between them."""
    single: dict[int, bytes] = {}
    found: list[bytes] = []
    dumps = pickle.dumps
    for start, count in zip(first, counts, strict=True):
        if count == 1:
            step = steps[start]
            value = single.get(step)
            if value is None:
                value = single[step] = b"\0\0\0\1" + dumps([step], 2)
        else:
            value = count.to_bytes(4, "big") + dumps(steps[start : start + count], 2)
        found.append(value)
    return found


def _write_term(postings: Any, term: _Term, lengths: Sequence[int]) -> bytes:
    """Write the blocks of one term as ``W3PostingsWriter`` does; returns what the table of terms says of it.

    ``lengths`` has the length of the field in each document, as Whoosh's one byte; nothing where it keeps no lengths.
    """
    offset = postings.tell()
    postings.write(WHOOSH3_HEADER_MAGIC)
    count = len(term.documents)
    least, most, heaviest = 255, 0, 0
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        documents, weights = term.documents[start:stop], term.weights[start:stop]
        values = term.values
        if isinstance(values, bytes):
            values = values[start * 4 : stop * 4]
        elif values is not None:
            values = tuple(values[start:stop])
        heavy = max(weights)
        sizes = [lengths[each] for each in documents] if lengths else (0,)
        low, high = min(sizes), max(sizes)
        least, most, heaviest = min(least, low), max(most, high), max(heaviest, heavy)
        plain = None if heavy == 1 else float(heavy) if min(weights) == heavy else tuple(map(float, weights))
        steps = (documents[0], *map(sub, documents[1:], documents))
        data, compression = pickle.dumps((steps, plain, values), 2), 0
        if len(data) >= WORTH_COMPRESSING:
            data, compression = zlib.compress(data, COMPRESSION), COMPRESSION
        about = pickle.dumps((stop - start, documents[-1], float(heavy), compression, low, high), 2)
        size = len(about) + len(data)
        postings.write(_SIZE.pack(-size if stop == count else size) + about + data)
    extent = (offset, postings.tell() - offset)
    summary = (0, sum(term.weights), count, least, most, heaviest)  # 0: its postings stand in the file
    return _TERM.pack(*summary, term.documents[0], term.documents[-1], *extent)
