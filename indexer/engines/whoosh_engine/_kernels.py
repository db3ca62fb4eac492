"""The loops that match: read postings, add up scores, decide; what matches is then collected.

Plain numpy needs a pass and a temporary array per step; one compiled loop does a whole query in a few microseconds at
hundreds of documents and in well under a millisecond at a hundred thousand. The compiled code is cached beside this
file (or under ``NUMBA_CACHE_DIR``), so only the very first start on a machine waits for the compiler.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg, call-arg"

from __future__ import annotations

from collections import namedtuple

import numpy as np

from indexer.engines.compiling import array_at, jit, jit_inline, prefetch
from indexer.engines.inspection import first_at_least
from indexer.engines.whoosh_engine._best import push
from indexer.engines.whoosh_engine._collecting import AHEAD, add_up, collect, tally
from indexer.engines.whoosh_engine._joining import lead, narrow, saturated

BM25, CONSTANT = 0, 1  # how a leaf scores
LEAF, AND, OR, NOT = 0, 1, 2, 3  # operations of a boolean program
GALLOP = 24  # a list this many times longer than the candidates is searched, not scanned

# The leaves of a query: in which order they are read, how they score (kind, idf), and their lists of postings, those of
# a leaf from ``first_list`` on: addresses of documents and impacts, how many, and what an impact counts.
Leaves = namedtuple("Leaves", "order kind idf first_list documents impacts size weight k1")
# What matches: after ``restrict_after`` leaves (0: never) only documents that are touched by then; bits of the leaves
# that are required, forbidden and optional, and how many of these are needed; or a postfix program of three columns.
Wanted = namedtuple("Wanted", "restrict_after minimum required forbidden optional program")
Room = namedtuple("Room", "scores weights masks touched leaf_touched found_scores bits counts tallies")


@jit
def _holds(program, mask, stack):
    """Value of a boolean program in postfix order on one document's mask of matching leaves."""
    top = 0
    for i in range(program.shape[0]):
        op = program[i, 0]
        if op == LEAF:
            stack[top] = (mask >> np.uint64(program[i, 1])) & np.uint64(1)
            top += 1
        elif op == NOT:
            stack[top - 1] = np.uint64(1) - stack[top - 1]
        else:
            n = program[i, 1]
            found = np.uint64(0)
            for j in range(top - n, top):
                found += stack[j]
            top -= n
            wanted = np.uint64(n) if op == AND else np.uint64(program[i, 2])
            stack[top] = np.uint64(1) if found >= wanted else np.uint64(0)
            top += 1
    return stack[0] != 0


@jit_inline
def _bits(mask):
    count = 0
    while mask:
        mask &= mask - np.uint64(1)
        count += 1
    return count


@jit_inline
def _list(leaves, place):
    """Documents, impacts and weight of one list of postings."""
    size = leaves.size[place]
    documents = array_at(leaves.documents[place], (size,), np.int32)
    return documents, array_at(leaves.impacts[place], (size,), np.float32), leaves.weight[place]


@jit
def _only_list(leaves, rows, room, best):
    """Match where one list of postings says all: its documents are the hits, ordered by what they weigh in it.

    Returns how many match and are kept.
    """
    documents, impacts, weight = _list(leaves, 0)
    top_scores, top_documents, limit = best.scores, best.documents, best.limit
    tally(documents, rows, room.tallies)
    kept = 0
    least = -np.inf  # weight of the worst hit kept; a later document that weighs no more scores no more
    for p in range(np.uint64(documents.shape[0])):
        w = weight * impacts[p]
        if w > least:
            kept = push(top_scores, top_documents, kept, limit, w, documents[p])
            if kept == limit and kept > 0:
                least = top_scores[0]
    for i in range(kept):
        top_scores[i] = saturated(top_scores[i], leaves.idf[0], leaves.k1)
    return documents.shape[0], kept


