"""The loops that take what matches: filter, count in facets, keep the best."""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg, call-arg"

from __future__ import annotations

from collections import namedtuple

import numpy as np

from indexer.engines.compiling import LONG, array_at, jit, jit_for, prefetch
from indexer.engines.whoosh_engine._best import push

BANKS = 4  # counts of documents that follow each other go to different places: the same one twice would have to wait
AHEAD = 16  # documents on, whose place in memory is asked for meanwhile
MANY = np.uint64(0xFFFF_FFFF_FFFF_FFFF)  # instead of the packed codes of a document that has more than four

Rows = namedtuple("Rows", "live all_live code_words code_ends codes code_facet ranks priors")  # of each document
# Bits of the facets that filter, the codes they let through, what a code adds to a score, which rank decides instead.
Choice = namedtuple("Choice", "filtered facets chosen boosts boosted by_rank")
Best = namedtuple("Best", "scores documents limit")


@jit_for(LONG, LONG, LONG, LONG, LONG)
def pack_codes(codes, ends, count, none, out):
    """Write the codes of each of ``count`` documents as one number, 16 bits for each of up to four; else ``MANY``.

    The loop that counts then reads one place in memory for a document, and has the same few steps for each. ``none``
    stands where a document has fewer. The first two and ``out`` are addresses of arrays.
    """
    code_ends, words = array_at(ends, (count + 1,), np.int32), array_at(out, (count,), np.uint64)
    rows = array_at(codes, (code_ends[count],), np.int16)
    for d in range(count):
        low, high = code_ends[d], code_ends[d + 1]
        word = np.uint64(0)
        for lane in range(4):
            code = rows[low + lane] if low + lane < high else none
            word |= np.uint64(code) << np.uint64(16 * lane)
        words[d] = MANY if high - low > 4 else word


@jit
def tally(documents, rows, tallies):
    """Count documents in every facet: ``tallies`` are the counts of all codes, and of none, for each bank."""
    code_words, code_ends, codes = rows.code_words, rows.code_ends, rows.codes
    width = np.uint64(tallies.shape[0] // BANKS)
    lane, count = np.uint64(0xFFFF), np.uint64(documents.shape[0])
    for i in range(count):
        if i + np.uint64(AHEAD) < count:
            prefetch(code_words, np.int64(documents[i + np.uint64(AHEAD)]))
        d = np.uint32(documents[i])  # unsigned: a signed index costs a test for below zero each time
        bank = (i & np.uint64(BANKS - 1)) * width
        word = code_words[d]
        if word == MANY:
            for c in range(np.uint32(code_ends[d]), np.uint32(code_ends[d + np.uint32(1)])):
                tallies[bank + np.uint64(np.uint16(codes[c]))] += 1
        else:
            tallies[bank + (word & lane)] += 1
            tallies[bank + ((word >> np.uint64(16)) & lane)] += 1
            tallies[bank + ((word >> np.uint64(32)) & lane)] += 1
            tallies[bank + (word >> np.uint64(48))] += 1


@jit
def add_up(tallies, counts):
    """Counts of all codes from those of the banks, which are zeroed."""
    width = tallies.shape[0] // BANKS
    for code in range(counts.shape[0]):
        for bank in range(BANKS):
            counts[code] += tallies[bank * width + code]
    tallies[:] = 0


@jit
def keep_best(documents, scores, best):
    """Keep the best of some documents, in any order; returns how many."""
    top_scores, top_documents, limit = best.scores, best.documents, best.limit
    kept = 0
    least = -np.inf  # score of the worst hit kept, once there are enough
    for i in range(np.uint64(documents.shape[0])):
        if scores[i] >= least:
            kept = push(top_scores, top_documents, kept, limit, scores[i], documents[i])
            if kept == limit and kept > 0:
                least = top_scores[0]
    return kept


@jit
def _passes(d, code_ends, codes, code_facet, facets, filtered, chosen, counts):
    """Whether a matching document passes the filters; counts it in its facets.

    One that passes all filters counts in every facet, one that fails that of exactly one facet in that facet alone.
    """
    low, high = code_ends[d], code_ends[d + np.uint32(1)]
    failed = -1
    for facet in range(facets):
        if filtered >> facet & 1:
            found = False
            for c in range(low, high):
                if code_facet[codes[c]] == facet and chosen[codes[c]]:
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
def _filter(documents, scores, rows, choice, counts):
    """Leave only the documents that pass the filters, counted in their facets; returns how many."""
    code_ends, codes, code_facet = rows.code_ends, rows.codes, rows.code_facet
    facets, filtered, chosen = choice.facets, choice.filtered, choice.chosen
    kept = 0
    for i in range(documents.shape[0]):
        d = documents[i]
        if _passes(np.uint32(d), code_ends, codes, code_facet, facets, filtered, chosen, counts):
            documents[kept], scores[kept] = d, scores[i]
            kept += 1
    return kept


@jit
def _score_anew(documents, scores, rows, choice):
    """Put a rank in the place of scores, or add boosts to them."""
    code_ends, codes, ranks, priors = rows.code_ends, rows.codes, rows.ranks, rows.priors
    by_rank, boosts = choice.by_rank, choice.boosts
    for i in range(documents.shape[0]):
        d = np.uint32(documents[i])
        if by_rank:
            scores[i] = float(by_rank * ranks[d])
        else:
            for c in range(code_ends[d], code_ends[d + np.uint32(1)]):
                scores[i] += boosts[codes[c]] * priors[d]


@jit
def collect(documents, scores, rows, choice, counts, tallies, best):
    """Filter matching documents, count them, and keep the best; returns how many pass and are kept, in a heap."""
    total = documents.shape[0]
    if choice.filtered:
        total = _filter(documents, scores, rows, choice, counts)
    else:
        tally(documents, rows, tallies)
    if choice.by_rank or choice.boosted:
        _score_anew(documents[:total], scores, rows, choice)
    return total, keep_best(documents[:total], scores, best)
