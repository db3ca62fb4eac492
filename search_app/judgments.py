"""Judgments: queries with the grades that people gave to pages, read from files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HALVES = ("tuning", "held_out")
NOTHING = "nothing"
MAX_GRADE = 3


class JudgmentError(ValueError):
    """A line of a judgment or run file that cannot be read; the message names file, line and reason."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        self.path, self.line, self.reason = path, line, reason
        super().__init__(f"{path}:{line}: {reason}")


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """What a visitor typed; ``query_class`` and ``half`` are empty where the file does not say."""

    query_id: str
    text: str
    query_class: str = ""
    half: str = ""


@dataclass(frozen=True, slots=True)
class Judgments:
    """Queries with the grade of each judged page (0 to 3); ``relevant`` is the grade from which a page counts."""

    queries: tuple[JudgedQuery, ...]
    grades: Mapping[str, Mapping[str, int]]
    relevant: int = 1

    def of(self, query_id: str) -> Mapping[str, int]:
        """Grades of one query by document id; empty when nothing was judged."""
        return self.grades.get(query_id, {})

    @property
    def doc_ids(self) -> frozenset[str]:
        """Every document that was judged for one of the queries, whatever its grade."""
        return frozenset(doc_id for grades in self.grades.values() for doc_id in grades)

    @property
    def ranked(self) -> tuple[JudgedQuery, ...]:
        """Queries that some page answers, the ones that measures of ranking are taken from."""
        return tuple(query for query in self.queries if max(self.of(query.query_id).values(), default=0) > 0)

    @property
    def empty(self) -> tuple[JudgedQuery, ...]:
        """Queries that should find nothing."""
        return tuple(query for query in self.queries if query.query_class == NOTHING)


def load(queries: Path, qrels: Path, half: str | None = None, relevant: int | None = None) -> Judgments:
    """Judgments from a file of queries and a file of grades; grades of queries that are not there are left out.

    Args:
        queries: JSON lines with ``id`` and ``text``; ``class`` and ``half`` are optional, other fields are ignored.
        qrels: Lines of query id, document id and grade, tab-separated.
        half: Keep only the queries of this half.
        relevant: Grade from which a page is relevant; 2 if any grade is above 1, else 1, when None.

    Raises:
        JudgmentError: For the first line that is wrong.
    """
    read = tuple(_queries(queries))
    grades = _grades(qrels, {query.query_id: query for query in read})
    if relevant is None:
        relevant = 2 if any(grade > 1 for judged in grades.values() for grade in judged.values()) else 1
    kept = tuple(query for query in read if half is None or query.half == half)
    return Judgments(kept, {query.query_id: grades.get(query.query_id, {}) for query in kept}, relevant)


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines with something on them, counted from 1."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JudgmentError(path, path.read_bytes()[: error.start].count(b"\n") + 1, "not UTF-8") from None
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.rstrip("\r")


def _queries(path: Path) -> Iterator[JudgedQuery]:
    seen: set[str] = set()
    for number, line in read_lines(path):
        try:
            fields = json.loads(line)
        except json.JSONDecodeError as error:
            raise JudgmentError(path, number, f"not JSON: {error.msg}") from None
        if not isinstance(fields, dict):
            raise JudgmentError(path, number, "not a JSON object")
        if isinstance(fields.get("id"), int):
            fields["id"] = str(fields["id"])
        for name in ("id", "text"):
            if not isinstance(fields.get(name), str) or not fields[name].strip():
                raise JudgmentError(path, number, f"needs {name!r}, a string that is not empty")
        for name in ("class", "half"):
            if not isinstance(fields.get(name, ""), str):
                raise JudgmentError(path, number, f"{name!r} must be a string")
        query = JudgedQuery(fields["id"], fields["text"], fields.get("class", ""), fields.get("half", ""))
        if query.query_id in seen:
            raise JudgmentError(path, number, f"the id {query.query_id!r} was used before")
        if query.half and query.half not in HALVES:
            raise JudgmentError(path, number, f"the half {query.half!r} is neither 'tuning' nor 'held_out'")
        seen.add(query.query_id)
        yield query


def _grades(path: Path, known: Mapping[str, JudgedQuery]) -> dict[str, dict[str, int]]:
    grades: dict[str, dict[str, int]] = {}
    for number, line in read_lines(path):
        columns = line.split("\t")
        if len(columns) != 3:
            raise JudgmentError(
                path, number, f"needs query id, document id and grade between tabs, has {len(columns)} columns"
            )
        query_id, doc_id, grade = (column.strip() for column in columns)
        if not doc_id:
            raise JudgmentError(path, number, "the document id is empty")
        if grade not in {str(each) for each in range(MAX_GRADE + 1)}:
            raise JudgmentError(path, number, f"the grade {grade!r} is not a whole number from 0 to {MAX_GRADE}")
        if grade != "0" and query_id in known and known[query_id].query_class == NOTHING:
            raise JudgmentError(
                path, number, f"the query {query_id!r} should find nothing, yet has a page of grade {grade}"
            )
        if doc_id in grades.setdefault(query_id, {}):
            raise JudgmentError(path, number, f"{doc_id!r} was judged before for {query_id!r}")
        grades[query_id][doc_id] = int(grade)
    if known and grades and not known.keys() & grades.keys():
        raise JudgmentError(path, 1, f"none of its {len(grades)} query ids is among the queries")
    return grades
