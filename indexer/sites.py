"""Read the pages of a web site: one address, the pages of a sitemap, or all that links lead to."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from indexer.corpus import COMPANION_SUFFIXES, MAX_FILE_BYTES
from indexer.counted import counted
from indexer.decode import ENCODINGS, declares_encoding, decode
from indexer.fetching import (
    PAUSE_SECONDS,
    BadStatus,
    Fetched,
    Fetcher,
    NoPage,
    Spent,
    Unchanged,
)
from indexer.outlinks import joined, outlinks, same_page
from indexer.reach import NotFetched, Refusal, Scope
from indexer.shelf import Found, Kept, Outcome, Shelf, left_out, passed_over
from indexer.sitemap import MAX_SITEMAP_BYTES, NoSitemap, Sitemap, read_sitemap
from indexer.slug import unique_slug

MAX_SITEMAPS = 1_000  # reached from one address
MAX_FAILURES = 20  # in a row; a host that answers nothing else is left alone
MAX_WAITING = 100_000  # addresses that a crawl knows of; a calendar without end has more
MAX_NAME_CHARS = 120
TOO_MANY_REQUESTS = 429
_SUFFIXES = {"text/plain": ".txt", "text/markdown": ".md", "text/x-markdown": ".md"}
_PAGE_TYPES = frozenset(("text/html", "application/xhtml+xml", "", *_SUFFIXES))
_FRONT_PAGES = frozenset(("index", "default", "home"))
_PAGE_SUFFIX = re.compile(r"\.(?:html?|xhtml|shtml|jhtml|php\d?|aspx?|jspx?|cgi|do|txt|md|markdown)$", re.IGNORECASE)
_SITEMAP = re.compile(r"\.xml(?:\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What became of one address, and the bytes and address that its links are to be read from.

    ``silent`` when its host gave nothing one can use, ``halt`` when nothing more is to be asked for.
    """

    outcome: Found | Outcome
    data: bytes = b""
    url: str = ""
    silent: bool = False
    halt: bool = False


