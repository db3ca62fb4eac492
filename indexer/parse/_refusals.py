"""Pages that a server gives instead of the one that was asked for: "not found", "are you a robot"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from indexer.model import Page

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
