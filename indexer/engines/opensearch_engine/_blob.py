"""What a result list needs of a document, packed: its card, and its token stream with places in its text."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.analysis import stem
from indexer.engines.cards import card_blob, read_card
from indexer.model import Card, Document, SectionRef
from indexer.token_stream import AnalyzedDocument, marked_lengths

Array = npt.NDArray[Any]
_HEAD = struct.Struct("<6I")  # bytes of card and terms, tokens, sections, end of the title, bytes of text


@dataclass(frozen=True)
class Packed:
    """A document as a hit: ``terms[i]`` stands in field ``fields[i]``, at ``starts[i]`` bytes of ``text``."""

    card: Card
    outline: tuple[SectionRef, ...]
    terms: list[str]
    fields: Array  # uint8
    starts: Array  # int32
    lengths: Array  # uint16, marked (``marked_lengths``)
    sections: Array  # int32, rows of start, body, end in tokens
    title_end: int
    text: bytes

    @cached_property
    def stems(self) -> list[str]:
        """The stem of each term."""
        return list(map(stem, self.terms))


def pack(document: Document, analyzed: AnalyzedDocument) -> bytes:
    """The bytes that ``unpack`` reads."""
    card = card_blob(document)
    terms = "\n".join(analyzed.terms).encode("utf-8", "surrogatepass")
    sections = np.array([(s.start, s.body, s.end) for s in analyzed.sections], np.int32).reshape(-1, 3)
    head = _HEAD.pack(len(card), len(terms), len(analyzed.terms), len(sections), analyzed.title_end, len(analyzed.text))
    parts = (
        head,
        np.array(analyzed.starts, np.int32).tobytes(),
        sections.tobytes(),
        marked_lengths(analyzed).tobytes(),
        bytes(analyzed.fields),
        card,
        terms,
        analyzed.text,
    )
    return zlib.compress(b"".join(parts), 1)


def unpack(blob: bytes) -> Packed:
    """A hit from its bytes; raises ``ValueError`` or ``zlib.error`` if they are not whole."""
    raw = zlib.decompress(blob)
    if len(raw) < _HEAD.size:
        raise ValueError("a packed hit is not whole")
    card_bytes, term_bytes, count, sections, title_end, text_bytes = _HEAD.unpack_from(raw)
    at = _HEAD.size
    starts = np.frombuffer(raw, np.int32, count, at)
    at += 4 * count
    spans = np.frombuffer(raw, np.int32, 3 * sections, at).reshape(-1, 3)
    at += 12 * sections
    lengths = np.frombuffer(raw, np.uint16, count, at)
    at += 2 * count
    fields = np.frombuffer(raw, np.uint8, count, at)
    at += count
    card, outline = read_card(raw[at : at + card_bytes])
    at += card_bytes
    terms = raw[at : at + term_bytes].decode("utf-8", "surrogatepass").split("\n")
    at += term_bytes
    if len(terms) != count or len(raw) != at + text_bytes:
        raise ValueError("a packed hit is not whole")
    return Packed(card, outline, terms, fields, starts, lengths, spans, title_end, raw[at:])
