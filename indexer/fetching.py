"""Fetch pages from the web: politely, within bounds, and never from where a stranger's page points inward.

Needs the packages of the extra ``[import]``: requests and protego.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

import requests
from protego import Protego
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ReadTimeoutError

from indexer import __version__
from indexer.sitemap import unpack

AGENT = "medsearch"  # the name that robots.txt may address
USER_AGENT = f"{AGENT}/{__version__} (medsearch corpus import; one page a second; honours robots.txt)"
PAUSE_SECONDS = 1.0  # between two requests to one host
MAX_PAUSE_SECONDS = 60.0  # a robots.txt that asks for more asks to be left alone
CONNECT_SECONDS, READ_SECONDS = 10.0, 20.0
MAX_SECONDS = 60.0  # of one request as a whole, however slowly it drips
MAX_REDIRECTS = 5  # RFC 9309 asks for at least five for robots.txt
MAX_ROBOTS_BYTES = 512_000  # RFC 9309 asks for at least 500 KiB
MAX_URL_CHARS = 2_000
_PORTS = {"http": 80, "https": 443}
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LATE = f"it did not end within {MAX_SECONDS:.0f} seconds"
_CHUNK = 1 << 16


class NotFetched(Exception):
    """An address was not read; ``str(error)`` is the reason, to go into a sentence."""


class Refusal(NotFetched):
    """It was not even asked for: it is not to be read at all."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered: the address after redirects, the media type without parameters, the bytes."""

    url: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Scope:
    """How far one source of the command line reaches.

    ``grant`` is the (host, port) that may be private, because a person named it; ``host`` is the only one to go to,
    empty for any.
    """

    grant: tuple[str, int] | None = None
    host: str = ""

    @classmethod
    def of(cls, url: str, *, one_host: bool = False) -> Scope:
        """Make the reach of an address that a person gave.

        Only an address or name that shows that it is private ("127.0.0.1", "localhost", "wiki.lan") is granted to be:
        a public name that leads inward is never followed there.
        """
        parts = split(url)
        host = parts.hostname or ""
        return cls((host, port_of(parts)) if names_private(host) else None, host if one_host else "")


def split(url: str) -> SplitResult:
    """Parts of an address that can be asked for.

    Raises:
        Refusal: If it is not http or https, names no host, carries a password, or cannot be read as an address.
    """
    if len(url) > MAX_URL_CHARS or any(c <= " " or c == "\x7f" for c in url):
        raise Refusal("it is no address: too long, or with spaces in it")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise Refusal("it is no address") from error
    if parts.scheme not in _PORTS:
        raise Refusal("only http and https addresses are read")
    if not parts.hostname:
        raise Refusal("it names no host")
    if parts.username is not None or parts.password is not None:
        raise Refusal("it has a name or password in it; give the address without")
    return parts


def port_of(parts: SplitResult) -> int:
    """Port of an address, also where it is not written."""
    return parts.port or _PORTS[parts.scheme]


def names_private(host: str) -> bool:
    """Whether a host says by itself that it is not on the public internet."""
    with suppress(ValueError):
        return not _is_public(host)
    return host == "localhost" or "." not in host or host.endswith(_PRIVATE_SUFFIXES)


