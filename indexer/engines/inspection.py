"""Look closely at the best documents of a search, in one compiled loop: every engine shows what is decided here.

The loop works on token streams: numbers of terms with their places in a text. Where they come from, a mapped file or
the answer of a cluster, makes no difference to it.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from indexer.model import Snippet

WINDOW = 34  # tokens shown in a snippet
LEAD = 5  # tokens shown before the first match in a snippet
ENDINGS = (b".", b"!", b"?", b")", b'"', b"'")


def jit(function):
    """Compile a loop; where no place for compiled code can be written, every start compiles it again."""
    try:
        return nb.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # "no locator available": neither beside this file, nor at home, nor in NUMBA_CACHE_DIR
        return nb.njit(nogil=True, error_model="numpy")(function)


@jit
def first_at_least(values, start, end, wanted):
    """Place of the first of some rising values that is not below ``wanted``."""
    while start < end:
        middle = (start + end) >> 1
        if values[middle] < wanted:
            start = middle + 1
        else:
            end = middle
    return start


@jit
def _read(
    d, tokens, token_ends, term_member,
    occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions, occurrence_length,
    roles,
):  # fmt: skip
    """Write the role of each token of a document (member + 1, or 0) and return the members that it has, as bits.

    A token counts for the first member that names it; phrase occurrences take the tokens that no term has taken.
    """
    one = np.uint64(1)
    members = np.uint64(0)
    base = token_ends[d]
    for i in range(token_ends[d + 1] - base):
        t = tokens[base + i]
        role = 0
        if t >= 0:
            role = term_member[t]
            if role:
                members |= one << np.uint64(role - 1)
        roles[i] = role
    for o in range(occurrence_member.shape[0]):
        low, high = occurrence_start[o], occurrence_end[o]
        p = first_at_least(occurrence_documents, low, high, d)
        while p < high and occurrence_documents[p] == d:
            at = occurrence_positions[p]
            members |= one << np.uint64(occurrence_member[o])
            for i in range(at, at + occurrence_length[o]):
                if roles[i] == 0:
                    roles[i] = occurrence_member[o] + 1
            p += 1
    return members


@jit
def _bonus(
    d, tokens, token_ends, title_ends, member_leaf, leaf_idf, leaf_position,
    total_idf, title_coverage, title_fill, adjacency, roles,
):  # fmt: skip
    """The bonus of a document for its title and for words that follow each other as typed."""
    one = np.uint64(1)
    base = token_ends[d]
    # Title: which concepts stand in it, and how much of it the query names.
    seen = np.uint64(0)
    in_title = 0.0
    named = 0
    words = 0
    for i in range(title_ends[d]):
        if tokens[base + i] >= 0:
            words += 1
            if roles[i]:
                leaf = member_leaf[roles[i] - 1]
                if leaf_idf[leaf] > 0:
                    named += 1
                    if not seen & (one << np.uint64(leaf)):
                        seen |= one << np.uint64(leaf)
                        in_title += leaf_idf[leaf]
    bonus = 0.0
    if words > 0 and total_idf > 0:
        bonus = in_title * (in_title / total_idf) * (title_coverage + title_fill * (named / words))
    # Adjacency: concepts that follow each other as typed; each pair counts once.
    pairs = np.uint64(0)
    previous = -1
    for i in range(token_ends[d + 1] - base):
        role = roles[i]
        if role == 0:
            previous = -1
            continue
        leaf = member_leaf[role - 1]
        place = leaf_position[leaf]
        follows = place > 0 and previous >= 0 and leaf_position[previous] == place - 1
        if follows and not pairs & (one << np.uint64(place)):
            pairs |= one << np.uint64(place)
            bonus += adjacency * min(leaf_idf[leaf], leaf_idf[previous])
        previous = leaf if place >= 0 else -1
    return bonus


@jit
def _best_section(d, sections, section_ends, member_leaf, leaf_idf, roles):
    """The section with the most of the query in it, or -1; a heading counts half again."""
    one = np.uint64(1)
    best = -1
    best_value = 0.0
    for s in range(section_ends[d], section_ends[d + 1]):
        start, body, end = sections[s, 0], sections[s, 1], sections[s, 2]
        seen = np.uint64(0)
        value = 0.0
        count = 0
        for i in range(start, end):
            if roles[i]:
                leaf = member_leaf[roles[i] - 1]
                count += 1
                if not seen & (one << np.uint64(leaf)):
                    seen |= one << np.uint64(leaf)
                    value += leaf_idf[leaf] * (1.5 if i < body else 1.0)
        value += 0.02 * min(count, 20)
        if count and value > best_value + 1e-9:
            best_value = value
            best = s
    return best


@jit
def _first_shown(body, end, member_leaf, leaf_idf, roles):
    """The token at which the window of a section with the most of the query starts."""
    one = np.uint64(1)
    first = body
    first_value = -1.0
    for i in range(body, end):
        if roles[i]:
            seen = np.uint64(0)
            value = 0.0
            for j in range(i, min(i + WINDOW - LEAD, end)):
                if roles[j]:
                    leaf = member_leaf[roles[j] - 1]
                    value += 0.01
                    if not seen & (one << np.uint64(leaf)):
                        seen |= one << np.uint64(leaf)
                        value += leaf_idf[leaf]
            if value > first_value + 1e-9:
                first_value = value
                first = i
    return first


@jit
def _show(
    d, token_ends, token_starts, token_lengths, sections, section_ends, member_leaf, leaf_idf, roles, shown, spans
):  # fmt: skip
    """Choose what to show of a document: the best section and the best window in it."""
    best = _best_section(d, sections, section_ends, member_leaf, leaf_idf, roles)
    chosen = best if best >= 0 else (section_ends[d] if section_ends[d] < section_ends[d + 1] else -1)
    shown[0] = best - section_ends[d] if best >= 0 else -1
    for i in range(1, 6):
        shown[i] = 0
    if chosen < 0:
        return
    base = token_ends[d]
    body, end = sections[chosen, 1], sections[chosen, 2]
    first = _first_shown(body, end, member_leaf, leaf_idf, roles)
    start = max(first - LEAD, body)
    if first - body < WINDOW // 2:
        start = body
    stop = min(start + WINDOW, end)
    if stop - start < WINDOW:
        start = max(stop - WINDOW, body)
    if stop <= start:
        return
    first_byte = token_starts[base + start]
    shown[1] = first_byte
    shown[2] = token_starts[base + stop - 1] + token_lengths[base + stop - 1]
    shown[3] = 1 if start == body else 0
    shown[4] = 1 if stop == end else 0
    count = 0
    for i in range(start, stop):
        if roles[i]:
            low = token_starts[base + i] - first_byte
            spans[count, 0] = low
            spans[count, 1] = low + token_lengths[base + i]
            count += 1
    shown[5] = count


@jit
def weigh(
    documents, tokens, token_ends, title_ends, term_member, member_leaf, leaf_idf, leaf_position,
    occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions, occurrence_length,
    total_idf, title_coverage, title_fill, adjacency, roles, out_bonus,
):  # fmt: skip
    """Look at whole documents for their bonuses alone.

    ``leaf_position`` is the place of a leaf in the typed order (-1: does not count for adjacency).
    """
    for row in range(documents.shape[0]):
        d = documents[row]
        _read(
            d, tokens, token_ends, term_member,
            occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions,
            occurrence_length, roles,
        )  # fmt: skip
        out_bonus[row] = _bonus(
            d, tokens, token_ends, title_ends, member_leaf, leaf_idf, leaf_position,
            total_idf, title_coverage, title_fill, adjacency, roles,
        )  # fmt: skip


@jit
def show(
    documents, tokens, token_ends, token_starts, token_lengths, sections, section_ends,
    term_member, member_leaf, leaf_idf,
    occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions, occurrence_length,
    roles, out_members, out_shown, out_spans,
):  # fmt: skip
    """Look at whole documents for what to show of them: their members as bits, the best section, the window in it.

    ``out_shown`` gets per document: best section (-1: none), first and last byte of the snippet, whether it starts and
    ends with its section, number of spans; ``out_spans`` the spans in bytes from the first.
    """
    for row in range(documents.shape[0]):
        d = documents[row]
        out_members[row] = _read(
            d, tokens, token_ends, term_member,
            occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions,
            occurrence_length, roles,
        )  # fmt: skip
        _show(
            d, token_ends, token_starts, token_lengths, sections, section_ends, member_leaf, leaf_idf, roles,
            out_shown[row], out_spans[row],
        )  # fmt: skip


@jit
def inspect(
    documents, tokens, token_ends, token_starts, token_lengths, title_ends, sections, section_ends,
    term_member, member_leaf, leaf_idf, leaf_position,
    occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions, occurrence_length,
    total_idf, title_coverage, title_fill, adjacency,
    roles, out_bonus, out_members, out_shown, out_spans,
):  # fmt: skip
    """``weigh`` and ``show`` in one, for an engine whose hits come with all that is looked at."""
    weigh(
        documents, tokens, token_ends, title_ends, term_member, member_leaf, leaf_idf, leaf_position,
        occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions,
        occurrence_length, total_idf, title_coverage, title_fill, adjacency, roles, out_bonus,
    )  # fmt: skip
    show(
        documents, tokens, token_ends, token_starts, token_lengths, sections, section_ends, term_member, member_leaf,
        leaf_idf, occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions,
        occurrence_length, roles, out_members, out_shown, out_spans,
    )  # fmt: skip


def snippet(part: Callable[[int, int, int], bytes], number: int, shown: list[int], spans: npt.NDArray[Any]) -> Snippet:
    """The part of a text that ``show`` chose, by its rows of ``out_shown`` and ``out_spans``.

    ``part`` gives the bytes of a document's text, by its number, from one place to another.
    """
    _, first, last, opens, closes, count = shown
    if last <= first:
        return Snippet()
    raw = part(number, first, last + 1)
    if raw[-1:] not in ENDINGS:
        raw = raw[: last - first]
    text = raw.decode("utf-8", "replace")
    lead = "" if opens else "… "
    shift = len(lead)
    places = spans[:count].tolist()
    if len(text) != len(raw):
        places = [[len(raw[:at].decode("utf-8", "replace")) for at in place] for place in places]
    shown_text = f"{lead}{text}{'' if closes else ' …'}"
    return Snippet(
        shown_text.replace("\n", " ") if "\n" in text else shown_text,
        tuple([(low + shift, high + shift) for low, high in places]),
    )