@jit
def _joins(leaves, wanted):
    """Whether each leaf has one list and is either required or forbidden."""
    if wanted.program.shape[0] or wanted.required == 0 or wanted.optional:
        return False
    for leaf in range(leaves.first_list.shape[0]):
        if leaves.first_list[leaf] != leaf:
            return False
    return True


@jit
def _join_lists(leaves, wanted, rows, room):
    """Match a query that ``_joins``; returns how many documents match."""
    touched, scores = room.touched, room.found_scores
    count = 0
    for place in range(leaves.order.shape[0]):
        leaf = leaves.order[place]
        documents, impacts, weight = _list(leaves, leaf)
        idf, k1, constant = leaves.idf[leaf], leaves.k1, leaves.kind[leaf] == CONSTANT
        if place == 0:
            live, all_live = rows.live, rows.all_live
            count = lead(documents, impacts, weight, idf, k1, constant, live, all_live, touched, scores)
        else:
            has = (wanted.required >> np.uint64(leaf)) & np.uint64(1) != 0
            found = touched[:count]
            count = narrow(documents, impacts, weight, idf, k1, constant, has, found, scores, room.bits)
    return count


@jit
def _scan(leaves, place, bit, idf, constant, restricted, rows, room, n_touched):
    """Read the only list of a leaf into the scores; returns how many documents are touched then."""
    documents, impacts, weight = _list(leaves, place)
    scores, masks, touched = room.scores, room.masks, room.touched
    live, k1 = rows.live, leaves.k1
    if rows.all_live and not restricted:
        count, size = np.uint64(n_touched), np.uint64(documents.shape[0])
        for p in range(size):
            if p + np.uint64(AHEAD) < size:
                prefetch(masks, np.int64(documents[p + np.uint64(AHEAD)]))
                prefetch(scores, np.int64(documents[p + np.uint64(AHEAD)]))
            d = np.uint32(documents[p])
            mask = masks[d]
            # The next one takes its place if it was touched before: a branch would often be guessed wrong.
            touched[count] = d
            count += np.uint64(mask == 0)
            masks[d] = mask | bit
            w = weight * impacts[p]
            scores[d] += w if constant else saturated(w, idf, k1)
        return np.int64(count)
    for p in range(np.uint64(documents.shape[0])):
        d = np.uint32(documents[p])
        if masks[d] == 0:
            if restricted or not (rows.all_live or live[d]):
                continue
            touched[np.uint64(n_touched)] = d
            n_touched += 1
        masks[d] |= bit
        w = weight * impacts[p]
        scores[d] += w if constant else saturated(w, idf, k1)
    return n_touched


@jit
def _gather(leaves, place, bit, restricted, rows, room, n_touched, n_leaf):
    """Read one of several lists of a leaf into its weights; returns how many documents are touched, and by the leaf."""
    documents, impacts, weight = _list(leaves, place)
    weights, masks, touched, leaf_touched = room.weights, room.masks, room.touched, room.leaf_touched
    live, all_live = rows.live, rows.all_live
    for p in range(np.uint64(documents.shape[0])):
        d = np.uint32(documents[p])
        if masks[d] == 0:
            if restricted or not (all_live or live[d]):
                continue
            touched[np.uint64(n_touched)] = d
            n_touched += 1
        if not masks[d] & bit:
            masks[d] |= bit
            leaf_touched[np.uint64(n_leaf)] = d
            n_leaf += 1
        weights[d] += weight * impacts[p]
    return n_touched, n_leaf


@jit
def _look_up(leaves, place, bit, room, n_touched, n_leaf):
    """Search a long list for the touched documents; returns how many the leaf has touched then."""
    documents, impacts, weight = _list(leaves, place)
    weights, masks, touched, leaf_touched = room.weights, room.masks, room.touched, room.leaf_touched
    end = documents.shape[0]
    for i in range(n_touched):
        # Touched documents are in no order after a union, so each search starts from the front.
        wanted = touched[i]
        p = first_at_least(documents, 0, end, wanted)
        if p < end and documents[p] == wanted:
            d = np.uint32(wanted)
            if not masks[d] & bit:
                masks[d] |= bit
                leaf_touched[np.uint64(n_leaf)] = d
                n_leaf += 1
            weights[d] += weight * impacts[p]
    return n_leaf


