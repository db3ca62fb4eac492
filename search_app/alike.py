"""Articles that are close in meaning to what is typed: beside those that have the words, or among them."""

from __future__ import annotations

from collections.abc import Iterable

from indexer.model import DocumentIs, Hit, Results, Weight
from search_app.by_strength import WINDOW
from search_app.findings import MAX_LEAVES, Findings
from search_app.thesaurus import Terms

WEIGHT = 0.85  # of one standard deviation by which an article stands out; a rare word in a text weighs two to four
STEP = 0.25  # articles whose weights differ by less are one leaf of the query
REASON = "close in meaning"
AMONG = 0.2  # of one, where articles that have key words change places: it settles what is nearly a tie by words


def alike(typed: Iterable[str], found: Findings) -> tuple[DocumentIs, ...]:
    """Articles like the words of who wants to know something, those of one weight together; none for other words.

    Key words say what must stand on a page. There this gains as much as it loses; see ``articles_in_order``.
    """
    if found.plain or not _beside(found):
        return ()
    steps: dict[int, list[str]] = {}
    for doc_id, apart in found.lexicon.alike(tuple(typed)):
        steps.setdefault(round(WEIGHT * apart / STEP), []).append(doc_id)
    if found.leaves + len(steps) > MAX_LEAVES:  # a long text has words enough
        return ()
    found.leaves += len(steps)
    return tuple(DocumentIs(tuple(doc_ids), step * STEP, REASON) for step, doc_ids in steps.items())


def key_words(typed: Terms, found: Findings) -> Terms:
    """The words by which articles are put in order among themselves; none beside others, or for hospitals."""
    return () if found.plain or found.wants_hospital() or _beside(found) else typed


def articles_in_order(results: Results, close: Iterable[tuple[str, float]]) -> Results:
    """The first hits of a search with their articles in another order: of those that are nearly equal the closer first.

    Articles take the places of articles, and the scores that go with these, so that no hospital has to give way to one.
    ``close`` says how far articles stand out; ``results`` begin with the first hit.
    """
    near, rest = results.hits[:WINDOW], results.hits[WINDOW:]
    gains = {doc_id: AMONG * apart for doc_id, apart in close}
    articles = [hit for hit in near if hit.card.kind == "article"]
    ordered = sorted(articles, key=lambda hit: -(hit.score + gains.get(hit.doc_id, 0.0)))
    if ordered == articles:
        return results
    following = iter([_at(hit, place, results.query.explain) for hit, place in zip(ordered, articles, strict=True)])
    return results._replace(hits=(*(next(following) if hit.card.kind == "article" else hit for hit in near), *rest))


def _beside(found: Findings) -> bool:
    """Whether articles that lack the words come beside those that have them."""
    return found.seeks_knowledge() and found.wants_article()


def _at(hit: Hit, place: Hit, explain: bool) -> Hit:
    """A hit at the place of another."""
    if hit is place:
        return hit
    more = (Weight(f"{REASON}, among articles", round(place.score - hit.score, 4)),) if explain else ()
    return hit._replace(rank=place.rank, score=place.score, explanation=(*hit.explanation, *more))
