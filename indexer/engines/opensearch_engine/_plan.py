"""A query tree resolved against one generation: what each word stands for, and what its leaf weighs."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from indexer.analysis import FIELDS, stem
from indexer.engines.opensearch_engine._cluster import Cluster, Json
from indexer.engines.opensearch_engine._lexicon import ClusterLexicon
from indexer.engines.opensearch_engine._lookups import EXPANSION
from indexer.engines.opensearch_engine._schema import UNIT, wire
from indexer.engines.tree import FlatTree, members
from indexer.model import Phrase, Prefix, Term
from indexer.ranking import Ranking

Word = Term | Phrase | Prefix

MAX_CLAUSES = 800  # of the 1,024 that a node allows; what goes beyond scores with its most frequent forms only
NOTHING: Json = {"match_none": {}}


class Counts:
    """Documents that match a clause, remembered as long as a generation is open."""

    LIMIT = 1 << 14

    def __init__(self, cluster: Cluster, index: str) -> None:
        self._cluster = cluster
        self._index = index
        self._kept: OrderedDict[object, int] = OrderedDict()

    def of(self, wanted: dict[object, Json]) -> dict[object, int]:
        """How many documents match each clause, asking only for what is not known, in one round trip."""
        found = {key: self._kept[key] for key in wanted if key in self._kept}
        missing = [key for key in wanted if key not in found]
        if missing:
            asked = [
                (self._index, {"query": {"bool": {"filter": wanted[key]}}, "size": 0, "track_total_hits": True})
                for key in missing
            ]
            for key, answer in zip(missing, self._cluster.searches(asked), strict=True):
                found[key] = self._kept[key] = int(answer["hits"]["total"]["value"])
            while len(self._kept) > self.LIMIT:
                self._kept.popitem(last=False)
        return found


@dataclass(slots=True)
class Resolved:
    """One leaf: a clause that decides whether it matches, clauses whose sum is its weight, and its rarity."""

    match: Json
    weigh: list[Json]
    idf: float = 0.0
    place: int = -1  # in the typed order of scoring word leaves; -1 for others


@dataclass(slots=True)
class Plan:
    """A whole query, resolved. ``owners`` says for each form which word of ``words`` it counts for."""

    tree: FlatTree
    leaves: list[Resolved]
    words: list[Word] = field(default_factory=list)
    word_leaf: list[int] = field(default_factory=list)
    owners: dict[str, int] = field(default_factory=dict)
    forms: list[dict[str, float]] = field(default_factory=list)

    @property
    def total_idf(self) -> float:
        """Sum of the rarities of all scoring word leaves."""
        return sum(leaf.idf for leaf in self.leaves if leaf.place >= 0)


def make_plan(tree: FlatTree, documents: int, ranking: Ranking, lexicon: ClusterLexicon, counts: Counts) -> Plan:
    """Resolve a flattened tree. The weight of a leaf by rarity comes from its most frequent form."""
    flat = [word for leaf in tree.leaves for word in members(leaf)]
    roots = [stem(word.text) for word in flat if isinstance(word, Term)]
    roots += [stem(term) for word in flat if isinstance(word, Phrase) for term in word.terms]
    lexicon.fetch(roots, [word.text for word in flat if isinstance(word, Prefix)])
    plan = Plan(tree, [])
    budget = MAX_CLAUSES // max(1, len(flat))
    frequencies: list[dict[object, int]] = []
    asked: dict[object, Json] = {}
    owed: list[tuple[int, object]] = []
    for number, leaf in enumerate(tree.leaves):
        words = members(leaf)
        resolved = Resolved(NOTHING, [])
        known: dict[object, int] = {}
        clauses: list[Json] = []
        for word in words:
            forms = {} if isinstance(word, Phrase) else forms_of(word, lexicon, ranking)
            clauses.append(matching(word, forms))
            if not tree.scoring[number]:
                continue
            resolved.weigh += _weighing(word, forms, ranking, budget)
            for key, clause, count in _rarities(word, forms, lexicon):
                if clause is None:
                    known[key] = count
                else:
                    asked[key] = clause
                    owed.append((number, key))
            if not isinstance(word, Phrase):
                for form in forms:
                    plan.owners.setdefault(form, len(plan.words))
            plan.words.append(word)
            plan.word_leaf.append(number)
            plan.forms.append(forms)
        if words:
            resolved.match = any_of(clauses)
        frequencies.append(known)
        plan.leaves.append(resolved)
    answers = counts.of(asked) if asked else {}
    for number, key in owed:
        frequencies[number][key] = answers[key]
    place = 0
    for number, leaf in enumerate(tree.leaves):
        if members(leaf) and tree.scoring[number]:
            plan.leaves[number].idf = ranking.idf(documents, max(frequencies[number].values(), default=0))
            plan.leaves[number].place = place
            place += 1
    return plan


def forms_of(word: Term | Prefix, lexicon: ClusterLexicon, ranking: Ranking) -> dict[str, float]:
    """The forms that a word stands for, each with its weight; those typed come first."""
    if isinstance(word, Prefix):
        return dict.fromkeys([form for form, _ in lexicon.expanded(word.text)[:EXPANSION]], word.weight)
    forms = {word.text: word.weight} if lexicon.exact_frequency(word.text) else {}
    if not word.exact:
        others = [form for form, _ in lexicon.forms(stem(word.text)) if form != word.text][:EXPANSION]
        forms |= dict.fromkeys(others, word.weight * ranking.inflection)
    return forms


def any_of(clauses: list[Json]) -> Json:
    """A clause that matches where any of some does."""
    if len(clauses) == 1:
        return clauses[0]
    return {"bool": {"should": clauses, "minimum_should_match": 1}} if clauses else NOTHING


def matching(word: Word, forms: dict[str, float]) -> Json:
    """A clause that matches where a word occurs; it never scores."""
    places = [f for f in FIELDS if f in word.fields] if word.fields else []
    if isinstance(word, Phrase):
        return any_of([_phrase(word, place) for place in places or FIELDS]) if word.terms else NOTHING
    if isinstance(word, Prefix):
        listed = [wire(form) for form in forms]
        return (
            any_of([{"terms": {name: listed}} for name in ([f"t_{p}" for p in places] or ["w"])]) if forms else NOTHING
        )
    kind, text = ("t_", word.text) if word.exact else ("u_", stem(word.text))
    names = [kind + place for place in places] or ["w" if word.exact else "ws"]
    return any_of([{"term": {name: wire(text)}} for name in names])


def _phrase(word: Phrase, place: str) -> Json:
    terms = word.terms if word.exact else [stem(term) for term in word.terms]
    name = f"{'t' if word.exact else 'u'}_{place}"
    if len(terms) == 1:
        return {"term": {name: wire(terms[0])}}
    return {"match_phrase": {name: {"query": " ".join(map(wire, terms)), "analyzer": "whitespace"}}}


def _weighing(word: Word, forms: dict[str, float], ranking: Ranking, budget: int) -> list[Json]:
    """Clauses whose scores add up to the weight of a word in a document, in units of ``UNIT``."""
    places = [f for f in FIELDS if f in word.fields] if word.fields else list(FIELDS)
    if isinstance(word, Phrase):
        # A node scores a phrase once for each of its terms and adds that up.
        weight = word.weight / max(1, len(word.terms))
        return [_placed(_phrase(word, place), place, weight) for place in places] if word.terms else []
    if isinstance(word, Prefix):
        few = list(forms)[: max(1, budget // len(places)) if word.fields else budget]
        if not word.fields:
            return [_term("w", form, word.weight) for form in few]
        return [_placed({"term": {f"t_{place}": wire(f)}}, place, word.weight) for f in few for place in places]
    if word.exact:
        shares = [("t_", "w", word.text, 1.0)]
    else:
        # All forms together count 0.8 times, and the one typed 0.2 times more.
        shares = [("u_", "ws", stem(word.text), ranking.inflection), ("t_", "w", word.text, 1 - ranking.inflection)]
    if not word.fields:
        return [_term(whole, text, word.weight * share) for _, whole, text, share in shares]
    return [
        _placed({"term": {prefix + place: wire(text)}}, place, word.weight * share)
        for prefix, _, text, share in shares
        for place in places
    ]


def _term(name: str, text: str, weight: float) -> Json:
    return {"term": {name: {"value": wire(text), "boost": weight}}}


def _placed(clause: Json, place: str, weight: float) -> Json:
    """Occurrences in one field, each as heavy as one occurrence there is in this document."""
    factor = {"field": f"s_{place}", "factor": weight * UNIT, "missing": 0}
    return {"function_score": {"query": clause, "field_value_factor": factor, "boost_mode": "multiply"}}


def _rarities(word: Word, forms: dict[str, float], lexicon: ClusterLexicon) -> list[tuple[object, Json | None, int]]:
    """Counts that decide how rare a word is: known ones, or the clause to count."""
    if isinstance(word, Phrase):
        return [((word.fields, word.terms, word.exact), matching(word, {}), 0)]
    if not word.fields:
        known = lexicon.expanded(word.text) if isinstance(word, Prefix) else lexicon.forms(stem(word.text))
        return [(((), form), None, count) for form, count in known if form in forms]
    return [((word.fields, form), matching(Term(form, word.fields, exact=True), {}), 0) for form in forms]
