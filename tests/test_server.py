"""The production server as a process: several workers, one set of counts, a quiet end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from search_app.server import check
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


def serve_fails(*options: str, **environment: str) -> tuple[int, str]:
    """Exit status and last line of a server that cannot start."""
    command = [*MEDSEARCH, "serve", *options]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stderr.splitlines()[-1]


def test_what_cannot_be_served_is_one_sentence_and_at_once(tmp_path: Path) -> None:
    index = build_index(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert serve_fails("--index", index, "--port", port) == (
            1,
            f"Error: Cannot listen on 127.0.0.1, port {port}: Address already in use.",
        )
    status, said = serve_fails("--index", index, "--host", "no.such.host.invalid")
    assert (status, said.partition(":")[0]) == (1, "Error")
    assert "no.such.host.invalid" in said


def test_a_setting_that_would_only_fail_later_is_refused(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing" / "queries")
    for setting, value in (("site_url", "med.example"), ("site_url", "https://"), ("query_log", missing)):
        with pytest.raises(ValueError, match=setting):
            check({setting: value})


def test_settings_that_are_right_are_taken(tmp_path: Path) -> None:
    for address in ("https://med.example", "http://127.0.0.1:8000/", "https://a.example/medsearch"):
        assert check({"site_url": address, "query_log": str(tmp_path / "log")}).site_url == address.rstrip("/")


def get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=120) as answer:
        return answer.read().decode()


def searches(port: int) -> float:
    lines = [
        line for line in get(port, "/metrics").splitlines() if line.startswith('search_requests_total{surface="api"}')
    ]
    return float(lines[0].split()[-1]) if lines else 0.0
