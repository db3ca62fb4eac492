"""The judgments fit the corpus and the rules of their README, and no class of queries falls below its baseline."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from search_app.evaluate import Report, measure
from search_app.judgments import HALVES, NOTHING, load
from search_app.runs import make_run
from tests.real_corpus import CORPUS, real_engine

FOLDER = Path(__file__).parent / "data" / "judgments"
QUERIES, QRELS, BASELINE = FOLDER / "queries.jsonl", FOLDER / "qrels.tsv", FOLDER / "baseline.json"
SECOND = FOLDER / "second_qrels.tsv"
FRESH = FOLDER / "fresh_queries.jsonl", FOLDER / "fresh_qrels.tsv"
MIXED = FOLDER / "mixed_queries.jsonl", FOLDER / "mixed_qrels.tsv"
EVERYDAY = FOLDER / "everyday_queries.jsonl", FOLDER / "everyday_qrels.tsv"
FURTHER = {"fresh": (FRESH, 150), "mixed": (MIXED, 110), "everyday": (EVERYDAY, 80)}
SEED = "medsearch judgments 1"
TOLERANCE = 0.01  # of the mean over a class; one of 27 queries that loses its first place costs about as much
CLASSES = {
    "names", "category_city", "lay", "informational", "questions", "typos", "phrases", "boolean", NOTHING,
}  # fmt: skip


def queries() -> list[dict[str, str]]:
    return [json.loads(line) for line in QUERIES.read_text("utf-8").splitlines()]


def test_there_are_enough_queries_of_every_class() -> None:
    counts = Counter(query["class"] for query in queries())
    assert set(counts) == CLASSES
    assert sum(counts.values()) >= 300
    assert min(counts.values()) >= 20


def test_no_query_stands_twice() -> None:
    counts = Counter(query["text"] for query in queries())
    assert [text for text, count in counts.items() if count > 1] == []


def test_every_judged_page_and_query_exists() -> None:
    pages = {f"{path.parent.name}/{path.stem}" for path in CORPUS.glob("*/*.html")}
    asked = {query["id"] for query in queries()}
    lines = [line.split("\t") for path in (QRELS, SECOND) for line in path.read_text("utf-8").splitlines()]
    assert sorted({doc_id for _, doc_id, _ in lines} - pages) == []
    assert sorted({query_id for query_id, _, _ in lines} - asked) == []


def test_every_query_has_a_page_that_answers_it() -> None:
    judged = load(QUERIES, QRELS)
    best = {query.query_id: max(judged.of(query.query_id).values(), default=0) for query in judged.queries}
    without = [query.text for query in judged.queries if (best[query.query_id] == 3) == (query.query_class == NOTHING)]
    assert without == []


def test_halves_follow_the_written_rule() -> None:
    """In the order of a digest of the text, the queries of a class (or form) go to the two halves in turn."""
    groups = defaultdict(list)
    for query in queries():
        groups[query["class"], query.get("form", "")].append(query)
    for name, group in groups.items():
        group.sort(key=lambda query: hashlib.sha256(f"{SEED}:{query['text']}".encode()).hexdigest())
        halves = [query["half"] for query in group]
        first = HALVES.index(halves[0])
        assert halves == [HALVES[(first + place) % 2] for place in range(len(halves))], name


@pytest.mark.parametrize(("files", "least"), FURTHER.values(), ids=FURTHER)
def test_the_further_queries_have_pages_that_exist(files: tuple[Path, Path], least: int) -> None:
    judged = load(*files)
    pages = {f"{path.parent.name}/{path.stem}" for path in CORPUS.glob("*/*.html")}
    assert len(judged.queries) >= least
    for query in judged.queries:
        assert set(judged.of(query.query_id)) <= pages, query.text
        assert max(judged.of(query.query_id).values()) == 3, query.text


@pytest.mark.parametrize("part", FURTHER)
def test_the_further_queries_do_not_fall_below_their_baseline(part: str, snapshot_update: bool) -> None:
    judged = load(*FURTHER[part][0])
    with real_engine().searcher() as searcher:
        now = _means(measure(judged, make_run(judged, searcher)))
    _check(part, now, snapshot_update)


@pytest.mark.parametrize("half", HALVES)
def test_no_class_falls_below_its_baseline(half: str, snapshot_update: bool) -> None:
    judged = load(QUERIES, QRELS, half)
    with real_engine().searcher() as searcher:
        now = _means(measure(judged, make_run(judged, searcher)))
    _check(half, now, snapshot_update)


def _check(part: str, now: dict[str, float], snapshot_update: bool) -> None:
    kept = json.loads(BASELINE.read_text("utf-8")) if BASELINE.exists() else {}
    if snapshot_update:
        BASELINE.write_text(json.dumps({**kept, part: now}, indent=1, sort_keys=True) + "\n", "utf-8")
        return
    fallen = _fallen(now, kept[part])
    assert not fallen, f"nDCG@10 now and before: {fallen}; make baseline accepts it, with the reason in the commit"


LAME = """
import sys
from dataclasses import replace
import pytest
from tests import test_judgments

search = test_judgments.make_run

def without_first_hits(judged, searcher):
    run = search(judged, searcher)
    lay = {query.query_id for query in judged.queries if query.query_class == "lay"}
    return replace(run, rankings={key: replace(r, doc_ids=r.doc_ids[key in lay:]) for key, r in run.rankings.items()})

test_judgments.make_run = without_first_hits
sys.exit(pytest.main(["-n0", "-p", "no:cacheprovider", test_judgments.__file__, "-k", "baseline and tuning"]))
"""


def test_the_check_can_fail() -> None:
    """A search that loses the first hits of one class ends the check with a failure that names the class."""
    ended = subprocess.run([sys.executable, "-c", LAME], cwd=CORPUS.parent, capture_output=True, text=True)
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout + ended.stderr
    assert "'lay': (" in ended.stdout
    assert "'names': (" not in ended.stdout


def _fallen(now: dict[str, float], kept: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Classes that lost more than the tolerance: their mean now and before."""
    return {name: (now[name], mean) for name, mean in kept.items() if now[name] < mean - TOLERANCE}


def _means(report: Report) -> dict[str, float]:
    """NDCG@10 of each class and over all queries; of queries that should find nothing, the share that does."""
    means = {row.name: row.estimates["ndcg@10"].mean for row in (*report.classes, report.overall)}
    if report.nothing:
        means[NOTHING] = report.nothing.estimates["empty"].mean
    return {name: round(mean, 4) for name, mean in means.items()}
