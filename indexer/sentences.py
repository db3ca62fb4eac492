"""Tell where lines and sentences of a text begin."""

from __future__ import annotations

import re
from collections.abc import Iterable

from indexer.outline import BULLET

INSIDE, SENTENCE, LINE, LEANING = 0, 1, 2, 3  # what begins with a token; a leaning sentence needs the one before it


def _any_of(marks: str) -> str:
    """A pattern for any number of some marks; what it has taken it does not give back."""
    return f"(?:{'|'.join(map(re.escape, marks))})*+"


def _rest_of(marks: str) -> str:
    """A pattern for what follows the first byte of a mark, which has been read."""
    encoded = [[rf"\x{byte:02x}" for byte in mark.encode()] for mark in marks]
    return "|".join(f"(?<={first}){''.join(rest)}" for first, *rest in encoded)


_OPENING, _CLOSING, _HAN_CLOSING = _any_of("\"'(“‘"), _any_of("\"')”’"), _any_of("”’")
_SOURCES = r"(?:\[[\d.,]*+\])*+"  # their numbers, as "[3][4]"
_NO_LETTER = r"[^A-Za-z\x80-\xff]"  # bytes from 0x80 on make up letters with others
_SHORT = rf"(?<!{_NO_LETTER}[A-Za-z]\.)(?<!{_NO_LETTER}[A-Z][a-z]\.)"  # the stop of "J.", "Dr." or "e.g." ends nothing
# What stands before the first token of a line or a sentence. Most of a text has none of the first bytes, and is passed
# over at once. An item of a list counts as a sentence, so that items are shown together.
_BEFORE = re.compile(
    rf"""[\n.!?\xe3\xef](?:
        (?<=\n)({re.escape(BULLET.strip())})?+\x20*+{_OPENING}
        |(?<=[.!?]){_SHORT}{_CLOSING}{_SOURCES}\x20++{_OPENING}(?![a-z])()
        |(?:{_rest_of("。！？")}){_SOURCES}{_HAN_CLOSING}\x20*+{_OPENING}()
    )""".encode(),
    re.VERBOSE,
)

# First words that speak of something said before. An item of a list and a paragraph have nothing before them to lean
# on, and "This page" is the one that is read.
# No space ends a Chinese word, so others that begin with the same character are told apart here: 他汀 is a medicine.
_LEANING_HAN = (
    "它 该 这 那 此 其 她 他们 他的 两者 二者 前者 后者 上述 但 不过 然而 因此 因而 所以 从而 于是 而 否则 反之 相反 "
    "并且 另外 同样 对此 为此 由此 也是 也有 也可 也会 也能 也不 还有 还可 还会 还能 还需 随后 然后 接着"
).split()
_LEANING = re.compile(
    rb"(?:It|Its|This(?! page)|These|Those|They|Their|He|His|She|Her|Both|Such|Others"
    rb"|So|But|However|Yet|Then|Also|And|Or|Instead|Otherwise|Elsewhere)(?![\w\x80-\xff])"
    + f"|(?!此页|这一页|这个页面|那曲|但丁)(?:{'|'.join(_LEANING_HAN)})".encode()
)


def beginnings(text: bytes, places: Iterable[int]) -> bytes:
    """What begins at each place of a text in UTF-8 where a token stands, after the first line, which begins nothing."""
    kinds = bytearray(len(text) + 1)
    for match in _BEFORE.finditer(text):
        kind = SENTENCE if match.lastindex else LINE
        if match.lastindex and match.lastindex > 1 and _LEANING.match(text, match.end()):
            kind = LEANING
        kinds[match.end()] = kind
    return bytes(map(kinds.__getitem__, places))
