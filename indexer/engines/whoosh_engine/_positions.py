"""The loops that read where words stand in a text: phrases, and words of some fields alone."""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg"

from __future__ import annotations

import numpy as np

from indexer.engines.compiling import LONG, array_at, jit, jit_for, own
from indexer.engines.inspection import first_at_least
from indexer.engines.whoosh_engine._joining import mark
from indexer.engines.whoosh_engine._table import Place, bytes_of, floats, ints, longs, masks_of, smalls

# The numbers in front of what is asked about a phrase.
MADE_AT, PHRASES_AT, LENGTH, LEAD, FIELDS, TERMS, LISTS, OTHERS, HEAD = range(9)


@jit
def _fits(tokens, first, length, elements, slots):
    """Whether each of ``length`` tokens is a term that may fill its slot, as ``elements`` and ``slots`` say."""
    for slot in range(np.uint64(length)):
        t = tokens[first + slot]
        if t < 0:
            return False
        e = elements[np.uint32(t)]
        if e == 0 or not (slots[e - 1] >> slot) & 1:
            return False
    return True


@jit
def _scale(table):
    """What an occurrence weighs in each document (rows) and field (columns)."""
    return floats(table, Place.SCALE).reshape((longs(table, Place.TOKEN_ENDS).shape[0] - 1, -1))


@jit
def _find(table, length, lead, fields, slots, starts, ends, choosy, out_documents, out_positions):
    """Write the occurrences of a phrase whose terms are marked, list by list; returns how many.

    If ``choosy``, only documents whose bit is set are looked at.
    """
    bits = masks_of(table, Place.BITS)
    documents, position_ends = ints(table, Place.POSTING_DOCUMENTS), ints(table, Place.POSITION_ENDS)
    positions, elements = ints(table, Place.POSITIONS), smalls(table, Place.TERMS)
    tokens, token_ends = ints(table, Place.TOKENS), longs(table, Place.TOKEN_ENDS)
    token_fields = bytes_of(table, Place.TOKEN_FIELDS)
    found = 0
    for i in range(starts.shape[0]):
        for p in range(np.uint64(starts[i]), np.uint64(ends[i])):
            d = np.uint32(documents[p])
            if choosy and not (bits[d >> np.uint32(6)] >> np.uint64(d & np.uint32(63))) & np.uint64(1):
                continue
            base = token_ends[d]
            size = token_ends[d + np.uint32(1)] - base
            for q in range(np.uint64(position_ends[p]), np.uint64(position_ends[p + np.uint64(1)])):
                at = positions[q] - lead
                if at < 0 or at + length > size:
                    continue
                first = np.uint64(base + at)
                if _fits(tokens, first, length, elements, slots) and (fields >> token_fields[first]) & 1:
                    out_documents[found] = d
                    out_positions[found] = at
                    found += 1
    return found


@jit_for(own(LONG))
def find_phrase(table):
    """Occurrences of a phrase, and its postings: each document once, with its weight.

    What is asked are the numbers of the table: after the head the terms of all slots, a bit mask for each (which slots
    it may fill), where the postings of the slot ``LEAD`` (the rarest) start and where they end, and the same of another
    slot, if documents without it are to be passed over: the token stream of each stands elsewhere in memory. Reads the
    positions of the rarest slot and looks at their neighbours in the token stream. Writes both in order, from
    ``PHRASES_AT`` and ``MADE_AT`` on, and returns how many.
    """
    numbers, elements = longs(table, Place.NUMBERS), smalls(table, Place.TERMS)
    count, lists = numbers[TERMS], numbers[LISTS]
    terms, slots = numbers[HEAD : HEAD + count], numbers[HEAD + count : HEAD + 2 * count]
    at = HEAD + 2 * count
    starts, ends = numbers[at : at + lists], numbers[at + lists : at + 2 * lists]
    at += 2 * lists
    others, bits = numbers[OTHERS], masks_of(table, Place.BITS)
    for i in range(at, at + others):
        mark(ints(table, Place.POSTING_DOCUMENTS)[numbers[i] : numbers[i + others]], bits)
    documents = ints(table, Place.PHRASE_DOCUMENTS)[numbers[PHRASES_AT] :]
    positions = ints(table, Place.PHRASE_POSITIONS)[numbers[PHRASES_AT] :]
    for i in range(count):
        elements[terms[i]] = i + 1
    found = _find(
        table, numbers[LENGTH], numbers[LEAD], numbers[FIELDS], slots, starts, ends, others > 0, documents, positions
    )
    if others:
        bits[:] = np.uint64(0)
    for i in range(count):
        elements[terms[i]] = 0
    if lists > 1:
        order = np.argsort((documents[:found].astype(np.int64) << 32) | positions[:found])
        documents[:found] = documents[:found][order]
        positions[:found] = positions[:found][order]
    scale, token_ends, fields = _scale(table), longs(table, Place.TOKEN_ENDS), bytes_of(table, Place.TOKEN_FIELDS)
    owners = ints(table, Place.MADE_DOCUMENTS)[numbers[MADE_AT] :]
    impacts = floats(table, Place.MADE_IMPACTS)[numbers[MADE_AT] :]
    kept = 0
    i = 0
    while i < found:
        d = documents[i]
        weight = 0.0
        while i < found and documents[i] == d:
            weight += scale[d, fields[token_ends[d] + positions[i]]]
            i += 1
        owners[kept] = d
        impacts[kept] = weight
        kept += 1
    return found, kept


@jit_for(own(LONG), LONG, LONG, LONG, LONG)
def term_in_fields(table, start, end, field_mask, made_at):
    """Write the postings of one term limited to some fields, with their weight there; returns how many."""
    documents, position_ends = ints(table, Place.POSTING_DOCUMENTS), ints(table, Place.POSITION_ENDS)
    positions, token_ends = ints(table, Place.POSITIONS), longs(table, Place.TOKEN_ENDS)
    scale, fields = _scale(table), bytes_of(table, Place.TOKEN_FIELDS)
    out_documents, out_impacts = ints(table, Place.MADE_DOCUMENTS), floats(table, Place.MADE_IMPACTS)
    found = made_at
    for p in range(start, end):
        d = documents[p]
        weight = 0.0
        hit = False
        for q in range(position_ends[p], position_ends[p + 1]):
            f = fields[token_ends[d] + positions[q]]
            if (field_mask >> f) & 1:
                weight += scale[d, f]
                hit = True
        if hit:
            out_documents[found] = d
            out_impacts[found] = weight
            found += 1
    return found - made_at


@jit_for(LONG, LONG, LONG, LONG)
def impact_at(documents, impacts, size, document):
    """Impact of a document in the list of postings whose arrays stand at these addresses; 0 if it has none."""
    rows = array_at(documents, (size,), np.int32)
    place = first_at_least(rows, 0, size, document)
    if place < size and rows[place] == document:
        return float(array_at(impacts, (size,), np.float32)[place])
    return 0.0
