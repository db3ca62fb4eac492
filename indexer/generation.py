"""Immutable generations of an index: names, manifest, the atomic switch, how many to keep.

::

    index/
      CURRENT                    one line: the name of the generation that is served
      000007-20261122T210313Z/   one complete generation, never changed once it has this name
        manifest.json            what it holds, with the size and checksum of every other file
        …
      .build-000008-…/           a build that is running, or the remains of one that died
      NOTE                       what builds have noted of the current generation since, which may be lost
      CHECKED                    which files were found whole (``checked.py``), which may be lost too
      .lock                      held by the process that builds
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from indexer.checked import TICK_NS, WRITTEN_NS, Checked
from indexer.checksums import blocks_of, checksum_of, digest_of, file_checksum
from indexer.errors import (
    GenerationMissing,
    IndexDamaged,
    IndexInaccessible,
    IndexLocked,
    IndexMissing,
    IndexOutdated,
    IndexUnusable,
)
from indexer.manifest import Manifest

KEEP = 3  # generations kept after a build: the current one and two to go back to
MANIFEST = "manifest.json"
POINTER = "CURRENT"
NOTE = "NOTE"  # a line with the name of a generation, then what is noted of it
ATTACHED = "attached"  # folder in a generation with what builds keep for each other
_NAME = re.compile(r"^(\d{6,})-\d{8}T\d{6}Z$")
_BUILDING = ".build-"
_BUFFER = 1 << 20  # bytes of a scratch file that are written at once
_SYNCING = 8  # files whose syncs are waited for at the same time


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_all(paths: Sequence[Path]) -> None:
    """Sync many files or folders; each order of them is right.

    At once, since a file system writes its journal for all that wait together in one go: where the disk is busy, 16
    small files take a tenth of the time that they take one after the other.
    """
    if paths:
        with ThreadPoolExecutor(min(len(paths), _SYNCING)) as pool:
            list(pool.map(_sync, paths))


def _synced(path: Path) -> bool:
    """Whether the content of a file is on the disk now."""
    try:
        _sync(path)
    except OSError:
        return False
    return True


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


class Generations:
    """The generations in one index folder."""

    def __init__(self, folder: Path | str, keep: int = KEEP) -> None:
        self.folder = Path(folder)
        self._pointer = str(self.folder / POINTER)
        self.keep = keep

    # -- reading -------------------------------------------------------------------------------------------------------

    def names(self) -> tuple[str, ...]:
        """All complete generations, oldest first.

        Raises:
            IndexInaccessible: If the folder cannot be read.
        """
        try:
            found = [name for name in os.listdir(self.folder) if _NAME.match(name)]
            return tuple(sorted(name for name in found if (self.folder / name / MANIFEST).is_file()))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise IndexInaccessible(self.folder, error) from error

    def current(self) -> str:
        """Name of the generation that is served.

        Raises:
            IndexMissing: If there is none.
            IndexInaccessible: If it cannot be read which.
        """
        try:
            name = (self.folder / POINTER).read_text("ascii").strip()
        except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
            name = ""
        except OSError as error:
            raise IndexInaccessible(self.folder, error) from error
        if _NAME.match(name):
            return name
        # The pointer itself is lost or damaged: the newest complete generation is what it named or will be.
        names = self.names()
        if not names:
            raise IndexMissing(self.folder)
        return names[-1]

    def pointer_state(self) -> tuple[int, int]:
        """Changes whenever another generation is published; cheap enough for every request."""
        try:
            status = os.stat(self._pointer)
        except OSError:
            return (0, 0)
        return (status.st_ino, status.st_mtime_ns)

    def path(self, name: str) -> Path:
        """Folder of one generation."""
        return self.folder / name

    def manifest(self, name: str) -> Manifest:
        """Manifest of one generation.

        Raises:
            GenerationMissing: If there is no such generation.
            IndexDamaged, IndexOutdated: If it cannot be used.
        """
        if not _NAME.match(name):
            raise GenerationMissing(name, self.names())
        try:
            text = (self.folder / name / MANIFEST).read_text("utf-8")
        except FileNotFoundError:
            raise GenerationMissing(name, self.names()) from None
        except (OSError, UnicodeDecodeError) as error:
            raise IndexDamaged(name, f"the manifest cannot be read ({error.__class__.__name__})") from error
        return Manifest.loads(text, name)

    def size(self, name: str) -> int:
        """Bytes of the files of one generation; raises as ``manifest`` does."""
        return sum(length for length, _ in self.manifest(name).files.values())

    def check(
        self, name: str, since: int | None = None, always: Callable[[str], bool] = lambda file: False
    ) -> Manifest:
        """Compare every file of a generation with its manifest.

        With ``since``, files that were found whole at that moment (in ns) or later, and are the same ones since, are
        not read again (``checked.py``), but those that ``always`` names.

        Raises:
            IndexDamaged: On the first difference, naming the file.
        """
        manifest = self.manifest(name)
        record = Checked(self.folder)
        moment = time.time_ns()
        doubtful: list[tuple[str, os.stat_result, str]] = []
        for file, (size, checksum) in sorted(manifest.files.items()):
            status = self._status(name, file)
            if status.st_size != size:
                raise IndexDamaged(name, f"{file} has {status.st_size:,} bytes instead of {size:,}")
            if since is None or always(file) or not record.holds(status, checksum, since):
                doubtful.append((file, status, checksum))
        # Summing lets other threads run, so the blocks of all files are shared among the cores; small files come last,
        # so that none waits long for the last block of another.
        doubtful.sort(key=lambda entry: -entry[1].st_size)
        try:
            for (file, status, checksum), found in zip(doubtful, self._checksums(name, doubtful), strict=True):
                if found != checksum:
                    record.forget(status)
                    raise IndexDamaged(name, f"{file} differs from its checksum")
                age = moment - status.st_ctime_ns
                if age > WRITTEN_NS or (since is None and age > TICK_NS and _synced(self.folder / name / file)):
                    record.learn(status, checksum, moment)
        finally:
            record.save()
        return manifest

    def _status(self, name: str, file: str) -> os.stat_result:
        try:
            return os.stat(self.folder / name / file)
        except FileNotFoundError:
            raise IndexDamaged(name, f"{file} is missing") from None
        except OSError as error:
            raise IndexDamaged(name, f"{file} cannot be read ({error.strerror})") from error

    def _checksums(self, name: str, files: Sequence[tuple[str, os.stat_result, str]]) -> Iterator[str]:
        """Checksums of some files of a generation, read by all cores."""
        folder = self.folder / name

        def digest(block: tuple[str, int]) -> bytes:
            try:
                return digest_of(f"{folder}/{block[0]}", block[1])
            except FileNotFoundError:
                raise IndexDamaged(name, f"{block[0]} is missing") from None
            except OSError as error:
                raise IndexDamaged(name, f"{block[0]} cannot be read ({error.strerror})") from error

        if not files:
            return
        with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
            blocks = [(file, block) for file, status, _ in files for block in blocks_of(status.st_size)]
            digests = pool.map(digest, blocks)
            for _, status, _ in files:
                yield checksum_of(list(islice(digests, len(blocks_of(status.st_size)))))

    def newest_good(self, since: int | None = None) -> tuple[Manifest, tuple[str, ...]]:
        """The current generation, or the newest whole one if it is damaged, with what was wrong on the way.

        ``since`` is that of ``check``.

        Raises:
            IndexMissing: If there is no generation at all.
            IndexDamaged, IndexOutdated, GenerationMissing: If there is none that can be used.
        """
        wanted = self.current()
        problems: list[str] = []
        first: Exception | None = None
        for name in (wanted, *reversed([name for name in self.names() if name != wanted])):
            try:
                return self.check(name, since), tuple(problems)
            except (IndexDamaged, IndexOutdated, GenerationMissing) as error:
                problems.append(str(error))
                first = first or error
        assert first is not None
        raise first

    def is_damaged(self, name: str) -> bool:
        """Whether a generation that is there has a file which is not what it was.

        Not, whether it cannot be read at the moment, with too many files open, say; a disk that fails is damage.
        """
        try:
            self.check(name)
        except IndexDamaged as error:
            cause = error.__cause__
            return not isinstance(cause, OSError) or cause.errno == errno.EIO
        except IndexUnusable:
            pass
        return False

    # -- writing -------------------------------------------------------------------------------------------------------

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the right to build; it ends with the process, however that ends.

        Raises:
            IndexLocked: If another process has it.
            IndexInaccessible: If the folder cannot be made, or nothing written in it.
        """
        held = FileLock(self.folder / ".lock")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            held.acquire(timeout=0)
        except Timeout:
            raise IndexLocked(self.folder) from None
        except OSError as error:
            raise IndexInaccessible(self.folder, error) from error
        try:
            yield
        finally:
            held.release()

    def begin(self) -> tuple[str, Path]:
        """Name and fresh folder for a new generation; clears what dead builds left. Call it with the lock held."""
        with self.linking():
            for path in self.folder.glob(_BUILDING + "*"):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)  # of ``scratch``, or half a record
        for path in self.folder.glob(POINTER + ".*"):
            path.unlink(missing_ok=True)
        with suppress(IndexMissing):
            self.prune()  # a build that died after it had published could not
        numbers = [int(name.split("-")[0]) for name in os.listdir(self.folder) if _NAME.match(name)]
        # The number orders generations, so that a clock that jumps back does no harm.
        name = f"{max(numbers, default=0) + 1:06d}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        folder = self.folder / (_BUILDING + name)
        folder.mkdir()
        return name, folder

    def scratch(self) -> IO[bytes]:
        """A file for what a build needs while it runs; it lies beside the generations and is gone when it is closed.

        Where the file system can, it never has a name; else it is without one before anything is written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(buffering=_BUFFER, prefix=_BUILDING, dir=self.folder)

    def note(self, name: str) -> bytes:
        """What a build has noted since a generation was published, empty for nothing; it may have been lost."""
        try:
            of, _, data = (self.folder / NOTE).read_bytes().partition(b"\n")
        except OSError:
            return b""
        return data if of == name.encode("ascii") else b""

    def take_note(self, name: str, data: bytes) -> None:
        """Note something of a generation, in place of what was noted before. Call it with the lock held.

        Raises:
            OSError: If nothing can be written there.
        """
        half = self.folder / f"{_BUILDING}{NOTE}"
        half.write_bytes(name.encode("ascii") + b"\n" + data)
        os.replace(half, self.folder / NOTE)

    def linking(self) -> AbstractContextManager[None]:
        """What is done in here to links of files loses nothing of what is known of the files (``Checked.linking``)."""
        return Checked(self.folder).linking(self._paths)

    def _paths(self) -> Iterator[str]:
        """All files of all generations."""
        for name in self.names():
            for folder, _, files in os.walk(self.folder / name):
                yield from (f"{folder}/{file}" for file in files)

    def _known_files(self, base: Manifest) -> dict[int, tuple[int, str]]:
        """Size and checksum of each file of a generation, by inode: a file linked from there is the same file."""
        folder = self.folder / base.generation
        return {(folder / file).stat().st_ino: entry for file, entry in base.files.items()}

    def publish(self, manifest: Manifest, folder: Path, base: Manifest | None = None) -> Manifest:
        """Make a finished build the current generation: checksums, syncs, then one atomic rename of the pointer.

        ``base`` is the generation, checked, that files of this one may be links to.
        """
        files: dict[str, tuple[int, str]] = {}
        known = self._known_files(base) if base else {}
        record = Checked(self.folder)
        # Those written last come last: they have changed long enough before then (``TICK_NS``), if there are many.
        found = sorted(((path, path.stat()) for path in _files(folder)), key=lambda e: e[1].st_ctime_ns)
        # What is known was written and synced when the base was published.
        _sync_all([path for path, status in found if status.st_ino not in known])
        for path, status in found:
            entry = known.get(status.st_ino)
            if entry is None:
                moment = time.time_ns()
                entry = (status.st_size, file_checksum(path))
                if moment - status.st_ctime_ns > TICK_NS:
                    record.learn(status, entry[1], moment)
            files[str(path.relative_to(folder))] = entry
        manifest = replace(manifest, files=dict(sorted(files.items())))
        target = folder / MANIFEST
        target.write_text(manifest.dumps(), "utf-8")
        _sync_all([target, folder, *(path for path in folder.rglob("*") if path.is_dir())])
        os.rename(folder, self.folder / manifest.generation)
        _sync(self.folder)
        record.save()  # before anybody opens it
        self.point_to(manifest.generation)
        (self.folder / NOTE).unlink(missing_ok=True)
        self.prune()
        return manifest

    def point_to(self, name: str) -> None:
        """Serve another generation from now on, in one atomic rename."""
        pointer = self.folder / f"{POINTER}.{os.getpid()}"
        with pointer.open("w", encoding="ascii") as stream:
            stream.write(name + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(pointer, self.folder / POINTER)
        _sync(self.folder)

    def discard(self, folder: Path) -> None:
        """Remove a build that failed."""
        with self.linking():
            shutil.rmtree(folder, ignore_errors=True)

    def prune(self, keep: int | None = None) -> tuple[str, ...]:
        """Remove all but the newest ``keep`` generations, never the current one; returns the names removed."""
        keep = self.keep if keep is None else keep
        current = self.current()
        names = [name for name in self.names() if name != current]
        removed = names[: max(len(names) - max(keep - 1, 0), 0)]
        with self.linking():
            for name in removed:
                # The manifest goes first: a half-removed generation must not look like one.
                (self.folder / name / MANIFEST).unlink(missing_ok=True)
                shutil.rmtree(self.folder / name, ignore_errors=True)
            for path in self.folder.iterdir():
                if _NAME.match(path.name) and path.is_dir() and not (path / MANIFEST).exists():
                    shutil.rmtree(path, ignore_errors=True)
        return tuple(removed)

    def rollback(self, name: str | None = None) -> Manifest:
        """Serve an earlier generation again: the one named, or the newest whole one before the current.

        Raises:
            GenerationMissing: If there is none to go back to.
            IndexDamaged: If the one named is damaged.
        """
        current = self.current()
        if name is not None:
            manifest = self.check(name)
            self.point_to(name)
            return manifest
        for candidate in reversed([each for each in self.names() if each < current]):
            try:
                manifest = self.check(candidate)
            except (IndexDamaged, IndexOutdated):
                continue
            self.point_to(candidate)
            return manifest
        raise GenerationMissing(current, self.names(), before=True)
