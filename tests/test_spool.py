"""Pages that wait on disk come back as they were, and give the disk back."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from indexer import spool as spools
from indexer.corpus import CorpusFile, walk
from indexer.generation import Generations
from indexer.model import Page
from indexer.parse import parse_page
from indexer.spool import Spool, packed, unpacked

PAGES = Path(__file__).parent / "data" / "pages" / "in"


def filled(kind: Any, salt: str = "x") -> Any:
    """A value of a type of the model in which no field has its default, also fields that come later."""
    if kind is str:
        return f"{salt} “é” 协和 \n\t\\ \x7f"
    if kind is int:
        return len(salt) + 7
    if get_origin(kind) is tuple:
        return tuple(filled(get_args(kind)[0], salt + str(number)) for number in range(2))
    return kind(**{name: filled(each, salt + name) for name, each in get_type_hints(kind).items()})


def test_every_field_of_a_page_comes_back() -> None:
    page: Page = filled(Page)
    assert all(getattr(page, field.name) != field.default for field in dataclasses.fields(Page))
    assert unpacked(packed(page)) == page


def test_pages_come_back_in_any_order_from_memory_and_from_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "HELD", 3)
    pages = [parse_page(file, file.read()) for file in walk(PAGES) if isinstance(file, CorpusFile)]
    assert len(pages) > 6
    index = Generations(tmp_path / "index")
    spool = Spool(index.scratch)
    numbers = [spool.put(packed(page) if place == 1 else page) for place, page in enumerate(pages[:5])]
    assert [spool.take(numbers[place]) for place in (4, 1, 0)] == [pages[4], pages[1], pages[0]]
    numbers += [spool.put(page) for page in pages[5:]]
    rest = [place for place in reversed(range(len(pages))) if place not in (4, 1, 0)]
    assert [spool.take(numbers[place]) for place in rest] == [pages[place] for place in rest]
    assert os.listdir(index.folder) == [], "what lies on disk has no name, so nothing stays when the process dies"
    spool.close()


def test_a_small_build_needs_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "HELD", 2)

    def none() -> Any:
        raise AssertionError("a file was opened")

    spool = Spool(none)
    assert [spool.put(filled(Page)), spool.put(filled(Page))] == [0, 1]
    with pytest.raises(AssertionError, match="a file was opened"):
        spool.put(filled(Page))
    spool.close()
