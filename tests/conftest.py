"""Options and fixtures that several test modules share."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests.distribution import pytest_xdist_make_scheduler as pytest_xdist_make_scheduler

# Speed is measured in benchmarks/, never in a test; and what lands is decided by the same examples every time, while a
# developer's own runs go on looking for new ones.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


CLUSTER = bool(os.environ.get("MEDSEARCH_CLUSTER_TESTS"))
collect_ignore = [] if CLUSTER else ["cluster"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not CLUSTER:
        terminalreporter.write_line("Left out: the tests on a real cluster; make cluster-test runs them (Java, Maven).")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--snapshot-update", action="store_true", help="accept what the code gives now as the golden files"
    )


@pytest.fixture
def snapshot_update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--snapshot-update"))
