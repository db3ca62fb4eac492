"""A build in chunks: what other processes write, and what is joined, is what one process would have written."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from whoosh import index as whoosh_index

from indexer.analysis import BREAK, FIELDS
from indexer.engines import Engine
from indexer.engines.memory import MemoryEngine
from indexer.engines.whoosh_engine import (
    WhooshEngine,
    _chunks,
    _columns,
    _durable,
    _inverting,
    _join,
    _postings,
    _writer,
)
from indexer.model import And, Document, Filter, Phrase, Query, Section, Term
from indexer.token_stream import analyze

WORDS = ("eye", "heart", "hospital", "clinic", "cost", "visa", "beijing", "CAR-T", "协和医院", "No.12", "cancer", "é")


def document(number: int, seed: int = 0) -> Document:
    chance = random.Random(number * 1000 + seed)
    sections = tuple(
        Section(chance.choice(WORDS), f"s{place}", " ".join(chance.choices(WORDS, k=chance.randrange(1, 40))))
        for place in range(chance.randrange(1, 4))
    )
    return Document(
        f"hospitals/{number:04d}", "hospital", f"{chance.choice(WORDS)} hospital {number}", sections,
        aliases=(f"alias {number}",), title_zh="北京医院" if number % 7 == 0 else "",
        city=(chance.choice(("Beijing", "Shanghai")),), specialty=tuple(chance.sample(("A", "B, C", "D"), 2)),
        date=f"2026-01-{number % 28 + 1:02d}" if number % 3 else "",
    )  # fmt: skip


def answers(engine: Engine, snippets: bool = False) -> list[object]:
    """What some queries find, in a form that two engines can be compared by; the oracle makes no snippets."""
    found: list[object] = []
    with engine.searcher() as searcher:
        for root in (Term("eye"), Term("visa"), And((Term("heart"), Term("cost"))), Phrase(("car", "t")), Term("12")):
            for sort in ("relevance", "title", "date"):
                filters = (Filter("city", ("Beijing",)),) if sort == "title" else ()
                results = searcher.search(Query(root, limit=20, sort=sort, filters=filters))
                found.append(
                    [
                        (hit.doc_id, round(hit.score, 3), hit.snippet if snippets else "", hit.section)
                        for hit in results.hits
                    ]
                )
                found.append((results.total, results.facets))
        found.append([each.doc_id for each in searcher.documents()])
        found.append(
            [searcher.lexicon.joined("cart"), searcher.lexicon.named("alias 5"), searcher.lexicon.frequency("eye")]
        )
    return found


def write(engine: Engine) -> None:
    """Documents, some of them put twice and some taken back, over several chunks."""
    with engine.rebuild() as writer:
        for number in random.Random(1).sample(range(300), 300):
            writer.put(document(number))
        writer.put(document(5, seed=1))
        writer.delete("hospitals/0007")
        writer.put(document(8, seed=1))


def change(engine: Engine) -> None:
    with engine.update() as writer:
        for number in range(0, 300, 3):
            writer.put(document(number, seed=2))
        writer.delete("hospitals/0001")


def test_many_chunks_from_many_processes_are_one_segment_like_that_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    oracle, alone, many = MemoryEngine(), WhooshEngine(tmp_path / "alone"), WhooshEngine(tmp_path / "many")
    write(oracle)
    write(alone)
    monkeypatch.setattr(_chunks, "CHUNK_CHARACTERS", 8000)
    write(many)
    assert answers(many) == answers(oracle)
    assert answers(many, snippets=True) == answers(alone, snippets=True)
    generation = many.generations.path(many.generations.current())
    assert [path.name for path in (generation / "columns").iterdir()] == ["s0001"]
    assert len(list((generation / "whoosh").glob("*.seg"))) > 3
    assert many.verify(generation.name) == ()
    change(oracle)
    change(many)
    assert answers(many) == answers(oracle)


def test_more_chunks_than_fit_one_segment_make_more_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_chunks, "CHUNK_CHARACTERS", 8000)
    monkeypatch.setattr(_writer, "MAX_SEGMENT_TOKENS", 4000)
    oracle, engine = MemoryEngine(), WhooshEngine(tmp_path / "index")
    write(oracle)
    write(engine)
    assert answers(engine) == answers(oracle)
    assert len(engine.generations.manifest(engine.generations.current()).segments) > 1
    # Joining the small ones in an update leaves out what was deleted.
    monkeypatch.setattr(_writer, "MAX_SEGMENTS", 1)
    change(oracle)
    change(engine)
    assert answers(engine) == answers(oracle)


def test_a_document_that_no_process_can_write_fails_the_build_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_chunks, "CHUNK_CHARACTERS", 8000)
    engine = WhooshEngine(tmp_path / "index")
    broken = Document("hospitals/x", "hospital", "x", (Section("", "", "x"),), city=(3,))  # type: ignore[arg-type]

    def build() -> None:
        with engine.rebuild() as writer:
            for each in (broken, *map(document, range(200))):
                writer.put(each)

    with pytest.raises((TypeError, AttributeError)):
        build()
    assert [path.name for path in (tmp_path / "index").iterdir()] == [".lock"]


BUILD = """
import sys
from indexer.engines.whoosh_engine import WhooshEngine, _chunks
from tests.test_chunks import document
_chunks.CHUNK_CHARACTERS = 2000
if __name__ == "__main__":
    with WhooshEngine(sys.argv[1]).rebuild() as writer:
        number = 0
        while True:
            writer.put(document(number))
            number += 1
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="it looks for processes in /proc")
def test_the_other_processes_end_with_a_build_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / "endless.py").write_text(BUILD, "utf-8")
    command = [sys.executable, str(tmp_path / "endless.py"), str(tmp_path / "index")]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(root)}, cwd=root) as build:
        children = wait_for(lambda: _workers(build.pid), lambda found: len(found) >= 2)
        build.send_signal(signal.SIGKILL)
    assert wait_for(lambda: [pid for pid in children if _runs(pid)], lambda left: not left) == []


