"""Keep one document for one hospital."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from rapidfuzz import fuzz

from indexer.analysis import name_key
from indexer.model import Basis, Citation, Document, Fact, Price, Question, Section
from indexer.taxonomy import Entity, Taxonomy

_T = TypeVar("_T")

SIMILAR = 70  # of 100, between two words that differ: "maternity" and "maternal" have 71, "Renji" and "Ruijin" 55
_MARKER = re.compile(r"\[(\d{1,3})\]")  # of a source, by its place in the list of them
_ORDINAL_WORDS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINALS = {word: str(number) for number, word in enumerate((*_ORDINAL_WORDS, "eleventh", "twelfth"), 1)}
# Words that say what an institution is, not which one.
_GENERIC = frozenset(
    [
        "the",
        "of",
        "and",
        "at",
        "for",
        "in",
        "a",
        "hospital",
        "hospitals",
        "center",
        "centre",
        "medical",
        "medicine",
        "university",
        "college",
        "school",
        "health",
        "healthcare",
        "care",
        "affiliate",
        "affiliated",
        "s",
        "no",
        "municipal",
        "city",
        "institute",
        "clinic",
    ]
)
# Words that tell institutions apart even where everything else is the same.
_TELLING = frozenset(
    [
        "people",
        "peoples",
        "provincial",
        "district",
        "international",
        "memorial",
        "branch",
        "eye",
        "cancer",
        "children",
        "women",
    ]
)
LEAST_SCORE = 65  # of 100, between whole names


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two documents that may be one hospital, for a person to decide; ``score`` is 0 to 100."""

    first: str
    second: str
    score: float
    reason: str


class Named:
    """Which entries of the curated list may join a document, by its id or any of its names."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._numbers: dict[tuple[str, str], list[int]] = {}
        for number, entity in enumerate(taxonomy.same):
            for name in entity.names:
                for key in (("id", name), ("name", name_key(name)), ("title", _fold(name))):
                    self._numbers.setdefault(key, []).append(number)

    def groups(self, document: Document) -> tuple[int, ...]:
        """Numbers of the entries in the list, rising; ``merge_entities`` leaves a document alone that has none."""
        keys = [("id", document.doc_id), ("title", _fold(document.title))]
        keys += [("name", name_key(name)) for name in (document.title, *document.aliases)]
        return tuple(sorted({number for key in keys for number in self._numbers.get(key, ())}))


def merge_entities(documents: Iterable[Document], taxonomy: Taxonomy) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    """Documents with those that the curated list calls one hospital joined, and a note for each that was joined.

    The document that comes first in the list is kept; titles and names of the others become its aliases, and what
    they say in addition becomes part of it. Order is that of the ids.
    """
    remaining = {document.doc_id: document for document in documents}
    notes: list[str] = []
    for entity in taxonomy.same:
        members = _members(entity, remaining)
        for other in members[1:]:
            kept = remaining[members[0].doc_id]
            del remaining[other.doc_id]
            remaining[kept.doc_id] = _joined(kept, other)
            notes.append(f"{other.doc_id} is {kept.doc_id}: {entity.reason}")
    return tuple(remaining[doc_id] for doc_id in sorted(remaining)), tuple(notes)


def propose_duplicates(documents: Iterable[Document], taxonomy: Taxonomy) -> tuple[Proposal, ...]:
    """Pairs of hospitals whose names differ little, the most alike first; nothing is changed.

    Never proposed: names with different numbers or places, pairs that the curated list keeps apart, and names that
    differ by a word that nothing in the other name resembles.
    """
    places = _places(taxonomy)
    named = [
        (document, [_words(name) for name in (document.title, *document.aliases) if _words(name)])
        for document in sorted(documents, key=lambda each: each.doc_id)
        if document.kind == "hospital"
    ]
    apart = [{_fold(name) for name in entity.names} for entity in taxonomy.never]
    found = []
    for index, (one, one_names) in enumerate(named):
        for other, other_names in named[index + 1 :]:
            if any({_fold(one.title), _fold(other.title)} <= names for names in apart):
                continue
            score = max((_alike(a, b, places) for a in one_names for b in other_names), default=0.0)
            if score >= LEAST_SCORE:
                found.append(Proposal(one.doc_id, other.doc_id, score, f"{one.title} / {other.title}"))
    return tuple(sorted(found, key=lambda each: (-each.score, each.first, each.second)))


# ---------------------------------------------------------------------------------------------------------------------
# Joining


def _members(entity: Entity, documents: dict[str, Document]) -> list[Document]:
    """Documents that an entity names, by id or title, in the order of its names."""
    by_title = {_fold(document.title): document for document in documents.values() if document.kind == "hospital"}
    found: dict[str, Document] = {}
    for name in entity.names:
        document = documents.get(name) or by_title.get(_fold(name))
        if document is not None:
            found[document.doc_id] = document
    return list(found.values())


def _joined(kept: Document, other: Document) -> Document:
    """One document of two: the first one's facts, names and text, with what only the second has."""
    anchors = {citation.anchor for citation in kept.citations}
    moved = {citation.anchor: _free(citation.anchor, anchors) for citation in other.citations}
    known_facts = {fact.name.casefold() for fact in kept.facts}
    known_text = {section.text for section in kept.sections}
    used = {section.anchor for section in kept.sections}
    new = [section for section in other.sections if section.text not in known_text]
    sections = [replace(section, anchor=_free(section.anchor, used)) for section in new]
    before, own = len(kept.citations), len(other.citations)
    joined = [_headed(_renumbered(section, before, own), other.title) for section in sections]
    headed = {old.anchor: section for old, section in zip(new, joined, strict=True)}
    names = dict.fromkeys((*kept.aliases, other.title, *other.aliases))
    names.pop(kept.title, None)
    return replace(
        kept,
        title_zh=kept.title_zh or other.title_zh,
        aliases=tuple(names),
        summary=kept.summary or other.summary,
        sections=(*kept.sections, *joined),
        city=_union(kept.city, other.city) if not kept.city else kept.city,
        specialty=_union(kept.specialty, other.specialty),
        topic=_union(kept.topic, other.topic),
        profile=_union(kept.profile, other.profile),
        facts=(*kept.facts, *(_moved(fact, moved) for fact in other.facts if fact.name.casefold() not in known_facts)),
        citations=(*kept.citations, *(_anchored(citation, moved) for citation in other.citations)),
        questions=(*kept.questions, *_new_questions(kept, other, headed)),
        links=_union(kept.links, other.links),
        basis=_both_bases(kept, other),
        warnings=_union(kept.warnings, other.warnings),
        prices=(*kept.prices, *_new_prices(other, headed, moved)),
    )


