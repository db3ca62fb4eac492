"""What a build leaves for the next one: it comes back as it was, or not at all."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from indexer.known import KnownPage, KnownPages, about, loads

NOW = 10**18
PAGES = [
    KnownPage("articles/not\udcffutf.html", "articles/not-1", "0a" * 16, (1, 2**64 - 1), "articles/not-1", "título"),
    KnownPage(
        "articles/new\nline.html", "articles/new-line", "0b" * 16, (), "articles/other", "", (5, 6, 7, 2**63 - 1)
    ),
    KnownPage(
        "医院.html", "articles/x", "ff" * 16, (1, 7), "hospitals/x", "医院", (1, NOW, 1, 1), (0, 3), ("one", "two")
    ),
]


def known() -> KnownPages:
    none = KnownPages()
    return none.followed(np.zeros(0, np.bool_), none.stamps, PAGES, NOW)


def content(pages: KnownPages) -> list[object]:
    values = [getattr(pages, each.name) for each in fields(pages)]
    return [value.tolist() if isinstance(value, np.ndarray) else value for value in values]


def test_pages_come_back_as_they_were() -> None:
    stored = known().dumps(version=1, of="a test")
    assert about(stored) == {"version": 1, "of": "a test"}
    assert content(loads(stored)) == content(known())
    assert [known().fingerprints_of(row) for row in range(3)] == [[1, 2**64 - 1], [], [1, 7]]
    assert known().stamps.tolist() == [[0] * 4, [5, 6, 7, 2**63 - 1], [0] * 4], "the last had changed just then"
    assert len(loads(KnownPages().dumps())) == 0


def test_rows_are_left_out_and_others_come_behind() -> None:
    kept = np.array([False, True, True])
    after = known().followed(kept, known().stamps, PAGES[:1], NOW)
    assert after.paths == [PAGES[1].path, PAGES[2].path, PAGES[0].path]
    assert [after.fingerprints_of(row) for row in range(3)] == [[], [1, 7], [1, 2**64 - 1]]
    assert (after.groups, after.warnings) == ({1: (0, 3)}, {1: ("one", "two")})
    assert (after.having({1}, ()), after.having({7, 9}, {3}), after.having((), {0})) == ([1, 2], [1], [1])
    assert after.corpus_digest() == known().corpus_digest(), "the same files, whatever their order"
    assert after.corpus_digest() != known().followed(kept, known().stamps, (), NOW).corpus_digest()


@pytest.mark.parametrize("cut", [0, 7, 40, -1, -100])
def test_what_is_not_whole_is_no_knowledge(cut: int) -> None:
    with pytest.raises(ValueError):
        loads(known().dumps()[:cut])