def wait_for(look, enough):  # type: ignore[no-untyped-def]
    until = time.monotonic() + 60
    while not enough(found := look()) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def _workers(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    except OSError:
        return []


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_few_tokens_are_inverted_by_sorting_as_many_are_by_compiled_loops() -> None:
    for seed in range(20):
        chance = np.random.default_rng(seed)
        ends = np.concatenate([[0], np.cumsum(chance.integers(0, 30, chance.integers(1, 12)))])
        terms = int(chance.integers(1, 25))
        tokens = chance.integers(-1, terms, ends[-1]).astype(np.int32)
        few, many = (f(tokens, ends, terms) for f in (_columns._inverted_few, _columns._inverted_many))
        for name, mine, other in zip(few._fields, few, many, strict=True):
            assert mine.dtype == other.dtype, name
            assert mine.tolist() == other.tolist(), name


def test_few_rows_are_joined_one_by_one_as_many_are_by_a_compiled_loop() -> None:
    for seed in range(20):
        chance = np.random.default_rng(seed)
        lengths = chance.integers(0, 5, 12)
        ends = np.concatenate([[0], np.cumsum(lengths)])
        rows = np.sort(chance.choice(12, 7, replace=False))
        numbers = chance.permutation(7)
        size = int(chance.integers(1, 9))
        source = chance.integers(0, 255, ends[-1] * size).astype(np.uint8)
        target_ends = np.concatenate([[0], np.cumsum(lengths[rows][np.argsort(numbers)])])
        few, many = (np.zeros(target_ends[-1] * size, np.uint8) for _ in range(2))
        _join.gather_few(source, ends, rows, numbers, size, few, target_ends)
        _inverting.gather(source, ends, rows, numbers, size, many, target_ends)
        assert few.tolist() == many.tolist()


def test_the_whoosh_half_has_the_postings_that_whoosh_itself_would_write(tmp_path: Path) -> None:
    """The same documents through Whoosh's own writer: every term, posting, position, length and stored field."""
    documents = [document(number) for number in range(300)]
    engine = WhooshEngine(tmp_path / "index")
    with engine.rebuild() as writer:
        for each in documents:
            writer.put(each)
    ours = whoosh_index.open_dir(str(engine.generations.path(engine.generations.current()) / "whoosh"), readonly=True)
    (tmp_path / "theirs").mkdir()
    theirs = whoosh_index.create_in(str(tmp_path / "theirs"), _durable.schema())
    whoosh_writer = theirs.writer()
    for each in documents:
        whoosh_writer.add_document(**_fields(each))
    whoosh_writer.commit()
    with ours.reader() as mine, theirs.reader() as expected:
        assert list(mine.all_terms()) == list(expected.all_terms())
        assert list(mine.all_stored_fields()) == list(expected.all_stored_fields())
        for name, text in expected.all_terms():
            assert _found(mine, name, text) == _found(expected, name, text)
            assert _term(mine.term_info(name, text)) == _term(expected.term_info(name, text))
        for name in FIELDS:
            assert mine.field_length(name) == expected.field_length(name)
            sizes = [[reader.doc_field_length(number, name) for number in range(300)] for reader in (mine, expected)]
            assert sizes[0] == sizes[1]
    ours.close()
    theirs.close()


def _fields(each: Document) -> dict[str, str]:
    analyzed = analyze(each)
    texts: list[list[str]] = [[] for _ in FIELDS]
    for term, field in zip(analyzed.terms, analyzed.fields, strict=True):
        if term != BREAK:
            texts[field].append(term)
    keywords = {name: ",".join(v.replace(",", "\u201a") for v in each.values(name)) for name in _durable.KEYWORDS}
    basics = {"id": each.doc_id, "kind": each.kind, "name": each.title, "date": each.date}
    return (
        {name: value for name, value in (basics | keywords).items() if value}
        | {name: " ".join(words) for name, words in zip(FIELDS, texts, strict=True) if words}
    )  # fmt: skip


def _found(reader, name: str, text: bytes) -> list[object]:  # type: ignore[no-untyped-def]
    matcher = reader.postings(name, text)
    found: list[object] = []
    while matcher.is_active():
        positions = matcher.value_as("positions") if name in FIELDS else []
        lengths = (matcher.block_min_length(), matcher.block_max_length(), matcher.block_max_weight())
        found.append((matcher.id(), matcher.weight(), positions, lengths))
        matcher.next()
    return found


def _term(info) -> tuple[float, ...]:  # type: ignore[no-untyped-def]
    return (
        info.weight(), info.doc_frequency(), info.min_length(), info.max_length(), info.max_weight(),
        info.min_id(), info.max_id(),
    )  # fmt: skip


def test_a_compiled_loop_writes_the_blocks_that_pickle_does() -> None:
    """Few and many postings and positions, numbers of one, two and four bytes, values that recur and that do not."""
    chance = np.random.default_rng(5)
    shapes = ((1, 1), (2, 3), (3, 1), (4, 2), (128, 1), (129, 4), (700, 2), (2, 999), (2, 2500), (300, 1), (1, 70_000))
    rows = [
        (term, document, position)
        for term, (documents, most) in enumerate(shapes)
        for document in np.sort(chance.choice(100_000, documents, replace=False)).tolist()
        for position in np.cumsum(
            chance.integers(
                1, chance.choice((2, 40, 400, 90_000) if most < 3000 else (2, 400)), chance.integers(1, most + 1)
            )
        )
    ]
    some = _postings.Slice.of(*np.array(rows, np.int32).T)
    lengths = chance.integers(0, 256, 100_000).tolist()
    texts = [str(term).encode() for term in range(len(shapes))]
    many, few = (list(way(some, texts, lengths)) for way in (_postings.by_loop, _postings.one_by_one))
    assert many == few
