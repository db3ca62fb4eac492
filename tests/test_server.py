"""The production server as a process: several workers, one set of counts, a quiet end."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from http.client import parse_headers
from pathlib import Path
from threading import Lock, Thread
from typing import BinaryIO

import pytest

from search_app.server import check
from tests.live import HANG_SECONDS, MEDSEARCH, Site, free_port, wait_until
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


ASK = b"GET /api/v1/suggest?q=sha HTTP/1.1\r\nHost: x\r\n\r\n"


class Asking(Thread):
    """Asks without a pause, on kept or on new connections, and never twice; notes each request without an answer.

    Once it is ``over`` it does not connect any more, but goes on to ask where it is connected. The two are told apart
    under a lock, so that nobody connects later.
    """

    over = False
    connecting = Lock()

    def __init__(self, port: int, kept: bool) -> None:
        super().__init__()
        self.port, self.kept = port, kept
        self.answers, self.connections, self.lost = 0, 0, list[str]()
        self.start()

    def run(self) -> None:
        while connection := self.connect():
            self.connections += 1
            with connection, connection.makefile("rb") as answer:
                try:
                    while self.ask(connection, answer):
                        pass
                except (OSError, ValueError) as error:
                    self.lost.append(repr(error))
                    return

    def connect(self) -> socket.socket | None:
        with self.connecting:
            return None if self.over else socket.create_connection(("127.0.0.1", self.port), HANG_SECONDS)

    def end(self) -> None:
        with self.connecting:
            self.over = True

    def ask(self, connection: socket.socket, answer: BinaryIO) -> bool:
        """Whether another request may follow the answer to one."""
        connection.sendall(ASK)
        if not (status := answer.readline()).startswith(b"HTTP/1.1 200 "):
            raise ValueError(status)
        headers = parse_headers(answer)
        if len(answer.read(int(headers["Content-Length"]))) != int(headers["Content-Length"]):
            raise ValueError("cut off")
        self.answers += 1
        return self.kept and headers["Connection"] != "close"


def test_no_request_is_lost_while_processes_are_replaced_and_when_all_end(tmp_path: Path) -> None:
    """Those that had connected and waited to be taken when the last process ended were reset."""
    with Site(Path(build_index(tmp_path)), log=tmp_path / "log") as site:
        clients = [Asking(site.port, kept) for kept in (True, True, False, False)]
        for how in (signal.SIGHUP, signal.SIGTERM):  # all of them, then one
            gone = set(site.children()[:1] if how == signal.SIGTERM else site.children())
            os.kill(min(gone) if how == signal.SIGTERM else site.process.pid, how)
            wait_until(lambda: len(site.children()) == 2 and not gone & set(site.children()))  # noqa: B023
        workers = site.children()
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        waiting = [socket.create_connection(("127.0.0.1", site.port), HANG_SECONDS) for _ in range(6)]
        for each in waiting:
            each.sendall(ASK)
        for client in clients:
            client.end()
        site.process.send_signal(signal.SIGTERM)
        wait_until(lambda: all("00004000" in _pending(pid) for pid in workers))  # each has the signal to come
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
        for each in waiting:
            with each:
                assert each.recv(1000).startswith(b"HTTP/1.1 200")
        assert site.process.wait(HANG_SECONDS) == 0
        for client in clients:
            client.join()
    assert [client.lost for client in clients] == [[]] * 4
    assert min(client.answers for client in clients) > 10
    assert all(client.connections >= 2 for client in clients), "kept connections moved to the new processes"


def _pending(pid: int) -> str:
    """Signals that wait for a process, as the system writes them."""
    return re.findall(r"^ShdPnd:\s+(\w+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[0]


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
