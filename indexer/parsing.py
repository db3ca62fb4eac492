"""Parse the files of a corpus for a build: here while they are few, else in other processes."""

from __future__ import annotations

from array import array
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import NamedTuple, cast

from indexer.boilerplate import fingerprints, title_of_line
from indexer.copies import claim_of
from indexer.corpus import CorpusFile
from indexer.errors import PageError
from indexer.model import Page
from indexer.parse import parse_page
from indexer.spool import packed

PARALLEL_FROM = 400  # pages; starting processes costs about as much as parsing these in one
SOME = 32  # pages that another process parses at a time


class Parsed(NamedTuple):
    """What a build needs of a page at once, and the page, packed where it comes from another process."""

    page: Page | bytes
    fingerprints: Sequence[int]
    title: str
    claim: tuple[int, int]


def parsed(files: Sequence[CorpusFile]) -> Generator[Parsed | str, None, None]:
    """What each file is, or the sentence that says why it is no page, in order."""
    if len(files) < PARALLEL_FROM:
        yield from map(_parse_one, files)
        return
    from indexer.workers import worked, worker_count

    if worker_count() == 1:
        yield from map(_parse_one, files)
        return
    with closing(worked(_parse_some, (files[at : at + SOME] for at in range(0, len(files), SOME)))) as found:
        for some in found:
            yield from some


def _parse_some(files: Sequence[CorpusFile]) -> list[Parsed | str]:
    return [
        each if isinstance(each, str) else each._replace(page=packed(cast(Page, each.page)))
        for each in map(_parse_one, files)
    ]


def _parse_one(file: CorpusFile) -> Parsed | str:
    try:
        page = parse_page(file, file.read())
    except PageError as error:
        return str(error)
    return Parsed(page, array("Q", fingerprints(page)), title_of_line(page.title), claim_of(page))
