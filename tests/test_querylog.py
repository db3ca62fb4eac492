"""The query log: nothing about who searched, no words before several had them, gone when it should be."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from search_app.cli import main
from search_app.context import EXTENSION
from search_app.querylog import LONG, Asked, QueryLog, Recorder, masked
from tests.site_fixture import site_app

TODAY = date(2026, 11, 22)


def fill(log: QueryLog, query: str, times: int, days: int = 2, results: int = 3, today: date = TODAY) -> None:
    """The same query, its times spread over the days until today."""
    for number in range(times):
        day = (today - timedelta(days=number % days)).isoformat()
        log.write({Asked(day, masked(query), results, 0, "en"): 1}, today)


def content(path: Path) -> bytes:
    return path.read_bytes()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Eye  HOSPITAL ", "eye hospital"),
        ("eye jane.doe@mail.example please", "eye [e-mail] please"),
        ("call +86 (21) 6437-7134", "call [number]"),
        ("13812345678", "[number]"),
        ("１３８１２３４５６７８", "[number]"),
        ("passport E12345678", "passport [number]"),
        ("11010519491231002X", "[number]"),
        ("born 12.03.1985", "born [number]"),
        ("电话一三八一二三四五六七八", "电话[number]"),
        ("https://x.example/?token=abc visa", "[link] visa"),
        ("hospital no.12 pd-1 2026 s2", "hospital no.12 pd-1 2026 s2"),
        ("top 10 ivf 2025", "top 10 ivf 2025"),
        ("word " * 30, LONG),
        ("北京同仁医院", "北京同仁医院"),
    ],
)
def test_addresses_links_and_long_numbers_are_masked(typed: str, kept: str) -> None:
    assert masked(typed) == kept


def test_words_are_written_only_from_the_fifth_search_on_a_second_day(tmp_path: Path) -> None:
    log = QueryLog(tmp_path / "log")
    fill(log, "kidney transplant", 4)
    assert b"kidney" not in content(log.path)
    fill(log, "eye hospital", 50, days=1)
    assert b"eye" not in content(log.path), "one day is not enough, however often"
    assert log.report(today=TODAY).queries == ()
    assert log.report(today=TODAY).hidden_queries == 2
    assert log.report(today=TODAY).hidden_searches == 54
    fill(log, "kidney transplant", 1)
    shown = log.report(today=TODAY)
    assert [(each.query, each.times, each.days) for each in shown.queries] == [("kidney transplant", 5, 2)]
    assert shown.hidden_searches == 50


def test_the_file_holds_no_time_of_day_no_address_and_no_agent(tmp_path: Path) -> None:
    log = QueryLog(tmp_path / "log")
    fill(log, "eye", 6)
    with sqlite3.connect(log.path) as connection:
        columns = {
            row[1]
            for table in ("asked", "words", "secret")
            for row in connection.execute(f"PRAGMA table_info({table})")
        }
    assert columns == {"day", "fingerprint", "results", "filters", "language", "times", "query", "key"}
    assert log.path.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_what_is_too_old_is_forgotten_with_its_words(tmp_path: Path) -> None:
    log = QueryLog(tmp_path / "log", keep_days=10)
    fill(log, "eye hospital", 5)
    assert b"eye hospital" in content(log.path)
    later = TODAY + timedelta(days=9)
    log.write({Asked(later.isoformat(), "visa", 1, 0, "en"): 1}, later)
    assert b"eye hospital" not in content(log.path), "with the older day it falls below the minimum"
    assert log.report(today=later).hidden_searches == 4
    log.write({Asked(later.isoformat(), "visa", 1, 0, "en"): 1}, later + timedelta(days=1))
    assert log.report(today=later + timedelta(days=1)).hidden_searches == 2


def test_a_query_or_everything_is_deleted_and_overwritten(tmp_path: Path) -> None:
    log = QueryLog(tmp_path / "log")
    fill(log, "eye hospital", 5)
    fill(log, "ivf costs", 6)
    assert log.delete("Eye  Hospital") == 5
    assert b"eye hospital" not in content(log.path)
    assert [each.query for each in log.report(today=TODAY).queries] == ["ivf costs"]
    assert log.delete(before=TODAY.isoformat()) == 3
    assert log.delete() == 3
    assert b"ivf" not in content(log.path)
    assert log.report(today=TODAY).hidden_searches == 0


def test_zero_shows_what_was_not_found(tmp_path: Path) -> None:
    log = QueryLog(tmp_path / "log")
    fill(log, "dental tourism", 7, results=0)
    fill(log, "eye", 9)
    assert [(each.query, each.results) for each in log.report(zero=True, today=TODAY).queries] == [
        ("dental tourism", 0)
    ]
    assert [each.query for each in log.report(today=TODAY).queries] == ["eye", "dental tourism"]
    assert [each.query for each in log.report(today=TODAY, limit=1).queries] == ["eye"]


def test_export_gives_lines_and_no_formulas(tmp_path: Path) -> None:
    log = QueryLog(tmp_path / "log")
    today = date.today()
    fill(log, "=cmd", 5, today=today)
    fill(log, "rare", 2, today=today)
    csv = list(log.export())
    assert csv[0] == "day,query,results,filters,language,times"
    assert csv[1:] == [f"{today - timedelta(days=1)},'=cmd,3,0,en,2", f"{today},'=cmd,3,0,en,3"]
    assert len(list(log.export("jsonl"))) == 2


# -- in the application -----------------------------------------------------------------------------------------------


def recorder_of(client: FlaskClient) -> Recorder:
    recorder = client.application.extensions[EXTENSION].query_log
    assert isinstance(recorder, Recorder)
    return recorder


def written(client: FlaskClient) -> int:
    recorder_of(client).flush()
    path = recorder_of(client).file.path
    return QueryLog(path).report().hidden_searches if path.exists() else 0


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    return site_app(tmp_path / "index", query_log=str(tmp_path / "log")).test_client()


def test_it_is_off_unless_it_is_switched_on(tmp_path: Path) -> None:
    client = site_app(tmp_path / "index").test_client()
    client.get("/search?q=eye")
    assert client.application.extensions[EXTENSION].query_log is None
    assert "never what was searched" in client.get("/about/privacy").text


def test_searches_are_recorded_but_not_pages_suggestions_and_empty_ones(client: FlaskClient) -> None:
    client.get("/search?q=eye+hospital&city=Shanghai")
    client.get("/api/v1/search?q=eye")
    assert written(client) == 2
    for address in ("/search", "/search?q=eye&page=2", "/api/v1/suggest?q=eye", "/nowhere-eye", "/search.atom?q=eye"):
        client.get(address)
    assert written(client) == 2
    assert "eye" not in (recorder_of(client).file.path.read_bytes()).decode("latin-1")


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
def test_whoever_objects_is_not_in_it(client: FlaskClient, header: str) -> None:
    client.get("/search?q=eye", headers={header: "1"})
    assert written(client) == 0
    assert 'query_log_searches_total{outcome="opted_out"} 1.0' in client.get("/metrics").text
    client.get("/search?q=eye", headers={header: "0"})
    assert written(client) == 1


def test_the_privacy_page_says_what_the_settings_do(tmp_path: Path) -> None:
    client = site_app(
        tmp_path / "index", query_log=str(tmp_path / "log"), query_log_days=30, query_log_minimum=9
    ).test_client()
    text = client.get("/about/privacy").text
    for claim in ("no address", "at least 9 searches on at least 2 days", "deleted after 30 days", "Sec-GPC", "masked"):
        assert claim in text
    assert "never what was searched" not in text
    assert "30 天后删除" in client.get("/zh/about/privacy").text


def test_a_log_that_cannot_be_written_never_breaks_an_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    client = site_app(tmp_path / "index", query_log=str(tmp_path / "missing" / "log")).test_client()
    for _ in range(3):
        assert client.get("/search?q=eye").status_code == 200
        recorder_of(client).flush()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "searches go on without it" in caplog.text
    assert 'query_log_searches_total{outcome="failed"} 3.0' in client.get("/metrics").text


def test_what_cannot_wait_any_more_is_dropped_and_counted(tmp_path: Path) -> None:
    outcomes: Counter[str] = Counter()
    recorder = Recorder(QueryLog(tmp_path / "log"), lambda outcome, times: outcomes.update({outcome: times}))
    recorder._start = lambda: None  # type: ignore[method-assign]
    for _ in range(2010):
        recorder.record("eye", 1, 0, "en", {})  # type: ignore[arg-type]
    recorder.flush()
    assert outcomes == {"dropped": 10, "kept": 2000}


def _write_many(path: Path) -> None:
    for number in range(20):
        QueryLog(path).write({Asked(TODAY.isoformat(), f"query {number}", 1, 0, "en"): 1}, TODAY)


def test_several_processes_write_at_once_and_none_loses_a_search(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_many, args=(tmp_path / "log",)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    assert QueryLog(tmp_path / "log").report(today=TODAY).hidden_searches == 80


# -- commands ---------------------------------------------------------------------------------------------------------


def test_the_commands_show_export_and_delete(tmp_path: Path) -> None:
    log = QueryLog(tmp_path / "log")
    today = date.today()
    fill(log, "eye hospital", 5, today=today)
    fill(log, "a secret", 2, today=today)
    run = CliRunner(env={"MEDSEARCH_QUERY_LOG": str(log.path)}).invoke
    top = run(main, ["queries", "top"])
    assert "5    2 days       3 results  en  eye hospital" in top.stdout
    assert top.stderr.startswith("2 searches of 1 other query are not shown: each was asked less than 5 times")
    assert '"query": "eye hospital"' in run(main, ["queries", "top", "--json"]).stdout
    assert run(main, ["queries", "zero"]).stdout == ""
    assert len(run(main, ["queries", "export"]).stdout.splitlines()) == 3
    assert run(main, ["queries", "delete", "--before", "yesterday"]).exit_code == 2
    assert run(main, ["queries", "delete", "eye", "hospital", "--yes"]).stdout == "Forgot 5 searches.\n"
    assert run(main, ["queries", "delete"], input="n\n").exit_code == 1
    assert run(main, ["queries", "delete"], input="y\n").stdout == "Forgot 2 searches.\n"


def test_the_commands_count_one_thing_as_one(tmp_path: Path) -> None:
    log = QueryLog(tmp_path / "log")
    today = date.today()
    log.write({Asked(today.isoformat(), "a secret", 1, 0, "en"): 1}, today)
    run = CliRunner(env={"MEDSEARCH_QUERY_LOG": str(log.path)}).invoke
    assert run(main, ["queries", "top"]).stderr.startswith("1 search of 1 other query is not shown: each was asked")
    # Two searches on two days of one result; then all but a day is forgotten.
    for day in (today, today - timedelta(days=1)):
        for each in ("eye hospital", "skin clinic"):
            log.write({Asked(day.isoformat(), each, 1, 0, "en"): 3}, today)
    shown = run(main, ["queries", "top"]).stdout.splitlines()
    assert shown[0] == "      6    2 days       1 result   en  eye hospital"
    assert run(main, ["queries", "top", "--days", "1"]).stdout.startswith("      3    1 day        1 result   en  eye")
    assert run(main, ["queries", "delete", "a", "secret", "--yes"]).stdout == "Forgot 1 search.\n"


def test_the_commands_say_when_there_is_no_log(tmp_path: Path) -> None:
    missing = CliRunner().invoke(main, ["queries", "top", "--log", str(tmp_path / "none")])
    assert missing.exit_code == 2
    assert f"does not exist. A server that runs with MEDSEARCH_QUERY_LOG={tmp_path / 'none'} makes it" in missing.stderr
    for command in (["top"], ["zero"], ["export"], ["delete", "--yes"]):
        unnamed = CliRunner(env={"MEDSEARCH_QUERY_LOG": None}).invoke(main, ["queries", *command])
        assert unnamed.exit_code == 2
        assert "One is kept where servers run with MEDSEARCH_QUERY_LOG=FILE" in unnamed.stderr
    (tmp_path / "other").write_text("this is no database, only some text that is long enough to be read as one\n" * 9)
    odd = CliRunner().invoke(main, ["queries", "top", "--log", str(tmp_path / "other")])
    assert odd.exit_code == 1
    assert odd.stderr == "Error: The query log cannot be used: file is not a database.\n"
