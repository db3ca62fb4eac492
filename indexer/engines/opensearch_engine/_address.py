"""Where a cluster is and how to be let in: one address, and secrets from the environment or a file."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

from indexer.errors import QueryError

SCHEMES = ("opensearch", "opensearch+https")
USER, PASSWORD = "MEDSEARCH_ENGINE_USER", "MEDSEARCH_ENGINE_PASSWORD"
PASSWORD_FILE, AUTHORITY = "MEDSEARCH_ENGINE_PASSWORD_FILE", "MEDSEARCH_ENGINE_CA"
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address. ``shown`` is safe in messages; it never holds a secret.

    Attributes:
        hosts: Base addresses of the nodes, tried in turn.
        name: The alias under which the index is served; generations are ``name-…`` beside it.
        shards: Primary shards of a new generation.
        replicas: Copies of each shard, or None: one where the cluster has a second node.
        user, password: Empty when the cluster asks for none.
        authority: File with the certificates to trust, empty for those of the system.
    """

    shown: str
    hosts: tuple[str, ...]
    name: str
    shards: int = 1
    replicas: int | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    authority: str = ""

    @property
    def encrypted(self) -> bool:
        """Whether calls go by TLS."""
        return self.hosts[0].startswith("https:")

    def trust(self) -> ssl.SSLContext:
        """What certificates are checked against: the file of authorities, or those of the system."""
        return _trust(self.authority)


def parse(address: str, environment: Mapping[str, str] | None = None) -> Address:
    """Read ``opensearch://host:9200,host:9200/name?shards=3&replicas=1`` (``opensearch+https://`` for TLS).

    Raises:
        QueryError: Naming the part that is wrong.
    """
    values = os.environ if environment is None else environment
    scheme, _, rest = address.partition("://")
    where, slash, tail = rest.partition("/")
    name, _, options = tail.partition("?")
    if "@" in where:
        raise QueryError(f"Credentials do not belong into the address of an engine: set {USER} and {PASSWORD_FILE}.")
    if scheme not in SCHEMES or not where or not slash:
        raise _wrong(address, "it has the form opensearch://host:9200/name")
    if not _NAME.fullmatch(name):
        raise _wrong(address, f"the name {name!r} is not made of small letters, digits and _")
    protocol = "https" if scheme.endswith("https") else "http"
    authority = values.get(AUTHORITY, "")
    if authority and protocol == "https":
        _trust(authority)  # a file that cannot be read is told of now, not at the first search
    shards, replicas = _options(address, options)
    return Address(
        shown=f"{scheme}://{where}/{name}",
        hosts=tuple(_host(address, protocol, each) for each in where.split(",")),
        name=name,
        shards=shards,
        replicas=replicas,
        user=values.get(USER, ""),
        password=_password(values),
        authority=authority,
    )


def _host(address: str, protocol: str, text: str) -> str:
    found = _HOST.fullmatch(text.strip())
    if found is None or int(found[2] or 9200) > 65535:
        raise _wrong(address, f"{text!r} is not a host with a port")
    return f"{protocol}://{found[1]}:{found[2] or 9200}"


def _options(address: str, text: str) -> tuple[int, int | None]:
    numbers: dict[str, int] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name not in ("shards", "replicas"):
            raise _wrong(address, f"{name!r} is no option. Known: shards, replicas")
        if not value.isascii() or not value.isdigit():
            raise _wrong(address, f"{name}={value!r} is not a number")
        numbers[name] = int(value)
    shards = numbers.get("shards", 1)
    if not 1 <= shards <= 1024:
        raise _wrong(address, "shards is a number from 1 to 1024")
    return shards, numbers.get("replicas")


def _password(values: Mapping[str, str]) -> str:
    if path := values.get(PASSWORD_FILE, ""):
        try:
            return Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise QueryError(f"{PASSWORD_FILE}: {path} cannot be read: {reason}.") from error
    return values.get(PASSWORD, "")


def _trust(authority: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority or None)
    except ssl.SSLError as error:
        raise QueryError(f"{AUTHORITY}: {authority} holds no certificates in PEM form.") from error
    except OSError as error:
        raise QueryError(f"{AUTHORITY}: {authority} cannot be read: {error.strerror or error}.") from error


def _wrong(address: str, reason: str) -> QueryError:
    return QueryError(f"The engine address {address!r} cannot be read: {reason}.")
