"""Generations: published atomically, checked before they are served, kept to go back to."""

from __future__ import annotations

import errno
import itertools
import json
import mmap
import multiprocessing
import os
import random
import resource
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from indexer.engines.whoosh_engine import WhooshEngine
from indexer.errors import GenerationMissing, IndexDamaged, IndexLocked, IndexMissing, IndexOutdated
from indexer.generation import MANIFEST, Generations
from indexer.manifest import Manifest
from indexer.model import Document, Query, Section, Term
from indexer.verify import verify

PATIENCE = 60  # seconds; guards against what never ends


def fill(engine: WhooshEngine, version: str, count: int = 30, *, update: bool = False) -> None:
    """Publish documents that all say the same version."""
    with engine.update() if update else engine.rebuild() as writer:
        for number in range(count):
            text = f"shared {version} words {number}"
            writer.put(Document(f"articles/{number}", "article", f"Title {number}", (Section("", "", text),)))


def answer(engine: WhooshEngine) -> set[str]:
    """The versions that the index answers with; two at once would be a mixed answer."""
    with engine.searcher() as searcher:
        found = {v for v in ("old", "new", "newer") if searcher.search(Query(Term(v, exact=True), limit=0)).total.value}
        assert searcher.search(Query(Term("shared"))).total.value == 30
    return found


def test_a_reader_moves_to_the_new_generation_and_keeps_the_old_one_while_it_holds_it(tmp_path: Path) -> None:
    engine = WhooshEngine(tmp_path)
    fill(engine, "old")
    with engine.searcher() as held:
        fill(WhooshEngine(tmp_path), "new")
        assert held.search(Query(Term("old"), limit=0)).total.value == 30
        assert answer(engine) == {"new"}
        assert held.search(Query(Term("old"), limit=0)).total.value == 30
    assert answer(engine) == {"new"}


def test_while_one_thread_opens_a_new_generation_the_others_answer_from_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = WhooshEngine(tmp_path)
    fill(serving, "old")
    assert answer(serving) == {"old"}
    fill(WhooshEngine(tmp_path), "new")
    opening, go_on = _slow_to_open(serving, monkeypatch)
    monkeypatch.setattr("indexer.engines.whoosh_engine.LAG_SECONDS", 3600.0)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(answer, serving)
        assert opening.wait(PATIENCE)
        assert answer(serving) == {"old"}, "nobody waits"
        go_on.set()
        assert first.result(PATIENCE) == {"new"}
    assert answer(serving) == {"new"}


def test_a_generation_published_long_ago_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that had nothing to do for an hour must not answer from what was there before."""
    serving = WhooshEngine(tmp_path)
    fill(serving, "old")
    assert answer(serving) == {"old"}
    fill(WhooshEngine(tmp_path), "new")
    moment = time.time() - 3600
    os.utime(tmp_path / "CURRENT", (moment, moment))
    opening, go_on = _slow_to_open(serving, monkeypatch)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(answer, serving)
        assert opening.wait(PATIENCE)
        second = threads.submit(answer, serving)
        assert wait([second], timeout=0.2).not_done, "it waits for the new one"
        go_on.set()
        assert [each.result(PATIENCE) for each in (first, second)] == [{"new"}, {"new"}]


def _slow_to_open(engine: WhooshEngine, monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Events: a thread opens a generation, and it may go on."""
    opening, go_on = threading.Event(), threading.Event()
    newest = engine.generations.newest_good

    def slowly(since: int | None) -> tuple[Manifest, tuple[str, ...]]:
        opening.set()
        assert go_on.wait(PATIENCE)
        return newest(since)

    monkeypatch.setattr(engine.generations, "newest_good", slowly)
    return opening, go_on


