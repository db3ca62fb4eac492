"""Backup and restore by the very lines of docs/scale.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.build import build
from indexer.engines import open_durable
from indexer.engines.opensearch_engine import OpenSearchEngine
from indexer.errors import IndexMissing
from indexer.model import Query, Term
from scripts.cluster import ROOT, LocalCluster
from tests.cluster.test_commands_cluster import PAGES, write


def lines_of_the_manual() -> list[str]:
    """The shell lines under "Backup": saving, then restoring."""
    page = (ROOT / "docs" / "scale.md").read_text("utf-8")
    return re.findall(r"```sh\n(.*?)```", page.partition("## Backup")[2], re.DOTALL)


def shell(lines: str, nodes: LocalCluster, generation: str) -> str:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "NODE": f"http://127.0.0.1:{nodes.ports[0]}",
        "GENERATION": generation,
        "MEDSEARCH_ENGINE": f"opensearch://{nodes.hosts}/medsearch",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_generation_that_is_lost_comes_back_from_its_snapshot(nodes: LocalCluster, tmp_path: Path) -> None:
    save, restore = lines_of_the_manual()
    address = f"opensearch://{nodes.hosts}/medsearch"
    corpus = tmp_path / "corpus"
    write(corpus, PAGES)
    generation = build(corpus, address).generation
    assert '"state":"SUCCESS"' in shell(save, nodes, generation)

    engine = open_durable(address)
    assert isinstance(engine, OpenSearchEngine)
    engine.generations.discard(generation)
    with pytest.raises(IndexMissing), engine.searcher():
        pass

    told = shell(restore, nodes, generation)
    assert f"Serving generation {generation}: 3 documents" in told
    assert f"{generation}: whole, 3 documents" in told
    with engine.searcher() as searcher:
        assert [hit.doc_id for hit in searcher.search(Query(Term("cataract"))).hits] == ["hospitals/tongren"]
    (corpus / "articles" / "visa.html").unlink()
    report = build(corpus, address)
    assert (report.incremental, report.documents, engine.verify(report.generation)) == (True, 2, ())
    for name in engine.generations.names():
        engine.generations.discard(name)
