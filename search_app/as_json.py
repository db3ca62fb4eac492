"""Turn answers, documents and suggestions into the JSON of the API."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from indexer.model import FACETS, Card, Document, Facet, Hit, Price, Question
from search_app.labels import default_labels
from search_app.markup import pieces, readable
from search_app.search import Answer
from search_app.site import Site
from search_app.state import API_PATH, Addresses, SearchState, last_page, state_of
from search_app.suggest import Suggestion, Suggestions


def answer_json(answer: Answer, state: SearchState) -> dict[str, Any]:
    """The answer of ``/api/v1/search``; links stay within the API, but for those of documents."""
    results, reading = answer.results, answer.reading
    pages = last_page(results.total.value, state.per_page)
    meant = answer.did_you_mean
    links = Addresses(state, API_PATH)

    def to(other: SearchState) -> str:
        return other.address(API_PATH)

    return {
        "query": state.q,
        "total": results.total.value,
        "page": state.page,
        "pages": pages,
        "per_page": state.per_page,
        "sort": state.sort,
        "took_ms": round(results.took_ms, 3),
        "generation": results.generation,
        "interpretation": {
            "used": reading.used,
            "corrected": dict(reading.corrected),
            **{facet: list(reading.values(facet)) for facet in FACETS},
            "excluded": [{"facet": each.facet, "value": each.value} for each in reading.excluded],
            "exact": reading.exact or None,
            "unknown": list(reading.unknown),
            "absent": answer.absent,
            "complete": answer.complete,
            "notes": list(answer.applied),
            "exact_url": links.plain(),
        },
        "hits": [
            hit_json(hit, answer.asked.get(hit.doc_id), answer.prices.get(hit.doc_id, ())) for hit in results.hits
        ],
        "facets": {facet: _buckets_json(results.facet(facet), links) for facet in FACETS},
        "unknown_values": _unknown_json(answer),
        "relaxations": [
            {"label": each.label, "total": each.count, "url": to(state_of(each.request))} for each in answer.relaxations
        ],
        "did_you_mean": {"query": meant.text, "total": meant.count, "url": to(state_of(meant.request))}
        if meant
        else None,
        "first": links.on_page(1),
        "last": links.on_page(pages),
        "next": links.on_page(state.page + 1) if state.page < pages else None,
        "previous": links.on_page(min(state.page - 1, pages)) if state.page > 1 else None,
    }


def facets_json(answer: Answer, state: SearchState) -> dict[str, Any]:
    """The counts of an answer alone, as in ``answer_json``; the address of a value is that of the search with it."""
    links = Addresses(state, API_PATH)
    return {
        "query": state.q,
        "total": answer.results.total.value,
        "generation": answer.results.generation,
        "facets": {facet: _buckets_json(answer.results.facet(facet), links) for facet in FACETS},
        "unknown_values": _unknown_json(answer),
    }


def hit_json(hit: Hit, asked: Question | None = None, prices: Sequence[Price] = ()) -> dict[str, Any]:
    """One hit of the API."""
    section = hit.section
    text, spans = readable(hit.snippet)
    found = _card_json(hit.card).copy()
    found["rank"] = hit.rank
    found["score"] = round(hit.score, 4)
    found["snippet"] = [{"text": part, "highlight": matched} for part, matched in pieces(text, spans)]
    if section and section.heading:
        found["section"] = {"heading": section.heading, "anchor": section.anchor}
    if asked:
        found["answers"] = {"question": asked.text, "anchor": asked.anchor}
    if prices:
        found["prices"] = [_price_json(each) for each in prices]
    found["matched"] = hit.matched
    if hit.explanation:
        found["explanation"] = [{"reason": each.reason, "score": round(each.score, 4)} for each in hit.explanation]
    return found


def _price_json(price: Price) -> dict[str, Any]:
    return {
        "for": price.what,
        "figure": price.figure,
        "quote": price.quote,
        "date": price.date or None,
        "section": {"heading": price.heading, "anchor": price.anchor},
        "source": {
            "title": price.source.title,
            "url": price.source.url,
            "publisher": price.source.publisher or None,
            "anchor": price.source.anchor,
        },
    }


@lru_cache(maxsize=2048)
def _card_json(card: Card) -> dict[str, Any]:
    # Whoever takes a copy writes over what depends on the search.
    return {
        "rank": 0,
        "id": card.doc_id,
        "kind": card.kind,
        "title": card.title,
        "title_zh": card.title_zh or None,
        "url": card.url,
        "city": card.city,
        "specialty": card.specialty,
        "topic": card.topic,
        "profile": card.profile,
        "date": card.date or None,
        "doubt": card.doubt or None,
        "score": 0.0,
        "snippet": [],
        "section": None,
        "answers": None,
        "prices": (),
        "matched": (),
    }


def document_json(document: Document, generation: str = "") -> dict[str, Any]:
    """One document of the API, with all its text."""
    return {
        "id": document.doc_id,
        "kind": document.kind,
        "title": document.title,
        "title_zh": document.title_zh or None,
        "aliases": list(document.aliases),
        "url": document.url,
        "summary": document.summary,
        "city": list(document.city),
        "specialty": list(document.specialty),
        "topic": list(document.topic),
        "profile": list(document.profile),
        "date": document.date or None,
        "language": document.language or None,
        "source_url": document.source_url or None,
        "facts": [{"name": each.name, "value": each.value, "sources": list(each.sources)} for each in document.facts],
        "sections": [
            {"heading": each.heading, "anchor": each.anchor, "level": each.level, "text": each.text}
            for each in document.sections
        ],
        "questions": [{"text": each.text, "anchor": each.anchor} for each in document.questions],
        "prices": [_price_json(each) for each in document.prices],
        "citations": [
            {
                "title": each.title,
                "url": each.url,
                "publisher": each.publisher or None,
                "date": each.date or None,
                "anchor": each.anchor,
            }
            for each in document.citations
        ],
        "basis": [
            {"facet": each.facet, "value": each.value, "how": each.how, "evidence": each.evidence}
            for each in document.basis
        ],
        "generation": generation,
    }


def _unknown_json(answer: Answer) -> list[dict[str, Any]]:
    return [{"facet": each.facet, "value": each.value, "close": list(each.close)} for each in answer.unknown_values]


def _buckets_json(facet: Facet, links: Addresses) -> list[dict[str, Any]]:
    name, chosen = facet.name, facet.chosen
    urls = links.toggles(name, facet.counts)
    return [
        {"value": value, "label": _label(name, value), "count": count, "selected": value in chosen, "url": url}
        for (value, count), url in zip(facet.counts.items(), urls, strict=True)
    ]


@lru_cache(maxsize=4096)
def _label(facet: str, value: str) -> str:
    return default_labels().label(facet, value)


def suggestions_json(found: Suggestions) -> dict[str, Any]:
    """The answer of ``/api/v1/suggest``: all groups in one list, in the order in which they are shown."""
    return {"query": found.text, "suggestions": [_suggestion_json(each) for each in found.all()]}


def completions(found: Suggestions, site: Site) -> list[tuple[str, str, str]]:
    """Suggestions for a browser's address bar: text, what it is, whole address."""
    rows = []
    for each in found.all():
        path = _suggestion_json(each)["url"]
        label = site.label(each.facet, each.value) if each.facet else each.text
        rows.append((label, each.group, site.absolute(site.path(path))))
    return rows


def _suggestion_json(each: Suggestion) -> dict[str, Any]:
    site = Site("en", default_labels())
    if each.doc_id:
        url = site.document(each.doc_id) + (f"#{quote(each.anchor)}" if each.anchor else "")
    elif each.facet:
        url = site.landing(each.facet, each.value)
    else:
        url = site.search(SearchState(q=each.text))
    found: dict[str, Any] = {"group": each.group, "text": each.text, "url": url}
    if each.text_zh:
        found["label_zh"] = each.text_zh
    if each.facet:
        found["label_zh"] = site.labels.label(each.facet, each.value, "zh")
        found |= {"facet": each.facet, "value": each.value}
    if each.doc_id:
        found["id"] = each.doc_id
    if each.count:
        found["count"] = each.count
    return found
