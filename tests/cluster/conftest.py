"""One cluster of three real nodes for all tests in this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.cluster import LocalCluster


@pytest.fixture(scope="session")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    folder: Path = tmp_path_factory.mktemp("cluster")
    cluster = LocalCluster(folder, brief=True)
    try:
        cluster.start_all()
        yield cluster
    finally:
        cluster.stop()
