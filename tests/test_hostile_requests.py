"""Whatever a stranger sends, a real server with several processes gives a proper answer and goes on.

Three hundred requests here; 1,500 and more, timed, with honest visitors beside them, in ``make torture``.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import orjson
import pytest

from search_app.headers import HEADERS
from search_app.querylog import QueryLog
from search_app.server import GRACE_SECONDS
from search_app.worker import HEAD_SECONDS, SEND_BUFFER_BYTES, STALL_SECONDS
from tests.hostile import MARK, Hostile, requests
from tests.live import HANG_SECONDS, Exchange, Site, exchange, start, wait_until
from tests.real_corpus import real_index
from tests.visitors import HONEST

COUNT = 320
MAX_GROWTH_MB = 50
LEAKS = re.compile(
    rb'Traceback|File "/|site-packages|/work/|\.py"|line \d+, in |werkzeug|jinja2|gunicorn/|whoosh|numba|sqlite|'
    rb"root:x:0|MEDSEARCH_|at 0x[0-9a-f]{6}"
)


class Tags(HTMLParser):
    """What a browser would see as elements and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.bad += [tag] if MARK in tag else []
        self.bad += [f"{tag} {name}" for name, _ in attrs if name.startswith("on") or MARK in name]
        self.bad += [
            f"{tag} {value}"
            for name, value in attrs
            if name in ("href", "src") and re.match(r"\s*(javascript|data):", value or "")
        ]


def complaint(sent: Hostile, got: Exchange) -> str:
    """What is wrong with an answer, or nothing."""
    if got.status == 0:
        return "" if sent.family == "headers" and not sent.raw.strip(b"\0\r\n") else "closed without an answer"
    if got.status >= 500:
        return f"status {got.status}"
    if got.status not in (200, 206, 301, 302, 303, 304, 308, 400, 404, 405, 413, 414, 416, 417, 429, 431, 412, 100):
        return f"odd status {got.status}"
    if got.status == 100:
        return ""
    names = {name.lower() for name, _ in got.headers}
    if "x-injected" in names or "set-cookie" in names:
        return f"injected header {got.headers}"
    if missing := [name for name in HEADERS if name.lower() not in names]:
        return f"without {', '.join(missing)}"
    location = got.header("Location")
    if re.match(r"(https?:)?//(?!localhost|127\.0\.0\.1)", location) and b"evil.example" in location.encode():
        return (
            f"sent to {location}"
            if b"Host: evil.example" not in sent.raw and b"//evil.example" not in sent.raw.split(b" ")[1][:8]
            else ""
        )
    if leak := LEAKS.search(got.body):
        asked_for = leak[0].lower() in sent.raw.lower()
        if not asked_for:
            return f"leaks {leak[0]!r}"
    kind = got.header("Content-Type").partition(";")[0]
    if (
        kind in ("application/json", "application/problem+json")
        and not got.header("Content-Encoding")
        and not sent.raw.startswith(b"HEAD")
    ):
        orjson.loads(got.body)
    if kind == "text/html" and not got.header("Content-Encoding"):
        tags = Tags()
        tags.feed(got.body.decode("utf-8", "replace"))
        if tags.bad:
            return f"reflects {tags.bad[:3]}"
    if (
        kind in ("application/atom+xml", "application/opensearchdescription+xml", "text/html")
        and f"<{MARK}".encode() in got.body
    ):
        return "reflects markup"
    return ""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("hostile")
    with Site(real_index(), settings={"query_log": str(folder / "queries.sqlite")}, log=folder / "log") as running:
        yield running


@pytest.fixture(scope="module")
def half(site: Site) -> Iterator[Future[tuple[bytes, float]]]:
    """What a connection that sent half a head receives, and after how many seconds; it waits while other tests run."""
    with ThreadPoolExecutor(1) as pool, socket.create_connection((site.host, site.port), HANG_SECONDS) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        since = time.monotonic()
        yield pool.submit(lambda: (connection.recv(100), time.monotonic() - since))


def honest(site: Site) -> None:
    """A search that somebody honest makes now."""
    status, body = site.get(f"/search?q=eye+hospital+{time.monotonic_ns() % 999}")
    assert status == 200
    assert b"Hospital" in body


