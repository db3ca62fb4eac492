"""The production server as a process: several workers, one set of counts, a quiet end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.live import MEDSEARCH, free_port
from tests.site_fixture import build_index

ROOT = Path(__file__).parents[1]


def test_workers_count_together_and_stop_when_told(tmp_path: Path) -> None:
    index, port = build_index(tmp_path), free_port()
    code = f"from search_app.server import serve; serve('127.0.0.1', {port}, workers=2, index={index!r})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE)
    try:
        for _attempt in range(1200):
            try:
                get(port, "/readyz")
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.1)
        before = searches(port)
        for _request in range(20):
            get(port, "/api/v1/search?q=eye")
        assert {searches(port) - before for _request in range(6)} == {20}
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    finally:
        process.kill()
        process.wait()


def test_it_says_that_it_serves_when_it_does(tmp_path: Path) -> None:
    """On a new machine the loops of a search are compiled first, and whoever opened the address found nobody."""
    index, port = build_index(tmp_path), free_port()
    command = [*MEDSEARCH, "serve", "--index", index, "--port", str(port), "--workers", "1"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("Starting")
            assert process.stderr.readline() == f"Serving on http://127.0.0.1:{port}/ (stop with Ctrl+C)\n"
            assert "ok" in get(port, "/readyz")
        finally:
            process.terminate()


def get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=120) as answer:
        return answer.read().decode()


def searches(port: int) -> float:
    lines = [
        line for line in get(port, "/metrics").splitlines() if line.startswith('search_requests_total{surface="api"}')
    ]
    return float(lines[0].split()[-1]) if lines else 0.0
