"""Search for better ranking constants on the tuning half of the judgments; nothing is changed, the values are printed.

    python -m benchmarks.tune                   coordinate search, two rounds
    python -m benchmarks.tune --held-out        and, once at the end, what the values give on the half set aside

One constant is moved at a time through its grid, in an order that the seed decides, and kept where the mean over the
classes of nDCG@10 gains at least ``LEAST_GAIN``. The mean over classes, not over queries: names are a third of the
queries and all but perfect, they would hide the rest. Constants that are baked into an index cost a rebuild.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.judged_collections import COLLECTIONS, Collection, own, own_documents, public
from indexer.analysis import FIELDS
from indexer.engines.whoosh_engine import WhooshEngine
from indexer.model import Document
from indexer.ranking import Ranking
from search_app.compare_runs import compare
from search_app.evaluate import Report, measure
from search_app.measures import AD_HOC
from search_app.runs import Run, make_run

SEED = 11
LEAST_GAIN = 0.0005  # of the mean over classes: less than one hit moved by one place in one query
PER_RANKING = {
    "k1": (0.6, 0.9, 1.2, 1.6, 2.0),
    "idf_shift": (0.0, 0.2, 0.5, 1.0),
    "inflection": (0.6, 0.7, 0.8, 0.9, 1.0),
    "title_coverage": (0.0, 0.5, 1.0, 1.5, 2.0, 3.0),
    "title_fill": (0.0, 0.5, 1.0, 2.0, 4.0),
    "adjacency": (0.0, 0.25, 0.5, 1.0, 1.5),
    "rerank_window": (50, 100, 200),
}
FIELD_WEIGHTS = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
FIELD_BS = {"title": (0.0, 0.3, 0.6), "heading": (0.0, 0.3, 0.6), "body": (0.5, 0.6, 0.7, 0.8, 0.9)}
IN_SEARCH = {  # module, constant, key of a dictionary or "": what the reading of a query adds
    ("search_app.findings", "BOOSTS", "city"): (1.0, 2.0, 4.0, 6.0, 8.0),
    ("search_app.findings", "BOOSTS", "specialty"): (1.0, 2.0, 4.0, 6.0, 8.0),
    ("search_app.findings", "BOOSTS", "kind"): (1.0, 2.0, 3.0, 5.0, 8.0),
    ("search_app.findings", "BOOSTS", "topic"): (0.0, 1.0, 2.0, 3.0, 5.0),
    ("search_app.findings", "HINT", ""): (0.0, 1.0, 2.0, 3.0, 4.0),
    ("search_app.wording", "SMALL_WORD_WEIGHT", ""): (0.0, 0.1, 0.2, 0.4, 0.7),
    ("search_app.widen", "LABEL_WEIGHT", ""): (0.5, 0.7, 0.9, 1.0),
    ("search_app.alike", "AMONG", ""): (0.0, 0.1, 0.2, 0.3, 0.5, 1.0),
}
Constant = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Setting:
    """A value for every constant that is searched."""

    ranking: Ranking = field(default_factory=Ranking)
    in_search: tuple[tuple[Constant, float], ...] = ()

    def variants(self) -> dict[str, list[Setting]]:
        """For each constant by name, the settings that differ from this one in it alone."""
        found: dict[str, list[Setting]] = {}
        for name, grid in PER_RANKING.items():
            found[name] = [self._ranked(**{name: value}) for value in grid]
        for at, name in enumerate(FIELDS):
            weights, bs = self.ranking.field_weights, self.ranking.field_b
            found[f"field_weights.{name}"] = [self._ranked(field_weights=_at(weights, at, w)) for w in FIELD_WEIGHTS]
            if name in FIELD_BS:
                found[f"field_b.{name}"] = [self._ranked(field_b=_at(bs, at, b)) for b in FIELD_BS[name]]
        for constant, grid in IN_SEARCH.items():
            settings = [replace(self, in_search=_put(self.in_search, constant, value)) for value in grid]
            found[".".join(part for part in constant if part)] = settings
        return {name: [other for other in others if other != self] for name, others in found.items()}

    def _ranked(self, **changes: Any) -> Setting:
        return replace(self, ranking=replace(self.ranking, **changes))

    def as_json(self) -> dict[str, Any]:
        """Every constant by name."""
        found = {".".join(part for part in constant if part): value for constant, value in self.in_search}
        return {"ranking": asdict(self.ranking), **found}


def _at(values: tuple[float, ...], at: int, value: float) -> tuple[float, ...]:
    return (*values[:at], value, *values[at + 1 :])


def _put(values: tuple[tuple[Constant, float], ...], constant: Constant, value: float) -> Any:
    return tuple((each, value if each == constant else old) for each, old in values)


def present() -> Setting:
    """The constants as the program has them."""
    values = []
    for module, name, key in IN_SEARCH:
        found = getattr(import_module(module), name)
        values.append(((module, name, key), found[key] if key else found))
    return Setting(Ranking(), tuple(values))


class Bench:
    """Runs settings over the documents; keeps one index for each choice of the constants that are baked into it."""

    def __init__(self, documents: tuple[Document, ...], folder: Path) -> None:
        self.documents = documents
        self.folder = folder
        self.indexes: dict[str, Path] = {}

    def run(self, setting: Setting, collection: Collection) -> Run:
        """What a setting finds."""
        engine = WhooshEngine(self._index(setting.ranking), setting.ranking)
        with constants(setting.in_search), engine.searcher() as searcher:
            return make_run(collection.judgments, searcher, depth=min(collection.depth, 100))

    def report(self, setting: Setting, collection: Collection) -> Report:
        """The same, measured."""
        return measure(collection.judgments, self.run(setting, collection), collection.measures)

    def _index(self, ranking: Ranking) -> Path:
        key = json.dumps(ranking.index_part())
        if key not in self.indexes:
            path = self.folder / str(len(self.indexes))
            with WhooshEngine(path, ranking).rebuild() as writer:
                for document in self.documents:
                    writer.put(document)
            self.indexes[key] = path
        return self.indexes[key]


@contextmanager
def constants(values: tuple[tuple[Constant, float], ...]) -> Iterator[None]:
    """The search with other constants, for a while."""
    before = []
    for (module_name, name, key), value in values:
        module = import_module(module_name)
        holder = getattr(module, name)
        before.append((module, name, key, holder[key] if key else holder))
        if key:
            holder[key] = value
        else:
            setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, key, value in before:
            if key:
                getattr(module, name)[key] = value
            else:
                setattr(module, name, value)


def objective(report: Report) -> float:
    """Mean over the classes of nDCG@10."""
    return sum(row.estimates["ndcg@10"].mean for row in report.classes) / len(report.classes)


def search(bench: Bench, collection: Collection, rounds: int, seed: int) -> Setting:
    """Coordinate search from the present constants; ends early when a round changes nothing."""
    dice = random.Random(seed)
    best = present()
    score = objective(bench.report(best, collection))
    print(f"seed {seed}, start {score:.4f}", flush=True)
    for number in range(rounds):
        before = best
        names = list(best.variants())
        dice.shuffle(names)
        for name in names:
            tried = [(objective(bench.report(other, collection)), other) for other in best.variants()[name]]
            top, setting = max(tried, key=lambda each: each[0])
            if top >= score + LEAST_GAIN:
                best, score = setting, top
                print(f"round {number + 1}  {score:.4f}  {name} = {_value(best, name)}", flush=True)
        if best == before:
            break
    return best


def _value(setting: Setting, name: str) -> Any:
    found = setting.as_json()
    if name in found:
        return found[name]
    first, _, which = name.partition(".")
    return found["ranking"][first][FIELDS.index(which)] if which else found["ranking"][first]


def show(title: str, bench: Bench, collection: Collection, setting: Setting) -> None:
    """Before and after, by class, with the interval of the gain."""
    before, after = bench.run(present(), collection), bench.run(setting, collection)
    reports = [measure(collection.judgments, run, collection.measures) for run in (before, after)]
    print(f"\n{title}")
    for old, new in zip(
        (*reports[0].classes, reports[0].overall), (*reports[1].classes, reports[1].overall), strict=True
    ):
        means = [row.estimates["ndcg@10"].mean for row in (old, new)]
        print(f"  {old.name:16}{means[0]:8.4f} -> {means[1]:.4f}  {means[1] - means[0]:+.4f}")
    gain = compare(collection.judgments, before, after)
    print(f"  gain {gain.change}: {gain.better} queries better, {gain.worse} worse, {gain.same} the same")


def main() -> None:
    """Search, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--held-out", action="store_true", help="measure the result on the half set aside, too")
    parser.add_argument("--json", type=Path, help="write the constants to this file")
    chosen = parser.parse_args()
    started = time.perf_counter()
    documents = own_documents()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(documents, Path(folder))
        tuning = own("tuning", documents)
        best = search(bench, tuning, chosen.rounds, chosen.seed)
        print(f"\n{time.perf_counter() - started:.0f} s\n{json.dumps(best.as_json(), indent=1)}")
        show("tuning half", bench, tuning, best)
        if chosen.held_out:
            show("half set aside", bench, own("held_out", documents), best)
    for path in sorted(COLLECTIONS.glob("*/qrels.tsv")):  # never tuned to: a check that other text does not suffer
        with tempfile.TemporaryDirectory() as folder:
            other = public(path.parent)
            others = Bench(other.documents, Path(folder))
            for name, setting in (("before", present()), ("after", best)):
                means = measure(other.judgments, others.run(setting, other), AD_HOC).overall.estimates
                print(f"{other.name} {name}: " + ", ".join(f"{each} {mean.mean:.4f}" for each, mean in means.items()))
    if chosen.json:
        chosen.json.write_text(json.dumps(best.as_json(), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
