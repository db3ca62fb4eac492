"""Cut a typed text into words, phrases, fields and operators."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from search_app.syntax import FIELDS, Field, Plain, Quoted, Starts

MAX_CHARS = 600  # a long question in prose; a pasted page is not a search
MAX_WORDS = 96  # of them no more are searched than an engine has leaves for (``findings.MAX_LEAVES``)
MIN_PREFIX = 2
MAX_PREFIXES = 4  # each may expand to many words

_DROPPED = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")  # zero width, bidi
_UNSAFE = re.compile("[\ud800-\udfff\x00-\x1f\x7f-\x9f]")
_QUOTES = re.compile("[\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d\u300e\u300f\u2033\u301d\u301e\uff02]")
_SPACES = re.compile(r"\s+")


def clean(text: str) -> tuple[str, bool]:
    """Text in one line with plain quotes, brackets and colons, and whether it was cut to ``MAX_CHARS``."""
    short = text[: MAX_CHARS * 4]  # bounds the work below; folding rarely shortens
    if short.isascii():  # nothing to fold
        folded = _UNSAFE.sub(" ", short)
    else:
        folded = _QUOTES.sub('"', _UNSAFE.sub(" ", _DROPPED.sub("", short)))
        folded = _QUOTES.sub('"', unicodedata.normalize("NFKC", folded)).replace("\u2212", "-")
    folded = _SPACES.sub(" ", folded).strip()
    if len(folded) <= MAX_CHARS:
        return folded, len(text) > len(short) and not short.isspace()
    cut = folded.rfind(" ", MAX_CHARS - 64, MAX_CHARS + 1)
    return folded[: cut if cut > 0 else MAX_CHARS].rstrip(), True


_PATTERN = re.compile(
    r"""\s*(?:
        (?P<open>-?\()                                      # a group, perhaps excluded
      | (?P<close>\))
      | (?P<quoted>-?(?:(?P<qfield>\w+):)?"(?P<inside>[^"]*)")   # a phrase, perhaps of a field, perhaps excluded
      | (?P<word>[^\s()"]+)
      | (?P<stray>")
    )""",
    re.VERBOSE,
)
_FIELD_WORD = re.compile(r"(?P<minus>-?)(?P<name>[A-Za-z]+):(?P<value>.*)", re.DOTALL)
_LETTER = re.compile(r"\w")


class Piece(NamedTuple):
    """One piece of typed text: a leaf, a bracket or an operator (whose ``leaf`` is its word)."""

    kind: str  # "open", "close", "and", "or", "not", "leaf"
    leaf: Plain | Quoted | Starts | Field | None
    start: int
    end: int
    excluded: bool = False


class Cutter:
    """Cuts a cleaned text into pieces, counting words and prefixes."""

    def __init__(self) -> None:
        self.words = 0
        self.prefixes = 0
        self.too_many_words = False
        self.notes: dict[str, None] = {}

    def pieces(self, text: str) -> list[Piece]:
        """The pieces of a cleaned text, in order."""
        found: list[Piece] = []
        for match in _PATTERN.finditer(text):
            start, end = match.start(match.lastgroup or 0), match.end()
            if match["open"] is not None:
                found.append(Piece("open", None, start, end, match["open"].startswith("-")))
            elif match["close"] is not None:
                found.append(Piece("close", None, match.start("close"), end))
            elif match["quoted"] is not None:
                found.extend(self._quoted(match, match.start("quoted"), end))
            elif match["word"] is not None:
                found.extend(self._word(match["word"], match.start("word"), end))
        return found

    def _takes(self, text: str) -> bool:
        wanted = max(1, len(text.split()), 0 if text.isascii() else sum(map(_is_ideograph, text)) // 2)
        if self.too_many_words or self.words + wanted > MAX_WORDS:
            self.too_many_words = True
            return False
        self.words += wanted
        return True

    def _quoted(self, match: re.Match[str], start: int, end: int) -> list[Piece]:
        excluded = match["quoted"].startswith("-")
        inside = match["inside"].strip()
        name = (match["qfield"] or "").lower()
        pieces: list[Piece] = []
        if name and name not in FIELDS:
            pieces = self._word(match["qfield"], match.start("qfield"), match.end("qfield"))
            name = ""
        if not _LETTER.search(inside) or not self._takes(inside):
            return pieces
        phrase = Quoted(inside, start + excluded, end)
        leaf = Field(name, inside, "quoted", start, end) if name else phrase
        return [*pieces, Piece("leaf", leaf, start, end, excluded)]

    def _word(self, word: str, start: int, end: int) -> list[Piece]:
        if word in ("AND", "OR", "NOT", "&&", "||"):
            kind = {"&&": "and", "||": "or"}.get(word, word.lower())
            return [Piece(kind, Plain(word, start, end), start, end)]
        excluded = len(word) > 1 and word[0] == "-" and word[1] != "-"
        field = _FIELD_WORD.fullmatch(word) if ":" in word else None
        if field is not None and field["name"].lower() in FIELDS and _LETTER.search(field["value"]):
            return self._field(field, start, end)
        body = word[1:] if excluded else word
        if not _LETTER.search(body) or not self._takes(body):
            return []
        place = end - len(body)
        leaf: Plain | Starts = Plain(body, place, end)
        if body.endswith("*"):
            stem = body.rstrip("*")
            leaf = Starts(stem, place, end) if self._prefix(stem, body) else Plain(stem, place, end)
        return [Piece("leaf", leaf, start, end, excluded)]

    def _field(self, field: re.Match[str], start: int, end: int) -> list[Piece]:
        name, value = field["name"].lower(), field["value"]
        if not self._takes(value):
            return []
        form = "word"
        if value.endswith("*"):
            stem = value.rstrip("*")
            form = "prefix" if self._prefix(stem, value) else "word"
            value = stem
        return [Piece("leaf", Field(name, value, form, start, end), start, end, bool(field["minus"]))]

    def _prefix(self, stem: str, typed: str) -> bool:
        if len(re.findall(r"\w", stem)) < MIN_PREFIX or not stem[-1].isalnum():
            self.notes[f"“{typed}” was read as a word: a beginning needs at least {MIN_PREFIX} letters."] = None
            return False
        if self.prefixes >= MAX_PREFIXES:
            self.notes[f"“{typed}” was read as a word: only {MAX_PREFIXES} beginnings are searched at once."] = None
            return False
        self.prefixes += 1
        return True


def _is_ideograph(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff" or char >= "\U00020000"
