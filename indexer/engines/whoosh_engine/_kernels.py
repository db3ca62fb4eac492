"""The loops of a search, compiled: match and count, find phrases.

Plain numpy needs a pass and a temporary array per step; one compiled loop does a whole query in a few microseconds at
hundreds of documents and in well under a millisecond at a hundred thousand. The compiled code is cached beside this
file (or under ``NUMBA_CACHE_DIR``), so only the very first start on a machine waits for the compiler.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg"

from __future__ import annotations

import numpy as np

from indexer.engines.inspection import first_at_least, jit

BM25, CONSTANT = 0, 1  # how a leaf scores
LEAF, AND, OR, NOT = 0, 1, 2, 3  # operations of a boolean program
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


@jit
def rerank(scores, docs, bonus, size):
    """Sort the first ``size`` hits anew by score and bonus, best first, equal ones by document."""
    for i in range(1, size):
        score, doc, extra = scores[i], docs[i], bonus[i]
        j = i
        while j > 0 and _before(scores[j - 1] + bonus[j - 1], docs[j - 1], score + extra, doc):
            scores[j], docs[j], bonus[j] = scores[j - 1], docs[j - 1], bonus[j - 1]
            j -= 1
        scores[j], docs[j], bonus[j] = score, doc, extra


@jit
def order_values(counts, bounds, order, used):
    """Codes of each facet by count, most first, equal ones in their own order; ``used`` gets how many have any."""
    for facet in range(bounds.shape[0] - 1):
        first, last = bounds[facet], bounds[facet + 1]
        order[first:last] = first + np.argsort(-counts[first:last], kind="mergesort")
        used[facet] = np.count_nonzero(counts[first:last])


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
def match(
    posting_documents, impacts, live, all_live,
    member_start, member_end, member_extra, member_weight, leaf_members, leaf_idf, leaf_kind, leaf_order, k1,
    extra_documents, extra_impacts,
    restrict_after, program, required, forbidden, optional, minimum,
    code_ends, codes, code_facet, code_chosen, facet_filtered, code_boost, boosted,
    ranks, by_rank,
    scores, weights, masks, touched, leaf_touched,
    counts, top_scores, top_documents, limit,
):  # fmt: skip
    """Match, score, filter, count and keep the best ``limit`` documents of one segment, in one pass over postings.

    ``leaf_order`` is the order in which leaves are read; after the first ``restrict_after`` of them (0: never) only
    documents already touched can match, so long lists are searched instead of scanned. Counts: a document that passes
    all filters counts in every facet; one that fails the filter of exactly one facet counts in that facet alone.
    Returns the number of matches and of hits kept, best first. The scratch arrays are left zeroed.
    """
    n_touched = 0
    one = np.uint64(1)
    for place in range(leaf_order.shape[0]):
        leaf = leaf_order[place]
        bit = one << np.uint64(leaf)
        restricted = restrict_after > 0 and place >= restrict_after
        first, last = leaf_members[leaf], leaf_members[leaf + 1]
        idf = leaf_idf[leaf]
        single = last - first == 1
        n_leaf = 0
        for member in range(first, last):
            start, end = member_start[member], member_end[member]
            documents = extra_documents if member_extra[member] else posting_documents
            values = extra_impacts if member_extra[member] else impacts
            weight = member_weight[member]
            if restricted and (end - start) > GALLOP * n_touched:
                low = start
                for i in range(n_touched):
                    # Touched documents are in no order after a union, so each search starts from the front.
                    d = touched[i]
                    p = first_at_least(documents, start, end, d)
                    if p < end and documents[p] == d:
                        if leaf_kind[leaf] == CONSTANT:
                            scores[d] += values[p] * weight
                            masks[d] |= bit
                        else:
                            if not masks[d] & bit:
                                masks[d] |= bit
                                leaf_touched[n_leaf] = d
                                n_leaf += 1
                            weights[d] += weight * values[p]
                continue
            if leaf_kind[leaf] == CONSTANT:
                for p in range(start, end):
                    d = documents[p]
                    if restricted and masks[d] == 0:
                        continue
                    if not all_live and not live[d]:
                        continue
                    if masks[d] == 0:
                        touched[n_touched] = d
                        n_touched += 1
                    masks[d] |= bit
                    scores[d] += values[p] * weight
            elif single:
                for p in range(start, end):
                    d = documents[p]
                    if masks[d] == 0:
                        if restricted or (not all_live and not live[d]):
                            continue
                        touched[n_touched] = d
                        n_touched += 1
                    masks[d] |= bit
                    w = weight * values[p]
                    scores[d] += idf * (k1 + 1.0) * w / (k1 + w)
            else:
                for p in range(start, end):
                    d = documents[p]
                    if masks[d] == 0:
                        if restricted or (not all_live and not live[d]):
                            continue
                        touched[n_touched] = d
                        n_touched += 1
                    if not masks[d] & bit:
                        masks[d] |= bit
                        leaf_touched[n_leaf] = d
                        n_leaf += 1
                    weights[d] += weight * values[p]
        for i in range(n_leaf):
            d = leaf_touched[i]
            w = weights[d]
            weights[d] = 0.0
            scores[d] += idf * (k1 + 1.0) * w / (k1 + w)

    total = 0
    kept = 0
    stack = np.zeros(max(program.shape[0], 1), np.uint64)
    for i in range(n_touched):
        d = touched[i]
        mask = masks[d]
        score = scores[d]
        masks[d] = np.uint64(0)
        scores[d] = 0.0
        if program.shape[0]:
            if not _holds(program, mask, stack):
                continue
        else:
            if mask & required != required or mask & forbidden:
                continue
            if minimum > 0 and _bits(mask & optional) < minimum:
                continue
        low, high = code_ends[d], code_ends[d + 1]
        missing = 0
        failed = -1
        for facet in range(facet_filtered.shape[0]):
            if facet_filtered[facet]:
                found = False
                for c in range(low, high):
                    if code_facet[codes[c]] == facet and code_chosen[codes[c]]:
                        found = True
                        break
                if not found:
                    missing += 1
                    failed = facet
        if missing > 1:
            continue
        if missing == 1:
            for c in range(low, high):
                if code_facet[codes[c]] == failed:
                    counts[codes[c]] += 1
            continue
        for c in range(low, high):
            counts[codes[c]] += 1
            if boosted:
                score += code_boost[codes[c]]
        total += 1
        if by_rank:
            score = float(ranks[d])
        kept = _push(top_scores, top_documents, kept, limit, score, d)
    _sort_best(top_scores, top_documents, kept)
    return total, kept


@jit
def find_phrase(posting_documents, position_ends, positions, tokens, token_fields, token_ends,
                starts, ends, start_elements, term_element, element_terms, length, lead, field_mask,
                out_documents, out_positions, write):  # fmt: skip
    """Occurrences of a phrase: ``length`` slots, each filled by any of the terms that ``term_element`` marks for it.

    Reads the positions of the terms of slot ``lead`` (the rarest) and looks at the neighbours in the token stream.
    Counts when ``write`` is False, fills ``out_*`` (unsorted) when True; returns the number of occurrences.
    ``element_terms`` is a bit mask per marked term: the slots it may fill.
    """
    found = 0
    for i in range(starts.shape[0]):
        for p in range(starts[i], ends[i]):
            d = posting_documents[p]
            base = token_ends[d]
            size = token_ends[d + 1] - base
            for q in range(position_ends[p], position_ends[p + 1]):
                at = positions[q] - lead
                if at < 0 or at + length > size:
                    continue
                if not (field_mask >> token_fields[base + at]) & 1:
                    continue
                ok = True
                for slot in range(length):
                    t = tokens[base + at + slot]
                    if t < 0:
                        ok = False
                        break
                    e = term_element[t]
                    if e == 0 or not (element_terms[e - 1] >> np.uint64(slot)) & np.uint64(1):
                        ok = False
                        break
                if ok:
                    if write:
                        out_documents[found] = d
                        out_positions[found] = at
                    found += 1
    return found


@jit
def term_in_fields(posting_documents, position_ends, positions, token_fields, token_ends, scale,
                   start, end, field_mask, out_documents, out_impacts):  # fmt: skip
    """Postings of one term limited to some fields, with their weight there; returns how many."""
    found = 0
    for p in range(start, end):
        d = posting_documents[p]
        base = token_ends[d]
        weight = 0.0
        hit = False
        for q in range(position_ends[p], position_ends[p + 1]):
            f = token_fields[base + positions[q]]
            if (field_mask >> f) & 1:
                weight += scale[d, f]
                hit = True
        if hit:
            out_documents[found] = d
            out_impacts[found] = weight
            found += 1
    return found


@jit
def count_terms(tokens, token_ends, occurrences, postings):
    """Occurrences and documents of each term in a token stream (-1 is no term); the outputs come zeroed."""
    last = np.full(occurrences.shape[0], -1, np.int32)
    for d in range(token_ends.shape[0] - 1):
        for i in range(token_ends[d], token_ends[d + 1]):
            t = tokens[i]
            if t >= 0:
                occurrences[t] += 1
                if last[t] != d:
                    last[t] = d
                    postings[t] += 1


@jit
def invert(tokens, token_ends, next_position, next_posting, positions, posting_documents, position_starts):
    """Sort a token stream by term, then document, then position, in one pass.

    ``next_position`` and ``next_posting`` are the first places of each term in the outputs, and are used up.
    """
    last = np.full(next_posting.shape[0], -1, np.int32)
    for d in range(token_ends.shape[0] - 1):
        base = token_ends[d]
        for i in range(base, token_ends[d + 1]):
            t = tokens[i]
            if t < 0:
                continue
            at = next_position[t]
            next_position[t] = at + 1
            positions[at] = i - base
            if last[t] != d:
                last[t] = d
                p = next_posting[t]
                next_posting[t] = p + 1
                posting_documents[p] = d
                position_starts[p] = at


@jit
def gather(source, source_ends, rows, numbers, size, target, target_ends):
    """Copy some rows of an array of bytes to their places in another; both have ends per row, ``size`` bytes a unit."""
    for i in range(rows.shape[0]):
        row, number = rows[i], numbers[i]
        start = source_ends[row] * size
        to = target_ends[number] * size
        for k in range((source_ends[row + 1] - source_ends[row]) * size):
            target[to + k] = source[start + k]
