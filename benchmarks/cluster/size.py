"""How building and answering grow with the number of documents, beside the embedded engine on the same documents."""

from __future__ import annotations

import itertools
import json
import os
import resource
import statistics
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.cluster.nodes import stored
from benchmarks.speed import samples
from benchmarks.speed.building import build
from benchmarks.speed.peers import Ours
from benchmarks.speed.questions import Question, draw, our_query
from benchmarks.speed.samples import CACHE, Sample, document, load
from indexer.engines import Engine, open_engine
from indexer.errors import SearchError
from indexer.model import Results
from scripts.cluster import LocalCluster

STEP = 50_000  # documents between two looks at rate and memory
SHORT_SENTENCES = 3  # about 70 words a document
SEEN = 2000  # documents that questions are drawn from, as the speed benchmark does
ROUNDS = 5
ASKERS = 4
ASKED_SECONDS = 20.0


def short(number: int) -> Path:
    """Folder with so many made documents of a third of the usual length, as ``samples.jsonl``."""
    folder = CACHE / f"short-{number}"
    if not (folder / "samples.jsonl").is_file():
        made = samples.make(number, samples.source(), median_sentences=SHORT_SENTENCES)
        samples.save(made, folder / "samples.jsonl")
    return folder


def size(cluster: LocalCluster, number: int, folder: Path, shards: int, *, beside: bool) -> dict[str, Any]:
    """Build ``number`` made documents on the cluster and time the questions of the speed benchmark.

    ``folder`` holds the documents, as the speed benchmark keeps them. The embedded engine is timed on the same ones where
    its index stands there, or is built for it if ``beside``.
    """
    name = "size_" + folder.name.replace("-", "_")
    address = f"opensearch://{cluster.hosts}/{name}?shards={shards}&replicas=0"
    kept = cluster.folder / f"{name}.json"  # a build of hours is not lost to what comes after it
    if not kept.is_file():
        kept.write_text(json.dumps(_build(open_engine(address), load(folder / "samples.jsonl"))), "utf-8")
    step = max(1, number // SEEN)
    questions = draw(tuple(itertools.islice(load(folder / "samples.jsonl"), 0, None, step)))
    figures: dict[str, Any] = {
        "documents": number,
        "folder": folder.name,
        "nodes": len(cluster.ports),
        "heap": cluster.heap,
        "shards": shards,
        "copies": 0,
        "build": json.loads(kept.read_text("utf-8")),
        "stored_bytes": stored(cluster, name),
        "questions": len(questions),
        "cluster": _asked(open_engine(address), questions),
    }
    ours = _embedded(folder, beside)
    if ours is not None:
        figures["other_answers"] = _differences(questions, ours, open_engine(address))
        figures["embedded"] = _asked(ours, questions)
        figures["embedded_build"] = json.loads((folder / "builds.json").read_text("utf-8"))[Ours.name]
    return figures


def _build(engine: Engine, given: Iterable[Sample]) -> dict[str, Any]:
    """Write one generation; what it cost this process, as a whole and on the way."""
    started, before = time.perf_counter(), sum(os.times()[:2])
    looks: list[dict[str, float]] = []

    def looked(done: int) -> None:
        looks.append({"documents": done, "seconds": time.perf_counter() - started, "bytes": _own_memory()})
        print(
            f"{done:,} documents after {looks[-1]['seconds']:,.0f} s, {looks[-1]['bytes'] / 1e6:,.0f} MB",
            file=sys.stderr,
        )

    number = 0
    with engine.rebuild() as writer:
        for number, sample in enumerate(given, 1):
            writer.put(document(sample))
            if not number % STEP:
                looked(number)
        analysed = time.perf_counter() - started
    seconds = time.perf_counter() - started
    return {
        "seconds": round(seconds, 1),
        "of_which_analysis": round(analysed, 1),
        "cpu_seconds": round(sum(os.times()[:2]) - before, 1),
        "documents_per_second": round(number / seconds, 1),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "looks": looks,
    }


def _own_memory() -> int:
    """Bytes of this process alone (its nodes are others)."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _embedded(folder: Path, build_it: bool) -> Engine | None:
    """The index of the embedded engine beside the documents, if this version can read it or may build it."""
    engine = open_engine(f"whoosh:{folder / Ours.name}")
    try:
        with engine.searcher():
            return engine
    except SearchError as error:
        if not build_it:
            print(f"The embedded engine is not timed: {error}", file=sys.stderr)
            return None
    builds = folder / "builds.json"
    built: dict[str, Any] = json.loads(builds.read_text("utf-8")) if builds.is_file() else {}
    built[Ours.name] = asdict(build(Ours.name, folder / "samples.jsonl", folder / Ours.name))
    builds.write_text(json.dumps(built, indent=1) + "\n", "utf-8")
    return open_engine(f"whoosh:{folder / Ours.name}")


def _differences(questions: tuple[Question, ...], ours: Engine, theirs: Engine) -> int:
    """Questions whose total or counts differ."""
    with ours.searcher() as left, theirs.searcher() as right:
        pairs = ((left.search(query), right.search(query)) for query in map(our_query, questions))
        return sum(_told(a) != _told(b) for a, b in pairs)


def _told(results: Results) -> tuple[int, list[dict[str, int]]]:
    counts = [{bucket.value: bucket.count.value for bucket in facet.buckets} for facet in results.facets]
    return results.total.value, counts


def _asked(engine: Engine, questions: tuple[Question, ...]) -> dict[str, Any]:
    """Milliseconds of first and of repeated questions, and answers a second from several threads."""
    with engine.searcher() as searcher:
        first = list(_timed(searcher.search, questions))
        rounds = [list(_timed(searcher.search, questions)) for _ in range(ROUNDS)]
    again = [statistics.median(column) for column in zip(*rounds, strict=True)]
    return {
        "first_ms": _shares(first),
        "ms": _shares(again),
        "askers": ASKERS,
        "answers_per_second": round(_throughput(engine, questions), 1),
    }


def _timed(search: Any, questions: Iterable[Question]) -> Iterator[float]:
    for query in map(our_query, questions):
        started = time.perf_counter()
        search(query)
        yield 1000 * (time.perf_counter() - started)


def _shares(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {f"p{share}": round(ordered[round(share / 100 * (len(ordered) - 1))], 3) for share in (50, 95, 100)}


def _throughput(engine: Engine, questions: tuple[Question, ...]) -> float:
    """Answers a second while several threads ask one question after the other."""
    queries = list(map(our_query, questions))
    counts = [0] * ASKERS
    until = time.monotonic() + ASKED_SECONDS

    def ask(number: int) -> None:
        for query in itertools.cycle(queries[number::ASKERS]):
            if time.monotonic() > until:
                return
            with engine.searcher() as searcher:
                searcher.search(query)
            counts[number] += 1

    askers = [threading.Thread(target=ask, args=(number,)) for number in range(ASKERS)]
    started = time.monotonic()
    for each in askers:
        each.start()
    for each in askers:
        each.join()
    return sum(counts) / (time.monotonic() - started)
