"""Hold the facts that a page declares in JSON-LD against those that it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from indexer.markup import Claim, Markup
from indexer.taxonomy import Taxonomy
from indexer.titles import title_key

_YEAR = re.compile(r"(?<!\d)(?:1\d|20)\d\d(?!\d)")
_NUMBER = re.compile(r"\d+(?:,\d{3})*")
_FOUNDED = re.compile(
    r"\b(?:founded|established|set up|opened|created|built|dates? (?:back )?(?:from|to))\b[^.;]{0,40}?"
    r"\b((?:1\d|20)\d\d)\b|(?:始建于|成立于|创建于|建于)\s*((?:1\d|20)\d\d)",
    re.IGNORECASE,
)


def contradictions(markup: Markup, text: str, taxonomy: Taxonomy) -> Iterator[str]:
    """Word each declared fact that the facts table, or for a founding year the text, contradicts.

    What the page does not show at all contradicts nothing. A founding year must be among the years shown, a number of
    beds among the numbers, a city must be the city shown or stand in the address shown, the numbers of a street must
    stand in it too; a service must be one of those shown, and any other property must be shown as it is declared.
    """
    for claim in markup.claims:
        shown = markup.facts.get(claim.label.casefold(), [])
        if claim.key == "foundingDate" and not shown:
            shown = _founded_in_text(claim, text)
        elif claim.key == "addressLocality":
            shown = _places(claim, markup, taxonomy)
        if shown and not _agrees(claim, shown):
            where = f"line {claim.line}: " if claim.line else ""
            seen = " / ".join(shown)[:200]
            yield (
                f"{where}JSON-LD ({claim.key}) says {claim.label} {claim.value!r}, the page shows {seen!r}; "
                "correct the one that its source does not support"
            )


def _agrees(claim: Claim, shown: Sequence[str]) -> bool:
    everything = " ".join(shown)
    if claim.key == "foundingDate":
        return set(_YEAR.findall(claim.value)) <= set(_YEAR.findall(everything))
    if claim.key in ("numberOfBeds", "streetAddress"):
        return _numbers(claim.value) <= _numbers(everything)
    if claim.key == "addressLocality":
        return False  # only places that differ were found
    return title_key(claim.value) in {title_key(each) for each in shown}


def _numbers(text: str) -> set[str]:
    return {number.replace(",", "") for number in _NUMBER.findall(text)}


def _founded_in_text(claim: Claim, text: str) -> list[str]:
    """Years in which the text says it was founded, when it nowhere has the declared one."""
    years = _YEAR.findall(claim.value)
    if not years or any(year in text for year in years):
        return []
    return list(dict.fromkeys(match[1] or match[2] for match in _FOUNDED.finditer(text)))


def _places(claim: Claim, markup: Markup, taxonomy: Taxonomy) -> list[str]:
    """Cities that the facts table shows, when the declared one is not among them."""
    declared = taxonomy.canonical("city", claim.value)
    if declared is None:
        return []
    shown: dict[str, str] = {}
    for label in ("city", "address"):
        for text in markup.facts.get(label, []):
            # Parts between commas only: "Beijing Road" is a street in many cities.
            for part in (text, *re.split(r"[,;，；]", text)):
                if city := taxonomy.canonical("city", part.strip()):
                    shown.setdefault(city, text)
    return [] if declared in shown else list(shown.values())