def _is_public(address: str) -> bool:
    """Whether an IP address is on the public internet; ``ValueError`` for anything else."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return found.is_global and not found.is_multicast


# ---------------------------------------------------------------------------------------------------------------------
# Connections


class _Gate:
    """Looks at every connection before anything is sent on it, and can cut it when its time is up."""

    def __init__(self) -> None:
        self.scope = Scope()
        self.late = False  # whether the last deadline passed: what was read may lack its end
        self._open: list[socket.socket] = []

    def admit(self, sock: socket.socket, host: str, port: int) -> None:
        """Close and refuse a connection to a private address that nobody named.

        The address is that of the connection itself: a name that resolves differently a moment later gains nothing.
        """
        address = str(sock.getpeername()[0])
        if not _is_public(address) and (host, port) != self.scope.grant:
            sock.close()
            raise Refusal(f"{host} leads to the private address {address}; name that address itself if it is meant")
        self._open.append(sock.dup())  # a duplicate: TLS takes the socket itself over

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Cut every connection that is still open after so many seconds."""
        self.late = False
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            while self._open:
                self._open.pop().close()

    def _cut(self) -> None:
        self.late = True
        for sock in list(self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _GatedAdapter(HTTPAdapter):
    """The library's transport with the gate in every connection."""

    def __init__(self, gate: _Gate) -> None:
        class GatedHTTP(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                sock = super()._new_conn()
                gate.admit(sock, self.host, self.port)
                return sock

        class GatedHTTPS(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                sock = super()._new_conn()
                gate.admit(sock, self.host, self.port)
                return sock

        class HTTPPool(HTTPConnectionPool):
            ConnectionCls = GatedHTTP

        class HTTPSPool(HTTPSConnectionPool):
            ConnectionCls = GatedHTTPS

        self._pools = {"http": HTTPPool, "https": HTTPSPool}
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = self._pools


# ---------------------------------------------------------------------------------------------------------------------
# Requests


class Fetcher:
    """Reads addresses one at a time; remembers for each host its robots.txt and when it was last asked."""

    def __init__(self, pause: float = PAUSE_SECONDS) -> None:
        self._pause = pause
        self._gate = _Gate()
        self._session = requests.Session()
        # No proxies, passwords or certificates from the environment: the gate must see whom it talks to.
        self._session.trust_env = False
        self._session.headers.clear()
        self._session.headers.update(
            {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "gzip", "Connection": "close"}
        )
        for prefix in ("http://", "https://"):
            self._session.mount(prefix, _GatedAdapter(self._gate))
        self._robots: dict[str, Protego | str] = {}
        self._asked: dict[str, float] = {}

    def close(self) -> None:
        """Let go of all connections."""
        self._session.close()

    def fetch(self, url: str, limit: int, scope: Scope) -> Fetched:
        """Read what an address answers, after at most ``MAX_REDIRECTS`` redirects; robots.txt is asked at each host.

        Raises:
            NotFetched: If it may not be read, does not answer with status 200, or has more than ``limit`` bytes.
        """
        for _ in range(MAX_REDIRECTS + 1):
            parts = split(url)
            _within(parts, scope)
            pause = self._allowed(parts, url, scope)
            answer = self._ask(url, limit, scope, pause)
            if isinstance(answer, Fetched):
                return answer
            url = answer
        raise NotFetched(f"it redirects more than {MAX_REDIRECTS} times")

    def _allowed(self, parts: SplitResult, url: str, scope: Scope) -> float:
        """Seconds to leave between two requests to a host whose robots.txt allows this address."""
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._robots:
            self._robots[origin] = self._read_robots(origin, scope)
        robots = self._robots[origin]
        if isinstance(robots, str):
            raise Refusal(robots)
        if not robots.can_fetch(url, AGENT):
            raise Refusal(f"the robots.txt of {parts.netloc} does not allow it")
        wanted = float(robots.crawl_delay(AGENT) or 0)
        if wanted > MAX_PAUSE_SECONDS:
            raise Refusal(f"the robots.txt of {parts.netloc} asks for {wanted:.0f} seconds between two pages")
        return max(self._pause, wanted)

    def _read_robots(self, origin: str, scope: Scope) -> Protego | str:
        """Find the rules of a host, or why nothing of it may be read; no robots.txt, no rules (RFC 9309)."""
        url = f"{origin}/robots.txt"
        try:
            for _ in range(MAX_REDIRECTS + 1):
                _within(split(url), Scope(scope.grant))
                answer = self._ask(url, MAX_ROBOTS_BYTES, scope, self._pause, cut=True)
                if isinstance(answer, Fetched):
                    return Protego.parse(answer.data.decode("utf-8", "replace").lstrip("\ufeff"))
                url = answer
        except _Status as error:
            if 400 <= error.status < 500 and error.status != 429:
                return Protego.parse("")
            return f"the robots.txt of {origin} cannot be read ({error}), so nothing there is read"
        except Refusal as error:
            return str(error)
        except NotFetched as error:
            return f"the robots.txt of {origin} cannot be read ({error}), so nothing there is read"
        return Protego.parse("")  # redirects without end: as good as none

    def _wait(self, host: str, pause: float) -> None:
        ready = self._asked.get(host, float("-inf")) + pause
        if (left := ready - time.monotonic()) > 0:
            time.sleep(left)

    def _ask(self, url: str, limit: int, scope: Scope, pause: float, *, cut: bool = False) -> Fetched | str:
        """One request: what it answers, or where it redirects to."""
        host = split(url).netloc
        self._wait(host, pause)
        self._gate.scope = scope
        try:
            with self._gate.deadline(MAX_SECONDS):
                answer = self._read(url, limit, cut=cut)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise NotFetched(_LATE if self._gate.late else _reason(error)) from error
        else:
            if self._gate.late:
                raise NotFetched(_LATE)
            return answer
        finally:
            self._asked[host] = time.monotonic()

    def _read(self, url: str, limit: int, *, cut: bool) -> Fetched | str:
        with self._session.get(
            url, stream=True, allow_redirects=False, timeout=(CONNECT_SECONDS, READ_SECONDS)
        ) as response:
            if response.is_redirect:
                return urlunsplit(urlsplit(urljoin(url, response.headers["location"]))._replace(fragment=""))
            if response.status_code != 200:
                raise _Status(response.status_code)
            data = b"".join(_chunks(response.raw, limit, cut=cut))
            data = _decoded(data, response.headers.get("content-encoding", ""), limit)
            media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Fetched(url, media_type, data)


class _Status(NotFetched):
    def __init__(self, status: int) -> None:
        super().__init__(f"it answers with status {status}")
        self.status = status


def _within(parts: SplitResult, scope: Scope) -> None:
    host = parts.hostname or ""
    if scope.host and host.removeprefix("www.") != scope.host.removeprefix("www."):
        raise Refusal(f"it leads away from {scope.host}, to {host}")
    if names_private(host) and (host, port_of(parts)) != scope.grant:
        raise Refusal(f"it leads to the private address {parts.netloc}; name that address itself if it is meant")


def _chunks(raw: Any, limit: int, *, cut: bool) -> Iterator[bytes]:
    """Bytes as they arrive, still packed; past the limit a part that will do is cut off, anything else refused."""
    left = limit
    # read1 returns what has arrived; read would wait for the full amount and never look at the clock.
    while chunk := raw.read1(_CHUNK, decode_content=False):
        left -= len(chunk)
        if left < 0:
            if cut:
                yield chunk[:left]
                return
            raise NotFetched(f"it is larger than {limit / 1e6:.1f} MB")
        yield chunk
    announced = raw.headers.get("content-length", "")
    if announced.isdigit() and limit - left < int(announced):
        raise NotFetched("it ended before all of it had arrived")


def _decoded(data: bytes, encoding: str, limit: int) -> bytes:
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return data
    if encoding in ("gzip", "x-gzip"):
        return unpack(data, limit)
    raise NotFetched(f"it comes compressed as {encoding[:30]!r}, which was not asked for")


def _reason(error: Exception) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate cannot be trusted"
    if isinstance(error, requests.exceptions.Timeout | ReadTimeoutError | TimeoutError):
        return f"it did not answer within {READ_SECONDS:.0f} seconds"
    text = str(error)
    if "NameResolution" in text or "getaddrinfo" in text:
        return "its host has no address"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "no connection to its host"
    if isinstance(error, requests.RequestException | HTTPError | OSError):
        return "it broke off or answered with something that is not HTTP"
    return text or "it cannot be read"
