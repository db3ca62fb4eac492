"""What was understood of the typed words: a query, and everything a person should be told about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from indexer.analysis import terms
from indexer.model import And, DocumentIs, Everything, Node, Not, Or, Query

ALL_WORDS_WEIGHT = 2.0  # above any sum of word scores and boosts, below an exact name
HAS_ALL = "all words"  # why a page is lifted that has them, where others lack some
SHORT_TEXT = 5  # wanted words; a text with more is prose
EXACT_WEIGHT = 1000.0  # above any sum of word scores and boosts


class FacetReading(NamedTuple):
    """A facet value that was read from the words ``words``."""

    facet: str
    value: str
    words: str


class Part(NamedTuple):
    """One wanted, optional or unwanted thing of the query; ``start`` and ``end`` are its place in the read text.

    ``role`` is "word" (wanted, given up first when nothing has all), "fixed" (a phrase, group or field: never given
    up silently), "optional" (only scores), "named" (documents that match in place of the wanted words, because their
    name stands among them) or "excluded" (``node`` is what must not match).
    """

    role: str
    node: Node
    words: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The typed text as it was read.

    Attributes:
        text: The text, cleaned and cut to the limits.
        used: The same with corrections applied ("Showing results for …"); equal to ``text`` when there are none.
        query: Tree and boosts, without filters, order or paging.
        parts: What the tree was put together from.
        corrected: Pairs of what was typed and what was used instead.
        found: Facet values read from the words; they lift hits, they never narrow.
        excluded: Facet values that the words leave out ("not beijing").
        exact: Id of the document whose name was typed, or "".
        exact_ids: All documents of that name; more than one when a name is shared.
        optional: Words that need not match.
        unknown: Wanted words that stand nowhere in the index, in any form.
        strange: Han characters that stand nowhere, as many as follow each other; they are only told.
        field: What pages are about that fit all read values, whatever their words; None when no field was read.
        around: Hospitals that state something of the field of a complaint, to follow where few pages are of it.
        alike: Articles that are close to the words in meaning, in steps of their weight; no part of ``query``.
        key_words: The words whose meaning puts articles in order among themselves; no part of ``query``.
        strengths: Fields that the words mean and hospitals are known for, phrase by phrase; no part of ``query``.
        best: Whether the best hospitals are asked for, so that places in national lists count most.
        lifts: Whether hospitals that are strong in these gain places on articles too.
        notes: What was left out or decided, each one plain sentence.
        plain: Whether only the plain words were asked for.
    """

    text: str
    used: str
    query: Query
    parts: tuple[Part, ...] = ()
    corrected: tuple[tuple[str, str], ...] = ()
    found: tuple[FacetReading, ...] = ()
    excluded: tuple[FacetReading, ...] = ()
    exact: str = ""
    exact_ids: tuple[str, ...] = ()
    exact_reason: str = ""
    optional: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    field: Node | None = None
    around: Node | None = None
    alike: tuple[DocumentIs, ...] = ()
    key_words: tuple[str, ...] = ()
    strengths: tuple[tuple[str, ...], ...] = ()
    best: bool = False
    lifts: bool = False
    notes: tuple[str, ...] = ()
    plain: bool = False

    def values(self, facet: str) -> tuple[str, ...]:
        """Values of one facet that were read from the words."""
        return tuple(dict.fromkeys(each.value for each in self.found if each.facet == facet))

    @property
    def city(self) -> tuple[str, ...]:
        """Cities read from the words."""
        return self.values("city")

    @property
    def specialty(self) -> tuple[str, ...]:
        """Specialties read from the words."""
        return self.values("specialty")

    @property
    def topic(self) -> tuple[str, ...]:
        """Topics read from the words."""
        return self.values("topic")

    @property
    def kind(self) -> tuple[str, ...]:
        """Kinds read from the words."""
        return self.values("kind")

    def meant(self, words: str) -> str:
        """Words of a part or a facet reading with their corrections, as they are compared with those of pages."""
        return as_meant(words, self.corrected)

    def parts_as_meant(self) -> tuple[Part, ...]:
        """The parts with their words corrected."""
        return (
            tuple([part._replace(words=self.meant(part.words)) for part in self.parts])
            if self.corrected
            else self.parts
        )

    def words(self) -> tuple[Part, ...]:
        """The wanted words, in typed order."""
        return tuple(part for part in self.parts if part.role == "word")

    def framing(self) -> tuple[Part, ...]:
        """Wanted words that only say where or what of it, a city or costs, beside others that say what is sought."""
        said = {term for each in self.found if each.facet in ("city", "topic") for term in terms(each.words)}
        framing = tuple(part for part in self.words() if said.issuperset(terms(self.meant(part.words))))
        return framing if len(framing) < len(self.words()) else ()

    def wide_field(self) -> Node | None:
        """Pages of the field that was read, and hospitals that state something of it."""
        nodes = tuple(each for each in (self.field, self.around) if each is not None)
        return Or(nodes) if len(nodes) > 1 else nodes[0] if nodes else None

    def relaxed(
        self, missing: int, first: tuple[str, ...] = (), *, subject: bool = False, around: bool = False
    ) -> Query:
        """The query when up to ``missing`` of the wanted words may be absent, or all of them on a page of the field.

        Everything else still holds. ``first`` are documents that have all words; they are lifted. Where ``subject``,
        words that say what is sought are wanted, and those of ``framing`` only score. Where ``around``, a page of the
        wide field will do as one of the field does.
        """
        parts = self.parts
        if subject and (framing := self.framing()):
            parts = tuple(part._replace(role="optional") if part in framing else part for part in parts)
            missing -= len(framing)
        root = compose(parts, missing, self.wide_field() if around else self.field)
        if first:
            root = Or((DocumentIs(first, ALL_WORDS_WEIGHT, HAS_ALL), root))
        return self._asking(with_exact(root, self.exact_ids, self.exact_reason))

    def beside(self, query: Query) -> Query:
        """A query of this reading, with the pages that are close in meaning beside those that it finds."""
        return self._asking(Or((*self.alike, query.root))) if self.alike else query

    def without(self, part: Part) -> Query:
        """The query without one of its parts."""
        root = compose(tuple(each for each in self.parts if each is not part))
        return self._asking(with_exact(root, self.exact_ids, self.exact_reason))

    def _asking(self, root: Node) -> Query:
        """The query with another tree."""
        return Query(root, boosts=self.query.boosts)