@jit
def _add_leaf(leaf_touched, weights, scores, idf, k1, constant):
    """Add what a leaf of several lists weighs to the scores of the documents that have it."""
    for i in range(leaf_touched.shape[0]):
        d = np.uint32(leaf_touched[i])
        w = weights[d]
        scores[d] += w if constant else saturated(w, idf, k1)
        weights[d] = 0.0


@jit
def _read(leaves, wanted, rows, room):
    """Read all lists of postings, each in the cheapest way; returns how many documents are touched."""
    n_touched = 0
    for place in range(leaves.order.shape[0]):
        leaf = leaves.order[place]
        bit = np.uint64(1) << np.uint64(leaf)
        restricted = wanted.restrict_after > 0 and place >= wanted.restrict_after
        constant = leaves.kind[leaf] == CONSTANT
        first, last = leaves.first_list[leaf], leaves.first_list[leaf + 1]
        alone = constant or last - first == 1
        n_leaf = 0
        for each in range(first, last):
            if restricted and leaves.size[each] > GALLOP * n_touched:
                n_leaf = _look_up(leaves, each, bit, room, n_touched, n_leaf)
            elif alone:
                n_touched = _scan(leaves, each, bit, leaves.idf[leaf], constant, restricted, rows, room, n_touched)
            else:
                n_touched, n_leaf = _gather(leaves, each, bit, restricted, rows, room, n_touched, n_leaf)
        _add_leaf(room.leaf_touched[:n_leaf], room.weights, room.scores, leaves.idf[leaf], leaves.k1, constant)
    return n_touched


@jit
def _decide(wanted, room, n_touched):
    """Leave only those touched documents that match, with their scores beside them; returns how many."""
    # Fields of a named tuple are taken out before a loop: each time costs a count of references.
    program, required, forbidden, optional = wanted.program, wanted.required, wanted.forbidden, wanted.optional
    minimum, steps = wanted.minimum, wanted.program.shape[0]
    scores, masks, touched, found_scores = room.scores, room.masks, room.touched, room.found_scores
    stack = np.zeros(max(steps, 1), np.uint64)
    count = np.uint64(0)
    for i in range(np.uint64(n_touched)):
        d = np.uint32(touched[i])
        mask = masks[d]
        score = scores[d]
        masks[d] = np.uint64(0)
        scores[d] = 0.0
        if steps:
            if not _holds(program, mask, stack):
                continue
        elif mask & required != required or mask & forbidden:
            continue
        elif minimum > 0 and not mask & optional:
            continue
        elif minimum > 1 and _bits(mask & optional) < minimum:
            continue
        touched[count] = d
        found_scores[count] = score
        count += np.uint64(1)
    return np.int64(count)


@jit
def match(leaves, wanted, rows, choice, room, best):
    """Match, score, filter, count and keep the best documents of one segment.

    Returns the number of matches and of hits kept, in a heap. What has to be zero in ``room`` is left zeroed.
    """
    room.counts[:] = 0
    plain = not choice.filtered and not choice.boosted and not choice.by_rank
    single = leaves.size.shape[0] == 1 and leaves.order.shape[0] == 1 and wanted.program.shape[0] == 0
    if plain and single and rows.all_live and leaves.kind[0] != CONSTANT:
        total, kept = _only_list(leaves, rows, room, best)
    else:
        if _joins(leaves, wanted):
            count = _join_lists(leaves, wanted, rows, room)
        else:
            count = _decide(wanted, room, _read(leaves, wanted, rows, room))
        found = room.touched[:count]
        total, kept = collect(found, room.found_scores, rows, choice, room.counts, room.tallies, best)
    add_up(room.tallies, room.counts)
    return total, kept