class Sites:
    """Fetches what addresses name, one page after the other; a page that the shelf has is not fetched for nothing.

    ``listed`` is how many pages are known of so far, for a progress bar.
    """

    def __init__(
        self,
        shelf: Shelf,
        pause: float = PAUSE_SECONDS,
        *,
        crawl: bool = False,
        depth: int = 10,
        limit: int = 10_000,
        max_bytes: float = float("inf"),
    ) -> None:
        self._shelf = shelf
        self._fetcher = Fetcher(pause, max_bytes)
        self._crawls, self._depth, self._limit = crawl, depth, limit
        self.listed = 0

    def close(self) -> None:
        """Let go of all connections."""
        self._fetcher.close()

    def read(self, source: str) -> Iterator[Found | Outcome]:
        """Fetch every page of the sitemap at an address (its path ends in .xml or .xml.gz), else the page there.

        With ``crawl`` the links of a page are followed too, on its host and as far as the bounds reach.
        """
        source = source.partition("#")[0]
        try:
            is_sitemap = _SITEMAP.search(urlsplit(source).path) is not None
            scope = Scope.of(source, one_host=is_sitemap or self._crawls)
        except (NotFetched, ValueError) as error:
            yield left_out(source, str(error) if isinstance(error, NotFetched) else "it is no address")
            return
        if is_sitemap:
            yield from self._all_pages(source, scope)
        elif self._crawls:
            yield from self._all_links(source, scope)
        else:
            self.listed += 1
            yield self._page(source, scope).outcome

    # -----------------------------------------------------------------------------------------------------------------
    # Sitemaps

    def _all_pages(self, source: str, scope: Scope) -> Iterator[Found | Outcome]:
        """Fetch the pages of a sitemap and of the sitemaps it lists, as far as they are on its host."""
        seen, waiting, silent = {source}, [source], 0
        for _ in range(MAX_SITEMAPS):
            if not waiting:
                return
            address = waiting.pop(0)
            listed = self._sitemap(address, scope)
            if isinstance(listed, Outcome):
                yield listed
                continue
            waiting += [each for each in listed.sitemaps if each not in seen][:MAX_SITEMAPS]
            pages = [each for each in listed.pages if each not in seen and _on_host(each, scope.host)]
            seen.update(pages, listed.sitemaps)
            self.listed += len(pages)
            if elsewhere := sum(not _on_host(each, scope.host) for each in listed.pages):
                yield left_out(
                    address,
                    f"{counted(elsewhere, 'of its pages is', 'of its pages are')} on other hosts than {scope.host}",
                )
            for page in pages:
                answer = self._page(page, scope)
                yield answer.outcome
                silent = silent + 1 if answer.silent else 0
                if answer.halt or silent >= MAX_FAILURES:
                    yield _halted(address, silent)
                    return
        if waiting:
            yield left_out(source, f"it leads to more than {MAX_SITEMAPS:,} sitemaps; the rest was not read")

    def _sitemap(self, address: str, scope: Scope) -> Sitemap | Outcome:
        try:
            found = read_sitemap(self._fetcher.fetch(address, MAX_SITEMAP_BYTES, scope).data)
        except (NotFetched, NoSitemap) as error:
            return left_out(address, str(error))
        return found if found.pages or found.sitemaps else left_out(address, "the sitemap is empty")

    # -----------------------------------------------------------------------------------------------------------------
    # Links

    def _all_links(self, source: str, scope: Scope) -> Iterator[Found | Outcome]:
        """Fetch a page and what its links lead to, the nearest first.

        A page that is there already and is not asked for again gives its links all the same, from its file: so a run
        that was interrupted goes on where it stopped.
        """
        start = joined(source, "") or source
        seen, waiting, silent, asked = {same_page(start)}, deque([(start, 0)]), 0, 0
        self.listed += 1
        while waiting:
            address, steps = waiting.popleft()
            if asked >= self._limit:
                yield left_out(
                    source, f"{counted(asked, 'address was', 'addresses were')} asked for, the limit; the rest was not"
                )
                return
            kept = self._shelf.known(address)
            asked += kept is None or self._shelf.asks_again(kept)
            answer = self._page(address, scope, linked=steps > 0)
            links = outlinks(answer.data, answer.url) if answer.data else None
            if steps and links and not links.index:
                yield passed_over(address, "it asks to be left out of indexes (meta robots)")
            else:
                yield answer.outcome
            silent = silent + 1 if answer.silent else 0
            if answer.halt or silent >= MAX_FAILURES:
                yield _halted(source, silent)
                return
            if answer.url:
                seen.add(same_page(answer.url))
            if links is None or steps >= self._depth:
                continue
            for link in links.addresses:
                if len(seen) < MAX_WAITING and _may_be_page(link, start) and same_page(link) not in seen:
                    seen.add(same_page(link))
                    waiting.append((link, steps + 1))
                    self.listed += 1

    # -----------------------------------------------------------------------------------------------------------------
    # Pages

    def _page(self, address: str, scope: Scope, *, linked: bool = False) -> _Answer:
        """Fetch one page, or find it on the shelf; of what is only linked, a refusal is nothing to worry about."""
        kept = self._shelf.known(address)
        if kept and not self._shelf.asks_again(kept):
            reason = f"it is there already as {kept.path}; --replace asks whether it has changed"
            return self._kept(kept, reason)
        etag, modified = self._shelf.marks(kept) if kept else ("", "")
        try:
            answer = self._fetcher.fetch(
                address, MAX_FILE_BYTES, scope, types=_PAGE_TYPES, etag=etag, modified=modified
            )
        except Unchanged as error:
            return self._kept(kept, f"{error}, {kept.path} stays") if kept else _Answer(left_out(address, str(error)))
        except NotFetched as error:
            stays = f"; {kept.path}, fetched on {kept.date}, stays" if kept else ""
            halt = isinstance(error, Spent) or (isinstance(error, BadStatus) and error.status == TOO_MANY_REQUESTS)
            refused = isinstance(error, Refusal | NoPage)
            word = passed_over if linked and refused else left_out
            return _Answer(word(address, str(error) + stays), silent=not refused, halt=halt)
        data = _readable(answer)
        suffix = _SUFFIXES.get(answer.media_type, ".html")
        base = answer.url if answer.url != address else ""
        found = Found(address, address, name_of_address(address), suffix, data, "", answer.etag, answer.modified, base)
        return _Answer(found, data if suffix == ".html" else b"", answer.url)

    def _kept(self, kept: Kept, reason: str) -> _Answer:
        data = self._shelf.bytes_of(kept) if self._crawls and kept.path.endswith(".html") else b""
        return _Answer(passed_over(kept.address, reason), data, kept.base or kept.address)


def _readable(answer: Fetched) -> bytes:
    """Bytes of a page as they came; as UTF-8 with a byte order mark where only the server knew their encoding.

    A file has no headers: what they say about it would be lost, and the encoding a guess.
    """
    data, charset = answer.data, answer.charset
    if charset.lower() not in ENCODINGS or declares_encoding(data):
        return data
    told, guessed = decode(data, charset), decode(data)
    return data if told.text == guessed.text else b"\xef\xbb\xbf" + told.text.encode("utf-8", "replace")


def _halted(source: str, silent: int) -> Outcome:
    if silent >= MAX_FAILURES:
        return left_out(source, f"{silent} pages in a row could not be read; the rest was not asked for")
    return left_out(source, "the rest was not asked for; the same command goes on with it")


def name_of_address(address: str) -> str:
    """File name, without suffix, for the page at an address: its path and query as one word, else its host."""
    parts = urlsplit(address)
    steps = [unquote(step) for step in parts.path.split("/") if step]
    if steps:
        steps[-1] = _PAGE_SUFFIX.sub("", steps[-1])
        if steps[-1].lower() in _FRONT_PAGES:
            steps.pop()
    if parts.query:
        steps.append(unquote(parts.query))
    name = "-".join(unique_slug(step, MAX_NAME_CHARS) for step in steps)
    return unique_slug(name or parts.hostname or "page", MAX_NAME_CHARS)


def _may_be_page(address: str, start: str) -> bool:
    """Whether a link is worth asking for: on the host of the start, and by its name no picture, style or download."""
    there, here = urlsplit(address), urlsplit(start)
    if there.netloc.removeprefix("www.") != here.netloc.removeprefix("www."):
        return False
    name = there.path.rpartition("/")[2].lower()
    return "." not in name or "." + name.rpartition(".")[2] not in COMPANION_SUFFIXES


def _on_host(address: str, host: str) -> bool:
    try:
        found = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return found.removeprefix("www.") == host.removeprefix("www.")
