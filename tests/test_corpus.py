from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import corpus
from indexer.corpus import CorpusFile, passed_over, walk
from indexer.errors import CorpusError, PageError
from indexer.slug import slug, unique_slug


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<p>{name}</p>", "utf-8")


def ids(root: Path) -> list[str]:
    return [found.doc_id for found in walk(root) if isinstance(found, CorpusFile)]


def problems(root: Path) -> list[str]:
    return [str(found) for found in walk(root) if isinstance(found, PageError)]


def test_files_come_in_order_of_their_path_with_ids_from_it(tmp_path: Path) -> None:
    make(
        tmp_path,
        "hospitals/B.html",
        "articles/a b.htm",
        "articles/C.xhtml",
        "notes.md",
        "faq/94.html",
        "hospitals/z.txt",
    )
    found = [(each.path, each.doc_id, each.filed) for each in walk(tmp_path) if isinstance(each, CorpusFile)]
    assert found == [
        ("articles/C.xhtml", "articles/c", True),
        ("articles/a b.htm", "articles/a-b", True),
        ("faq/94.html", "articles/faq-94", False),
        ("hospitals/B.html", "hospitals/b", True),
        ("hospitals/z.txt", "hospitals/z", True),
        ("notes.md", "articles/notes", False),
    ]


def test_folders_below_a_kind_become_part_of_the_name(tmp_path: Path) -> None:
    make(tmp_path, "hospitals/beijing/union.html", "articles/visa/index.html", "index.html")
    assert ids(tmp_path) == ["articles/visa", "hospitals/beijing-union", "articles/index"]


def test_file_knows_digest_size_and_bytes(tmp_path: Path) -> None:
    make(tmp_path, "articles/a.html", "articles/b.html")
    one, other = (found for found in walk(tmp_path) if isinstance(found, CorpusFile))
    assert one.read() == b"<p>articles/a.html</p>"
    assert one.size == len(one.read())
    assert one.digest != other.digest
    assert [each.digest for each in walk(tmp_path) if isinstance(each, CorpusFile)] == [one.digest, other.digest]
    assert pickle.loads(pickle.dumps(one)) == one


@pytest.mark.parametrize("name", ["page.html~", "#page.html#", "~$page.html", "page.html.orig", "Thumbs.db"])
def test_what_editors_leave_beside_a_page_is_passed_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("<p>old</p>")
    assert list(walk(tmp_path)) == []


def test_companions_notes_and_hidden_files_are_passed_over(tmp_path: Path) -> None:
    make(
        tmp_path,
        "style.css",
        "LISTED.tsv",
        "README.md",
        "SOURCES.md",
        "LICENSE",
        "logo.PNG",
        ".hidden.html",
        ".git/a.html",
    )
    assert list(walk(tmp_path)) == []


def test_what_a_browser_saved_with_a_page_is_no_page(tmp_path: Path) -> None:
    make(
        tmp_path,
        "articles/visa.html",
        "articles/visa_files/frame.html",
        "articles/trip.htm",
        "articles/trip.files/f.htm",
    )
    make(tmp_path, "articles/our_files/costs.html")
    assert ids(tmp_path) == ["articles/our-files-costs", "articles/trip", "articles/visa"]


def test_a_page_called_like_a_note_is_a_page(tmp_path: Path) -> None:
    make(tmp_path, "articles/sources.html")
    assert ids(tmp_path) == ["articles/sources"]


def test_other_files_are_reported(tmp_path: Path) -> None:
    make(tmp_path, "articles/page", "articles/page.doc", "articles/page.wxyz", "articles/list.PDF")
    said = "not a page: its name must end in .html, .htm, .xhtml, .txt, .md or .markdown"
    assert problems(tmp_path) == [
        f"Skipped articles/page: {said}.",
        "Skipped articles/page.doc: a text document of an office program is not read; "
        "save it as a web page (.html) or as text.",
        f"Skipped articles/page.wxyz: {said}.",
    ]
    assert passed_over(tmp_path) == ("articles/list.PDF",)


def test_second_file_with_the_same_address_is_reported(tmp_path: Path) -> None:
    make(tmp_path, "articles/Visa Guide.html", "articles/visa-guide.html", "articles/visa_guide.txt")
    assert ids(tmp_path) == ["articles/visa-guide"]
    assert problems(tmp_path) == [
        f"Skipped articles/{name}: the same address as articles/Visa Guide.html: articles/visa-guide."
        for name in ("visa-guide.html", "visa_guide.txt")
    ]


@pytest.mark.parametrize("kind", ["hospitals", "articles"])
def test_unfiled_page_must_differ_from_both_kinds(tmp_path: Path, kind: str) -> None:
    """It gets its kind later, and must not meet another document there; what is filed comes first."""
    make(tmp_path, "a/b.html", f"{kind}/a-b.html")
    assert ids(tmp_path) == [f"{kind}/a-b"]
    assert problems(tmp_path) == [f"Skipped a/b.html: the same address as {kind}/a-b.html: articles/a-b."]


def test_same_name_may_be_a_hospital_and_an_article(tmp_path: Path) -> None:
    make(tmp_path, "articles/a.html", "hospitals/a.html")
    assert ids(tmp_path) == ["articles/a", "hospitals/a"]


