"""Compose a Page from the visible lines of a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from indexer.cleaning import clean
from indexer.dates import date_line, iso_date
from indexer.model import PROFILE_FACTS, Basis, Citation, Cut, Fact, Link, Page, Question, Receipt, Section
from indexer.outline import GENERATED, Line, bullet, ends_sentence, outline, sections
from indexer.structured import Asked, Declared, is_han_name

MAX_TEXT_CHARS = 1_000_000  # of a page; the longest real one has 212,431, and a hit in the rest helps nobody
MAX_SECTIONS = 2_000
MAX_LINKS = 2_000
MAX_TITLE_CHARS = 300
MAX_SUMMARY_CHARS = 2_000
HINT_CHARS = 60  # "Home > Popular cities > Shanghai" is a hint, a sentence above the title is not
SAMPLE_CHARS = 80
OPENING_LINES = 12  # a date line stands within these first lines or the last ones, elsewhere it is text
FACTS, SOURCES, RELATED, HINT = "facts", "sources", "related", "hint"
ANSWER_CHARS = 20, 80  # letters of an answer by which its section is known: with fewer it may stand anywhere
OUTSIDE = "outside the main content"
_NOTHING_DECLARED = Declared()

_SOURCES_HEADING = re.compile(
    r"^(?:\d{1,2}[.、]?\s*)?(?:sources?|references?|bibliography|citations?|footnotes|参考文献|参考资料|资料来源|来源)\s*[:：]?$",
    re.IGNORECASE,
)
_TITLE_SEPARATOR = re.compile(r"\s+[|–—_·•»:-]\s+|\s*[|_｜]\s*|\s+-\s*")
_NO_TITLE = re.compile(
    r"^(?:untitled(?: document| page)?|document|new page.*|home(?: ?page)?|index|welcome|default|404.*|page not found.*"
    r"|无标题.*|新建网页.*|首页)?$",
    re.IGNORECASE,
)
_ACCESSED = re.compile(
    r"(?:read|accessed|retrieved|visited)(?:\s+on)?[:\s]+(\d{4}-\d{2}-\d{2}|\d{1,2} \w+ \d{4})", re.IGNORECASE
)
_IN_TEXT_DATE = re.compile(r"\b(?:19|20)\d{2}(?:-\d{2}(?:-\d{2})?)?\b")


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
class _Ledger:
    """Counts every character once: as kept, or as cut with its reason."""

    kept: int = 0
    cuts: dict[str, tuple[int, str]] = field(default_factory=dict)

    def keep(self, lines: Iterable[VisibleLine]) -> None:
        for line in lines:
            self.kept += len(line.text)
            self.markers(line)

    def markers(self, line: VisibleLine) -> None:
        if line.marker_chars:
            self.cut("reference markers", line.marker_chars, "[1]")

    def cut(self, reason: str, chars: int, sample: str) -> None:
        before, first = self.cuts.get(reason, (0, sample[:SAMPLE_CHARS]))
        self.cuts[reason] = (before + chars, first)

    def cut_line(self, reason: str, line: VisibleLine) -> None:
        self.cut(reason, len(line.text), line.text)
        self.markers(line)

    def receipt(self) -> Receipt:
        cuts = tuple(Cut(reason, chars, sample) for reason, (chars, sample) in self.cuts.items() if chars)
        return Receipt(self.kept + sum(cut.chars for cut in cuts), self.kept, cuts)


def compose(reading: Reading, doc_id: str, path: str) -> Page:
    """Page that a reading makes: title, sections, facts, citations, and the receipt of every character.

    A page without text has no sections; the caller decides what that means.
    """
    declared, ledger = reading.declared, _Ledger()
    lines = _without_cuts(reading.lines, ledger)
    title, title_source = _title(reading, lines, path)
    lines, hints, title_zh = _head(lines, title, ledger)
    lines, visible_date = _date(lines, ledger)
    lines, facts = _facts(lines, ledger)
    lines, citations = _citations(_outlined(lines), ledger)
    lines, links = _links(lines, ledger)
    lines, warnings = _limited(lines, ledger)
    if title_source == "":
        title, title_source = _makeshift_title(lines, path)
        warnings += (f"no title; {title_source} stands in for it",)
    ledger.keep(lines)
    parts = sections(line.line() for line in lines)
    all_facts = _both_facts(declared.facts, facts)
    return Page(
        doc_id=doc_id,
        path=path,
        kind=declared.kind,
        title=title,
        title_source=title_source,
        sections=parts,
        title_zh=declared.name_zh or title_zh,
        aliases=declared.aliases,
        summary=(declared.summary or reading.summary)[:MAX_SUMMARY_CHARS],
        date=declared.date or reading.date or visible_date,
        language=declared.language or reading.language or _language(parts),
        source_url=declared.url or reading.source_url,
        declared=(*declared.basis, *_profile(all_facts)),
        hints=tuple(dict.fromkeys((*declared.hints, *reading.hints, *hints))),
        facts=all_facts,
        citations=_both_citations(declared.citations, citations),
        questions=tuple(_questions(declared.questions, parts)),
        links=links,
        warnings=(*reading.warnings, *declared.warnings, *warnings),
        receipt=ledger.receipt(),
    )


def title_key(text: str) -> str:
    """Letters, digits and Han characters of a title in lower case: equal for two spellings of one title."""
    return "".join(c for c in clean(text).casefold() if c.isalnum())


# ---------------------------------------------------------------------------------------------------------------------
# The head of a page: title, labels, Chinese name, date


def _without_cuts(lines: Sequence[VisibleLine], ledger: _Ledger) -> list[VisibleLine]:
    kept: list[VisibleLine] = []
    for index, line in enumerate(lines):
        if line.fragment and not line.cut and not line.region and _in_contents(lines, index):
            line = replace(line, cut="table of contents")
        if line.cut:
            ledger.cut_line(line.cut, line)
        else:
            kept.append(line)
    return kept


def _in_contents(lines: Sequence[VisibleLine], index: int) -> bool:
    start = end = index
    while start and lines[start - 1].fragment:
        start -= 1
        if index - start > 2:
            return True
    while end + 1 < len(lines) and lines[end + 1].fragment and end - start < 2:
        end += 1
    return end - start >= 2


def _title(reading: Reading, lines: Sequence[VisibleLine], path: str) -> tuple[str, str]:
    h1 = next((line.text for line in lines if line.role == "heading" and line.level == 1), "")
    # A page may keep its <h1> in the site's header, outside of <main>.
    h1 = h1 or next(
        (line.text for line in reading.lines if line.level == 1 and line.cut in (OUTSIDE, "site header")), ""
    )
    candidates = [*reading.titles, ("h1", h1)]
    for source, text in ((source, text[: MAX_TITLE_CHARS * 2]) for source, text in candidates):
        text = text if source in ("JSON-LD", "h1") else _less_site(text, reading.site_name, h1)
        if not _NO_TITLE.match(text):
            return text[:MAX_TITLE_CHARS], source
    stem = re.sub(r"[-_+\s]+", " ", path.rpartition("/")[2].rpartition(".")[0]).strip()
    words = [word for word in stem.split() if len(word) > 1 and word.isalpha()]
    # A file name is a title when it has words; "000_579008efc1ec825a", "index" and "269" are not.
    if len(words) >= 2 and sum(map(len, words)) * 2 > len(stem):
        return stem[:MAX_TITLE_CHARS], "file name"
    return stem, ""


def _less_site(title: str, site: str, h1: str) -> str:
    """Title without the name of the site at its end, where the page itself shows which part that is."""
    for match in reversed(list(_TITLE_SEPARATOR.finditer(title))):
        head, tail = title[: match.start()], title[match.end() :]
        if head and (title_key(head) == title_key(h1) or (site and title_key(tail) == title_key(site))):
            return head.strip()
    return title


def _makeshift_title(lines: Sequence[VisibleLine], path: str) -> tuple[str, str]:
    heading = next((line.text for line in lines if line.role == "heading"), "")
    if heading:
        return heading[:MAX_TITLE_CHARS], "first heading"
    first = next((line.text for line in lines), "")
    if first:
        return (first if len(first) <= 100 else first[:100].rpartition(" ")[0] + " …"), "first line"
    return path, "file name"


def _head(lines: list[VisibleLine], title: str, ledger: _Ledger) -> tuple[list[VisibleLine], tuple[str, ...], str]:
    """Lines after the title, hints that stood before it, and the Chinese name beside it."""
    hints = [line for line in lines if line.region == HINT]
    ledger.keep(hints)
    lines = [line for line in lines if line.region != HINT]
    first = next((i for i, line in enumerate(lines) if line.role == "heading" and line.level == 1), None)
    if first is None:
        first = next((i for i, line in enumerate(lines[:5]) if title_key(line.text) == title_key(title)), None)
    if first is None:
        return lines, tuple(line.text for line in hints), ""
    above = lines[:first]
    if len(above) <= 3 and all(len(line.text) <= HINT_CHARS and not ends_sentence(line.text) for line in above):
        hints += above
        ledger.keep(above)
        above = []
    rest = lines[first + 1 :]
    if _same_title(lines[first].text, title):
        ledger.keep([lines[first]])
    else:
        above.append(replace(lines[first], role="heading", level=2))
    title_zh = ""
    if rest and rest[0].language.startswith("zh") and is_han_name(rest[0].text) and len(rest[0].text) <= HINT_CHARS:
        title_zh = rest[0].text
        ledger.keep(rest[:1])
        rest = rest[1:]
    below = [replace(line, level=2) if line.role == "heading" and line.level == 1 else line for line in rest]
    return above + below, tuple(line.text for line in hints), title_zh


def _same_title(shown: str, title: str) -> bool:
    one, other = title_key(shown), title_key(title)
    return one == other or (len(one) > 5 and (one in other or other in one))


def _date(lines: list[VisibleLine], ledger: _Ledger) -> tuple[list[VisibleLine], str]:
    """Lines without date lines at the start or end of the page, and the first date found."""
    found, kept = "", []
    for index, line in enumerate(lines):
        near = index < OPENING_LINES or index >= len(lines) - 3
        date = date_line(line.text) if near and line.role == "text" and not line.region else ""
        if date:
            found = found or date
            ledger.keep([line])
        else:
            kept.append(line)
    return kept, found


def _language(parts: Iterable[Section]) -> str:
    sample = "".join(part.text[:2_000] for part in list(parts)[:10])
    han = sum("\u3400" <= c <= "\u9fff" for c in sample)
    return "zh" if han * 5 > len(sample) else ""


# ---------------------------------------------------------------------------------------------------------------------
# Facts, citations, links


def _facts(lines: list[VisibleLine], ledger: _Ledger) -> tuple[list[VisibleLine], tuple[Fact, ...]]:
    facts: list[Fact] = []
    name, kept = "", []
    for line in lines:
        if line.region != FACTS:
            kept.append(line)
            continue
        ledger.keep([line])
        if line.term:
            name = line.text.rstrip(":： ")
        elif name:
            facts.append(Fact(name, line.text, line.refs))
    return kept, tuple(facts)


def _profile(facts: tuple[Fact, ...]) -> Iterator[Basis]:
    """What kind of hospital it is, by facts that say so."""
    for fact in facts:
        if fact.name.casefold() in PROFILE_FACTS:
            yield Basis("profile", fact.value, "declared", f"facts: {fact.name}")


def _both_facts(declared: tuple[Fact, ...], visible: tuple[Fact, ...]) -> tuple[Fact, ...]:
    known = {fact.name.casefold() for fact in declared}
    return (*declared, *(fact for fact in visible if fact.name.casefold() not in known))


def _outlined(lines: list[VisibleLine]) -> list[VisibleLine]:
    """Bullets read; and where the page has no headings of its own, those that its text shows."""
    found = []
    for line in lines:
        rest = bullet(line.text) if line.role == "text" and not line.region else None
        found.append(replace(line, text=rest, role="item") if rest else line)
    if any(line.role == "heading" and not line.region for line in found):
        return found
    marked = outline([line.line() for line in found])
    return [replace(line, role=mark.role, level=mark.level) for line, mark in zip(found, marked, strict=True)]


def _citations(lines: list[VisibleLine], ledger: _Ledger) -> tuple[list[VisibleLine], tuple[Citation, ...]]:
    citations: list[Citation] = []
    kept: list[VisibleLine] = []
    level = 0  # of the open "Sources" heading; 0 outside
    for line in lines:
        if line.role == "heading" and line.region != SOURCES:
            level = line.level if _SOURCES_HEADING.match(line.text) else (level if line.level > level else 0)
            inside = level > 0
        else:
            inside = level > 0 or line.region == SOURCES
        if not inside:
            kept.append(line)
            continue
        ledger.keep([line])
        if line.role != "heading" and (citation := _citation(line, len(citations) + 1)):
            citations.append(citation)
    return kept, tuple(citations)


def _citation(line: VisibleLine, number: int) -> Citation | None:
    link = next((link for link in line.links if link.href.startswith(("http://", "https://"))), None)
    if link is None and len(line.text) < 10:
        return None
    title = link.text if link else line.text
    anchor = line.anchor or f"source-{number}"
    if link is None:
        return Citation(title, "", anchor=anchor)
    rest = line.text.partition(title)[2]
    accessed = _ACCESSED.search(rest)
    rest = rest[: accessed.start()] if accessed else rest
    date = _IN_TEXT_DATE.search(rest)
    publisher = (rest[: date.start()] if date else rest).strip(" ,.;:–—-·()")
    return Citation(
        title, link.href, publisher, date[0] if date else "", iso_date(accessed[1]) if accessed else "", anchor
    )


def _both_citations(declared: tuple[Citation, ...], visible: tuple[Citation, ...]) -> tuple[Citation, ...]:
    """Join the declared citations with what only the visible list says; the visible list where nothing is declared."""
    if not declared:
        return visible
    shown = {citation.anchor: citation for citation in visible}
    joined = []
    for citation in declared:
        also = shown.get(citation.anchor)
        if also:
            citation = replace(
                citation,
                url=citation.url or also.url,
                publisher=citation.publisher or also.publisher,
                date=citation.date or also.date,
                accessed=citation.accessed or also.accessed,
            )
        joined.append(citation)
    return tuple(joined)


def _questions(asked: Iterable[Asked], parts: Sequence[Section]) -> Iterator[Question]:
    """The questions with the sections that answer them: as declared, else the one that has the answer's first words."""
    keys: list[tuple[str, str]] = []
    least, most = ANSWER_CHARS
    for each in asked:
        anchor = each.anchor
        if not anchor and each.answer:
            keys = keys or [(part.anchor, title_key(f"{part.heading} {part.text}")) for part in parts]
            wanted = title_key(each.answer)[:most]
            anchor = next((own for own, key in keys if len(wanted) >= least and wanted in key), "")
        yield Question(each.text, anchor)


