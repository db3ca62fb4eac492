"""Turn text with marked spans into safe markup; nothing else in the application builds HTML from text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from indexer.analysis import han_runs, is_han, stem, tokenize

Spans = Sequence[tuple[int, int]]
Marker = Callable[[str], Spans]

_BULLET = re.compile(r"^\s*[•‣◦·]\s+")
_SOURCE = re.compile(r"\[(\d{1,3})\]")
_SMALL_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "do",
        "does",
        "for",
        "from",
        "has",
        "have",
        "how",
        "i",
        "in",
        "is",
        "it",
        "its",
        "my",
        "near",
        "not",
        "of",
        "on",
        "or",
        "should",
        "that",
        "the",
        "there",
        "this",
        "to",
        "vs",
        "was",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "you",
        "your",
    ]
)
_EVERYWHERE = frozenset(
    ("hospital", "hospitals", "china", "chinese")
)  # on nearly every page: marking them hides the rest


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, matched or not."""

    text: str
    highlight: bool


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph (``listed`` False, one line) or a list of lines."""

    listed: bool
    lines: tuple[Markup, ...]


def pieces(text: str, spans: Spans) -> tuple[Piece, ...]:
    """Text cut at its spans; overlapping, unordered and outlying spans do no harm."""
    found: list[Piece] = []
    at = 0
    for start, end in sorted(spans):
        start, end = max(start, at), min(end, len(text))
        if end <= start:
            continue
        if start > at:
            found.append(Piece(text[at:start], False))
        found.append(Piece(text[start:end], True))
        at = end
    if at < len(text):
        found.append(Piece(text[at:], False))
    return tuple(found)


def telling(text: str, spans: Spans) -> Spans:
    """Spans without those of small words: "in" beside every match says nothing."""
    return [(start, end) for start, end in spans if text[start:end].casefold() not in _SMALL_WORDS]


def is_small(word: str) -> bool:
    """Whether a word alone says nothing of what a text is about."""
    return word.casefold() in _SMALL_WORDS


def marked(text: str, spans: Spans) -> Markup:
    """Escaped text with ``<mark>`` around its spans."""
    return Markup("").join(
        Markup("<mark>{}</mark>").format(piece.text) if piece.highlight else escape(piece.text)
        for piece in pieces(text, spans)
    )


def word_marker(query: str) -> Marker:
    """Find the words of a query in any text: whole words, inflections too; runs of Han as they stand."""
    units: set[tuple[str, ...]] = set()
    for token in tokenize(query):
        if not is_han(token.text) and token.text not in _SMALL_WORDS | _EVERYWHERE:
            units.add((stem(token.text),))
    for run in han_runs(query):
        units.add(tuple(token.text for token in tokenize(run)))
    if not units:
        return lambda text: ()

    def mark(text: str) -> Spans:
        tokens = list(tokenize(text))
        stems = [stem(token.text) for token in tokens]
        return [
            (tokens[at].start, tokens[at + len(unit) - 1].end)
            for unit in units
            for at in range(len(tokens) - len(unit) + 1)
            if stems[at] == unit[0] and tuple(stems[at : at + len(unit)]) == unit
        ]

    return mark


def prose(text: str, mark: Marker | None = None, sources: Iterable[str] = ()) -> tuple[Block, ...]:
    """Plain text as paragraphs and lists: a line is a paragraph, lines that start with a bullet are one list.

    ``[3]`` links to the third source if there is one; ``sources`` are the anchors of the sources in order.
    """
    anchors = tuple(sources)
    blocks: list[Block] = []
    listed: list[Markup] = []
    for line in text.split("\n"):
        bare = _BULLET.sub("", line).strip()
        if not bare:
            continue
        if _BULLET.match(line):
            listed.append(_line(bare, mark, anchors))
            continue
        if listed:
            blocks.append(Block(True, tuple(listed)))
            listed = []
        blocks.append(Block(False, (_line(bare, mark, anchors),)))
    if listed:
        blocks.append(Block(True, tuple(listed)))
    return tuple(blocks)


def source_marker(number: int, anchor: str) -> Markup:
    """The small number that leads to a source."""
    return Markup('<sup class="source"><a href="#{}">[{}]</a></sup>').format(anchor, number)


def _line(text: str, mark: Marker | None, anchors: Sequence[str]) -> Markup:
    parts: list[Markup] = []
    at = 0
    for found in _SOURCE.finditer(text):
        number = int(found.group(1))
        if not 1 <= number <= len(anchors):
            continue
        before = text[at : found.start()]
        parts.append(marked(before, mark(before) if mark else ()))
        parts.append(source_marker(number, anchors[number - 1]))
        at = found.end()
    rest = text[at:]
    parts.append(marked(rest, mark(rest) if mark else ()))
    return Markup("").join(parts)
