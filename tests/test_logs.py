"""What the server writes: one line for each event, in the form that was chosen."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from search_app import logs
from tests.live import Site, medsearch, write_corpus


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    logger = logging.getLogger()
    handlers, level = list(logger.handlers), logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


def test_an_event_with_a_stack_trace_is_one_line_of_json(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("json")
    try:
        raise RuntimeError("broken\nin two")
    except RuntimeError:
        logging.getLogger("here").exception("It is %s: 眼", "bad")
    logging.getLogger("here").info("not worth a line")
    (line,) = capsys.readouterr().err.splitlines()
    event = json.loads(line)
    assert event["message"] == "It is bad: 眼"
    assert event["level"] == "error"
    assert event["logger"] == "here"
    assert event["exception"].startswith("Traceback")
    assert event["time"].endswith("+00:00")


def test_text_names_time_level_and_place(root: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text")
    logging.getLogger("here").warning("Something")
    assert " WARNING here [" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LOG_FORMAT", "xml", "MEDSEARCH_LOG_FORMAT is one of text, json, not 'xml'."),
        ("RATE_LIMIT", "many", "MEDSEARCH_RATE_LIMIT must be a whole number, not 'many'."),
        (
            "RATE_EXEMPT",
            "all",
            "MEDSEARCH_RATE_EXEMPT must hold addresses or networks: 'all' does not appear to be an IPv4 or",
        ),
        ("SITE_URL", "med", "MEDSEARCH_SITE_URL is an address like https://med.example, not 'med'."),
        ("QUERY_LOG", "/none/log", "MEDSEARCH_QUERY_LOG must lie in a folder that can be written, not '/none/log'."),
        ("QUERY_LOG_MINIMUM", "1", "MEDSEARCH_QUERY_LOG_MINIMUM must be 2 or more, not 1."),
        ("SERVE_PORT", "web", "Invalid value for MEDSEARCH_SERVE_PORT: 'web' is not a valid integer range."),
    ],
)
def test_a_server_with_a_wrong_setting_does_not_start_and_names_it(name: str, value: str, said: str) -> None:
    refused = medsearch("serve", **{f"MEDSEARCH_{name}": value})
    assert refused.returncode == 2
    assert f"Error: {said}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_real_server_logs_in_that_form_and_without_addresses(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", 0)
    assert medsearch("index", "build", "--corpus", tmp_path / "corpus", "--index", tmp_path / "index").returncode == 0
    with Site(tmp_path / "index", workers=1, settings={"log_format": "json"}) as site:
        site.get("/about", **{"X-Forwarded-For": "203.0.113.9"})
        events = [json.loads(line) for line in site.written().splitlines() if line.startswith("{")]
        assert [event["logger"] for event in events] == ["search_app.limits"]
        assert "203.0.113.9" not in site.written()
