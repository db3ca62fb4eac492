"""Files that nobody has touched since they were found whole are believed, and looked at later; all others are read."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

import orjson
import pytest

from indexer import generation, watching
from indexer.checked import RECORD, Checked, Found
from indexer.checksums import file_checksum, read_sparing
from indexer.engines.whoosh_engine import WhooshEngine
from indexer.errors import IndexDamaged
from indexer.verify import verify
from indexer.watching import Rounds
from search_app import create_app
from tests.live import Site, wait_until
from tests.test_generation import answer, fill

HOUR_NS = 3600 * 10**9
_fork = multiprocessing.get_context("fork")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read whole to be compared with a manifest."""
    names: list[str] = []
    digest_of = generation.digest_of

    def noted(path: str, block: int) -> bytes:
        names.append(Path(path).name)
        return digest_of(path, block)

    monkeypatch.setattr(generation, "digest_of", noted)
    return names


def known(engine: WhooshEngine) -> Path:
    """Have all files of the current generation found whole, a little later than they were written; its folder."""
    time.sleep(2 * generation.TICK_NS / 1e9)
    name = engine.generations.current()
    engine.generations.check(name)
    return engine.generations.path(name)


def two(folder: Path, update: bool = False) -> tuple[WhooshEngine, Path]:
    """An index with an older and a current generation, both found whole, and the folder of the current one."""
    engine = WhooshEngine(folder)
    fill(engine, "old")
    known(engine)
    fill(engine, "new", update=update)
    return engine, known(engine)


def overwrite(path: Path) -> None:
    """Change one bit in the middle of a file, which keeps its size and the time of its last change."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    with path.open("r+b") as stream:
        stream.write(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def rot(path: Path, index: Path, found_ns: int = 0) -> None:
    """What a disk does that loses a bit without a word: the file system says the same of the file as before."""
    before = rows(index)[path.stat().st_ino]
    time.sleep(0.02)
    overwrite(path)
    status = path.stat()
    moment = found_ns or before.moment
    write_rows(index, {**rows(index), status.st_ino: before._replace(changed=status.st_ctime_ns, moment=moment)})


def rows(index: Path) -> dict[int, Found]:
    return dict(Checked(index)._found)


def write_rows(index: Path, found: dict[int, Found]) -> None:
    record = Checked(index)
    record._learnt = dict(found)
    record.save()


def core(folder: Path) -> Path:
    return next(folder.rglob("core.bin"))


def test_what_nobody_has_touched_is_not_read_again(tmp_path: Path, read: list[str]) -> None:
    two(tmp_path)
    assert set(read) >= {"core.bin", "weights.bin", "live.npy"}
    read.clear()
    assert answer(WhooshEngine(tmp_path)) == {"new"}
    assert read == []
    assert answer(WhooshEngine(tmp_path, whole=True)) == {"new"}
    assert "core.bin" in read


def test_a_build_says_what_it_has_written(tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "TICK_NS", -HOUR_NS)  # this one is small and quick
    fill(WhooshEngine(tmp_path), "new")
    assert answer(WhooshEngine(tmp_path)) == {"new"}
    assert read == []


def test_what_has_only_just_been_written_is_read(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have changed once more without a new time."""
    monkeypatch.setattr(generation, "TICK_NS", HOUR_NS)
    fill(WhooshEngine(tmp_path), "new")
    assert answer(WhooshEngine(tmp_path)) == {"new"}
    assert "core.bin" in read
    assert not (tmp_path / RECORD).exists()


def test_a_file_that_was_written_over_and_given_its_old_time_is_read(tmp_path: Path) -> None:
    _, current = two(tmp_path)
    overwrite(core(current))
    engine = WhooshEngine(tmp_path)
    assert answer(engine) == {"old"}
    assert "core.bin differs from its checksum" in engine.open().problems[0]


