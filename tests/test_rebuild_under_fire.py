"""The index is rebuilt, and the builds are killed, while people search: real processes, real signals, a real server.

The quick form; a thousand kills and a hundred pairs of builds are in ``make torture``.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson
import pytest

from indexer.generation import Generations
from tests.fire import Builder, Truth, bombard, judge
from tests.live import HANG_SECONDS, MEDSEARCH, ROOT, Site, medsearch, page_html, start, wait_until, write_corpus

KILLS = 12
# The command on a machine whose clock is that many days late.
JUMPED_CLOCK = """
import datetime, time
import indexer.generation as generation
class Late(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) - datetime.timedelta(days={days})
generation.datetime = Late
late = time.time
time.time = lambda: late() - {days} * 86_400
from search_app.cli import main
main()
"""
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")


def leftovers(index: Path) -> list[str]:
    """What a build should have taken with it."""
    return [path.name for path in index.iterdir() if path.name.startswith((".build-", "CURRENT."))]


def size(folder: Path) -> int:
    """Bytes on disk; files that generations share count once."""
    found = {
        (status.st_dev, status.st_ino): status.st_size
        for path in folder.rglob("*")
        if (status := path.lstat()) and path.is_file()
    }
    return sum(found.values())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two corpora and an index of the first."""
    folder = tmp_path_factory.mktemp("built")
    write_corpus(folder / "old", 0)
    write_corpus(folder / "new", 1)
    assert medsearch("index", "build", "--corpus", folder / "old", "--index", folder / "index").returncode == 0
    return folder


@pytest.fixture
def index(built: Path, tmp_path: Path) -> Path:
    """A copy of that index, for one test."""
    shutil.copytree(built / "index", tmp_path / "index")
    return tmp_path / "index"


def total(index: Path) -> int:
    """Documents that the index answers with."""
    found = medsearch("search", "common", "--json", "--index", index)
    assert found.returncode == 0, found.stderr
    match = re.search(r'"total": (\d+)', found.stdout)
    assert match
    return int(match[1])


def searches(site: Site) -> float:
    """Searches by the API that the server has counted."""
    text = site.get("/metrics")[1].decode()
    return sum(map(float, re.findall(r'^search_requests_total\{surface="api"\} (\S+)', text, re.MULTILINE)))


def test_killed_builds_never_give_a_wrong_mixed_or_late_answer(tmp_path: Path) -> None:
    truth = Truth()
    corpora = truth.corpora(tmp_path, 4)
    index = tmp_path / "index"
    with Builder(index) as builder:
        bombard(builder, corpora, truth, 0, random.Random(1))
        with Site(index) as site:
            visitors = start([sys.executable, "-m", "tests.visitors", site.url, "--clients", "4"])
            wait_until(lambda: searches(site) >= 20)
            killed, _, _ = bombard(builder, corpora, truth, KILLS, random.Random(20261122))
            started = time.time()
            builder.start(corpora[1], True)
            assert builder.wait() == 0
            assert truth.note(index, 1, started)
            last = (index / "CURRENT").read_text().strip()
            wait_until(lambda: {site.json("/readyz")["generation"] for _ in range(8)} == {last})
            before = searches(site)
            wait_until(lambda: searches(site) >= before + 20)
            out, err = visitors.communicate("")
            assert not err
    verdict = judge(out.splitlines(), truth)
    assert verdict.clean, (verdict.failed[:3], verdict.mixed[:3], verdict.stale[:3])
    assert killed == KILLS
    assert verdict.answers >= 40
    assert len({line.split('"')[3] for line in out.splitlines()}) > 1, "visitors saw more than one generation"
    assert not leftovers(index)
    assert len([path for path in index.iterdir() if path.is_dir()]) <= 3
    assert truth.left_behind <= 2, "generations' worth of bytes that killed builds leave"


