"""Cut what recurs across pages, with a receipt."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from indexer.cleaning import clean
from indexer.linklists import ListedLine, link_lists
from indexer.model import Cut, Page, Receipt, Section
from indexer.outline import BULLET
from indexer.visible import SAMPLE_CHARS

Numbers = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

# A line is boilerplate when it stands on this many pages and on this share of all pages. In a small corpus it has to
# be on most pages, in a large one a twentieth is far more than any sentence that somebody wrote for a page.
LEVELS = ((3, 0.5), (10, 0.2), (50, 0.05))
RECURRING_CHARS = 25  # shorter lines ("Oncology", "Opening hours") may recur and still say something, unless they link
GUARD_SHARE = 0.7  # a page that would lose more than this …
GUARD_CHARS = 400  # … and keep less than this is a list by itself, or a copy of another page: it keeps everything
SUFFIX_SOURCES = ("title", "og:title")
_SUFFIX = re.compile(r"\s+[|–—_·•»:-]\s+|\s*[_|｜]\s*")
_SHARE = re.compile(
    r"^(?:share (?:this|on|with|to|via|it)\b|tell (?:a|your) friends?\b|follow us\b|like us\b"
    r"|分享到|分享给|扫一扫|关注我们)",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"^[«‹<←]*\s*(?:previous|prev|next|older|newer)(?:\s+(?:article|page|post|story|one))?\s*(?:[:：»›>→|]|$)"
    r"|^(?:上一篇|下一篇|上一页|下一页|上一条|下一条)",
    re.IGNORECASE,
)
_TOP = re.compile(r"^(?:back to top|to the top|top|print(?: this page)?|返回顶部|返回列表|打印本页)\W*$", re.IGNORECASE)

_LETTERS = re.compile(r"[^\W_]+")  # and digits: ``\w`` is what ``str.isalnum`` says, and the underscore

_NO_NUMBERS: Numbers = np.zeros(0, np.uint64)
_NO_COUNTS: Counts = np.zeros(0, np.int64)


class Evidence:
    """How many pages have each line, link or title suffix; add and remove pages as they come and go.

    Fingerprints of one page are given without repetition. They are kept in arrays: of 100,000 pages there are millions.
    """

    def __init__(self) -> None:
        self.pages = 0
        # What there was to begin with and by how much that has changed since; fingerprints in rising order.
        self._known, self._known_counts = _NO_NUMBERS, _NO_COUNTS
        self._moved, self._changes = _NO_NUMBERS, _NO_COUNTS
        self._added: list[Numbers] = []
        self._removed: list[Numbers] = []
        self._recurring: dict[int, int] | None = None

    @classmethod
    def of(cls, fingerprints: Numbers, pages: int) -> Evidence:
        """Evidence of so many pages, whose fingerprints stand in one array."""
        evidence = cls()
        evidence.pages = pages
        evidence._known, evidence._known_counts = np.unique(fingerprints, return_counts=True)
        return evidence

    def add(self, fingerprints: Sequence[int]) -> None:
        """Count one page in."""
        self.pages += 1
        self._added.append(np.asarray(fingerprints, np.uint64))
        self._recurring = None

    def remove(self, fingerprints: Sequence[int]) -> None:
        """Count one page out that was counted in with the same fingerprints."""
        self.pages -= 1
        self._removed.append(np.asarray(fingerprints, np.uint64))
        self._recurring = None

    def count(self, fingerprint: int) -> int:
        """Pages that have it."""
        self._settle()
        wanted = np.array([fingerprint], np.uint64)
        known, moved = (self._known, self._known_counts), (self._moved, self._changes)
        return int(_looked_up(*known, wanted)[0] + _looked_up(*moved, wanted)[0])

    def recurs(self, fingerprint: int) -> bool:
        """Whether it stands on enough pages to be no page's own (see ``LEVELS``)."""
        return fingerprint in self.often()

    def threshold(self) -> int:
        """Pages that something must stand on to recur, for the pages counted now."""
        return min(max(least, -int(-share * self.pages // 1)) for least, share in LEVELS)

    def often(self) -> Mapping[int, int]:
        """Everything that recurs now, with the number of pages: a few hundred numbers, however many pages there are."""
        if self._recurring is None:
            self._settle()
            least = self.threshold()
            large = self._known_counts >= least
            found = dict(zip(self._known[large].tolist(), self._known_counts[large].tolist(), strict=True))
            totals = _looked_up(self._known, self._known_counts, self._moved) + self._changes
            small = totals < least
            for number in set(self._moved[small].tolist()) & found.keys() if found else ():
                del found[number]
            found.update(zip(self._moved[~small].tolist(), totals[~small].tolist(), strict=True))
            self._recurring = found
        return self._recurring

    def recurring(self) -> frozenset[int]:
        """Everything that recurs now: a page must be cut again when its share of this set has changed."""
        return frozenset(self.often())

    def _settle(self) -> None:
        """Count what has been added and removed since the last time."""
        if not self._added and not self._removed:
            return
        numbers = np.concatenate([self._moved, *self._added, *self._removed])
        sizes = [sum(map(len, pages)) for pages in (self._added, self._removed)]
        self._added, self._removed = [], []
        if not len(self._moved) and not sizes[1]:
            self._moved, self._changes = np.unique(numbers, return_counts=True)
            return
        changes = np.concatenate([self._changes, np.repeat(np.array([1, -1]), sizes)])
        self._moved, places = np.unique(numbers, return_inverse=True)
        self._changes = np.bincount(places, changes, len(self._moved)).astype(np.int64)


def _looked_up(numbers: Numbers, counts: Counts, wanted: Numbers) -> Counts:
    """Count of each wanted number, 0 where it is not among the numbers."""
    if not len(numbers):
        return np.zeros(len(wanted), np.int64)
    places = np.minimum(numbers.searchsorted(wanted), len(numbers) - 1)
    return np.where(numbers[places] == wanted, counts[places], 0)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line stands: number of its section, and of the line within."""

    section: int
    line: int


def fingerprints(page: Page) -> tuple[int, ...]:
    """64-bit numbers of what a page may share with others: its lines, link targets, end of its title, all of it."""
    found = {_fingerprint("line", line) for section in page.sections for line in section.text.split("\n") if line}
    found |= {_fingerprint("link", link.href + " " + link.text) for link in page.links}
    found |= {_fingerprint("suffix", suffix) for suffix in _suffixes(page)}
    said = [f"{section.heading}\0{section.text}" for section in page.sections]
    said += [f"{fact.name}\0{fact.value}" for fact in page.facts]
    said += [f"{basis.facet}\0{basis.value}" for basis in page.declared]
    found.add(_fingerprint("page", "\n".join([page.title, page.title_zh, *page.aliases, *said])))
    return tuple(sorted(found))


def cut(page: Page, evidence: Evidence, titles: Collection[str] = ()) -> Page:
    """Take out of a page what is not its own, with every cut in its receipt.

    Cut are lines that recur across the corpus; lists of links and titles wherever they stand, also in a corpus of one
    page; share lines, "previous" and "next". What follows them stays. Headings stay as long as text is left below
    them. ``titles`` are titles of other pages as ``title_of_line`` folds them: they help to know a list of titles.
    A page that would lose nearly everything keeps everything, with a warning.
    """
    page = replace(page, title=_own_title(page, evidence))
    reasons = _reasons(page, evidence, titles)
    if not reasons:
        return page
    sections, cuts, lost = _without(page, reasons)
    left = sum(_size(line) for section in sections for line in section.text.split("\n"))
    if lost > GUARD_SHARE * (lost + left) and left < GUARD_CHARS:
        share = round(100 * lost / (lost + left))
        first = next(iter(cuts)).reason
        return replace(page, warnings=(*page.warnings, f"kept as it is: {share} % of its text would go ({first})"))
    gone = {title_of_line(page.sections[place.section].text.split("\n")[place.line]) for place in reasons}
    receipt = Receipt(page.receipt.seen, page.receipt.kept - lost, (*page.receipt.cuts, *cuts))
    links = tuple(link for link in page.links if title_of_line(link.text) not in gone)
    return replace(page, sections=sections, links=links, receipt=receipt)


def title_of_line(line: str) -> str:
    """Letters and digits of a line in lower case: equal for a title and a line that repeats it."""
    return "".join(_LETTERS.findall(line.casefold()))


def _reasons(page: Page, evidence: Evidence, titles: Collection[str]) -> dict[_Place, str]:
    """Why lines are cut, by their place; lines that stay are not in it."""
    linked = {title_of_line(link.text) for link in page.links}
    reasons: dict[_Place, str] = {}
    places: list[_Place] = []
    lines: list[ListedLine] = []
    for number, section in enumerate(page.sections):
        lines.append(ListedLine(section.heading, heading=True))
        places.append(_Place(number, -1))
        for index, line in enumerate(section.text.split("\n") if section.text else ()):
            place = _Place(number, index)
            folded = title_of_line(line)
            if reason := _by_itself(line, folded in linked, evidence):
                reasons[place] = reason
            places.append(place)
            lines.append(
                ListedLine(line.removeprefix(BULLET), line.startswith(BULLET), folded in linked, folded in titles)
            )
    for start, end, reason in link_lists(lines):
        for index in range(start, end):
            reasons[places[index]] = reason
    return reasons


def _by_itself(line: str, linked: bool, evidence: Evidence) -> str:
    text = line.removeprefix(BULLET)
    if len(text) <= 100 and _SHARE.match(text):
        return "share line"
    if len(text) <= 200 and (_TURN.match(text) or _TOP.match(text)):
        return "links to the previous and next page"
    if (linked or len(text) >= RECURRING_CHARS) and (pages := evidence.often().get(_fingerprint("line", line))):
        return f"stands on {pages} of {evidence.pages} pages"
    return ""


def _without(page: Page, reasons: dict[_Place, str]) -> tuple[tuple[Section, ...], tuple[Cut, ...], int]:
    """Sections without the lines that have a reason, the cuts, and how many characters went."""
    kept: list[Section] = []
    runs: list[tuple[str, int, int, str]] = []  # reason, lines, characters, first line; one for each run of lines
    for number, section in enumerate(page.sections):
        lines = section.text.split("\n") if section.text else []
        stays = [line for index, line in enumerate(lines) if _Place(number, index) not in reasons]
        gone = [(line, reasons[_Place(number, i)]) for i, line in enumerate(lines) if _Place(number, i) in reasons]
        if gone and not any(stays) and section.heading:
            gone.insert(0, (section.heading, gone[0][1]))
        elif stays or section.heading:
            kept.append(replace(section, text="\n".join(stays)))
        for line, reason in gone:
            if runs and runs[-1][0] == reason:
                _, count, chars, sample = runs[-1]
                runs[-1] = (reason, count + 1, chars + _size(line), sample)
            else:
                runs.append((reason, 1, _size(line), line.removeprefix(BULLET)))
    cuts = tuple(
        Cut(f"{reason}, {count} lines" if count > 1 else reason, chars, sample[:SAMPLE_CHARS])
        for reason, count, chars, sample in runs
    )
    return tuple(kept), cuts, sum(each.chars for each in cuts)


def _size(line: str) -> int:
    return len(line.removeprefix(BULLET))


def _fingerprint(kind: str, text: str) -> int:
    folded = clean(text).casefold()
    return int.from_bytes(hashlib.blake2b(f"{kind}:{folded}".encode(), digest_size=8).digest())


# ---------------------------------------------------------------------------------------------------------------------
# The end that all titles of a site share


def _suffixes(page: Page) -> Iterator[str]:
    """Find the ends of a title behind a separator, the longest first: what follows it may be the site's name."""
    if page.title_source in SUFFIX_SOURCES:
        for match in _SUFFIX.finditer(page.title):
            if match.start():
                yield page.title[match.end() :]


def _own_title(page: Page, evidence: Evidence) -> str:
    """Title of a page less the longest end that recurs across the corpus."""
    for suffix in _suffixes(page):
        if evidence.recurs(_fingerprint("suffix", suffix)):
            head = page.title[: len(page.title) - len(suffix)]
            return _SUFFIX.sub("", head[::-1], count=1)[::-1].strip() or page.title
    return page.title