def test_links_are_not_followed_and_those_that_leave_are_reported(tmp_path: Path) -> None:
    make(tmp_path, "corpus/articles/a.html", "outside/secret.html")
    root = tmp_path / "corpus"
    (root / "articles/again.html").symlink_to("a.html")
    (root / "articles/loop").symlink_to("..")
    (root / "articles/self.html").symlink_to("self.html")
    (root / "broken.html").symlink_to("nothing.html")
    (root / "out.html").symlink_to(tmp_path / "outside/secret.html")
    (root / "outfolder").symlink_to(tmp_path / "outside")
    assert ids(root) == ["articles/a"]
    assert problems(root) == [
        "Skipped articles/self.html: a link that leads in a circle.",
        "Skipped broken.html: a link to nothing.",
        "Skipped out.html: a link that leaves the corpus.",
        "Skipped outfolder: a link that leaves the corpus.",
    ]


def test_corpus_may_itself_be_reached_by_a_link(tmp_path: Path) -> None:
    make(tmp_path, "real/articles/a.html")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real/inner.html").symlink_to("articles/a.html")
    assert ids(tmp_path / "link") == ["articles/a"]
    assert problems(tmp_path / "link") == []


def test_pipe_is_no_page_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.html")
    assert problems(tmp_path) == ["Skipped pipe.html: not a regular file."]


def test_file_that_becomes_a_pipe_does_not_hang(tmp_path: Path) -> None:
    make(tmp_path, "a.html")
    (found,) = walk(tmp_path)
    assert isinstance(found, CorpusFile)
    (tmp_path / "a.html").unlink()
    os.mkfifo(tmp_path / "a.html")
    with pytest.raises(PageError, match=r"a.html: not a regular file\."):
        found.read()


def test_large_file_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.html").open("wb") as file:
        file.truncate(100_000_000)
    assert problems(tmp_path) == ["Skipped huge.html: 100.0 MB; the limit is 20 MB."]


def test_file_that_grows_is_refused_when_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.html")
    (found,) = walk(tmp_path)
    assert isinstance(found, CorpusFile)
    monkeypatch.setattr(corpus, "MAX_FILE_BYTES", 5)
    with pytest.raises(PageError, match="the limit is"):
        found.read()


def test_stream_that_claims_to_be_small_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.html")
    (found,) = walk(tmp_path)
    assert isinstance(found, CorpusFile)
    monkeypatch.setattr(corpus, "_CHUNK", 2)
    real = os.fstat

    def lie(handle: int) -> os.stat_result:
        values = list(real(handle))
        values[6] = 0
        return os.stat_result(values)

    monkeypatch.setattr("indexer.corpus.os.fstat", lie)
    monkeypatch.setattr(corpus, "MAX_FILE_BYTES", 5)
    with pytest.raises(PageError, match="the limit is"):
        found.read()


def test_vanished_file_is_reported(tmp_path: Path) -> None:
    make(tmp_path, "articles/a.html", "articles/b.html")
    found = walk(tmp_path)
    first = next(found)
    assert isinstance(first, CorpusFile)
    (tmp_path / "articles/a.html").unlink()
    (tmp_path / "articles/b.html").unlink()
    assert str(next(found)) == "Skipped articles/b.html: it does not exist."
    with pytest.raises(PageError, match=r"articles/a.html: it does not exist\."):
        first.read()


def test_unreadable_file_and_folder_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.html", "closed/b.html")
    real_scan = os.scandir

    def open_(path: str, flags: int) -> int:
        raise PermissionError(13, "Permission denied")

    def scan(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real_scan(path)

    monkeypatch.setattr("indexer.corpus.os.open", open_)
    monkeypatch.setattr("indexer.corpus.os.scandir", scan)
    assert problems(tmp_path) == ["Skipped a.html: permission denied.", "Skipped closed: permission denied."]


def test_folders_deeper_than_the_limit_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "MAX_DEPTH", 1)
    make(tmp_path, "a/b/c.html", "a/d.html")
    assert ids(tmp_path) == ["articles/a-d"]
    assert problems(tmp_path) == ["Skipped a/b: more than 1 folders deep."]


def test_missing_corpus_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"Cannot read the corpus .*nowhere: it does not exist\."):
        list(walk(tmp_path / "nowhere"))
    make(tmp_path, "file")
    with pytest.raises(CorpusError, match=r"file: not a folder\."):
        list(walk(tmp_path / "file"))


def test_odd_file_names_are_shown_safely_and_read(tmp_path: Path) -> None:
    for name in (b"not\xffutf.html", b"new\nline.html", "医院.html".encode(), "诊所.html".encode()):
        (Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))).write_text("text", "utf-8")
    found = [each for each in walk(tmp_path) if isinstance(each, CorpusFile)]
    assert [each.path for each in found] == ["new\\nline.html", "not\\udcffutf.html", "医院.html", "诊所.html"]
    assert [each.read() for each in found] == [b"text"] * 4
    assert len({each.doc_id for each in found}) == 4
    assert all(each.doc_id.isascii() for each in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Women's & Children’s Hospital", "womens-and-childrens-hospital"),
        ("Café  Zürich", "cafe-zurich"),
        ("I、Core", "i-core"),
        ("医院", ""),
        ("---", ""),
    ],
)
def test_slug_folds_names(text: str, expected: str) -> None:
    assert slug(text) == expected


def test_slug_is_cut_between_words() -> None:
    assert slug("one two three", 9) == "one-two"
    assert slug("a" * 20, 9) == "a" * 9


def test_unique_slug_tells_apart_what_folding_makes_equal() -> None:
    assert unique_slug("Visa Guide") == "visa-guide"
    assert unique_slug("医院") != unique_slug("诊所")
    assert unique_slug("x" * 200, 120) != unique_slug("x" * 201, 120)


@given(st.text())
def test_slugs_are_letters_of_an_address(text: str) -> None:
    for folded in (slug(text), unique_slug(text)):
        assert set(folded) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert unique_slug(text)