def test_three_hundred_hostile_requests_each_get_a_proper_answer(site: Site, half: Future[tuple[bytes, float]]) -> None:
    # In use before anything is measured: processes that were forked share memory until they use it.
    for address in HONEST * 8:
        assert site.get(quote(address, safe="/?&=+%"))[0] == 200
    before = site.memory()
    bad: list[str] = []
    for sent in requests(COUNT, seed=7):
        got = exchange(site, sent.raw)
        if said := complaint(sent, got):
            bad.append(f"{sent.family}: {said}: {sent.line}")
    assert not bad, "\n".join(bad)
    assert len(site.children()) == 2
    assert site.memory() - before < MAX_GROWTH_MB
    assert "Traceback" not in site.written()


def test_slow_clients_cost_a_connection_and_hold_nobody_up(site: Site) -> None:
    """More of them than threads: silent, half a head, a body that never comes, no reading, no closing."""
    kinds = (
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /search?q=hospital&per_page=100 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    held: list[socket.socket] = []
    try:
        for number in range(100):
            connection = socket.create_connection((site.host, site.port), HANG_SECONDS)
            # The last kind costs work besides patience, so there are fewer of it.
            connection.sendall(kinds[number % 5] if number % 5 < 4 or number < 25 else b"")
            held.append(connection)
        for _ in range(20):
            honest(site)
    finally:
        for connection in held:
            connection.close()
    honest(site)


def test_who_asks_again_and_again_without_reading_holds_nobody_up_and_gets_every_answer(site: Site) -> None:
    """More than the system keeps for them, from more of them than there are threads."""
    asked = b"GET /sitemap.xml HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /sitemap.xml HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    body = exchange(site, last).body
    times = 2 * SEND_BUFFER_BYTES // len(body) + 2
    held: list[socket.socket] = []
    try:
        for _ in range(24):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(HANG_SECONDS)
            connection.connect((site.host, site.port))
            connection.sendall(asked * times + last)
            held.append(connection)
        for _ in range(20):
            started = time.monotonic()
            honest(site)
            assert time.monotonic() - started < STALL_SECONDS / 2
        answers = bytearray()
        while chunk := held[0].recv(1 << 16):
            answers += chunk
        assert answers.count(body) == times + 1
    finally:
        for connection in held:
            connection.close()
    assert "Traceback" not in site.written()


def test_a_request_line_that_is_not_percent_encoded_is_understood(site: Site) -> None:
    found = [
        orjson.loads(exchange(site, b"GET /api/v1/search?q=%b HTTP/1.1\r\nHost: x\r\n\r\n" % typed).body)
        for typed in ("协和".encode(), quote("协和").encode())
    ]
    assert found[0]["query"] == "协和"
    assert found[0]["total"] == found[1]["total"] > 0


def test_a_request_of_today_names_its_host(site: Site) -> None:
    assert exchange(site, b"GET /healthz HTTP/1.1\r\n\r\n").status == 400
    assert exchange(site, b"GET /healthz HTTP/1.0\r\n\r\n").status == 200


def test_a_head_that_comes_byte_by_byte_is_answered(site: Site) -> None:
    with socket.create_connection((site.host, site.port), HANG_SECONDS) as connection:
        for byte in b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n":
            connection.send(bytes([byte]))
            time.sleep(0.002)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")
        connection.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        answer = b""
        while chunk := connection.recv(10_000):
            answer += chunk
        assert answer.count(b"HTTP/1.1 200 OK") == 2, "two requests in one packet are two answers"


def test_the_log_of_the_server_holds_no_query_and_no_address(site: Site) -> None:
    exchange(site, b"GET /search?q=secret-illness HTTP/1.1\nHost: x\n\n")
    exchange(site, b"GET /search?q=secret-illness HTTP/9.9\r\nHost: x\r\n\r\n")
    site.get("/search?q=secret-illness&page=0&page=x")
    site.get("/secret-illness")
    assert "secret-illness" not in site.written()
    assert "ip=" not in site.written()


def test_proxy_headers_from_this_machine_are_not_believed_unasked(site: Site) -> None:
    got = exchange(site, b"GET /about HTTP/1.1\r\nHost: x\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n")
    assert got.status == 200
    assert not got.header("Strict-Transport-Security")
    assert b"https://x/" not in got.body


def test_it_stops_gracefully_answering_what_was_asked(tmp_path: Path, site: Site) -> None:
    with Site(site.index, log=tmp_path / "log") as other:
        idle = socket.create_connection((other.host, other.port), HANG_SECONDS)
        kept = socket.create_connection((other.host, other.port), HANG_SECONDS)
        kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(100)
        children = other.children()
        assert other.stop() < GRACE_SECONDS, "connections that ask nothing are not waited for"
        assert other.process.returncode == 0
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))
        idle.close()
        kept.close()


