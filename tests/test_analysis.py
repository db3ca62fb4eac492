"""One analyzer: the same tokens with the same places, by whichever way a text is cut."""

from __future__ import annotations

import random

import pytest

from indexer.analysis import compounds, scan, terms, tokenize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No.12 is no 12", "12 is 12"),
        ("no, nr: 7", "no 7"),
        ("no [3] of 12", "no of 12"),
        ("[3] [1,2] [12] [1234] 3]", "1234 3"),
        ("1st 22nd St Mary", "1 22 st mary"),
        ("1,766 or 3,4,5 or 2.5", "1766 or 3 4 5 or 2.5"),
        ("SunYatSen PD-1 PD1", "sun yat sen pd 1 pd 1"),
        ("Women's O’Neill café ２３", "women oneill cafe 23"),
        ("協和 No．5", "协 和 5"),
        ("", ""),
    ],
)
def test_a_text_has_these_tokens(text: str, expected: str) -> None:
    assert " ".join(terms(text)) == expected


def test_tokens_say_where_they_stand() -> None:
    text = "The 1st SunYat, 3,4 of 协和 [2]"
    assert [(token.text, text[token.start : token.end]) for token in tokenize(text)] == [
        ("the", "The"), ("1", "1"), ("sun", "Sun"), ("yat", "Yat"), ("3", "3"), ("4", "4"), ("of", "of"),
        ("协", "协"), ("和", "和"),
    ]  # fmt: skip


def test_a_text_without_accents_is_cut_like_any_other() -> None:
    """Texts of ASCII characters have an expression of their own, which must find the same pieces."""
    chance = random.Random(3)
    pieces = (
        "no",
        "No.",
        "12",
        "1,234",
        "3,4",
        "[3]",
        "[",
        "st",
        "SunYat",
        "CAR-T",
        "it's",
        "'",
        ".",
        "-",
        "\n",
        "x1y",
    )
    for _ in range(2000):
        text = "".join(chance.choice(pieces) + chance.choice(("", "", " ")) for _ in range(chance.randrange(12)))
        assert scan(text) == scan(text + " é")[:-1], text


def test_compounds_are_what_no_space_parts() -> None:
    text = "CAR-T, check-up and PD1; 协和A-b 1-2 non-small-cell a - b"
    assert dict(compounds(text)) == {
        "cart": ("car", "t"), "checkup": ("check", "up"), "pd1": ("pd", "1"), "ab": ("a", "b"),
        "nonsmallcell": ("non", "small", "cell"),
    }  # fmt: skip
