"""Turn text into tokens: one analyzer for index, query, suggestions and highlighting."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

import Stemmer

from indexer.model import DEPARTMENTS, KNOWN_FOR, NATIONAL_LISTS, Document
from indexer.placings import placing_of

ANALYZER_VERSION = 6  # raise it whenever the tokens of any text change: older generations are then rebuilt

FIELDS = ("title", "alias", "label", "heading", "body", "pinyin", "question")
BREAK = ""  # stands between fields, sections and aliases, so that no phrase reaches across

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_PIECE = re.compile(
    rf"(?P<number>\d+(?:[.,]\d+)*)|(?P<han>[{HAN}])|(?P<word>[^\W\d_{HAN}]+(?:['\u2019\u02bc\uff07][^\W\d_{HAN}]+)*)"
)
_HAN_RUN = re.compile(rf"[{HAN}]+")
_JOINERS = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212\uff0d/.")
_GLUED = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")  # "SunYat": words that lost their space
_POSSESSIVE = re.compile(r"'s$")
_ORDINAL = frozenset(("st", "nd", "rd", "th"))
_NUMBER_SIGN = re.compile(r"[.\s\u00a0\uff0e:]*\Z")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u02bc": "'", "\uff07": "'"})
MAX_TOKEN_CHARS = 64  # longer runs are base64 or hashes; cut, so that no term can be a megabyte
LONGEST_PINYIN = 6  # syllables joined into one term; "guanganmenyiyuan" has six


class Token(NamedTuple):
    """A folded piece of text with its place (start, end) in the original, in characters."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=1 << 16)
def _fold_word(word: str) -> str:
    folded = unicodedata.normalize("NFKC", word.translate(_APOSTROPHES)).casefold()
    folded = _POSSESSIVE.sub("", folded).replace("'", "")
    if folded.isascii():
        return folded[:MAX_TOKEN_CHARS]
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare)[:MAX_TOKEN_CHARS]


@lru_cache(maxsize=1 << 12)
def _fold_number(number: str) -> str:
    plain = unicodedata.normalize("NFKC", number)
    # A comma groups thousands ("1,766"); any other comma is a list ("3,4,5") and stays out of the number.
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", plain):
        plain = plain.replace(",", "")
    return plain[:MAX_TOKEN_CHARS]


@cache
def _simplifier() -> Callable[[str], str]:
    from opencc import OpenCC

    simplify: Callable[[str], str] = OpenCC("t2s").convert
    return simplify


@cache
def _reader_of_han() -> Callable[..., list[str]]:
    from pypinyin import lazy_pinyin  # a quarter of a second, which a build without Chinese names does not wait for

    return lazy_pinyin


def load() -> None:
    """Load at once what is else loaded for the first Chinese text: a server does, before it divides into processes."""
    _simplifier()
    _reader_of_han()


@lru_cache(maxsize=1 << 14)
def _fold_han(char: str) -> str:
    folded = _simplifier()(unicodedata.normalize("NFKC", char))
    return folded if len(folded) == 1 else char


def tokenize(text: str) -> Iterator[Token]:
    """Tokens of a text in reading order.

    Words lose case, accents, tone marks, apostrophes and a possessive ``'s``; full-width forms become plain;
    numbers lose thousands commas; every Han character is a token of its own, in simplified form; letters and digits
    part (``PD-1``, ``PD1`` and ``pd 1`` are the same two tokens); "No.12" is 12 and "1st" is 1; source numbers as in
    "[3]" are left out.
    """
    return map(Token._make, scan(text))


def scan(text: str) -> list[tuple[str, int, int]]:
    """What ``tokenize`` gives, as plain tuples: a build makes millions of them, and a named one costs twice as much."""
    found: list[tuple[str, int, int]] = []
    held: tuple[str, int, int] | None = None  # a "no" that is dropped when a number follows
    after_number = -1
    for match in _PIECE.finditer(text):
        start, end = match.span()
        kind = match.lastgroup
        piece = match.group()
        if kind == "word":
            folded = _fold_word(piece)
            if start == after_number and folded in _ORDINAL:
                continue
            if held is not None:
                found.append(held)
                held = None
            if folded == "no" or folded == "nr":
                held = (folded, start, end)
            elif not folded:
                continue
            elif piece.islower() or piece[1:].islower() or piece.isupper() or _GLUED.search(piece) is None:
                found.append((folded, start, end))
            else:
                for part in _GLUED.split(piece):
                    found.append((_fold_word(part), start, start + len(part)))
                    start += len(part)
            continue
        if kind == "number":
            if held is not None:
                if not _NUMBER_SIGN.match(text, held[2], start):
                    found.append(held)
                held = None
            if end - start <= 3 and text[start - 1 : start] == "[" and text[end : end + 1] == "]":
                continue  # "[3]" is the number of a source
            after_number = end
            folded = _fold_number(piece)
            if "," in folded:
                offset = start
                for part in folded.split(","):
                    found.append((part, offset, offset + len(part)))
                    offset += len(part) + 1
            else:
                found.append((folded, start, end))
            continue
        if held is not None:
            found.append(held)
            held = None
        found.append((_fold_han(piece), start, end))
    if held is not None:
        found.append(held)
    return found


def terms(text: str) -> tuple[str, ...]:
    """The folded tokens of a text, without their places."""
    return tuple([token for token, _, _ in scan(text)])


def name_key(text: str) -> str:
    """One string by which two spellings of the same name are equal: its tokens with single spaces."""
    return " ".join(terms(text))


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english", 0)


