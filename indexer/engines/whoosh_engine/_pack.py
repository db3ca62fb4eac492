"""Named arrays and sorted string tables in one memory-mapped file."""

from __future__ import annotations

import mmap
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

Array = npt.NDArray[Any]
_SMALL = 65_536  # strings of a table that is read through; of a larger one only the pages that are asked for
_SAMPLED = 4096  # strings of it that are kept in memory
_ALIGN = 64  # bytes; a cache line, and a multiple of every item size


class PackWriter:
    """Writes named arrays end to end into one file, with a plain JSON directory beside it.

    One file and one mapping for a segment's forty arrays keeps the number of open files, syncs and checksums small.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = path.with_suffix(".bin").open("wb")
        self._directory: dict[str, tuple[str, list[int], int]] = {}

    def save(self, name: str, array: npt.NDArray[Any]) -> None:
        """Append one array."""
        offset = -(-self._stream.tell() // _ALIGN) * _ALIGN
        self._stream.write(b"\0" * (offset - self._stream.tell()))
        self._stream.write(np.ascontiguousarray(array).data if array.size else b"")
        self._directory[name] = (array.dtype.str, list(array.shape), offset)

    def save_blobs(self, name: str, blobs: Sequence[bytes]) -> None:
        """Append byte strings, numbered from 0 in the order given."""
        self.save(name + ".bytes", np.frombuffer(b"".join(blobs), np.uint8))
        ends = np.zeros(len(blobs) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, blobs), np.int64, len(blobs)), out=ends[1:])
        self.save(name + ".ends", ends)

    def save_strings(self, name: str, strings: Sequence[str]) -> None:
        """Append strings that are already in the order of their UTF-8 bytes (which is that of their code points)."""
        self.save_blobs(name, [text.encode("utf-8", "replace") for text in strings])

    def close(self) -> None:
        """Write the directory; without it the pack cannot be read."""
        self._stream.close()
        self._path.with_suffix(".json").write_bytes(orjson.dumps(self._directory))


class Pack:
    """The arrays of one pack, mapped read-only and shared between processes."""

    def __init__(self, path: Path) -> None:
        self._directory: dict[str, tuple[str, list[int], int]] = orjson.loads(path.with_suffix(".json").read_bytes())
        file = path.with_suffix(".bin")
        self._map: mmap.mmap | None = None
        if file.stat().st_size:
            with file.open("rb") as stream:
                self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        self._mapped = np.frombuffer(self._map or b"", np.uint8)

    def load(self, name: str) -> Array:
        """One array by name.

        Raises:
            KeyError: If the pack has no such array.
            ValueError: If the file is shorter than its directory says.
        """
        kind, shape, offset = self._directory[name]
        dtype = np.dtype(kind)
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        part = np.asarray(self._mapped[offset : offset + size])
        if len(part) != size:
            raise ValueError(f"array {name} is cut short")
        return part.view(dtype).reshape(shape)

    def release(self, *names: str) -> None:
        """Let go of the pages read so far, of some arrays or of all; they are read again when needed.

        A build passes once over files that are larger than its memory should be, and each page would stay its own.
        A server with a large index would in the end have all of it. What memory there is still keeps them at hand.
        """
        if self._map is None:
            return
        if not names:
            self._map.madvise(mmap.MADV_DONTNEED)
        for name in names:
            kind, shape, offset = self._directory[name]
            end = offset + int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize
            start = offset & -mmap.PAGESIZE
            if end > start:
                self._map.madvise(mmap.MADV_DONTNEED, start, end - start)

    def read_singly(self) -> None:
        """Have only those pages read from the disk that are touched, and none beside them, which is the usual way."""
        if self._map is not None and hasattr(mmap, "MADV_RANDOM"):
            self._map.madvise(mmap.MADV_RANDOM)

    def fetch(self, name: str, first: int, last: int) -> None:
        """Have some elements of an array read from the disk all at once, while the caller goes on."""
        if self._map is not None and hasattr(mmap, "MADV_WILLNEED"):
            kind, _, offset = self._directory[name]
            width = np.dtype(kind).itemsize
            start = (offset + width * first) & -mmap.PAGESIZE
            self._map.madvise(mmap.MADV_WILLNEED, start, offset + width * last - start)

    @property
    def size(self) -> int:
        """Bytes of all arrays."""
        return len(self._mapped)

    def blobs(self, name: str) -> Blobs:
        """Byte strings by number."""
        return Blobs(self.load(name + ".bytes"), self.load(name + ".ends"))

    def strings(self, name: str) -> StringTable:
        """A sorted string table."""
        return StringTable(self.blobs(name))


def save_loose(path: Path, array: npt.NDArray[Any]) -> None:
    """Write one small array that later generations may replace, as ``.npy``: a plain header and the numbers."""
    np.save(path, np.ascontiguousarray(array), allow_pickle=False)


def load_loose(path: Path) -> Array:
    """Read one small array into memory."""
    array: Array = np.load(path, allow_pickle=False)
    return array


class Blobs:
    """Byte strings by number, end to end in one array."""

    __slots__ = ("_bytes", "_ends")

    def __init__(self, data: Array, ends: Array) -> None:
        self._bytes = memoryview(data)  # type: ignore[arg-type]
        self._ends = memoryview(ends)  # type: ignore[arg-type]  # gives plain numbers, twice as fast as an array

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> bytes:
        ends = self._ends
        return bytes(self._bytes[ends[number] : ends[number + 1]])


class StringTable:
    """Strings in the order of their UTF-8 bytes, found by bisection; the number of a string is its place.

    Each step of a bisection in the file makes an object. So a table that is small enough to be read through at its
    first question keeps up to ``_SAMPLED`` of its strings in memory, of the smallest all; between two of them few steps
    are left.
    """

    __slots__ = ("_blobs", "_sample", "_step")

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._step = len(blobs) // _SAMPLED + 1 if len(blobs) <= _SMALL else 0  # from one that is kept to the next
        self._sample: list[bytes] = []

    def __len__(self) -> int:
        return len(self._blobs)

    def __getitem__(self, number: int) -> str:
        return self._blobs[number].decode("utf-8", "replace")

    def _place(self, key: bytes) -> int:
        """Where a key stands, or would."""
        blobs, step = self._blobs, self._step
        if not step:
            return bisect_left(blobs, key)
        count = len(blobs)
        sample = self._sample
        if not sample:
            sample = self._sample = [blobs[number] for number in range(0, count, step)]
        place = bisect_left(sample, key)
        if step == 1 or not place:
            return place
        # Behind the last string of the sample that is less, and not behind the next one of it.
        return bisect_left(blobs, key, (place - 1) * step + 1, min(place * step, count))

    def find(self, text: str) -> int:
        """Number of a string, or -1."""
        key = text.encode("utf-8", "replace")
        place = self._place(key)
        return place if place < len(self._blobs) and self._blobs[place] == key else -1

    def starting(self, prefix: str) -> range:
        """Numbers of the strings that start with ``prefix``."""
        key = prefix.encode("utf-8", "replace")
        first = self._place(key)
        # No UTF-8 text has a byte of 0xff, so this key stands after everything with the prefix.
        return range(first, self._place(key + b"\xff"))

    def __iter__(self) -> Iterator[str]:
        return (self[number] for number in range(len(self)))
