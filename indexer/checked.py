"""Which files of an index were found whole, and what the file system said of them then.

To read every byte of a large index takes seconds, and from a slow disk minutes. So an opening believes a file that is
the one it was when its whole content was last found right: same inode, size, time of its last change and of the last
change of its status. Programs can set the former time and nobody can set the latter: a file that was copied, restored
or written over and given its old time is another one. The number of the device is not compared: systems give it anew
at each start, and it tells nothing that the times do not.

Links of a file change the time of its status too. Builds link what they carry over, and unlink what is too old; what
was known of a file before is known of it afterwards (``Checked.linking``).

The record may be lost, damaged or from elsewhere: then files are read.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import orjson
import xxhash

RECORD = "CHECKED"  # in the folder of an index
# A file that had changed just before it was read may change once more and keep the same time, of which clocks of file
# systems give a new one each 1 to 10 ms.
TICK_NS = 100_000_000
# What a program has written is on the disk some half a minute later. Before, a failure of power may leave the file with
# its times and without its content.
WRITTEN_NS = 60_000_000_000
_HEAD = b"medsearch checked 1 "
_MOST_BYTES = 64 << 20


class Found(NamedTuple):
    """What the file system said of a file that was found whole, its checksum, and when that was."""

    size: int
    modified: int
    changed: int
    checksum: str
    moment: int


class Checked:
    """The record of one index folder, as it was when it was read; what is learnt takes effect with ``save``."""

    def __init__(self, folder: Path | str) -> None:
        self._path = Path(folder) / RECORD
        self._found = self._read()
        self._learnt: dict[int, Found | None] = {}  # None: no longer believed

    def holds(self, status: os.stat_result, checksum: str, since: int) -> bool:
        """Whether a file was found to have that checksum, at that moment (in ns) or later, and is still the same."""
        found = self._found.get(status.st_ino)
        return (
            found is not None
            and found[:4] == (status.st_size, status.st_mtime_ns, status.st_ctime_ns, checksum)
            and since <= found.moment <= time.time_ns()  # a clock that was wrong has said nothing
        )

    def learn(self, status: os.stat_result, checksum: str, moment: int) -> None:
        """A file was read and found whole; ``status`` and ``moment`` are of before."""
        found = Found(status.st_size, status.st_mtime_ns, status.st_ctime_ns, checksum, moment)
        self._learnt[status.st_ino] = found

    def forget(self, status: os.stat_result) -> None:
        """A file is not what it was."""
        if status.st_ino in self._found:
            self._learnt[status.st_ino] = None

    def save(self, files: Iterable[str] | None = None) -> None:
        """Write down what was learnt, in one rename; where nothing can be written, files are read again next time.

        With ``files``, which are all that there are, nothing is kept of others.
        """
        if not self._learnt:
            return
        # Others may have learnt something meanwhile. What two write down at the same time is lost, and then read.
        found = {inode: each for inode, each in {**self._read(), **self._learnt}.items() if each is not None}
        if files is not None:
            there = {status.st_ino for _, status in _statuses(files)}
            found = {inode: each for inode, each in found.items() if inode in there}
        body = orjson.dumps([(inode, *each) for inode, each in found.items()])
        half = self._path.with_name(f".build-{RECORD}.{os.getpid()}.{time.monotonic_ns()}")
        with suppress(OSError):
            try:
                half.write_bytes(_HEAD + xxhash.xxh3_128_hexdigest(body).encode("ascii") + b"\n" + body)
                os.replace(half, self._path)
            except OSError:
                half.unlink(missing_ok=True)
                raise
        self._found, self._learnt = found, {}

    @contextmanager
    def linking(self, files: Callable[[], Iterable[str]]) -> Iterator[None]:
        """In here links to files are made and removed: what is known of the others, and is theirs, stays known.

        ``files`` gives all of an index that there are at the moment.
        """
        before = {path: status for path, status in _statuses(files() if self._found else ()) if self._is(status)}
        try:
            yield
        finally:
            for path, status in _statuses(before):
                was = before[path]
                same = (status.st_ino, status.st_size, status.st_mtime_ns)
                if status.st_ctime_ns != was.st_ctime_ns and same == (was.st_ino, was.st_size, was.st_mtime_ns):
                    self._learnt[was.st_ino] = self._found[was.st_ino]._replace(changed=status.st_ctime_ns)
            self.save(files())

    def _is(self, status: os.stat_result) -> bool:
        found = self._found.get(status.st_ino)
        return found is not None and found[:3] == (status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def _read(self) -> dict[int, Found]:
        try:
            with self._path.open("rb") as stream:
                head, _, body = stream.read(_MOST_BYTES).partition(b"\n")
            if head != _HEAD + xxhash.xxh3_128_hexdigest(body).encode("ascii"):
                return {}
            return {int(inode): Found(*rest) for inode, *rest in orjson.loads(body)}
        except (OSError, ValueError, TypeError):
            return {}


def _statuses(files: Iterable[str]) -> Iterator[tuple[str, os.stat_result]]:
    for path in files:
        with suppress(OSError):
            yield path, os.stat(path)
