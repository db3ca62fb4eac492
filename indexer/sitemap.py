"""Read the addresses out of a sitemap."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass

from lxml import etree  # type: ignore[import-untyped]

MAX_SITEMAP_BYTES = 52_428_800  # uncompressed; the protocol's own limit
MAX_ADDRESSES = 50_000  # of one file; the protocol's own limit
MAX_MEMBERS = 64  # gzip files behind each other; each costs a copy of the rest
GZIP = b"\x1f\x8b"
_ROOTS = ("urlset", "sitemapindex")


class NoSitemap(ValueError):
    """What was read is no sitemap; ``str(error)`` is the reason, to go into a sentence."""


@dataclass(frozen=True, slots=True)
class Sitemap:
    """Addresses of pages, and of further sitemaps when it is an index; in their order, each once."""

    pages: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()


def read_sitemap(data: bytes) -> Sitemap:
    """Read a sitemap or a sitemap index, plain or gzipped.

    Nothing outside of the bytes is read and no entity is expanded: a hostile file costs no more than its size.

    Raises:
        NoSitemap: If it is not XML, is no sitemap, or is larger than the protocol allows.
    """
    if data.startswith(GZIP):
        try:
            data = unpack(data, MAX_SITEMAP_BYTES)
        except ValueError as error:
            raise NoSitemap(str(error)) from error
    found: dict[str, dict[str, None]] = {"url": {}, "sitemap": {}}
    events = etree.iterparse(
        io.BytesIO(data), tag=("{*}url", "{*}sitemap"), resolve_entities=False, no_network=True, load_dtd=False
    )
    try:
        for _, element in events:
            location = element.find("{*}loc")
            if location is not None and not len(location) and (location.text or "").strip():
                found[_name(element)][location.text.strip()] = None
            element.clear()
            while element.getprevious() is not None:  # what was read is let go, so that memory stays flat
                del element.getparent()[0]
            if len(found["url"]) + len(found["sitemap"]) > MAX_ADDRESSES:
                raise NoSitemap(f"it has more than {MAX_ADDRESSES:,} addresses")
    except etree.XMLSyntaxError as error:
        raise NoSitemap(f"it is not well-formed XML ({error.msg})") from error
    if _name(events.root) not in _ROOTS:
        raise NoSitemap(f"it is XML, but its root is <{_name(events.root)}> and not <urlset> or <sitemapindex>")
    return Sitemap(tuple(found["url"]), tuple(found["sitemap"]))


def unpack(data: bytes, limit: int) -> bytes:
    """Unpack gzip or zlib, no further than ``limit`` bytes.

    Raises:
        ValueError: If it is damaged or would be larger; the message is a reason, to go into a sentence.
    """
    parts: list[bytes] = []
    room = limit + 1
    try:
        for _ in range(MAX_MEMBERS):
            if not data or room <= 0:
                break
            reader = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, whichever it is
            part = reader.decompress(data, room)
            parts.append(part)
            room -= len(part)
            if not reader.eof and room > 0:
                raise ValueError("it is compressed, and its end is missing")
            data = reader.unused_data.lstrip(b"\0")  # gzip files may stand behind each other
        else:
            raise ValueError("it is compressed in too many pieces")
    except zlib.error as error:
        raise ValueError("it is compressed, and damaged") from error
    if room <= 0:
        raise ValueError(f"it is larger than {limit / 1e6:.0f} MB once unpacked")
    return b"".join(parts)


def _name(element: etree._Element) -> str:
    return str(etree.QName(element).localname)
