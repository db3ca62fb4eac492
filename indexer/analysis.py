"""Turn text into tokens: one analyzer for index, query, suggestions and highlighting."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import Stemmer

Ints = npt.NDArray[np.integer[Any]]

ANALYZER_VERSION = 6  # raise it whenever the tokens of any text change: older generations are then rebuilt

FIELDS = ("title", "alias", "label", "heading", "body", "pinyin", "question")
BREAK = ""  # stands between fields, sections and aliases, so that no phrase reaches across

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_KINDS = {
    "number": r"\d+(?:[.,]\d+)*",
    "han": rf"[{HAN}]",
    "word": rf"[^\W\d_{HAN}]+(?:['\u2019\u02bc\uff07][^\W\d_{HAN}]+)*",
}
_PIECE = re.compile(f"({'|'.join(_KINDS.values())})")  # a group, so that splitting a text gives its pieces as well
_ASCII_PIECE = re.compile(r"([A-Za-z]+(?:'[A-Za-z]+)*|[0-9]+(?:[.,][0-9]+)*)")  # the same, in half the time
_SOURCE = re.compile(r"\[(?:\d{1,3}|\d[.,]\d)\]")
_HAN_RUN = re.compile(rf"[{HAN}]+")
_CLOSE = frozenset(("", *"-\u2010\u2011\u2012\u2013\u2014\u2212\uff0d/."))  # between the parts of a compound
_GLUED = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")  # "SunYat": words that lost their space
_POSSESSIVE = re.compile(r"'s$")
_ORDINAL = frozenset(("st", "nd", "rd", "th"))
_NUMBER = frozenset(("no", "nr"))
_NUMBER_SIGN = re.compile(r"[.\s\u00a0\uff0e:]*")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u02bc": "'", "\uff07": "'"})
MAX_TOKEN_CHARS = 64  # longer runs are base64 or hashes; cut, so that no term can be a megabyte
LONGEST_PINYIN = 6  # syllables joined into one term; "guanganmenyiyuan" has six


class Token(NamedTuple):
    """A folded piece of text with its place (start, end) in the original, in characters."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=1 << 12)
def _fold_word(word: str) -> str:
    folded = unicodedata.normalize("NFKC", word.translate(_APOSTROPHES)).casefold()
    folded = _POSSESSIVE.sub("", folded).replace("'", "")
    if folded.isascii():
        return folded[:MAX_TOKEN_CHARS]
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare)[:MAX_TOKEN_CHARS]


@lru_cache(maxsize=1 << 12)
def _fold_number(number: str) -> str:
    plain = unicodedata.normalize("NFKC", number)
    # A comma groups thousands ("1,766"); any other comma is a list ("3,4,5") and stays out of the number.
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", plain):
        plain = plain.replace(",", "")
    return plain[:MAX_TOKEN_CHARS]


@cache
def _simplifier() -> Callable[[str], str]:
    from opencc import OpenCC

    simplify: Callable[[str], str] = OpenCC("t2s").convert
    return simplify


@cache
def _reader_of_han() -> Callable[..., list[str]]:
    from pypinyin import lazy_pinyin  # a quarter of a second, which a build without Chinese names does not wait for

    return lazy_pinyin


def load() -> None:
    """Load at once what is else loaded for the first Chinese text: a server does, before it divides into processes."""
    _simplifier()
    _reader_of_han()


@lru_cache(maxsize=1 << 14)
def _fold_han(char: str) -> str:
    folded = _simplifier()(unicodedata.normalize("NFKC", char))
    return folded if len(folded) == 1 else char


def tokenize(text: str) -> Iterator[Token]:
    """Tokens of a text in reading order.

    Words lose case, accents, tone marks, apostrophes and a possessive ``'s``; full-width forms become plain;
    numbers lose thousands commas; every Han character is a token of its own, in simplified form; letters and digits
    part (``PD-1``, ``PD1`` and ``pd 1`` are the same two tokens); "No.12" is 12 and "1st" is 1; source numbers as in
    "[3]" are left out.
    """
    return map(Token._make, scan(text))


def scan(text: str) -> list[tuple[str, int, int]]:
    """What ``tokenize`` gives, as plain tuples: a named one costs twice as much."""
    return list(zip(*columns(text), strict=True))


def columns(text: str) -> tuple[list[str], list[int], list[int]]:
    """What ``tokenize`` gives, by columns: the tokens, their starts and their ends.

    A build makes millions of them. Most pieces are one token whatever stands around them, so that no line of Python
    need run for each.
    """
    if "[" in text:
        text = _SOURCE.sub(lambda source: "|" * len(source[0]), text)
    # Pieces stand at odd places; at the others what stands before, between and behind them.
    parts = (_ASCII_PIECE if text.isascii() else _PIECE).split(text)
    edges = list(accumulate(map(len, parts)))
    tokens, starts, ends = list(map(_alone, parts[1::2])), edges[:-1:2], edges[1::2]
    if "" not in tokens:
        return tokens, starts, ends
    found: tuple[list[str], list[int], list[int]] = [], [], []
    done = 0
    for place in [place for place, token in enumerate(tokens) if not token]:
        between = slice(done, place)
        among = _among(parts, 2 * place + 1, starts[place])
        found[0].extend((*tokens[between], *[token for token, _, _ in among]))
        found[1].extend((*starts[between], *[start for _, start, _ in among]))
        found[2].extend((*ends[between], *[end for _, _, end in among]))
        done = place + 1
    return found[0] + tokens[done:], found[1] + starts[done:], found[2] + ends[done:]


