"""Which fields some words mean that hospitals are known for, and how strong a hospital is in them by its own page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

from indexer.analysis import is_han, stem, terms
from indexer.errors import TaxonomyError
from indexer.model import Card, Concept, Hit, Node, Results, Term, Weight
from indexer.placings import ALL, placing_of
from indexer.token_stream import strength_term
from search_app.reading import HAS_ALL
from search_app.thesaurus import VOCABULARY, Terms, read_toml, stems

KNOWN = 3.0  # points for what a page says the hospital is known for, or for a wider field
DEPARTMENT = 1.5  # for a department that it names
NARROWER = 1.0  # for a narrower field that it is known for
LISTED = 1.0  # for the first place in a national list of the field, a tenth less for each place further down
BEST = 6.0  # times that where the best are asked for
BEST_OF_ALL = 300.0  # for the first among all hospitals where nothing else is asked for: above all differences of score
LISTED_NARROWER = 0.5  # of that for the list of a narrower field
FURTHER = 0.5  # for each field more: who is known for retina, cornea and glaucoma knows eyes
MOST = 4.0  # for one phrase, without the place in a list
ELSEWHERE = 0.75  # of the points for a hospital that is not in a city which was read
HERE = 4.0  # points more for one that is, as many less where its page shows nothing of what is meant
LIFT = 0.15  # of the points also count against articles, where the words are a complaint or ask for the best
MOST_LIFTING = 12.0  # of the points that do
PLACES, ALL_PLACES = 10, 100  # of a list of one field, and of all hospitals, that count
WINDOW, BEST_WINDOW = 30, 80  # hits of which the hospitals change places; where the best are asked for: a list has 100
STATED = 0.3  # weight of a stated field that finds a page which lacks the words
MAX_FIELDS = 12  # of these in one search
MAX_WORDS = 24  # longer texts are no list of complaints

IN_A_LIST = "a national list"

Meant = tuple[str, ...]
"""Fields that one phrase means; each alone is enough."""


@dataclass(frozen=True, slots=True)
class Strengths:
    """The fields that hospitals are known for.

    Attributes:
        phrases: Fields by the stems of a phrase, whatever their order.
        by_stem: Those phrases by the one of their stems that the fewest have.
        han: Fields by Chinese words, which are read in their order.
        wider: For each field those that it belongs to.
        narrower: For each field those that belong to it.
        of: Fields that a specialty stands for.
        lists: National lists by a field that they are of, each in the order of the file.
        listed: The names of all these lists, in the order of the file.
        persons: Fields that are meant by who is ill.
        signs: Stems of words that are said of many organs, as "cyst" is.
        best: Words by which the best are asked for, in their order.
        everywhere: Words that say nothing more beside those.
    """

    phrases: Mapping[frozenset[str], Meant]
    by_stem: Mapping[str, tuple[frozenset[str], ...]]
    han: Mapping[Terms, Meant]
    wider: Mapping[str, frozenset[str]]
    narrower: Mapping[str, frozenset[str]]
    of: Mapping[str, Meant]
    lists: Mapping[str, tuple[str, ...]]
    listed: tuple[str, ...]
    persons: frozenset[str]
    signs: frozenset[str]
    best: frozenset[Terms]
    everywhere: frozenset[Terms]

    @property
    def fields(self) -> frozenset[str]:
        """All fields, in lower case."""
        return frozenset(self.wider)

    def meant(self, typed: Terms) -> tuple[Meant, ...]:
        """The fields that some words mean, phrase by phrase; who is ill and signs count only beside nothing else."""
        if len(typed) > MAX_WORDS:
            return ()
        present = set(stems(typed))
        found = [each for word in sorted(present) for each in self.by_stem.get(word, ()) if each <= present]
        found = [each for each in found if not any(each < other for other in found)]
        groups = [self.phrases[each] for each in found if not each <= self.signs] + self._chinese(typed)
        if self.persons.issuperset(field for each in groups for field in each):
            groups += [self.phrases[each] for each in found if each <= self.signs]
        told = [each for each in groups if not self.persons.issuperset(each)]
        return tuple(dict.fromkeys(told or groups))

    def is_sign(self, typed: Terms) -> bool:
        """Whether some words only say what may be the matter with any organ."""
        return self.signs.issuperset(map(stem, typed))

    def organ(self, typed: Terms) -> bool:
        """Whether some words mean a field by themselves, apart from signs and from who is ill."""
        fields = self.phrases.get(frozenset(stems(typed)), ())
        return not (self.persons.issuperset(fields) or self.is_sign(typed))

    def _chinese(self, typed: Terms) -> list[Meant]:
        found: list[Meant] = []
        place = 0
        while place < len(typed):
            longest = 1
            for size in range(min(6, len(typed) - place), 0, -1) if is_han(typed[place]) else ():
                if (fields := self.han.get(typed[place : place + size])) is not None:
                    found.append(fields)
                    longest = size
                    break
            place += longest
        return found

    def specialties(self, meant: tuple[Meant, ...]) -> tuple[str, ...]:
        """Specialties that stand for fields which are meant, or for wider ones."""
        fields = {each for group in meant for field in group for each in (field, *self.wider[field])}
        return tuple(specialty for specialty, own in self.of.items() if not fields.isdisjoint(own))

    def praises(self, typed: Terms) -> bool:
        """Whether some words ask for the best."""
        sizes = {len(each) for each in self.best}
        return any(typed[at : at + size] in self.best for size in sizes for at in range(len(typed)))

    def stated(self, meant: tuple[Meant, ...]) -> Node | None:
        """Hospitals that state a field which is meant, or a narrower one; None where nothing is meant."""
        fields = dict.fromkeys(
            each for group in meant for field in group for each in (field, *sorted(self.narrower[field]))
        )
        ways = [Term(strength_term(each), ("pinyin",), STATED, True, f"{each} (field of the page)") for each in fields]
        return Concept(tuple(ways[:MAX_FIELDS])) if ways else None

    def worth(self, meant: Meant) -> Worth:
        """What counts for fields of which each alone is meant."""
        fields = {narrow: False for each in meant for narrow in self.narrower[each]}
        for each in meant:
            fields |= dict.fromkeys((each, *self.wider[each]), True)
        found: dict[str, bool] = {}
        for field, own in fields.items():
            for name in self.lists.get(field, ()):
                found[name] = own or found.get(name, False)
        own_lists = True in found.values()
        return Worth(fields, {name: own_lists for name in self.listed if found.get(name) is own_lists})


@dataclass(frozen=True, slots=True)
class Worth:
    """What counts for one phrase: True for the fields meant and wider ones, False for narrower ones.

    Attributes:
        fields: Fields that pages state.
        lists: National lists of such fields, by their names; those of narrower fields only where there is no other.
    """

    fields: Mapping[str, bool]
    lists: Mapping[str, bool]


def in_order(
    results: Results,
    meant: tuple[Meant, ...],
    strengths: Strengths,
    *,
    cities: Collection[str] = (),
    specialties: Collection[str] = (),
    lifts: bool = False,
    best: bool = False,
) -> Results:
    """The first hits of a search with their hospitals in another order, the stronger in what is meant first.

    Hospitals take the places of hospitals, and the scores that go with these, so that no article has to give way to
    one; where ``lifts`` is true, they gain some places on articles too. ``cities`` and ``specialties`` are those that
    were read: in such a city a hospital comes earlier when its page shows something of what is meant, a specialty, a
    field or all words, and later when it does not. Where the ``best`` are asked for, places in lists count most, that
    among all hospitals where nothing is meant. ``results`` begin with the first hit.
    """
    window = BEST_WINDOW if best else WINDOW
    near, rest = results.hits[:window], results.hits[window:]
    worths = [strengths.worth(each) for each in meant] or [Worth({}, {ALL: True})]
    hospitals = [hit for hit in near if hit.card.kind == "hospital"]
    away = {hit.doc_id for hit in hospitals if cities and set(cities).isdisjoint(hit.card.city)}
    told = {hit.doc_id: points(hit.card, worths, best=best and hit.doc_id not in away) for hit in hospitals}
    if not any(gained for gained, _ in told.values()):
        return results
    gains = {doc_id: gained * (ELSEWHERE if doc_id in away else 1.0) for doc_id, (gained, _) in told.items()}
    for hit in hospitals if cities else ():
        if hit.doc_id not in away:
            gains[hit.doc_id] += HERE if gains[hit.doc_id] or _shows(hit, specialties) else -HERE
    by_strength = sorted(hospitals, key=lambda hit: (-(hit.score + gains[hit.doc_id]), hit.doc_id))
    moved = [
        _with(
            hit,
            place.score + (LIFT * min(gains[hit.doc_id], MOST_LIFTING) if lifts else 0.0),
            told[hit.doc_id][1],
            results.query.explain,
        )
        for hit, place in zip(by_strength, hospitals, strict=True)
    ]
    if lifts:
        others = [hit for hit in near if hit.doc_id not in told]
        ordered = sorted([*moved, *others], key=lambda hit: (-hit.score, hit.doc_id))
    else:
        following = iter(moved)
        ordered = [next(following) if hit.doc_id in told else hit for hit in near]
    ranked = [hit if hit.rank == rank else hit._replace(rank=rank) for rank, hit in enumerate(ordered, 1)]
    return replace(results, hits=(*ranked, *rest))


def _shows(hit: Hit, specialties: Collection[str]) -> bool:
    return HAS_ALL in hit.matched or not set(specialties).isdisjoint(hit.card.specialty)


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
        most = 0.0
        count = 0
        placed, reason = _placed(card, worth.lists)
        if placed:
            total += placed * (BEST_OF_ALL if ALL in worth.lists else BEST if best else 1.0)
            reasons[reason] = None
        for key, said in known:
            if (own := worth.fields.get(key)) is not None:
                most = max(most, KNOWN if own else NARROWER)
                count += 1
                reasons[f"{said} (what it is known for)"] = None
        for key, said in departments:
            if worth.fields.get(key):
                most = max(most, DEPARTMENT)
                count += 1
                reasons[f"{said} (a department of its own)"] = None
        if count:
            total += min(most + FURTHER * (count - 1), MOST)
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


def _with(hit: Hit, score: float, reasons: tuple[str, ...], explain: bool) -> Hit:
    """A hit at another place, with the reasons that brought it there."""
    more = (Weight("what it is known for, among hospitals", round(score - hit.score, 4)),) if explain else ()
    return hit._replace(
        score=round(score, 4),
        matched=(*reasons, *(each for each in hit.matched if not each.endswith(f"({IN_A_LIST})"))),
        explanation=(*hit.explanation, *more),
    )


def _key(field: str) -> str:
    return field.casefold()


@lru_cache(maxsize=4096)
def _keys(stated: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    # The same few thousand cards are looked at again and again.
    return tuple((_key(said), said) for said in stated)


# ---------------------------------------------------------------------------------------------------------------------
# Loading


@cache
def default_strengths() -> Strengths:
    """The fields that come with the program, read once."""
    return load_strengths(VOCABULARY / "strengths.toml")


def load_strengths(path: Path) -> Strengths:
    """The fields of a file.

    Raises:
        TaxonomyError: Names file, key and reason; for a missing file, wrong TOML, an unknown key, a word without
            letters, or a field of ``within``, ``of``, ``listed`` or ``persons`` that has no words.
    """
    content = read_toml(path)
    words, within, of, lists = (content.pop(key, {}) for key in ("words", "within", "of", "listed"))
    persons, signs, best, everywhere = (content.pop(key, []) for key in ("persons", "signs", "best", "everywhere"))
    if content:
        raise TaxonomyError(
            path, next(iter(content)), "unknown key; known: best, everywhere, listed, of, persons, signs, within, words"
        )
    phrases: dict[frozenset[str], dict[str, None]] = {}
    han: dict[Terms, dict[str, None]] = {}
    for field, listed in words.items():
        for word in (field, *listed):
            found = terms(word)
            if not found:
                raise TaxonomyError(path, field, f"{word!r} has no letters")
            if is_han(word):
                han.setdefault(found, {})[_key(field)] = None
            else:
                phrases.setdefault(frozenset(stems(found)), {})[_key(field)] = None
    fields = {_key(field) for field in words}
    named = (each for inner in (*within.values(), *of.values(), *lists.values()) for each in inner)
    for field in (*within, *named, *persons):
        if _key(field) not in fields:
            raise TaxonomyError(path, field, "has no words")
    return _made(phrases, han, within, of, lists, persons, signs, best, everywhere, fields)


def _made(
    phrases: Mapping[frozenset[str], Mapping[str, None]],
    han: Mapping[Terms, Mapping[str, None]],
    within: Mapping[str, list[str]],
    of: Mapping[str, list[str]],
    listed: Mapping[str, list[str]],
    persons: list[str],
    signs: list[str],
    best: list[str],
    everywhere: list[str],
    fields: set[str],
) -> Strengths:
    wider: dict[str, set[str]] = {field: set() for field in fields}
    narrower: dict[str, set[str]] = {field: set() for field in fields}
    for wide, inner in within.items():
        for field in inner:
            wider[_key(field)].add(_key(wide))
            narrower[_key(wide)].add(_key(field))
    lists: dict[str, list[str]] = {}
    for name, of_fields in listed.items():
        for field in of_fields:
            lists.setdefault(_key(field), []).append(name)
    having = Counter(word for phrase in phrases for word in phrase)
    by_stem: dict[str, list[frozenset[str]]] = {}
    for phrase in phrases:
        by_stem.setdefault(min(phrase, key=lambda word: (having[word], word)), []).append(phrase)
    return Strengths(
        phrases=MappingProxyType({phrase: tuple(found) for phrase, found in phrases.items()}),
        by_stem=MappingProxyType({word: tuple(found) for word, found in by_stem.items()}),
        han=MappingProxyType({word: tuple(found) for word, found in han.items()}),
        wider=MappingProxyType({field: frozenset(found) for field, found in wider.items()}),
        narrower=MappingProxyType({field: frozenset(found) for field, found in narrower.items()}),
        of=MappingProxyType({specialty: tuple(map(_key, found)) for specialty, found in of.items()}),
        lists=MappingProxyType({field: tuple(names) for field, names in lists.items()}),
        listed=tuple(listed),
        persons=frozenset(map(_key, persons)),
        signs=frozenset(stem(word) for each in signs for word in terms(each)),
        best=frozenset(map(terms, best)),
        everywhere=frozenset(map(terms, everywhere)),
    )