def _new_prices(other: Document, headed: Mapping[str, Section], moved: dict[str, str]) -> Iterator[Price]:
    """Prices in what is new of the second page, with the headings and anchors that sections and sources have now."""
    for each in other.prices:
        if section := headed.get(each.anchor):
            source = _anchored(each.source, moved)
            yield replace(each, heading=section.heading, anchor=section.anchor, source=source)


def _new_questions(kept: Document, other: Document, headed: Mapping[str, Section]) -> Iterator[Question]:
    """Questions that only the second page answers, with the anchors that its sections have now."""
    known = {_fold(each.text) for each in kept.questions}
    for each in other.questions:
        if _fold(each.text) not in known:
            yield replace(each, anchor=headed[each.anchor].anchor if each.anchor in headed else "")


def _renumbered(section: Section, before: int, own: int) -> Section:
    """The section with the numbers of its ``own`` sources as they are behind the ``before`` of the first page."""

    def moved(marker: re.Match[str]) -> str:
        number = int(marker[1])
        return f"[{number + before}]" if 1 <= number <= own else marker[0]

    return replace(section, text=_MARKER.sub(moved, section.text))


def _headed(section: Section, title: str) -> Section:
    return section if section.heading else replace(section, heading=title)


def _moved(fact: Fact, moved: dict[str, str]) -> Fact:
    return replace(fact, sources=tuple(moved.get(source, source) for source in fact.sources))


def _anchored(citation: Citation, moved: dict[str, str]) -> Citation:
    return replace(citation, anchor=moved[citation.anchor])


def _free(anchor: str, used: set[str]) -> str:
    found, count = anchor, 2
    while found and found in used:
        found, count = f"{anchor}-{count}", count + 1
    used.add(found)
    return found


def _both_bases(kept: Document, other: Document) -> tuple[Basis, ...]:
    known = {(basis.facet, basis.value) for basis in kept.basis}
    facets = {basis.facet for basis in kept.basis if basis.facet == "city"}
    return (
        *kept.basis,
        *(each for each in other.basis if (each.facet, each.value) not in known and each.facet not in facets),
    )


def _union(first: tuple[_T, ...], second: tuple[_T, ...]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys((*first, *second)))


# ---------------------------------------------------------------------------------------------------------------------
# Likeness


def _fold(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold().replace("’", "").replace("'", "").replace("&", " and ")
    return " ".join(re.findall(r"\w+", folded))


def _words(name: str) -> tuple[str, ...]:
    words = [_ORDINALS.get(word, re.sub(r"^(\d+)(?:st|nd|rd|th)$", r"\1", word)) for word in _fold(name).split()]
    return tuple(word for word in words if word.isascii())


def _places(taxonomy: Taxonomy) -> frozenset[str]:
    names = [*taxonomy.foreign, *taxonomy.provinces]
    names += [word for value in taxonomy.of("city") for word in (*value.words, *value.districts)]
    return frozenset(word for name in names for word in _fold(name).split() if word.isascii())


def _alike(one: Sequence[str], other: Sequence[str], places: frozenset[str]) -> float:
    """Likeness of two names, 0 to 100; 0 when a number, a place or a telling word sets them apart."""
    first, second = set(one), set(other)
    for telling in (str.isdigit, places.__contains__, _TELLING.__contains__):
        if set(filter(telling, first)) != set(filter(telling, second)):
            return 0.0
    own, others = first - _GENERIC, second - _GENERIC
    if not own & others:
        return 0.0
    for left, right in ((own - others, others), (others - own, own)):
        if any(max(fuzz.ratio(word, each) for each in right) < SIMILAR for word in left):
            return 0.0
    return fuzz.token_sort_ratio(" ".join(one), " ".join(other))