@pytest.mark.parametrize("how", ["touch", "chmod", "link"])
def test_a_file_that_was_touched_is_read_once(tmp_path: Path, how: str, read: list[str]) -> None:
    _, current = two(tmp_path)
    file = core(current)
    if how == "touch":
        os.utime(file)
    elif how == "chmod":
        file.chmod(0o600)
    else:
        os.link(file, tmp_path / "backup")
    read.clear()
    known(WhooshEngine(tmp_path))  # what has just changed is noted by whoever has it written to the disk
    read.clear()
    assert answer(WhooshEngine(tmp_path)) == {"new"}
    assert read == []


def test_a_copied_index_is_read_whole(tmp_path: Path, read: list[str]) -> None:
    _, current = two(tmp_path / "original")
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "original", copy)
    read.clear()
    assert answer(WhooshEngine(copy)) == {"new"}
    assert set(read) >= {"core.bin", "weights.bin", "live.npy"}
    overwrite(core(copy / current.name))
    assert answer(WhooshEngine(copy)) == {"old"}


def _as_nobody(index: Path) -> None:
    if not os.getuid():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    with pytest.raises(OSError):
        (index / "x").touch()
    assert answer(WhooshEngine(index)) == {"new"}
    assert verify(WhooshEngine(index).generations, WhooshEngine(index).generations.current()) == ()
    os._exit(0)


def test_a_folder_that_cannot_be_written_is_served_and_read_each_time(read: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder)
        fill(WhooshEngine(index), "new")
        (index / RECORD).unlink(missing_ok=True)
        index.chmod(0o555)
        child = _fork.Process(target=_as_nobody, args=(index,))
        child.start()
        child.join(120)
        assert child.exitcode == 0
        assert not (index / RECORD).exists()
        index.chmod(0o755)
        assert answer(WhooshEngine(index)) == {"new"}
        assert "core.bin" in read


HEAD = b"medsearch checked 1 "


@pytest.mark.parametrize(
    "how", ["empty", "noise", "short", "changed", "head only", "rows of others", "folder", "future"]
)
def test_a_record_that_is_not_whole_or_from_elsewhere_says_nothing(tmp_path: Path, how: str, read: list[str]) -> None:
    from xxhash import xxh3_128_hexdigest

    _, current = two(tmp_path)
    path = tmp_path / RECORD
    data = path.read_bytes()
    found = rows(tmp_path)
    odd = orjson.dumps([["a"], 3, None, {"b": 1}])
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how == "future":
        write_rows(tmp_path, {inode: row._replace(moment=row.moment + 24 * HOUR_NS) for inode, row in found.items()})
    else:
        path.write_bytes(
            {
                "empty": b"",
                "noise": os.urandom(4096),
                "short": data[:-9],
                "changed": data.replace(b"1", b"2", 3),
                "head only": data.partition(b"\n")[0],
                "rows of others": HEAD + xxh3_128_hexdigest(odd).encode() + b"\n" + odd,
            }[how]
        )
    read.clear()
    assert answer(WhooshEngine(tmp_path)) == {"new"}
    assert "core.bin" in read
    overwrite(core(current))
    assert answer(WhooshEngine(tmp_path)) == {"old"}


@pytest.mark.parametrize("field", ["inode", "size", "modified", "changed", "checksum"])
def test_a_record_of_another_machine_says_nothing(tmp_path: Path, field: str, read: list[str]) -> None:
    two(tmp_path)
    found = rows(tmp_path)
    (tmp_path / RECORD).unlink()
    other: dict[int, Found] = {}
    for inode, row in found.items():
        if field == "inode":
            other[inode + 1_000_000] = row
        elif field == "checksum":
            other[inode] = row._replace(checksum=row.checksum[::-1] + "0")
        else:
            other[inode] = row._replace(**{field: getattr(row, field) + 1})
    write_rows(tmp_path, other)
    read.clear()
    assert answer(WhooshEngine(tmp_path)) == {"new"}
    assert set(read) >= {"core.bin", "weights.bin", "live.npy"}


