"""Documents and cards as JSON bytes, and back."""

from __future__ import annotations

import zlib
from typing import Any

import orjson

from indexer.model import Card, Document, Price, Question, SectionRef, card_of
from indexer.records import read_record, record_reader

_QUESTIONS, _PRICES = map(list(Card.__slots__).index, ("questions", "prices"))


def card_blob(document: Document) -> bytes:
    """What a result list needs of a document: its card, and heading and anchor of each section."""
    card = card_of(document)
    values = [getattr(card, name) for name in Card.__slots__]
    return orjson.dumps((values, [(section.heading, section.anchor) for section in document.sections]))


def read_card(blob: bytes) -> tuple[Card, tuple[SectionRef, ...]]:
    """The card and the outline that ``card_blob`` wrote."""
    values, outline = orjson.loads(blob)
    fields: list[Any] = [tuple(value) if isinstance(value, list) else value for value in values]
    if fields[_QUESTIONS]:
        fields[_QUESTIONS] = tuple(Question(**each) for each in fields[_QUESTIONS])
    if fields[_PRICES]:
        fields[_PRICES] = tuple(map(record_reader(Price), fields[_PRICES]))
    return Card(*fields), tuple(SectionRef(heading, anchor, place) for place, (heading, anchor) in enumerate(outline))


def document_blob(document: Document) -> bytes:
    """A whole document as JSON."""
    return orjson.dumps(document)


def read_document(blob: bytes) -> Document:
    """The document that ``document_blob`` wrote."""
    return read_record(Document, blob)


def pack_document(document: Document, text: bytes) -> bytes:
    """A whole document, compressed against the text that is kept of it anyway: what is left is what that lacks."""
    packer = zlib.compressobj(1, zdict=text)
    return packer.compress(document_blob(document)) + packer.flush()


def unpack_document(packed: bytes, text: bytes) -> Document:
    """The document that ``pack_document`` wrote.

    Raises:
        zlib.error: If this is not the text that it was written with.
    """
    return read_document(zlib.decompressobj(zdict=text).decompress(packed))
