"""Pages instead of the one that was wanted: "not found", "are you a robot", a menu or a cookie bar without its page."""

from __future__ import annotations

import re
from collections.abc import Iterable

from indexer.model import Page
from indexer.outline import BULLET
from indexer.titles import title_key

MENU_CHARS = 400  # of text; a longer list of links is a directory, which may be what somebody looks for
MENU_WORDS = 3.0  # a line on average: longer ones are titles of pages
MENU_LINES = 3
COOKIE_CHARS = 1_500
_COOKIES = re.compile("cookie", re.IGNORECASE)
_CONSENT = re.compile(
    r"cookie|\bconsent|\bprivacy\b|\bGDPR\b|\btrack(?:ing|ers?)\b|\bpreferences\b|\bpersonali[sz]"
    r"|^(?:accept|reject|decline|agree|allow|deny|ok|okay|got it|necessary|functional|analytics|marketing|statistics"
    r"|settings|manage|customi[sz]e|save|close|i agree)\b|同意|接受|拒绝|隐私|偏好",
    re.IGNORECASE,
)
MAX_CHARS = 1_500  # of text; an article about such a message is longer, and so is a page that stands behind a notice
_MESSAGE = re.compile(
    r"""(?:(?:error\s*)?(?:http\s*)?[45]\d\d\s*[-–—:：|.]?\s*(?:error|page\s)?\s*(?:
            not\ found|forbidden|bad\ request|unauthorized|gone|too\ many\ requests|access\ denied
            |(?:internal\ )?server\ error|bad\ gateway|service\ (?:temporarily\ )?unavailable|gateway\ time-?\ ?out)
        |(?:object|file|page|url)\ not\ found|not\ found|forbidden|access\ denied|service\ unavailable|bad\ gateway
        |just\ a\ moment(?:\.\.\.|…)?|attention\ required!?|are\ you\ (?:a\ robot|human)\??|security\ check
        |404\s*(?:错误|页面)?|(?:您访问的|该|此)?(?:页面|网页)(?:不存在|未找到|找不到了?)|访问被拒绝|系统维护中?
    )(?:\s*[-–—|_:：!.。].{0,60})?""",
    re.IGNORECASE | re.VERBOSE,
)


def is_refusal(page: Page, titles: Iterable[str]) -> bool:
    """Whether a page has such a title and little else; one that declares facts is taken at its word.

    ``titles`` are what it declares as one: where that says nothing and there is no heading, the first line stands in.
    """
    said = (page.title, *titles) if page.title_source == "first line" else (page.title,)
    if page.facts or not any(_MESSAGE.fullmatch(each.strip()) for each in said):
        return False
    return sum(len(section.text) for section in page.sections) < MAX_CHARS


def is_cookie_bar(page: Page) -> bool:
    """Whether all that a page says is about the cookies of its site, links and buttons beside."""
    said = _lines(page)
    if page.facts or not said or sum(map(len, said)) >= COOKIE_CHARS or not any(map(_COOKIES.search, said)):
        return False
    links = {title_key(link.text) for link in page.links}
    return all(_CONSENT.search(line) or title_key(line) in links for line in said)


def is_menu(page: Page) -> bool:
    """Whether a page is a few links and nothing else."""
    said = _lines(page)
    if page.facts or page.questions or len(said) < MENU_LINES or sum(map(len, said)) >= MENU_CHARS:
        return False
    links = {title_key(link.text) for link in page.links}
    words = sum(len(line.split()) for line in said) / len(said)
    return words <= MENU_WORDS and all(title_key(line) in links for line in said)


def _lines(page: Page) -> list[str]:
    texts = (text for section in page.sections for text in (section.heading, *section.text.split("\n")))
    return [text.removeprefix(BULLET) for text in texts if text]
