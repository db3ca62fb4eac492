"""Check that what is typed in Chinese finds what the same finds in English.

    python -m benchmarks.chinese            the lists in benchmarks/chinese*.txt
    python -m benchmarks.chinese --list     and, of the first list, those that find least of it

Chinese was mended with the first list. The second was written before any of it was searched, the third once the words
were listed; both are only counted. *Alike*: how many of the first five hits in English are among the first ten in Chinese.
*First*: the first hit in English is among the first three. *Nothing*: no page is found.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.judged_collections import indexed, own_documents
from indexer.engines import Searcher
from search_app.request import SearchRequest
from search_app.search import Answer, answer

HERE = Path(__file__).parent
LISTS = tuple(HERE / f"{name}.txt" for name in ("chinese", "chinese_second", "chinese_third"))
FIRST, AMONG = 5, 10  # hits in English, and in Chinese
AT_ONCE = 3  # hits that one looks at before any other


@dataclass(frozen=True, slots=True)
class Pair:
    """A search in Chinese and the same in English."""

    kind: str
    chinese: str
    english: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a pair found: share of the English hits, whether the first is there at once, whether there is nothing."""

    pair: Pair
    alike: float
    first: bool
    nothing: bool


def pairs(path: Path) -> Iterator[Pair]:
    """The searches of a list.

    Raises:
        ValueError: Names a line that is no pair.
    """
    kind = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif line and not line.startswith("#"):
            chinese, bar, english = line.partition(" | ")
            if not bar:
                raise ValueError(f"{path.name}: no pair: {line}")
            yield Pair(kind, chinese.strip(), english.strip())


def compare(pair: Pair, searcher: Searcher) -> Found:
    """Search both."""
    wanted, given = (
        _ids(answer(SearchRequest(pair.english), searcher)),
        _ids(answer(SearchRequest(pair.chinese), searcher)),
    )
    among = given[:AMONG]
    first = wanted[:FIRST]
    return Found(
        pair,
        sum(each in among for each in first) / len(first) if first else 1.0,
        not first or first[0] in given[:AT_ONCE],
        not given,
    )


def _ids(found: Answer) -> list[str]:
    return [hit.doc_id for hit in found.results.hits]


def table(found: list[Found]) -> list[str]:
    """Shares by kind of search, and of all."""
    lines = [f"{'':18}{'searches':>10}{'alike':>8}{'first':>8}{'nothing':>9}"]
    kinds = [*dict.fromkeys(each.pair.kind for each in found), "all"]
    for kind in kinds:
        of_kind = [each for each in found if kind in (each.pair.kind, "all")]
        count = len(of_kind)
        alike, first = sum(each.alike for each in of_kind) / count, sum(each.first for each in of_kind) / count
        lines.append(f"{kind:18}{count:>10}{alike:>8.1%}{first:>8.1%}{sum(each.nothing for each in of_kind):>9}")
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="show what of the first list finds least of the English")
    chosen = parser.parse_args()
    with indexed(own_documents()) as searcher:
        for path in LISTS:
            found = [compare(pair, searcher) for pair in pairs(path)]
            print(path.stem, *table(found), "", sep="\n")
            if chosen.list and path is LISTS[0]:
                for each in sorted(found, key=lambda each: each.alike):
                    print(f"{each.alike:>5.0%} {'' if each.first else '-'} {each.pair.chinese} | {each.pair.english}")


if __name__ == "__main__":
    main()
