"""A whole search of one segment as one compiled call: match, look closely at the best, cut their snippets out.

What is asked comes as numbers, the plan of a query (``_plan.numbers_of``), and so does the answer.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg, assignment"

from __future__ import annotations

from collections import namedtuple

import numpy as np

from indexer.engines.compiling import LONG, jit, jit_for, jit_inline, own
from indexer.engines.excerpts import WINDOW
from indexer.engines.inspection import show, weigh
from indexer.engines.whoosh_engine._best import sort_anew, sort_best
from indexer.engines.whoosh_engine._collecting import Best, Choice, Rows
from indexer.engines.whoosh_engine._kernels import Leaves, Room, Wanted, match
from indexer.engines.whoosh_engine._table import (
    Place,
    bytes_of,
    doubles,
    flags,
    floats,
    ints,
    longs,
    masks_of,
    shorts,
    smalls,
)

MATCH, WEIGH, SHOW = 1, 2, 4  # the stages of a search, which may be asked for one by one

# The numbers in front of a plan.
(
    STAGES, LIMIT, NEAR, NEEDED, FIRST, LAST, KEPT,  # what to do; how many to keep, weigh, put in order; rows to show
    LEAVES, WORDS, LISTS, PHRASES, STEPS,  # how many rows of each follow
    RESTRICT_AFTER, MINIMUM, REQUIRED, FORBIDDEN, OPTIONAL,  # what matches
    FILTERED, CHOSEN, BOOSTS, BY_RANK, ALL_LIVE,  # facets as bits, how many codes are chosen and boosted; the order
    HEAD,
) = range(23)  # fmt: skip
TOTAL, FOUND, COUNTED, HITS = range(4)  # the numbers in front of the hits of an answer: matches, kept, bytes of facets
LONGEST_NUMBER = 19  # digits
OPEN_LIST, CLOSE_LIST, OPEN, CLOSE, COMMA, ZERO = b"[]{},0"
# The weights in front of a plan.
K1, TOTAL_IDF, TITLE_COVERAGE, TITLE_FILL, ADJACENCY, INFLECTION, WEIGHTS = range(7)
ROW = 4  # numbers of a hit: document, members as bits, section, spans of matched words up to its own

LEAF_ROW, WORD_ROW, LIST_ROW, PHRASE_ROW, STEP_ROW = 2, 4, 4, 4, 3  # numbers of each, as ``_plan`` says
# The rows of a plan, the codes that are chosen and those that are boosted.
Asked = namedtuple("Asked", "leaves words lists phrases chosen boosts steps")


@jit
def _rows(numbers):
    """The rows that stand behind the head of a plan."""
    at = HEAD
    leaves = numbers[at : at + LEAF_ROW * numbers[LEAVES]].reshape((numbers[LEAVES], LEAF_ROW))
    at += leaves.size
    words = numbers[at : at + WORD_ROW * numbers[WORDS]].reshape((numbers[WORDS], WORD_ROW))
    at += words.size
    lists = numbers[at : at + LIST_ROW * numbers[LISTS]].reshape((numbers[LISTS], LIST_ROW))
    at += lists.size
    phrases = numbers[at : at + PHRASE_ROW * numbers[PHRASES]].reshape((numbers[PHRASES], PHRASE_ROW))
    at += phrases.size
    chosen = numbers[at : at + numbers[CHOSEN]]
    at += chosen.size
    boosts = numbers[at : at + numbers[BOOSTS]]
    at += boosts.size
    steps = numbers[at : at + STEP_ROW * numbers[STEPS]].reshape((numbers[STEPS], STEP_ROW))
    return Asked(leaves, words, lists, phrases, chosen, boosts, steps)


@jit
def _order(first_list, size, required):
    """The order in which leaves are read: required ones first, those with the fewest postings first of all."""
    leaves = first_list.shape[0] - 1
    order = np.arange(leaves)
    if required == 0:
        return order
    cost = np.empty(leaves, np.int64)
    for leaf in range(leaves):
        cost[leaf] = np.iinfo(np.int64).max
        if (required >> np.uint64(leaf)) & np.uint64(1):
            cost[leaf] = size[first_list[leaf] : first_list[leaf + 1]].sum()
    for i in range(1, leaves):
        leaf = order[i]
        j = i
        while j > 0 and cost[order[j - 1]] > cost[leaf]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = leaf
    return order


@jit
def _plan(numbers, plan, weights):
    """The leaves of a plan and what matches."""
    count, required = numbers[LEAVES], np.uint64(numbers[REQUIRED])
    first_list = np.zeros(count + 1, np.int64)
    weight = np.empty(plan.lists.shape[0], np.float64)
    at = 0
    for word in range(plan.words.shape[0]):
        last, typed, leaf = plan.words[word, 0], plan.words[word, 1], plan.words[word, 3]
        counts = weights[WEIGHTS + count + word]
        for place in range(at, last):
            weight[place] = counts if place < at + typed else counts * weights[INFLECTION]
        at = last
        first_list[leaf + 1] = last
    for leaf in range(count):  # one without words has no lists
        first_list[leaf + 1] = max(first_list[leaf + 1], first_list[leaf])
    documents, impacts, size = plan.lists[:, 0], plan.lists[:, 1], plan.lists[:, 2]
    wanted = Wanted(
        numbers[RESTRICT_AFTER], numbers[MINIMUM], required, np.uint64(numbers[FORBIDDEN]),
        np.uint64(numbers[OPTIONAL]), plan.steps,
    )  # fmt: skip
    order, kind, idf = _order(first_list, size, required), plan.leaves[:, 0], weights[WEIGHTS : WEIGHTS + count]
    return Leaves(order, kind, idf, first_list, documents, impacts, size, weight, weights[K1]), wanted


@jit
def _mark(plan, marked):
    """Mark the terms of each word that is a reason for a hit with its member and 1; the first word has it."""
    first = 0
    for word in range(plan.words.shape[0]):
        last, member = plan.words[word, 0], plan.words[word, 2]
        for place in range(first, last):
            term = plan.lists[place, 3]
            if member >= 0 and term >= 0 and marked[term] == 0:
                marked[term] = member + 1
        first = last


@jit
def _members(plan, idf, weights):
    """The leaf of each member, and what it counts; words past the last member that is told apart have its number."""
    leaves = np.zeros(max(plan.words.shape[0], 1), np.int64)
    worth = np.zeros(leaves.shape[0], np.float64)
    members = 0
    for word in range(plan.words.shape[0]):
        if plan.words[word, 2] == members:
            leaf = plan.words[word, 3]
            leaves[members] = leaf
            worth[members] = idf[leaf] * weights[WEIGHTS + idf.shape[0] + word]
            members += 1
    return leaves, worth


@jit
def _match(table, numbers, plan, weights, best):
    """Match as the plan says, with the chosen and boosted codes marked meanwhile."""
    leaves, wanted = _plan(numbers, plan, weights)
    chosen, boosts = flags(table, Place.CHOSEN), doubles(table, Place.BOOSTS)
    gains = weights[WEIGHTS + numbers[LEAVES] + numbers[WORDS] :]
    for code in plan.chosen:
        chosen[code] = True
    for i in range(plan.boosts.shape[0]):
        boosts[plan.boosts[i]] += gains[i]
    ranks = ints(table, Place.TITLE_RANKS if numbers[BY_RANK] < 0 else Place.DATES)
    rows = Rows(
        flags(table, Place.LIVE), numbers[ALL_LIVE] != 0, masks_of(table, Place.CODE_WORDS),
        ints(table, Place.CODE_ENDS), smalls(table, Place.CODES), longs(table, Place.CODE_FACET), ranks,
        floats(table, Place.PRIORS),
    )  # fmt: skip
    facets = longs(table, Place.FACET_BOUNDS).shape[0] - 1
    choice = Choice(numbers[FILTERED], facets, chosen, boosts, numbers[BOOSTS] > 0, numbers[BY_RANK])
    room = Room(
        doubles(table, Place.SCORES), doubles(table, Place.LEAF_WEIGHTS), masks_of(table, Place.MASKS),
        ints(table, Place.TOUCHED), ints(table, Place.LEAF_TOUCHED), doubles(table, Place.FOUND_SCORES),
        masks_of(table, Place.BITS), longs(table, Place.COUNTS), longs(table, Place.TALLIES),
    )  # fmt: skip
    total, kept = match(leaves, wanted, rows, choice, room, best)
    for code in plan.chosen:
        chosen[code] = False
    for code in plan.boosts:
        boosts[code] = 0.0
    sort_best(best.scores, best.documents, kept)
    return total, kept


@jit_inline
def _write_number(number, out, at):
    """Write a number from 0 up in digits; returns the place after them. All unsigned, which divides quicker."""
    ten, one = np.uint64(10), np.uint64(1)
    end = at + one
    rest = number // ten
    while rest:
        end += one
        rest //= ten
    place = end
    while place > at:
        place -= one
        rest = number // ten
        out[place] = np.uint64(ZERO) + number - rest * ten
        number = rest
    return end


@jit
def _write_counts(counts, bounds, keys, key_ends, room, out):
    """Write a list of objects as JSON, one for each facet: its values that any documents have, most documents first.

    Values with as many stand in the order of their codes. ``room`` is for one number of each code. Returns how many
    bytes were written.
    """
    out[0] = OPEN_LIST
    at = 1
    for facet in range(bounds.shape[0] - 1):
        found = 0
        for code in range(bounds[facet], bounds[facet + 1]):
            if counts[code]:
                room[found] = -(counts[code] << 16) | code
                found += 1
        room[:found].sort()
        out[at] = OPEN
        at += 1
        for i in range(found):
            code = room[i] & 0xFFFF
            first, size = np.uint64(key_ends[code]), np.uint64(key_ends[code + 1] - key_ends[code])
            for place in range(size):
                out[np.uint64(at) + place] = keys[first + place]
            at = np.int64(_write_number(np.uint64(-(room[i] >> 16)), out, np.uint64(at) + size))
            out[at] = COMMA
            at += 1
        if found:
            at -= 1
        out[at], out[at + 1] = CLOSE, COMMA
        at += 2
    out[at - 1] = CLOSE_LIST
    return at


@jit
def _write_hits(documents, members, shown, spans, out):
    """Write the numbers of hits (``ROW``), column by column, then where spans begin and where they end.

    Returns how many numbers were written.
    """
    count = documents.shape[0]
    at = ROW * count
    total = 0
    for row in range(count):
        total += shown[row, 5]
    upto = 0
    for row in range(count):
        out[row] = documents[row]
        out[count + row] = members[row]
        out[2 * count + row] = shown[row, 0]
        for i in range(shown[row, 5]):
            out[at + upto] = spans[row, i, 0]
            out[at + total + upto] = spans[row, i, 1]
            upto += 1
        out[3 * count + row] = upto
    return at + 2 * total


@jit
def _look(table, numbers, plan, weights, kept, out):
    """Weigh the first hits and show those of a page, as far as asked for, with the terms marked in the vocabulary.

    Returns how many numbers were written, and the bytes of the snippets.
    """
    marked, roles = smalls(table, Place.TERMS), longs(table, Place.ROLES)
    _mark(plan, marked)
    position, idf = plan.leaves[:, 1], weights[WEIGHTS : WEIGHTS + numbers[LEAVES]]
    member_leaf, worth = _members(plan, idf, weights)
    member, start, end, length = plan.phrases[:, 0], plan.phrases[:, 1], plan.phrases[:, 2], plan.phrases[:, 3]
    places, owners = ints(table, Place.PHRASE_POSITIONS), ints(table, Place.PHRASE_DOCUMENTS)
    tokens, token_ends = ints(table, Place.TOKENS), longs(table, Place.TOKEN_ENDS)
    top_scores, top_documents = doubles(table, Place.TOP_SCORES), ints(table, Place.TOP_DOCUMENTS)
    bonus = doubles(table, Place.BONUS)
    near = min(numbers[NEAR], kept)
    if numbers[STAGES] & WEIGH and near:
        weigh(
            top_documents[:near], top_scores, floats(table, Place.PRIORS), min(numbers[NEEDED], near), tokens,
            token_ends, ints(table, Place.TITLE_ENDS), marked, member_leaf, idf, position,
            member, start, end, owners, places, length,
            weights[TOTAL_IDF], weights[TITLE_COVERAGE], weights[TITLE_FILL], weights[ADJACENCY], roles, bonus,
        )  # fmt: skip
        sort_anew(top_scores, top_documents, bonus, near)
    cut = np.empty(0, np.uint8)
    size = 0
    first, last = min(numbers[FIRST], kept), min(numbers[LAST], kept)
    if numbers[STAGES] & SHOW and first < last:
        shown, spans = longs(table, Place.SHOWN).reshape((-1, 6)), ints(table, Place.SPANS).reshape((-1, WINDOW, 2))
        documents, members = top_documents[first:last], masks_of(table, Place.MEMBERS)
        sections = ints(table, Place.SECTIONS).reshape((-1, 3))
        cut = show(
            documents, tokens, token_ends, shorts(table, Place.MARKS),
            ints(table, Place.OUTLIERS).reshape((-1, 3)), ints(table, Place.OUTLIER_ENDS),
            sections, ints(table, Place.SECTION_ENDS), bytes_of(table, Place.TEXT_BYTES), longs(table, Place.TEXT_ENDS),
            marked, member_leaf, worth, idf.shape[0], member, start, end, owners, places, length, roles, members, shown,
            spans,
        )  # fmt: skip
        size = _write_hits(documents, members, shown, spans, out)
        scores = doubles(table, Place.OUT_SCORES)
        for row in range(first, last):
            scores[row - first] = np.rint((top_scores[row] + bonus[row]) * 1e4) / 1e4
    for place in range(plan.lists.shape[0]):
        if plan.lists[place, 3] >= 0:
            marked[plan.lists[place, 3]] = 0
    return size, cut


@jit_for(own(LONG))
def answer(table):
    """The stages of a search that its numbers ask for, on the arrays of a table (``_table.KINDS``).

    Matching fills ``counts``, ``top_documents`` and ``top_scores``; weighing gives the first of these their ``bonus``
    and the order that comes of it; showing reads those of a page. A plan that does not ask for matching says how many
    are there (``KEPT``). Returns how many numbers of ``out`` are the answer, and the bytes of all snippets. The answer:
    how many documents match and are kept, how many bytes of ``facets`` the counts are (``_write_counts``), and the hits
    (``_write_hits``), whose scores are in ``out_scores``.
    """
    numbers, weights, out = longs(table, Place.NUMBERS), doubles(table, Place.WEIGHTS), longs(table, Place.OUT)
    plan = _rows(numbers)
    total, kept, counted = 0, numbers[KEPT], 0
    if numbers[STAGES] & MATCH:
        best = Best(doubles(table, Place.TOP_SCORES), ints(table, Place.TOP_DOCUMENTS), numbers[LIMIT])
        total, kept = _match(table, numbers, plan, weights, best)
        doubles(table, Place.BONUS)[:kept] = 0.0
        counted = _write_counts(
            longs(table, Place.COUNTS), longs(table, Place.FACET_BOUNDS), bytes_of(table, Place.VALUE_KEYS),
            ints(table, Place.VALUE_ENDS), out[HITS:], bytes_of(table, Place.FACETS),
        )  # fmt: skip
    out[TOTAL], out[FOUND], out[COUNTED] = total, kept, counted
    size, cut = _look(table, numbers, plan, weights, kept, out[HITS:])
    return HITS + size, cut
