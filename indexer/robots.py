"""What a page asks of robots in ``<meta name="robots">``, or in one with our own name."""

from __future__ import annotations

from collections.abc import Iterable

META_NAMES = ("robots", "medsearch")


def directives(contents: Iterable[str]) -> frozenset[str]:
    """The words of some ``content`` attributes, in lower case ("noindex", "nofollow")."""
    return frozenset(word.strip() for content in contents for word in content.lower().split(","))


def unlisted(asked: frozenset[str]) -> bool:
    """Whether a page asks to be left out of indexes."""
    return not asked.isdisjoint(("noindex", "none"))


def unfollowed(asked: frozenset[str]) -> bool:
    """Whether it asks that none of its links be followed."""
    return not asked.isdisjoint(("nofollow", "none"))
