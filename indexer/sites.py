"""Read the pages of a web site that one address or one sitemap names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote, urlsplit

from indexer.corpus import MAX_FILE_BYTES, printable
from indexer.fetching import PAUSE_SECONDS, Fetcher, NotFetched, Refusal, Scope
from indexer.shelf import Found, Outcome, left_out
from indexer.sitemap import MAX_SITEMAP_BYTES, NoSitemap, Sitemap, read_sitemap
from indexer.slug import unique_slug

MAX_SITEMAPS = 1_000  # reached from one address
MAX_FAILURES = 20  # in a row; a host that answers nothing else is left alone
MAX_NAME_CHARS = 120
_SUFFIXES = {"text/plain": ".txt", "text/markdown": ".md", "text/x-markdown": ".md"}
_PAGE_TYPES = frozenset(("text/html", "application/xhtml+xml", "", *_SUFFIXES))
_FRONT_PAGES = frozenset(("index", "default", "home"))
_PAGE_SUFFIX = re.compile(r"\.(?:html?|xhtml|shtml|jhtml|php\d?|aspx?|jspx?|cgi|do|txt|md|markdown)$", re.IGNORECASE)
_SITEMAP = re.compile(r"\.xml(?:\.gz)?$", re.IGNORECASE)


class Sites:
    """Fetches what addresses name, one page after the other.

    ``known`` tells the path of a page that is there already and need not be asked for, else an empty text.
    """

    def __init__(self, known: Callable[[str], str], pause: float = PAUSE_SECONDS) -> None:
        self._known = known
        self._fetcher = Fetcher(pause)

    def close(self) -> None:
        """Let go of all connections."""
        self._fetcher.close()

    def read(self, source: str) -> Iterator[Found | Outcome]:
        """Fetch the page at an address, or every page of the sitemap there (its path ends in .xml or .xml.gz)."""
        source = source.partition("#")[0]
        try:
            is_sitemap = _SITEMAP.search(urlsplit(source).path) is not None
            scope = Scope.of(source, one_host=is_sitemap)
        except (NotFetched, ValueError) as error:
            yield left_out(source, str(error) if isinstance(error, NotFetched) else "it is no address")
            return
        if is_sitemap:
            yield from self._all_pages(source, scope)
        else:
            yield self._page(source, scope)[0]

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
            if elsewhere := sum(not _on_host(each, scope.host) for each in listed.pages):
                yield left_out(address, f"{elsewhere:,} of its pages are on other hosts than {scope.host}")
            for page in pages:
                outcome, answered = self._page(page, scope)
                yield outcome
                silent = 0 if answered else silent + 1
                if silent >= MAX_FAILURES:
                    yield left_out(address, f"{silent} pages in a row could not be read; the rest was not asked for")
                    return
        if waiting:
            yield left_out(source, f"it leads to more than {MAX_SITEMAPS:,} sitemaps; the rest was not read")

    def _sitemap(self, address: str, scope: Scope) -> Sitemap | Outcome:
        try:
            found = read_sitemap(self._fetcher.fetch(address, MAX_SITEMAP_BYTES, scope).data)
        except (NotFetched, NoSitemap) as error:
            return left_out(address, str(error))
        return found if found.pages or found.sitemaps else left_out(address, "the sitemap is empty")

    def _page(self, address: str, scope: Scope) -> tuple[Found | Outcome, bool]:
        """Fetch one page; also whether its host answered, or was not even asked."""
        if path := self._known(address):
            return left_out(address, f"it is there already as {path}; --replace fetches it again"), True
        try:
            answer = self._fetcher.fetch(address, MAX_FILE_BYTES, scope)
        except NotFetched as error:
            return left_out(address, str(error)), isinstance(error, Refusal)
        if answer.media_type not in _PAGE_TYPES:
            return left_out(address, f"it is {printable(answer.media_type)[:60]}, not a page"), True
        suffix = _SUFFIXES.get(answer.media_type, ".html")
        return Found(address, address, name_of_address(address), suffix, answer.data), True


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


def _on_host(address: str, host: str) -> bool:
    try:
        found = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return found.removeprefix("www.") == host.removeprefix("www.")