def test_many_visitors_get_right_answers_while_the_index_is_rebuilt_again_and_again(tmp_path: Path) -> None:
    """The quick form of the load: all answers count, however long they take."""
    truth = Truth()
    corpora = truth.corpora(tmp_path, 3)
    index = tmp_path / "index"
    with Builder(index) as builder:
        bombard(builder, corpora, truth, 0, random.Random(1))
        with Site(index) as site:
            asking = [sys.executable, "-m", "tests.visitors", site.url, "--think", "0.05"]
            common, honest = start([*asking, "--clients", "8"]), start([*asking, "--clients", "4", "--kind", "honest"])
            wait_until(lambda: searches(site) >= 40)
            for version, full in ((1, True), (2, False), (1, True)):
                started = time.time()
                builder.start(corpora[version], full)
                assert builder.wait() == 0
                assert truth.note(index, version, started)
                before = searches(site)
                wait_until(lambda before=before: searches(site) >= before + 40)
            (judged, told), (pages, told_too) = common.communicate(""), honest.communicate("")
            assert "Traceback" not in site.written()
    assert told == told_too == ""
    verdict = judge(judged.splitlines(), truth)
    assert verdict.clean, (verdict.failed[:3], verdict.mixed[:3], verdict.stale[:3])
    seen = {orjson.loads(line)[4] for line in judged.splitlines()}
    assert seen == set(truth.generations), "visitors saw every generation"
    failed = [line for line in pages.splitlines() if orjson.loads(line)[2] != 200]
    assert pages
    assert failed == []


def test_of_two_builds_at_once_one_is_refused_in_one_line_and_changes_nothing(built: Path, index: Path) -> None:
    command: list[str | Path] = [*MEDSEARCH, "index", "build", "--full", "--corpus", built / "new", "--index", index]
    pairs = [start(command) for _ in range(2)]
    ends = sorted((process.communicate(timeout=HANG_SECONDS)[1], process.returncode) for process in pairs)
    refused = [each for each in ends if each[1] != 0]
    assert len(refused) <= 1
    if refused:
        assert refused == [(f"Error: Another build of {index} is running. Wait for it to end, then try again.\n", 4)]
    assert total(index) == 25
    assert not leftovers(index)


