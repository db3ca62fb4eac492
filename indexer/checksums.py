"""Checksums of files, block by block, so that threads can share a large one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import xxhash

BLOCK_BYTES = 16 << 20  # bytes that are summed as one, so that threads can share a large file
_PIECE = 1 << 20  # bytes that are read at once; they stay in the cache of the processor until they are summed
_SPARING = 256 << 10  # the same for what is not in memory and need not stay there
_NOWAIT: int | None = getattr(os, "RWF_NOWAIT", None)

Read = Callable[[int, memoryview, int], int]  # from a descriptor into a buffer, from a place on; gives how many bytes


def _read(descriptor: int, buffer: memoryview, offset: int) -> int:
    # Not mapped: a disk that cannot read a page of a mapped file ends the process, and not with an error.
    return os.preadv(descriptor, [buffer], offset)


def read_sparing(descriptor: int, buffer: memoryview, offset: int) -> int:
    """Read as ``digest_of`` does, but leave the memory of the system as it is, as far as that can be had.

    What is at hand is taken and stays there; what has to come from the disk goes again, and takes nobody's place.
    """
    if _NOWAIT is None:
        return os.preadv(descriptor, [buffer], offset)
    try:
        if count := os.preadv(descriptor, [buffer], offset, _NOWAIT):
            return count
    except BlockingIOError:
        pass
    except OSError:  # not every file system can tell
        return os.preadv(descriptor, [buffer], offset)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)  # and nothing that was not asked for
    count = os.preadv(descriptor, [buffer[:_SPARING]], offset)
    os.posix_fadvise(descriptor, offset, count, os.POSIX_FADV_DONTNEED)
    return count


def digest_of(path: str | Path, block: int, read: Read = _read) -> bytes:
    """XXH3-128 of one block of a file, which is open no longer than that takes."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        start = block * BLOCK_BYTES
        left = max(min(os.fstat(descriptor).st_size - start, BLOCK_BYTES), 0)
        buffer = memoryview(bytearray(min(left, _PIECE)))
        summed = xxhash.xxh3_128()
        while left and (count := read(descriptor, buffer[:left], start)):
            summed.update(buffer[:count])
            start, left = start + count, left - count
        return summed.digest()
    finally:
        os.close(descriptor)


def blocks_of(size: int) -> range:
    """Numbers of the blocks of a file of so many bytes; one at least."""
    return range(max(1, -(-size // BLOCK_BYTES)))


def checksum_of(digests: Sequence[bytes]) -> str:
    """Checksum of a file by the digests of its blocks, in hexadecimal."""
    return (digests[0] if len(digests) == 1 else xxhash.xxh3_128_digest(b"".join(digests))).hex()


def file_checksum(path: str | Path, read: Read = _read) -> str:
    """XXH3-128 of a file's blocks of 16 MiB and, if there are several, of their digests; in hexadecimal.

    It guards against accidents, not against an attacker.
    """
    return checksum_of([digest_of(path, block, read) for block in blocks_of(os.stat(path).st_size)])
