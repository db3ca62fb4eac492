"""Turn a document into one stream of tokens, and its names into keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from operator import sub
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.analysis import (
    BREAK,
    FIELDS,
    columns,
    compounds,
    compounds_among,
    is_han,
    name_key,
    pinyin_syllables,
    pinyin_terms,
    terms,
)
from indexer.model import DEPARTMENTS, KNOWN_FOR, NATIONAL_LISTS, Document, Fact, Section
from indexer.placings import placing_of
from indexer.sentences import beginnings

Ints = npt.NDArray[np.integer[Any]]

LENGTH_BITS = 14  # of a marked length: 16 KB, longer than any run of letters that is highlighted
LONGEST = (1 << LENGTH_BITS) - 1
_TITLE, _ALIAS, _LABEL, _HEADING, _BODY, _PINYIN, _QUESTION = range(len(FIELDS))


@dataclass(frozen=True, slots=True)
class SectionSpan:
    """Where a section stands in the token stream: heading from ``start``, text from ``body`` to ``end``."""

    start: int
    body: int
    end: int


@dataclass(frozen=True, slots=True)
class AnalyzedDocument:
    """A document as a stream of terms.

    ``terms[i]`` stands in ``FIELDS[fields[i]]``; ``BREAK`` keeps phrases apart. ``starts`` and ``lengths`` are places
    in ``text`` in UTF-8 bytes, both 0 for terms that are not shown (aliases, labels, pinyin,
    questions). ``begins`` says what begins with each: a line, a sentence or nothing (``sentences``).
    """

    terms: list[str]
    fields: list[int]
    starts: list[int]
    lengths: list[int]
    begins: bytes
    text: bytes
    title_end: int  # terms of the title stand before this place
    sections: list[SectionSpan]
    compounds: tuple[tuple[str, tuple[str, ...]], ...]


def _byte_offsets(text: str) -> Ints:
    """How many bytes of UTF-8 stand before each character of a text, and before its end."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    offsets = np.zeros(len(codes) + 1, np.int64)
    np.cumsum(1 + (codes >= 0x80) + (codes >= 0x800) + (codes >= 0x10000), out=offsets[1:])
    return offsets


class _Stream:
    """Collects the token stream of one document."""

    def __init__(self) -> None:
        self.terms: list[str] = []
        self.fields: list[int] = []
        self.starts: list[int] = []
        self.lengths: list[int] = []
        self.text = bytearray()
        self.compounds: dict[str, tuple[str, ...]] = {}

    def shown(self, text: str, field: int) -> None:
        base = len(self.text)
        encoded = text.encode("utf-8", "replace")
        self.text += encoded + b"\n"
        tokens, starts, ends = columns(text)
        self.compounds.update(compounds_among(text, tokens, starts, ends))
        if len(encoded) != len(text):
            offsets = _byte_offsets(text)
            starts, ends = offsets[starts].tolist(), offsets[ends].tolist()
        self.terms += tokens
        self.fields += [field] * len(tokens)
        self.starts += [base + start for start in starts]
        self.lengths += map(sub, ends, starts)
        self.stop(field)

    def hidden(self, tokens: Iterable[str], field: int) -> None:
        for token in tokens:
            self.terms.append(token)
            self.fields.append(field)
            self.starts.append(0)
            self.lengths.append(0)
        self.stop(field)

    def stop(self, field: int) -> None:
        self.terms.append(BREAK)
        self.fields.append(field)
        self.starts.append(0)
        self.lengths.append(0)


def analyze(document: Document) -> AnalyzedDocument:
    """The token stream of a document: title, aliases, labels, sections, what it is known for, pinyin, questions.

    The order matters: title and sections are looked at closely, by their places, when a hit is shown.
    """
    stream = _Stream()
    stream.shown(document.title, _TITLE)
    title_end = len(stream.terms)
    names = ([document.title_zh] if document.title_zh else []) + list(document.aliases)
    for name in names:
        stream.hidden(terms(name), _ALIAS)
        stream.compounds.update(compounds(name))
    for facet in ("city", "specialty", "topic"):
        for value in document.values(facet):
            stream.hidden(terms(value), _LABEL)
    spans = [_section(stream, section) for section in document.sections]
    for term in _stated(
        document.facts
    ):  # among the pinyin: elsewhere they would make a field longer for all other words
        stream.hidden((term,), _PINYIN)
    for value in document.profile:  # among the text: it would make the short field of labels longer for many pages
        stream.hidden(terms(value), _BODY)
    for run in (run for name in names if is_han(name) for run in pinyin_terms(name)):
        stream.hidden((run,), _PINYIN)
    for each in document.questions:
        stream.hidden(terms(each.text), _QUESTION)
        stream.compounds.update(compounds(each.text))
    text = bytes(stream.text)
    return AnalyzedDocument(
        stream.terms,
        stream.fields,
        stream.starts,
        stream.lengths,
        beginnings(text, stream.starts),
        text,
        title_end,
        spans,
        tuple(stream.compounds.items()),
    )


def marked_lengths(analyzed: AnalyzedDocument) -> npt.NDArray[np.uint16]:
    """The length of each token, up to ``LONGEST``, with what begins with it in the bits from ``LENGTH_BITS`` on.

    So whoever looks for the sentences around a token reads two bytes for each of its neighbours, and no text.
    """
    begins = np.frombuffer(analyzed.begins, np.uint8).astype(np.int64)
    marked: Ints = np.minimum(np.array(analyzed.lengths, np.int64), LONGEST) | begins << LENGTH_BITS
    return marked.astype(np.uint16)


def _section(stream: _Stream, section: Section) -> SectionSpan:
    start = len(stream.terms)
    if section.heading:
        stream.shown(section.heading, _HEADING)
    body = len(stream.terms)
    stream.shown(section.text, _BODY)
    return SectionSpan(start, body, len(stream.terms) - 1)


def _stated(facts: Iterable[Fact]) -> Iterator[str]:
    """The tokens of what a hospital is known for: fields, departments and places in national lists."""
    for fact in facts:
        if fact.name in (KNOWN_FOR, DEPARTMENTS):
            yield strength_term(fact.value)
        elif fact.name == NATIONAL_LISTS and (placing := placing_of(fact.value)):
            yield list_term(placing.of)


@cache
def strength_term(field: str) -> str:
    """The token by which a document is found for a field that it states (``KNOWN_FOR``, ``DEPARTMENTS``).

    It is near no word, so that nothing that is typed begins with it or is corrected to it.
    """
    return "=" + hashlib.blake2b(field.casefold().encode(), digest_size=8).hexdigest()


def list_term(of: str) -> str:
    """The token by which a document is found for a place in the list of this (``Placing.of``)."""
    return strength_term(f"{NATIONAL_LISTS}: {of}")


def document_names(document: Document) -> tuple[str, ...]:
    """Keys by which a query is recognised as the name of a document: title, Chinese title, aliases, pinyin."""
    keys: dict[str, None] = {}
    for name in (document.title, document.title_zh, *document.aliases):
        if name:
            keys[name_key(name)] = None
            if is_han(name):
                keys["".join(pinyin_syllables(name))] = None
    keys.pop("", None)
    return tuple(keys)
