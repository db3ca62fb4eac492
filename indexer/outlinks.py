"""Read where a page leads, for whoever follows its links."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from lxml import etree  # type: ignore[import-untyped]

from indexer.decode import decode
from indexer.robots import META_NAMES, directives, unfollowed, unlisted

MAX_LINKS = 5_000  # of one page; the longest directory of a real site has some hundreds
_PORTS = {"http": 80, "https": 443}
_IN_PATH = "/%:@!$&'()*+,;=~"  # "%" because what is quoted already stays so
_IN_QUERY = _IN_PATH + "?"


@dataclass(frozen=True, slots=True)
class Outlinks:
    """Addresses that a page leads to, each once and in order; ``index`` is False where it asks to be left out."""

    addresses: tuple[str, ...] = ()
    index: bool = True


def outlinks(data: bytes, url: str) -> Outlinks:
    """Read the links of an HTML page that stands at an address.

    A link that is marked ``nofollow`` is left out, all of them where the page says so in ``<meta name="robots">``.
    What cannot be read as a page has none. Only web addresses are given, without their fragment.
    """
    try:
        parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
        root = etree.fromstring(decode(data).text.replace("\0", "").encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return Outlinks()
    if root is None:
        return Outlinks()
    asked = directives(
        each.get("content") or ""
        for each in root.iter("meta")
        if (each.get("name") or "").strip().lower() in META_NAMES
    )
    index = not unlisted(asked)
    if unfollowed(asked):
        return Outlinks((), index)
    base = next((each.get("href") for each in root.iter("base") if each.get("href")), "")
    base = joined(url, base) or url
    found: dict[str, None] = {}
    for element in root.iter("a", "area"):
        href = (element.get("href") or "").strip()
        if href and not href.startswith("#") and "nofollow" not in (element.get("rel") or "").lower().split():
            found[joined(base, href)] = None
        if len(found) > MAX_LINKS:
            break
    found.pop("", None)
    return Outlinks(tuple(found)[:MAX_LINKS], index)


def joined(base: str, href: str) -> str:
    """Web address that a link means, as a browser would send it; empty for anything else.

    Fragment and needless port are gone, characters that no address may hold are quoted.
    """
    try:
        parts = urlsplit(urljoin(base, href))
        if parts.scheme not in _PORTS or not parts.hostname:
            return ""
        netloc = parts.netloc.lower() if "@" not in parts.netloc else parts.netloc
        netloc = netloc.removesuffix(f":{_PORTS[parts.scheme]}")
        path, query = quote(parts.path, safe=_IN_PATH) or "/", quote(parts.query, safe=_IN_QUERY)
        return urlunsplit((parts.scheme, netloc, path, query, ""))
    except ValueError:
        return ""


def same_page(address: str) -> str:
    """What addresses of one page have in common: its scheme and a "www." make no difference."""
    parts = urlsplit(address)
    return urlunsplit(("", parts.netloc.removeprefix("www."), parts.path or "/", parts.query, ""))
