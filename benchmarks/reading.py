"""Time the reading of queries, whole searches, and the suggestions while one types, in this process.

    python -m benchmarks.reading

Queries are those of the judgments; for suggestions each is typed letter by letter, every beginning once, so no answer
is remembered. Times are those of this thread on a processor, so that other work on the machine does not count. A reading
is the best of five; of suggestions the first answer counts, as the person who types gets it. A search that finds few
pages asks again with less, so whole searches are shown by how many times the engine was asked.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterable
from typing import Any, cast

from benchmarks.judged_collections import CORPUS, JUDGMENTS
from indexer.build import build
from indexer.engines import Searcher, open_engine
from indexer.model import Query, Results
from search_app.request import SearchRequest
from search_app.search import answer
from search_app.suggest import make_catalogue, suggest
from search_app.understand import read
from search_app.words import default_words

MOST_READING = 1.0  # ms for every query
MOST_SUGGESTING = 5.0  # ms for every beginning
REPEATS = 5
SHOWN = 5  # suggestions of each group, as on the page


def queries() -> list[str]:
    """Every text that is judged."""
    with (JUDGMENTS / "queries.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def readings(searcher: Searcher, texts: Iterable[str]) -> list[float]:
    """Milliseconds to read each text, the best of some tries."""
    return sorted(min(_timed(lambda: read(text, searcher.lexicon)) for _ in range(REPEATS)) for text in texts)  # noqa: B023


def searches(searcher: Searcher, texts: Iterable[str]) -> dict[str, list[float]]:
    """Milliseconds of whole searches, the best of some tries, by how many times the engine was asked."""
    found: dict[str, list[float]] = {"asked once": [], "asked 2 to 4 times": [], "asked more often": []}
    for text in texts:
        counting = _Counting(searcher)
        answer(SearchRequest(text), cast(Searcher, counting))
        asked = (
            "asked once" if counting.asked == 1 else "asked 2 to 4 times" if counting.asked < 5 else "asked more often"
        )
        found[asked].append(min(_timed(lambda: answer(SearchRequest(text), searcher)) for _ in range(REPEATS)))  # noqa: B023
    return {asked: sorted(times) for asked, times in found.items() if times}


class _Counting:
    """A searcher that counts how often it is asked."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._searcher, name)

    def search(self, query: Query, /) -> Results:
        """As the searcher does."""
        self.asked += 1
        return self._searcher.search(query)


def suggestions(searcher: Searcher, texts: Iterable[str]) -> list[float]:
    """Milliseconds of the first answer to each beginning of the texts."""
    catalogue = make_catalogue(searcher)
    suggest("warm", catalogue, searcher, SHOWN)
    beginnings = dict.fromkeys(text[:end] for text in texts for end in range(1, len(text) + 1))
    return sorted(_timed(lambda: suggest(each, catalogue, searcher, SHOWN)) for each in beginnings)  # noqa: B023


def _timed(job: Callable[[], object]) -> float:
    started = time.thread_time()
    job()
    return 1000 * (time.thread_time() - started)


def _line(name: str, times: list[float]) -> str:
    at = {part: times[min(len(times) - 1, int(len(times) * part))] for part in (0.5, 0.95, 0.99)}
    return f"{name:28}{len(times):>8}" + "".join(f"{each:>10.3f}" for each in (*at.values(), times[-1]))


def main() -> None:
    """Measure and print."""
    texts = queries()
    with tempfile.TemporaryDirectory() as folder:
        build(CORPUS, folder)
        with open_engine(folder).searcher() as searcher:
            default_words().load()  # as a server does before it answers
            read(texts[0], searcher.lexicon)
            reading, suggesting = readings(searcher, texts), suggestions(searcher, texts)
            searching = searches(searcher, texts)
    print(f"{'milliseconds':28}{'texts':>8}{'p50':>10}{'p95':>10}{'p99':>10}{'most':>10}")
    print(_line("reading a query", reading))
    print(_line("suggestions, first answer", suggesting))
    for asked, times in searching.items():
        print(_line(f"search, {asked}", times))
    for what, times, most in (("readings", reading, MOST_READING), ("first suggestions", suggesting, MOST_SUGGESTING)):
        print(f"all {what} within {most:g} ms: {'reached' if times[-1] <= most else 'missed'}")


if __name__ == "__main__":
    main()
