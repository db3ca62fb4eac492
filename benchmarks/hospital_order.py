"""Whether constants of the order among hospitals gain on queries that did not choose them; nothing is changed.

    python -m benchmarks.hospital_order

The tuning half, the fresh and the mixed queries are each cut into five folds. The values that are best on four folds of
all three are measured on the fifth, against the order before them. What the engine finds is asked for once and put in
order anew by each setting of the grid.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt

from benchmarks.judged_collections import JUDGMENTS, indexed, own_documents
from benchmarks.tune import constants
from indexer.engines import Searcher
from indexer.model import Results
from search_app import by_strength, search
from search_app.evaluate import estimate
from search_app.judgments import load
from search_app.measures import ndcg
from search_app.request import SearchRequest

SEED = 30
FOLDS = 5
BEFORE = (4.0, 0.0, 0.0)  # one kind of place in a city, nothing against hospitals elsewhere, no field first
GRID = {"HERE": (4.0, 6.0, 8.0, 12.0), "TOO_FAR": (0.0, 2.0, 4.0, 6.0), "FIRST": (0.0, 0.5, 1.0, 1.5)}
FILES = {
    "tuning": ("queries.jsonl", "qrels.tsv", "tuning"),
    "fresh": ("fresh_queries.jsonl", "fresh_qrels.tsv", None),
    "mixed": ("mixed_queries.jsonl", "mixed_qrels.tsv", None),
}

Array = npt.NDArray[Any]
Ordered = Callable[[], Results]


def asked(searcher: Searcher) -> Iterator[tuple[str, str, dict[str, int], Ordered]]:
    """Each judged query: its collection, its class, its grades, and what puts its hits in order when it is called."""
    for name, (queries, qrels, half) in FILES.items():
        judgments = load(JUDGMENTS / queries, JUDGMENTS / qrels, half)
        for query in judgments.ranked:
            with patch.object(search, "in_order", wraps=by_strength.in_order) as spied:
                results = search.answer(SearchRequest(query.text), searcher).results
            call = spied.call_args

            def ordered(results: Results = results, call: Any = call) -> Results:
                return by_strength.in_order(*call.args, **call.kwargs) if call else results

            yield name, query.query_class, dict(judgments.of(query.query_id)), ordered


def by_setting(queries: list[tuple[str, str, dict[str, int], Ordered]]) -> dict[tuple[float, ...], Array]:
    """nDCG@10 of each query for every setting of the grid."""
    found = {}
    for setting in product(*GRID.values()):
        values = tuple((("search_app.by_strength", name, ""), value) for name, value in zip(GRID, setting, strict=True))
        with constants(values):
            found[setting] = np.array(
                [
                    ndcg([grades.get(hit.doc_id, 0) for hit in ordered().hits[:10]], grades.values(), 10)
                    for _, _, grades, ordered in queries
                ]
            )
    return found


def chosen(values: dict[tuple[float, ...], Array], names: Array, among: Array) -> tuple[float, ...]:
    """The setting with the best mean over the collections on some of the queries; of equals the one nearest to before."""

    def worth(setting: tuple[float, ...]) -> float:
        return float(np.mean([values[setting][among & (names == name)].mean() for name in FILES]))

    return max(
        values, key=lambda each: (round(worth(each), 6), [-abs(a - b) for a, b in zip(each, BEFORE, strict=True)])
    )


def main() -> None:
    """Print what each fold chose, and what that gains on the queries left out."""
    with indexed(own_documents()) as searcher:
        queries = list(asked(searcher))
        values = by_setting(queries)
    names = np.array([name for name, *_ in queries])
    classes = np.array([f"{name} {query_class}" for name, query_class, *_ in queries])
    places = list(range(len(queries)))
    random.Random(SEED).shuffle(places)
    fold = np.empty(len(queries), np.int64)
    fold[places] = np.arange(len(queries)) % FOLDS
    left_out = values[BEFORE].copy()
    choices: Counter[tuple[float, ...]] = Counter()
    for number in range(FOLDS):
        setting = chosen(values, names, fold != number)
        choices[setting] += 1
        left_out[fold == number] = values[setting][fold == number]
    print(f"seed {SEED}, {len(queries)} queries, {FOLDS} folds, {len(values)} settings of {', '.join(GRID)}")
    print(f"chosen by four folds: {dict(choices)}; by all: {chosen(values, names, fold >= 0)}")
    now = tuple(getattr(by_strength, name) for name in GRID)
    for title, gained in (("on folds left out", left_out - values[BEFORE]), ("as it is", values[now] - values[BEFORE])):
        print(f"\n{title}: {(gained > 0).sum()} queries better, {(gained < 0).sum()} worse")
        for group in (*FILES, *sorted(set(classes))):
            own = names == group if group in FILES else classes == group
            if group in FILES or gained[own].any():
                print(f"  {group:24}{values[BEFORE][own].mean():.4f}  {estimate(gained[own].tolist())}")


if __name__ == "__main__":
    main()
