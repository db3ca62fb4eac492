"""Compose a Page from the visible lines of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from indexer.citations import both_citations, cut_citations
from indexer.dates import date_line, is_dateline
from indexer.model import PROFILE_FACTS, Basis, Fact, Link, Page, Question, Section
from indexer.outline import bullet, ends_sentence, outline, sections
from indexer.structured import Asked, is_han_name
from indexer.titles import makeshift_title, same_title, title_key, title_of
from indexer.visible import FACTS, HINT, RELATED, Ledger, Reading, VisibleLine

MAX_TEXT_CHARS = 1_000_000  # of a page; the longest real one has 212,431, and a hit in the rest helps nobody
MAX_SECTIONS = 2_000
MAX_LINKS = 2_000
MAX_SUMMARY_CHARS = 2_000
HINT_CHARS = 60  # "Home > Popular cities > Shanghai" is a hint, a sentence above the title is not
OPENING_LINES = 12  # a date line stands within these first lines or the last ones, elsewhere it is text
ANSWER_CHARS = 20, 80  # letters of an answer by which its section is known: with fewer it may stand anywhere


def compose(reading: Reading, doc_id: str, path: str) -> Page:
    """Page that a reading makes: title, sections, facts, citations, and the receipt of every character.

    A page without text has no sections; the caller decides what that means.
    """
    declared, ledger = reading.declared, Ledger()
    lines = _without_cuts(reading.lines, ledger)
    title, title_source = title_of(reading, lines, path)
    lines, hints, title_zh = _head(lines, title, ledger)
    lines, visible_date = _date(lines, declared.language or reading.language, ledger)
    lines, facts = _facts(lines, ledger)
    lines, citations = cut_citations(_outlined(lines), ledger)
    lines, links = _links(lines, ledger)
    lines, warnings = _limited(lines, ledger)
    if title_source == "":
        title, title_source = makeshift_title(lines, path)
        warnings += (f"no title; {title_source} stands in for it",)
    elif title_source == "file name":
        warnings += ("no title; the name of the file stands in for it",)
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
        citations=both_citations(declared.citations, citations),
        questions=tuple(_questions(declared.questions, parts)),
        links=links,
        warnings=(*reading.warnings, *declared.warnings, *warnings),
        receipt=ledger.receipt(),
    )


# ---------------------------------------------------------------------------------------------------------------------
# The head of a page: title, labels, Chinese name, date


def _without_cuts(lines: Sequence[VisibleLine], ledger: Ledger) -> list[VisibleLine]:
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


def _head(lines: list[VisibleLine], title: str, ledger: Ledger) -> tuple[list[VisibleLine], tuple[str, ...], str]:
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
    if same_title(lines[first].text, title):
        ledger.keep([lines[first]])
    else:
        above.append(replace(lines[first], role="heading", level=2))
    title_zh = ""
    beside = rest[0] if rest and rest[0].language.startswith("zh") and len(rest[0].text) <= HINT_CHARS else None
    if beside is not None and is_han_name(beside.text) and not is_dateline(beside.text):
        title_zh = rest[0].text
        ledger.keep(rest[:1])
        rest = rest[1:]
    below = [replace(line, level=2) if line.role == "heading" and line.level == 1 else line for line in rest]
    return above + below, tuple(line.text for line in hints), title_zh


def _date(lines: list[VisibleLine], language: str, ledger: Ledger) -> tuple[list[VisibleLine], str]:
    """Lines without date lines at the start or end of the page, and the first date found."""
    found, kept = "", []
    for index, line in enumerate(lines):
        near = index < OPENING_LINES or index >= len(lines) - 3
        date = date_line(line.text, language) if near and line.role == "text" and not line.region else ""
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


def _facts(lines: list[VisibleLine], ledger: Ledger) -> tuple[list[VisibleLine], tuple[Fact, ...]]:
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


def _links(lines: list[VisibleLine], ledger: Ledger) -> tuple[list[VisibleLine], tuple[Link, ...]]:
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


def _limited(lines: list[VisibleLine], ledger: Ledger) -> tuple[list[VisibleLine], tuple[str, ...]]:
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
