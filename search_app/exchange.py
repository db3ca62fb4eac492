"""One request and its answer, by gunicorn's own strict reading and framing, without a wait for the client.

gunicorn looks up each of its settings anew for every request, by the name of an option, and asks whether the address
of the client is one of a proxy; here the settings are read once, and nobody is believed (``search_app.headers`` decides
about proxies).
"""

from __future__ import annotations

import logging
import re
from collections import deque
from types import SimpleNamespace
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidHeader,
    InvalidRequestLine,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader

from search_app.headers import HEADERS
from search_app.outgoing import Outgoing

log = logging.getLogger(__name__)

_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_REASONS = {400: "Bad Request", 414: "URI Too Long", 417: "Expectation Failed", 431: "Request Header Fields Too Large"}


class Connection:
    """A client, and what it has sent of its next request.

    While a thread makes an answer (``busy``), everything here is that thread's; else it is the event loop's.
    """

    def __init__(self, sock: Outgoing, client: Any, server: Any) -> None:
        self.sock = sock
        self.client = client
        self.server = server
        self.head = bytearray()
        self.asked = 0  # requests that were read
        self.timeout = 0.0  # when to give up waiting, of the monotonic clock
        self.waits: deque[Connection] | None = None  # the queue that it stands in
        self.busy = False
        self.watched = False  # whether the event loop is told of what happens to the socket

    def close(self) -> None:
        """End it at once."""
        try:
            self.sock.close()
        except OSError:
            log.debug("A connection was closed by the client.")


class Head(Request):  # type: ignore[misc]
    """A request head, whoever sends it."""

    def _peer_is_trusted_proxy(self) -> bool:
        return False


def fixed(config: Config) -> SimpleNamespace:
    """The settings of gunicorn as plain attributes."""
    values = {name: getattr(config, name) for name in config.settings}
    values["sendfile"] = False  # it would wait for the client, and go before what has been written
    return SimpleNamespace(**values, is_ssl=config.is_ssl, forwarded_allow_networks=config.forwarded_allow_networks)


def complete(head: bytearray, fresh: int) -> bool:
    """Whether a head, of which ``fresh`` bytes are new, can be read: it has its empty line, or a forbidden line end."""
    start = max(0, len(head) - fresh - 3)
    if head.find(b"\r\n\r\n", start) >= 0:
        return True
    return head.count(b"\n") != head.count(b"\r\n")  # refused at once


def read(conn: Connection, settings: SimpleNamespace) -> Head:
    """The request that a connection has sent; what follows it stays there.

    Raises:
        ParseException: If it is no HTTP, or not what may be asked here.
    """
    head = _ascii_line(conn.head)
    unreader = IterUnreader((head,))
    conn.asked += 1
    request = Head(settings, unreader, conn.client, conn.asked)
    conn.head = bytearray(unreader.take_buffered())
    line = f"{request.method} {request.uri} HTTP/1.{request.version[1]}\r\n".encode("latin-1")
    if not head.startswith(line, 2 if head.startswith(b"\r\n") else 0):  # the parser in C lets several spaces pass
        raise InvalidRequestLine("more than one space")
    announced = dict(request.headers)
    if request.version >= (1, 1) and "HOST" not in announced:
        raise InvalidHeader("HOST")
    # Nothing here takes a body, so a connection on which one may follow ends with the answer.
    if announced.get("CONTENT-LENGTH", "0").strip() != "0" or "TRANSFER-ENCODING" in announced:
        request.force_close()
    return request


def respond(
    request: Head, conn: Connection, application: WSGIApplication, settings: SimpleNamespace, last: bool
) -> bool:
    """Write the answer of the application; returns whether the connection stays, which the ``last`` one does not."""
    response, environ = wsgi.create(request, conn.sock, conn.client, conn.server, settings)
    environ["wsgi.multithread"] = True
    if last:
        response.force_close()
    body = application(environ, response.start_response)
    try:
        for part in body:
            response.write(part)
        response.close()
    finally:
        if close := getattr(body, "close", None):
            close()
    return not response.should_close()


def status_of(error: Exception) -> int:
    """The status that tells a client of an error in its request, or 500 for one of ours."""
    if isinstance(error, LimitRequestLine):
        return 414
    if isinstance(error, LimitRequestHeaders):
        return 431
    if isinstance(error, ExpectationFailed):
        return 417
    ours = InvalidResponseHeader | InvalidResponseHeaderName
    return 400 if isinstance(error, ParseException) and not isinstance(error, ours) else 500


def refuse(conn: Connection, status: int) -> None:
    """Answer in a few words that repeat nothing of the request."""
    reason = _REASONS.get(status, "Internal Server Error")
    lines = [
        f"HTTP/1.1 {status} {reason}",
        "Connection: close",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(reason) + 1}",
        "Cache-Control: no-store",
        *(f"{name}: {value}" for name, value in HEADERS.items()),
    ]
    conn.sock.instead(("\r\n".join(lines) + f"\r\n\r\n{reason}\n").encode("ascii"))


def _ascii_line(head: bytearray) -> bytes:
    """A head whose request line is as browsers send it; curl, for one, percent-encodes nothing."""
    line, end, rest = bytes(head).partition(b"\r\n")
    return bytes(head) if line.isascii() else _NOT_ASCII.sub(lambda found: b"%%%02X" % found[0][0], line) + end + rest
