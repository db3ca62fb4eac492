"""A search for what something costs: what its pages say of that, and which of them are about something else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import or_

from indexer.analysis import is_han, stem, terms
from indexer.model import And, Card, Concept, Hit, Node, Or, Phrase, Price, Query, Results, Term, Weight
from search_app.facetwords import FacetWords
from search_app.reading import Reading
from search_app.stated import LEAST_WEIGHT
from search_app.strengths import Meant, Strengths
from search_app.thesaurus import Terms
from search_app.words import Words

COSTS = "Costs & Pricing"  # the topic that a search for costs is read as
SURGERY: Meant = ("general surgery",)  # what words mean that stand beside any treatment
PAGES = 10  # hits that are looked at for prices
SHOWN = 2  # prices of one document
COSTS_WINDOW = 80  # hits among which pages about other costs come later: there are dozens, and hospitals behind them


def priced(reading: Reading, hits: Sequence[Hit], words: Words) -> Mapping[str, tuple[Price, ...]]:
    """Prices that pages state of what a search for costs asks for, by the ids of their documents; of others none.

    Where a city was read, prices of another one are left out.
    """
    stated = [hit.card for hit in hits[:PAGES] if hit.card.prices]
    wanted = _wanted(reading, words) if stated else ()
    if not wanted:
        return {}
    facets = words.facets
    fields, elsewhere = _names(reading, facets), _others(reading.city, facets)
    found = {card.doc_id: _fitting(card, wanted, fields, elsewhere) for card in stated}
    return {doc_id: prices for doc_id, prices in found.items() if prices}


def others_later(results: Results, reading: Reading, words: Words) -> Results:
    """The first hits of a search for costs without what labels gave to articles about other costs than are asked for.

    What a treatment or an illness stands for finds the articles of its field, and all articles about costs are lifted:
    "cataract cost" would begin with one about laser surgery. Such an article stays among the hits, only later.
    ``results`` begin with the first hit.
    """
    wanted = _wanted(reading, words)
    if not any(each.narrow for each in wanted):
        return results
    fields = _names(reading, words.facets)
    near, rest = results.hits[:COSTS_WINDOW], results.hits[COSTS_WINDOW:]
    others = {hit.doc_id for hit in near if _is_other(hit, wanted, fields)}
    if not others:
        return results
    moved = [_unlabelled(hit, results.query) if hit.doc_id in others else hit for hit in near]
    moved.sort(key=lambda hit: (-hit.score, hit.doc_id))
    return results._replace(hits=(*(hit._replace(rank=rank) for rank, hit in enumerate(moved, 1)), *rest))


def _is_other(hit: Hit, wanted: Sequence[_Wanted], fields: Sequence[frozenset[str]]) -> bool:
    """Whether a hit is an article about the costs of something else."""
    card, narrow = hit.card, [each for each in wanted if each.narrow]
    narrow = [each for each in narrow if each.telling] or narrow
    if card.kind != "article" or _fitting(card, wanted, fields, frozenset()):
        return False
    if _of_the_field(card, narrow):
        return COSTS in card.topic and _of_another(card, narrow, fields)
    matched = [each.strip("“”") for each in hit.matched]
    return not any(_says(each.ways, _stems(card.title)) or not each.reasons.isdisjoint(matched) for each in narrow)


def _of_the_field(card: Card, narrow: Iterable[_Wanted]) -> bool:
    labels = _stems(" ".join(card.specialty))
    return any(_says(each.labels, labels) for each in narrow)


def _of_another(card: Card, narrow: Sequence[_Wanted], fields: Iterable[frozenset[str]]) -> bool:
    """Whether an article of the field is about something else in it: its title names neither, its questions no more."""
    title = _stems(card.title)
    if not narrow or card.kind != "article" or _says(fields, title):
        return False
    told = title.union(*(_stems(question.text) for question in card.questions))
    return not all(_says(each.ways, told) or each.words & told for each in narrow)


def _unlabelled(hit: Hit, query: Query) -> Hit:
    """A hit without what the labels of its page added to its score."""
    card = hit.card
    labels = {("kind", card.kind), *(("topic", each) for each in card.topic)}
    labels |= {("specialty", each) for each in card.specialty}
    lost = sum(each.weight for each in query.boosts if (each.facet, each.value) in labels)
    line = (Weight("about the costs of something else", -lost),) if query.explain else ()
    return hit._replace(score=round(hit.score - lost, 4), explanation=(*hit.explanation, *line))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A thing of which the price is wanted.

    Attributes:
        words: As stems.
        ways: Ways to say it in a text, as stems.
        labels: Ways to say it in the labels of a page, as stems.
        reasons: By which a hit is explained that has any of them.
        narrow: Whether it stands for a specialty or means a field, as a treatment or an illness does; no name does.
        telling: Whether it tells which one: "cataract" does, "surgery" does not.
    """

    words: frozenset[str]
    ways: tuple[frozenset[str], ...]
    labels: tuple[frozenset[str], ...]
    reasons: frozenset[str]
    narrow: bool
    telling: bool


