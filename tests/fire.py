"""Builds that are killed while people search, and whether every answer was one of the two that were allowed."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import orjson

from tests.live import start, write_corpus

LAG_SECONDS = 2.0  # within which every worker must have moved on


@dataclass
class Truth:
    """What the answers about each version must say."""

    totals: list[int] = field(default_factory=list)
    cities: list[dict[str, int]] = field(default_factory=list)
    generations: dict[str, int] = field(default_factory=dict)  # name to version
    published: list[tuple[float, str]] = field(default_factory=list)  # not before this moment, and no later than next
    seen: list[float] = field(default_factory=list)  # when each publication was noticed
    left_behind: float = 0.0  # most that a killed build left beside the generations that are kept, in generations

    def corpora(self, folder: Path, versions: int) -> list[Path]:
        """Write the corpora of all versions."""
        for version in range(versions):
            cities = write_corpus(folder / f"v{version}", version)
            self.cities.append(cities)
            self.totals.append(sum(cities.values()))
        return [folder / f"v{version}" for version in range(versions)]

    def note(self, index: Path, version: int, since: float) -> bool:
        """After a build: whether it has published, which is then the new truth."""
        name = (index / "CURRENT").read_text().strip()
        if name in self.generations:
            return False
        self.generations[name] = version
        self.published.append((since, name))
        self.seen.append(time.time())
        return True


def left_behind(index: Path, keep: int = 3) -> float:
    """What unfinished builds, and finished ones beyond those that are kept, hold on disk, in generations."""
    names = sorted(path.name for path in index.iterdir() if path.is_dir() and not path.name.startswith("."))
    extra = [path for path in index.iterdir() if path.name.startswith((".build-", "CURRENT."))]
    extra += [index / name for name in names[: max(len(names) - keep, 0)]]
    kept = [_inodes(index / name) for name in names[-keep:]]
    left: dict[int, int] = {}
    for place in extra:
        left |= _inodes(place)
    shared = {inode for each in kept for inode in each}
    return sum(size for inode, size in left.items() if inode not in shared) / max(sum(each.values()) for each in kept)


def _inodes(place: Path) -> dict[int, int]:
    return {path.stat().st_ino: path.stat().st_size for path in (place, *place.rglob("*")) if path.is_file()}


@dataclass
class Verdict:
    """What was wrong with the answers."""

    answers: int = 0
    failed: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.failed or self.mixed or self.stale)

    def percentile(self, share: float) -> float:
        """Seconds within which that share of the answers came."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def judge(lines: Sequence[str], truth: Truth) -> Verdict:
    """Hold every answer to the truth of its moment."""
    verdict = Verdict()
    order = [name for _, name in truth.published]
    for line in lines:
        note = orjson.loads(line)
        started, seconds, status = note[:3]
        verdict.answers += 1
        verdict.seconds.append(seconds)
        if status != 200:
            verdict.failed.append(line[:300])
            continue
        generation, total, cities, shown = note[4:8]
        version = truth.generations.get(generation)
        asked = dict(parse_qsl(urlsplit(note[3]).query))
        size, page = int(asked["per_page"]), int(asked["page"])
        if (
            version is None
            or total != truth.totals[version]
            or cities != truth.cities[version]
            or shown != min(size, max(total - (page - 1) * size, 0))
        ):
            verdict.mixed.append(line[:300])
            continue
        number = order.index(generation)
        # It may not come before its build began, nor long after the next one was seen to be published.
        early = started + seconds < truth.published[number][0]
        late = number + 1 < len(order) and started > truth.seen[number + 1] + LAG_SECONDS
        if early or late:
            verdict.stale.append(line[:300])
    return verdict


class Builder:
    """A process that has everything loaded and makes a child for each build, so that a build costs no start."""

    def __init__(self, index: Path) -> None:
        self.index = index
        self.process = start([sys.executable, "-m", "tests.fire", str(index)])
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def __enter__(self) -> Builder:
        return self

    def __exit__(self, *error: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def start(self, corpus: Path, full: bool) -> int:
        """Begin a build; gives the id of its process."""
        pid = int(self._ask(["start", str(corpus), full]))
        assert pid > 1  # anything else would be a group of processes to whoever kills it
        return pid

    def wait(self) -> int:
        """Exit status of the build begun last; negative for the signal that ended it."""
        return int(self._ask(["wait"]))

    def _ask(self, command: list[object]) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the builder has died: " + (self.process.stderr.read() if self.process.stderr else ""))
        return answer.strip()


def bombard(
    builder: Builder,
    corpora: Sequence[Path],
    truth: Truth,
    kills: int,
    chance: random.Random,
    tell: Callable[[int], None] = lambda done: None,
    until: float = float("inf"),
) -> tuple[int, int, int]:
    """Kill that many builds at random moments, full and incremental in turn; gives kills, ends, publications."""
    started = time.time()
    builder.start(corpora[0], True)
    assert builder.wait() == 0
    usual = time.time() - started
    truth.note(builder.index, 0, started)
    killed = ended = published = 0
    current = truth.generations[(builder.index / "CURRENT").read_text().strip()]
    while killed < kills and time.time() < until:
        version = chance.choice([each for each in range(len(corpora)) if each != current])
        started = time.time()
        pid = builder.start(corpora[version], full=(killed + ended) % 2 == 0)
        time.sleep(chance.random() * usual * 1.1)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        status = builder.wait()
        truth.left_behind = max(truth.left_behind, left_behind(builder.index))
        killed += status == -signal.SIGKILL
        ended += status == 0
        assert status in (0, -signal.SIGKILL), status
        if truth.note(builder.index, version, started):
            published += 1
            current = version
        tell(killed)
    return killed, ended, published


def _say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve ``Builder``: read commands, fork builds."""
    import indexer.cli  # noqa: F401 - loaded once, for all children
    from indexer.build import build

    index = Path(sys.argv[1])
    gc.freeze()
    _say("ready")
    pid = 0
    for line in sys.stdin:
        command = json.loads(line)
        if command[0] == "start":
            pid = os.fork()
            if pid == 0:
                try:
                    build(command[1], index, full=command[2], force=True)
                except BaseException as error:
                    os.write(2, f"{type(error).__name__}: {error}\n".encode())
                    os._exit(1)
                os._exit(0)
            _say(pid)
        else:
            _, status = os.waitpid(pid, 0)
            _say(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