def test_links_that_builds_make_and_remove_leave_known_what_was_known(tmp_path: Path, read: list[str]) -> None:
    engine = WhooshEngine(tmp_path)
    fill(engine, "old", 300)
    first = known(engine)
    linked = core(first).stat().st_ino
    for _ in range(5):  # the first generation is removed on the way, and its segment lives on in the others
        with engine.update() as writer:
            writer.delete("articles/7")
        read.clear()
        with WhooshEngine(tmp_path).searcher():
            pass
        current = engine.generations.path(engine.generations.current())
        assert core(current).stat().st_ino == linked
        assert "core.bin" not in read
    assert not first.exists()
    before = core(current).stat().st_ctime_ns
    with pytest.raises(ZeroDivisionError), engine.update():
        raise ZeroDivisionError
    assert core(current).stat().st_ctime_ns != before, "links were made and removed"
    with WhooshEngine(tmp_path).searcher():
        pass
    assert "core.bin" not in read
    inodes = {path.stat().st_ino for path in tmp_path.rglob("*")}
    assert set(rows(tmp_path)) <= inodes, "nothing is kept of files that are gone"


def test_a_change_between_two_links_is_not_taken_for_one(tmp_path: Path) -> None:
    _, current = two(tmp_path)
    generations = WhooshEngine(tmp_path).generations
    with generations.linking():
        os.link(core(current), tmp_path / "x")
        data = core(current).read_bytes()
        core(current).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert answer(WhooshEngine(tmp_path)) == {"old"}


def test_rot_is_found_by_who_reads_and_then_by_every_opening(tmp_path: Path) -> None:
    engine, current = two(tmp_path)
    rot(core(current), tmp_path)
    assert not WhooshEngine(tmp_path).open().problems, "so it is: nobody can know yet"
    assert create_app({"index": str(tmp_path)}).test_client().get("/readyz").json["status"] == "degraded"  # type: ignore[index]
    assert WhooshEngine(tmp_path).open().problems, "found once, known from then on"
    rows_left = {inode for inode in rows(tmp_path) if inode == core(current).stat().st_ino}
    assert not rows_left
    assert verify(engine.generations, current.name)


def test_each_round_reads_what_is_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, current = two(tmp_path)
    read: list[str] = []
    summed = watching.file_checksum

    def noted(path: Path, how: object) -> str:
        read.append(path.name)
        return summed(path, how)  # type: ignore[arg-type]

    monkeypatch.setattr(watching, "file_checksum", noted)
    rounds = Rounds(engine.generations, threading.Event())
    assert rounds.look() == ()
    assert "core.bin" in read
    read.clear()
    assert rounds.look() == ()
    assert read == [], "once a day"
    os.link(core(current), tmp_path / "x")
    os.utime(current / "columns" / "s0001" / "live.npy")
    assert rounds.look() == ()
    assert read == ["live.npy"], "and what looks changed"
    overwrite(core(current))
    monkeypatch.setattr(watching, "AGAIN_SECONDS", 0.0)
    assert [f"{current.name} is damaged: columns/s0001/core.bin differs" in each for each in rounds.look()] == [True]
    assert rounds.look() == (), "it was said"
    (current / "columns" / "s0001" / "weights.json").unlink()
    assert ["weights.json is missing" in each for each in rounds.look()] == [True]


def test_a_build_reads_what_it_makes_anew_and_each_day_all(tmp_path: Path) -> None:
    engine = WhooshEngine(tmp_path)
    fill(engine, "new")
    current = known(engine)
    contents = next((current / "whoosh").glob("*.toc"))
    rot(contents, tmp_path)
    with pytest.raises(IndexDamaged, match=r"\.toc differs"):
        engine.base()
    overwrite(contents)  # the bit is right again
    rot(core(current), tmp_path)
    engine.base()
    record = rows(tmp_path)
    day = {inode: row._replace(moment=row.moment - 21 * HOUR_NS) for inode, row in record.items()}
    write_rows(tmp_path, day)
    with pytest.raises(IndexDamaged, match=r"core\.bin differs"):
        engine.base()


