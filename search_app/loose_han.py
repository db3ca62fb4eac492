"""Chinese characters of a search that belong to no known word."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.engines import Lexicon
from search_app.widen import Piece


class LooseHan:
    """Loose characters, searched in pairs of neighbours; ``starts`` say where they stand in the text."""

    def __init__(self, pieces: Sequence[Piece], starts: frozenset[int], lexicon: Lexicon) -> None:
        self._pieces, self._starts = pieces, starts
        self._stretches = self._nowhere(lexicon) if starts else {}

    def __contains__(self, piece: Piece) -> bool:
        return piece.start in self._starts

    def after(self, place: int) -> Piece | None:
        """The loose character right behind that of a place, if there is one."""
        piece, following = self._pieces[place], self._pieces[place + 1 : place + 2]
        return following[0] if following and following[0] in self and following[0].start == piece.end else None

    def before(self, place: int) -> Piece | None:
        """The loose character right before that of a place, if there is one."""
        before = self._pieces[place - 1] if place else None
        return before if before is not None and before in self and before.end == self._pieces[place].start else None

    def stretch(self, piece: Piece) -> tuple[Piece, ...]:
        """The characters around a pair, which begins with a piece, that no page can have; empty where one may have it.

        However long, they are one thing that pages lack: counted by pairs, nothing else would be found.
        """
        return self._stretches.get(piece.start, ())

    def _nowhere(self, lexicon: Lexicon) -> dict[int, tuple[Piece, ...]]:
        """Stretches of pairs of which a character stands nowhere, by the start of each pair."""
        found: list[list[Piece]] = []
        for place, piece in enumerate(self._pieces):
            after = self.after(place) if piece in self else None
            if after is None or (lexicon.frequency(piece.term) and lexicon.frequency(after.term)):
                continue
            if found and found[-1][-1] is piece:
                found[-1].append(after)
            else:
                found.append([piece, after])
        return {piece.start: tuple(stretch) for stretch in found for piece in stretch[:-1]}
