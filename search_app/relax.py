"""What to offer when a search finds nothing: most of the words, one thing less, another spelling."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice

from indexer.engines import Lexicon
from indexer.model import FACETS
from search_app.reading import SHORT_TEXT, Part, Reading
from search_app.request import SearchRequest
from search_app.spelling import ranked_corrections, split_word
from search_app.words import Words

MAX_OFFERED = 5
MAX_TRIED = 12  # searches spent on finding relaxations of one kind; each costs about a millisecond
MAX_SPELLINGS = 6
RARE = 1  # documents: a word that more have is not taken for an error

Total = Callable[[SearchRequest], int]
"""Hits of a request when all that it asks for must hold."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A search that asks for less, with the number of hits it has; ``words`` of ``removed`` were typed."""

    label: str
    removed: str
    request: SearchRequest
    count: int
    words: str = ""


@dataclass(frozen=True, slots=True)
class DidYouMean:
    """Another spelling, with the number of hits it has."""

    text: str
    request: SearchRequest
    count: int


def may_be_absent(reading: Reading) -> tuple[int, ...]:
    """How many wanted words a page may lack when too few have all, in the order to try; empty when none may.

    Half of the words must stay, and more than half when one of them stands nowhere: half of such a search is noise.
    Of a text in prose few pages have half. There less is enough, since every word counts for the order of the hits.
    """
    wanted = len(reading.words())
    nowhere = sum(part.words in reading.unknown for part in reading.words())
    least = wanted // 2 + 1 if nowhere else (wanted + 1) // 2
    steps = [least]
    while wanted > SHORT_TEXT and steps[-1] > 1:
        steps.append(steps[-1] // 2)
    return tuple(wanted - each for each in steps if nowhere <= wanted - each > 0)


def may_be_absent_besides(reading: Reading, tried: int) -> tuple[int, ...]:
    """How many words more than ``tried`` a page may lack, in the order to try down to one word.

    For when some pages are found, but not one full page. None where a word stands on no page: see ``may_be_absent``.
    Words that only say where or what of it are never enough by themselves: of "laser operation cost" a page about the
    cost of something else is of no use. So steps that they alone would satisfy are left out, but for the last.
    """
    if reading.plain or reading.exact_ids or reading.unknown or any(part.role == "fixed" for part in reading.parts):
        return ()
    wanted, framing = len(reading.words()), len(reading.framing())
    return tuple(each for each in range(tried + 1, wanted) if framing < wanted - each or each == wanted - 1)


def may_be_filled_up(reading: Reading) -> bool:
    """Whether pages with most of the words may follow when few have all.

    Not after a name, which leaves nothing to look for, nor beside a phrase, group or field: who types one wants no
    more than was asked for. Of two words one is not most, unless both were only read as a city and a field; but pages
    of a field that was read may always follow.
    """
    fixed = any(part.role == "fixed" for part in reading.parts)
    if reading.plain or reading.exact_ids or fixed or not reading.words():
        return False
    return len(reading.words()) > 2 or reading.field is not None


def relaxations(request: SearchRequest, reading: Reading, total: Total) -> tuple[Relaxation, ...]:
    """The smallest relaxations of a search without hits: each drops one facet or one word and has hits.

    When no such step is enough, those of the first size that is: two facets, three, no filter at all, and then
    without what stands nowhere too.
    """
    found = _with_hits(_smaller(request, reading)[:MAX_TRIED], total)
    chosen = [facet for facet in FACETS if request.values(facet)]
    tried = 0
    for size in range(2, len(chosen)):
        several = [_without(request, facets) for facets in combinations(chosen, size)][: MAX_TRIED - tried]
        found = found or _with_hits(several, total)
        tried += len(several)
    return found or _with_hits(_larger(request, reading), total, 1)


def _with_hits(steps: Iterable[Relaxation], total: Total, most: int = MAX_OFFERED) -> tuple[Relaxation, ...]:
    """The first of some steps that have hits, with their number."""
    counted = ((step, total(step.request)) for step in steps)
    return tuple(islice((replace(step, count=count) for step, count in counted if count), most))


def _without(request: SearchRequest, facets: Sequence[str]) -> Relaxation:
    """The request without what is chosen of some facets."""
    named = ", ".join(value for facet in facets for value in request.values(facet))
    label = f"without {facets[0]} {named}" if len(facets) == 1 else f"without {named}"
    for facet in facets:
        request = request.choosing(facet, ())
    return Relaxation(label, named, request, 0)


def _smaller(request: SearchRequest, reading: Reading) -> list[Relaxation]:
    steps = [_without(request, (facet,)) for facet in FACETS if request.values(facet)]
    parts, nowhere = _droppable(reading)
    # while a word that stands nowhere stays, dropping another one cannot help
    drops = [nowhere] if nowhere else [[part] for part in parts]
    for dropped in drops:
        rest = _rest(reading, dropped)
        if (rest and len(parts) > len(dropped)) or (request.filtered and not rest):
            said = _said(dropped)
            steps.append(Relaxation(f"without “{said}”", said, replace(request, page=1, q=rest), 0, said))
    return steps


def _larger(request: SearchRequest, reading: Reading) -> list[Relaxation]:
    """Larger steps, smallest first, for a search with filters: all of them go, then words that stand nowhere too."""
    if not request.filtered or not reading.text:
        return []
    step = _without(request, [facet for facet in FACETS if request.values(facet)])
    named, bare = step.removed, step.request
    steps = [step]
    parts, nowhere = _droppable(reading)
    rest = _rest(reading, nowhere)
    if nowhere and rest and len(parts) > len(nowhere):
        said = _said(nowhere)
        removed = f"{named}, {said}"
        steps.append(Relaxation(f"without {removed}", removed, replace(bare, q=rest), 0, said))
    return steps


def _droppable(reading: Reading) -> tuple[list[Part], list[Part]]:
    """Parts that may be given up, and those of them that stand nowhere."""
    parts = [part for part in reading.parts if part.role in ("word", "fixed", "excluded") and part.words]
    return parts, [part for part in parts if part.role == "word" and part.words in reading.unknown]


def _rest(reading: Reading, dropped: list[Part]) -> str:
    rest = reading.text
    for part in sorted(dropped, key=lambda part: -part.start):
        rest = _cut(rest, part.start, part.end)
    return rest


def _said(dropped: list[Part]) -> str:
    return ", ".join(dict.fromkeys(part.words for part in dropped))


def _cut(text: str, start: int, end: int) -> str:
    return f"{text[:start].rstrip()} {text[end:].lstrip()}".strip()


def did_you_mean(
    request: SearchRequest, reading: Reading, lexicon: Lexicon, words: Words, total: Total
) -> DidYouMean | None:
    """The likeliest other spelling that has hits; the words in the corrected form first, if that was switched off."""
    tried = 0
    seen = {reading.text.casefold(), reading.used.casefold()}
    for text in lexicon.batched(lambda known: _spellings(reading, known, words)):
        if text.casefold() in seen:
            continue
        seen.add(text.casefold())
        tried += 1
        if tried > MAX_SPELLINGS:
            return None
        other = replace(request, q=text, page=1, correct=True, plain=False, ignore=frozenset())
        count = total(other)
        if count:
            return DidYouMean(text, other, count)
    return None


def _spellings(reading: Reading, lexicon: Lexicon, words: Words) -> list[str]:
    """The text with one word spelled otherwise, words that stand nowhere first, then the rarest."""
    protected = words.thesaurus.protected
    parts = [part for part in reading.parts if part.role == "word" and part.words.isascii() and part.words.isalpha()]
    parts = parts[:MAX_SPELLINGS]
    parts.sort(key=lambda part: (part.words not in reading.unknown, lexicon.frequency(part.words.casefold())))
    corrected = reading.text
    every_word: list[str] = []
    for part in sorted(parts, key=lambda part: -part.start):
        typed = part.words.casefold()
        others = ranked_corrections(typed, lexicon, words.correctable, protected)
        if others and not lexicon.frequency(typed):
            corrected = corrected[: part.start] + others[0] + corrected[part.end :]
    if corrected != reading.text:
        every_word.append(corrected)
    for part in parts:
        typed = part.words.casefold()
        if lexicon.frequency(typed) > RARE or words.thesaurus.entry((typed,)) or words.facets.read((typed,)):
            continue
        others = ranked_corrections(typed, lexicon, words.correctable, protected)[:2]
        halves = split_word(typed, lexicon)
        for other in (*others, *((" ".join(halves),) if halves else ())):
            every_word.append(reading.text[: part.start] + other + reading.text[part.end :])
    return every_word
