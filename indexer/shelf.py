"""Put pages that come from elsewhere into a corpus, with a line about where each came from."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from indexer.corpus import MAX_FILE_BYTES, CorpusFile, printable, walk
from indexer.errors import PageError
from indexer.parse import parse_page

RECORD = "imported.tsv"  # in the corpus: one line a page that was brought in, the newest last
RECORD_HEADER = ("file", "address", "date", "sha256")
_FOLDERS = {"hospital": "hospitals", "article": "articles"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source; ``ok`` when a page was brought in, else the sentence says why not."""

    ok: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Found:
    """A page on its way: where it comes from, what it could be called, and its bytes.

    ``address`` is a web address or a ``file:`` one, ``shown`` how a person knows it, ``folder`` is ``hospitals`` or
    ``articles`` when the source files it so.
    """

    address: str
    shown: str
    name: str
    suffix: str
    data: bytes
    folder: str = ""


def left_out(source: str, reason: str) -> Outcome:
    """Word why a source was not brought in."""
    return Outcome(False, f"Left out {printable(source)}: {reason}.")


class Shelf:
    """A corpus as it fills: what is there by id, content and address."""

    def __init__(self, corpus: Path, *, into: str, replace: bool) -> None:
        self._corpus = corpus
        self._into = into
        self._replace = replace
        self._by_id: dict[str, str] = {}
        self._by_digest: dict[str, str] = {}
        self._by_address: dict[str, str] = {}
        self._origin: dict[str, str] = {}  # address by path
        self._fresh: set[str] = set()  # brought in by this very run: never overwritten
        for file in walk(corpus) if corpus.exists() else ():
            if isinstance(file, CorpusFile):
                self._by_digest.setdefault(file.digest, file.path)
                self._by_id[file.doc_id] = file.path
                if not file.filed:  # it takes its name in both folders
                    self._by_id.setdefault(file.doc_id.replace("articles", "hospitals", 1), file.path)
        self._read_record(set(self._by_id.values()))

    def known(self, address: str) -> str:
        """Path of the page that was brought from an address, when it need not be fetched again; else empty."""
        path = self._by_address.get(address, "")
        return path if not self._replace or path in self._fresh else ""

    def keep(self, found: Found) -> Outcome:
        """Put one page into the corpus, or say why not."""
        if len(found.data) > MAX_FILE_BYTES:
            return left_out(found.shown, f"larger than {MAX_FILE_BYTES / 1e6:.0f} MB")
        digest = hashlib.blake2b(found.data, digest_size=16).hexdigest()
        if twin := self._by_digest.get(digest):
            return left_out(found.shown, f"the same bytes as {twin}")
        try:
            folder = self._folder(found, digest)
        except PageError as error:
            return left_out(found.shown, error.reason)
        doc_id, old = self._place(folder, found)
        if old and (not self._replace or old in self._fresh):
            return left_out(found.shown, f"{old} is there already; --replace overwrites it")
        path = doc_id + found.suffix
        try:
            self._write(path, found)
            if old and old != path:
                (self._corpus / old).unlink(missing_ok=True)
        except OSError as error:
            return left_out(found.shown, f"{path} cannot be written: {(error.strerror or 'unknown reason').lower()}")
        self._by_digest = {known: where for known, where in self._by_digest.items() if where != old}
        self._by_digest[digest] = self._by_id[doc_id] = self._by_address[found.address] = path
        self._origin[path] = found.address
        self._fresh.add(path)
        return Outcome(True, f"{'Replaced' if old else 'Brought'} {path} from {printable(found.shown)}.")

    def _read_record(self, paths: set[str]) -> None:
        record = self._corpus / RECORD
        lines = record.read_text(encoding="utf-8", errors="replace").splitlines() if record.is_file() else []
        for line in lines:
            path, _, rest = line.partition("\t")
            if path in paths:  # what the corpus does not hold is not believed
                address = rest.partition("\t")[0]
                self._by_address[address], self._origin[path] = path, address

    def _folder(self, found: Found, digest: str) -> str:
        """Choose the folder of a page: what it declares to be, else where it was filed, else what was asked for.

        Raises:
            PageError: If it could not be indexed anyway.
        """
        name = f"{self._into}/{found.name}"
        page = parse_page(CorpusFile(name + found.suffix, name, digest, len(found.data), 0.0, ""), found.data)
        return _FOLDERS.get(page.kind) or found.folder or self._into

    def _place(self, folder: str, found: Found) -> tuple[str, str]:
        """Choose the id of a page, and find the path of the page that it would overwrite ("" for none).

        A page from the same address keeps its place. One from another web address that has the same name is another
        page, and gets a mark behind its name.
        """
        before = self._by_address.get(found.address, "")
        if before.startswith(folder + "/"):
            return before.rpartition(".")[0], before
        doc_id = f"{folder}/{found.name}"
        owner = self._by_id.get(doc_id, "")
        if _is_web(found.address) and _is_web(self._origin.get(owner, "")):
            doc_id += "-" + hashlib.blake2b(found.address.encode(), digest_size=4).hexdigest()
            owner = self._by_id.get(doc_id, "")
        return doc_id, owner or before

    def _write(self, path: str, found: Found) -> None:
        """Write the bytes whole or not at all, then the line that says where they came from."""
        target = self._corpus / path
        target.parent.mkdir(parents=True, exist_ok=True)
        half = target.with_name(f".{target.name}.part")  # the name starts with a dot: no build takes it for a page
        try:
            half.write_bytes(found.data)
            os.replace(half, target)
        finally:
            half.unlink(missing_ok=True)
        record = self._corpus / RECORD
        line = (path, found.address, f"{datetime.now(UTC):%Y-%m-%d}", hashlib.sha256(found.data).hexdigest())
        lines = (line,) if record.exists() else (RECORD_HEADER, line)
        with record.open("a", encoding="utf-8") as file:
            file.writelines("\t".join(each) + "\n" for each in lines)


def _is_web(address: str) -> bool:
    return address.startswith(("http://", "https://"))
