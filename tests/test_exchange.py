"""One request and its answer, without a server: what is refused, by either parser, and what leaves the process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException

from search_app.crew import Crew
from search_app.exchange import Connection, fixed, read, refuse, respond
from search_app.outgoing import Outgoing


@pytest.fixture(params=["fast", "python"])
def settings(request: pytest.FixtureRequest) -> SimpleNamespace:
    config = Config()
    config.set("http_parser", request.param)
    config.set("forwarded_allow_ips", "*")
    return fixed(config)


@pytest.fixture
def pair() -> Iterator[tuple[Connection, socket.socket]]:
    ours, theirs = socket.socketpair()
    with theirs, Outgoing(ours) as outgoing:
        yield Connection(outgoing, ("192.0.2.7", 1), ("127.0.0.1", 80)), theirs


REFUSED = {
    "two spaces": b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "two spaces after the address": b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\nAccept: */*\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "length and coding": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n",
    "a signed length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
    "a folded line": b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n",
    "a line end of its own": b"GET / HTTP/1.1\nHost: a\r\n\r\n",
    "a zero byte": b"GET / HTTP/1.1\r\nHost: a\r\nA: b\0c\r\n\r\n",
}


@pytest.mark.parametrize("head", REFUSED.values(), ids=REFUSED)
def test_heads_that_others_may_read_differently_are_refused(
    pair: tuple[Connection, socket.socket], settings: SimpleNamespace, head: bytes
) -> None:
    conn, _ = pair
    conn.head += head
    with pytest.raises(ParseException):
        read(conn, settings)


def test_what_follows_a_head_stays_and_nobody_speaks_for_others(
    pair: tuple[Connection, socket.socket], settings: SimpleNamespace
) -> None:
    conn, _ = pair
    first, second = (f"GET /{n} HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n".encode() for n in (1, 2))
    conn.head += first + second
    request = read(conn, settings)
    assert (request.path, request.scheme, bytes(conn.head)) == ("/1", "http", second)
    conn.head[:] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nbody"
    assert read(conn, settings).should_close()


def test_an_answer_leaves_in_one_piece_or_an_error_instead_of_its_beginning(
    pair: tuple[Connection, socket.socket], settings: SimpleNamespace
) -> None:
    conn, client = pair

    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", "10")])
        yield b"whole"
        if environ["PATH_INFO"] == "/fails":
            raise LookupError
        yield b"thing"

    def ask(path: str) -> bool:
        conn.head[:] = f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        return respond(read(conn, settings), conn, application, settings, last=False)

    assert ask("/")
    client.setblocking(False)
    with pytest.raises(BlockingIOError):
        client.recv(1)
    conn.sock.push()
    assert client.recv(4096).endswith(b"\r\n\r\nwholething")
    with pytest.raises(LookupError):
        ask("/fails")
    refuse(conn, 500)
    conn.sock.push()
    assert client.recv(4096).startswith(b"HTTP/1.1 500 ")


def test_a_crew_does_every_job_whatever_becomes_of_one() -> None:
    done = []
    crew = Crew(2)
    crew.submit(lambda: 1 / 0)
    for number in range(50):
        crew.submit(done.append, number)
    crew.shutdown()
    for thread in crew.threads:
        thread.join(10)
    assert (sorted(done), len(crew.threads) <= 2) == (list(range(50)), True)
