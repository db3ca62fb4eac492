"""Check that everyday words lead to the field a doctor would name, and questions to the articles that answer.

    python -m benchmarks.lay_terms              the lists in benchmarks/lay_terms*.txt and plain_questions*.txt
    python -m benchmarks.lay_terms --list       and those of the first list that go wrong, with what was read

Each list was written before any of it was searched. The words were mended with the first list of each kind; the others
(``_unseen``, ``_third``, ``_fourth``, ``_fifth``, ``_sixth``) came afterwards and are only counted, so they say what new words meet. Nothing has been
mended with ``plain_questions_fresh`` either, but it may be used for that. ``lay_cities`` has words with a city, where a hospital must be
in that city as well, ``lay_similes`` says what things are like ("veins like worms"), and ``plain_wishes`` key words for knowledge, where the first hit must be an article that has one of the topics, or
whose title or a heading has one of the words.

A hit is *of the field* when its page has one of the specialties, or the articles on it, or, for a field that no specialty
stands for, tells of such a department. Counted: terms whose first hit is of the field, and the share among the first five.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from benchmarks.judged_collections import indexed, own_documents
from indexer.engines import Searcher
from indexer.model import Document
from indexer.taxonomy import load_taxonomy
from search_app.request import SearchRequest
from search_app.search import Answer, answer

HERE = Path(__file__).parent
TERMS = (
    *(HERE / f"lay_terms{each}.txt" for each in ("", "_unseen", "_third", "_fourth", "_fifth", "_sixth")),
    HERE / "lay_cities.txt",
    HERE / "lay_similes.txt",
)
WISHES = HERE / "plain_wishes.txt"
QUESTIONS = tuple(HERE / f"plain_questions{each}.txt" for each in ("", "_unseen", "_fresh", "_third", "_fourth"))
LOOKED_AT = 5
LITTLE = 0.75  # of the first hospitals: below it a term is shown as going wrong
NOWHERE = 99


@dataclass(frozen=True, slots=True)
class Term:
    """What somebody types, and the fields that are right: names of specialties, or "text WORD"; ``city`` may be empty."""

    text: str
    fields: tuple[str, ...]
    city: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a term found: whether the first hit is of the field, and which share of the first few."""

    term: Term
    first: bool
    share: float
    answer: Answer


def terms(path: Path) -> Iterator[Term]:
    """The terms of a file."""
    names = {value.id: value.name for value in load_taxonomy().of("specialty")}
    for before, texts in _lines(path):
        fields, _, city = before.partition("@")
        right = tuple(names.get(each.strip(), each.strip()) for each in fields.split(","))
        yield from (Term(text, right, city.strip()) for text in texts)


def _lines(path: Path) -> Iterator[tuple[str, list[str]]]:
    """What stands before the colon of each line, and the texts behind it."""
    for line in path.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            before, _, listed = line.partition(":")
            yield before, [text.strip() for text in listed.split(";")]


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


def outcomes(searcher: Searcher, path: Path) -> Iterator[Outcome]:
    """What every term finds that some hospital is right for; articles among the hits do not count, they have no specialty."""
    pages = [page for page in searcher.documents() if page.kind == "hospital"]
    known: dict[tuple[tuple[str, ...], str], int] = {}
    for term in terms(path):
        if (which := (term.fields, term.city)) not in known:
            known[which] = sum(_right(page, term) for page in pages)
        if not known[which]:
            continue
        found = answer(SearchRequest(term.text, per_page=20), searcher)
        hospitals = [hit.doc_id for hit in found.results.hits if hit.card.kind == "hospital"][:LOOKED_AT]
        right = [_right(document, term) for each in hospitals if (document := searcher.get(each))]
        yield Outcome(term, bool(right) and right[0], sum(right) / min(LOOKED_AT, known[which]), found)


def _right(document: Document, term: Term) -> bool:
    return of_field(document, term.fields) and (not term.city or any(term.city in each for each in document.city))


def questions(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Questions with patterns of the articles that answer."""
    for articles, texts in _lines(path):
        right = tuple(f"articles/{each.strip()}" for each in articles.split("|"))
        yield from ((text, right) for text in texts)


def answered(searcher: Searcher, path: Path) -> list[int]:
    """For each question the place of the first article that answers; a large number when none of the first ten does."""
    places = []
    for text, right in questions(path):
        hits = [hit.doc_id for hit in answer(SearchRequest(text), searcher).results.hits]
        places.append(
            next((at for at, hit in enumerate(hits, 1) if any(fnmatch(hit, each) for each in right)), NOWHERE)
        )
    return places


def wishes(searcher: Searcher, path: Path) -> Iterator[tuple[str, bool]]:
    """Key words for knowledge, each with whether the first hit is an article on it."""
    topics = {value.id: value.name for value in load_taxonomy().of("topic")}
    for before, texts in _lines(path):
        ways = [each.split(maxsplit=1) for each in before.split(",")]
        for text in texts:
            hits = answer(SearchRequest(text), searcher).results.hits
            first = searcher.get(hits[0].doc_id) if hits else None
            yield (
                text,
                first is not None
                and first.kind == "article"
                and any(
                    topics[word] in first.topic if way == "topic" else word in _headings(first) for way, word in ways
                ),
            )


def _headings(document: Document) -> str:
    return " ".join((document.title, *(part.heading for part in document.sections))).lower()


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="show terms of the first list that find another field")
    chosen = parser.parse_args()
    with indexed(own_documents()) as searcher:
        for path in TERMS:
            found = list(outcomes(searcher, path))
            first, share = (sum(getattr(each, name) for each in found) / len(found) for name in ("first", "share"))
            print(f"{path.stem}: {len(found)} terms, first hospital of the field {first:.1%}, first five {share:.1%}")
            for each in found if chosen.list and path == TERMS[0] else ():
                if each.share < LITTLE:
                    reading = each.answer.reading
                    read = [boost.value for boost in reading.query.boosts]
                    print(f"  {each.term.text!r} {each.term.fields[0]}: {each.share:.1f}, read as {read}")
        told = list(wishes(searcher, WISHES))
        print(f"{WISHES.stem}: {len(told)} wishes, article on it first {sum(met for _, met in told) / len(told):.1%}")
        for path in QUESTIONS:
            places = answered(searcher, path)
            first, three = (sum(place <= most for place in places) / len(places) for most in (1, 3))
            print(
                f"{path.stem}: {len(places)} questions, answered by the first hit {first:.1%}, by the first three {three:.1%}"
            )


if __name__ == "__main__":
    main()
