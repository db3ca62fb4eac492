"""How many requests one client may make: a token bucket for each, shared by all worker processes.

Flask-Limiter was measured first (4.1.1, memory storage): it counts for each process on its own, starts a thread with
nearly every request, and looks through all clients each time (0.2 ms a request, 0.7 ms once 20,000 addresses are
known). This table costs about 10 µs, has a fixed size and keeps no address.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import math
import mmap
import os
import threading
import time
from collections.abc import Callable, Sequence

from flask import Flask, request
from werkzeug.exceptions import TooManyRequests

from search_app.settings import Settings

log = logging.getLogger(__name__)

CLIENTS = 32_768  # buckets of 24 bytes; when more clients come at once, the least busy are forgotten
_PROBES = 8  # buckets that a client may have; the least busy one is taken when none is free
_IPV6_PREFIX = 64  # one household or server usually has all addresses below it
_FREE_BLUEPRINTS = frozenset(("operations",))
_FREE_PATHS = ("/static/", "/favicon", "/robots.txt")  # files that a browser fetches by itself

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class RateLimiter:
    """Counts requests by client; make it before the worker processes start, and all of them count together.

    Each client has ``burst`` requests at hand and gets ``per_minute`` new ones every minute, evenly.
    """

    def __init__(
        self, per_minute: int, burst: int, clients: int = CLIENTS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_second = per_minute / 60
        self.burst = float(max(burst, 1))
        self._clients = clients
        self._clock = clock  # monotonic: the same in all processes, and it never jumps
        self._key = os.urandom(16)  # what is kept of an address cannot be turned back into one
        self._lock = threading.Lock()
        # Anonymous and shared: processes forked later see the same bytes. Two of them may miss each other's last
        # request now and then, which gives a client one more, and is cheaper than a lock for everybody.
        table = memoryview(mmap.mmap(-1, clients * 24))
        self._owners = table[: clients * 8].cast("Q")
        self._left = table[clients * 8 : clients * 16].cast("d")
        self._times = table[clients * 16 :].cast("d")

    def wait(self, client: str) -> float:
        """Take one request of a client; 0 if it has one, else the seconds until it will."""
        digest = hashlib.blake2b(client.encode("utf-8", "replace"), digest_size=16, key=self._key).digest()
        owner = int.from_bytes(digest[:8], "little") | 1  # 0 stands for nobody
        start = int.from_bytes(digest[8:], "little")
        now = self._clock()
        with self._lock:
            slot = self._slot(owner, start, now)
            left = self._now_left(slot, now) if self._owners[slot] == owner else self.burst
            self._owners[slot] = owner
            self._times[slot] = now
            if left >= 1.0:
                self._left[slot] = left - 1.0
                return 0.0
            self._left[slot] = left
        return (1.0 - left) / self.per_second

    def _slot(self, owner: int, start: int, now: float) -> int:
        places = [(start + step) % self._clients for step in range(_PROBES)]
        for slot in places:
            if self._owners[slot] == owner:
                return slot
        return max(places, key=lambda slot: self._now_left(slot, now) if self._owners[slot] else math.inf)

    def _now_left(self, slot: int, now: float) -> float:
        return min(self.burst, self._left[slot] + (now - self._times[slot]) * self.per_second)


def client_of(address: str | None, exempt: Sequence[Network]) -> str:
    """Who is counted together: an IPv4 address, or the /64 network of an IPv6 one; "" for whoever is not counted."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return ""  # a Unix socket: only a proxy on this machine connects to it
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    if any(found.version == network.version and found in network for network in exempt):
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))
    return str(found)


def networks(texts: Sequence[str], setting: str = "rate_exempt") -> tuple[Network, ...]:
    """Networks written as ``10.0.0.0/8`` or as one address.

    Raises:
        ValueError: If one cannot be read; the message names it and the setting.
    """
    try:
        return tuple(ipaddress.ip_network(text, strict=False) for text in texts)
    except ValueError as error:
        raise ValueError(f"{setting} must hold addresses or networks: {error}.") from None


class Admission:
    """Whether a client may ask now, by the settings of an application."""

    def __init__(self, settings: Settings) -> None:
        self._exempt = networks(settings.rate_exempt)
        self._limiter = RateLimiter(settings.rate_limit, settings.rate_burst)
        self._warn = not settings.trusted_proxies

    def wait(self, address: str | None, forwarded: bool) -> float:
        """Take one request of the client at an address: 0 if it may ask, else the seconds until it may.

        ``forwarded`` says that the request names another client, whom nobody may believe unless a proxy is trusted.
        """
        if forwarded and self._warn:
            self._warn = False
            log.warning(
                "Requests come through a proxy, but trusted_proxies is 0: clients cannot be told apart. "
                "Set MEDSEARCH_TRUSTED_PROXIES to the number of proxies."
            )
        client = client_of(address, self._exempt)
        return self._limiter.wait(client) if client else 0.0


def init_limits(app: Flask, settings: Settings) -> Admission | None:
    """Refuse clients that ask too much, with 429 and ``Retry-After``; health pages and static files are free."""
    if not settings.rate_limit:
        return None
    admission = Admission(settings)

    @app.before_request
    def limit() -> None:
        if request.blueprint in _FREE_BLUEPRINTS or request.path.startswith(_FREE_PATHS):
            return
        if seconds := admission.wait(request.remote_addr, "X-Forwarded-For" in request.headers):
            after = math.ceil(seconds)
            raise TooManyRequests(
                f"More than {settings.rate_limit} requests a minute come from your address. "
                f"Try again in {after} {'second' if after == 1 else 'seconds'}.",
                retry_after=after,
            )

    return admission
