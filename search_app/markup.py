"""Turn text with marked spans into safe markup; nothing else in the application builds HTML from text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup, escape

from indexer.analysis import HAN, han_runs, is_han, stem, tokenize
from indexer.model import Snippet

Spans = Sequence[tuple[int, int]]
Marker = Callable[[str], Spans]

_BULLET = re.compile(r"^\s*[•‣◦·]\s+")
_SOURCE = re.compile(r"\[(\d{1,3})\]")
_HALF_SOURCE = re.compile(r"(?<=\A… )\d{0,3}\](?:\[\d{1,3}\])*\s?")  # its end, behind the ellipsis of a cut snippet
_SOURCES = re.compile(r"\[(?:\d{1,3}\]\[)*(?:\d{0,3}(?=\s?…?\Z)|\d{1,3}\])")  # whole ones, and the start of a cut one
_SMALL_WORDS = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "has", "have", "how", "i",
    "in", "is", "it", "its", "my", "near", "not", "of", "on", "or", "should", "that", "the", "there", "this", "to",
    "vs", "was", "what", "when", "where", "which", "who", "why", "will", "with", "you", "your",
))  # fmt: skip
_EVERYWHERE = ("hospital", "china", "chinese")  # on every page: marking them hides the rest
_START, _END = "\ue000", "\ue001"  # of a mark while a text is escaped; they mean nothing in any text
_MARKED = Markup("<mark>{}</mark>")
_SPOKEN = Markup('<span lang="{}">{}</span>')
_HAN = re.compile(rf"[{HAN}]+")
_LATIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9'’&,. -]*[A-Za-z0-9])?")
_UNMARKED = frozenset(stem(word) for word in (*_SMALL_WORDS, *_EVERYWHERE))


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph (``listed`` False, one line) or a list of lines."""

    listed: bool
    lines: tuple[Markup, ...]


def in_markup(value: object) -> str:
    """What stands for a value within markup, as ``escape`` has it, but as a plain string: a page is joined of hundreds.

    To make an object of ``Markup`` takes ten times as long as to escape a short text.
    """
    if type(value) is str:
        if "&" in value:
            value = value.replace("&", "&amp;")
        return value.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;").replace('"', "&#34;")
    if type(value) is Markup:
        return value
    return str(value) if type(value) is int else escape(value)


def pieces(text: str, spans: Spans) -> list[tuple[str, bool]]:
    """Text cut at its spans: each stretch, and whether it is one of them.

    Overlapping, unordered and outlying spans do no harm.
    """
    found: list[tuple[str, bool]] = []
    at, length = 0, len(text)
    for start, end in sorted(spans):
        if start < at:
            start = at
        if end > length:
            end = length
        if end <= start:
            continue
        if start > at:
            found.append((text[at:start], False))
        found.append((text[start:end], True))
        at = end
    if at < length:
        found.append((text[at:], False))
    return found


def without_source_numbers(text: str, spans: Spans) -> tuple[str, Spans]:
    """A snippet without its ``[3]``: whole ones, and halves where it was cut; spans move along."""
    if "[" not in text and "]" not in text:
        return text, spans
    half = _HALF_SOURCE.match(text, 2)
    cuts = [half.span()] if half else []
    cuts += [found.span() for found in _SOURCES.finditer(text, half.end() if half else 0)]
    if not cuts:
        return text, spans

    def moved(place: int) -> int:
        gone = 0
        for start, end in cuts:
            if start >= place:
                break
            gone += (end if end < place else place) - start
        return place - gone

    parts, at = [], 0
    for start, end in cuts:
        parts.append(text[at:start])
        at = end
    return "".join([*parts, text[at:]]), [(moved(start), moved(end)) for start, end in spans]


def readable(snippet: Snippet) -> tuple[str, Spans]:
    """A snippet as every face shows it: without source numbers, and only the telling words marked."""
    text, spans = without_source_numbers(snippet.text, snippet.spans)
    return text, telling(text, spans)


def telling(text: str, spans: Spans) -> Spans:
    """Spans without those of small words: "in" beside every match says nothing."""
    return [span for span in spans if text[span[0] : span[1]].casefold() not in _SMALL_WORDS]


def is_small(word: str) -> bool:
    """Whether a word alone says nothing of what a text is about."""
    return word.casefold() in _SMALL_WORDS


def tells(word: str) -> bool:
    """Whether a word says something of what a text is about: it is not small, and not on every page."""
    return stem(word) not in _UNMARKED


def marked(text: str, spans: Spans) -> Markup:
    """Escaped text with ``<mark>`` around its spans."""
    if not spans:
        return escape(text)
    if _START in text or _END in text:
        return Markup("").join([_MARKED.format(part) if matched else part for part, matched in pieces(text, spans)])
    # All of it is escaped at once, and only then do the tags take the place of letters that the text does not have.
    joined = "".join([f"{_START}{part}{_END}" if matched else part for part, matched in pieces(text, spans)])
    return Markup(in_markup(joined).replace(_START, "<mark>").replace(_END, "</mark>"))  # noqa: S704


def spoken(text: str, chinese: bool) -> Markup:
    """A text of the interface with the words of another language marked: English on a Chinese page, Han on others."""
    if not chinese and text.isascii():
        return escape(text)
    other, tag = (_LATIN, "en") if chinese else (_HAN, "zh-Hans")
    parts: list[Markup] = []
    at = 0
    for found in other.finditer(text):
        parts += escape(text[at : found.start()]), _SPOKEN.format(tag, found.group())
        at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


def word_marker(query: str, more: Iterable[tuple[str, ...]] = ()) -> Marker:
    """Find the words of a query in any text: whole words, inflections too; runs of Han as they stand.

    ``more`` are further terms to find, each one or several in a row: corrections and synonyms.
    """
    units: set[tuple[str, ...]] = {(stem(token.text),) for token in tokenize(query) if not is_han(token.text)}
    units |= {tuple(token.text for token in tokenize(run)) for run in han_runs(query)}
    units |= {tuple(stem(term) for term in terms) for terms in more}
    units = {unit for unit in units if not _UNMARKED.issuperset(unit)}
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


@lru_cache(maxsize=1024)
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