def test_a_build_is_refused_while_another_holds_the_lock_and_not_after_that_was_killed(
    built: Path, index: Path
) -> None:
    holder = start(
        [
            sys.executable,
            "-c",
            "import sys\nfrom indexer.generation import Generations\n"
            "with Generations(sys.argv[1]).lock():\n print('held', flush=True)\n input()",
            str(index),
        ]
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    refused = medsearch("index", "build", "--full", "--corpus", built / "new", "--index", index)
    assert refused.returncode == 4
    assert refused.stderr == f"Error: Another build of {index} is running. Wait for it to end, then try again.\n"
    holder.kill()
    holder.communicate()
    assert medsearch("index", "build", "--full", "--corpus", built / "new", "--index", index).returncode == 0
    assert total(index) == 25


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So many pages that other processes parse them and the pages wait on disk; one is none."""
    corpus = tmp_path_factory.mktemp("large")
    (corpus / "hospitals").mkdir()
    for number in range(500):
        text = "</p><p>".join(f"Ward {number} has {each} common rooms and {number * each} beds." for each in range(70))
        title = f"Number {number} Poplar {chr(97 + number % 26)} Hospital"
        (corpus / "hospitals" / f"h{number:03d}.html").write_text(page_html(title, text), "utf-8")
    (corpus / "hospitals" / "bad.html").write_bytes(b"\0\1")
    return corpus


def waiting(pid: int, index: Path) -> int:
    """Bytes of the files without a name that a process has in an index."""
    found = 0
    with suppress(OSError):  # it may have ended
        for place in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if os.readlink(place).startswith(f"{index}/") and place.stat().st_nlink == 0:
                    found += place.stat().st_size
    return found


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """What is started here hears SIGINT, also where the tests are a background job of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells which files a process has open")
def test_a_build_that_ends_while_pages_wait_on_disk_leaves_nothing_and_the_next_one_is_whole(
    large: Path, index: Path, ctrl_c: None
) -> None:
    before = sorted(path.relative_to(index) for path in index.rglob("*"))
    command: list[str | Path] = [*MEDSEARCH, "index", "build", "--full", "--corpus", large, "--index", index]
    for number, status in ((signal.SIGINT, 1), (signal.SIGKILL, -9)):
        build = subprocess.Popen(command, stderr=subprocess.PIPE, cwd=ROOT, text=True, start_new_session=True)
        wait_until(lambda build=build: waiting(build.pid, index) > 0 or build.poll() is not None)
        os.killpg(build.pid, number) if number == signal.SIGINT else build.kill()
        said = build.communicate(timeout=HANG_SECONDS)[1]
        assert build.returncode == status
        assert number == signal.SIGKILL or said.strip() == "Aborted!"
        assert sorted(path.relative_to(index) for path in index.rglob("*")) == before
    whole = medsearch("index", "build", "--corpus", large, "--index", index)
    assert (whole.returncode, whole.stderr) == (1, "Skipped hospitals/bad.html: no text: binary.\n")
    assert total(index) == 500


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A disk of its own at a folder."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@ROOT_ONLY
def test_a_full_disk_fails_the_build_says_so_and_the_old_index_serves_on(built: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2000) as disk:
        index = disk / "index"
        shutil.copytree(built / "index", index)
        with Site(index, log=tmp_path / "log") as site:
            free = shutil.disk_usage(disk).free
            (disk / "ballast").write_bytes(bytes(free - 60_000))
            failed = medsearch("index", "build", "--full", "--corpus", built / "new", "--index", index)
            assert failed.returncode == 1
            assert re.fullmatch(r"Error: No space left on device.*\n", failed.stderr), failed.stderr
            assert site.json("/api/v1/search?q=common")["total"] == 24
            assert not leftovers(index)
            (disk / "ballast").unlink()
            again = medsearch("index", "build", "--full", "--corpus", built / "new", "--index", index)
            assert again.returncode == 0, again.stderr
            wait_until(lambda: site.json("/api/v1/search?q=common")["total"] == 25)


@ROOT_ONLY
def test_a_disk_that_is_full_of_pages_that_wait_fails_the_build_and_is_free_again(
    built: Path, large: Path, tmp_path: Path
) -> None:
    """The disk has room for an index of 24 pages, and for less than the texts of the pages that are read."""
    with small_disk(tmp_path / "disk", 1200) as disk:
        index = disk / "index"
        shutil.copytree(built / "index", index)
        free = shutil.disk_usage(disk).free
        failed = medsearch("index", "build", "--full", "--corpus", large, "--index", index)
        said = f"Error: No space left on device for the index in {index}; what is served has not changed.\n"
        assert (failed.returncode, failed.stderr) == (1, said)
        assert not leftovers(index)
        assert shutil.disk_usage(disk).free >= free - 10_000
        assert total(index) == 24


@ROOT_ONLY
def test_a_read_only_index_serves_and_a_build_says_why_it_cannot(built: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 20_000) as disk:
        index = disk / "index"
        shutil.copytree(built / "index", index)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        failed = medsearch("index", "build", "--full", "--corpus", built / "new", "--index", index)
        assert failed.returncode == 3
        said = failed.stderr
        assert re.fullmatch(r"Error: Cannot use the index in \S+: read-only file system\. .*\n", said), said
        with Site(index, workers=1, log=tmp_path / "log") as site:
            assert site.json("/api/v1/search?q=common")["total"] == 24


def test_damage_while_serving_is_reported_and_the_last_good_generation_serves(built: Path, index: Path) -> None:
    assert medsearch("index", "build", "--full", "--corpus", built / "new", "--index", index).returncode == 0
    current = (index / "CURRENT").read_text().strip()
    victim = next((index / current / "columns").rglob("core.bin"))
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 0xFF
    victim.unlink()
    victim.write_bytes(data)
    with Site(index) as site:
        assert site.json("/api/v1/search?q=common")["total"] == 24
        ready = site.json("/readyz")
        assert ready["status"] == "degraded"
        assert "core.bin differs from its checksum" in ready["notes"][0]
        assert str(index) not in ready["notes"][0]
        assert "core.bin differs from its checksum" in site.written()
        assert medsearch("index", "verify", "--index", index).returncode == 1
        assert medsearch("index", "build", "--full", "--corpus", built / "new", "--index", index).returncode == 0
        wait_until(lambda: site.json("/readyz")["status"] == "ok")
        assert site.json("/api/v1/search?q=common")["total"] == 25


def test_a_damaged_generation_is_healed_by_the_next_plain_build(built: Path, index: Path) -> None:
    current = (index / "CURRENT").read_text().strip()
    (index / current / "manifest.json").unlink()
    healed = medsearch("index", "build", "--corpus", built / "old", "--index", index)
    assert healed.returncode == 0, healed.stderr
    assert total(index) == 24


def test_rollback_reaches_every_worker_at_once_and_the_next_build_goes_on_from_there(built: Path, index: Path) -> None:
    assert medsearch("index", "build", "--corpus", built / "new", "--index", index).returncode == 0
    with Site(index) as site:
        assert site.json("/api/v1/search?q=common")["total"] == 25
        back = medsearch("index", "rollback", "--index", index)
        assert back.returncode == 0
        assert {site.json(f"/api/v1/search?q=common&per_page={number}")["total"] for number in range(1, 20)} == {24}
        assert medsearch("index", "build", "--corpus", built / "new", "--index", index).returncode == 0
        wait_until(lambda: site.json("/api/v1/search?q=common")["total"] == 25)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_everything_is_synced_before_it_is_named_and_the_pointer_comes_last(
    built: Path, index: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    traced = subprocess.run(
        ["strace", "-f", "-y", "-o", trace, "-e", "trace=fsync,fdatasync,rename,renameat,renameat2,write",
         *MEDSEARCH, "index", "build", "--full", "--corpus", built / "new", "--index", index],
        capture_output=True, text=True, cwd=ROOT, timeout=2 * HANG_SECONDS, check=False,
    )  # fmt: skip
    if "ptrace" in traced.stderr and traced.returncode:
        pytest.skip("tracing is not allowed here")
    assert traced.returncode == 0, traced.stderr
    name = (index / "CURRENT").read_text().strip()
    steps: list[tuple[str, str]] = []
    for line in trace.read_text("utf-8", "replace").splitlines():
        if match := re.search(r"(fsync|fdatasync)\(\d+<([^>]*)>", line):
            steps.append(("sync", match[2]))
        elif match := re.search(r'rename(?:at2?)?\((?:[^,]*, )?"([^"]*)", (?:[^,]*, )?"([^"]*)"', line):
            steps.append(("rename", match[2]))
        elif (match := re.search(r"write\(\d+<([^>]*)>", line)) and match[1].startswith(str(index)):
            steps.append(("write", match[1]))
    building = index / f".build-{name}"
    files = {str(building / path.relative_to(index / name)) for path in (index / name).rglob("*") if path.is_file()}
    folders = {
        str(building),
        *(str(building / path.relative_to(index / name)) for path in (index / name).rglob("*") if path.is_dir()),
    }
    named = steps.index(("rename", str(index / name)))
    pointed = steps.index(("rename", str(index / "CURRENT")))
    synced = {place for kind, place in steps[:named] if kind == "sync"}
    assert files <= synced, sorted(files - synced)
    assert folders <= synced, sorted(folders - synced)
    for place in files:
        last_write = max((number for number, step in enumerate(steps) if step == ("write", place)), default=-1)
        last_sync = max(number for number, step in enumerate(steps) if step == ("sync", place))
        assert last_write < last_sync < named, place
    between = [step for step in steps[named + 1 : pointed] if step[0] == "sync"]
    assert between[0] == ("sync", str(index)), (
        "the folder that has the new name is on disk before anything points to it"
    )
    assert any("CURRENT." in place for _, place in between), "so is the pointer's own file"
    assert ("sync", str(index)) in steps[pointed + 1 :], "and so is its new name"


def test_a_clock_that_jumps_back_a_year_harms_nothing(built: Path, index: Path) -> None:
    arguments: list[str | Path] = ["index", "build", "--full", "--corpus", built / "new", "--index", index]
    with Site(index) as site:
        late = start([sys.executable, "-c", JUMPED_CLOCK.format(days=365), *arguments])
        assert late.communicate(timeout=HANG_SECONDS)[1] == ""
        assert late.returncode == 0
        wait_until(lambda: site.json("/api/v1/search?q=common")["total"] == 25)
        older, newer = Generations(index).names()
        assert newer == Generations(index).current(), "the number orders generations"
        assert newer.split("-")[1] < older.split("-")[1], "the clock was late indeed"
        assert site.json("/readyz")["status"] == "ok"
    assert medsearch("index", "verify", "--index", index).returncode == 0


def test_a_page_that_changed_only_its_clock_is_still_noticed(built: Path, index: Path, tmp_path: Path) -> None:
    """Content decides, not times: a clock that jumps back hides no change."""
    corpus = tmp_path / "corpus"
    shutil.copytree(built / "old", corpus)
    assert medsearch("index", "build", "--corpus", corpus, "--index", index).returncode == 0
    page = corpus / "hospitals" / "h000.html"
    before = page.stat()
    page.write_text(page_html("Quite Another Hospital", "Words that were not there."), "utf-8")
    os.utime(page, (1, 1))
    assert before.st_mtime > 1
    assert medsearch("index", "build", "--corpus", corpus, "--index", index).returncode == 0
    found = medsearch("search", "quite", "another", "--json", "--index", index)
    assert '"id": "hospitals/h000"' in found.stdout
