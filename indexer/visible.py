"""What a file shows, line by line, before it is a page; and the account of every character of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from indexer.model import Cut, Link, Receipt
from indexer.outline import Line
from indexer.structured import Declared

FACTS, SOURCES, RELATED, HINT = "facts", "sources", "related", "hint"
OUTSIDE = "outside the main content"
SAMPLE_CHARS = 80
_NOTHING_DECLARED = Declared()


@dataclass(frozen=True, slots=True)
class VisibleLine:
    """One line as a reader sees it, with where it stands.

    ``region`` is one of ``FACTS``, ``SOURCES``, ``RELATED``, ``HINT`` or empty; a line with a ``cut`` reason is only
    counted. ``refs`` are the anchors of the reference markers that were taken out, ``marker_chars`` their length.
    ``term`` lines name what the next lines of a facts table state; ``fragment`` lines link only within the page.
    """

    text: str
    role: str = "text"
    level: int = 0
    anchor: str = ""
    strong: bool = False
    region: str = ""
    cut: str = ""
    language: str = ""
    links: tuple[Link, ...] = ()
    refs: tuple[str, ...] = ()
    marker_chars: int = 0
    term: bool = False
    fragment: bool = False

    def line(self) -> Line:
        """Line for the outline."""
        return Line(self.text, self.role, self.level, self.anchor, self.strong)


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that a file showed, before it is a page; titles are (source, text) pairs, the most trusted first."""

    lines: tuple[VisibleLine, ...]
    titles: tuple[tuple[str, str], ...] = ()
    declared: Declared = _NOTHING_DECLARED
    summary: str = ""
    date: str = ""
    language: str = ""
    source_url: str = ""
    hints: tuple[str, ...] = ()
    site_name: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Ledger:
    """Counts every character once: as kept, or as cut with its reason."""

    kept: int = 0
    cuts: dict[str, tuple[int, str]] = field(default_factory=dict)

    def keep(self, lines: Iterable[VisibleLine]) -> None:
        """Count lines as kept, and the reference markers taken out of them as cut."""
        for line in lines:
            self.kept += len(line.text)
            self.markers(line)

    def markers(self, line: VisibleLine) -> None:
        """Count the reference markers of a line as cut."""
        if line.marker_chars:
            self.cut("reference markers", line.marker_chars, "[1]")

    def cut(self, reason: str, chars: int, sample: str) -> None:
        """Count characters as cut; the first sample of each reason is shown."""
        before, first = self.cuts.get(reason, (0, sample[:SAMPLE_CHARS]))
        self.cuts[reason] = (before + chars, first)

    def cut_line(self, reason: str, line: VisibleLine) -> None:
        """Count a line, with its markers, as cut."""
        self.cut(reason, len(line.text), line.text)
        self.markers(line)

    def receipt(self) -> Receipt:
        """The account as it stands: what was kept and what was cut make up what was seen."""
        cuts = tuple(Cut(reason, chars, sample) for reason, (chars, sample) in self.cuts.items() if chars)
        return Receipt(self.kept + sum(cut.chars for cut in cuts), self.kept, cuts)
