"""Which addresses may be asked for at all: how far one source reaches, and what is private."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

MAX_URL_CHARS = 2_000
_PORTS = {"http": 80, "https": 443}
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class NotFetched(Exception):
    """An address was not read; ``str(error)`` is the reason, to go into a sentence."""


class Refusal(NotFetched):
    """It was not even asked for: it is not to be read at all."""


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
        return not is_public(host)
    return host == "localhost" or "." not in host or host.endswith(_PRIVATE_SUFFIXES)


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet; ``ValueError`` for anything else."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return found.is_global and not found.is_multicast


def within(parts: SplitResult, scope: Scope) -> None:
    """Let an address pass that a source may reach; ``Refusal`` for any other."""
    host = parts.hostname or ""
    if scope.host and host.removeprefix("www.") != scope.host.removeprefix("www."):
        raise Refusal(f"it leads away from {scope.host}, to {host}")
    if names_private(host) and (host, port_of(parts)) != scope.grant:
        raise Refusal(f"it leads to the private address {parts.netloc}; name that address itself if it is meant")
