"""Clean one run of text of what a reader never sees."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\U000e0000-\U000e007f]"
)
_SPACES = re.compile("[ \t\r\n\x0b\x0c\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_SURROGATES = re.compile("[\ud800-\udfff]")
_LINES = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")


def clean(text: str) -> str:
    """One line of NFC text: single plain spaces, no zero-width, direction or control characters, no half surrogates.

    Quotes, dashes and full-width punctuation stay as they were written: folding them is the analyzer's work.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    if _SURROGATES.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unicodedata.normalize("NFC", _SPACES.sub(" ", _INVISIBLE.sub("", text))).strip(" ")


def lines(text: str) -> list[str]:
    """Lines of a text, split at every line end that Unicode knows, none cleaned."""
    return _LINES.split(text)
