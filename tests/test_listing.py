"""A corpus is listed by a copy of the process, with the same outcome as without one, whatever becomes of the copy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.errors import CorpusError
from indexer.listing import listed, listed_ahead

AFTER_2262 = 10**19  # nanoseconds: no number of 64 bits with a sign

# In a process of its own: a process of tests has threads, and is not copied.
LISTED = """
import sys
from indexer import listing

def alone(root):
    if sys.argv[2] == "copied":
        raise AssertionError("this process looks itself")
    print("alone")
    return first(root)

first = listing.listed
if sys.argv[2] == "killed":
    listing._look = lambda root, pipe: listing.os._exit(1)
with listing.listed_ahead(sys.argv[1]) as look:
    listing.listed = alone
    print(ascii(look()))
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus" / "articles"
    folder.mkdir(parents=True)
    (folder / "one.html").write_text("one", "utf-8")
    (folder / os.fsdecode(b"\xff.html")).write_text("two", "utf-8")
    (folder / "far.html").write_text("three", "utf-8")
    os.utime(folder / "far.html", ns=(AFTER_2262, AFTER_2262))
    (folder / "broken.html").symlink_to("nowhere")
    (folder / "style.css").write_text("", "utf-8")
    return tmp_path / "corpus"


def run(corpus: Path, how: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", LISTED, str(corpus), how], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_copy_finds_what_the_process_itself_would(corpus: Path) -> None:
    found = listed(str(corpus))
    assert sorted(found.paths) == ["articles/far.html", "articles/one.html", "articles/\udcff.html"]
    assert found.problems == {"articles/broken.html": "a link to nothing"}
    assert len(found.stamps) == 4 * len(found.paths)
    assert (1 << 63) - 1 in found.stamps
    assert run(corpus, "copied") == [ascii(found)]
    with listed_ahead(str(corpus)) as look:
        assert look() == found


def test_what_a_killed_copy_did_not_find_is_found_without_it(corpus: Path) -> None:
    assert run(corpus, "killed") == ["alone", ascii(listed(str(corpus)))]


def test_a_missing_folder_is_said_when_the_listing_is_asked_for(tmp_path: Path) -> None:
    with listed_ahead(str(tmp_path / "none")) as look, pytest.raises(CorpusError):
        look()
