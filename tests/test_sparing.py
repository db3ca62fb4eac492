"""A large index answers as any other, while no more of it is read and kept than searches need."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from indexer.engines.memory import MemoryEngine
from indexer.engines.whoosh_engine import WhooshEngine, _reader, _segment, _sparing
from indexer.engines.whoosh_engine._pack import Pack, PackWriter
from indexer.model import And, Document, Node, Phrase, Query, Section, Term
from tests.engine_contract import assert_same

COMMON, USUAL, RARE = ("and", "the", "of"), ("eye", "heart", "visa", "cost", "clinic"), ("laser", "stent")


def _texts(count: int) -> list[str]:
    """Texts in which words of very different frequency stand side by side, always the same."""
    chance = random.Random(7)
    words = COMMON * 12 + USUAL * 3
    return [" ".join([*chance.choices(words, k=40), *chance.choices((*RARE, *[""] * 30), k=2)]) for _ in range(count)]


def test_it_answers_alike_while_it_lets_go_of_its_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each search lets go of all columns, and phrases are found by the places of two words, however frequent."""
    released: list[tuple[str, ...]] = []
    release = Pack.release

    def seen(pack: Pack, *names: str) -> None:
        released.append(names)
        release(pack, *names)

    monkeypatch.setattr(Pack, "release", seen)
    monkeypatch.setattr(_reader, "LARGE", 0)
    monkeypatch.setattr(_segment, "WORTH_FETCHING", 0)
    monkeypatch.setattr(_sparing, "SEARCHES", 1)
    monkeypatch.setattr(_sparing, "KEPT", -(1 << 40))
    ours, naive = WhooshEngine(tmp_path / "index"), MemoryEngine()
    for engine in (ours, naive):
        with engine.rebuild() as writer:
            for number, text in enumerate(_texts(250)):
                writer.put(Document(f"articles/{number:03}", "article", f"page {number}", (Section("", "", text),)))
    words = (*COMMON, *USUAL, *RARE)
    pairs = [Phrase((first, second)) for first in words for second in words]
    longer = [Phrase(("the", rare, "of")) for rare in words] + [Phrase(("and", "and"), ("body",))]
    roots: tuple[Node, ...] = (*pairs, *longer, And((Term("laser"), Term("the"))), Term("eye", ("body",)))
    released.clear()
    with ours.searcher() as searcher, naive.searcher() as expected:
        found = [searcher.search(Query(root)) for root in roots]
        for each, root in zip(found, roots, strict=True):
            assert_same(each, expected.search(Query(root)))
    assert sum(each.total.value > 0 for each in found) > len(roots) // 2
    assert released.count(()) == 2 * len(roots)


def test_a_small_index_stays_in_memory_as_a_whole(tmp_path: Path) -> None:
    engine = WhooshEngine(tmp_path / "index")
    with engine.rebuild() as writer:
        writer.put(Document("articles/1", "article", "eye", ()))
    assert engine.open().sparing is None


def test_an_array_that_was_let_go_of_is_read_again(tmp_path: Path) -> None:
    """Its neighbours too, with which it may share a page."""
    writer = PackWriter(tmp_path / "core")
    arrays = {name: np.arange(size, dtype=np.int32) for name, size in (("first", 3), ("second", 5000), ("none", 0))}
    for name, array in arrays.items():
        writer.save(name, array)
    writer.close()
    pack = Pack(tmp_path / "core")
    pack.read_singly()
    before = {name: pack.load(name) for name in arrays}
    pack.fetch("second", 10, 4000)
    pack.release("second", "none")
    assert all(before[name].tolist() == array.tolist() for name, array in arrays.items())
