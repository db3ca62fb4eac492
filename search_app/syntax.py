"""The parts of a typed query, as a tree."""

from __future__ import annotations

from dataclasses import dataclass

FIELDS = ("title", "city", "specialty", "topic", "profile", "kind")


@dataclass(frozen=True, slots=True)
class Plain:
    """Words next to each other without any operator; all are wanted. ``start`` and ``end`` are places in the text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Quoted:
    """Words that must stand together in this order."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Starts:
    """``prefix*``: any word that starts so."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Field:
    """``name:value`` for one of ``FIELDS``; ``form`` is "word", "quoted" or "prefix"."""

    name: str
    text: str
    form: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class All:
    """Every child."""

    children: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one child."""

    children: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Except:
    """Not the child."""

    child: Syntax
    start: int
    end: int


Syntax = Plain | Quoted | Starts | Field | All | Any | Except


@dataclass(frozen=True, slots=True)
class Parsed:
    """The cleaned text, its tree (``None`` when nothing is left to search) and what was left out, in plain words."""

    text: str
    root: Syntax | None
    notes: tuple[str, ...] = ()
    operators: bool = False  # whether anything but plain words was typed
