"""Which words of a complaint only say what it is like: "veins like worms" are no illness that worms bring."""

from __future__ import annotations

from collections.abc import Sequence

from search_app.findings import Findings
from search_app.meaning import ALWAYS_MEANT, hinted, meanings
from search_app.widen import Unit

_LIKE = "like"
_LIKE_HAN = frozenset("像如似")
_NOT_BEFORE = frozenset("比例假图影录偶摄譬")  # 比如, 图像: no comparison
_NOT_BEHIND = frozenset("果何此下今")  # 如果, 如何
_UNTIL = (("一", "样"), ("似", "的"), ("一", "般"), ("般",), ("那", "样"))  # where a Chinese comparison ends
_MOST_HAN = 8  # characters of one with such an end
_MOST_OPEN = 4  # of one without, which goes to the end of the text
_WISHING = frozenset(("would", "i", "id", "we", "d"))  # "i would like braces" compares nothing


def without_comparisons(units: list[Unit], found: Findings) -> list[Unit]:
    """Units of a text, those of a comparison as bare words, whose starts are noted.

    Only where the words before it tell a field by themselves, as in "looks like shingles" or "pain like labour" they
    do not, and those behind tell none or another: "eye surgery like lasik" gives an example.
    """
    if any(unit.how == "han" for unit in units):
        return _without_chinese_ones(units, found)
    at = next((n for n, unit in enumerate(units) if unit.terms == (_LIKE,)), 0)
    if not at or units[at - 1].terms[-1] in _WISHING:
        return units
    told = _specialties(units[:at], found) - ALWAYS_MEANT  # "cancer like lymphoma" says which
    first, last = _compared(units, at + 1, found)
    behind = units[first:last]
    if not told or not told.isdisjoint(_specialties(behind, found)) or any(map(_places, behind)):
        return units
    found.likened.update(piece.start for unit in behind for piece in unit.pieces)
    return [*units[:first], *(unit._replace(synonyms=(), meanings=()) for unit in behind), *units[last:]]


def _without_chinese_ones(units: list[Unit], found: Findings) -> list[Unit]:
    """The same for 像鼓一样 and 如刀割, also where nothing else tells a field, as long as they do not."""
    span = next((span for n in range(1, len(units)) if (span := _compared_in_chinese(units, n))), None)
    if not span:
        return units
    first, last = span
    behind, others = units[first:last], [*units[:first], *units[last:]]
    own, told = (_specialties(each, found) - ALWAYS_MEANT for each in (behind, others))
    if (own and (not told or not own.isdisjoint(told))) or any(map(_places, behind)):
        return units
    found.likened.update(piece.start for unit in behind for piece in unit.pieces)
    return [*units[:first], *(unit._replace(synonyms=(), meanings=()) for unit in behind), *units[last:]]


def _compared_in_chinese(units: Sequence[Unit], at: int) -> tuple[int, int] | None:
    """From where to where a Chinese comparison goes that begins with a unit, both ends of it included."""
    typed = [unit.terms for unit in units]
    if typed[at][0] not in _LIKE_HAN or len(typed[at]) > 1 or typed[at - 1][-1] in _NOT_BEFORE:
        return None
    if at + 1 == len(units) or typed[at + 1][0] in _NOT_BEHIND:
        return None
    size = 0
    for last in range(at + 1, len(units)):
        size += len(typed[last])
        if size > _MOST_HAN or units[last].how != "han":
            return None
        said = tuple(term for each in typed[at + 1 : last + 1] for term in each)
        if any(said[-len(end) :] == end and len(said) > len(end) for end in _UNTIL):
            return at, last + 1
    return (at, len(units)) if size <= _MOST_OPEN else None


def _specialties(units: Sequence[Unit], found: Findings) -> set[str]:
    """Specialties that some words tell, apart from what any part of the body may have."""
    facets, strengths = found.words.facets, found.words.strengths
    typed = tuple(term for unit in units for term in unit.terms)
    meant = tuple(each for each in strengths.meant(typed) if not strengths.anywhere.issuperset(each))
    read = [value for unit in units for value in meanings(unit, facets)]
    read += [(facet, value) for unit in units for facet, value, _ in hinted(unit, facets)]
    return {*strengths.specialties(meant), *(value for facet, value in read if facet == "specialty")}


def _places(unit: Unit) -> bool:
    """Whether a unit names a city or a kind of page, which is like nothing else."""
    return any(facet in ("city", "kind", "profile") for facet, _ in unit.meanings)


def _compared(units: Sequence[Unit], at: int, found: Findings) -> tuple[int, int]:
    """From where to where a comparison goes: one thing, and the plain words behind it."""
    optional = found.words.thesaurus.optional
    first = at
    while first < len(units) and not units[first].synonyms and all(map(optional, units[first].terms)):
        first += 1
    last = min(first + 1, len(units))
    while last < len(units) and not (units[last].synonyms or units[last].meanings):
        last += 1
    return first, last
