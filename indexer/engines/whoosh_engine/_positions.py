"""The loops that read where words stand in a text: phrases, and words of some fields alone."""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg"

from __future__ import annotations

import numpy as np

from indexer.engines.compiling import BYTE, FLOAT, INT, LONG, MASK, SMALL, jit, jit_for, mapped, own


@jit
def _fits(tokens, first, length, elements, slots):
    """Whether each of ``length`` tokens is a term that may fill its slot, as ``elements`` and ``slots`` say."""
    for slot in range(np.uint64(length)):
        t = tokens[first + slot]
        if t < 0:
            return False
        e = elements[np.uint32(t)]
        if e == 0 or not (slots[e - 1] >> np.uint64(slot)) & np.uint64(1):
            return False
    return True


@jit_for(
    mapped(INT), mapped(INT), mapped(INT), mapped(INT), mapped(BYTE), mapped(LONG), mapped(FLOAT, 2),
    own(LONG), own(MASK), own(LONG), own(LONG), LONG, LONG, LONG, own(SMALL), own(INT), own(INT), own(INT), own(FLOAT),
)  # fmt: skip
def find_phrase(
    posting_documents, position_ends, positions, tokens, token_fields, token_ends, scale,
    terms, slots, starts, ends, length, lead, field_mask, elements,
    out_documents, out_positions, out_owners, out_impacts,
):  # fmt: skip
    """Occurrences of a phrase of ``length`` slots, and its postings: each document once, with its weight.

    ``terms`` are those of all slots, ``slots`` a bit mask for each: which ones it may fill. Reads the positions of the
    terms of slot ``lead`` (the rarest; their postings go from ``starts`` to ``ends``) and looks at their neighbours in
    the token stream. ``elements`` is zeroed room over the vocabulary, and is left so. Returns how many occurrences and
    postings were written, both in order.
    """
    for i in range(terms.shape[0]):
        elements[terms[i]] = i + 1
    found = 0
    for i in range(starts.shape[0]):
        for p in range(np.uint64(starts[i]), np.uint64(ends[i])):
            d = np.uint32(posting_documents[p])
            base = token_ends[d]
            size = token_ends[d + np.uint32(1)] - base
            for q in range(np.uint64(position_ends[p]), np.uint64(position_ends[p + np.uint64(1)])):
                at = positions[q] - lead
                if at < 0 or at + length > size:
                    continue
                first = np.uint64(base + at)
                if _fits(tokens, first, length, elements, slots) and (field_mask >> token_fields[first]) & 1:
                    out_documents[found] = d
                    out_positions[found] = at
                    found += 1
    for i in range(terms.shape[0]):
        elements[terms[i]] = 0
    if starts.shape[0] > 1:
        order = np.argsort((out_documents[:found].astype(np.int64) << 32) | out_positions[:found])
        out_documents[:found] = out_documents[:found][order]
        out_positions[:found] = out_positions[:found][order]
    owners = 0
    i = 0
    while i < found:
        d = out_documents[i]
        weight = 0.0
        while i < found and out_documents[i] == d:
            weight += scale[d, token_fields[token_ends[d] + out_positions[i]]]
            i += 1
        out_owners[owners] = d
        out_impacts[owners] = weight
        owners += 1
    return found, owners


@jit_for(
    mapped(INT), mapped(INT), mapped(INT), mapped(BYTE), mapped(LONG), mapped(FLOAT, 2),
    LONG, LONG, LONG, own(INT), own(FLOAT),
)  # fmt: skip
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
