"""The loops of a search, compiled: match, score, filter, count, keep the best, and put them in order.

Plain numpy needs a pass and a temporary array per step; one compiled loop does a whole query in a few microseconds at
hundreds of documents and in well under a millisecond at a hundred thousand. The compiled code is cached beside this
file (or under ``NUMBA_CACHE_DIR``), so only the very first start on a machine waits for the compiler.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg"

from __future__ import annotations

import numpy as np

from indexer.engines.compiling import DOUBLE, FLAG, FLOAT, INT, LONG, MASK, SMALL, jit, jit_for, mapped, own
from indexer.engines.inspection import OCCURRENCES, first_at_least, weigh

BM25, CONSTANT = 0, 1  # how a leaf scores
LEAF, AND, OR, NOT = 0, 1, 2, 3  # operations of a boolean program
HEAD = 8  # numbers in front of the parts of a packed plan
GALLOP = 24  # a list this many times longer than the candidates is searched, not scanned


@jit
def _before(score_a, doc_a, score_b, doc_b):
    """Whether hit a ranks below hit b (lower score, or same score and later document)."""
    return score_a < score_b or (score_a == score_b and doc_a > doc_b)


@jit
def _push(scores, docs, size, limit, score, doc):
    """Offer a hit to a heap whose root is the worst of the best ``limit``; returns the new size."""
    if size < limit:
        i = size
        size += 1
        while i > 0:
            parent = (i - 1) >> 1
            if _before(score, doc, scores[parent], docs[parent]):
                scores[i] = scores[parent]
                docs[i] = docs[parent]
                i = parent
            else:
                break
        scores[i] = score
        docs[i] = doc
        return size
    if limit == 0 or not _before(scores[0], docs[0], score, doc):
        return size
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and _before(scores[child + 1], docs[child + 1], scores[child], docs[child]):
            child += 1
        if _before(scores[child], docs[child], score, doc):
            scores[i] = scores[child]
            docs[i] = docs[child]
            i = child
        else:
            break
    scores[i] = score
    docs[i] = doc
    return size


@jit
def _sort_best(scores, docs, size):
    """Turn the heap that ``_push`` made into a list with the best first."""
    for end in range(size - 1, 0, -1):
        score, doc = scores[end], docs[end]
        scores[end], docs[end] = scores[0], docs[0]
        i = 0
        while True:
            child = 2 * i + 1
            if child >= end:
                break
            if child + 1 < end and _before(scores[child + 1], docs[child + 1], scores[child], docs[child]):
                child += 1
            if not _before(scores[child], docs[child], score, doc):
                break
            scores[i], docs[i] = scores[child], docs[child]
            i = child
        scores[i], docs[i] = score, doc


@jit_for(
    own(INT), own(DOUBLE), own(DOUBLE), mapped(FLOAT), LONG, mapped(INT), mapped(LONG), mapped(INT), own(SMALL),
    own(LONG), own(DOUBLE), own(LONG), *OCCURRENCES, DOUBLE, DOUBLE, DOUBLE, DOUBLE, own(LONG),
)  # fmt: skip
def rerank(
    docs, scores, bonus, priors, needed, tokens, token_ends, title_ends,
    term_member, member_leaf, leaf_idf, leaf_position,
    occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions, occurrence_length,
    total_idf, title_coverage, title_fill, adjacency, roles,
):  # fmt: skip
    """Give hits their bonuses and sort them anew by score and bonus: the best ``needed``, equal ones by document."""
    weigh(
        docs, scores, priors, needed, tokens, token_ends, title_ends, term_member, member_leaf, leaf_idf, leaf_position,
        occurrence_member, occurrence_start, occurrence_end, occurrence_documents, occurrence_positions,
        occurrence_length, total_idf, title_coverage, title_fill, adjacency, roles, bonus,
    )  # fmt: skip
    for i in range(1, docs.shape[0]):
        score, doc, extra = scores[i], docs[i], bonus[i]
        j = i
        while j > 0 and _before(scores[j - 1] + bonus[j - 1], docs[j - 1], score + extra, doc):
            scores[j], docs[j], bonus[j] = scores[j - 1], docs[j - 1], bonus[j - 1]
            j -= 1
        scores[j], docs[j], bonus[j] = score, doc, extra


@jit
def _order_values(counts, bounds, order, ordered, used):
    """Codes of each facet by count, most first, equal ones in their own order, with their counts.

    ``used`` gets how many of each facet have any.
    """
    for facet in range(bounds.shape[0] - 1):
        first, last = bounds[facet], bounds[facet + 1]
        order[first:last] = first + np.argsort(-counts[first:last], kind="mergesort")
        used[facet] = np.count_nonzero(counts[first:last])
    for i in range(counts.shape[0]):
        ordered[i] = counts[order[i]]


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


@jit
def _bits(mask):
    count = 0
    while mask:
        mask &= mask - np.uint64(1)
        count += 1
    return count


@jit
def _tally(d, code_ends, codes, counts):
    """Count a document in every facet. ``d`` is unsigned: a signed index costs a test for below zero each time."""
    for c in range(np.uint32(code_ends[d]), np.uint32(code_ends[d + np.uint32(1)])):
        counts[np.uint16(codes[c])] += 1


@jit
def _passes(d, code_ends, codes, code_facet, code_chosen, facet_filtered, counts):
    """Whether a matching document passes the filters; counts it in its facets.

    One that passes all filters counts in every facet, one that fails that of exactly one facet in that facet alone.
    """
    low, high = code_ends[d], code_ends[d + np.uint32(1)]
    failed = -1
    for facet in range(facet_filtered.shape[0]):
        if facet_filtered[facet]:
            found = False
            for c in range(low, high):
                if code_facet[codes[c]] == facet and code_chosen[codes[c]]:
                    found = True
                    break
            if not found:
                if failed >= 0:
                    return False
                failed = facet
    for c in range(low, high):
        if failed < 0 or code_facet[codes[c]] == failed:
            counts[codes[c]] += 1
    return failed < 0


@jit
def _saturated(weight, idf, k1):
    """BM25 of a leaf whose members weigh so much in a document."""
    return idf * (k1 + 1.0) * weight / (k1 + weight)


@jit
def _only_list(
    documents, values, start, end, weight, idf, k1, code_ends, codes, counts, top_scores, top_documents, limit
):  # fmt: skip
    """Match where one list of postings says all: it has its documents once each, so nothing needs to be gathered."""
    kept = 0
    least = -np.inf  # weight of the worst hit kept; a document that weighs no more scores no more
    for p in range(np.uint64(start), np.uint64(end)):
        d = np.uint32(documents[p])
        _tally(d, code_ends, codes, counts)
        w = weight * values[p]
        if w > least:
            kept = _push(top_scores, top_documents, kept, limit, w, documents[p])
            if kept == limit and limit > 0:
                least = top_scores[0]
    for i in range(kept):
        top_scores[i] = _saturated(top_scores[i], idf, k1)
    return kept


@jit
def _scan(
    documents, values, start, end, weight, bit, idf, k1, constant, restricted, all_live, live,
    scores, masks, touched, n_touched,
):  # fmt: skip
    """Read the only list of a leaf into the scores; returns how many documents are touched then."""
    for p in range(np.uint64(start), np.uint64(end)):
        d = np.uint32(documents[p])
        if masks[d] == 0:
            if restricted or not (all_live or live[d]):
                continue
            touched[np.uint64(n_touched)] = d
            n_touched += 1
        masks[d] |= bit
        w = weight * values[p]
        scores[d] += w if constant else _saturated(w, idf, k1)
    return n_touched


@jit
def _gather(
    documents, values, start, end, weight, bit, restricted, all_live, live,
    weights, masks, touched, n_touched, leaf_touched, n_leaf,
):  # fmt: skip
    """Read one of several lists of a leaf into its weights; returns how many documents are touched, and by the leaf."""
    for p in range(np.uint64(start), np.uint64(end)):
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
        weights[d] += weight * values[p]
    return n_touched, n_leaf


@jit
def _look_up(
    documents, values, start, end, weight, bit, weights, masks, touched, n_touched, leaf_touched, n_leaf
):  # fmt: skip
    """Search a long list for the touched documents; returns how many the leaf has touched then."""
    for i in range(n_touched):
        # Touched documents are in no order after a union, so each search starts from the front.
        wanted = touched[i]
        p = first_at_least(documents, start, end, wanted)
        if p < end and documents[p] == wanted:
            d = np.uint32(wanted)
            if not masks[d] & bit:
                masks[d] |= bit
                leaf_touched[np.uint64(n_leaf)] = d
                n_leaf += 1
            weights[d] += weight * values[p]
    return n_leaf


@jit
def _read(
    documents, values, start, end, weight, bit, idf, k1, constant, alone, restricted, all_live, live,
    scores, weights, masks, touched, n_touched, leaf_touched, n_leaf,
):  # fmt: skip
    """Read one list of postings in the cheapest way; returns how many documents are touched, and by the leaf."""
    if restricted and (end - start) > GALLOP * n_touched:
        n_leaf = _look_up(
            documents, values, start, end, weight, bit, weights, masks, touched, n_touched, leaf_touched, n_leaf
        )
    elif alone:
        n_touched = _scan(
            documents, values, start, end, weight, bit, idf, k1, constant, restricted, all_live, live,
            scores, masks, touched, n_touched,
        )  # fmt: skip
    else:
        n_touched, n_leaf = _gather(
            documents, values, start, end, weight, bit, restricted, all_live, live,
            weights, masks, touched, n_touched, leaf_touched, n_leaf,
        )  # fmt: skip
    return n_touched, n_leaf


@jit
def _keep(
    numbers, program, ranks, priors, code_ends, codes, code_facet, code_chosen, facet_filtered, code_boost, boosted,
    by_rank, plain, scores, masks, touched, n_touched, counts, top_scores, top_documents, limit,
):  # fmt: skip
    """Decide which touched documents match, count them, and keep the best; returns how many match and are kept."""
    minimum = numbers[4]
    required, forbidden, optional = np.uint64(numbers[5]), np.uint64(numbers[6]), np.uint64(numbers[7])
    rows = program.shape[0]
    stack = np.zeros(max(rows, 1), np.uint64)
    total = 0
    kept = 0
    for i in range(n_touched):
        d = np.uint32(touched[i])
        mask = masks[d]
        score = scores[d]
        masks[d] = np.uint64(0)
        scores[d] = 0.0
        if rows:
            if not _holds(program, mask, stack):
                continue
        elif mask & required != required or mask & forbidden:
            continue
        elif minimum > 0 and not mask & optional:
            continue
        elif minimum > 1 and _bits(mask & optional) < minimum:
            continue
        if plain:
            _tally(d, code_ends, codes, counts)
        else:
            if not _passes(d, code_ends, codes, code_facet, code_chosen, facet_filtered, counts):
                continue
            if by_rank != 0:
                score = float(by_rank * ranks[d])
            elif boosted:
                for c in range(code_ends[d], code_ends[d + np.uint32(1)]):
                    score += code_boost[codes[c]] * priors[d]
        total += 1
        kept = _push(top_scores, top_documents, kept, limit, score, touched[i])
    return total, kept


@jit_for(
    mapped(INT), mapped(FLOAT), mapped(FLOAT), own(FLAG), FLAG, mapped(INT), mapped(SMALL), own(LONG), mapped(INT),
    own(LONG), own(DOUBLE), own(INT), own(FLOAT), own(DOUBLE), DOUBLE,
    own(FLAG), own(FLAG), own(DOUBLE), FLAG, LONG,
    own(DOUBLE), own(DOUBLE), own(MASK), own(INT), own(INT),
    own(LONG), own(LONG), own(LONG), own(LONG), own(LONG), own(DOUBLE), own(INT), LONG,
)  # fmt: skip
def match(
    posting_documents, impacts, priors, live, all_live, code_ends, codes, code_facet, ranks,
    numbers, member_weight, extra_documents, extra_impacts, leaf_idf, k1,
    code_chosen, facet_filtered, code_boost, boosted, by_rank,
    scores, weights, masks, touched, leaf_touched,
    counts, facet_bounds, order, ordered, used, top_scores, top_documents, limit,
):  # fmt: skip
    """Match, score, filter, count and keep the best ``limit`` documents of one segment, in one pass over postings.

    ``numbers`` is the plan of a query for the segment as ``_plan.match_numbers`` packs it. Its ``leaf_order`` is the
    order in which leaves are read; after the first ``restrict_after`` of them (0: never) only documents already touched
    can match, so long lists are searched instead of scanned. ``order``, ``ordered`` and ``used`` get what
    ``_order_values`` says. Returns the number of matches and of hits kept, best first. The scratch arrays are left
    zeroed.
    """
    leaves, members, rows, restrict_after = numbers[0], numbers[1], numbers[2], numbers[3]
    at = HEAD
    leaf_order, leaf_kind = numbers[at : at + leaves], numbers[at + leaves : at + 2 * leaves]
    at += 2 * leaves
    leaf_members = numbers[at : at + leaves + 1]
    at += leaves + 1
    member_start, member_end = numbers[at : at + members], numbers[at + members : at + 2 * members]
    member_extra = numbers[at + 2 * members : at + 3 * members]
    program = numbers[at + 3 * members : at + 3 * members + 3 * rows].reshape((rows, 3))
    counts[:] = 0
    plain = not boosted and by_rank == 0 and not facet_filtered.any()

    if plain and all_live and leaves == 1 and members == 1 and rows == 0 and leaf_kind[0] != CONSTANT:
        start, end = member_start[0], member_end[0]
        if member_extra[0]:
            kept = _only_list(
                extra_documents, extra_impacts, start, end, member_weight[0], leaf_idf[0], k1,
                code_ends, codes, counts, top_scores, top_documents, limit,
            )  # fmt: skip
        else:
            kept = _only_list(
                posting_documents, impacts, start, end, member_weight[0], leaf_idf[0], k1,
                code_ends, codes, counts, top_scores, top_documents, limit,
            )  # fmt: skip
        _sort_best(top_scores, top_documents, kept)
        _order_values(counts, facet_bounds, order, ordered, used)
        return end - start, kept

    n_touched = 0
    for place in range(leaves):
        leaf = leaf_order[place]
        bit = np.uint64(1) << np.uint64(leaf)
        restricted = restrict_after > 0 and place >= restrict_after
        constant = leaf_kind[leaf] == CONSTANT
        first, last = leaf_members[leaf], leaf_members[leaf + 1]
        alone = constant or last - first == 1
        idf = leaf_idf[leaf]
        n_leaf = 0
        for member in range(first, last):
            start, end, weight = member_start[member], member_end[member], member_weight[member]
            if member_extra[member]:
                n_touched, n_leaf = _read(
                    extra_documents, extra_impacts, start, end, weight, bit, idf, k1, constant, alone, restricted,
                    all_live, live, scores, weights, masks, touched, n_touched, leaf_touched, n_leaf,
                )  # fmt: skip
            else:
                n_touched, n_leaf = _read(
                    posting_documents, impacts, start, end, weight, bit, idf, k1, constant, alone, restricted,
                    all_live, live, scores, weights, masks, touched, n_touched, leaf_touched, n_leaf,
                )  # fmt: skip
        for i in range(n_leaf):
            d = np.uint32(leaf_touched[i])
            scores[d] += weights[d] if constant else _saturated(weights[d], idf, k1)
            weights[d] = 0.0

    total, kept = _keep(
        numbers, program, ranks, priors, code_ends, codes, code_facet, code_chosen, facet_filtered, code_boost,
        boosted, by_rank, plain, scores, masks, touched, n_touched, counts, top_scores, top_documents, limit,
    )  # fmt: skip
    _sort_best(top_scores, top_documents, kept)
    _order_values(counts, facet_bounds, order, ordered, used)
    return total, kept
