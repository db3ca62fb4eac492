"""HTML in Markdown: what it means there, in Markdown or plain text."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from itertools import groupby

FENCE = re.compile(r"^\s*(?:```|~~~)")
# What stands within an element ends where the next of its kind begins: else each of many that are never closed would be
# read to the end of the file.
_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|template)\b(?:(?!<\1\b).)*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_LINK = re.compile(
    r"""<a\s[^<>]{0,500}?href\s*=\s*["']?([^"'\s<>]{1,2000})["']?[^<>]{0,500}>((?:(?!</?a\b).)*)</a\s*>""",
    re.DOTALL | re.IGNORECASE,
)
_AUTOLINK = re.compile(r"<(https?://[^\s<>]+)>")
_MAIL = re.compile(r"<(?:mailto:)?([^\s<>@]+@[^\s<>@]+)>")
_HEADING = re.compile(r"<h([1-6])\b[^<>]*>((?:(?!</?h[1-6]\b).)*)</h\1\s*>", re.DOTALL | re.IGNORECASE)
_ITEM = re.compile(r"<li\b[^<>]*>", re.IGNORECASE)
_CELL_ENDS = re.compile(r"</t[dh]\s*>\s*(?=<t[dh]\b)", re.IGNORECASE)
# Each of them begins and ends a paragraph of its own.
_BLOCK = re.compile(
    r"</?(?:details|summary|div|p|center|section|article|table|thead|tbody|tfoot|tr|ul|ol|li|dl|dt|dd|blockquote|figure"
    r"|figcaption|header|footer|main|nav|aside|pre|hr|body|html|head)(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br\b[^<>]*>", re.IGNORECASE)
_MARK = re.compile(
    r"</?(?:span|sub|sup|b|strong|i|em|u|s|del|ins|mark|small|big|kbd|abbr|cite|q|font|a|img|picture|source|iframe|video"
    r"|audio|wbr|time|code|td|th|caption|input|label|button|colgroup|col)(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
_CODE = re.compile(r"(`[^`\n]+`)")


def without_html(raw: Sequence[str]) -> list[str]:
    """Lines of Markdown without HTML elements, comments and entities; what stands in code stays as it is."""
    if not any("<" in line or "&" in line for line in raw):
        return list(raw)
    found: list[str] = []
    fenced = False
    inside = []
    for line in raw:  # a fence and all behind it, up to the next one, is code
        fence = FENCE.match(line) is not None
        inside.append(fenced or fence)
        fenced ^= fence
    for code, pairs in groupby(zip(inside, raw, strict=True), key=lambda pair: pair[0]):
        some = [line for _, line in pairs]
        found += some if code else _plain("\n".join(some)).split("\n")
    return found


def _plain(text: str) -> str:
    text = _UNSEEN.sub("", text)
    return "".join(part if part.startswith("`") and len(part) > 2 else _marked(part) for part in _CODE.split(text))


def _marked(text: str) -> str:
    if "<" in text:
        text = _AUTOLINK.sub(r"[\1](\1)", text)
        text = _MAIL.sub(r"\1", text)
        text = _LINK.sub(lambda match: f"[{' '.join(match[2].split())}]({match[1]})", text)
        text = _HEADING.sub(lambda match: f"\n\n{'#' * int(match[1])} {' '.join(match[2].split())}\n\n", text)
        text = _CELL_ENDS.sub(" | ", text)
        text = _ITEM.sub("\n\n- ", text)
        text = _BREAK.sub("  \n", text)
        text = _BLOCK.sub("\n\n", text)
        text = _MARK.sub("", text)
    return html.unescape(text) if "&" in text else text
