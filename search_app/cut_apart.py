"""Words that are written in parts: initials with dots ("I.V.F.") and numbers with spaces ("80 000")."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from indexer.engines import Lexicon
from search_app.corrections import is_known
from search_app.widen import Piece
from search_app.words import Words

GROUP = 3  # digits between two spaces of a number


def whole(pieces: Sequence[Piece], text: str, lexicon: Lexicon, words: Words) -> list[Piece]:
    """The pieces of a text, with those that are parts of one known word or number put together."""
    if not any(_continues(text, left, right) for left, right in pairwise(pieces)):
        return list(pieces)
    found: list[Piece] = []
    place = 0
    while place < len(pieces):
        end = place + 1
        while end < len(pieces) and _continues(text, pieces[end - 1], pieces[end]):
            end += 1
        term = "".join(piece.term for piece in pieces[place:end])
        first, last = pieces[place].start, pieces[end - 1].end
        known = is_known(term, lexicon, words) or term in words.thesaurus.protected
        if end - place > 1 and known:
            found.append(Piece(term, text[first:last], first, last))
        else:
            found += pieces[place:end]
        place = end
    return found


def _continues(text: str, left: Piece, right: Piece) -> bool:
    """Whether a piece goes on with what the one before it began."""
    between = text[left.end : right.start]
    if between == ".":
        return len(left.term) == 1 and len(right.term) == 1 and left.term.isalpha() and right.term.isalpha()
    if between not in (" ", "\u00a0", "\u202f") or not (left.term.isdigit() and right.term.isdigit()):
        return False
    return len(right.term) == GROUP and len(left.term) <= GROUP
