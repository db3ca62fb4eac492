"""The loops of a build, compiled when they are first called: count, invert and gather token streams."""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg"

from __future__ import annotations

import numpy as np

from indexer.engines.compiling import jit


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
