"""The loops for a query that wants words of one list each: lists are joined in order, nothing is looked up by number.

A list of postings has its documents in order. The candidates, those of the shortest wanted list, stand in order too,
with their scores beside them. Each further list takes some away, and a bit for each candidate tells quickly which.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg"

from __future__ import annotations

import numpy as np

from indexer.engines.compiling import jit, jit_inline
from indexer.engines.inspection import first_at_least

GALLOP = 16  # a list this many times longer than the candidates is searched, not read


@jit_inline
def saturated(weight, idf, k1):
    """BM25 of a leaf whose members weigh so much in a document."""
    return idf * (k1 + 1.0) * weight / (k1 + weight)


@jit
def lead(documents, impacts, weight, idf, k1, constant, live, all_live, candidates, scores):
    """Make candidates of the live documents of a list; returns how many."""
    count = 0
    for p in range(np.uint64(documents.shape[0])):
        if all_live or live[np.uint32(documents[p])]:
            w = weight * impacts[p]
            candidates[np.uint64(count)] = documents[p]
            scores[np.uint64(count)] = w if constant else saturated(w, idf, k1)
            count += 1
    return count


@jit
def mark(documents, bits):
    """Set the bit of each document."""
    for i in range(np.uint64(documents.shape[0])):
        d = np.uint64(documents[i])
        bits[d >> np.uint64(6)] |= np.uint64(1) << (d & np.uint64(63))


@jit
def _join(documents, impacts, weight, idf, k1, constant, candidates, scores, bits):
    """Keep the candidates that a list has, and add what they weigh in it; returns how many."""
    kept = np.uint64(0)
    at = np.uint64(0)
    for p in range(np.uint64(documents.shape[0])):
        d = np.uint64(documents[p])
        if (bits[d >> np.uint64(6)] >> (d & np.uint64(63))) & np.uint64(1):
            while candidates[at] != documents[p]:
                at += np.uint64(1)
            w = weight * impacts[p]
            candidates[kept] = documents[p]
            scores[kept] = scores[at] + (w if constant else saturated(w, idf, k1))
            kept += np.uint64(1)
            at += np.uint64(1)
    return np.int64(kept)


@jit
def _exclude(documents, candidates, scores, bits):
    """Keep the candidates that a list does not have; returns how many."""
    one, low = np.uint64(1), np.uint64(63)
    for p in range(np.uint64(documents.shape[0])):
        d = np.uint64(documents[p])
        bits[d >> np.uint64(6)] &= ~(one << (d & low))
    kept = np.uint64(0)
    for i in range(np.uint64(candidates.shape[0])):
        d = np.uint64(candidates[i])
        candidates[kept], scores[kept] = candidates[i], scores[i]
        kept += (bits[d >> np.uint64(6)] >> (d & low)) & one
    return np.int64(kept)


@jit
def _search(documents, impacts, weight, idf, k1, constant, wanted, candidates, scores):
    """Search a long list for the candidates, and keep those that it has (or has not, if not ``wanted``)."""
    kept = 0
    low = 0
    size = documents.shape[0]
    for i in range(candidates.shape[0]):
        d = candidates[i]
        high, step = low, 1
        while high < size and documents[high] < d:
            low = high + 1
            high += step
            step *= 2
        low = first_at_least(documents, low, min(high, size), d)
        if (low < size and documents[low] == d) == wanted:
            score = scores[i]
            if wanted:
                w = weight * impacts[low]
                score += w if constant else saturated(w, idf, k1)
            candidates[kept], scores[kept] = d, score
            kept += 1
    return kept


@jit
def narrow(documents, impacts, weight, idf, k1, constant, wanted, candidates, scores, bits):
    """Keep the candidates that a list has, or has not if it is not ``wanted``; returns how many.

    ``bits`` has one for each document of the segment, all zero before and after.
    """
    if documents.shape[0] > GALLOP * candidates.shape[0]:
        return _search(documents, impacts, weight, idf, k1, constant, wanted, candidates, scores)
    mark(candidates, bits)
    if wanted:
        kept = _join(documents, impacts, weight, idf, k1, constant, candidates, scores, bits)
    else:
        kept = _exclude(documents, candidates, scores, bits)
    bits[:] = np.uint64(0)
    return kept
