"""Whether an HTML file stops before the page does: a download that broke off."""

from __future__ import annotations

import re

ENDING = "the file may be cut off: fetch it again"
_IN_A_TAG = re.compile(r"<(?:/?[A-Za-z][^<>]*|!--(?:(?!-->).)*|![A-Za-z\[][^<>]*)\Z", re.DOTALL)
_BEGUN, _ENDED = re.compile(r"<(?:html|body)[\s>]", re.IGNORECASE), re.compile(r"</(?:html|body)\s*>", re.IGNORECASE)
# Elements whose end must be written; what may be left out (</p>, </li>, </body> itself) proves nothing.
_WHOLE = re.compile(
    r"<(/?)(main|article|section|div|header|footer|nav|aside|table|ul|ol|dl|form|script|style|title|h[1-6]|a|span|strong|em)\b",
    re.IGNORECASE,
)
_BODY = re.compile(r"<body[\s>]", re.IGNORECASE)
_LINK, _PLACE = (
    re.compile(r"""<a\s[^<>]*?href\s*=\s*["']?#([^"'\s<>]+)"""),
    re.compile(r"""\s(?:id|name)\s*=\s*["']?([^"'\s<>]+)"""),
)
_LEAST_LINKS = 3  # within a page: with fewer there is no list of its parts
_LEAST_MISSING = 2  # at the end of that list; one may be a slip
_TAIL = 4_000  # characters at the end in which a tag that is not closed has begun


def cut_off(text: str) -> str:
    """A warning about HTML that ends too early; empty for a whole page, as far as anybody can tell."""
    if _IN_A_TAG.search(text, max(0, len(text) - _TAIL)):
        return f"it ends in the middle of a tag; {ENDING}"
    if _BEGUN.search(text) and not _ENDED.search(text) and (_BODY.search(text) or _left_open(text)):
        return f"it has no end (no </body> and no </html>); {ENDING}"
    if missing := _parts_missing(text):
        return f"its list of contents names parts that are not there (#{', #'.join(missing[:3])}); {ENDING}"
    return ""


def _left_open(text: str) -> bool:
    count: dict[str, int] = {}
    for end, name in _WHOLE.findall(text):
        count[name.lower()] = count.get(name.lower(), 0) + (-1 if end else 1)
    return any(open_ > 0 for open_ in count.values())


def _parts_missing(text: str) -> list[str]:
    """Places that the last links within the page lead to and that it has not, where it has those before them."""
    wanted = list(dict.fromkeys(_LINK.findall(text)))
    if len(wanted) < _LEAST_LINKS:
        return []
    there = set(_PLACE.findall(text))
    missing = [name for name in wanted if name not in there]
    if len(missing) < _LEAST_MISSING or len(missing) * 2 > len(wanted) or wanted[-len(missing) :] != missing:
        return []
    return missing