@lru_cache(maxsize=1 << 16)
def _alone(piece: str) -> str:
    """The token that a piece is whatever stands around it; empty for one that may be no token, or several."""
    if piece[0].isdecimal():
        folded = _fold_number(piece)
        return "" if "," in folded else folded
    if _HAN_RUN.match(piece):
        return _fold_han(piece)
    folded = _fold_word(piece)
    return "" if folded in _ORDINAL or folded in _NUMBER or _GLUED.search(piece) else folded


def _among(parts: Sequence[str], place: int, start: int) -> list[tuple[str, int, int]]:
    """The tokens, with their places in the text, that one of its pieces is between its neighbours."""
    before, piece, after = parts[place - 1 : place + 2]
    end = start + len(piece)
    if piece[0].isdecimal():
        return _in_row(_fold_number(piece).split(","), start, 1)
    folded = _fold_word(piece)
    if folded in _ORDINAL and not before and place > 1 and parts[place - 2][0].isdecimal():
        return []
    if folded in _NUMBER:
        numbered = place + 2 < len(parts) and parts[place + 2][0].isdecimal() and _NUMBER_SIGN.fullmatch(after)
        return [] if numbered else [(folded, start, end)]
    if folded and _GLUED.search(piece):
        return [(_fold_word(word), first, last) for word, first, last in _in_row(_GLUED.split(piece), start, 0)]
    return [(folded, start, end)] if folded else []


def _in_row(parts: Iterable[str], start: int, between: int) -> list[tuple[str, int, int]]:
    """Parts that stand one behind the other, so many characters apart, with their places."""
    found: list[tuple[str, int, int]] = []
    for part in parts:
        found.append((part, start, start + len(part)))
        start += len(part) + between
    return found


def terms(text: str) -> tuple[str, ...]:
    """The folded tokens of a text, without their places."""
    return tuple(columns(text)[0])


def name_key(text: str) -> str:
    """One string by which two spellings of the same name are equal: its tokens with single spaces."""
    return " ".join(terms(text))


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english", 0)


@lru_cache(maxsize=1 << 16)
def stem(term: str) -> str:
    """Stem of one folded term (Snowball English); numbers and Han characters are their own stem."""
    if not term.isascii() or not term.isalpha():
        return term
    stemmed: str = _stemmer().stemWord(term)
    return stemmed


def is_han(text: str) -> bool:
    """Whether a text has a Han character in it."""
    return not text.isascii() and _HAN_RUN.search(text) is not None


def han_runs(text: str) -> list[str]:
    """Stretches of Han characters in a text, in order."""
    return _HAN_RUN.findall(text)


def compounds(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Written compounds with the tokens they fall into: ``CAR-T`` gives ``("cart", ("car", "t"))``.

    They tell a query that typed one form ("cart", "checkup") about the other.
    """
    return compounds_among(text, *columns(text))


def compounds_among(
    text: str, tokens: Sequence[str], starts: Sequence[int], ends: Sequence[int]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What ``compounds`` gives for a text whose ``columns`` are known."""
    run: list[str] = []
    edges = zip(range(1, len(tokens)), ends, starts[1:], strict=False)
    close = [place for place, end, start in edges if text[end:start] in _CLOSE]
    for before, place in pairwise((0, *close)):
        if place != before + 1 or is_han(tokens[place]):
            yield from _compound(run)
            run = []
        if not is_han(tokens[place]):
            if not run and not is_han(tokens[place - 1]):
                run.append(tokens[place - 1])
            run.append(tokens[place])
    yield from _compound(run)


def _compound(parts: list[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    joined = "".join(parts)
    if len(parts) > 1 and len(joined) <= 24 and not joined.replace(".", "").isdigit():
        yield joined, tuple(parts)


@lru_cache(maxsize=1 << 12)
def pinyin_syllables(name: str) -> tuple[str, ...]:
    """Toneless pinyin of the Han characters of a name, one syllable a character."""
    return tuple(_reader_of_han()("".join(han_runs(name)), errors="ignore", v_to_u=False))


def pinyin_terms(name: str) -> tuple[str, ...]:
    """Joined runs of two and more syllables of a name, as a visitor may type them ("xiehe", "guanganmen")."""
    syllables = pinyin_syllables(name)
    runs: dict[str, None] = {}
    for start in range(len(syllables)):
        for size in range(2, LONGEST_PINYIN + 1):
            if start + size <= len(syllables):
                runs["".join(syllables[start : start + size])] = None
    if len(syllables) > LONGEST_PINYIN:
        runs["".join(syllables)] = None
    return tuple(runs)


def digest() -> str:
    """Short digest of everything that decides the tokens; differs when an index must be rebuilt."""
    # Written as the expression once was: it finds the same pieces, and no index need be rebuilt for how they are found.
    pieces = "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS.items())
    material = f"{ANALYZER_VERSION} {FIELDS} {pieces} {unicodedata.unidata_version}"
    return hashlib.sha256(material.encode()).hexdigest()[:12]
