"""The order of hospitals among themselves: how strong each is in what is meant, by its own page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from indexer.model import Card, Hit, Results, Weight
from indexer.placings import ALL, placing_of
from search_app.reading import HAS_ALL
from search_app.strengths import IN_A_LIST, Meant, Strengths, Worth, key_of

KNOWN = 3.0  # points for what a page says the hospital is known for, or for a wider field
DEPARTMENT = 1.5  # for a department that it names
NARROWER = 1.0  # for a narrower field that it is known for
LISTED = 1.0  # for the first place in a national list of the field, a tenth less for each place further down
BEST = 6.0  # times that where the best are asked for
BEST_OF_ALL = 300.0  # for the first among all hospitals where nothing else is asked for: above all differences of score
LISTED_NARROWER = 0.5  # of that for the list of a narrower field
FURTHER = 0.5  # for each field more: who is known for retina, cornea and glaucoma knows eyes
MOST = 4.0  # for one phrase, without the place in a list and that among what it is known for
FIRST, FIRST_FIELDS = 0.5, 2  # points more where it is among the first fields that a page says it is known for
ELSEWHERE = 0.75  # of the points for a hospital that is not in a city which was read
HERE = 8.0  # points more for one that is and states what is meant, as a field or a specialty
HERE_IN_PART = 4.0  # for one there with only a narrower field, a place in a list or all words
HERE_WITHOUT = 4.0  # points less for one there whose page shows nothing of it
TOO_FAR = 4.0  # points less for a general hospital elsewhere, or one of another specialty
LIFT = 0.15  # of the points also count against articles, where the words are a complaint or ask for the best
MOST_LIFTING = 12.0  # of the points that do
PLACES, ALL_PLACES = 10, 100  # of a list of one field, and of all hospitals, that count
WINDOW = 30  # hits of which the hospitals change places
CITY_WINDOW = 50  # of these where a city was read: hospitals elsewhere are among them, and make room
BEST_WINDOW = 80  # of these where the best are asked for: a list has 100
DIGITS = 4  # of a score behind the point

GENERAL = "General Hospital"


def window_of(cities: Collection[str], *, best: bool) -> int:
    """How many of the first hits of a search ``in_order`` looks at."""
    return BEST_WINDOW if best else CITY_WINDOW if cities else WINDOW


def in_order(
    results: Results,
    meant: tuple[Meant, ...],
    strengths: Strengths,
    *,
    cities: Collection[str] = (),
    specialties: Collection[str] = (),
    lifts: bool = False,
    best: bool = False,
    offset: int = 0,
    limit: int | None = None,
) -> Results:
    """The first hits of a search with their hospitals in another order, the stronger in what is meant first.

    Hospitals take the places of hospitals, and the scores that go with these, so that no article has to give way to
    one; where ``lifts`` is true, they gain some places on articles too. ``cities`` and ``specialties`` are those that
    were read: in such a city a hospital comes earlier when its page shows something of what is meant, a specialty, a
    field or all words, and later when it does not, as do general hospitals elsewhere. Where the ``best`` are asked
    for, places in lists count most, that among all hospitals where nothing is meant. ``results`` begin with the first
    hit; at most ``limit`` are given back, from ``offset`` on.
    """
    query = results.query
    shown, asked = slice(offset, None), query
    if limit is not None:
        shown, asked = slice(offset, offset + limit), query._replace(offset=offset, limit=limit)
    window = window_of(cities, best=best)
    near, rest = results.hits[:window], results.hits[window:]
    worths = [strengths.worth(each) for each in meant] or [Worth({}, {ALL: True})]
    hospitals = [hit for hit in near if hit.card.kind == "hospital"]
    away = {hit.doc_id for hit in hospitals if cities and set(cities).isdisjoint(hit.card.city)}
    told = {hit.doc_id: points(hit.card, worths, best=best and hit.doc_id not in away) for hit in hospitals}
    if not any(gained for gained, _ in told.values()):
        return results._replace(query=asked, hits=results.hits[shown])
    gains = {doc_id: gained * (ELSEWHERE if doc_id in away else 1.0) for doc_id, (gained, _) in told.items()}
    if cities:
        wanted = frozenset(specialties or strengths.specialties(meant))
        for hit in hospitals:
            doc_id = hit.doc_id
            gains[doc_id] += _elsewhere(hit, wanted) if doc_id in away else _here(hit, wanted, gains[doc_id])
    by_strength = sorted(hospitals, key=lambda hit: (-(hit.score + gains[hit.doc_id]), hit.doc_id))
    moved = [
        (place.score + (LIFT * min(gains[hit.doc_id], MOST_LIFTING) if lifts else 0.0), hit)
        for hit, place in zip(by_strength, hospitals, strict=True)
    ]
    if lifts:
        others = [(hit.score, hit) for hit in near if hit.doc_id not in told]
        ordered = sorted([*moved, *others], key=lambda each: (-round(each[0], DIGITS), each[1].doc_id))
    else:
        following = iter(moved)
        ordered = [next(following) if hit.doc_id in told else (hit.score, hit) for hit in near]
    ordered += [(hit.score, hit) for hit in rest]
    # Only what is shown is made anew: the others have but changed places.
    ranked = [
        _with(hit, rank, score, told[hit.doc_id][1], query.explain)
        if hit.doc_id in told
        else (hit if hit.rank == rank else hit._replace(rank=rank))
        for rank, (score, hit) in enumerate(ordered[shown], offset + 1)
    ]
    return results._replace(query=asked, hits=tuple(ranked))


def _here(hit: Hit, specialties: frozenset[str], gained: float) -> float:
    """Points more or less for a hospital in a city that was read, which has ``gained`` by what its page states."""
    if gained >= DEPARTMENT or not specialties.isdisjoint(hit.card.specialty):
        return HERE
    return HERE_IN_PART if gained or HAS_ALL in hit.matched else -HERE_WITHOUT


def _elsewhere(hit: Hit, specialties: frozenset[str]) -> float:
    """The same for one elsewhere: who asks for a city travels for a hospital of the specialty, not for any other."""
    own = hit.card.specialty
    return -TOO_FAR if GENERAL in own or specialties.isdisjoint(own) else 0.0


def points(card: Card, worths: Iterable[Worth], *, best: bool = False) -> tuple[float, tuple[str, ...]]:
    """How strong a hospital is in what each phrase means (``Strengths.worth``), by its page, and why.

    Places in lists count more where the ``best`` are asked for. 0 for one that may not be open.
    """
    if card.doubt or not (card.known or card.departments or card.listed):
        return 0.0, ()
    total = 0.0
    reasons: dict[str, None] = {}
    known, departments = _keys(card.known), _keys(card.departments)
    for worth in worths:
        most = first = 0.0
        count = 0
        placed, reason = _placed(card, worth.lists)
        if placed:
            total += placed * (BEST_OF_ALL if ALL in worth.lists else BEST if best else 1.0)
            reasons[reason] = None
        for place, (key, said) in enumerate(known):
            if (own := worth.fields.get(key)) is not None:
                most = max(most, KNOWN if own else NARROWER)
                first = max(first, FIRST if own and place < FIRST_FIELDS else 0.0)
                count += 1
                reasons[f"{said} (what it is known for)"] = None
        for key, said in departments:
            if worth.fields.get(key):
                most = max(most, DEPARTMENT)
                count += 1
                reasons[f"{said} (a department of its own)"] = None
        if count:
            total += first + min(most + FURTHER * (count - 1), MOST)
    return total, tuple(reasons)


def _placed(card: Card, lists: Mapping[str, bool]) -> tuple[float, str]:
    """The most points for a place in one of these lists, and the place in words; nothing where it is in none."""
    most, reason = 0.0, ""
    for placing in map(placing_of, card.listed):
        if placing is None or placing.of not in lists:
            continue
        places = ALL_PLACES if placing.of == ALL else PLACES
        gained = LISTED * max(0, places + 1 - placing.place) / places * (1.0 if lists[placing.of] else LISTED_NARROWER)
        if gained > most:
            most = gained
            said = placing.of.lower()
            reason = f"{placing.nth} in China for {said} ({placing.source})"
            if placing.of == ALL:
                reason = f"{placing.nth} of all hospitals in China ({placing.source})"
    return most, reason


def _with(hit: Hit, rank: int, score: float, reasons: tuple[str, ...], explain: bool) -> Hit:
    """A hit at another place, with the reasons that brought it there."""
    more = (Weight("what it is known for, among hospitals", round(score - hit.score, DIGITS)),) if explain else ()
    own = [each for each in hit.matched if not each.endswith(f"({IN_A_LIST})")]
    return hit._replace(
        rank=rank, score=round(score, DIGITS), matched=(*reasons, *own), explanation=(*hit.explanation, *more)
    )


@lru_cache(maxsize=4096)
def _keys(stated: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    # The same few thousand cards are looked at again and again.
    return tuple((key_of(said), said) for said in stated)
