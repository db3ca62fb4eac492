"""Turn what was typed into a small syntax tree; nothing is ever a syntax error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from search_app.syntax import All, Any, Except, Field, Parsed, Plain, Quoted, Starts, Syntax
from search_app.typed import MAX_CHARS, MAX_WORDS, Cutter, Piece, clean

__all__ = ["All", "Any", "Except", "Field", "Parsed", "Plain", "Quoted", "Starts", "Syntax", "clean", "parse"]

MAX_DEPTH = 8

UnitLength = Callable[[Sequence[str], bool], int]
"""How many of these words, at their end (True) or start (False), are one thing ("heart attack"); at least 1."""


def parse(text: str, unit_length: UnitLength | None = None) -> Parsed:
    """The syntax tree of a text.

    ``NOT`` and ``-`` bind closest, then ``AND``, then ``OR``, then standing side by side: "eye beijing OR shanghai" is
    eye and (beijing or shanghai). ``unit_length`` tells how many words beside an operator belong together, so that
    "heart attack OR stroke" keeps "heart attack". Operators without something to work on are words.
    """
    cleaned, cut = clean(text)
    cutter = Cutter()
    pieces = cutter.pieces(cleaned)
    notes: dict[str, None] = {}
    if cut:
        notes[f"Only the first {MAX_CHARS} characters were searched."] = None
    if cutter.too_many_words:
        notes[f"Only the first {MAX_WORDS} words were searched."] = None
    notes.update(cutter.notes)
    pieces, too_deep = _balanced(pieces)
    if too_deep:
        notes[f"Brackets deeper than {MAX_DEPTH} were ignored."] = None
    pieces = _operators_with_operands(pieces)
    operators = any(each.kind != "leaf" or each.excluded or not isinstance(each.leaf, Plain) for each in pieces)
    root = _build(pieces, cleaned, unit_length or (lambda words, at_end: 1))
    return Parsed(cleaned, root, tuple(notes), operators)


def _balanced(pieces: list[Piece]) -> tuple[list[Piece], bool]:
    """Pieces whose brackets come in pairs at most ``MAX_DEPTH`` deep; the others are left out."""
    opened: list[int] = []
    partner: dict[int, int] = {}
    for place, piece in enumerate(pieces):
        if piece.kind == "open":
            opened.append(place)
        elif piece.kind == "close" and opened:
            partner[opened.pop()] = place
    closing = {close: start for start, close in partner.items()}
    kept: list[Piece] = []
    depth = 0
    dropped: set[int] = set()
    for place, piece in enumerate(pieces):
        if piece.kind == "open":
            if place not in partner or depth >= MAX_DEPTH:
                if place in partner:
                    dropped.add(place)
                continue
            depth += 1
        elif piece.kind == "close":
            if place not in closing or closing[place] in dropped:
                continue
            depth -= 1
        kept.append(piece)
    return kept, bool(dropped)


def _operators_with_operands(pieces: list[Piece]) -> list[Piece]:
    """The same pieces, where an operator with nothing beside it has become a word."""
    result: list[Piece] = []
    for place, piece in enumerate(pieces):
        if piece.kind in ("and", "or", "not"):
            after = pieces[place + 1].kind if place + 1 < len(pieces) else ""
            if piece.kind != "not" and after in ("and", "or"):
                continue  # of two in a row the last one counts
            before = result[-1].kind if result else ""
            works = after in ("leaf", "open", "not") and (piece.kind == "not" or before in ("leaf", "close"))
            if after == "not" and not _not_works(pieces, place + 1):
                works = False
            if not works:
                result.append(Piece("leaf", piece.leaf, piece.start, piece.end))
                continue
        result.append(piece)
    return result


def _not_works(pieces: list[Piece], place: int) -> bool:
    while place < len(pieces) and pieces[place].kind == "not":
        place += 1
    return place < len(pieces) and pieces[place].kind in ("leaf", "open")


@dataclass(slots=True)
class _Group:
    """What stands between two brackets so far: finished operands and the operators between them."""

    operands: list[Syntax]
    joints: list[str]  # joints[i] stands between operands i and i + 1: "", "and", "or"
    negate: int  # NOTs and minuses waiting for the next operand
    pending: str
    start: int
    outer_negate: int


def _build(pieces: list[Piece], text: str, unit_length: UnitLength) -> Syntax | None:
    stack = [_Group([], [], 0, "", 0, 0)]
    for piece in pieces:
        group = stack[-1]
        if piece.kind in ("and", "or"):
            group.pending = piece.kind
        elif piece.kind == "not":
            if not group.negate:
                group.start = piece.start
            group.negate += 1
        elif piece.kind == "open":
            negate = group.negate + piece.excluded
            start = group.start if group.negate else piece.start
            group.negate = 0
            stack.append(_Group([], [], 0, "", start, negate))
        elif piece.kind == "close":
            inner = _join(stack.pop(), unit_length)
            if inner is not None:
                outer = stack[-1]
                _push(outer, _negated(inner, group.outer_negate, group.start, piece.end))
            else:
                stack[-1].pending = ""
        else:
            assert piece.leaf is not None
            negate = group.negate + piece.excluded
            start = group.start if group.negate else piece.start
            group.negate = 0
            _push(group, _negated(piece.leaf, negate, start, piece.end))
    return _join(stack[0], unit_length)


def _negated(node: Syntax, times: int, start: int, end: int) -> Syntax:
    return Except(node, start, end) if times % 2 else node


def _push(group: _Group, node: Syntax) -> None:
    if group.operands:
        group.joints.append(group.pending)
    group.pending = ""
    group.operands.append(node)


def _join(group: _Group, unit_length: UnitLength) -> Syntax | None:
    """One node for a group: AND first, then OR, then side by side; runs of plain words become one ``Plain``."""
    operands, joints = group.operands, group.joints
    parts: list[Syntax] = []
    place = 0
    while place < len(operands):
        last = place
        while last < len(joints) and joints[last]:
            last += 1
        if last == place:
            parts.append(operands[place])
            place += 1
            continue
        # operands[place..last] hang together by AND and OR; take in the words that belong to the outer two
        before = _trailing(parts, operands[place], unit_length)
        after = _following(operands, joints, last, unit_length)
        chain = [before, *operands[place + 1 : last], after[0]]
        parts.append(_chain(chain, joints[place:last]))
        place = last + after[1]
    merged = _merge(parts)
    if not merged:
        return None
    return merged[0] if len(merged) == 1 else All(tuple(merged))


def _trailing(parts: list[Syntax], operand: Syntax, unit_length: UnitLength) -> Syntax:
    if not isinstance(operand, Plain):
        return operand
    words: list[Plain] = [operand]
    for part in reversed(parts):
        if not isinstance(part, Plain):
            break
        words.insert(0, part)
    taken = max(1, min(len(words), unit_length([word.text for word in words], True)))
    if taken > 1:
        del parts[-(taken - 1) :]
    return _run(words[-taken:])


def _following(operands: list[Syntax], joints: list[str], last: int, unit_length: UnitLength) -> tuple[Syntax, int]:
    operand = operands[last]
    if not isinstance(operand, Plain):
        return operand, 1
    words = [operand]
    for place in range(last + 1, len(operands)):
        following = operands[place]
        if joints[place - 1] or not isinstance(following, Plain):
            break
        if place < len(joints) and joints[place]:
            break  # it belongs to the next chain
        words.append(following)
    taken = max(1, min(len(words), unit_length([word.text for word in words], False)))
    return _run(words[:taken]), taken


def _chain(operands: Sequence[Syntax], joints: Sequence[str]) -> Syntax:
    alternatives: list[list[Syntax]] = [[operands[0]]]
    for joint, operand in zip(joints, operands[1:], strict=True):
        if joint == "and":
            alternatives[-1].append(operand)
        else:
            alternatives.append([operand])
    nodes = [each[0] if len(each) == 1 else All(tuple(each)) for each in alternatives]
    return nodes[0] if len(nodes) == 1 else Any(tuple(nodes))


def _merge(parts: list[Syntax]) -> list[Syntax]:
    merged: list[Syntax] = []
    run: list[Plain] = []
    for part in parts:
        if isinstance(part, Plain):
            run.append(part)
            continue
        if run:
            merged.append(_run(run))
            run = []
        merged.append(part)
    if run:
        merged.append(_run(run))
    return merged


def _run(words: Sequence[Plain]) -> Plain:
    return Plain(" ".join(word.text for word in words), words[0].start, words[-1].end)
