"""Articles that are close in meaning to what somebody wants to know, beside those that have its words."""

from __future__ import annotations

from collections.abc import Iterable

from indexer.model import DocumentIs
from search_app.findings import MAX_LEAVES, Findings

WEIGHT = 0.85  # of one standard deviation by which an article stands out; a rare word in a text weighs two to four
STEP = 0.25  # articles whose weights differ by less are one leaf of the query
REASON = "close in meaning"


def alike(typed: Iterable[str], found: Findings) -> tuple[DocumentIs, ...]:
    """Articles like the words of who wants to know something, those of one weight together; none for other words.

    Key words say what must stand on a page. There this gains as much as it loses.
    """
    if found.plain or not (found.seeks_knowledge() and found.wants_article()):
        return ()
    steps: dict[int, list[str]] = {}
    for doc_id, apart in found.lexicon.alike(tuple(typed)):
        steps.setdefault(round(WEIGHT * apart / STEP), []).append(doc_id)
    if found.leaves + len(steps) > MAX_LEAVES:  # a long text has words enough
        return ()
    found.leaves += len(steps)
    return tuple(DocumentIs(tuple(doc_ids), step * STEP, REASON) for step, doc_ids in steps.items())
