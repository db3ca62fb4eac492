"""Searches whose answers an operator knows: an index that answers them otherwise is not published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexer.engines import Searcher
from indexer.errors import TaxonomyError
from search_app.evaluate import measure
from search_app.judgments import HALVES, JudgmentError, Judgments, load
from search_app.request import MAX_PER_PAGE, SearchRequest
from search_app.runs import make_run
from search_app.search import answer
from search_app.vocabulary_files import read_toml
from search_app.words import Words

WITHIN = 3  # first hits among which the document must be, where a canary does not say
SHOWN = 3  # first hits that a failure names
_CANARY = {"query", "document", "within"}
_JUDGED = {"queries", "qrels", "least_ndcg", "half"}


@dataclass(frozen=True, slots=True)
class Canary:
    """A query and the document that must be among its first ``within`` hits.

    Where no document is named, some page must have all its words.
    """

    query: str
    document: str = ""
    within: int = WITHIN


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """Judged queries, and the mean nDCG@10 that they must reach."""

    name: str
    judgments: Judgments
    least: float


@dataclass(frozen=True, slots=True)
class Canaries:
    """What a new generation must answer before it is served."""

    canaries: tuple[Canary, ...]
    judged: tuple[JudgedSet, ...] = ()

    def __len__(self) -> int:
        return len(self.canaries) + len(self.judged)

    def failures(self, searcher: Searcher, words: Words | None = None) -> Iterator[str]:
        """What an index does not answer as it must, as sentences: what was asked, what was expected, what came."""
        for canary in self.canaries:
            asked = answer(SearchRequest(q=canary.query, per_page=max(canary.within, SHOWN)), searcher, words)
            ids = [hit.doc_id for hit in asked.results.hits]
            complete = asked.complete if asked.absent else asked.results.total.value
            if canary.document and canary.document not in ids[: canary.within]:
                first = f"among the first {canary.within} hits" if canary.within > 1 else "as the first hit"
                here = "" if searcher.get(canary.document) else ", which is not in this index"
                yield f"“{canary.query}”: {canary.document}{here}, expected {first}; {_came(ids)}"
            elif not canary.document and not complete:
                yield f"“{canary.query}”: no page has these words; {_came(ids)}"
        for judged in self.judged:
            found = measure(judged.judgments, make_run(judged.judgments, searcher, words=words))
            mean = found.overall.estimates["ndcg@10"].mean
            if mean < judged.least:
                worst = ", ".join(
                    f"“{each.query.text}” {each.values['ndcg@10']:.3f}" for each in found.worst(limit=SHOWN)
                )
                yield f"{judged.name}: nDCG@10 {mean:.4f}, expected at least {judged.least:.4f}; lowest are {worst}"


def _came(ids: list[str]) -> str:
    return f"instead came {', '.join(ids[:SHOWN])}" if ids else "nothing came"


def load_canaries(path: Path) -> Canaries:
    """The canaries of a file; paths in it are read from its folder.

    Raises:
        TaxonomyError: Names file, entry and what is wrong with it.
    """
    content = read_toml(path)
    if set(content) - {"canary", "judged"} or not all(isinstance(each, list) for each in content.values()):
        raise TaxonomyError(path, "the file", "may only hold [[canary]] and [[judged]]")
    canaries: dict[str, Canary] = {}
    for number, entry in enumerate(content.get("canary", []), 1):
        where = f"canary {number}"
        canary = _canary(entry, path, where)
        if canaries.setdefault(canary.query, canary) is not canary:
            raise TaxonomyError(path, where, f"{canary.query!r} stands here twice")
    judged = [_judged(entry, path, f"judged {n}") for n, entry in enumerate(content.get("judged", []), 1)]
    if not canaries and not judged:
        raise TaxonomyError(path, "the file", "holds nothing to check")
    return Canaries(tuple(canaries.values()), tuple(judged))


def _canary(entry: Any, path: Path, where: str) -> Canary:
    if not isinstance(entry, dict) or "query" not in entry or set(entry) - _CANARY:
        raise TaxonomyError(path, where, "must have query, may have document and within, and no more")
    query, document, within = entry["query"], entry.get("document", ""), entry.get("within", WITHIN)
    if not isinstance(query, str) or not query.strip() or not isinstance(document, str):
        raise TaxonomyError(path, where, "'query' and 'document' must be texts")
    if isinstance(within, bool) or not isinstance(within, int) or not 1 <= within <= MAX_PER_PAGE:
        raise TaxonomyError(path, where, f"'within' must be a whole number from 1 to {MAX_PER_PAGE}")
    if "document" in entry and not document.strip():
        raise TaxonomyError(path, where, "'document' must be the id of one, or be left out")
    if "within" in entry and not document:
        raise TaxonomyError(path, where, "'within' needs a 'document'")
    return Canary(query, document, within)


def _judged(entry: Any, path: Path, where: str) -> JudgedSet:
    needed: Mapping[str, type | tuple[type, ...]] = {"queries": str, "qrels": str, "least_ndcg": (float, int)}
    if not isinstance(entry, dict) or set(needed) - set(entry) or set(entry) - _JUDGED:
        raise TaxonomyError(path, where, "must have queries, qrels and least_ndcg, may have half, and no more")
    wrong = [name for name, kind in needed.items() if not isinstance(entry[name], kind) or entry[name] is True]
    if wrong or not 0 < entry["least_ndcg"] <= 1:
        raise TaxonomyError(path, where, "'queries' and 'qrels' must be files, 'least_ndcg' a number above 0 up to 1")
    if (half := entry.get("half")) not in (None, *HALVES):
        raise TaxonomyError(path, where, f"'half' must be one of {', '.join(HALVES)}")
    try:
        judgments = load(path.parent / entry["queries"], path.parent / entry["qrels"], half=half)
    except JudgmentError as error:
        raise TaxonomyError(path, where, str(error)) from None
    except OSError as error:
        raise TaxonomyError(path, where, f"{error.filename}: {error.strerror}") from None
    if not judgments.ranked:
        raise TaxonomyError(path, where, "has no query that some page answers")
    return JudgedSet(f"{entry['queries']}{f', {half}' if half else ''}", judgments, float(entry["least_ndcg"]))
