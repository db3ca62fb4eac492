"""The numbers that decide the order of hits, in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass

from indexer.analysis import FIELDS


@dataclass(frozen=True, slots=True)
class Ranking:
    """Constants of BM25F and of the bonuses on top of it.

    ``field_weights`` and ``field_b`` follow ``FIELDS``. Source of the formula: Robertson and Zaragoza (2009), "The
    Probabilistic Relevance Framework: BM25 and Beyond", section 3.6, with Whoosh's factor ``k1 + 1``.
    """

    field_weights: tuple[float, ...] = (4.0, 4.0, 2.0, 2.0, 1.0, 2.0, 0.5)
    field_b: tuple[float, ...] = (0.3, 0.0, 0.6, 0.3, 0.7, 0.0, 0.5)
    k1: float = 2.0
    idf_shift: float = 0.2
    inflection: float = 0.8  # weight of another form of the same stem, against 1 for the form typed
    title_coverage: float = 1.0  # times the idf of the concepts that stand in the title
    title_fill: float = 1.0  # times the share of the title's words that the query names
    adjacency: float = 0.5  # times the idf of concepts that follow each other as typed, in title or text
    in_doubt: float = 0.4  # share of words, boosts and bonuses for a document of what may not be open
    rerank_window: int = 50  # hits that get the bonuses above; they are never negative

    def idf(self, documents: int, document_frequency: int) -> float:
        """Weight of a term by rarity, in nats, at least 0.05; ``idf_shift`` 1 gives Whoosh's own."""
        return max(math.log(documents / (document_frequency + 1)) + self.idf_shift, 0.05) if documents else 0.0

    def prior(self, doubt: str) -> float:
        """What the words and boosts of a document count, by what its page says of being open."""
        return self.in_doubt if doubt else 1.0

    def field_weight(self, field: str) -> float:
        """Weight of one field by name; the page that tells how hits are ranked asks for it."""
        return self.field_weights[FIELDS.index(field)]

    def index_part(self) -> dict[str, object]:
        """The constants that are baked into an index when it is written."""
        return {
            "field_weights": list(self.field_weights),
            "field_b": list(self.field_b),
            "in_doubt": self.in_doubt,
        }
