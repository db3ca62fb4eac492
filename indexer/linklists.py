"""Find lists of links or titles that stand in a text and do not belong to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexer.outline import ends_sentence, introduces

SHORT_RUN = 8  # links in a row from which on they are a list of links
TITLES_RUN = 4  # lines in a row that are titles of other pages
LONG_RUN = 25  # titles in a row without any link; the seed has 270
TITLE_CHARS = 200
TITLE_WORDS = 3.5  # words a line on average: "Oncology", "Visa letter" are not titles of pages
LINKED_SHARE = 0.8
PROSE_CHARS = 600  # as much text must stand outside of a list before the list is taken for foreign
_RELATED = re.compile(
    r"^(?:related|latest|recommended|popular|hot|recent|more|other|similar|further|you (?:may|might) (?:also )?like|"
    r"see also|read (?:more|next|also)|you may be interested)\b"
    r"|^(?:相关|推荐|热门|最新|更多|延伸)",
    re.IGNORECASE,
)
_LISTS = re.compile(
    r"\b(?:lists?|directory|index|members|partners|institutions?|hospitals|cent(?:er|re)s|clinics|names|ranking|questions|"
    r"articles|links|contents?)\b|名单|列表|一览|目录",
    re.IGNORECASE,
)
_STATES = re.compile(
    r"(?:[$€£¥￥]|\b(?:RMB|USD|CNY|yuan|dollars?)\b|\d[\d,.]*\s*(?:%|元|万|beds?|km|min|hours?|days?)\b)"
    r"|\s[–—-]\s.{15,}"
)


@dataclass(frozen=True, slots=True)
class ListedLine:
    """One line of a page: whether it is a list line, wholly a link, the title of another page, or a heading."""

    text: str
    item: bool = False
    linked: bool = False
    known: bool = False
    heading: bool = False


def link_lists(lines: Sequence[ListedLine]) -> Iterator[tuple[int, int, str]]:
    """Start, end (exclusive) and reason of every foreign list, in order.

    A list is foreign when nothing announces it (a heading that fits what it lists, or a line like "The following
    hospitals …:"), its lines say nothing about themselves (prices, descriptions), prose stands elsewhere on the page,
    and it is a run of links, of titles of other pages, or a very long run of lines that look like titles.
    """
    prose = sum(len(line.text) for line in lines if not line.heading and not _like_title(line))
    for start, end in _runs(lines):
        run = lines[start:end]
        before = lines[start - 1] if start else None
        if before is not None and before.heading and _RELATED.match(before.text):
            if sum(line.linked or line.known for line in run) * 2 > len(run):
                yield start, end, "list of links to other pages"
            continue
        if _announced(before, run) or prose < PROSE_CHARS or _says_something(run):
            continue
        if reason := _foreign(run):
            yield start, end, reason


def _foreign(run: Sequence[ListedLine]) -> str:
    count = len(run)
    if count >= TITLES_RUN and sum(line.known for line in run) >= 0.6 * count:
        return "list of titles of other pages"
    words = sum(len(line.text.split()) for line in run) / count
    if count >= SHORT_RUN and sum(line.linked for line in run) >= LINKED_SHARE * count and words >= 2:
        return "list of links"
    if count >= LONG_RUN and words >= TITLE_WORDS:
        return "list of titles"
    return ""


def _runs(lines: Sequence[ListedLine]) -> Iterator[tuple[int, int]]:
    """Longest stretches of title-like lines of one make; one odd list line within a list does not end it."""
    start = 0
    while start < len(lines):
        if not _like_title(lines[start]):
            start += 1
            continue
        end = last = start + 1
        while end < len(lines) and lines[end].item == lines[start].item and not lines[end].heading:
            if _like_title(lines[end]):
                last = end + 1
            elif not lines[end].item or end - last >= 1 or len(lines[end].text) > TITLE_CHARS:
                break
            end += 1
        yield start, last
        start = last


def _like_title(line: ListedLine) -> bool:
    return not line.heading and 0 < len(line.text) <= TITLE_CHARS and not ends_sentence(line.text)


def _announced(before: ListedLine | None, run: Sequence[ListedLine]) -> bool:
    """Whether the line before a list says that it comes: in its last words, or as a heading that fits it.

    Any heading may stand over a short list; a long one must have a word in common with it, or name a kind of list.
    """
    if before is None or not before.text:
        return False
    if not before.heading:
        return introduces(before.text)
    if len(run) < LONG_RUN or _LISTS.search(before.text):
        return True
    words = set(re.findall(r"\w{4,}", before.text.casefold()))
    shared = sum(not words.isdisjoint(re.findall(r"\w{4,}", line.text.casefold())) for line in run)
    return shared >= 0.2 * len(run)


def _says_something(run: Sequence[ListedLine]) -> bool:
    """Whether the lines state prices, numbers or a description beside a name."""
    return sum(_STATES.search(line.text) is not None for line in run) >= 0.3 * len(run)
