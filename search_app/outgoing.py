"""The socket of a client: what is written to it never waits for the client to read."""

from __future__ import annotations

import socket

_PIECE = 256 * 1024  # a longer answer leaves in several


class Outgoing(socket.socket):
    """Takes whole answers and sends each in one piece; what the system does not take stays in ``waiting``."""

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        self.setblocking(False)
        self.waiting = bytearray()
        self._begun = False  # something of this answer has left

    def sendall(self, data: bytes, flags: int = 0, /) -> None:  # type: ignore[override]
        """Take data to be sent, in order, at the latest with ``push``. Raises ``OSError`` where the client has gone."""
        del flags
        self.waiting += data
        if len(self.waiting) >= _PIECE:
            self.push()
            self._begun = True

    def push(self) -> int:
        """Send what waits, as far as the system takes it; returns how many bytes went.

        Raises:
            OSError: If the client has gone.
        """
        try:
            sent = self.send(self.waiting)
        except (BlockingIOError, InterruptedError):
            return 0
        del self.waiting[:sent]
        self._begun = bool(self.waiting)
        return sent

    def instead(self, data: bytes) -> None:
        """Have this sent in place of an answer that went wrong, if nothing of that one has left."""
        if not self._begun:
            self.waiting[:] = data
