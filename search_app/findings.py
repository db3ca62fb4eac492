"""What is collected while a text is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from indexer.analysis import stem, terms
from indexer.engines import Lexicon
from indexer.model import And, Boost, FacetIs, Node, Or
from search_app.reading import FacetReading
from search_app.strengths import Meant
from search_app.widen import Piece
from search_app.words import Words

BOOSTS = {"city": 4.0, "specialty": 4.0, "kind": 5.0, "topic": 3.0, "profile": 4.0}
ADVICE = 3.0  # for articles, when the words ask a question or name what only articles are about
HOSPITAL_TOPICS = frozenset(("Cancer Treatment", "Fertility & IVF", "Traditional Chinese Medicine"))
ASKING = frozenset((
    "how", "why", "what", "whats", "who", "when", "if", "is", "are", "am", "can", "could", "do", "does", "did",
    "should", "will", "would", "must", "may",
))  # fmt: skip
# In Chinese the word that asks stands anywhere. Those that ask for a hospital ("哪家") are none of them.
ASKING_HAN = re.compile(
    r"怎么(?!样的医院)|怎样|如何|为什么|为何|什么(?!医院|科)|是否|能不能|可不可以|要不要|会不会|多久|多长时间|几天|吗(?!\w)"
)
FIELD_BESIDE_ADVICE = 1.0  # for a specialty, where an article is asked for: its hospitals do not answer
PERSONS = frozenset(("Geriatrics",))  # specialties that are read from who is ill, and mean little beside another one
WHO_IS_ILL = 0.25  # what they count then
HINT = 2.0  # for a value that is only related to the words
LIKE_IT = 0.1  # for the specialty of a hospital that has no page: an order among hospitals of its city, no more
MAX_LEAVES = 52  # an engine takes 62; exact name, names inside and filters need a few
TOO_LONG = "The search is too long; the last words were left out."


@dataclass(slots=True)
class Findings:
    """One text while it is read: how to read it, and what was found so far."""

    text: str
    lexicon: Lexicon
    words: Words
    plain: bool
    ignore: frozenset[str]
    correct: bool
    corrected: dict[str, str] = field(default_factory=dict)
    replaced: dict[tuple[int, int], str] = field(default_factory=dict)
    found: dict[FacetReading, None] = field(default_factory=dict)
    hints: dict[tuple[str, str], None] = field(default_factory=dict)
    excluded: dict[FacetReading, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)
    strange: set[tuple[int, int]] = field(default_factory=set)  # stretches of Han characters that no page can have
    notes: dict[str, None] = field(default_factory=dict)
    in_name: list[tuple[int, int]] = field(default_factory=list)  # stretches that are names of pages
    pieces: dict[tuple[int, int], list[Piece]] = field(default_factory=dict)  # stretches that were corrected
    likened: set[int] = field(default_factory=set)  # starts of words that only say what something is like
    complaint: bool = False  # some words are a complaint that is listed
    informing: bool = False  # some word says that something is to be known: "risk", "law"
    someone: bool = False  # some word is one for who treats: "doctor"
    hospital: bool = False  # some word is one for hospitals, whether or not it lifts them
    like: str = ""  # specialty of a hospital that was asked for and has no page
    joined: bool = False  # the words that are read are an operand of AND or OR
    leaves: int = 0

    def wanted(self, facet: str, value: str) -> bool:
        """Whether a facet value may be read from the words."""
        return not self.plain and facet not in self.ignore and f"{facet}:{value}" not in self.ignore

    def room(self) -> bool:
        """Whether one more leaf fits into the query; counts it, or notes that words were left out."""
        if self.leaves < MAX_LEAVES:
            self.leaves += 1
            return True
        self.notes[TOO_LONG] = None
        return False

    def read(self, facet: str, value: str, typed: str) -> None:
        """Keep a facet value that was read from some words."""
        self.found[FacetReading(facet, value, typed)] = None

    def used(self) -> str:
        """The text with its corrections."""
        if not self.replaced:
            return self.text
        used = self.text
        for (start, end), text in sorted(self.replaced.items(), reverse=True):
            used = used[:start] + text + used[end:]
        return used

    def cities(self) -> tuple[str, ...]:
        """Cities that were read."""
        return tuple(dict.fromkeys(each.value for each in self.found if each.facet == "city"))

    def asks(self) -> bool:
        """Whether the words begin as a question does, also where that word is misspelt: "what's", "waht"."""
        return _asks(self.used().partition(" ")[0]) or (not self.text.isascii() and bool(ASKING_HAN.search(self.text)))

    def advice(self) -> bool:
        """Whether the words name a topic that only articles are about."""
        return any(each.facet == "topic" and each.value not in HOSPITAL_TOPICS for each in self.found)

    def seeks_knowledge(self) -> bool:
        """Whether the words are a question, or say that something is to be known ("success rate", "how long")."""
        return self.asks() or (self.informing and not self.someone and not self.hospital and not self.cities())

    def wants_hospital(self) -> bool:
        """Whether the words ask for hospitals."""
        return any(each.facet == "kind" and each.value == "hospital" for each in self.found)

    def wants_article(self) -> bool:
        """Whether the words ask what an article answers."""
        knowledge = self.seeks_knowledge() or self.advice()
        return knowledge and not self.wants_hospital() and self.wanted("kind", "article")

    def boosts(self) -> tuple[Boost, ...]:
        """What lifts hits.

        A word for a specialty means the topic of articles as well only in questions: beside the name of an illness the
        topic would put every article on the field in front of the hospitals that treat it. What kind of hospital is
        named in a question is what an article explains ("what is a grade 3A hospital").
        """
        article = self.seeks_knowledge() or self.advice()
        hospital = self.wants_hospital()
        both = {each.words for each in self.found if each.facet == "specialty"} if hospital or not article else set()
        weights = {**BOOSTS, "specialty": FIELD_BESIDE_ADVICE} if article else BOOSTS
        lifts: dict[tuple[str, str], float] = dict.fromkeys(self.hints, HINT)
        for each in self.found:
            if not (each.facet == "topic" and each.words in both) and not (each.facet == "profile" and article):
                lifts[(each.facet, each.value)] = weights[each.facet]
        for key in self.told_by_who_is_ill():
            if key in lifts:
                lifts[key] *= WHO_IS_ILL
        if self.wants_article():
            lifts.setdefault(("kind", "article"), ADVICE)
        if self.like:
            lifts.setdefault(("specialty", self.like), LIKE_IT)
        return tuple(Boost(facet, value, weight) for (facet, value), weight in lifts.items())

    def told_by_who_is_ill(self) -> set[tuple[str, str]]:
        """Specialties that words like "old man" stand for, where other words name or hint at another specialty."""
        read = {(each.facet, each.value) for each in self.found if each.facet == "specialty"}
        read.update([key for key in self.hints if key[0] == "specialty"])
        who = {key for key in read if key[1] in PERSONS}
        if who:
            who -= {(each.facet, each.value) for each in self.found if names_itself(each.value, each.words)}
        return who if read - who else set()

    def specialties(self) -> tuple[str, ...]:
        """Specialties that were read, those that are only hinted at where none was; not what tells who is ill."""
        who = self.told_by_who_is_ill()
        read = [each.value for each in self.found if each.facet == "specialty" and (each.facet, each.value) not in who]
        hinted = [value for facet, value in self.hints if facet == "specialty" and (facet, value) not in who]
        return tuple(dict.fromkeys(read or hinted))

    def field(self, meant: tuple[Meant, ...] = ()) -> Node | None:
        """Pages of every field and city that were read, of a related field where none was; None without a field.

        Hospitals that state a field that is ``meant`` count where no specialty is known. Beside a complaint of which
        no specialty or several were read, those that state all of it are as good.
        """
        fields: dict[str, list[Node]] = {}
        cities: list[Node] = []
        who = self.told_by_who_is_ill()
        for each in self.found:
            if each.facet == "city":
                cities.append(FacetIs("city", each.value))
            elif (each.facet, each.value) in who:
                continue
            elif each.facet == "specialty" or each.value in HOSPITAL_TOPICS:
                fields.setdefault(each.words, []).append(FacetIs(each.facet, each.value))
        if not fields:
            fields[""] = [
                FacetIs(facet, value)
                for facet, value in self.hints
                if facet == "specialty" and (facet, value) not in who
            ]
        wanted = [_any(nodes) for nodes in fields.values() if nodes]
        strengths = self.words.strengths
        if not wanted and not self.asks() and not self.advice():
            stated = strengths.stated(meant)
            wanted = [stated] if stated else []
        elif wanted and not cities and self._vague(fields) and (all_of_it := strengths.stated_each(meant)):
            wanted = [Or((all_of_it, wanted[0] if len(wanted) == 1 else And(tuple(wanted))))]
        if not wanted:
            return None
        wanted += [_any(cities)] if cities else []
        return wanted[0] if len(wanted) == 1 else And(tuple(wanted))

    def around(self, meant: tuple[Meant, ...]) -> Node | None:
        """Hospitals to follow a complaint where few pages are of its field: those that state something of it."""
        if not self.complaint or self.wants_article() or self.cities():
            return None
        return self.words.strengths.around(meant, self.specialties())

    def _vague(self, fields: Mapping[str, list[Node]]) -> bool:
        """Whether words are a complaint that names no specialty or several, of which few pages have all."""
        return self.complaint and not self.wants_article() and (len(fields) > 1 or "" in fields)


@lru_cache(maxsize=4096)
def _asks(first: str) -> bool:
    """Whether a text begins as a question does, by its first word."""
    found = terms(first)
    return bool(found) and found[0] in ASKING


@lru_cache(maxsize=4096)
def names_itself(value: str, words: str) -> bool:
    """Whether words for a facet value are its own name: "geriatric" is the field, "old man" only says who is ill."""
    return stem(terms(value)[0]) in map(stem, terms(words))


def _any(nodes: list[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))
