"""A whole search of one segment as one compiled call: match, look closely at the best, cut their snippets out.

What is asked comes as numbers, the plan of a query (``_plan.numbers_of``), and so does the answer.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg"

from __future__ import annotations

import numpy as np

from indexer.engines.compiling import LONG, jit, jit_for, own
from indexer.engines.inspection import WINDOW, show, weigh
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
    LEAVES, LISTS, STEPS, RESTRICT_AFTER, MINIMUM, REQUIRED, FORBIDDEN, OPTIONAL,  # what matches
    TERMS, WORDS, PHRASES,  # how many marked terms, words of the query, places where phrases stand
    FILTERED, CHOSEN, BOOSTS, BY_RANK, ALL_LIVE,  # facets as bits, how many codes are chosen and boosted; the order
    HEAD,
) = range(24)  # fmt: skip
TOTAL, FOUND, HITS, VALUES = range(4)  # the numbers in front of an answer: matches, kept, where hits and values begin
K1, TOTAL_IDF, TITLE_COVERAGE, TITLE_FILL, ADJACENCY, WEIGHTS = range(6)  # the weights in front of a plan
ROW = 4  # numbers of a hit: document, members as bits, section, spans of matched words up to its own


@jit
def _plan(numbers, weights):
    """The leaves of a plan and what matches, from its numbers; and where in these the words of the query begin."""
    leaves, lists, steps = numbers[LEAVES], numbers[LISTS], numbers[STEPS]
    at = HEAD
    order, kind = numbers[at : at + leaves], numbers[at + leaves : at + 2 * leaves]
    first_list = numbers[at + 2 * leaves : at + 3 * leaves + 1]
    at += 3 * leaves + 1
    documents, impacts, size = (
        numbers[at : at + lists],
        numbers[at + lists : at + 2 * lists],
        numbers[at + 2 * lists : at + 3 * lists],
    )
    at += 3 * lists
    program = numbers[at : at + 3 * steps].reshape((steps, 3))
    idf, weight = weights[WEIGHTS : WEIGHTS + leaves], weights[WEIGHTS + leaves : WEIGHTS + leaves + lists]
    wanted = Wanted(
        numbers[RESTRICT_AFTER], numbers[MINIMUM], np.uint64(numbers[REQUIRED]), np.uint64(numbers[FORBIDDEN]),
        np.uint64(numbers[OPTIONAL]), program,
    )  # fmt: skip
    return Leaves(order, kind, idf, first_list, documents, impacts, size, weight, weights[K1]), wanted, at + 3 * steps


@jit
def _match(table, numbers, leaves, wanted, at, weights, best):
    """Match as the plan says, with the chosen and boosted codes marked meanwhile."""
    chosen, boosts = flags(table, Place.CHOSEN), doubles(table, Place.BOOSTS)
    first_boost = at + numbers[CHOSEN]
    gains = weights[WEIGHTS + numbers[LEAVES] + numbers[LISTS] :]
    for i in range(at, first_boost):
        chosen[numbers[i]] = True
    for i in range(numbers[BOOSTS]):
        boosts[numbers[first_boost + i]] += gains[i]
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
    for i in range(at, first_boost):
        chosen[numbers[i]] = False
    for i in range(numbers[BOOSTS]):
        boosts[numbers[first_boost + i]] = 0.0
    sort_best(best.scores, best.documents, kept)
    return total, kept


@jit
def _order_values(counts, bounds, out):
    """Write how many codes of each facet have any documents, then these codes, most documents first, then their counts.

    Codes with as many stand in their own order. Returns how many numbers were written.
    """
    facets = bounds.shape[0] - 1
    at = facets
    for facet in range(facets):
        first = at
        for code in range(bounds[facet], bounds[facet + 1]):
            if counts[code]:
                out[at] = -(counts[code] << 16) | code
                at += 1
        out[first:at].sort()
        out[facet] = at - first
    used = at - facets
    for i in range(facets, at):
        out[i + used] = -(out[i] >> 16)
        out[i] &= 0xFFFF
    return at + used


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
def _look(table, numbers, at, weights, kept, out):
    """Weigh the first hits and show those of a page, as far as asked for, with the terms marked in the vocabulary.

    Returns how many numbers were written, and the bytes of the snippets.
    """
    leaves, terms, words, phrases = numbers[LEAVES], numbers[TERMS], numbers[WORDS], numbers[PHRASES]
    marked, roles = smalls(table, Place.TERMS), longs(table, Place.ROLES)
    first_term = at
    for i in range(terms):
        marked[numbers[at + i]] = numbers[at + terms + i] + 1
    at += 2 * terms
    position, member_leaf = numbers[at : at + leaves], numbers[at + leaves : at + leaves + words]
    at += leaves + words
    member, start = numbers[at : at + phrases], numbers[at + phrases : at + 2 * phrases]
    end, length = numbers[at + 2 * phrases : at + 3 * phrases], numbers[at + 3 * phrases : at + 4 * phrases]
    places, owners = ints(table, Place.PHRASE_POSITIONS), ints(table, Place.PHRASE_DOCUMENTS)
    idf = weights[WEIGHTS : WEIGHTS + leaves]
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
            documents, tokens, token_ends, ints(table, Place.TOKEN_STARTS), shorts(table, Place.TOKEN_LENGTHS),
            sections, ints(table, Place.SECTION_ENDS), bytes_of(table, Place.TEXT_BYTES), longs(table, Place.TEXT_ENDS),
            marked, member_leaf, idf, member, start, end, owners, places, length, roles, members, shown, spans,
        )  # fmt: skip
        size = _write_hits(documents, members, shown, spans, out)
        scores = doubles(table, Place.OUT_SCORES)
        for row in range(first, last):
            scores[row - first] = np.rint((top_scores[row] + bonus[row]) * 1e4) / 1e4
    for i in range(first_term, first_term + terms):
        marked[numbers[i]] = 0
    return size, cut


@jit_for(own(LONG))
def answer(table):
    """The stages of a search that its numbers ask for, on the arrays of a table (``_table.KINDS``).

    Matching fills ``counts``, ``top_documents`` and ``top_scores``; weighing gives the first of these their ``bonus``
    and the order that comes of it; showing reads those of a page. A plan that does not ask for matching says how many
    are there (``KEPT``). Returns how many numbers of ``out`` are the answer, and the bytes of all snippets. The answer:
    how many documents match and are kept, where the hits begin, the values of the facets (``_order_values``), and the
    hits (``_write_hits``), whose scores are in ``out_scores``.
    """
    numbers, weights, out = longs(table, Place.NUMBERS), doubles(table, Place.WEIGHTS), longs(table, Place.OUT)
    leaves, wanted, at = _plan(numbers, weights)
    total, kept, written = 0, numbers[KEPT], VALUES
    if numbers[STAGES] & MATCH:
        best = Best(doubles(table, Place.TOP_SCORES), ints(table, Place.TOP_DOCUMENTS), numbers[LIMIT])
        total, kept = _match(table, numbers, leaves, wanted, at, weights, best)
        doubles(table, Place.BONUS)[:kept] = 0.0
        written += _order_values(longs(table, Place.COUNTS), longs(table, Place.FACET_BOUNDS), out[VALUES:])
    out[TOTAL], out[FOUND], out[HITS] = total, kept, written
    size, cut = _look(table, numbers, at + numbers[CHOSEN] + numbers[BOOSTS], weights, kept, out[written:])
    return written + size, cut
