"""What every engine needs to know of a query tree: its leaves in typed order, which of them score, its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from indexer.analysis import is_han
from indexer.errors import QueryError, UnknownFacet
from indexer.model import (
    FACETS,
    MAX_WINDOW,
    SORTS,
    And,
    Concept,
    DocumentIs,
    Everything,
    Facet,
    FacetIs,
    Leaf,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Term,
)

# Tuples, since ``A | B`` would make a new type at each test.
_GROUPS = (And, Or)
_NODES = (And, Or, Not)
_WORDS = (Term, Phrase, Prefix)
_SILENT = (FacetIs, Everything)  # leaves that never score
MAX_LEAVES = 62  # leaves are bits of one 64-bit mask; one bit is kept for "everything"
LEAF, AND, OR, NOT = 0, 1, 2, 3
_LEAVES = tuple([(LEAF, place, 0) for place in range(MAX_LEAVES)])
_NOT = NOT, 1, 0
_NESTED = frozenset(_NODES)
_FACETS = frozenset(FACETS)


Masks = tuple[int, int, int, int]
"""Leaves that are required, forbidden and optional, as bits, and how many of the optional ones are needed."""


class FlatTree(NamedTuple):
    """A query tree as its leaves in typed order, and a postfix program of (operation, argument, minimum) over them.

    ``masks`` say the same as the program, where bits can; else they are None. ``open`` says that a document without any
    of the leaves may match; where it is False none does.
    """

    leaves: tuple[Leaf, ...]
    scoring: tuple[bool, ...]
    program: tuple[tuple[int, int, int], ...]
    masks: Masks | None
    open: bool

    def holds(self, matching: int) -> bool:
        """Whether a document matches whose matching leaves are the bits of ``matching``."""
        stack: list[bool] = []
        for operation, argument, minimum in self.program:
            if operation == LEAF:
                stack.append(bool(matching >> argument & 1))
            elif operation == NOT:
                stack[-1] = not stack[-1]
            else:
                found = sum(stack[len(stack) - argument :])
                del stack[len(stack) - argument :]
                stack.append(found >= (argument if operation == AND else minimum))
        return stack[0]


def members(leaf: Leaf) -> tuple[Term | Phrase | Prefix, ...]:
    """The words of a leaf; empty for a leaf that is not about words."""
    if isinstance(leaf, Concept):
        return leaf.members
    return (leaf,) if isinstance(leaf, _WORDS) else ()


def flatten(root: Node) -> FlatTree:
    """Leaves and program of a tree, without recursion.

    Raises:
        QueryError: If it has more than ``MAX_LEAVES`` leaves.
    """
    if not isinstance(root, _NODES):
        return FlatTree((root,), (not isinstance(root, _SILENT),), _LEAVES[:1], (1, 0, 0, 0), False)
    if isinstance(root, _GROUPS) and _NESTED.isdisjoint(map(type, root.children)) and len(root.children) <= MAX_LEAVES:
        return _flat_group(root)
    return (_flat_exclusion(root) if isinstance(root, And) else None) or _flat_any(root)


def _flat_any(root: Node) -> FlatTree:
    """``flatten`` of any tree."""
    leaves: list[Leaf] = []
    scoring: list[bool] = []
    program: list[tuple[int, int, int]] = []
    todo: list[tuple[Node | tuple[int, int, int], bool]] = [(root, True)]
    may_be_empty = False
    while todo:
        node, scores = todo.pop()
        if isinstance(node, tuple):
            program.append(node)
        elif isinstance(node, _GROUPS):
            count = len(node.children)
            minimum = count if isinstance(node, And) else node.minimum
            may_be_empty = may_be_empty or minimum <= 0
            todo.append(((AND if isinstance(node, And) else OR, count, minimum), scores))
            todo += [(child, scores) for child in reversed(node.children)]
        elif isinstance(node, Not):
            may_be_empty = True
            todo.append((_NOT, scores))
            todo.append((node.child, False))
        else:
            if len(leaves) == MAX_LEAVES:
                raise QueryError(f"The query has more than {MAX_LEAVES} parts. Search for fewer words at once.")
            program.append(_LEAVES[len(leaves)])
            leaves.append(node)
            scoring.append(scores and not isinstance(node, _SILENT))
    return FlatTree(tuple(leaves), tuple(scoring), tuple(program), _masks(program), may_be_empty)


def _flat_group(root: And | Or) -> FlatTree:
    """``flatten`` of a group of leaves, which most queries are."""
    leaves: tuple[Leaf, ...] = root.children  # type: ignore[assignment]  # ``flatten`` has looked
    count = len(leaves)
    bits = (1 << count) - 1
    masks: Masks | None
    if isinstance(root, And):
        kind, minimum, masks = AND, count, (bits, 0, 0, 0)
    else:
        kind, minimum = OR, root.minimum
        masks = (0, 0, bits, minimum) if minimum <= count else None
    scoring = tuple([not isinstance(leaf, _SILENT) for leaf in leaves])
    return FlatTree(leaves, scoring, (*_LEAVES[:count], (kind, count, minimum)), masks, minimum <= 0)


def _flat_exclusion(root: And) -> FlatTree | None:
    """``flatten`` of leaves that all match and others that do not, or None if the tree is more than that."""
    leaves: list[Leaf] = []
    scoring: list[bool] = []
    program: list[tuple[int, int, int]] = []
    required = forbidden = 0
    if len(root.children) > MAX_LEAVES:
        return None
    for number, child in enumerate(root.children):
        program.append(_LEAVES[number])
        if isinstance(child, Not):
            leaf = child.child
            program.append(_NOT)
            forbidden |= 1 << number
        else:
            leaf = child
            required |= 1 << number
        if isinstance(leaf, _NODES):
            return None
        leaves.append(leaf)
        scoring.append(leaf is child and not isinstance(leaf, _SILENT))
    program.append((AND, len(leaves), len(leaves)))
    return FlatTree(tuple(leaves), tuple(scoring), tuple(program), (required, forbidden, 0, 0), not required)


def _masks(program: Sequence[tuple[int, int, int]]) -> Masks | None:
    """The masks of a program, if they can say the same."""
    stack: list[tuple[str, int, int, int, int]] = []  # kind, required, forbidden, optional, minimum
    for operation, argument, minimum in program:
        if operation == LEAF:
            stack.append(("leaf", 1 << argument, 0, 0, 0))
        elif operation == NOT:
            kind, required, _, _, _ = stack.pop()
            if kind != "leaf":
                return None
            stack.append(("and", 0, required, 0, 0))
        else:
            children = stack[len(stack) - argument :]
            del stack[len(stack) - argument :]
            group = _all_of(children) if operation == AND else _some_of(children, minimum)
            if group is None:
                return None
            stack.append(group)
    return stack[0][1:]


def _all_of(children: Sequence[tuple[str, int, int, int, int]]) -> tuple[str, int, int, int, int] | None:
    """What ``_masks`` keeps of a group all of whose children match."""
    optional = [child for child in children if child[3]]
    if len(optional) > 1:
        return None
    required = forbidden = 0
    for child in children:
        required |= child[1]
        forbidden |= child[2]
    group = optional[0] if optional else ("", 0, 0, 0, 0)
    return "and", required, forbidden, group[3], group[4]


def _some_of(children: Sequence[tuple[str, int, int, int, int]], minimum: int) -> tuple[str, int, int, int, int] | None:
    """What ``_masks`` keeps of a group of which some children match."""
    if any(child[0] != "leaf" for child in children) or minimum > len(children):
        return None
    bits = 0
    for child in children:
        bits |= child[1]
    return ("or", 0, 0, bits, minimum) if bits else None


def check(query: Query) -> None:
    """Refuse what no engine does.

    Raises:
        QueryError: On an impossible window or sort.
        UnknownFacet: On a facet that does not exist.
    """
    if query.offset < 0 or query.limit < 0 or query.offset + query.limit > MAX_WINDOW:
        raise QueryError(f"Only the first {MAX_WINDOW:,} hits can be shown. Narrow the search instead.")
    if query.sort not in SORTS:
        raise QueryError(f"Unknown sort {query.sort!r}. Known: {', '.join(SORTS)}.")
    named = query.facets
    if query.filters or query.boosts:
        named = (*[each.facet for each in query.filters], *[each.facet for each in query.boosts], *named)
    if not _FACETS.issuperset(named):
        raise UnknownFacet(next(facet for facet in named if facet not in _FACETS), FACETS)


def facet_of(query: Query, name: str, counts: Mapping[str, int]) -> Facet:
    """A facet in the order in which it is shown, the values that the query chose among them."""
    chosen = query.chosen(name)
    listed = {**dict.fromkeys(chosen, 0), **counts} if chosen else counts
    return Facet(name, dict(sorted(listed.items(), key=lambda each: (-each[1], each[0]))), chosen)


def reason(member: Term | Phrase | Prefix) -> str:
    """How a matching word is named to the searcher."""
    if member.reason:
        return member.reason
    if type(member) is Term:  # most of them
        return member.text
    if isinstance(member, Phrase):
        terms = member.terms  # of Chinese, one character each
        return "“" + ("" if all(map(is_han, terms)) else " ").join(terms) + "”"
    return member.text + "*" if isinstance(member, Prefix) else member.text


def document_reason(leaf: DocumentIs) -> str:
    """How an exact name is named to the searcher."""
    return leaf.reason or "exact name"