def test_whoever_connected_just_before_a_stop_is_answered(site: Site, tmp_path: Path) -> None:
    """A browser does not ask again when a new connection is closed without a word."""
    with Site(site.index, log=tmp_path / "log") as other:
        connections = [socket.create_connection((other.host, other.port), HANG_SECONDS) for _ in range(8)]
        wait_until(lambda: _accepted(other) >= len(connections))
        other.process.send_signal(signal.SIGTERM)
        for connection in connections:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        for connection in connections:
            with connection:
                assert connection.recv(1000).startswith(b"HTTP/1.1 200")


def _accepted(site: Site) -> int:
    """Connections that its processes have taken from the system."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    mine = [row for row in rows if row[1].endswith(f":{site.port:04X}") and row[3] == "01"]  # established
    return sum(row[9] != "0" for row in mine)  # one that waits to be taken has no inode yet


def test_new_worker_processes_on_request_or_after_a_crash_cost_no_answer_and_no_count(
    site: Site, tmp_path: Path
) -> None:
    with Site(site.index, log=tmp_path / "log") as other:
        visitors = start([sys.executable, "-m", "tests.visitors", other.url, "--clients", "3", "--kind", "honest"])
        before = other.children()
        other.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(other.children()) == 2 and not set(before) & set(other.children()))
        # A kill loses what that process was answering, so the visitors are gone by then.
        out, _ = visitors.communicate("")
        statuses = {orjson.loads(line)[2] for line in out.splitlines()}
        assert statuses == {200}
        counted = sum(map(float, re.findall(rb"http_requests_total\{.*\} (\S+)", other.get("/metrics")[1])))
        assert counted >= len(out.splitlines()), "processes that ended are still counted"
        victim = other.children()[0]
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(other.children()) == 2 and victim not in other.children())
        wait_until(lambda: {other.get("/search?q=eye")[0] for _ in range(5)} == {200})
        assert "Traceback" not in other.written()
        shared = other.counters_folder()
        other.stop()
        assert not shared.exists(), "the folder of the counters goes with the server"


def test_answers_go_on_when_the_counters_cannot_be_written(site: Site, tmp_path: Path) -> None:
    with Site(site.index, log=tmp_path / "log") as other:
        for file in other.counters_folder().iterdir():
            file.unlink()
        other.counters_folder().rmdir()
        before = other.children()
        other.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(other.children()) == 2 and not set(before) & set(other.children()))
        assert {other.get(f"/search?q=eye+{number}")[0] for number in range(8)} == {200}
        assert "The metrics cannot be counted" in other.written()


def test_all_processes_write_one_query_log_and_a_stop_loses_nothing_of_it(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "queries.sqlite"
    with Site(site.index, settings={"query_log": str(path)}, log=tmp_path / "log") as other:
        for number in range(30):
            assert other.get(f"/search?q=eye+{number}")[0] == 200
        assert other.get("/search?q=private", **{"Sec-GPC": "1"})[0] == 200
        other.stop()
    assert QueryLog(path).report().hidden_searches == 30


def test_a_head_that_does_not_come_is_given_up(half: Future[tuple[bytes, float]]) -> None:
    """The last test here, so that nothing waits for it."""
    received, seconds = half.result(HANG_SECONDS)
    assert received == b""
    assert seconds > HEAD_SECONDS - 1
