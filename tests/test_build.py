"""Building: an incremental build ends where a full one does, reads only what changed, and refuses to lose a site."""

from __future__ import annotations

import gc
import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

import indexer.corpus
from indexer.build import build
from indexer.differences import STATE
from indexer.engines.whoosh_engine import WhooshEngine
from indexer.errors import BuildRefused, CorpusError, IndexLocked
from indexer.known import loads
from indexer.model import Document, Page
from indexer.moved import MOVED, load_moved
from indexer.taxonomy import Entity, load_taxonomy

WORDS = "eye heart hospital visa cost surgery clinic children tooth proton doctor shanghai beijing price queue".split()
LINES = [f"Line {number} of a page that several files have in another state." for number in range(3)]
Write = Callable[[str, str], None]


def page(title: str, text: str, footer: str = "", city: str = "Shanghai", address: str = "", date: str = "") -> str:
    """A small hospital page with JSON-LD."""
    data = json.dumps(
        {"@context": "https://schema.org", "@type": "Hospital", "name": title, "address": {"addressLocality": city}}
    )
    head = f'<title>{title}</title><script type="application/ld+json">{data}</script>'
    head += f'<link rel="canonical" href="{address}">' if address else ""
    head += f'<meta property="article:published_time" content="{date}">' if date else ""
    body = f"<h1>{title}</h1><h2>About</h2>{''.join(f'<p>{line}</p>' for line in text.split('|'))}<p>{footer}</p>"
    return f'<!doctype html><html lang="en"><head>{head}</head><body><main>{body}</main></body></html>'


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    (folder / "hospitals").mkdir(parents=True)
    return folder


@pytest.fixture
def write(corpus: Path) -> Write:
    def to(name: str, html: str) -> None:
        (corpus / "hospitals" / f"{name}.html").write_text(html, "utf-8")

    return to


def documents(index: Path) -> list[Document]:
    with WhooshEngine(index).searcher() as searcher:
        return list(searcher.documents())


def alike(index: Path) -> list[Document]:
    """Documents without the words of their receipts, which tell how many pages had a line when it was cut."""
    return [
        replace(d, receipt=replace(d.receipt, cuts=tuple(replace(cut, reason="") for cut in d.receipt.cuts)))
        for d in documents(index)
    ]


def engines(folder: Path) -> list[WhooshEngine]:
    return [WhooshEngine(folder / name) for name in ("index", "fresh")]


def moved_in(engine: WhooshEngine) -> Mapping[str, str]:
    """Where the addresses of pages without a document lead."""
    moved = load_moved(engine.attachment(MOVED))
    with engine.searcher() as searcher:
        assert all(searcher.get(kept) and not searcher.get(address) for address, kept in moved.items())
        assert all(searcher.moved(address) == kept for address, kept in moved.items())
    return moved


def sentence(chance: random.Random) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(12)).capitalize() + "."


