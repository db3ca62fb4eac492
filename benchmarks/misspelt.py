"""Check that searches as people get them wrong find what was meant, and that right ones are left alone.

    python -m benchmarks.misspelt            the lists in benchmarks/misspelt*.txt
    python -m benchmarks.misspelt --list     and those of the first list that go wrong, with what was read

Each list was written before any of it was searched. The correction was mended with the first; the others came afterwards and are
only counted, the third of texts whose space is missing, too many or in the wrong place. *Found*: what is expected comes first (see the head of ``misspelt.txt``). *As meant*: four of the first five hits are those
of the right spelling. *Right*: found, or as meant where the right spelling does not find it either.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from benchmarks.judged_collections import indexed, own_documents
from indexer.engines import Searcher
from indexer.taxonomy import load_taxonomy
from search_app.request import SearchRequest
from search_app.search import Answer, answer
from search_app.suggest import Catalogue, make_catalogue, suggest

HERE = Path(__file__).parent
LISTS = tuple(HERE / f"{name}.txt" for name in ("misspelt", "misspelt_second", "misspelt_third"))
CORRECT = "correct"
FIRST = 5
OF_FIRST = 3  # of the first hits have the value that is expected
ALIKE = 4  # of the first hits are those of the right spelling


@dataclass(frozen=True, slots=True)
class Wrong:
    """A search as it is typed and as it was meant, how it went wrong, and the ways in which it is answered."""

    kind: str
    typed: str
    meant: str
    expected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the search found as typed, and whether that is what was meant."""

    wrong: Wrong
    found: bool
    found_as_meant: bool
    alike: bool
    answer: Answer
    suggested: bool | None  # whether a page that is expected is suggested while it is typed; None where no page is

    @property
    def right(self) -> bool:
        """Whether nothing was lost by the error."""
        return self.found or (self.alike and not self.found_as_meant)


def searches(path: Path) -> Iterator[Wrong]:
    """The searches of a file; those that are right as they are have ``kind`` "correct"."""
    kind = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif line.strip() and not line.startswith("#"):
            ways, _, listed = line.partition(":")
            for each in listed.split(";"):
                typed, _, meant = each.partition(">")
                expected = tuple(way.strip() for way in ways.split("|"))
                yield Wrong(kind, typed.strip(), meant.strip() or typed.strip(), expected)


def is_found(hits: Sequence[str], expected: Sequence[str], searcher: Searcher, values: dict[str, set[str]]) -> bool:
    """Whether hits are what is expected in one of the ways."""
    for way in expected:
        if not way.startswith("is "):
            if hits and fnmatch(hits[0].partition("/")[2], way):
                return True
            continue
        value, _, city = way.removeprefix("is ").partition("@")
        pages = [page for each in hits[:FIRST] if (page := searcher.get(each))]
        right = [
            page
            for page in pages
            if values[value] & {*page.specialty, *page.topic} and (not city or values[city] & set(page.city))
        ]
        if len(right) >= OF_FIRST:
            return True
    return False


def outcomes(searcher: Searcher, path: Path, catalogue: Catalogue) -> Iterator[Outcome]:
    """What every search of a list finds."""
    values: dict[str, set[str]] = {}
    for facet in ("city", "specialty", "topic"):
        for value in load_taxonomy().of(facet):
            values.setdefault(value.id, set()).add(value.name)
    for wrong in searches(path):
        typed, meant = (answer(SearchRequest(q=text), searcher) for text in (wrong.typed, wrong.meant))
        hits, right = ([hit.doc_id for hit in each.results.hits] for each in (typed, meant))
        alike = len(set(hits[:FIRST]) & set(right[:FIRST])) >= min(ALIKE, len(right))
        found, as_meant = (is_found(each, wrong.expected, searcher, values) for each in (hits, right))
        pages = [way for way in wrong.expected if not way.startswith("is ")]
        names = [each.doc_id.partition("/")[2] for each in suggest(wrong.typed, catalogue, searcher).all()]
        suggested = any(fnmatch(name, way) for name in names for way in pages) if pages else None
        yield Outcome(wrong, found, as_meant, alike, typed, suggested)


def report(found: Sequence[Outcome]) -> str:
    """By kind of error: searches, and the shares found, as meant, right, found by the right spelling, and suggested."""
    lines = [f"{'':18}{'searches':>9}{'found':>8}{'as meant':>10}{'right':>8}{'spelt right':>13}{'suggested':>11}"]
    kinds = list(dict.fromkeys(each.wrong.kind for each in found))
    for kind in (*kinds, "all"):
        group = [each for each in found if kind in (each.wrong.kind, "all")]
        figures = [
            sum(getattr(each, name) for each in group) / len(group)
            for name in ("found", "alike", "right", "found_as_meant")
        ]
        named = [each.suggested for each in group if each.suggested is not None]
        suggested = f"{sum(named) / len(named):>11.1%}" if named else ""
        lines.append(
            f"{kind:18}{len(group):>9}{figures[0]:>8.1%}{figures[1]:>10.1%}{figures[2]:>8.1%}{figures[3]:>13.1%}{suggested}"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="show searches of the first list that go wrong")
    chosen = parser.parse_args()
    with indexed(own_documents()) as searcher:
        catalogue = make_catalogue(searcher)
        for path in LISTS:
            every = list(outcomes(searcher, path, catalogue))
            wrong = [each for each in every if each.wrong.kind != CORRECT]
            correct = [each for each in every if each.wrong.kind == CORRECT]
            changed = [each for each in correct if each.answer.reading.corrected]
            print(f"{path.stem}\n{report(wrong)}\nof {len(correct)} that are right, changed: {len(changed)}\n")
            if chosen.list and path == LISTS[0]:
                for each in (*(one for one in wrong if not one.right), *changed):
                    used = each.answer.reading.used
                    first = next((hit.doc_id for hit in each.answer.results.hits), "")
                    print(f"  {each.wrong.kind:18} {each.wrong.typed!r} > {each.wrong.meant!r}: {used!r}, {first}")
                for each in wrong:
                    if each.suggested is False:
                        print(f"  not suggested: {each.wrong.typed!r} > {each.wrong.meant!r}")


if __name__ == "__main__":
    main()
