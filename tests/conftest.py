"""Options and fixtures that several test modules share."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# Speed is measured in benchmarks/, never in a test; and what lands is decided by the same examples every time, while a
# developer's own runs go on looking for new ones.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--snapshot-update", action="store_true", help="accept what the code gives now as the golden files"
    )


@pytest.fixture
def snapshot_update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--snapshot-update"))