def test_nothing_damaged_is_joined_into_what_would_be_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = WhooshEngine(tmp_path)
    fill(engine, "new", 40)
    fill(engine, "newer", 2, update=True)
    current = known(engine)
    rot(current / "columns" / "s0002" / "core.bin", tmp_path, time.time_ns() - 2 * HOUR_NS)
    monkeypatch.setattr("indexer.engines.whoosh_engine._writer.MAX_SEGMENTS", 2)
    with pytest.raises(IndexDamaged, match=r"core\.bin differs"):
        fill(engine, "newer", 3, update=True)
    assert engine.generations.current() == current.name
    assert not list(tmp_path.glob(".build-*"))
    fill(engine, "new", 40)
    assert not verify(engine.generations, engine.generations.current())


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.05)


def _served(index: Path, engine: WhooshEngine) -> None:
    wait_until(lambda: answer(engine) == {"old"})
    os._exit(0)


def test_damage_that_is_found_later_has_an_older_generation_stand_in_in_every_process(
    tmp_path: Path, quick: None
) -> None:
    _, current = two(tmp_path)
    rot(core(current), tmp_path)
    engine = WhooshEngine(tmp_path)
    assert engine.open().manifest.generation == current.name
    engine.watch()
    child = _fork.Process(target=_served, args=(tmp_path, engine))
    child.start()
    wait_until(lambda: bool(engine.open().problems))
    with engine.searcher() as searcher:
        assert searcher.state() == "yellow"
        assert "core.bin differs" in searcher.problems[0]
    assert answer(engine) == {"old"}
    child.join(120)
    assert child.exitcode == 0


def test_what_is_known_to_be_damaged_is_not_served_even_when_there_is_nothing_else(tmp_path: Path, quick: None) -> None:
    engine = WhooshEngine(tmp_path)
    fill(engine, "new")
    current = known(engine)
    rot(core(current), tmp_path)
    assert not engine.open().problems
    engine.watch()

    def refused() -> bool:
        try:
            engine.open()
        except IndexDamaged:
            return True
        return False

    wait_until(refused)


def test_the_thread_ends_with_its_engine(tmp_path: Path, quick: None) -> None:
    def watching_threads() -> int:
        return sum(thread.name == "watch" for thread in threading.enumerate())

    before = watching_threads()
    engine = WhooshEngine(tmp_path)
    engine.watch()
    assert watching_threads() == before + 1
    del engine
    wait_until(lambda: watching_threads() == before)


def test_a_server_finds_what_is_damaged_after_its_start(tmp_path: Path) -> None:
    index = tmp_path / "index"
    engine, current = two(index)
    with Site(index, before="from indexer import watching; watching.LOOK_SECONDS = 0.5") as site:
        assert site.json("/readyz")["status"] == "ok"
        overwrite(core(current))
        os.utime(core(current))  # it may have been read already, and would be again in a day

        def told() -> bool:
            return all(site.json("/readyz")["status"] == "degraded" for _ in range(8))

        wait_until(told)
        ready = site.json("/readyz")
        assert ready["state"] == "yellow"
        assert ready["generation"] == engine.generations.names()[0]
        assert "core.bin differs from its checksum" in ready["notes"][0]
        assert site.json("/api/v1/search?q=shared")["total"] == 30
        assert "core.bin differs from its checksum" in site.written()


@pytest.mark.parametrize("size", [0, 1, 4095, 256 << 10, (1 << 20) - 1, (1 << 20) + 1, (3 << 20) + 7])
@pytest.mark.parametrize("blocks", [1 << 20, 16 << 20])
def test_reading_sparingly_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, blocks: int
) -> None:
    monkeypatch.setattr("indexer.checksums.BLOCK_BYTES", blocks)
    path = tmp_path / "file"
    path.write_bytes(os.urandom(size))
    whole = file_checksum(path)
    assert file_checksum(path, read_sparing) == whole
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    assert file_checksum(path, read_sparing) == whole
    monkeypatch.setattr("indexer.checksums._NOWAIT", None)
    assert file_checksum(path, read_sparing) == whole
