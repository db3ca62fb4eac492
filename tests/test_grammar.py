"""Claims about the query grammar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_app.grammar import MAX_DEPTH, All, Any, Except, Field, Plain, Quoted, Starts, Syntax, parse
from search_app.typed import MAX_CHARS, MAX_WORDS


def shape(node: Syntax | None) -> object:
    """A tree without places, easy to compare."""
    if node is None:
        return None
    if isinstance(node, Plain):
        return node.text
    if isinstance(node, Quoted):
        return ("quoted", node.text)
    if isinstance(node, Starts):
        return ("starts", node.text)
    if isinstance(node, Field):
        return (node.name, node.form, node.text)
    if isinstance(node, Except):
        return ("not", shape(node.child))
    return ("all" if isinstance(node, All) else "any", *map(shape, node.children))


@pytest.mark.parametrize(
    ("typed", "tree"),
    [
        ("", None),
        ("   ", None),
        ("eye hospital", "eye hospital"),
        ('"eye hospital"', ("quoted", "eye hospital")),
        ("“eye hospital”", ("quoted", "eye hospital")),
        ("「眼科」", ("quoted", "眼科")),
        ('"eye" "ear"', ("all", ("quoted", "eye"), ("quoted", "ear"))),
        ('"eye hospital', "eye hospital"),
        ('eye hospital"', "eye hospital"),
        ('5" lens', "5 lens"),
        ("eye -beijing", ("all", "eye", ("not", "beijing"))),
        ("eye NOT beijing", ("all", "eye", ("not", "beijing"))),
        ("eye NOT NOT beijing", "eye beijing"),
        ("eye NOT NOT NOT beijing", ("all", "eye", ("not", "beijing"))),
        ('-"eye hospital"', ("not", ("quoted", "eye hospital"))),
        ("-(eye ear)", ("not", "eye ear")),
        ("follow-up", "follow-up"),
        ("- eye", "eye"),
        ("--eye", "--eye"),
        ("eye AND ear", ("all", "eye", "ear")),
        ("eye OR ear", ("any", "eye", "ear")),
        ("eye hospital beijing OR shanghai", ("all", "eye hospital", ("any", "beijing", "shanghai"))),
        ("a1 AND b1 OR c1", ("any", ("all", "a1", "b1"), "c1")),
        ("(eye OR ear) beijing", ("all", ("any", "eye", "ear"), "beijing")),
        ("(eye hospital", "eye hospital"),
        ("eye) hospital", "eye hospital"),
        ("()", None),
        ("eye OR", "eye OR"),
        ("OR eye", "OR eye"),
        ("AND", "AND"),
        ("NOT", "NOT"),
        ("eye AND OR ear", ("any", "eye", "ear")),
        ("eye or ear and nose", "eye or ear and nose"),
        ("title:cataract", ("title", "word", "cataract")),
        ('city:"Hainan (Boao)"', ("city", "quoted", "Hainan (Boao)")),
        ("CITY:shanghai eye", ("all", ("city", "word", "shanghai"), "eye")),
        ("-city:beijing", ("not", ("city", "word", "beijing"))),
        ("city: beijing", "city: beijing"),
        ("http://example.org", "http://example.org"),
        ("title:ophthal*", ("title", "prefix", "ophthal")),
        ("ophthal*", ("starts", "ophthal")),
        ("a*", "a"),
        ("*", None),
        ("*eye", "*eye"),
        ("ｅｙｅ　ＯＲ　ｅａｒ", ("any", "eye", "ear")),
    ],
)
def test_typed_text_becomes_this_tree(typed: str, tree: object) -> None:
    assert shape(parse(typed).root) == tree


def test_words_that_belong_together_stay_together_beside_an_operator() -> None:
    def two(words: object, at_end: bool) -> int:
        return 2

    assert shape(parse("lung cancer OR breast cancer", two).root) == ("any", "lung cancer", "breast cancer")
    assert shape(parse("cheap lung cancer OR breast cancer care", two).root) == (
        "all", "cheap", ("any", "lung cancer", "breast cancer"), "care",
    )  # fmt: skip


def test_a_text_that_is_too_long_is_cut_between_words_and_says_so() -> None:
    parsed = parse("abcdefghi " * 100)
    assert len(parsed.text) <= MAX_CHARS
    assert parsed.text.endswith("abcdefghi")
    assert f"Only the first {MAX_CHARS} characters were searched." in parsed.notes


def test_too_many_words_are_left_out_and_it_says_so() -> None:
    parsed = parse(" ".join(["eye"] * (MAX_WORDS + 5)))
    assert isinstance(parsed.root, Plain)
    assert len(parsed.root.text.split()) == MAX_WORDS
    assert parsed.notes == (f"Only the first {MAX_WORDS} words were searched.",)


def test_brackets_that_are_too_deep_are_ignored_and_it_says_so() -> None:
    parsed = parse("(" * 20 + "eye" + ")" * 20)
    assert shape(parsed.root) == "eye"
    assert parsed.notes == (f"Brackets deeper than {MAX_DEPTH} were ignored.",)


def test_a_beginning_of_one_letter_is_a_word_and_it_says_so() -> None:
    assert parse("e*").notes == ("“e*” was read as a word: a beginning needs at least 2 letters.",)


@given(st.text(max_size=300))
def test_no_text_raises_and_every_place_lies_within_the_text(text: str) -> None:
    parsed = parse(text)
    todo = [parsed.root] if parsed.root else []
    while todo:
        node = todo.pop()
        if isinstance(node, All | Any):
            todo.extend(node.children)
        else:
            assert 0 <= node.start <= node.end <= len(parsed.text)
            if isinstance(node, Except):
                todo.append(node.child)


@given(
    st.lists(
        st.sampled_from(['"', "(", ")", "-", "NOT", "AND", "OR", "eye", "city:", "a*", "title:x", "“", "”"]),
        max_size=60,
    )
)
def test_any_mix_of_operators_gives_a_tree_of_bounded_depth(pieces: list[str]) -> None:
    root = parse(" ".join(pieces)).root
    depth = 0
    level = [root] if root else []
    while level:
        depth += 1
        inner: list[Syntax] = []
        for node in level:
            if isinstance(node, All | Any):
                inner.extend(node.children)
            elif isinstance(node, Except):
                inner.append(node.child)
        level = inner
    assert depth <= 4 * (MAX_DEPTH + 1) + 1


BOMBS = ["(" * 1_000_000, "NOT " * 250_000, '"' * 1_000_001, "-" * 1_000_000, "a" * 2_000_000, "x:" * 500_000]
BOMBS += ["\ud800" * 100_000, "\x00" * 100_000, "\u202e" * 100_000, "眼" * 500_000]


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: repr(bomb[:4]))
@pytest.mark.timeout(60)  # anything quadratic takes hours
def test_of_megabytes_only_the_start_is_read(bomb: str) -> None:
    assert len(parse(bomb).text) <= MAX_CHARS
