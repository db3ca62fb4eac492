"""A gunicorn worker that gives a thread only to requests that have arrived completely.

gunicorn's own threaded worker (27.0) reads the head of a request in a thread, keeps a thread five seconds for every
connection that says nothing, and waits in its event loop for clients that do not close: sixteen idle connections, as
browsers open them in advance, stop a small site. Here the event loop collects heads, sends what a client has not read
yet, and closes connections without ever blocking; a client that is slow costs a connection and no more.

A usual request costs the loop one read and the thread one write: the loop goes on watching a connection while its
answer is made, and the thread that made the answer gives the connection back by itself. Whatever is unusual (a client
that does not read, sends ahead or has to go) goes through the loop.
"""

from __future__ import annotations

import errno
import logging
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from search_app.crew import Crew
from search_app.exchange import Connection, complete, fixed, read, refuse, respond, status_of
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
LOOK_SECONDS = 0.2  # between looks for those whose time is over; the loop comes by after each event, and each second
_CHUNK = 16 * 1024


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Collects request heads, and takes leave of clients, in the event loop."""

    alive: bool  # until told to stop
    sockets: list[socket.socket]  # on which it listens

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._settings = fixed(self.cfg)
        self._sending: dict[Connection, float] = {}  # and when to give up; in order of their answers
        self._leaving: dict[Connection, float] = {}
        self._looked = 0.0
        self._noted = 0.0

    def get_thread_pool(self) -> Crew:
        """Who makes the answers."""
        return Crew(self.cfg.threads)

    def notify(self) -> None:
        """Tell the parent that the loop goes on; once a second will do for a timeout of many."""
        now = time.monotonic()
        if now >= self._noted + 1.0:
            self._noted = now
            super().notify()

    # -- requests that arrive ------------------------------------------------------------------------------------------

    def set_accept_enabled(self, enabled: bool) -> None:
        """Begin or cease to take connections; a process that ends takes those that wait, and listens no longer.

        The system has them in a queue, which it resets when the last process lets go of it.
        """
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                while self.accept(listener):
                    pass
                listener.close()
            self.sockets = []

    def accept(self, listener: socket.socket) -> bool:
        """Take a connection, if there is one; it stays with the event loop until its first head is there."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                self._drop_oldest()
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EINTR):
                log.warning("Cannot accept a connection: %s", error.strerror)
            return error.errno == errno.ECONNABORTED
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self.nr_conns += 1
        conn = Connection(Outgoing(accepted), address, listener.getsockname())
        self._wait(conn, self.pending_conns, HEAD_SECONDS)
        self._watch(conn, selectors.EVENT_READ, self._readable)
        if self.nr_conns + SPARE_CONNECTIONS > self.worker_connections:
            self._drop_oldest()
        return True

    def _readable(self, conn: Connection, client: socket.socket) -> None:
        """A request begins or goes on, or the connection ends."""
        if _closed(client):
            return
        if conn.busy:  # it sends ahead, or goes before it has its answer
            self._look_away(conn)
            self._look_again(conn)  # if that has just been made
            return
        try:
            chunk = conn.sock.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            chunk = b""
        if not chunk:
            self._fetch(conn)
            self._close(conn)
            return
        conn.head += chunk
        self._proceed(conn, len(chunk))

    def _proceed(self, conn: Connection, fresh: int) -> None:
        if complete(conn.head, fresh):
            self._fetch(conn)
            conn.busy = True
            self.tpool.submit(self._answer, conn)
        elif len(conn.head) > MAX_HEAD_BYTES:
            self._fetch(conn)
            refuse(conn, 431)
            self._finish(conn, False)
        elif conn.waits is self.keepalived_conns:
            self._fetch(conn)
            self._wait(conn, self.pending_conns, HEAD_SECONDS)

    def _wait(self, conn: Connection, queue: deque[Connection], seconds: float) -> None:
        conn.timeout = time.monotonic() + seconds
        conn.waits = queue
        queue.append(conn)

    def _fetch(self, conn: Connection) -> None:
        if conn.waits is not None:
            conn.waits.remove(conn)
            conn.waits = None

    # -- answers, in threads -------------------------------------------------------------------------------------------

    def _answer(self, conn: Connection) -> None:
        """Answer a request and wait for the next one; the event loop hears of it only where something is left to do."""
        kept = self._handled(conn)
        try:
            conn.sock.push()
        except OSError as error:
            self.log.debug("A client has gone before its answer: %s", error.strerror)
            conn.sock.waiting.clear()
            kept = False
        if not kept or not self.alive or conn.sock.waiting or conn.head:
            self.method_queue.defer(self._finish, conn, kept)
            return
        self._wait(conn, self.keepalived_conns, self._settings.keepalive)
        conn.busy = False
        if not conn.watched:
            self.method_queue.defer(self._look_again, conn)

    def _handled(self, conn: Connection) -> bool:
        """Write the answer to a request; returns whether another may follow."""
        try:
            request = read(conn, self._settings)
            self.nr += 1
            if self.nr >= self.max_requests and self.alive:
                self.log.info("This process ends after its last request.")
                self.alive = False
            kept = self.alive and self._settings.keepalive and len(self.keepalived_conns) < self.max_keepalived
            return respond(request, conn, self.wsgi, self._settings, last=not kept)
        except ConnectionError as error:
            self.log.debug("A client has gone before its answer: %s", error.strerror)
            return False
        except Exception as error:  # the client is told, and nobody else waits for it
            status = status_of(error)
            if status == 500:
                self.log.error("Unexpected error in a request", exc_info=error)
            # No address and no query.
            self.log.debug("Refused a request with %d: %s", status, type(error).__name__)
            refuse(conn, status)
            return False

    # -- connections that stay or end ----------------------------------------------------------------------------------

    def _finish(self, conn: Connection, kept: bool) -> None:
        """Let a client read its answer, however slowly, then go on with its connection."""
        conn.busy = False
        if not conn.sock.waiting:
            self._answered(conn, kept)
            return
        self._watch(conn, selectors.EVENT_WRITE, partial(self._send, kept))
        self._sending[conn] = time.monotonic() + STALL_SECONDS
        while len(self._sending) > 1 and sum(len(each.sock.waiting) for each in self._sending) > WAITING_BYTES:
            self._give_up(next(iter(self._sending)))

    def _send(self, kept: bool, conn: Connection, client: socket.socket) -> None:
        if _closed(client):
            return
        try:
            sent = conn.sock.push()
        except OSError:
            self._give_up(conn)
            return
        if not conn.sock.waiting:
            del self._sending[conn]
            self._answered(conn, kept)
        elif sent:
            self._sending[conn] = time.monotonic() + STALL_SECONDS

    def _give_up(self, conn: Connection) -> None:
        del self._sending[conn]
        self._close(conn)

    def _answered(self, conn: Connection, kept: bool) -> None:
        """Keep a connection after its answer, or take leave of it."""
        if not kept:
            self._take_leave(conn)
            return
        if conn.head:
            self._wait(conn, self.pending_conns, HEAD_SECONDS)
        else:
            seconds = self._settings.keepalive
            self._wait(conn, self.keepalived_conns, seconds if self.alive else min(seconds, STOP_KEEPALIVE_LINGER))
        self._watch(conn, selectors.EVENT_READ, self._readable)
        if conn.head:
            self._proceed(conn, len(conn.head))

    def _take_leave(self, conn: Connection) -> None:
        """Say that nothing more will come, and read what the client still sends, so that it sees the whole answer."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # closed by the client
            self._close(conn)
            return
        self._watch(conn, selectors.EVENT_READ, partial(self._drain, [LINGER_BYTES]))
        self._leaving[conn] = time.monotonic() + LINGER_SECONDS

    def _drain(self, left: list[int], conn: Connection, client: socket.socket) -> None:
        if _closed(client):
            return
        try:
            chunk = conn.sock.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            chunk = b""
        left[0] -= len(chunk)
        if not chunk or left[0] <= 0:
            del self._leaving[conn]
            self._close(conn)

    def murder_pending(self) -> None:
        """Close connections whose head does not come, when stopping also idle ones, and those that took leave."""
        now = time.monotonic()
        if self.alive and now < self._looked + LOOK_SECONDS:
            return
        self._looked = now
        for conn in [each for each in self.pending_conns if self._given_up(each, now)]:
            self._fetch(conn)
            self._close(conn)
        for conn in [each for each, deadline in self._sending.items() if now >= deadline]:
            self._give_up(conn)
        for conn in [each for each, deadline in self._leaving.items() if now >= deadline]:
            del self._leaving[conn]
            self._close(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        for conn in tuple(self.keepalived_conns):  # threads may still add some
            conn.timeout = min(conn.timeout, deadline)

    def _given_up(self, conn: Connection, now: float) -> bool:
        if now >= conn.timeout:
            return True
        if self.alive or conn.head:
            return False
        return conn.asked > 0 or now >= conn.timeout - HEAD_SECONDS + FRESH_SECONDS

    def _drop_oldest(self) -> None:
        """Make room: whoever has waited longest without asking anything goes first."""
        if self.pending_conns or self.keepalived_conns:
            conn = (self.pending_conns or self.keepalived_conns)[0]
            self._fetch(conn)
            self._close(conn)
        elif self._sending:
            self._give_up(next(iter(self._sending)))

    def _close(self, conn: Connection) -> None:
        self._look_away(conn)
        self.nr_conns -= 1
        conn.close()

    # -- what the event loop is told of --------------------------------------------------------------------------------

    def _watch(self, conn: Connection, events: int, call: Callable[[Connection, socket.socket], None]) -> None:
        change = self.poller.modify if conn.watched else self.poller.register
        conn.watched = True
        change(conn.sock, events, partial(call, conn))

    def _look_away(self, conn: Connection) -> None:
        """Hear nothing of a connection until its answer is made."""
        if conn.watched:
            conn.watched = False
            self.poller.unregister(conn.sock)

    def _look_again(self, conn: Connection) -> None:
        if not conn.watched and not conn.busy and not _closed(conn.sock):
            self._watch(conn, selectors.EVENT_READ, self._readable)


def _closed(client: socket.socket) -> bool:
    """Whether a connection was dropped for others after it had become ready in the same round of the event loop."""
    return client.fileno() < 0