def as_meant(words: str, corrected: Iterable[tuple[str, str]]) -> str:
    """Words as they were typed, with pairs of what was typed and what was used instead applied."""
    for typed, used in corrected:
        words = used.join(re.split(rf"(?<!\w){re.escape(typed)}(?!\w)", words))
    return words


def compose(parts: tuple[Part, ...], missing: int = 0, field: Node | None = None) -> Node:
    """The tree of some parts; ``missing`` wanted words need not match, and none of them where ``field`` does."""
    words = [part.node for part in parts if part.role == "word"]
    fixed = [part.node for part in parts if part.role == "fixed"]
    optional = [part.node for part in parts if part.role == "optional"]
    unwanted: list[Node] = [Not(part.node) for part in parts if part.role == "excluded"]
    wanted: list[Node] = []
    if missing and words:
        wanted.append(Or(tuple(words), max(1, len(words) - missing)))
    else:
        wanted += words
    instead = [part.node for part in parts if part.role == "named"]
    if field is not None:
        instead.append(field)
    if instead and wanted:
        wanted = [Or((*instead, wanted[0] if len(wanted) == 1 else And(tuple(wanted))))]
    children: list[Node] = wanted + fixed
    if not children:
        children = [Everything()] if unwanted or optional else []
    if optional:
        children.append(Or(tuple(optional), 0))
    children += unwanted
    if not children:
        return Everything()
    return children[0] if len(children) == 1 else And(tuple(children))


def with_exact(root: Node, doc_ids: tuple[str, ...], reason: str) -> Node:
    """The tree with named documents in front of everything else."""
    return Or((DocumentIs(doc_ids, EXACT_WEIGHT, reason), root)) if doc_ids else root
