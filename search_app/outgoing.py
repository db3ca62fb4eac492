"""The socket of a client: what is written to it never waits for the client to read."""

from __future__ import annotations

import socket


class Outgoing(socket.socket):
    """Takes whole answers at once; what the system does not take waits in ``waiting`` until ``push`` sends it."""

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        self.waiting = bytearray()

    def sendall(self, data: bytes, flags: int = 0, /) -> None:  # type: ignore[override]
        """Take data to be sent, in order. Raises ``OSError`` where the client has gone."""
        sent = 0 if self.waiting else self._send(data, flags)
        self.waiting += memoryview(data)[sent:]

    def push(self) -> int:
        """Send more of what waits; returns how many bytes went. Raises ``OSError`` where the client has gone."""
        sent = self._send(self.waiting)
        del self.waiting[:sent]
        return sent

    def _send(self, data: bytes | bytearray, flags: int = 0) -> int:
        try:
            return self.send(data, flags | socket.MSG_DONTWAIT)
        except (BlockingIOError, InterruptedError):
            return 0
