"""Which files a corpus has, and what the file system says of each; a copy of this process may look while it starts."""

from __future__ import annotations

import json
import os
import signal
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from indexer.corpus import PASSED_OVER, UNSTAMPED, find, stamp_of

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
_LENGTH = 8  # bytes in front that say how many are text


@dataclass(frozen=True, slots=True)
class Listing:
    """``paths`` of all files that should be pages, as the file system has them, in no order, and their ``stamps``.

    These are the numbers of each ``corpus.Stamp``, end to end. ``problems`` tells why a file is none, by its path, and
    ``unread`` are files that hold text and are passed over.
    """

    paths: list[str]
    stamps: array[int]
    problems: dict[str, str]
    unread: list[str] = field(default_factory=list)


Listed = Callable[[], Listing]


def listed(root: str) -> Listing:
    """Look at every file below a folder.

    Raises:
        CorpusError: If the folder itself is missing or cannot be read.
    """
    paths: list[str] = []
    numbers: list[int] = []
    problems: dict[str, str] = {}
    unread: list[str] = []
    for path, problem, entry in find(root):
        if problem is PASSED_OVER:
            unread.append(path)
            continue
        if entry is None:
            problems[path] = problem
            continue
        try:
            numbers += stamp_of(entry.stat(follow_symlinks=False))
        except OSError:
            numbers += UNSTAMPED  # it has vanished, which is said when it is to be read
        paths.append(path)
    return Listing(paths, whole_numbers(numbers), problems, sorted(unread))


def whole_numbers(numbers: Sequence[int]) -> array[int]:
    """Numbers in 64 bits; what these cannot hold, a time after 2262, is the last number."""
    try:
        return array("q", numbers)
    except OverflowError:
        return array("q", [max(_LEAST, min(number, _MOST)) for number in numbers])


@contextmanager
def listed_ahead(root: str) -> Iterator[Listed]:
    """Begin ``listed`` in a copy of this process; what is given waits for it and returns what it has found.

    Enter it early: the copy is cheap while little has been imported, and goes on while the rest is. Where there are
    threads, whose locks a copy would have, or where the copy fails, this process looks itself.
    """
    if threading.active_count() > 1 or not hasattr(os, "fork"):
        yield lambda: listed(root)
        return
    read, write = os.pipe()
    # Ctrl-C comes to both: it must not interrupt the copy before it can end without a word.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    pid = os.fork()
    if not pid:
        _look(root, write)
    os.close(write)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    with open(read, "rb") as pipe, _ended(pid):
        yield lambda: _received(pipe.read()) or listed(root)


def _look(root: str, pipe: int) -> None:
    """Send the listing and end this process, which must not do anything else on its way out."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
        found = listed(root)
        texts = json.dumps([found.paths, found.problems, found.unread]).encode("ascii")
        with open(pipe, "wb") as stream:
            stream.writelines((len(texts).to_bytes(_LENGTH), texts, found.stamps.tobytes()))
    finally:
        os._exit(0)


def _received(data: bytes) -> Listing | None:
    """The listing that the copy has sent; None where it could not."""
    end = _LENGTH + int.from_bytes(data[:_LENGTH])
    try:
        paths, problems, unread = json.loads(data[_LENGTH:end])
        found = Listing(paths, array("q", data[end:]), problems, unread)
    except ValueError:
        return None
    return found if len(found.stamps) == len(paths) * len(UNSTAMPED) else None


@contextmanager
def _ended(pid: int) -> Iterator[None]:
    """See to it that a process is gone in the end, whether it is done or not."""
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
