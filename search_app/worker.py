"""A gunicorn worker that gives a thread only to requests that have arrived completely.

gunicorn's own threaded worker (27.0) reads the head of a request in a thread, keeps a thread five seconds for every
connection that says nothing, and waits in its event loop for clients that do not close: sixteen idle connections, as
browsers open them in advance, stop a small site. Here the event loop collects heads, sends what a client has not read
yet, and closes connections without ever blocking; a client that is slow costs a connection and no more.
"""

from __future__ import annotations

import errno
import logging
import re
import selectors
import socket
import struct
import time
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn import http
from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidHeader,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from gunicorn.workers.gthread import TConn, ThreadWorker

from search_app.headers import HEADERS
from search_app.outgoing import Outgoing

log = logging.getLogger(__name__)

HEAD_SECONDS = 10.0  # to send a whole request head, counted from the first byte or from the connection
FRESH_SECONDS = 1.0  # for whoever has just connected to a process that stops; browsers do not ask again there
STALL_SECONDS = 10  # without progress, before a client that does not read is given up
WAITING_BYTES = 64 * 1024 * 1024  # of answers that clients have not read yet, in each process; then the oldest go
LINGER_SECONDS = 2.0  # for a client to close its side, so that it sees the whole answer and no reset
LINGER_BYTES = 64 * 1024
MAX_HEAD_BYTES = 32 * 1024  # browsers send about 1 KB; gunicorn's own limits hold below this
SEND_BUFFER_BYTES = 512 * 1024  # the system takes a whole page, so that hardly any waits here
SPARE_CONNECTIONS = 8  # below the limit at which gunicorn stops to accept
_CHUNK = 16 * 1024
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_REASONS = {400: "Bad Request", 414: "URI Too Long", 417: "Expectation Failed", 431: "Request Header Fields Too Large"}


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Collects request heads, and takes leave of clients, in the event loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heads: dict[TConn, bytearray] = {}
        self._sending: dict[TConn, float] = {}  # and when to give up; in order of their answers
        self._leaving: dict[TConn, float] = {}

    # -- requests that arrive ------------------------------------------------------------------------------------------

    def accept(self, listener: socket.socket) -> None:
        """Take a connection; it stays with the event loop until its first head is there."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                self._drop_oldest()
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EINTR):
                log.warning("Cannot accept a connection: %s", error.strerror)
            return
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            accepted.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", STALL_SECONDS, 0))
        self.nr_conns += 1
        self._collect(TConn(self.cfg, Outgoing(accepted), address, listener.getsockname()))
        if self.nr_conns + SPARE_CONNECTIONS > self.worker_connections:
            self._drop_oldest()

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """The next request begins on a connection that was kept."""
        if _closed(client):
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._collect(conn)
        self.on_pending_socket_readable(conn, client)

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """More of a head, or the end of the connection."""
        if _closed(client):
            return
        try:
            chunk = conn.sock.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            chunk = b""
        if not chunk:
            self._forget(conn)
            self._close(conn)
            return
        self._heads[conn] += chunk
        self._proceed(conn, len(chunk))

    def _collect(self, conn: TConn, ahead: bytes = b"") -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + HEAD_SECONDS
        self._heads[conn] = bytearray(ahead)
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))
        if ahead:
            self._proceed(conn, len(ahead))

    def _proceed(self, conn: TConn, fresh: int) -> None:
        head = self._heads[conn]
        if _complete(head, fresh):
            self._forget(conn)
            if not conn.initialized:
                conn.initialized = True
                conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
            conn.parser.unreader.unread(_ascii_line(head))
            self.enqueue_req(conn)
        elif len(head) > MAX_HEAD_BYTES:
            self._forget(conn)
            _refuse(conn.sock, 431)
            self._take_leave(conn)

    def _forget(self, conn: TConn) -> None:
        self._heads.pop(conn, None)
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Answer a request; nothing here takes a body, so a connection on which one may follow ends with the answer."""
        announced = dict(req.headers)
        if req.version >= (1, 1) and "HOST" not in announced:
            raise InvalidHeader("HOST")
        if announced.get("CONTENT-LENGTH", "0").strip() != "0" or "TRANSFER-ENCODING" in announced:
            req.force_close()
        kept: bool = super().handle_request(req, conn)
        return kept

    def handle_error(self, req: Any, client: socket.socket, addr: object, exc: Exception) -> None:
        """Answer what is no HTTP in a few words that repeat nothing of it; the log gets no address and no query."""
        if isinstance(exc, LimitRequestLine):
            status = 414
        elif isinstance(exc, LimitRequestHeaders):
            status = 431
        elif isinstance(exc, ExpectationFailed):
            status = 417
        elif isinstance(exc, ParseException) and not isinstance(exc, InvalidResponseHeader | InvalidResponseHeaderName):
            status = 400
        else:
            status = 500
            self.log.error("Unexpected error in a request", exc_info=exc)
        self.log.debug("Refused a request with %d: %s", status, type(exc).__name__)
        _refuse(client, status)

    # -- connections that stay or end ----------------------------------------------------------------------------------

    def finish_request(self, conn: TConn, done: Future[Any]) -> None:
        """Let a client read its answer, however slowly, then go on with its connection."""
        if not conn.sock.waiting:
            self._answered(conn, done)
            return
        try:
            self.poller.register(conn.sock, selectors.EVENT_WRITE, partial(self._send, conn, done))
        except (KeyError, ValueError):  # closed by an error in its thread
            self._close(conn)
            return
        self._sending[conn] = time.monotonic() + STALL_SECONDS
        while len(self._sending) > 1 and sum(len(each.sock.waiting) for each in self._sending) > WAITING_BYTES:
            self._give_up(next(iter(self._sending)))

    def _send(self, conn: TConn, done: Future[Any], client: socket.socket) -> None:
        if _closed(client):
            return
        try:
            sent = conn.sock.push()
        except OSError:
            self._give_up(conn)
            return
        if not conn.sock.waiting:
            del self._sending[conn]
            self.poller.unregister(client)
            self._answered(conn, done)
        elif sent:
            self._sending[conn] = time.monotonic() + STALL_SECONDS

    def _give_up(self, conn: TConn) -> None:
        del self._sending[conn]
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _answered(self, conn: TConn, done: Future[Any]) -> None:
        """Keep a connection after its answer, or take leave of it."""
        if done.cancelled() or done.exception() is not None or done.result() is not True:
            self._take_leave(conn)
        elif ahead := conn.parser.unreader.take_buffered():
            self._collect(conn, ahead)
        else:
            super().finish_request(conn, done)

    def _take_leave(self, conn: TConn) -> None:
        """Say that nothing more will come, and read what the client still sends, so that it sees the whole answer."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn, [LINGER_BYTES]))
        except (OSError, KeyError, ValueError):  # closed by the client, or by an error in its thread
            self._close(conn)
            return
        self._leaving[conn] = time.monotonic() + LINGER_SECONDS

    def _drain(self, conn: TConn, left: list[int], client: socket.socket) -> None:
        try:
            chunk = conn.sock.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            chunk = b""
        left[0] -= len(chunk)
        if not chunk or left[0] <= 0:
            del self._leaving[conn]
            self.poller.unregister(conn.sock)
            self._close(conn)

    def murder_pending(self) -> None:
        """Close connections whose head does not come, when stopping also idle ones, and those that took leave."""
        now = time.monotonic()
        for conn in [each for each in self.pending_conns if self._given_up(each, now)]:
            self._forget(conn)
            self._close(conn)
        for conn in [each for each, deadline in self._sending.items() if now >= deadline]:
            self._give_up(conn)
        for conn in [each for each, deadline in self._leaving.items() if now >= deadline]:
            del self._leaving[conn]
            self.poller.unregister(conn.sock)
            self._close(conn)

    def _given_up(self, conn: TConn, now: float) -> bool:
        if now >= conn.timeout:
            return True
        if self.alive or self._heads[conn]:
            return False
        asked_before: bool = conn.initialized
        return asked_before or now >= conn.timeout - HEAD_SECONDS + FRESH_SECONDS

    def _drop_oldest(self) -> None:
        """Make room: whoever has waited longest without asking anything goes first."""
        if self.pending_conns:
            conn = self.pending_conns[0]
            self._forget(conn)
        elif self.keepalived_conns:
            conn = self.keepalived_conns.popleft()
            self.poller.unregister(conn.sock)
        elif self._sending:
            self._give_up(next(iter(self._sending)))
            return
        else:
            return
        self._close(conn)

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()


def _refuse(client: socket.socket, status: int) -> None:
    reason = _REASONS.get(status, "Internal Server Error")
    lines = [
        f"HTTP/1.1 {status} {reason}",
        "Connection: close",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(reason) + 1}",
        "Cache-Control: no-store",
        *(f"{name}: {value}" for name, value in HEADERS.items()),
    ]
    try:
        client.setblocking(False)
        client.send(("\r\n".join(lines) + f"\r\n\r\n{reason}\n").encode("ascii"))
    except OSError:  # it does not listen either; the connection is closed next
        log.debug("A refused client does not read.")


def _closed(client: socket.socket) -> bool:
    """Whether a connection was dropped for others after it had become ready in the same round of the event loop."""
    return client.fileno() < 0


def _ascii_line(head: bytearray) -> bytes:
    """A head whose request line is as browsers send it; curl, for one, percent-encodes nothing."""
    line, end, rest = head.partition(b"\r\n")
    return b"".join((_NOT_ASCII.sub(lambda found: b"%%%02X" % found[0][0], line), end, rest))


def _complete(head: bytearray, fresh: int) -> bool:
    """Whether the parser can decide on this head: it has its empty line, or a line end that no head may have."""
    start = max(0, len(head) - fresh - 3)
    if head.find(b"\r\n\r\n", start) >= 0:
        return True
    return head.count(b"\n") != head.count(b"\r\n")  # the parser refuses this at once
