"""Which sources a page lists, and which it declares."""

from __future__ import annotations

import re
from dataclasses import replace

from indexer.dates import iso_date
from indexer.model import Citation
from indexer.visible import SOURCES, Ledger, VisibleLine

_SOURCES_HEADING = re.compile(
    r"^(?:\d{1,2}[.、]?\s*)?(?:sources?|references?|bibliography|citations?|footnotes|参考文献|参考资料|资料来源|来源)\s*[:：]?$",
    re.IGNORECASE,
)
_ACCESSED = re.compile(
    r"(?:read|accessed|retrieved|visited)(?:\s+on)?[:\s]+(\d{4}-\d{2}-\d{2}|\d{1,2} \w+ \d{4})", re.IGNORECASE
)
_IN_TEXT_DATE = re.compile(r"\b(?:19|20)\d{2}(?:-\d{2}(?:-\d{2})?)?\b")


def cut_citations(lines: list[VisibleLine], ledger: Ledger) -> tuple[list[VisibleLine], tuple[Citation, ...]]:
    """Lines without the list of sources, and the sources in it."""
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


def both_citations(declared: tuple[Citation, ...], visible: tuple[Citation, ...]) -> tuple[Citation, ...]:
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
