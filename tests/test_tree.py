"""What a flattened query tree says: its masks and its program, and whether a document without any leaf may match."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indexer.engines.tree import flatten
from indexer.model import And, Node, Not, Or, Term

LEAVES = 4
words = st.sampled_from("abc").map(Term)
trees = st.recursive(
    words,
    lambda below: st.one_of(
        below.map(Not),
        st.lists(below, max_size=3).map(lambda children: And(tuple(children))),
        st.builds(Or, st.lists(below, max_size=3).map(tuple), st.integers(0, 3)),
    ),
    max_leaves=LEAVES,
)


def holds(node: Node, has: list[bool]) -> bool:
    """The value of a tree, read off it; ``has`` gives up a flag for each of its leaves in turn."""
    if isinstance(node, Not):
        return not holds(node.child, has)
    if isinstance(node, And | Or):
        matching = sum([holds(child, has) for child in node.children])
        return matching >= (node.minimum if isinstance(node, Or) else len(node.children))
    return has.pop(0)


@given(trees)
def test_masks_and_program_say_what_the_tree_says(root: Node) -> None:
    flat = flatten(root)
    for matching in range(1 << len(flat.leaves)):
        expected = holds(root, [bool(matching >> place & 1) for place in range(len(flat.leaves))])
        assert flat.holds(matching) == expected
        if flat.masks is not None:
            required, forbidden, optional, minimum = flat.masks
            enough = (matching & optional).bit_count() >= minimum
            assert (matching & required == required and not matching & forbidden and enough) == expected
    assert flat.open or not flat.holds(0)