def _wanted(reading: Reading, vocabulary: Words) -> tuple[_Wanted, ...]:
    if COSTS not in reading.topic:
        return ()
    said = {
        word for each in reading.found if _beside(each.facet, each.value) for word in terms(reading.meant(each.words))
    }
    meant = {word for each in reading.found if each.facet == "specialty" for word in terms(reading.meant(each.words))}
    names, strengths = _names(reading, vocabulary.facets), vocabulary.strengths
    found = []
    for part in reading.words():
        typed = reading.meant(part.words)
        words = terms(typed)
        if said.issuperset(words):
            continue
        stems, fields = _stems(typed), strengths.meant(words)
        members = tuple(_members(part.node))
        # Of a Chinese word whose translation is not listed, what is related to it is all that a page may have.
        known = any(each.weight >= LEAST_WEIGHT and not _is_chinese(each) for each in members)
        least = LEAST_WEIGHT if known or not any(map(is_han, typed)) else 0.0
        found.append(
            _Wanted(
                stems,
                tuple(_way(each) for each in members if "label" not in each.fields and each.weight >= least),
                tuple(_way(each) for each in members if "label" in each.fields),
                frozenset(_reason(each) for each in members if each.weight >= least),
                narrow=(not meant.isdisjoint(words) and stems not in names) or _of_one_field(words, fields, strengths),
                telling=fields != (SURGERY,) and not all(map(vocabulary.thesaurus.ordinary, words)),
            )
        )
    return tuple(found)


def _of_one_field(words: Terms, fields: tuple[Meant, ...], strengths: Strengths) -> bool:
    """Whether words mean fields by themselves that hospitals are known for."""
    return bool(fields) and not strengths.is_sign(words) and not strengths.is_site(words)


def _is_chinese(member: Term | Phrase) -> bool:
    return any(map(is_han, member.terms if isinstance(member, Phrase) else (member.text,)))


def _names(reading: Reading, facets: FacetWords) -> tuple[frozenset[str], ...]:
    """The names of the specialties that were read, as stems."""
    read = reading.specialty
    known = (name for (facet, name), value in facets.names.items() if facet == "specialty" and value in read)
    return tuple(map(_stems, known))


def _beside(facet: str, value: str) -> bool:
    """Whether a value that was read says that costs are asked for, or where."""
    return facet == "city" or (facet, value) == ("topic", COSTS)


def _others(cities: Sequence[str], facets: FacetWords) -> frozenset[str]:
    """The first words of the names of all cities but those that are asked for; none where none is."""
    if not cities:
        return frozenset()
    names = (value for facet, value in facets.labels if facet == "city" and value not in cities)
    return frozenset(stem(terms(name)[0]) for name in names)


def _fitting(
    card: Card, wanted: Sequence[_Wanted], fields: Iterable[frozenset[str]], elsewhere: frozenset[str]
) -> tuple[Price, ...]:
    """The prices of a page that are of what is wanted: those of which most is said in their own words."""
    page, labels = _stems(card.title), _stems(" ".join((*card.specialty, *card.topic)))
    if _of_another(card, [each for each in wanted if each.narrow], fields):
        labels = frozenset()  # a price of the same field may be of anything in it
    labelled = [_says(each.labels, labels) for each in wanted]
    chosen: list[tuple[int, Price]] = []
    for price in card.prices:
        own = frozenset(price.words)
        named = [_says(each.ways, own | _stems(price.heading) | page) for each in wanted]
        if own.isdisjoint(elsewhere) and any(named) and all(map(or_, named, labelled)):
            chosen.append((sum(_says(each.ways, own) for each in wanted), price))
    most = max((said for said, _ in chosen), default=0)
    return tuple(price for said, price in chosen if said == most)[:SHOWN]


def _says(ways: Iterable[frozenset[str]], stems: frozenset[str]) -> bool:
    return any(way <= stems for way in ways)


def _members(node: Node) -> Iterator[Term | Phrase]:
    if isinstance(node, And | Or):
        for child in node.children:
            yield from _members(child)
    elif isinstance(node, Concept):
        yield from (member for member in node.members if isinstance(member, Term | Phrase))


def _reason(member: Term | Phrase) -> str:
    """How a hit is explained that has it, without quotes."""
    if member.reason:
        return member.reason
    if isinstance(member, Term):
        return member.text
    return ("" if all(map(is_han, member.terms)) else " ").join(member.terms)


def _way(member: Term | Phrase) -> frozenset[str]:
    return frozenset(map(stem, member.terms if isinstance(member, Phrase) else (member.text,)))


@lru_cache(maxsize=4096)
def _stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, terms(text)))
