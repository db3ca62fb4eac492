"""Check that everyday words lead to the field that a doctor would name, with words that were collected before any search.

    python -m benchmarks.lay_terms              terms in benchmarks/lay_terms.txt
    python -m benchmarks.lay_terms --list       and those that go wrong, with what was read

A hit is *of the field* when its page has one of the specialties, or the articles on it, or, for a field that no specialty
stands for, tells of such a department. Counted: terms whose first hit is of the field, and the share among the first five.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.judged_collections import indexed, own_documents
from indexer.engines import Searcher
from indexer.model import Document
from indexer.taxonomy import load_taxonomy
from search_app.request import SearchRequest
from search_app.search import Answer, answer

TERMS = Path(__file__).with_name("lay_terms.txt")
LOOKED_AT = 5


@dataclass(frozen=True, slots=True)
class Term:
    """What somebody types, and the fields that are right: names of specialties, or "text WORD"."""

    text: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a term found: whether the first hit is of the field, and which share of the first few."""

    term: Term
    first: bool
    share: float
    answer: Answer


def terms(path: Path = TERMS) -> Iterator[Term]:
    """The terms of a file."""
    names = {value.id: value.name for value in load_taxonomy().of("specialty")}
    for line in path.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            fields, _, listed = line.partition(":")
            right = tuple(names.get(each.strip(), each.strip()) for each in fields.split(","))
            for text in listed.split(";"):
                yield Term(text.strip(), right)


def of_field(document: Document, fields: tuple[str, ...]) -> bool:
    """Whether a page is of one of the fields; an article is when its text names the field or its words often enough."""
    for each in fields:
        if each.startswith("text "):
            if each.removeprefix("text ") in _text(document):
                return True
        elif each in document.specialty:
            return True
    return False


def _text(document: Document) -> str:
    return " ".join((document.title, *(f"{part.heading} {part.text}" for part in document.sections))).lower()


def outcomes(searcher: Searcher) -> Iterator[Outcome]:
    """What every term finds; only hospitals count among the hits, since articles have no specialty."""
    pages = [page for page in searcher.documents() if page.kind == "hospital"]
    known: dict[tuple[str, ...], int] = {}
    for term in terms():
        if term.fields not in known:
            known[term.fields] = sum(of_field(page, term.fields) for page in pages)
        found = answer(SearchRequest(term.text, per_page=20), searcher)
        hospitals = [hit.doc_id for hit in found.results.hits if hit.card.kind == "hospital"][:LOOKED_AT]
        right = [of_field(document, term.fields) for each in hospitals if (document := searcher.get(each))]
        yield Outcome(term, bool(right) and right[0], sum(right) / min(LOOKED_AT, known[term.fields]), found)


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="show the terms whose first hospital is of another field")
    with indexed(own_documents()) as searcher:
        found = list(outcomes(searcher))
        first, share = sum(each.first for each in found), sum(each.share for each in found)
        print(
            f"{len(found)} terms: first hospital of the field {first / len(found):.1%}, of the first five {share / len(found):.1%}"
        )
        for each in found if parser.parse_args().list else ():
            if each.share < 0.75:
                reading = each.answer.reading
                read = [f"{boost.value}{'' if boost.weight > 2 else '?'}" for boost in reading.query.boosts]
                words = [part.words for part in reading.words()]
                print(
                    f"{each.share:.1f} {each.term.text!r} {each.term.fields[0]}: read {read} words {words}"
                    f" corrected {dict(reading.corrected)} hits {each.answer.results.total.value} absent {each.answer.absent}"
                )


if __name__ == "__main__":
    main()
