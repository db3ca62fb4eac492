"""Fold a name into the letters of an address."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_APOSTROPHES = re.compile("['\u2019\u02bc\u2018`]")
_APART = re.compile(r"[^\w\u0300-\u036f]")  # accents stand apart from their letters here, and belong to them
_OTHER = re.compile(r"[^a-z0-9]+")
_FOLDED = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")  # what folding leaves as it is


def slug(text: str, limit: int = 80) -> str:
    """Lower-case ASCII words of a text joined by hyphens, at most ``limit`` characters, cut between words.

    Accents are folded, apostrophes vanish ("Women's" gives "womens"), everything else separates. Empty when the text
    has no letter or digit that can be folded.
    """
    folded = unicodedata.normalize("NFKD", text).casefold().replace("&", " and ")
    folded = _APART.sub(" ", _APOSTROPHES.sub("", folded)).encode("ascii", "ignore").decode()
    words = _OTHER.sub("-", folded).strip("-")
    if len(words) <= limit:
        return words
    return words[: limit + 1].rpartition("-")[0] or words[:limit]


def unique_slug(text: str, limit: int = 80) -> str:
    """Like ``slug``, with a short digest of the text behind it where folding lost letters or length.

    Two different Chinese file names never become the same address this way; names that differ only in case,
    spaces or punctuation still do.
    """
    if len(text) <= limit and _FOLDED.fullmatch(text):
        return text  # so are most names of files, of which there may be a hundred thousand
    folded = slug(text, limit)
    if not _loses(text) and len(folded) == len(slug(text, len(text) * 6 + 1)) and folded:
        return folded
    mark = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
    return f"{folded}-{mark}" if folded else mark


def _loses(text: str) -> bool:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return any(not c.isascii() and (c.isalnum() or 0xD800 <= ord(c) <= 0xDFFF) for c in bare)
