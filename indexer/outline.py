"""Find the outline of a page: which lines are headings, and the sections below them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from indexer.dates import is_dateline
from indexer.model import Section
from indexer.slug import slug

BULLET = "• "  # starts every list line in the text of a section, whatever the page used
GENERATED = "~"  # starts an anchor that the page does not have itself
HEADING_CHARS = 100  # longer lines are sentences
HEADING_WORDS = 16
PROSE_CHARS = 80  # from this length on a line is taken for prose, whatever ends it
COLON_WORDS = 8
MAX_ANCHOR_CHARS = 100

_BULLETS = re.compile(r"^(?:[•‣◦▪▫●○■□◆◇►▶➤✓✔✦❖⁃∙·・]\s*|[*+\-–—]\s+|\.\s+(?=\S))")
_SENTENCE_END = re.compile(r"[.!。！;；,，…]['\"”’)）]*$")
_QUESTION_END = re.compile(r"[?？]['\"”’)）]*$")
_HAN_NUMBER = "[一二三四五六七八九十百]{1,3}"
_NUMBERED = (
    (2, re.compile(rf"^(?:[IVX]{{1,5}}|[Ⅰ-Ⅻ]|{_HAN_NUMBER})\s*[、.．:：)）]\s*\S")),
    (2, re.compile(rf"^第\s*(?:{_HAN_NUMBER}|\d{{1,2}})\s*[章节節部分条]")),
    (2, re.compile(r"^(?:Chapter|Part|Section|Step|Question|Q)\s*\d{1,2}\s*[.:：)、-]\s*\S", re.IGNORECASE)),
    (4, re.compile(rf"^[(（](?:\d{{1,2}}|[A-Za-z]|[ivx]{{1,4}}|{_HAN_NUMBER})[)）]\s*\S")),
    (3, re.compile(r"^\d{1,2}\s*(?:[、．)）]|\.(?!\d))\s*\S")),
    (4, re.compile(r"^\d{1,2}(?:\.\d{1,2}){1,2}\s*[.、．)）]?\s+[A-Z\u3400-\u9fff]")),
    (3, re.compile(r"^[A-H]\s*[.、．)）]\s*\S")),
)
_INTRODUCES = re.compile(
    r"\b(?:following|follows|below|includes?|including|namely|such as|these are|here are|are listed)\b"
    r"|^(?:these|this list|the above)\b|如下|以下|下列|包括",
    re.IGNORECASE,
)
_STARTS_HEADING = re.compile(r"^[\"'“‘(（]*[A-Z0-9À-Þ\u0400-\u042f\u2e80-\U0003134f]")


@dataclass(frozen=True, slots=True)
class Line:
    """One visible line: ``role`` is "text", "item" (of a list) or "heading" (of ``level`` 1 to 6).

    ``strong`` lines are bold from end to end.
    """

    text: str
    role: str = "text"
    level: int = 0
    anchor: str = ""
    strong: bool = False


def bullet(text: str) -> str | None:
    """Text behind a bullet ("- x", "• x", and the ". x" of converted pages); None for a line without."""
    match = _BULLETS.match(text)
    return text[match.end() :].strip() if match and match.end() < len(text) else None


def numbered(text: str) -> bool:
    """Whether a line begins with the number of a heading or of an item: "I、", "(A)", "1. "."""
    return any(pattern.match(text) for _, pattern in _NUMBERED)


def ends_sentence(text: str) -> bool:
    """Whether a line ends as a sentence or a part of one does; a question may be a title, so it does not count."""
    return _SENTENCE_END.search(text) is not None


def introduces(text: str) -> bool:
    """Whether the last sentence of a line announces a list: "The following hospitals …:", "… include:"."""
    last = re.split(r"(?<=[.!?。！？])\s+", text.strip())[-1]
    return last.endswith((":", "：")) or _INTRODUCES.search(last) is not None


def outline(lines: Sequence[Line]) -> list[Line]:
    """Mark the plain lines that serve as headings.

    For pages without headings of their own. A heading is short, does not end a sentence, has text below it, and is
    numbered ("I、…", "一、…", "(1) …", "1. …"), ends with a colon, is bold, or stands alone between prose.
    Numbered lines that follow each other with nothing between are a list, not headings.
    """
    levels = [_level(line) for line in lines]
    found = list(lines)
    for index, line in enumerate(lines):
        before = lines[index - 1] if index else None
        after = lines[index + 1] if index + 1 < len(lines) else None
        level = levels[index]
        if line.role != "text" or after is None:
            continue
        if level and levels[index + 1] != level and not (index and levels[index - 1] == level):
            found[index] = replace(line, role="heading", level=level)
        elif not level and _stands_alone(line, before, after, levels[index - 1] if index else 0, levels[index + 1]):
            found[index] = replace(line, role="heading", level=2)
    return found


def sections(lines: Iterable[Line]) -> tuple[Section, ...]:
    """Sections of an outlined page; the first has no heading when text stands before all headings.

    Anchors are unique. A heading without one gets its words as a slug behind ``GENERATED``.
    """
    found: list[Section] = []
    heading, texts = Line("", "heading", 2), list[str]()
    used: set[str] = set()

    def close() -> None:
        if heading.text or texts:
            anchor = _anchor(heading, used) if heading.text else ""
            found.append(Section(heading.text, anchor, "\n".join(texts), max(heading.level, 2)))

    for line in lines:
        if line.role == "heading":
            close()
            heading, texts = line, []
        else:
            texts.append(BULLET + line.text if line.role == "item" else line.text)
    close()
    return tuple(found)


def _short(text: str) -> bool:
    if len(text) > HEADING_CHARS or len(text.split()) > HEADING_WORDS or ends_sentence(text):
        return False
    return not is_dateline(text)


def _level(line: Line) -> int:
    """Level of a line that looks like a heading by itself, else 0."""
    text = line.text
    if line.role != "text" or not _short(text):
        return 0
    for level, pattern in _NUMBERED:
        if pattern.match(text):
            return level
    if text.endswith((":", "：")):
        return 3 if len(text.split()) <= COLON_WORDS and len(text) <= 60 and not _INTRODUCES.search(text) else 0
    return 3 if line.strong else 0


def _stands_alone(line: Line, before: Line | None, after: Line, before_level: int, after_level: int) -> bool:
    """Whether a short line without any sign has prose, or something numbered, on both sides."""
    text = line.text
    if not _short(text) or not _STARTS_HEADING.match(text) or text.endswith((":", "：")):
        return False
    opens = _prose(after) or after_level > 0
    closed = before is None or _prose(before) or before.role == "heading" or before_level > 0
    return opens and closed


def _prose(line: Line) -> bool:
    return len(line.text) >= PROSE_CHARS or (line.role != "heading" and ends_sentence(line.text))


def _anchor(line: Line, used: set[str]) -> str:
    own = (
        line.anchor
        if 0 < len(line.anchor) <= MAX_ANCHOR_CHARS and not re.search(r"[\s\"'<>&#%\x00-\x1f]", line.anchor)
        else ""
    )
    base = own or GENERATED + (slug(line.text, 60) or "section")
    anchor, count = base, 2
    while anchor in used:
        anchor, count = f"{base if not own else GENERATED + own}-{count}", count + 1
    used.add(anchor)
    return anchor
