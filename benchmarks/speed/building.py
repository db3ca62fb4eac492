"""Build one engine's index in a process of its own, watched from outside: documents a second, memory, disk."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.peers import IN_PROCESS
from benchmarks.speed.samples import load

LOOK_SECONDS = 0.1  # between two looks at the memory of a build


@dataclass(frozen=True, slots=True)
class Built:
    """What a build cost; memory is that of all its processes together, shared pages counted once, in bytes."""

    documents: int
    seconds: float
    cpu_seconds: float
    peak: int
    private_peak: int
    disk: int

    @property
    def rate(self) -> float:
        """Documents a second."""
        return self.documents / self.seconds


def build(name: str, samples: Path, folder: Path) -> Built:
    """Build anew into ``folder``; the time is that from the first document to a closed index, imports left out."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "benchmarks.speed.building", name, str(samples), str(folder)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = private = 0
    while started.poll() is None:
        total, own = memory(started.pid)
        peak, private = max(peak, total), max(private, own)
        time.sleep(LOOK_SECONDS)
    assert started.stdout is not None
    told = started.stdout.read()
    if started.returncode:
        raise RuntimeError(f"building {name} from {samples.name} failed")
    figures = json.loads(told.splitlines()[-1])
    return Built(**figures, peak=peak, private_peak=private, disk=size_of(folder))


def memory(process: int) -> tuple[int, int]:
    """Bytes of a process and all below it: proportional set size, and what is theirs alone and not from a file."""
    total = private = 0
    for number in (process, *below(process)):
        try:
            lines = Path(f"/proc/{number}/smaps_rollup").read_text("ascii").splitlines()
        except (OSError, ProcessLookupError):
            continue
        for line in lines:
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
            elif line.startswith("Pss_Anon:"):
                private += int(line.split()[1]) * 1024
    return total, private


def below(process: int) -> Iterator[int]:
    """Process numbers of all descendants."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text("ascii").split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from below(child)


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Build in this process, and print what it cost."""
    name, samples, folder = sys.argv[1:]
    peer = IN_PROCESS[name]()
    number = 0

    def counted() -> Iterator:  # type: ignore[type-arg]
        nonlocal number
        for sample in load(Path(samples)):
            number += 1
            yield sample

    Path(folder).parent.mkdir(parents=True, exist_ok=True)
    peer.build((), Path(folder))  # imports and compiled loops, which a service has behind it
    shutil.rmtree(folder)
    before, started = _cpu(), time.perf_counter()
    peer.build(counted(), Path(folder))
    seconds = time.perf_counter() - started
    print(json.dumps({"documents": number, "seconds": seconds, "cpu_seconds": _cpu() - before}))


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
