"""Does a page say that its hospital may not be open? A person may travel far on the strength of a list of hits."""

from __future__ import annotations

import re
from collections.abc import Iterable

from indexer.model import Fact

_STATUS = frozenset(("status", "state", "状态"))
_DOUBT = re.compile(
    r"(?:not (?:confirmed |known to be |yet )?open|in doubt|under construction|being built|never opened"
    r"|(?:尚未|未)(?:开业|确认)|存疑|(?:已)?(?:关闭|停业)|在建|建设中)(?![\w-])"
    # What has been closed for a while, or is planned beside what is open, leaves no doubt.
    r"|(?:(?:permanently |reported |now )?closed|planned)(?=\s*(?:$|[:;.,(]|(?:since|in|as of|for good)\b))",
    re.IGNORECASE,
)


def in_doubt(facts: Iterable[Fact]) -> str:
    """The status that a page declares if it begins by saying that the hospital is not, or may not be, open; else "".

    "Moved in 2018", "Two campuses" and "Planned move to the south" say nothing of the kind.
    """
    for fact in facts:
        if fact.name.strip().casefold() in _STATUS and _DOUBT.match(fact.value.strip()):
            return fact.value.strip()
    return ""
