"""The real corpus, built once for the whole test session and shared by all its processes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from filelock import FileLock

from indexer.build import BuildReport, build
from indexer.engines.whoosh_engine import WhooshEngine

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "corpus"


def session_folder() -> Path:
    """One folder for all worker processes of a test run; a later run starts from what is there."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"medsearch-tests-{os.getuid()}-{run}"
    folder.mkdir(exist_ok=True)
    return folder


def real_index() -> Path:
    """Folder of an index of the real corpus."""
    folder = session_folder() / "real-index"
    with FileLock(session_folder() / "real-index.lock"):
        if not (folder / "CURRENT").exists():
            build(CORPUS, folder)
    return folder


def real_engine() -> WhooshEngine:
    """An engine on the real corpus."""
    return WhooshEngine(real_index())


def build_report(corpus: Path, index: Path) -> BuildReport:
    """Build another corpus."""
    return build(corpus, index)