def test_incremental_builds_end_where_full_builds_do(tmp_path: Path, corpus: Path, write: Write) -> None:
    """Pages come, change, go, turn bad and get other names at random; a footer becomes boilerplate and stops being it.

    Some are one hospital, one of them by way of another, some files have one address, and some name one as theirs.
    """
    chance, claims = random.Random(11), random.Random(12)
    footer = "Telephone consultation is open to members of the association on working days."
    entities = [("hospitals/h2", "Hospital h1"), ("hospitals/h2", "hospitals/h3"), ("Hospital h4", "hospitals/h5")]
    vocabulary = replace(load_taxonomy(), same=tuple(Entity(names, "as its sign says") for names in entities))
    names: set[str] = set()
    merged = rejected = 0
    said: set[str] = set()
    for step in range(18):
        for _ in range(4):
            name = chance.choice((f"h{chance.randrange(25)}", f"h{chance.randrange(6)}", f"H{chance.randrange(25)}"))
            what = chance.random() if name in names and len(names) > 6 else 1.0
            if what < 0.25:
                (corpus / "hospitals" / f"{name}.html").unlink()
                names.remove(name)
            elif what < 0.35:
                (corpus / "hospitals" / f"{name}.html").rename(corpus / "hospitals" / f"{name.swapcase()}.html")
                names.remove(name)
                names.add(name.swapcase())
            elif what < 0.4:
                (corpus / "hospitals" / f"{name}.html").write_bytes(b"\0\1")
            else:
                names.add(name)
                number, text = int(name[1:]), sentence(chance)
                if number > 15:  # of three that name one address, two have one title, and some have a line in common
                    address, title = f"https://a.example/{number % 3}", f"Hospital {number // 2}"
                    text = f"{claims.choice(LINES)}|{text}" if claims.random() < 0.5 else claims.choice(LINES)
                else:
                    address, title = "", f"Hospital {name}"
                write(name, page(title, text, footer if step % 6 < 3 else "", address=address))
        report = build(corpus, tmp_path / "index", force=True, taxonomy=vocabulary)
        shutil.rmtree(tmp_path / "fresh", ignore_errors=True)
        full = build(corpus, tmp_path / "fresh", full=True, taxonomy=vocabulary)
        assert alike(tmp_path / "index") == alike(tmp_path / "fresh")
        digests = [engine.generations.manifest(engine.generations.current()).corpus for engine in engines(tmp_path)]
        assert digests[0] == digests[1]
        assert (report.rejected, report.warnings) == (full.rejected, full.warnings)
        assert report.incremental == (step > 0)
        moved = [moved_in(engine) for engine in engines(tmp_path)]
        assert moved[0] == moved[1]
        merged, rejected = max(merged, len(full.notes)), max(rejected, len(full.rejected))
        said |= {warning.rpartition(")")[2] for _, warning in full.warnings if "names the same address" in warning}
    assert (merged, rejected > 1) == (3, True)
    assert len(said) == 2, "some were one page, and some only said so"


def test_a_page_that_comes_is_joined_with_its_partners_that_were_there(
    tmp_path: Path, corpus: Path, write: Write
) -> None:
    """It was not: only partners of pages that had been there before were done again."""
    entity = Entity(("hospitals/old", "hospitals/new"), "as its sign says")
    vocabulary = replace(load_taxonomy(), same=(entity,))
    write("old", page("Old Hospital", "What the old page says."))
    build(corpus, tmp_path / "index", taxonomy=vocabulary)
    write("new", page("New Hospital", "What the new page says."))
    report = build(corpus, tmp_path / "index", taxonomy=vocabulary)
    assert report.notes == ("hospitals/new is hospitals/old: as its sign says",)
    (document,) = documents(tmp_path / "index")
    assert [section.text for section in document.sections] == ["What the old page says.", "What the new page says."]


def test_the_same_page_under_two_addresses_is_one_document(tmp_path: Path, corpus: Path, write: Write) -> None:
    """It was found twice in every search."""
    first, second = engines(tmp_path)
    gout, other = page("Gout Clinic", "Gout is treated."), page("Gout Clinic", "Gout and much else is treated.")
    steps: tuple[tuple[dict[str, str | None], list[str]], ...] = (
        ({"a": gout, "b": gout, "c": page("Gout Clinic", "Gout is treated.", city="Beijing")}, ["a", "c"]),
        ({"b": other}, ["a", "b", "c"]),
        ({"b": gout}, ["a", "c"]),
        ({"0": gout}, ["0", "c"]),
        ({"0": None, "a": None}, ["b", "c"]),
    )
    for changes, left in steps:
        for name, html in changes.items():
            if html is None:
                (corpus / "hospitals" / f"{name}.html").unlink()
            else:
                write(name, html)
        report = build(corpus, first)
        build(corpus, second, full=True)
        assert [document.doc_id for document in documents(tmp_path / "index")] == [f"hospitals/{name}" for name in left]
        assert alike(tmp_path / "index") == alike(tmp_path / "fresh")
        assert report.documents == len(left)
        same = [path for path, warning in report.warnings if warning.startswith("the same as hospitals/")]
        assert len(same) == len(list((corpus / "hospitals").iterdir())) - len(left)


