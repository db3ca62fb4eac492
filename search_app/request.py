"""What is asked of a search, whichever face it comes through."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.model import FACETS

MAX_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """Typed words, chosen facet values, order and page.

    ``plain`` searches the words as typed; ``ignore`` names what not to read from them ("city", "city:Shanghai",
    "spelling"); ``correct`` False leaves typing errors alone.
    """

    q: str = ""
    city: tuple[str, ...] = ()
    specialty: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    sort: str = "relevance"
    page: int = 1
    per_page: int = 10
    plain: bool = False
    ignore: frozenset[str] = frozenset()
    correct: bool = True
    explain: bool = False

    def values(self, facet: str) -> tuple[str, ...]:
        """Chosen values of one facet; raises ``KeyError`` for a name that is not in ``FACETS``."""
        if facet not in FACETS:
            raise KeyError(facet)
        found: tuple[str, ...] = getattr(self, facet)
        return found

    def choosing(self, facet: str, values: tuple[str, ...]) -> SearchRequest:
        """The same request with another choice in one facet, from the first page."""
        return SearchRequest(
            self.q,
            values if facet == "city" else self.city,
            values if facet == "specialty" else self.specialty,
            values if facet == "topic" else self.topic,
            values if facet == "profile" else self.profile,
            values if facet == "kind" else self.kind,
            self.sort,
            1,
            self.per_page,
            self.plain,
            self.ignore,
            self.correct,
            self.explain,
        )

    @property
    def filtered(self) -> bool:
        """Whether any facet value is chosen."""
        return any(self.values(facet) for facet in FACETS)
