"""A hospital's place in a national list, as the fact ``NATIONAL_LISTS`` of its page words it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

ALL = "All hospitals"  # the list of hospitals whatever their field
_FORM = re.compile(
    r"(?P<of>[^:()]+): (?P<joint>joint )?(?P<nth>(?P<place>[1-9]\d{0,2})(?:st|nd|rd|th)) "
    r"\((?P<measure>reputation, )?(?P<source>[^(),]+ list for (?P<year>\d{4}))\)"
)


@dataclass(frozen=True, slots=True)
class Placing:
    """A place in one list.

    Attributes:
        of: What the list is of: a field, or ``ALL``.
        place: From 1, the best.
        nth: The same as it is said ("2nd", "joint 2nd").
        source: Whose list it is, and of which year ("Fudan list for 2021").
        year: The year that it is about.
        reputation: Whether it counts votes on reputation and nothing else.
    """

    of: str
    place: int
    nth: str
    source: str
    year: int
    reputation: bool


@lru_cache(maxsize=4096)
def placing_of(value: str) -> Placing | None:
    """What such a fact says ("Eye disease: 2nd (reputation, Fudan list for 2021)"); None for any other form."""
    found = _FORM.fullmatch(value)
    if found is None:
        return None
    nth = (found["joint"] or "") + found["nth"]
    return Placing(found["of"], int(found["place"]), nth, found["source"], int(found["year"]), bool(found["measure"]))
