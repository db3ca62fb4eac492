"""What is searched for, kept so that it says nothing about who searched.

Off unless a file is set. What the file (SQLite) holds: the day, a fingerprint of the query, how many results and
filters, the language, and how often. The words of a query are written only once it was searched for ``minimum`` times
on at least ``MIN_DAYS`` days, with e-mail addresses, links and long numbers masked; until then nothing can be read
back. No address, no agent, no time of day, no order. Whoever sends ``Sec-GPC: 1`` or ``DNT: 1`` is not in it at all.
"""

from __future__ import annotations

import atexit
import csv
import hashlib
import io
import json
import logging
import os
import queue
import re
import sqlite3
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from search_app.settings import QUERY_LOG_DAYS, QUERY_LOG_MINIMUM

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

log = logging.getLogger(__name__)

MIN_DAYS = 2  # on which they were made: one person who searches again and again does not reach the minimum in a day
MAX_WAITING = 2000  # searches that wait to be written; more are not kept
WRITE_SECONDS = 2.0  # between two writes of a process
BUSY_SECONDS = 5.0  # to wait for another process that writes
MAX_CHARS = 80  # what is longer is prose that may describe a person; it is counted without words
MASKS = {"email": "[e-mail]", "link": "[link]", "number": "[number]"}
LONG = "[long text]"

_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")
_LINK = re.compile(r"\b(?:[a-z][a-z0-9+.-]*://|www\.)\S+")
_DIGITS = re.compile(r"[^\W\d_]*\+?\(?\d(?:[\d\s().,/:+_-]*\d)?[^\W\d_]*")
_HAN_DIGITS = re.compile(r"[〇零一二三四五六七八九幺]{7,}")
_LONG_NUMBER = 5  # digits in a row: passports, records, bookings; years and doses have four
_SPREAD_NUMBER = 7  # digits with spaces or signs between: telephone numbers, dates of birth

_SCHEMA = """
CREATE TABLE IF NOT EXISTS secret (key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS asked (
    day TEXT NOT NULL, fingerprint BLOB NOT NULL, results INTEGER NOT NULL, filters INTEGER NOT NULL,
    language TEXT NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (day, fingerprint, results, filters, language)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS words (fingerprint BLOB PRIMARY KEY, query TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One search, as it waits to be written."""

    day: str
    query: str
    results: int
    filters: int
    language: str


@dataclass(frozen=True, slots=True)
class Frequent:
    """A query that may be shown; ``results`` are those of the last day it was asked."""

    query: str
    times: int
    days: int
    results: int
    language: str


@dataclass(frozen=True, slots=True)
class Report:
    """Frequent queries, most frequent first, and how many searches of how many others are not shown."""

    queries: tuple[Frequent, ...]
    hidden_queries: int
    hidden_searches: int


def masked(query: str) -> str:
    """A query as it may be kept: folded to one form, without what could name a person by a number or an address."""
    text = " ".join(unicodedata.normalize("NFKC", query).casefold().split())
    text = _LINK.sub(MASKS["link"], _EMAIL.sub(MASKS["email"], text))
    text = _HAN_DIGITS.sub(MASKS["number"], _DIGITS.sub(_mask_number, text))
    return text if len(text) <= MAX_CHARS else LONG


def _mask_number(match: re.Match[str]) -> str:
    text = match[0]
    runs = [len(run) for run in re.findall(r"\d+", text)]
    return MASKS["number"] if max(runs) >= _LONG_NUMBER or sum(runs) >= _SPREAD_NUMBER else text


def opted_out(headers: Headers | Mapping[str, str]) -> bool:
    """Whether a browser says that it does not want to be recorded."""
    return headers.get("Sec-GPC", "").strip() == "1" or headers.get("DNT", "").strip() == "1"


