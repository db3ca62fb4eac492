"""Sorted string tables: found by bisection, however many of their strings are kept in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.engines.whoosh_engine import _pack
from indexer.engines.whoosh_engine._pack import Pack, PackWriter

ASKED = ("", "a", "aa", "ab", "b", "é", "医", "医院", "zz", "￿")


@pytest.mark.parametrize(("small", "sampled"), [(65_536, 4096), (65_536, 5), (65_536, 1), (0, 5)])
@pytest.mark.parametrize("count", [0, 1, 5, 6, 60])
def test_every_string_is_found_and_what_begins_so(
    small: int, sampled: int, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pack, "_SMALL", small)
    monkeypatch.setattr(_pack, "_SAMPLED", sampled)
    words = sorted({first + second for first in ("", "a", "ab", "b", "é", "医", "院") for second in "abcé医院zx"})[
        :count
    ]
    writer = PackWriter(tmp_path / "pack")
    writer.save_strings("words", words)
    writer.close()
    table = Pack(tmp_path / "pack").strings("words")
    assert [table.find(word) for word in words] == list(range(len(words)))
    for asked in ASKED:
        assert table.find(asked) == (words.index(asked) if asked in words else -1)
        assert [words[number] for number in table.starting(asked)] == [w for w in words if w.startswith(asked)]
