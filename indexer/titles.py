"""Which title a page has, and whether two are the same."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from urllib.parse import urlsplit

from indexer.cleaning import clean
from indexer.visible import OUTSIDE, Reading, VisibleLine

MAX_TITLE_CHARS = 300
SITE_CHARS = 5  # of a part of a host that may be the name of a site: "www" and "en" are none
_SKIP = re.compile(r"skip |跳", re.IGNORECASE)
_COPYRIGHT = re.compile(
    r"(?:©|\(c\)|copyright)[\s©(c)]*(?:\d{4}(?:\s*[-–—]\s*\d{2,4})?)?[\s,]*([^.|,。，]{2,60})", re.IGNORECASE
)
_TITLE_SEPARATOR = re.compile(r"\s+[|–—_·•»:-]\s+|\s*[|_｜]\s*|\s+-\s*")
_NO_TITLE = re.compile(
    r"^(?:untitled(?: document| page)?|document|new page.*|home(?: ?page)?|index|welcome|default|404.*|page not found.*"
    r"|无标题.*|新建网页.*|首页)?$",
    re.IGNORECASE,
)


def title_key(text: str) -> str:
    """Letters, digits and Han characters of a title in lower case: equal for two spellings of one title."""
    return "".join(c for c in clean(text).casefold() if c.isalnum())


def title_of(reading: Reading, lines: Sequence[VisibleLine], path: str) -> tuple[str, str]:
    """The most trusted title of a page and where it stands; the latter is empty if only the file's name is left."""
    h1 = next((line.text for line in lines if line.role == "heading" and line.level == 1), "")
    # A page may keep its <h1> in the site's header, outside of <main>.
    h1 = h1 or next(
        (line.text for line in reading.lines if line.level == 1 and line.cut in (OUTSIDE, "site header")), ""
    )
    candidates = [*reading.titles, ("h1", h1)]
    # Further down a heading may be any word of the title: "Visa - Documents" has a section "Visa".
    headings = {title_key(h1), title_key(next((line.text for line in lines if line.role == "heading"), ""))} - {""}
    sites = _site_names(reading)
    for source, text in ((source, text[: MAX_TITLE_CHARS * 2]) for source, text in candidates):
        text = text if source in ("JSON-LD", "h1") else _less_site(text, sites, headings)
        if not _NO_TITLE.match(text):
            return text[:MAX_TITLE_CHARS], source
    stem = re.sub(r"[-_+\s]+", " ", path.rpartition("/")[2].rpartition(".")[0]).strip()
    words = [word for word in stem.split() if len(word) > 1 and word.isalpha()]
    # A file name is a title when it has words; "000_579008efc1ec825a", "index" and "269" are not.
    if len(words) >= 2 and sum(map(len, words)) * 2 > len(stem):
        return stem[:MAX_TITLE_CHARS], "file name"
    return stem, ""


def _less_site(title: str, sites: Set[str], headings: Set[str]) -> str:
    """Title without the name of the site at its end, where the page itself shows which part that is."""
    for match in reversed(list(_TITLE_SEPARATOR.finditer(title))):
        head, tail = title[: match.start()], title[match.end() :]
        if head and ((title_key(head) in headings) or (title_key(tail) in sites)):
            return head.strip()
    return title


def _site_names(reading: Reading) -> set[str]:
    """What a page says its site is called, folded: in its head, on top, in a notice of copyright, in its host.

    On top is the first line of the site's header; behind it come menus, with words that a title may end with.
    """
    names = {title_key(reading.site_name)}
    around = [line for line in reading.lines if line.cut and len(line.text) <= MAX_TITLE_CHARS]
    logo = (line.text for line in around if line.cut == "site header" and not _SKIP.match(line.text))
    names.add(title_key(next(logo, "")))
    names |= {title_key(owner[1]) for line in around if (owner := _COPYRIGHT.search(line.text))}
    if host := urlsplit(reading.source_url).hostname:
        names |= {title_key(label) for label in host.split(".")[:-1] if len(label) >= SITE_CHARS}
    return {name for name in names if name}


def makeshift_title(lines: Sequence[VisibleLine], path: str) -> tuple[str, str]:
    """What stands in for the title of a page that has none, and what it is."""
    heading = next((line.text for line in lines if line.role == "heading"), "")
    if heading:
        return heading[:MAX_TITLE_CHARS], "first heading"
    first = next((line.text for line in lines), "")
    if first:
        return (first if len(first) <= 100 else first[:100].rpartition(" ")[0] + " …"), "first line"
    return path, "file name"


def same_title(shown: str, title: str) -> bool:
    """Whether the heading that a page shows is its title, as far as letters and digits tell."""
    one, other = title_key(shown), title_key(title)
    return one == other or (len(one) > 5 and (one in other or other in one))