class QueryLog:
    """The file, for reading and for changing it; every method opens it anew."""

    def __init__(self, path: Path | str, minimum: int = QUERY_LOG_MINIMUM, keep_days: int = QUERY_LOG_DAYS) -> None:
        self.path = Path(path)
        self.minimum = max(minimum, 2)
        self.keep_days = max(keep_days, 1)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        if not self.path.exists():
            # Created by hand first, so that nobody else can read it for even a moment.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
            connection.execute("PRAGMA journal_mode = DELETE")  # no second file that still holds it
            connection.execute("BEGIN IMMEDIATE")
            try:
                for statement in _SCHEMA.split(";"):
                    connection.execute(statement)
                if connection.execute("SELECT count(*) FROM secret").fetchone()[0] == 0:
                    connection.execute("INSERT INTO secret VALUES (?)", (os.urandom(32),))
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def write(self, searches: Mapping[Asked, int], today: date | None = None) -> None:
        """Count searches; keep words of those that have become frequent; forget what is too old.

        Raises:
            sqlite3.Error, OSError: If the file cannot be written; nothing of these searches is in it then.
        """
        with self._open() as connection:
            key = _key(connection)
            texts: dict[bytes, str] = {}
            for asked, times in searches.items():
                mark = _fingerprint(key, asked.query)
                texts[mark] = asked.query
                connection.execute(
                    "INSERT INTO asked VALUES (?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET times = times + excluded.times",
                    (asked.day, mark, asked.results, asked.filters, asked.language, times),
                )
            self._expire(connection, today)
            for mark, text in texts.items():
                if self._frequent(connection, mark):
                    connection.execute("INSERT OR IGNORE INTO words VALUES (?, ?)", (mark, text))

    def _frequent(self, connection: sqlite3.Connection, mark: bytes) -> bool:
        times, days = connection.execute(
            "SELECT coalesce(sum(times), 0), count(DISTINCT day) FROM asked WHERE fingerprint = ?", (mark,)
        ).fetchone()
        return bool(times >= self.minimum and days >= MIN_DAYS)

    def _expire(self, connection: sqlite3.Connection, today: date | None = None, thorough: bool = False) -> None:
        first = (today or datetime.now(UTC).date()) - timedelta(days=self.keep_days - 1)
        removed = connection.execute("DELETE FROM asked WHERE day < ?", (first.isoformat(),)).rowcount
        if removed or thorough:
            # Words that were frequent but no longer are, or not by the minimum of today, go too.
            connection.execute(
                "DELETE FROM words WHERE fingerprint NOT IN (SELECT fingerprint FROM asked GROUP BY fingerprint "
                "HAVING sum(times) >= ? AND count(DISTINCT day) >= ?)",
                (self.minimum, MIN_DAYS),
            )

    def report(self, days: int | None = None, limit: int = 20, zero: bool = False, today: date | None = None) -> Report:
        """The most frequent queries of the last days; with ``zero`` those that found nothing."""
        with self._open() as connection:
            self._expire(connection, today, thorough=True)
            last = today or datetime.now(UTC).date()
            first = (last - timedelta(days=days - 1)).isoformat() if days else ""
            rows = connection.execute(
                "SELECT query, sum(times) AS asked, count(DISTINCT day), "
                "(SELECT results FROM asked b WHERE b.fingerprint = a.fingerprint "
                " ORDER BY day DESC, times DESC LIMIT 1), "
                "(SELECT language FROM asked b WHERE b.fingerprint = a.fingerprint GROUP BY language "
                " ORDER BY sum(times) DESC LIMIT 1) "
                "FROM asked a LEFT JOIN words w USING (fingerprint) WHERE day >= ? AND (NOT ? OR results = 0) "
                "GROUP BY fingerprint HAVING query IS NOT NULL ORDER BY asked DESC, query LIMIT ?",
                (first, zero, limit),
            ).fetchall()
            hidden_queries, hidden_searches = connection.execute(
                "SELECT count(DISTINCT fingerprint), coalesce(sum(times), 0) FROM asked "
                "WHERE day >= ? AND (NOT ? OR results = 0) AND fingerprint NOT IN (SELECT fingerprint FROM words)",
                (first, zero),
            ).fetchone()
        return Report(tuple(Frequent(*row) for row in rows), hidden_queries, hidden_searches)

    def export(self, form: str = "csv") -> Iterator[str]:
        """Every shown query by day, results, filters and language, one line each: ``csv`` or ``jsonl``."""
        names = ("day", "query", "results", "filters", "language", "times")
        with self._open() as connection:
            self._expire(connection, thorough=True)
            rows = connection.execute(
                "SELECT day, query, results, filters, language, times FROM asked JOIN words USING (fingerprint) "
                "ORDER BY day, query, results, filters, language"
            ).fetchall()
        if form == "csv":
            yield _csv_line(names)
        for row in rows:
            named = dict(zip(names, row, strict=True))
            yield json.dumps(named, ensure_ascii=False) if form == "jsonl" else _csv_line(row)

    def delete(self, query: str | None = None, before: str | None = None) -> int:
        """Forget one query, or all days before one, or everything; gives the searches that were forgotten."""
        with self._open() as connection:
            where, values = "1", tuple[bytes | str, ...]()
            if query is not None:
                where, values = "fingerprint = ?", (_fingerprint(_key(connection), masked(query)),)
            elif before is not None:
                where, values = "day < ?", (before,)
            forgotten: int = connection.execute(
                f"SELECT coalesce(sum(times), 0) FROM asked WHERE {where}",  # noqa: S608 - one of three literals
                values,
            ).fetchone()[0]
            connection.execute(f"DELETE FROM asked WHERE {where}", values)  # noqa: S608
            connection.execute("DELETE FROM words WHERE fingerprint NOT IN (SELECT fingerprint FROM asked)")
            if query is None and before is None:
                connection.execute("DELETE FROM secret")
        with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS)) as connection:
            connection.execute("VACUUM")
        return forgotten


