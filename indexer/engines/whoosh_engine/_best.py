"""The best hits of a search: a heap while documents are matched, a list in order when all are.

Equal scores stand in the order of their documents, so that every engine shows the same.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg"

from __future__ import annotations

from indexer.engines.compiling import jit, jit_inline


@jit_inline
def before(score_a, doc_a, score_b, doc_b):
    """Whether hit a ranks below hit b (lower score, or same score and later document)."""
    return score_a < score_b or (score_a == score_b and doc_a > doc_b)


@jit_inline
def push(scores, docs, size, limit, score, doc):
    """Offer a hit to a heap whose root is the worst of the best ``limit``; returns the new size."""
    if size < limit:
        i = size
        size += 1
        while i > 0:
            parent = (i - 1) >> 1
            if before(score, doc, scores[parent], docs[parent]):
                scores[i] = scores[parent]
                docs[i] = docs[parent]
                i = parent
            else:
                break
        scores[i] = score
        docs[i] = doc
        return size
    if limit == 0 or not before(scores[0], docs[0], score, doc):
        return size
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and before(scores[child + 1], docs[child + 1], scores[child], docs[child]):
            child += 1
        if before(scores[child], docs[child], score, doc):
            scores[i] = scores[child]
            docs[i] = docs[child]
            i = child
        else:
            break
    scores[i] = score
    docs[i] = doc
    return size


@jit
def sort_best(scores, docs, size):
    """Turn the heap that ``push`` made into a list with the best first."""
    for end in range(size - 1, 0, -1):
        score, doc = scores[end], docs[end]
        scores[end], docs[end] = scores[0], docs[0]
        i = 0
        while True:
            child = 2 * i + 1
            if child >= end:
                break
            if child + 1 < end and before(scores[child + 1], docs[child + 1], scores[child], docs[child]):
                child += 1
            if not before(scores[child], docs[child], score, doc):
                break
            scores[i], docs[i] = scores[child], docs[child]
            i = child
        scores[i], docs[i] = score, doc


@jit
def sort_anew(scores, docs, bonus, count):
    """Put the first ``count`` hits in order by score and bonus; few have moved, and those not far."""
    for i in range(1, count):
        score, doc, extra = scores[i], docs[i], bonus[i]
        j = i
        while j > 0 and before(scores[j - 1] + bonus[j - 1], docs[j - 1], score + extra, doc):
            scores[j], docs[j], bonus[j] = scores[j - 1], docs[j - 1], bonus[j - 1]
            j -= 1
        scores[j], docs[j], bonus[j] = score, doc, extra