def _links(lines: list[VisibleLine], ledger: _Ledger) -> tuple[list[VisibleLine], tuple[Link, ...]]:
    """Lines without the lists of related pages, whose links are kept all the same."""
    links: dict[Link, None] = {}
    kept = []
    for line in lines:
        links.update(dict.fromkeys(line.links))
        if line.region == RELATED:
            ledger.cut_line("links to other pages", line)
        else:
            kept.append(line)
    return kept, tuple(links)[:MAX_LINKS]


def _limited(lines: list[VisibleLine], ledger: _Ledger) -> tuple[list[VisibleLine], tuple[str, ...]]:
    total = headings = 0
    for index, line in enumerate(lines):
        total += len(line.text)
        headings += line.role == "heading"
        if total > MAX_TEXT_CHARS or headings > MAX_SECTIONS:
            room = max(0, MAX_TEXT_CHARS - (total - len(line.text))) if line.role == "text" else 0
            rest = [replace(line, text=line.text[room:]), *lines[index + 1 :]]
            kept = lines[:index] + ([replace(line, text=line.text[:room], marker_chars=0)] if room else [])
            for each in rest:
                ledger.cut_line("past the limit of a page", each)
            return kept, (f"only the first {sum(len(each.text) for each in kept):,} characters were kept",)
    return lines, ()


def generated(anchor: str) -> bool:
    """Whether an anchor was made here, so that a link to the source page cannot use it."""
    return anchor.startswith(GENERATED)