def _key(connection: sqlite3.Connection) -> bytes:
    key: bytes = connection.execute("SELECT key FROM secret").fetchone()[0]
    return key


def _fingerprint(key: bytes, query: str) -> bytes:
    return hashlib.blake2b(query.encode("utf-8", "replace"), digest_size=16, key=key).digest()


def _csv_line(values: tuple[object, ...]) -> str:
    # A spreadsheet would run what begins like a formula.
    safe = [f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" else value for value in values]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(safe)
    return line.getvalue()


def as_json(report: Report) -> dict[str, object]:
    """A report as plain data."""
    return asdict(report)


class Recorder:
    """Takes searches from the threads that answer and writes them from one of its own, in every process.

    Nothing here waits, and nothing here fails: a search that cannot be kept is counted in ``outcome`` and dropped.
    """

    def __init__(self, file: QueryLog, outcome: Callable[[str, int], None]) -> None:
        self.file = file
        self._outcome = outcome
        self._waiting: queue.Queue[Asked] = queue.Queue(MAX_WAITING)
        self._starting = threading.Lock()
        self._process = 0  # that has the writing thread: a fork leaves it behind
        self._failing = False

    def record(
        self, query: str, results: int, filters: int, language: str, headers: Headers | Mapping[str, str]
    ) -> None:
        """Note a search, unless its visitor does not want that."""
        if opted_out(headers):
            self._outcome("opted_out", 1)
            return
        text = masked(query)
        if not text:
            return
        try:
            self._waiting.put_nowait(Asked(datetime.now(UTC).date().isoformat(), text, results, filters, language))
        except queue.Full:
            self._outcome("dropped", 1)
            return
        if self._process != os.getpid():
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._process == os.getpid():
                return
            self._process = os.getpid()
            threading.Thread(target=self._run, name="query log", daemon=True).start()
            atexit.register(self.flush)

    def _run(self) -> None:
        while True:
            time.sleep(WRITE_SECONDS)
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        searches: Counter[Asked] = Counter()
        try:
            while True:
                searches[self._waiting.get_nowait()] += 1
        except queue.Empty:
            if not searches:
                return
        try:
            self.file.write(searches)
        except (sqlite3.Error, OSError) as error:
            if not self._failing:  # once, not every two seconds
                log.error("The query log %s cannot be written (%s); searches go on without it.", self.file.path, error)
            self._failing = True
            self._outcome("failed", searches.total())
            return
        self._failing = False
        self._outcome("kept", searches.total())
