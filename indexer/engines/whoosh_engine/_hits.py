"""From the numbers that the loops give back to hits and facets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from operator import or_

import orjson

from indexer.engines import tree as trees
from indexer.engines.whoosh_engine._answer import ROW
from indexer.engines.whoosh_engine._plan import MAX_TRACED, Plan, SegmentPlan
from indexer.engines.whoosh_engine._positions import impact_at
from indexer.model import FACETS, Card, DocumentIs, Facet, Hit, Prefix, Query, Snippet, Weight
from indexer.ranking import Ranking

_BITS = tuple([1 << member for member in range(MAX_TRACED + 1)])  # further members share the last


class Presenter:
    """Makes the hits of one search, those of one segment after the other."""

    def __init__(self, query: Query, plan: Plan, ranking: Ranking) -> None:
        self._query, self._plan, self._ranking = query, plan, ranking
        self._named = [leaf for leaf in plan.tree.leaves if isinstance(leaf, DocumentIs)]
        self._reasons = [trees.reason(member) for member in plan.members]
        self._begun = [place for place, member in enumerate(plan.members) if isinstance(member, Prefix)]

    def hits(
        self, part: SegmentPlan, seen: list[int], texts: Iterable[str], ranks: Iterable[int], scores: Sequence[float],
        bonus: Sequence[float],
    ) -> list[Hit]:  # fmt: skip
        """Hits of one segment: ``seen`` are their numbers as ``_answer`` writes them, ``texts`` their snippets.

        ``bonus`` is looked at for an explanation alone.
        """
        count = len(scores)
        if not count:
            return []
        if self._query.sort != "relevance":
            scores = [0.0] * count
        numbers, words, places, ends = [seen[column * count : (column + 1) * count] for column in range(ROW)]
        middle = ROW * count + ends[-1]
        spans = tuple(zip(seen[ROW * count : middle], seen[middle:], strict=True))
        for member in self._begun:
            words = list(map(or_, words, self._beginning(part, member, numbers)))
        matched_by = {each: self._words(each) for each in {*words}}
        new = tuple.__new__  # what a named tuple's own constructor calls, without the call of a function of Python
        hit, snippet = Hit, Snippet
        before = 0
        hits: list[Hit] = []
        for rank, score, (card, outline), bits, place, text, end in zip(
            ranks, scores, map(part.segment.card, numbers), words, places, texts, ends, strict=False
        ):
            section = outline[place] if place >= 0 else None
            plain = place < 0 and card.summary
            shown = new(snippet, (card.summary, ()) if plain else (text, spans[before:end]))
            before = end
            hits.append(new(hit, (rank, score, card, shown, section, matched_by[bits], ())))
        if self._named or self._query.explain:
            return [self._reasoned(part, *each) for each in zip(hits, numbers, bonus or [0.0] * count, strict=True)]
        return hits

    def _reasoned(self, part: SegmentPlan, hit: Hit, number: int, bonus: float) -> Hit:
        """A hit with the names that it was asked for by, and with an explanation if that is wanted."""
        named = [trees.document_reason(leaf) for leaf in self._named if hit.card.doc_id in leaf.doc_ids]
        explanation = self._explain(part, number, hit.card, bonus) if self._query.explain else ()
        if not named and not explanation:
            return hit
        return hit._replace(matched=tuple(dict.fromkeys((*hit.matched, *named))), explanation=explanation)

    def _beginning(self, part: SegmentPlan, member: int, numbers: Iterable[int]) -> Iterator[int]:
        """The bit of the beginning of a word for each document that has it, although a token counts for one word only.

        The word that has taken all of them may be another one.
        """
        bit = _BITS[min(member, MAX_TRACED)]
        lists = [each[:3] for each in part.lists_of_member(member)]
        for number in numbers:
            yield bit if any(impact_at(*each, number) for each in lists) else 0

    def _words(self, words: int) -> tuple[str, ...]:
        """The words of the query that a document has, given as bits, as they are named to the searcher."""
        reasons = self._reasons
        if words == 1:
            return (reasons[0],)
        bits = _BITS if len(reasons) < len(_BITS) else chain(_BITS, repeat(_BITS[-1]))
        return tuple(dict.fromkeys([reason for bit, reason in zip(bits, reasons, strict=False) if words & bit]))

    def _explain(self, part: SegmentPlan, number: int, card: Card, bonus: float) -> tuple[Weight, ...]:
        plan, k1 = self._plan, self._ranking.k1
        lines: list[Weight] = []
        for leaf_number, leaf in enumerate(plan.tree.leaves):
            if not plan.tree.scoring[leaf_number]:
                continue
            if isinstance(leaf, DocumentIs):
                if card.doc_id in leaf.doc_ids:
                    lines.append(Weight(trees.document_reason(leaf), leaf.weight))
                continue
            weight = 0.0
            for documents, impacts, size, word, typed in part.lists_of(leaf_number):
                form = plan.weights[word] if typed else plan.weights[word] * self._ranking.inflection
                weight += form * impact_at(documents, impacts, size, number)
            if weight:
                name = " / ".join(dict.fromkeys(trees.reason(word) for word in trees.members(leaf)))
                lines.append(Weight(name, plan.idf[leaf_number] * (k1 + 1) * weight / (k1 + weight)))
        for boost in self._query.boosts:
            values = (card.kind,) if boost.facet == "kind" else getattr(card, boost.facet)
            if boost.value in values:
                lines.append(Weight(f"{boost.facet}: {boost.value}", boost.weight * self._ranking.prior(card.doubt)))
        if bonus:
            lines.append(Weight("title and word order", bonus))
        return tuple(Weight(line.reason, round(line.score, 4)) for line in lines)


def ordered_facets(names: Iterable[str], counts: memoryview) -> tuple[Facet, ...]:
    """Facets of the only segment, without any choice, from their counts as ``_answer`` writes them, in order.

    They come as JSON, of which dictionaries are made in half the time that a loop over codes and counts takes.
    """
    found = orjson.loads(counts)
    return tuple([tuple.__new__(Facet, (name, found[FACETS.index(name)], ())) for name in names])


def merged_facets(query: Query, parts: Sequence[SegmentPlan]) -> tuple[Facet, ...]:
    """Facets from the counts of every segment, with what is chosen of them."""
    return tuple([_merged(query, name, parts) for name in query.facets])


def _merged(query: Query, name: str, parts: Sequence[SegmentPlan]) -> Facet:
    merged: dict[str, int] = {}
    for part in parts:
        first, values = part.segment.facet_codes[name]
        for value, count in zip(values, part.working.counts[first : first + len(values)].tolist(), strict=True):
            if count:
                merged[value] = merged.get(value, 0) + count
    return trees.facet_of(query, name, merged)
