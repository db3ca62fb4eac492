"""Checksums of files, block by block, so that threads can share a large one."""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from pathlib import Path

import xxhash

BLOCK_BYTES = 16 << 20  # bytes that are summed as one, so that threads can share a large file; whole pages of memory


def digest_of(path: str | Path, block: int) -> bytes:
    """XXH3-128 of one block of a file: mapped, so that not a byte is copied, and open no longer than that takes."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        length = min(os.fstat(descriptor).st_size - block * BLOCK_BYTES, BLOCK_BYTES)
        if length <= 0:
            return xxhash.xxh3_128_digest(b"")
        with mmap.mmap(descriptor, length, access=mmap.ACCESS_READ, offset=block * BLOCK_BYTES) as mapped:
            return xxhash.xxh3_128_digest(mapped)
    finally:
        os.close(descriptor)


def blocks_of(size: int) -> range:
    """Numbers of the blocks of a file of so many bytes; one at least."""
    return range(max(1, -(-size // BLOCK_BYTES)))


def checksum_of(digests: Sequence[bytes]) -> str:
    """Checksum of a file by the digests of its blocks, in hexadecimal."""
    return (digests[0] if len(digests) == 1 else xxhash.xxh3_128_digest(b"".join(digests))).hex()


def file_checksum(path: Path) -> str:
    """XXH3-128 of a file's blocks of 16 MiB and, if there are several, of their digests; in hexadecimal.

    It guards against accidents, not against an attacker.
    """
    return checksum_of([digest_of(path, block) for block in blocks_of(path.stat().st_size)])