def test_a_file_from_the_far_future_is_a_page_and_read_each_time(tmp_path: Path, corpus: Path, write: Write) -> None:
    """Nanoseconds since 1970 are more than 63 bits hold from 2262 on."""
    write("a", page("Hospital A", "First text."))
    late = 10 * 10**18
    os.utime(corpus / "hospitals" / "a.html", ns=(late, late))
    assert (corpus / "hospitals" / "a.html").stat().st_mtime_ns > 1 << 63
    assert build(corpus, tmp_path / "index").documents == 1
    assert not build(corpus, tmp_path / "index").published
    write("a", page("Hospital A", "Other text."))
    os.utime(corpus / "hospitals" / "a.html", ns=(late, late))
    assert build(corpus, tmp_path / "index").parsed == 1


def test_an_update_starts_from_what_was_checked_or_not_at_all(tmp_path: Path, corpus: Path, write: Write) -> None:
    write("a", page("Hospital A", "First text."))
    build(corpus, tmp_path / "index")
    engine = WhooshEngine(tmp_path / "index")
    base = engine.base()
    build(corpus, tmp_path / "index", full=True)
    with pytest.raises(IndexLocked), engine.update(base):
        raise AssertionError("it went on from a generation that is no longer served")


def test_only_what_changed_is_parsed_and_nothing_changed_publishes_nothing(
    tmp_path: Path, corpus: Path, write: Write
) -> None:
    chance = random.Random(3)
    for number in range(10):
        write(str(number), page(f"Hospital {number}", sentence(chance)))
    first = build(corpus, tmp_path / "index")
    assert (first.parsed, first.documents, first.published) == (10, 10, True)
    again = build(corpus, tmp_path / "index")
    assert (again.parsed, again.published, again.generation) == (0, False, first.generation)
    write("3", page("Hospital 3", sentence(chance)))
    changed = build(corpus, tmp_path / "index")
    assert (changed.parsed, changed.incremental, changed.documents) == (1, True, 10)
    full = build(corpus, tmp_path / "index", full=True)
    assert (full.parsed, full.incremental) == (10, False)


