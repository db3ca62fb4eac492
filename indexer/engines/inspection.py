"""Look closely at the best documents of a search, in one compiled loop: every engine shows what is decided here.

The loop works on token streams: numbers of terms with their places in a text. Where they come from, a mapped file or
the answer of a cluster, makes no difference to it.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg, call-arg"

from __future__ import annotations

import numpy as np

from indexer.engines.compiling import jit, jit_inline, prefetch
from indexer.engines.excerpts import (
    MARKS_A_LINE,
    NEAR,
    TOKENS_A_LINE,
    WINDOW,
    choose_tokens,
    cut_out,
    fetch_text,
    locate,
    settle,
)

TITLE_LINES, TEXT_LINES = 2, 32  # lines of a document that are asked for before it is looked at
PLACE_BITS = 32  # of a token that is named by the query: its place, with its role in the bits above
PLACES = (1 << PLACE_BITS) - 1


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


@jit_inline
def _read(
    d, stop, tokens, token_ends, term_member,
    occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions, occurrence_length,
    roles,
):  # fmt: skip
    """Write the role (member + 1, or 0) of each of the first ``stop`` tokens; return the members seen, as bits.

    A token counts for the first member that names it; phrase occurrences take the tokens that no term has taken.
    """
    one = np.uint64(1)
    members = np.uint64(0)
    base = np.uint64(token_ends[d])
    for i in range(np.uint64(stop)):  # unsigned: a signed index costs a test for below zero each time
        t = tokens[base + i]
        role = 0
        if t >= 0:
            role = term_member[np.uint32(t)]
            if role:
                members |= one << np.uint64(role - 1)
        roles[i] = role
    for o in range(occurrence_member.shape[0]):
        low, high = occurrence_start[o], occurrence_end[o]
        p = first_at_least(occurrence_documents, low, high, d)
        while p < high and occurrence_documents[p] == d and occurrence_positions[p] < stop:
            at = occurrence_positions[p]
            members |= one << np.uint64(occurrence_member[o])
            for i in range(at, min(at + occurrence_length[o], stop)):
                if roles[i] == 0:
                    roles[i] = occurrence_member[o] + 1
            p += 1
    return members


@jit_inline
def _name(
    d, tokens, token_ends, term_member,
    occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions, occurrence_length,
    roles,
):  # fmt: skip
    """Write the tokens of a document that the query names, each as its place and, in the bits above, its role.

    Most tokens have no role, and several passes follow. Returns the members seen, as bits, and how many were written.
    """
    one, count = np.uint64(1), np.uint64(0)
    base, size = np.uint64(token_ends[d]), np.uint64(token_ends[d + 1] - token_ends[d])
    members = np.uint64(0)
    if occurrence_member.shape[0] == 0:
        for i in range(size):
            t = tokens[base + i]
            if t >= 0:
                role = np.int64(term_member[np.uint32(t)])
                if role:
                    members |= one << np.uint64(role - 1)
                    roles[count] = (role << PLACE_BITS) | np.int64(i)
                    count += one
    else:
        members = _read(
            d, np.int64(size), tokens, token_ends, term_member, occurrence_member, occurrence_start, occurrence_end,
            occurrence_documents, occurrence_positions, occurrence_length, roles,
        )  # fmt: skip
        for i in range(size):
            role = roles[i]
            if role:
                roles[count] = (role << PLACE_BITS) | np.int64(i)
                count += one
    return members, np.int64(count)


@jit_inline
def _title_bonus(
    d, tokens, token_ends, title_ends, member_leaf, leaf_idf, total_idf, title_coverage, title_fill, roles
):
    """The bonus of a document for the concepts that stand in its title, and for how much of the title they are."""
    one = np.uint64(1)
    base = token_ends[d]
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
    if words == 0 or total_idf <= 0:
        return 0.0
    return in_title * (in_title / total_idf) * (title_coverage + title_fill * (named / words))


@jit_inline
def _adjacency_bonus(named, member_leaf, leaf_idf, leaf_position, adjacency):
    """The bonus for concepts that follow each other as typed; each pair counts once."""
    one = np.uint64(1)
    bonus = 0.0
    pairs = np.uint64(0)
    previous, before = -1, -1
    for i in range(named.shape[0]):
        at = named[i] & PLACES
        leaf = member_leaf[(named[i] >> PLACE_BITS) - 1]
        place = leaf_position[leaf]
        follows = place > 0 and previous >= 0 and at == before + 1 and leaf_position[previous] == place - 1
        if follows and not pairs & (one << np.uint64(place)):
            pairs |= one << np.uint64(place)
            bonus += adjacency * min(leaf_idf[leaf], leaf_idf[previous])
        previous, before = leaf if place >= 0 else -1, at
    return bonus


@jit
def _most_adjacency(leaf_idf, leaf_position, adjacency):
    """The most that ``_adjacency_bonus`` can give: every pair of neighbours of the query side by side."""
    most = 0.0
    previous = -1
    for leaf in range(leaf_position.shape[0]):
        if leaf_position[leaf] >= 0:
            if previous >= 0:
                most += adjacency * min(leaf_idf[leaf], leaf_idf[previous])
            previous = leaf
    return most


@jit
def _best_section(d, sections, section_ends, member_leaf, worth, got, named):
    """The section with the most of the query in it, or -1; a heading counts half again.

    Of each leaf its best member counts: what was typed more than what is only related to it. Also where its tokens
    begin and end among those that are ``named``.
    """
    best, best_first, best_last = -1, 0, 0
    best_value = 0.0
    at, size = 0, named.shape[0]
    for s in range(section_ends[d], section_ends[d + 1]):
        if at == size:
            break
        start, body, end = sections[s, 0], sections[s, 1], sections[s, 2]
        while at < size and named[at] & PLACES < start:
            at += 1
        first = at
        value = 0.0
        if at < size and named[at] & PLACES < end:
            got[:] = 0.0
        while at < size and named[at] & PLACES < end:
            member = (named[at] >> PLACE_BITS) - 1
            leaf = member_leaf[member]
            counts = worth[member] * (1.5 if named[at] & PLACES < body else 1.0)
            if counts > got[leaf]:
                value += counts - got[leaf]
                got[leaf] = counts
            at += 1
        value += 0.02 * min(at - first, 20)
        if at > first and value > best_value + 1e-9:
            best, best_first, best_last = s, first, at
            best_value = value
    return best, best_first, best_last


@jit
def _matches(body, member_leaf, worth, got, named):
    """The first and the last token of the matches that belong together and have the most of the query."""
    first = last = body
    first_value = -1.0
    for i in range(named.shape[0]):
        place = named[i] & PLACES
        if place < body:
            continue
        got[:] = 0.0
        value = 0.0
        until = place
        for j in range(i, named.shape[0]):
            other = named[j] & PLACES
            if other >= place + NEAR:
                break
            member = (named[j] >> PLACE_BITS) - 1
            leaf = member_leaf[member]
            counts = worth[member]
            value += 0.01
            if counts > got[leaf]:
                value += counts - got[leaf]
                got[leaf] = counts
                until = other
        if value > first_value + 1e-9:
            first_value = value
            first, last = place, until
    return first, last


@jit
def _choose(d, sections, section_ends, member_leaf, worth, got, named, shown, places):
    """Choose what to show of a document, in tokens: the best section, its text, and the best matches in it.

    ``places`` get the matched tokens around these; returns how many.
    """
    best, low, high = _best_section(d, sections, section_ends, member_leaf, worth, got, named)
    chosen = best if best >= 0 else (section_ends[d] if section_ends[d] < section_ends[d + 1] else -1)
    shown[0] = best - section_ends[d] if best >= 0 else -1
    for i in range(1, 6):
        shown[i] = 0
    if chosen < 0:
        return 0
    body, end = sections[chosen, 1], sections[chosen, 2]
    first, last = _matches(body, member_leaf, worth, got, named[low:high])
    shown[1], shown[2], shown[3], shown[4] = body, end, first, last
    count = 0
    for i in range(low, high):
        place = named[i] & PLACES
        if body <= place and first - WINDOW <= place < first + WINDOW:
            places[count] = place
            count += 1
    return count


@jit
def _fetch(documents, tokens, token_ends, lines):
    """Ask for the first lines of the tokens of documents, which are far apart in memory, all at the same time."""
    for row in range(documents.shape[0]):
        prefetch(token_ends, np.int64(documents[row]))
    for row in range(documents.shape[0]):
        first = token_ends[documents[row]]
        for line in range(min(lines, (token_ends[documents[row] + 1] - first) // TOKENS_A_LINE + 1)):
            prefetch(tokens, np.int64(first + line * TOKENS_A_LINE))


@jit
def weigh(
    documents, base, priors, needed, tokens, token_ends, title_ends, term_member, member_leaf, leaf_idf, leaf_position,
    occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions, occurrence_length,
    total_idf, title_coverage, title_fill, adjacency, roles, out_bonus,
):  # fmt: skip
    """Look at documents for their bonuses alone, as far as that can change the best ``needed`` or their order.

    ``base`` are their scores without a bonus, ``priors`` the share of a bonus that a document gets (at most 1),
    ``leaf_position`` is the place of a leaf in the typed order (-1: does not count for adjacency). What cannot come
    among the best even with the most that a bonus can be is not read, and gets less than it would: upper bounds as in
    Turtle and Flood (1995), "Query evaluation: strategies and optimizations".
    """
    _fetch(documents, tokens, token_ends, TITLE_LINES)
    for row in range(documents.shape[0]):
        prefetch(title_ends, np.int64(documents[row]))
    most_adjacency = _most_adjacency(leaf_idf, leaf_position, adjacency)
    most = total_idf * (title_coverage + title_fill) + most_adjacency
    best = np.empty(needed, np.float64)  # the best scores so far, best first
    kept = 0
    for row in range(documents.shape[0]):
        out_bonus[row] = 0.0
        worst = best[needed - 1] - 1e-9 if kept == needed else -1.0
        if base[row] + most < worst:
            continue
        d = documents[row]
        if most_adjacency > 0:
            _fetch(documents[row + 2 : row + 3], tokens, token_ends, TEXT_LINES)  # of a later one, meanwhile
        _read(
            d, title_ends[d], tokens, token_ends, term_member, occurrence_member, occurrence_start, occurrence_end,
            occurrence_documents, occurrence_positions, occurrence_length, roles,
        )  # fmt: skip
        bonus = _title_bonus(
            d, tokens, token_ends, title_ends, member_leaf, leaf_idf, total_idf, title_coverage, title_fill, roles
        )
        if bonus > 0:  # few have one: the share of most documents need not be read
            bonus *= priors[d]
        if most_adjacency > 0 and base[row] + bonus + most_adjacency >= worst:
            _, count = _name(
                d, tokens, token_ends, term_member, occurrence_member, occurrence_start, occurrence_end,
                occurrence_documents, occurrence_positions, occurrence_length, roles,
            )  # fmt: skip
            bonus += priors[d] * _adjacency_bonus(roles[:count], member_leaf, leaf_idf, leaf_position, adjacency)
        out_bonus[row] = bonus
        score = base[row] + bonus
        if kept < needed:
            kept += 1
        elif score <= best[needed - 1]:
            continue
        place = kept - 1
        while place > 0 and best[place - 1] < score:
            best[place] = best[place - 1]
            place -= 1
        best[place] = score


@jit
def show(
    documents, tokens, token_ends, marks, outliers, outlier_ends, sections, section_ends, texts, text_ends,
    term_member, member_leaf, worth, leaves,
    occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions, occurrence_length,
    roles, out_members, out_shown, out_spans,
):  # fmt: skip
    """Look at whole documents for what to show of them: their members as bits, the best section, the best of its text.

    ``worth`` is what each member counts, of ``leaves`` leaves; ``marks`` and ``outliers`` say where tokens stand
    (``indexer/marks.py``), ``texts`` are the texts of all documents end to end in UTF-8, ``text_ends`` where each ends,
    after a 0. Returns the bytes of all snippets (``snippet_texts``).
    ``out_shown`` gets per document: best section (-1: none), first and last byte of the snippet in the text, whether a
    sentence begins and ends there, number of spans; ``out_spans`` the spans in characters.
    """
    places, counts = np.empty((documents.shape[0], 2 * WINDOW), np.int32), np.empty(documents.shape[0], np.int64)
    starts = np.empty((documents.shape[0], WINDOW + 1), np.int64)
    lengths = np.empty_like(starts)
    got = np.empty(leaves, np.float64)
    # The documents are far apart in memory, so each step asks for what the next one needs of all of them.
    for row in range(documents.shape[0]):
        prefetch(section_ends, np.int64(documents[row]))
        prefetch(text_ends, np.int64(documents[row]))
        prefetch(outlier_ends, np.int64(documents[row]))
        prefetch(token_ends, np.int64(documents[row]))
    for row in range(documents.shape[0]):
        prefetch(sections, np.int64(sections.shape[1] * section_ends[documents[row]]))
    _fetch(documents[:1], tokens, token_ends, TEXT_LINES)
    for row in range(documents.shape[0]):
        d = documents[row]
        _fetch(documents[row + 1 : row + 2], tokens, token_ends, TEXT_LINES)  # the next one, meanwhile
        out_members[row], count = _name(
            d, tokens, token_ends, term_member, occurrence_member, occurrence_start, occurrence_end,
            occurrence_documents, occurrence_positions, occurrence_length, roles,
        )  # fmt: skip
        counts[row] = _choose(
            d, sections, section_ends, member_leaf, worth, got, roles[:count], out_shown[row], places[row]
        )  # fmt: skip
        last = token_ends[d] + min(out_shown[row, 2], out_shown[row, 3] + WINDOW + NEAR)
        for token in range(max(token_ends[d], last - TEXT_LINES * MARKS_A_LINE), last + MARKS_A_LINE, MARKS_A_LINE):
            prefetch(marks, np.int64(token))
    for row in range(documents.shape[0]):
        d = documents[row]
        here, low, high = marks[token_ends[d] : token_ends[d + 1]], outlier_ends[d], outlier_ends[d + 1]
        choose_tokens(here, out_shown[row])
        locate(here, outliers, low, high, out_shown[row], starts[row], lengths[row])
        fetch_text(texts, text_ends[d], starts[row], out_shown[row])
    for row in range(documents.shape[0]):
        d = documents[row]
        settle(
            texts, text_ends[d], text_ends[d + 1], starts[row], lengths[row], out_shown[row], places[row], counts[row],
            out_spans[row],
        )  # fmt: skip
    return cut_out(documents, texts, text_ends, out_shown, out_spans)


@jit
def inspect(
    documents, priors, tokens, token_ends, marks, outliers, outlier_ends, title_ends, sections, section_ends,
    texts, text_ends, term_member, member_leaf, worth, leaf_idf, leaf_position,
    occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions, occurrence_length,
    total_idf, title_coverage, title_fill, adjacency,
    roles, out_bonus, out_members, out_shown, out_spans,
):  # fmt: skip
    """``weigh`` and ``show`` of every hit in one, for an engine whose hits come with all that is looked at."""
    base = np.zeros(documents.shape[0], np.float64)
    weigh(
        documents, base, priors, documents.shape[0],
        tokens, token_ends, title_ends, term_member, member_leaf, leaf_idf, leaf_position,
        occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions,
        occurrence_length, total_idf, title_coverage, title_fill, adjacency, roles, out_bonus,
    )  # fmt: skip
    return show(
        documents, tokens, token_ends, marks, outliers, outlier_ends, sections, section_ends, texts, text_ends,
        term_member, member_leaf, worth, leaf_idf.shape[0], occurrence_member, occurrence_start, occurrence_end,
        occurrence_documents, occurrence_positions, occurrence_length, roles, out_members, out_shown, out_spans,
    )  # fmt: skip