def test_a_disk_that_fails_in_the_last_moment_is_named_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoosh has committed by then and refuses to be cancelled, which hid the reason and kept the folder."""
    engine = WhooshEngine(tmp_path)
    fill(engine, "old")
    monkeypatch.setattr("indexer.generation._sync", _no_space)
    with pytest.raises(OSError, match="No space left"):
        fill(engine, "new")
    monkeypatch.undo()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".build-")]
    assert answer(engine) == {"old"}


def _no_space(path: Path) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", str(path))


def test_only_the_newest_generations_are_kept_and_rollback_returns_to_one(tmp_path: Path) -> None:
    engine = WhooshEngine(tmp_path)
    for version in ("old", "old", "new", "newer"):
        fill(engine, version)
    names = engine.generations.names()
    assert [int(name.split("-")[0]) for name in names] == [2, 3, 4]
    engine.generations.rollback()
    assert engine.generations.current() == names[1]
    assert answer(engine) == {"new"}
    engine.generations.rollback(names[0])
    assert answer(engine) == {"old"}
    with pytest.raises(GenerationMissing, match="There is no whole generation before 0"):
        engine.generations.rollback()
    with pytest.raises(GenerationMissing, match="No generation '000099'"):
        engine.generations.rollback("000099")
    assert engine.generations.prune(1) == names[1:]
    assert answer(engine) == {"old"}


def test_numbers_go_on_when_the_clock_jumps_back(tmp_path: Path) -> None:
    engine = WhooshEngine(tmp_path)
    fill(engine, "old")
    name = engine.generations.current()
    future = tmp_path / name.replace(name.split("-")[1], "29991231T235959Z")
    (tmp_path / name).rename(future)
    text = json.loads((future / MANIFEST).read_text("utf-8"))
    text["manifest"]["generation"] = future.name
    (future / MANIFEST).write_text(Manifest.loads(_resealed(text), future.name).dumps(), "utf-8")
    engine.generations.point_to(future.name)
    fill(engine, "new")
    assert engine.generations.current().startswith("000002-")
    assert answer(WhooshEngine(tmp_path)) == {"new"}


def _resealed(outer: dict[str, object]) -> str:
    values = outer["manifest"]
    assert isinstance(values, dict)
    values["files"] = {name: tuple(each) for name, each in values["files"].items()}
    return Manifest(**{**values, "segments": tuple(values["segments"]), "pivots": tuple(values["pivots"])}).dumps()


def test_the_loser_of_two_builds_is_refused_in_one_line(tmp_path: Path) -> None:
    engine = WhooshEngine(tmp_path)
    with (
        engine.rebuild(),
        pytest.raises(IndexLocked, match=r"Another build of .* is running\. Wait"),
        WhooshEngine(tmp_path).rebuild(),
    ):
        pass


def test_no_index_says_how_to_build_one(tmp_path: Path) -> None:
    with (
        pytest.raises(IndexMissing, match="Build one first: medsearch index build"),
        WhooshEngine(tmp_path / "none").searcher(),
    ):
        pass


def test_another_format_asks_for_a_rebuild(tmp_path: Path) -> None:
    engine = WhooshEngine(tmp_path)
    fill(engine, "old")
    path = tmp_path / engine.generations.current() / MANIFEST
    text = path.read_text("utf-8")
    outer = json.loads(text)
    outer["manifest"]["format_version"] = 0
    path.write_text(_resealed(outer), "utf-8")
    with (
        pytest.raises(IndexOutdated, match="Rebuild it: medsearch index build --full"),
        WhooshEngine(tmp_path).searcher(),
    ):
        pass


def test_each_engine_has_a_format_of_its_own() -> None:
    """Files of the embedded index that change must not cost a cluster of millions of documents a rebuild."""
    manifest = Manifest("000001-20260101T000000Z", "2026-01-01T00:00:00+00:00", "1", format_version=77)
    assert Manifest.loads(manifest.dumps(), manifest.generation, 77) == manifest
    with pytest.raises(IndexOutdated):
        Manifest.loads(manifest.dumps(), manifest.generation)


def test_a_lost_pointer_falls_back_to_the_newest_generation(tmp_path: Path) -> None:
    engine = WhooshEngine(tmp_path)
    fill(engine, "old")
    fill(engine, "new")
    (tmp_path / "CURRENT").unlink()
    assert answer(WhooshEngine(tmp_path)) == {"new"}
    (tmp_path / "CURRENT").write_bytes(b"\xff\xfe nonsense")
    assert answer(WhooshEngine(tmp_path)) == {"new"}


DAMAGES = ("flip", "zero", "truncate", "remove", "swap")


def damage(folder: Path, how: str, chance: random.Random) -> str:
    """Harm one file of a generation; returns its name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    target = chance.choice(files)
    data = bytearray(target.read_bytes())
    if how == "flip":
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif how == "zero":
        start = chance.randrange(len(data))
        length = min(chance.randrange(1, 4096), len(data) - start)
        if not any(data[start : start + length]):
            return damage(folder, "flip", chance)
        data[start : start + length] = bytes(length)
    elif how == "truncate":
        del data[chance.randrange(len(data)) :]
    elif how == "swap":
        other = chance.choice([path for path in files if path.read_bytes() != bytes(data)])
        data = bytearray(other.read_bytes())
    target.unlink()  # never write into a file that another generation shares
    if how != "remove":
        target.write_bytes(data)
    return target.name


