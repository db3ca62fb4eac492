"""Read plain text and Markdown as a page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from indexer.cleaning import clean, lines
from indexer.compose import HINT_CHARS
from indexer.dates import date_line, iso_date
from indexer.inline_html import FENCE, without_html
from indexer.model import Link
from indexer.outline import bullet, ends_sentence, numbered
from indexer.visible import SOURCES, Reading, VisibleLine

TITLE_CHARS = 160
WRAPPED_CHARS = 120  # a longer line is a paragraph by itself, not a part of one that an editor wrapped
_ATX = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_SETEXT = re.compile(r"^ {0,3}(=+|-+)\s*$")
_HEADING_ID = re.compile(r"\s*\{#([\w.:-]+)\}\s*$")
_RULE = re.compile(r"^\s*(?:[-*_=~#]\s*){3,}$")
_LINK = re.compile(
    r"(!?)\[([^\[\]]{0,500})\]\(\s*<?((?:[^()\s<>]|\([^()\s<>]{0,200}\)){0,2000})>?(?:\s+[\"'(][^()]{0,300}[\"')])?\s*\)"
)
_MARKED = re.compile(  # of bounded length, since a line may be full of marks that nothing ends
    r"(?<!\w)(__|_)(?=\S)(.{1,600}?)(?<=\S)\1(?!\w)|(\*\*|\*|`)(?=\S)(.{1,600}?)(?<=\S)\3"
)
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>])")
_SHELTER = 0xE000  # escaped signs wait in the private area while marks are taken out
_STRONG = re.compile(r"^(\*\*|__)(?=\S)[^*_]+(?<=\S)\1[:：]?$")
_QUOTE = re.compile(r"^(?:\s*>)+\s?")
_NUMBERED_ITEM = re.compile(r"^\s*\d{1,3}[.)]\s+\S")
_NOTE = re.compile(r"^ {0,3}\[\^([^\]\s]{1,60})\]:\s*(.*)$")
_NOTE_GOES_ON = re.compile(r"^(?: {2}|\t)\s*\S")
_NOTED = re.compile(r"\s?\[\^([^\]\s]{1,60})\](?!:)")
_ADDRESS = re.compile(r"https?://[^\s<>()\[\]]*[^\s<>()\[\].,;:!?]")
_FRONT = re.compile(r"^([A-Za-z_]{1,30})\s*:\s*(.*)$")


def read_plain(text: str, *, markdown: bool) -> Reading:
    """Read what a text file shows: its lines, and as title the front matter's, the first heading or the first line.

    Markdown headings (``#`` and underlined) and list signs are read in both; inline marks, links, fences, footnotes,
    HTML elements and front matter only in Markdown.
    """
    raw = lines(text)
    front, raw = _front_matter(raw) if markdown else ({}, raw)
    if markdown:
        raw, notes = _footnotes(without_html(raw))
        found = [*_markdown(raw), *notes]
    else:
        found = list(_plain(raw))
    title = front.get("title", "")
    language = front.get("lang", "") or front.get("language", "")
    hints: tuple[str, ...] = ()
    if not title and not any(line.role == "heading" for line in found):
        title, hints = _first_line_title(found, parted=_parted(raw))
        found = found[len(hints) :]
    elif not title:
        title = next((line.text for line in found if line.role == "heading" and line.level == 1), "")
    return Reading(
        lines=tuple(found),
        titles=(("front matter" if "title" in front else "first line", title),),
        summary=front.get("description", "") or front.get("summary", ""),
        date=iso_date(front.get("date", ""), language),
        language=language,
        hints=hints,
    )


def _parted(raw: Sequence[str]) -> bool:
    """Whether the first line stands apart, and lines below it do not: a title, not the first entry of a list."""
    blocks = "\n".join(line.strip() for line in raw).strip().split("\n\n")
    return "\n" not in blocks[0] and any("\n" in block.strip() for block in blocks[1:])


def _first_line_title(found: Sequence[VisibleLine], *, parted: bool) -> tuple[str, tuple[str, ...]]:
    """First line where it is a title and not a sentence, and a lone label above it ("Shanghai")."""
    found = [line for line in found[:8] if not date_line(line.text)]
    if not found or not _is_title(found[0].text):
        return "", ()
    if parted:
        return found[0].text, ()
    if (
        len(found) > 2
        and len(found[0].text) <= HINT_CHARS // 2
        and _is_title(found[1].text)
        and not numbered(found[1].text)
        and not _is_title(found[2].text)
    ):
        return found[1].text, (found[0].text,)
    if len(found) > 1 and _is_title(found[1].text) and not numbered(found[1].text):
        return "", ()  # a list, not a title with text below it
    return found[0].text, ()


def _is_title(text: str) -> bool:
    return (
        len(text) <= TITLE_CHARS and not ends_sentence(text) and not text.endswith((":", "：")) and bullet(text) is None
    )


def _plain(raw: Sequence[str]) -> Iterator[VisibleLine]:
    index = 0
    while index < len(raw):
        text = clean(raw[index])
        below = raw[index + 1] if index + 1 < len(raw) else ""
        index += 1
        if not text or _RULE.match(text):
            continue
        if heading := _atx(text):
            yield heading
        elif _SETEXT.match(below) and len(below.strip()) >= 3 and not ends_sentence(text):
            index += 1
            yield VisibleLine(text, "heading", 1 if "=" in below else 2)
        else:
            yield VisibleLine(text)


def _markdown(raw: Sequence[str]) -> Iterator[VisibleLine]:
    paragraph: list[str] = []
    fenced = False

    def close() -> Iterator[VisibleLine]:
        if paragraph:
            yield _inline(" ".join(paragraph), "text")
            paragraph.clear()

    for line in raw:
        text = _QUOTE.sub("", line)
        if FENCE.match(text):
            fenced = not fenced
            yield from close()
        elif fenced or not text.strip():
            yield from close()
            if text.strip():
                yield VisibleLine(clean(text))
        elif paragraph and _SETEXT.match(text):
            level = 1 if "=" in text else 2
            heading = _inline(" ".join(paragraph), "heading")
            paragraph.clear()
            yield VisibleLine(heading.text, "heading", level, links=heading.links)
        elif _RULE.match(text):
            yield from close()
        elif heading_line := _atx(text):
            yield from close()
            yield heading_line
        elif (rest := bullet(clean(text))) is not None:
            yield from close()
            yield _inline(rest, "item")
        elif _NUMBERED_ITEM.match(text) or text.lstrip().startswith("|"):
            yield from close()
            if text.strip("|:- \t"):
                yield _inline(" | ".join(part.strip() for part in text.strip().strip("|").split("|")), "text")
        else:
            if paragraph and max(len(paragraph[-1]), len(text)) > WRAPPED_CHARS:
                yield from close()
            paragraph.append(text.strip())
            if text.endswith(("  ", "\\")):
                yield from close()
    yield from close()


def _atx(text: str) -> VisibleLine | None:
    match = _ATX.match(text)
    if match is None or not match[2]:
        return None
    own = _HEADING_ID.search(match[2])
    line = _inline(_HEADING_ID.sub("", match[2]), "heading")
    if not line.text:
        return None
    return VisibleLine(line.text, "heading", len(match[1]), own[1] if own else "", links=line.links)


def _footnotes(raw: list[str]) -> tuple[list[str], list[VisibleLine]]:
    """Lines with ``[1]`` for each marker of a footnote, and the footnotes, which stand at the end of the page.

    One that links to a page is a source, any other is text. A marker without a footnote stays as it is.
    """
    noted: dict[str, list[str]] = {}
    kept: list[str] = []
    last: list[str] | None = None
    for line in raw:
        if match := _NOTE.match(line):
            last = noted.setdefault(match[1], [])
            last.append(match[2])
        elif last is not None and _NOTE_GOES_ON.match(line):
            last.append(line.strip())
        else:
            last = last if not line.strip() else None
            kept.append(line)
    if not noted:
        return raw, []
    asked = (match[1] for line in kept for match in _NOTED.finditer(line))
    numbers = {
        name: number for number, name in enumerate((n for n in dict.fromkeys([*asked, *noted]) if n in noted), 1)
    }

    def numbered(match: re.Match[str]) -> str:
        return f" [{numbers[match[1]]}]" if match[1] in numbers else match[0]

    notes = [_note(number, " ".join(noted[name])) for name, number in numbers.items()]
    return [_NOTED.sub(numbered, line) for line in kept], [note for note in notes if note.text]


def _note(number: int, text: str) -> VisibleLine:
    line = _inline(text, "text")
    link = next(iter(line.links), None)
    if link is None and (found := _ADDRESS.search(line.text)):
        link = Link(found[0], line.text[: found.start()].strip(" ,.;:–—-") or found[0])
    if link is None:
        return replace(line, text=f"[{number}] {line.text}" if line.text else "")
    return replace(line, role="item", region=SOURCES, anchor=f"source-{number}", links=(link,))


def _inline(text: str, role: str) -> VisibleLine:
    links: list[Link] = []

    def unlink(match: re.Match[str]) -> str:
        if match[1]:
            return ""  # a picture
        href, words = match[3], match[2]
        scheme = re.match(r"([A-Za-z][A-Za-z0-9+.\-]*):", href)
        if href and not href.startswith("#") and (scheme is None or scheme[1].lower() in ("http", "https")):
            links.append(Link(href, clean(words)))
        return words

    strong = _STRONG.match(text.strip()) is not None
    text = _ESCAPED.sub(lambda match: chr(_SHELTER + ord(match[1])), text)
    text = _LINK.sub(unlink, text)
    for _ in range(2):
        text = _MARKED.sub(lambda match: match[2] or match[4], text)
    text = clean("".join(chr(ord(c) - _SHELTER) if _SHELTER <= ord(c) < _SHELTER + 128 else c for c in text))
    return VisibleLine(text, role, strong=strong, links=tuple(links))


def _front_matter(raw: list[str]) -> tuple[dict[str, str], list[str]]:
    """Plain ``key: value`` lines between two ``---``; anything richer is left unread."""
    if not raw or raw[0].strip() != "---":
        return {}, raw
    end = next((i for i, line in enumerate(raw[1:60], 1) if line.strip() in ("---", "...")), 0)
    if not end:
        return {}, raw
    matches = [match for line in raw[1:end] if (match := _FRONT.match(line))]
    return {match[1].lower(): clean(match[2].strip().strip("\"'")) for match in matches}, raw[end + 1 :]
