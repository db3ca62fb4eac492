"""Fetch pages from the web: politely, within bounds, and never from where a stranger's page points inward.

Needs the packages of the extra ``[import]``: requests and protego.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

import requests
from protego import Protego
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ReadTimeoutError

from indexer import __version__
from indexer.corpus import printable
from indexer.reach import NotFetched, Refusal, Scope, is_public, split, within
from indexer.sitemap import unpack

AGENT = "medsearch"  # the name that robots.txt may address
USER_AGENT = f"{AGENT}/{__version__} (medsearch corpus import; one page a second; honours robots.txt)"
PAUSE_SECONDS = 1.0  # between two requests to one host
MAX_PAUSE_SECONDS = 60.0  # a robots.txt that asks for more asks to be left alone
CONNECT_SECONDS, READ_SECONDS = 10.0, 20.0
MAX_SECONDS = 60.0  # of one request as a whole, however slowly it drips
MAX_REDIRECTS = 5  # RFC 9309 asks for at least five for robots.txt
MAX_ROBOTS_BYTES = 512_000  # RFC 9309 asks for at least 500 KiB
MAX_MARK_CHARS = 200  # of an ETag or a date; a longer one is not remembered
_LATE = f"it did not end within {MAX_SECONDS:.0f} seconds"
_CHUNK = 1 << 16


class NoPage(NotFetched):
    """It is there, and something else than what was wanted."""


class Unchanged(NotFetched):
    """There is no other version than the one that is known."""


class Spent(NotFetched):
    """All the bytes that may be read have been read."""


class BadStatus(NotFetched):
    """It answers, but not with what is there; ``status`` is the number of HTTP."""

    def __init__(self, status: int) -> None:
        super().__init__(f"it answers with status {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered.

    ``url`` is the address after redirects, ``media_type`` is without parameters, ``charset`` what the server calls the
    encoding. ``etag`` and ``modified`` mark this version, as the server words them. All may be empty but the address.
    """

    url: str
    media_type: str
    data: bytes
    charset: str = ""
    etag: str = ""
    modified: str = ""


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
        if not is_public(address) and (host, port) != self.scope.grant:
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
    """Reads addresses one at a time; remembers for each host its robots.txt and when it was last asked.

    ``max_bytes`` is what it reads in its life, as it comes over the line; the answer that passes it is still read.
    """

    def __init__(self, pause: float = PAUSE_SECONDS, max_bytes: float = float("inf")) -> None:
        self._pause = pause
        self._left = max_bytes
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

    def fetch(
        self,
        url: str,
        limit: int,
        scope: Scope,
        *,
        types: Container[str] | None = None,
        etag: str = "",
        modified: str = "",
    ) -> Fetched:
        """Read what an address answers, after at most ``MAX_REDIRECTS`` redirects; robots.txt is asked at each host.

        Args:
            url: The address.
            limit: Bytes to read at most.
            scope: Where redirects may lead.
            types: Media types that are wanted; of others nothing but the headers is read. None: any.
            etag: Mark of the version that is known, from an earlier answer.
            modified: The same as a time, in the server's own words.

        Raises:
            Unchanged: If the server says that the known version is the current one.
            Spent: If all the bytes that this fetcher may read have been read; nothing was asked for.
            NotFetched: If it may not be read, does not answer with status 200, or has more than ``limit`` bytes.
        """
        known = {"If-None-Match": etag, "If-Modified-Since": modified}
        known = {name: value for name, value in known.items() if value}
        for _ in range(MAX_REDIRECTS + 1):
            parts = split(url)
            within(parts, scope)
            pause = self._allowed(parts, url, scope)
            answer = self._ask(url, limit, scope, pause, types=types, known=known)
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
                within(split(url), Scope(scope.grant))
                answer = self._ask(url, MAX_ROBOTS_BYTES, scope, self._pause, cut=True)
                if isinstance(answer, Fetched):
                    return Protego.parse(answer.data.decode("utf-8", "replace").lstrip("\ufeff"))
                url = answer
        except BadStatus as error:
            if 400 <= error.status < 500 and error.status != 429:
                return Protego.parse("")
            return f"the robots.txt of {origin} cannot be read ({error}), so nothing there is read"
        except Spent:
            raise
        except Refusal as error:
            return str(error)
        except NotFetched as error:
            return f"the robots.txt of {origin} cannot be read ({error}), so nothing there is read"
        return Protego.parse("")  # redirects without end: as good as none

    def _wait(self, host: str, pause: float) -> None:
        ready = self._asked.get(host, float("-inf")) + pause
        if (left := ready - time.monotonic()) > 0:
            time.sleep(left)

    def _ask(
        self,
        url: str,
        limit: int,
        scope: Scope,
        pause: float,
        *,
        cut: bool = False,
        types: Container[str] | None = None,
        known: dict[str, str] | None = None,
    ) -> Fetched | str:
        """One request: what it answers, or where it redirects to."""
        if self._left <= 0:
            raise Spent("all that may be read in one run has been read")
        host = split(url).netloc
        self._wait(host, pause)
        self._gate.scope = scope
        try:
            with self._gate.deadline(MAX_SECONDS):
                answer = self._read(url, limit, cut=cut, types=types, known=known or {})
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise NotFetched(_LATE if self._gate.late else _reason(error)) from error
        else:
            if self._gate.late:
                raise NotFetched(_LATE)
            return answer
        finally:
            self._asked[host] = time.monotonic()

    def _read(
        self, url: str, limit: int, *, cut: bool, types: Container[str] | None, known: dict[str, str]
    ) -> Fetched | str:
        with self._session.get(
            url, headers=known, stream=True, allow_redirects=False, timeout=(CONNECT_SECONDS, READ_SECONDS)
        ) as response:
            headers = response.headers
            if response.is_redirect:
                return urlunsplit(urlsplit(urljoin(url, headers["location"]))._replace(fragment=""))
            if response.status_code == 304 and known:
                raise Unchanged("it has not changed")
            if response.status_code != 200:
                raise BadStatus(response.status_code)
            media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
            if types is not None and media_type not in types:
                raise NoPage(f"it is {printable(media_type)[:60]}, not a page")
            parts = []
            for chunk in _chunks(response.raw, limit, cut=cut):
                self._left -= len(chunk)
                parts.append(chunk)
            data = _decoded(b"".join(parts), headers.get("content-encoding", ""), limit)
            announced = Message()
            announced["content-type"] = headers.get("content-type", "")
            marks = (_mark(headers.get(name, "")) for name in ("etag", "last-modified"))
            return Fetched(url, media_type, data, announced.get_content_charset(""), *marks)


def _mark(text: str) -> str:
    """Mark of a version that can stand in a line of a table and in a header, or an empty text."""
    return text if len(text) <= MAX_MARK_CHARS and text.isascii() and text.isprintable() else ""


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
