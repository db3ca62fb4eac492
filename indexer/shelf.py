"""Put pages that come from elsewhere into a corpus, with a line about where each came from."""

from __future__ import annotations

import hashlib
import os
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path

from indexer.corpus import MAX_FILE_BYTES, CorpusFile, printable, walk
from indexer.errors import PageError
from indexer.parse import parse_page

RECORD = "imported.tsv"  # in the corpus: one line a page that was brought in, the newest last
RECORD_HEADER = ("file", "address", "date", "sha256", "etag", "modified", "base")
_FOLDERS = {"hospital": "hospitals", "article": "articles"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source: brought in, passed over because nothing had to be done, or left out (not ``ok``)."""

    ok: bool
    sentence: str
    passed: bool = False

    @property
    def brought(self) -> bool:
        """Whether a page was brought in."""
        return self.ok and not self.passed


@dataclass(frozen=True, slots=True)
class Found:
    """A page on its way: where it comes from, what it could be called, and its bytes.

    ``address`` is a web address or a ``file:`` one, ``shown`` how a person knows it, ``folder`` is ``hospitals`` or
    ``articles`` when the source files it so. ``etag`` and ``modified`` are what its server marks this version with,
    ``base`` is the address it redirected to, if it did.
    """

    address: str
    shown: str
    name: str
    suffix: str
    data: bytes
    folder: str = ""
    etag: str = ""
    modified: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A page that was brought in before, as its line in the record has it."""

    path: str
    address: str
    date: str = ""
    sha256: str = ""
    etag: str = ""
    modified: str = ""
    base: str = ""


def left_out(source: str, reason: str) -> Outcome:
    """Word why a source was not brought in."""
    return Outcome(False, f"Left out {printable(source)}: {reason}.")


def passed_over(source: str, reason: str) -> Outcome:
    """Word why nothing had to be done about a source."""
    return Outcome(True, f"Passed over {printable(source)}: {reason}.", passed=True)


class Shelf:
    """A corpus as it fills: what is there by id, content and address."""

    def __init__(self, corpus: Path, *, into: str, replace: bool) -> None:
        self._corpus = corpus
        self._into = into
        self._replace = replace
        self._by_id: dict[str, str] = {}
        self._by_digest: dict[str, str] = {}
        self._by_address: dict[str, Kept] = {}
        self._origin: dict[str, str] = {}  # address by path
        self._fresh: set[str] = set()  # brought in by this very run: never overwritten
        for file in walk(corpus) if corpus.exists() else ():
            if isinstance(file, CorpusFile):
                self._by_digest.setdefault(file.digest, file.path)
                self._by_id[file.doc_id] = file.path
                if not file.filed:  # it takes its name in both folders
                    self._by_id.setdefault(file.doc_id.replace("articles", "hospitals", 1), file.path)
        self._read_record(set(self._by_id.values()))

    def known(self, address: str) -> Kept | None:
        """The page that was brought from an address."""
        return self._by_address.get(address)

    def asks_again(self, page: Kept) -> bool:
        """Whether a page that is there is to be asked for again."""
        return self._replace and page.path not in self._fresh

    def bytes_of(self, page: Kept) -> bytes:
        """Bytes of a page that is there, empty when it cannot be read."""
        try:
            return (self._corpus / page.path).read_bytes()
        except OSError:
            return b""

    def marks(self, page: Kept) -> tuple[str, str]:
        """ETag and date by which a server knows the version that is there; empty once its file was changed by hand."""
        same = hashlib.sha256(self.bytes_of(page)).hexdigest() == page.sha256
        return (page.etag, page.modified) if same else ("", "")

    def keep(self, found: Found) -> Outcome:
        """Put one page into the corpus, or say why not."""
        if len(found.data) > MAX_FILE_BYTES:
            return left_out(found.shown, f"larger than {MAX_FILE_BYTES / 1e6:.0f} MB")
        digest = hashlib.blake2b(found.data, digest_size=16).hexdigest()
        if twin := self._by_digest.get(digest):
            return self._again(found, twin)
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
        if old:
            self._by_digest = {known: where for known, where in self._by_digest.items() if where != old}
        self._by_digest[digest] = self._by_id[doc_id] = path
        self._fresh.add(path)
        return Outcome(True, f"{'Replaced' if old else 'Brought'} {path} from {printable(found.shown)}.")

    def _again(self, found: Found, twin: str) -> Outcome:
        """Answer for bytes that are there already, and note what the record lacks about them."""
        before = self._by_address.get(found.address)
        if before and before.path == twin:
            if (before.etag, before.modified, before.base) != (found.etag, found.modified, found.base):
                self._note(twin, found)
            return passed_over(found.shown, f"it has not changed, {twin} stays")
        if twin not in self._origin and twin.rpartition("/")[2] == found.name + found.suffix:
            self._note(twin, found)  # a run was ended between the page and its line, or a person had saved it
        return passed_over(found.shown, f"the same bytes as {twin}")

    def _read_record(self, paths: set[str]) -> None:
        record = self._corpus / RECORD
        text = record.read_text(encoding="utf-8", errors="replace") if record.is_file() else ""
        self._torn = bool(text) and not text.endswith("\n")
        for line in text.splitlines():
            page = Kept(*[*line.split("\t"), ""][: len(RECORD_HEADER)])
            if page.path in paths:  # what the corpus does not hold is not believed
                self._by_address[page.address], self._origin[page.path] = page, page.address

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
        known = self._by_address.get(found.address)
        before = known.path if known else ""
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
        self._note(path, found)

    def _note(self, path: str, found: Found) -> None:
        """Add the line of a page to the record."""
        day, sha256 = f"{datetime.now(UTC):%Y-%m-%d}", hashlib.sha256(found.data).hexdigest()
        page = Kept(path, found.address, day, sha256, found.etag, found.modified, found.base)
        record = self._corpus / RECORD
        start = "" if record.exists() else "\t".join(RECORD_HEADER) + "\n"
        with record.open("a", encoding="utf-8") as file:
            file.write(("\n" if self._torn else start) + "\t".join(astuple(page)) + "\n")
        self._torn = False
        self._by_address[found.address], self._origin[path] = page, found.address


def _is_web(address: str) -> bool:
    return address.startswith(("http://", "https://"))