def test_every_damage_is_noticed_and_the_last_good_generation_serves_on(tmp_path: Path) -> None:
    """Sixty random damages here; a thousand in ``make torture``."""
    chance = random.Random(20261122)
    import shutil

    original = tmp_path / "original"
    engine = WhooshEngine(original)
    fill(engine, "old")
    fill(engine, "new", update=True)
    for number in range(60):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(original, copy)
        generations = Generations(copy)
        current = generations.current()
        how = DAMAGES[number % len(DAMAGES)]
        file = damage(copy / current, how, chance)
        assert verify(generations, current), f"{how} of {file} went unnoticed"
        damaged = WhooshEngine(copy)
        assert answer(damaged) == {"old"}, f"{how} of {file}"
        assert damaged.open().problems
        shutil.rmtree(copy)


def test_a_file_of_many_blocks_is_whole_only_with_all_of_them_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = mmap.ALLOCATIONGRANULARITY
    monkeypatch.setattr("indexer.checksums.BLOCK_BYTES", block)
    engine = WhooshEngine(tmp_path)
    fill(engine, "new", 200)
    generations = engine.generations
    name = generations.current()
    core = next((tmp_path / name).rglob("core.bin"))
    whole = core.read_bytes()
    assert len(whole) > 3 * block
    assert generations.check(name).documents == 200
    for broken in (whole[block : 2 * block] + whole[:block] + whole[2 * block :], whole[:-1] + bytes([whole[-1] ^ 1])):
        assert len(broken) == len(whole)
        core.write_bytes(broken)
        with pytest.raises(IndexDamaged, match=r"core\.bin differs from its checksum"):
            generations.check(name)
    core.write_bytes(whole)
    generations.check(name)


def test_a_generation_of_many_files_is_checked_with_few_of_them_open(tmp_path: Path) -> None:
    """An index of a million documents has some four hundred files, and a process may often open a thousand."""
    engine = WhooshEngine(tmp_path)
    with engine.rebuild() as writer:
        for number in range(100):
            writer.attach(f"extra-{number}", b"words")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = set(map(int, os.listdir("/dev/fd")))
    free = [number for number in range(len(taken) + 30) if number not in taken][:30]
    resource.setrlimit(resource.RLIMIT_NOFILE, (free[-1] + 1, before[1]))
    try:
        assert len(engine.generations.check(engine.generations.current()).files) > 100
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_when_everything_is_damaged_the_error_says_so(tmp_path: Path) -> None:
    engine = WhooshEngine(tmp_path)
    fill(engine, "old")
    (tmp_path / engine.generations.current() / "columns" / "s0001" / "core.bin").write_bytes(b"")
    with pytest.raises(IndexDamaged, match=r"core\.bin has 0 bytes instead of"), WhooshEngine(tmp_path).searcher():
        pass


# ---------------------------------------------------------------------------------------------------------------------
# Killed builds, for real

_fork = multiprocessing.get_context("fork")
WATCHED = ("fsync", "rename", "replace", "link", "unlink", "mkdir")


def _die_at(folder: Path, version: str, update: bool, step: int) -> None:
    """In a child process: build, and die without a word at the n-th call that touches the disk."""
    calls = itertools.count(1)  # files are synced by several threads, of which no two get the same number
    for name in WATCHED:
        original = getattr(os, name)

        def counted(*args: object, original: object = original, **kwargs: object) -> object:
            if next(calls) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*args, **kwargs)  # type: ignore[operator]

        setattr(os, name, counted)
    fill(WhooshEngine(folder), version, update=update)


@pytest.mark.parametrize("update", [False, True], ids=["full", "incremental"])
def test_a_build_killed_at_every_step_leaves_one_whole_answer(tmp_path: Path, update: bool) -> None:
    serving = WhooshEngine(tmp_path)
    fill(serving, "old")
    served = "old"
    step = 0
    while True:
        step += 1
        version = "new" if served == "old" else "old"
        child = _fork.Process(target=_die_at, args=(tmp_path, version, update, step))
        child.start()
        child.join(60)
        found = answer(serving)
        assert found in ({served}, {version}), f"killed at step {step}"
        assert found == answer(WhooshEngine(tmp_path))
        served = found.pop()
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
    assert step > 20
    assert served == version
    fill(serving, "newer", update=update)
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith((".build-", "CURRENT."))]
    assert answer(serving) == {"newer"}


def _build_again(folder: Path, version: str) -> None:
    fill(WhooshEngine(folder), version)


def test_builds_killed_at_random_moments_leave_one_whole_answer(tmp_path: Path) -> None:
    chance = random.Random(7)
    serving = WhooshEngine(tmp_path)
    fill(serving, "old")
    started = time.perf_counter()
    fill(serving, "old")
    usual = time.perf_counter() - started
    served = "old"
    for _ in range(25):
        version = "new" if served == "old" else "old"
        child = _fork.Process(target=_build_again, args=(tmp_path, version))
        child.start()
        time.sleep(chance.random() * usual * 1.5)
        child.kill()
        child.join(60)
        found = answer(serving)
        assert found in ({served}, {version})
        served = found.pop()
