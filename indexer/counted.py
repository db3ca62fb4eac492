"""How sentences count things."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """A number of things as a sentence says it."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