def test_a_file_that_the_file_system_calls_unchanged_is_not_read_again(
    tmp_path: Path, corpus: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        write(str(number), page(f"Hospital {number}", "eye words"))
    index, later = tmp_path / "index", time.time_ns() + 60 * 10**9
    read: list[str] = []

    def noted(location: str, path: str) -> Iterator[bytes]:
        read.append(path)
        return chunks(location, path)

    chunks = indexer.corpus._chunks
    monkeypatch.setattr(indexer.corpus, "_chunks", noted)
    build(corpus, index)
    read.clear()
    assert not build(corpus, index).published
    assert len(read) == 4, "what was written a moment before the last build may have been written again since"
    # As if the files had stood there for a while.
    monkeypatch.setattr("indexer.build.time.time_ns", lambda: later)
    assert build(corpus, index, full=True).published
    read.clear()
    assert not build(corpus, index).published
    assert read == []
    # The same size and the old time, but other words: the file system knows.
    file = corpus / "hospitals" / "2.html"
    stamp = file.stat()
    file.write_text(file.read_text().replace("eye words", "ear words"), "utf-8")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (stamp.st_size, stamp.st_mtime_ns)
    assert build(corpus, index).parsed == 1
    assert set(read) == {"hospitals/2.html"}
    # Two files of one size that change places.
    one, two = (corpus / "hospitals" / name for name in ("0.html", "1.html"))
    aside = one.rename(corpus / "hospitals" / "x.html")
    two.rename(one)
    aside.rename(two)
    assert build(corpus, index).parsed == 2
    assert {document.title for document in documents(index)} == {f"Hospital {number}" for number in range(4)}


def test_files_that_were_only_touched_are_read_once_and_publish_nothing(
    tmp_path: Path, corpus: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of a site has new times with the old contents: all of it was read again by every build."""
    for number in range(4):
        write(str(number), page(f"Hospital {number}", "eye words"))
    index, read = tmp_path / "index", []
    chunks, later = indexer.corpus._chunks, [time.time_ns()]

    def built() -> tuple[bool, list[str]]:
        """Whether a build some time later has published, and which files it has read."""
        read.clear()
        later[0] += 60 * 10**9
        return build(corpus, index).published, sorted(read)

    def touch(*names: str) -> None:
        for name in names:
            os.utime(corpus / "hospitals" / f"{name}.html", ns=(later[0], later[0]))

    monkeypatch.setattr(indexer.corpus, "_chunks", lambda place, path: (read.append(path[-6]), chunks(place, path))[1])
    monkeypatch.setattr("indexer.build.time.time_ns", lambda: later[0])
    assert built()[0]
    touch("0", "1")
    assert built() == (False, ["0", "1"])
    assert built() == (False, [])
    touch("1", "2")
    assert built() == (False, ["1", "2"])
    assert built() == (False, []), "what was noted before holds still"
    with WhooshEngine(index).generations.lock():
        touch("3")
        assert built() == (False, ["3"]), "while another build runs nothing is noted"
    write("2", page("Hospital 2", "ear words"))
    assert built() == (True, ["2", "2", "3"]), "once for its digest, once to be parsed"
    assert built() == (False, [])
    touch("0")
    assert built() == (False, ["0"])
    WhooshEngine(index).generations.rollback()
    assert built() == (True, ["0", "1", "2", "2", "3"]), "the note was of another generation"
    touch("0")
    assert built() == (False, ["0"])
    note = index / "NOTE"
    for damage in (note.read_bytes()[:-3], b"", b"\xff\n" + bytes(40)):
        note.write_bytes(damage)
        assert built() == (False, ["0"]), "a note that is lost costs a reading"


def test_a_build_that_keeps_no_page_in_memory_is_the_same(
    tmp_path: Path, corpus: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages wait on disk, parsed here or by other processes; a page's own folder, name and partners decide as ever."""
    chance = random.Random(7)
    footer = "Telephone consultation is open to members of the association on working days."
    for number in range(30):
        write(f"h{number}", page(f"Hospital h{number}", sentence(chance), footer))
        where = corpus / "hospitals" if number % 3 else corpus  # classified by its title, not by its folder
        (where / f"u{number}.html").write_text(page(f"Willow Clinic {number}", sentence(chance), footer), "utf-8")
    for name in ("hospitals/bad", "worse"):
        (corpus / f"{name}.html").write_bytes(b"\0\1")
    entities = [("hospitals/h2", "Hospital h1"), ("hospitals/h2", "hospitals/u3"), ("Willow Clinic 6", "hospitals/u7")]
    vocabulary = replace(load_taxonomy(), same=tuple(Entity(names, "as its sign says") for names in entities))
    usual = build(corpus, tmp_path / "usual", taxonomy=vocabulary)
    most = 0

    def watch(stage: str, done: int, total: int) -> None:
        nonlocal most
        if done % 10 == 0:
            most = max(most, sum(type(each) is Page for each in gc.get_objects()))

    monkeypatch.setattr("indexer.spool.HELD", 3)
    reports = [build(corpus, tmp_path / "one", taxonomy=vocabulary, progress=watch)]
    assert most <= 3 + 2, "some are held, one is parsed and one is cut"
    monkeypatch.setattr("indexer.parsing.PARALLEL_FROM", 1)
    monkeypatch.setattr("indexer.workers.worker_count", lambda: 2)
    reports.append(build(corpus, tmp_path / "several", taxonomy=vocabulary))
    assert (usual.documents, len(usual.rejected), len(usual.notes)) == (57, 2, 3)
    for report, name in zip(reports, ("one", "several"), strict=True):
        assert documents(tmp_path / name) == documents(tmp_path / "usual")
        same = (report.counts, report.rejected, report.warnings, report.notes, report.parsed)
        assert same == (usual.counts, usual.rejected, usual.warnings, usual.notes, usual.parsed)
        first, second = (loads(WhooshEngine(tmp_path / each).attachment(STATE) or b"") for each in (name, "usual"))
        assert (first.paths, first.doc_ids, first.groups) == (second.paths, second.doc_ids, second.groups)
        assert first.fingerprints.tolist() == second.fingerprints.tolist()


def test_one_bad_page_never_stops_a_build_and_is_named(tmp_path: Path, corpus: Path, write: Write) -> None:
    write("good", page("Good Hospital", "A text about eyes."))
    (corpus / "hospitals" / "bad.html").write_bytes(b"\x00\x01\x02" * 2000)
    report = build(corpus, tmp_path / "index")
    assert report.documents == 1
    assert len(report.rejected) == 1
    assert report.rejected[0].startswith("Skipped hospitals/bad.html: ")


def test_a_page_that_turns_bad_leaves_the_index(tmp_path: Path, corpus: Path, write: Write) -> None:
    write("a", page("Hospital A", "First text."))
    write("b", page("Hospital B", "Second text."))
    build(corpus, tmp_path / "index")
    (corpus / "hospitals" / "b.html").write_bytes(b"\x00" * 100)
    report = build(corpus, tmp_path / "index")
    assert [d.title for d in documents(tmp_path / "index")] == ["Hospital A"]
    assert report.incremental
    assert len(report.rejected) == 1


def test_losing_half_a_site_is_refused_unless_forced(tmp_path: Path, corpus: Path, write: Write) -> None:
    chance = random.Random(5)
    for number in range(24):
        write(str(number), page(f"Hospital {number}", sentence(chance)))
    before = build(corpus, tmp_path / "index")
    for number in range(14):
        (corpus / "hospitals" / f"{number}.html").unlink()
    for full in (False, True):
        with pytest.raises(BuildRefused, match="10 documents where there were 24"):
            build(corpus, tmp_path / "index", full=full)
        assert WhooshEngine(tmp_path / "index").generations.current() == before.generation
    assert build(corpus, tmp_path / "index", force=True).documents == 10


def test_an_empty_or_missing_corpus_publishes_nothing(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(BuildRefused, match="no page"):
        build(corpus, tmp_path / "index")
    with pytest.raises(CorpusError, match="Cannot read the corpus"):
        build(tmp_path / "none", tmp_path / "index")
    assert not list((tmp_path / "index").glob("0*"))


def test_progress_tells_every_stage(tmp_path: Path, corpus: Path, write: Write) -> None:
    write("a", page("Hospital A", "First text."))
    stages: dict[str, int] = {}
    build(corpus, tmp_path / "index", progress=lambda stage, done, total: stages.update({stage: done}))
    assert stages == {"Reading": 1, "Parsing": 1, "Indexing": 1}


def test_files_that_are_passed_over_are_told_of(tmp_path: Path) -> None:
    folder = tmp_path / "corpus" / "articles"
    folder.mkdir(parents=True)
    (folder / "a.html").write_text("<title>Knees</title><h1>Knees</h1><p>Knees bend, and then they hurt.</p>")
    for name in "abcde":
        (folder / f"{name}.pdf").write_bytes(b"%PDF")
    said = "5 PDF files are not read (articles/a.pdf, articles/b.pdf, articles/c.pdf and 2 more)"
    said += "; save the text as a page (.html or .txt)."
    first = build(tmp_path / "corpus", tmp_path / "index")
    assert (first.notes, first.rejected) == ((said,), ())
    assert build(tmp_path / "corpus", tmp_path / "index").notes == (said,), "where nothing has changed too"
