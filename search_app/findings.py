"""What is collected while a text is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from indexer.engines import Lexicon
from indexer.model import Boost
from search_app.reading import FacetReading
from search_app.words import Words

BOOSTS = {"city": 4.0, "specialty": 4.0, "kind": 5.0, "topic": 3.0}
HINT = 2.0  # for a value that is only related to the words
MAX_LEAVES = 52  # an engine takes 62; exact name, names inside and filters need a few


@dataclass(slots=True)
class Findings:
    """One text while it is read: how to read it, and what was found so far."""

    text: str
    lexicon: Lexicon
    words: Words
    plain: bool
    ignore: frozenset[str]
    correct: bool
    corrected: dict[str, str] = field(default_factory=dict)
    replaced: dict[tuple[int, int], str] = field(default_factory=dict)
    found: dict[FacetReading, None] = field(default_factory=dict)
    hints: dict[tuple[str, str], None] = field(default_factory=dict)
    excluded: dict[FacetReading, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    in_name: list[tuple[int, int]] = field(default_factory=list)  # stretches that are names of pages
    leaves: int = 0

    def wanted(self, facet: str, value: str) -> bool:
        """Whether a facet value may be read from the words."""
        return not self.plain and facet not in self.ignore and f"{facet}:{value}" not in self.ignore

    def room(self) -> bool:
        """Whether one more leaf fits into the query; counts it, or notes that words were left out."""
        if self.leaves < MAX_LEAVES:
            self.leaves += 1
            return True
        self.notes["The search is too long; the last words were left out."] = None
        return False

    def read(self, facet: str, value: str, typed: str) -> None:
        """Keep a facet value that was read from some words."""
        self.found[FacetReading(facet, value, typed)] = None

    def used(self) -> str:
        """The text with its corrections."""
        used = self.text
        for (start, end), text in sorted(self.replaced.items(), reverse=True):
            used = used[:start] + text + used[end:]
        return used

    def boosts(self) -> tuple[Boost, ...]:
        """What lifts hits. Beside "hospital" a word for a specialty does not mean the topic of articles as well."""
        hospital = any(each.facet == "kind" and each.value == "hospital" for each in self.found)
        both = {each.words for each in self.found if each.facet == "specialty"} if hospital else set()
        lifts: dict[tuple[str, str], float] = dict.fromkeys(self.hints, HINT)
        for each in self.found:
            if each.facet != "topic" or each.words not in both:
                lifts[(each.facet, each.value)] = BOOSTS[each.facet]
        return tuple(Boost(facet, value, weight) for (facet, value), weight in lifts.items())