@lru_cache(maxsize=1 << 16)
def stem(term: str) -> str:
    """Stem of one folded term (Snowball English); numbers and Han characters are their own stem."""
    if not term.isascii() or not term.isalpha():
        return term
    stemmed: str = _stemmer().stemWord(term)
    return stemmed


def is_han(text: str) -> bool:
    """Whether a text has a Han character in it."""
    return not text.isascii() and _HAN_RUN.search(text) is not None


def han_runs(text: str) -> list[str]:
    """Stretches of Han characters in a text, in order."""
    return _HAN_RUN.findall(text)


def compounds(text: str, tokens: Iterable[tuple[str, int, int]] | None = None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Written compounds with the tokens they fall into: ``CAR-T`` gives ``("cart", ("car", "t"))``.

    They tell a query that typed one form ("cart", "checkup") about the other.
    """
    run: list[str] = []
    previous = ""
    last_end = -2
    for token, start, end in scan(text) if tokens is None else tokens:
        if start - last_end < 2 and (start == last_end or text[last_end] in _JOINERS):
            if is_han(token):
                yield from _compound(run)
                run = []
            else:
                if not run and not is_han(previous):
                    run.append(previous)
                run.append(token)
        elif run:
            yield from _compound(run)
            run = []
        previous, last_end = token, end
    yield from _compound(run)


def _compound(parts: list[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    joined = "".join(parts)
    if len(parts) > 1 and len(joined) <= 24 and not joined.replace(".", "").isdigit():
        yield joined, tuple(parts)


@lru_cache(maxsize=1 << 12)
def pinyin_syllables(name: str) -> tuple[str, ...]:
    """Toneless pinyin of the Han characters of a name, one syllable a character."""
    return tuple(_reader_of_han()("".join(han_runs(name)), errors="ignore", v_to_u=False))


def pinyin_terms(name: str) -> tuple[str, ...]:
    """Joined runs of two and more syllables of a name, as a visitor may type them ("xiehe", "guanganmen")."""
    syllables = pinyin_syllables(name)
    runs: dict[str, None] = {}
    for start in range(len(syllables)):
        for size in range(2, LONGEST_PINYIN + 1):
            if start + size <= len(syllables):
                runs["".join(syllables[start : start + size])] = None
    if len(syllables) > LONGEST_PINYIN:
        runs["".join(syllables)] = None
    return tuple(runs)


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
    questions).
    """

    terms: list[str]
    fields: list[int]
    starts: list[int]
    lengths: list[int]
    text: bytes
    title_end: int  # terms of the title stand before this place
    sections: list[SectionSpan]
    compounds: tuple[tuple[str, tuple[str, ...]], ...]


def _byte_offsets(text: str) -> list[int] | range:
    if text.isascii():
        return range(len(text) + 1)
    offsets = [0] * (len(text) + 1)
    total = 0
    for index, char in enumerate(text):
        offsets[index] = total
        code = ord(char)
        total += 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
    offsets[len(text)] = total
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
        offsets = range(len(text) + 1) if len(encoded) == len(text) else _byte_offsets(text)
        tokens = scan(text)
        self.terms += [token for token, _, _ in tokens]
        self.fields += [field] * len(tokens)
        if isinstance(offsets, range):
            self.starts += [base + start for _, start, _ in tokens]
            self.lengths += [end - start for _, start, end in tokens]
        else:
            self.starts += [base + offsets[start] for _, start, _ in tokens]
            self.lengths += [offsets[end] - offsets[start] for _, start, end in tokens]
        self.compounds.update(compounds(text, tokens))
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
    """The token stream of a document: title, aliases, labels, sections, pinyin of Chinese names, questions."""
    title, alias, label, heading, body, pinyin, question = range(len(FIELDS))
    stream = _Stream()
    stream.shown(document.title, title)
    title_end = len(stream.terms)
    names = ([document.title_zh] if document.title_zh else []) + list(document.aliases)
    for name in names:
        stream.hidden(terms(name), alias)
        stream.compounds.update(compounds(name))
    for facet in ("city", "specialty", "topic"):
        for value in document.values(facet):
            stream.hidden(terms(value), label)
    spans: list[SectionSpan] = []
    for section in document.sections:
        start = len(stream.terms)
        if section.heading:
            stream.shown(section.heading, heading)
        body_start = len(stream.terms)
        stream.shown(section.text, body)
        spans.append(SectionSpan(start, body_start, len(stream.terms) - 1))
    for fact in document.facts:  # among the pinyin: elsewhere they would make a field longer for all other words
        if fact.name in (KNOWN_FOR, DEPARTMENTS):
            stream.hidden((strength_term(fact.value),), pinyin)
        elif fact.name == NATIONAL_LISTS and (placing := placing_of(fact.value)):
            stream.hidden((list_term(placing.of),), pinyin)
    for value in document.profile:  # among the text: it would make the short field of labels longer for many pages
        stream.hidden(terms(value), body)
    for name in names:
        if is_han(name):
            for run in pinyin_terms(name):
                stream.hidden((run,), pinyin)
    for each in document.questions:
        stream.hidden(terms(each.text), question)
        stream.compounds.update(compounds(each.text))
    return AnalyzedDocument(
        stream.terms,
        stream.fields,
        stream.starts,
        stream.lengths,
        bytes(stream.text),
        title_end,
        spans,
        tuple(stream.compounds.items()),
    )


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


def digest() -> str:
    """Short digest of everything that decides the tokens; differs when an index must be rebuilt."""
    material = f"{ANALYZER_VERSION} {FIELDS} {_PIECE.pattern} {unicodedata.unidata_version}"
    return hashlib.sha256(material.encode()).hexdigest()[:12]
