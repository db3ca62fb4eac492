"""The loops that read where words stand in a text: phrases, and words of some fields alone."""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg, call-arg"

from __future__ import annotations

import numpy as np

from indexer.analysis import FIELDS as FIELD_NAMES
from indexer.engines.compiling import LONG, array_at, jit, jit_for, jit_inline, own, prefetch
from indexer.engines.inspection import first_at_least
from indexer.engines.whoosh_engine._collecting import AHEAD
from indexer.engines.whoosh_engine._joining import mark
from indexer.engines.whoosh_engine._places import HALF, LOW, TOGETHER
from indexer.engines.whoosh_engine._table import Place, floats, ints, longs, masks_of, shorts, smalls
from indexer.marks import FIELD_AT, FIELD_MASK

# The numbers in front of what is asked about a phrase.
MADE_AT, PHRASES_AT, LENGTH, LEAD, SECOND, FIELDS, TERMS, LISTS, OTHERS, CHOOSY, SPARING, HEAD = range(12)
TITLE, HEADING, BODY = map(FIELD_NAMES.index, ("title", "heading", "body"))
ANYWHERE = (1 << len(FIELD_NAMES)) - 1  # fields as bits: all of them


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


@jit_inline
def field_of(mark):
    """The field of a token, by what its document says of it."""
    return np.int64(mark) >> FIELD_AT & FIELD_MASK


@jit_inline
def _field(d, at, token_ends, marks, title_ends, sections, section_ends):
    """The field of a token of a document, from where its title and sections stand as far as these say it.

    They are a thirtieth as large as the fields of all tokens, of which nearly each document would be a page.
    """
    if at < title_ends[d]:
        return TITLE
    for s in range(section_ends[d], section_ends[d + 1]):
        if sections[s, 0] <= at < sections[s, 2]:
            return HEADING if at < sections[s, 1] else BODY
    return field_of(marks[token_ends[d] + at])


@jit_inline
def _end(ends, bases, posting):
    """Where the positions of the posting before end, and so those of this one start (``_places.save_places``)."""
    shift = np.uint64(0 if bases.shape[0] == ends.shape[0] else TOGETHER)
    base = np.int64(bases[posting >> shift])
    return base + ((np.int64(ends[posting]) - base) & LOW)


@jit_inline
def _position(positions, highs, place):
    """One position of a posting."""
    at = np.int64(positions[place])
    if highs.shape[0]:
        at |= np.int64(highs[place]) << HALF
    return at


@jit_inline
def _forward(documents, place, end, wanted, density):
    """Place of the first posting from ``place`` on whose document is not below ``wanted``.

    ``density`` is how many documents of the list are to be expected for each of the segment: the search starts there.
    """
    if place == end or documents[place] >= wanted:
        return place
    guess = min(place + np.int64((wanted - documents[place]) * density), end - 1)
    step = 1
    if documents[guess] < wanted:
        low, high = guess + 1, guess + 1
        while high < end and documents[high] < wanted:
            low = high + 1
            high += step
            step *= 2
        return first_at_least(documents, low, min(high, end), wanted)
    low, high = guess, guess
    while documents[low] >= wanted:  # it ends at ``place`` at the latest
        high = low
        low = max(low - step, place)
        step *= 2
    return first_at_least(documents, low + 1, high, wanted)


@jit
def _meet(table, left, left_end, right, right_end):
    """Find which postings of two lists have the same document, of which the first is the shorter; returns how many.

    Both are read in order, and their numbers written to ``touched`` and ``leaf_touched``.
    """
    documents, bits = ints(table, Place.POSTING_DOCUMENTS), masks_of(table, Place.BITS)
    lefts, rights = ints(table, Place.TOUCHED), ints(table, Place.LEAF_TOUCHED)
    mark(documents[left:left_end], bits)
    count, at = np.uint64(0), np.uint64(left)
    for p in range(np.uint64(right), np.uint64(right_end)):
        d = np.uint64(documents[p])
        if (bits[d >> np.uint64(6)] >> (d & np.uint64(63))) & np.uint64(1):
            while documents[at] != documents[p]:
                at += np.uint64(1)
            lefts[count], rights[count] = at, p
            count += np.uint64(1)
    bits[:] = np.uint64(0)
    return np.int64(count)


@jit
def _neighbours(table, lead, shift, met, out_documents, out_positions):
    """What ``_pairs`` writes, of so many postings that ``_meet`` has found."""
    lefts, rights = ints(table, Place.TOUCHED)[:met], ints(table, Place.LEAF_TOUCHED)[:met]
    documents, position_ends = ints(table, Place.POSTING_DOCUMENTS), shorts(table, Place.POSITION_ENDS)
    bases = ints(table, Place.POSITION_BASES)
    positions, highs = shorts(table, Place.POSITIONS), shorts(table, Place.POSITIONS_HIGH)
    one, found = np.uint64(1), 0
    for i in range(lefts.shape[0]):
        # They are far apart in memory, so what is needed some pairs on is asked for meanwhile.
        if i + 2 * AHEAD < lefts.shape[0]:
            prefetch(position_ends, np.int64(lefts[i + 2 * AHEAD]))
            prefetch(position_ends, np.int64(rights[i + 2 * AHEAD]))
        if i + AHEAD < lefts.shape[0]:
            prefetch(positions, np.int64(_end(position_ends, bases, np.uint64(lefts[i + AHEAD]))))
            prefetch(positions, np.int64(_end(position_ends, bases, np.uint64(rights[i + AHEAD]))))
        left, right = np.uint64(lefts[i]), np.uint64(rights[i])
        q, last = np.uint64(_end(position_ends, bases, left)), np.uint64(_end(position_ends, bases, left + one))
        r, stop = np.uint64(_end(position_ends, bases, right)), np.uint64(_end(position_ends, bases, right + one))
        while q < last:
            place = _position(positions, highs, q)
            while r < stop and _position(positions, highs, r) < place + shift:
                r += one
            if r < stop and _position(positions, highs, r) == place + shift:
                out_documents[found], out_positions[found] = documents[left], place - lead
                found += 1
            q += one
    return found


@jit
def _pairs(table, lead, shift, choosy, starts, ends, seconds, second_ends, out_documents, out_positions):
    """Write where a term of one slot of a phrase has one of another ``shift`` tokens on; returns how many places.

    Without another slot every place of the first one counts. If ``choosy``, only documents whose bit is set are looked
    at. The postings of both are gone through side by side, list by list of the first.
    """
    bits, documents = masks_of(table, Place.BITS), ints(table, Place.POSTING_DOCUMENTS)
    position_ends, bases = shorts(table, Place.POSITION_ENDS), ints(table, Place.POSITION_BASES)
    positions, highs = shorts(table, Place.POSITIONS), shorts(table, Place.POSITIONS_HIGH)
    one = np.uint64(1)
    density = (second_ends - seconds) / (longs(table, Place.TOKEN_ENDS).shape[0] - 1)
    found = 0
    for i in range(starts.shape[0]):
        places = seconds.copy()
        for p in range(np.uint64(starts[i]), np.uint64(ends[i])):
            d = np.uint32(documents[p])
            if choosy and not (bits[d >> np.uint32(6)] >> np.uint64(d & np.uint32(63))) & np.uint64(1):
                continue
            first, last = np.uint64(_end(position_ends, bases, p)), np.uint64(_end(position_ends, bases, p + one))
            if places.shape[0] == 0:
                for q in range(first, last):
                    out_documents[found], out_positions[found] = d, _position(positions, highs, q) - lead
                    found += 1
            for j in range(places.shape[0]):
                at = _forward(documents, places[j], second_ends[j], documents[p], density[j])
                places[j] = at
                if at == second_ends[j] or documents[at] != documents[p]:
                    continue
                r = np.uint64(_end(position_ends, bases, np.uint64(at)))
                stop = np.uint64(_end(position_ends, bases, np.uint64(at + 1)))
                for q in range(first, last):
                    place = _position(positions, highs, q)
                    wanted = place + shift
                    while r < stop and _position(positions, highs, r) < wanted:
                        r += one
                    if r < stop and _position(positions, highs, r) == wanted:
                        out_documents[found], out_positions[found] = d, place - lead
                        found += 1
    return found


@jit
def _whole(table, length, fields, elements, slots, documents, positions):
    """Keep the occurrences all of whose tokens fit, within the fields; returns how many."""
    tokens, token_ends = ints(table, Place.TOKENS), longs(table, Place.TOKEN_ENDS)
    marks, anywhere = shorts(table, Place.MARKS), fields == ANYWHERE
    kept = 0
    for i in range(documents.shape[0]):
        if i + AHEAD < documents.shape[0]:
            prefetch(tokens, np.int64(token_ends[documents[i + AHEAD]] + positions[i + AHEAD]))
        d, at = documents[i], positions[i]
        base = token_ends[d]
        if at < 0 or base + at + length > token_ends[d + 1]:
            continue
        if not _fits(tokens, np.uint64(base + at), length, elements, slots):
            continue
        if anywhere or (fields >> field_of(marks[base + at])) & 1:
            documents[kept], positions[kept] = d, at
            kept += 1
    return kept


@jit_for(own(LONG))
def find_phrase(table):
    """Occurrences of a phrase, and its postings: each document once, with its weight.

    What is asked are the numbers of the table: after the head the terms of all slots, a bit mask for each (which slots
    it may fill), where the postings of the slot ``LEAD`` (the rarest) start and where they end, and the same of the
    slot ``SECOND``, the rarest of the others, if there are any. If ``CHOOSY``, its documents are marked first, since
    most others can then be passed over. Only what is longer than two tokens is looked up in the token stream: it is the
    largest column, and nearly each document is on a page of its own. Where ``SPARING``, the fields of tokens are not
    read either but told by where the sections stand, which takes longer. Writes both in order, from ``PHRASES_AT`` and
    ``MADE_AT`` on, and returns how many.
    """
    numbers, elements = longs(table, Place.NUMBERS), smalls(table, Place.TERMS)
    count, lists, others, length = numbers[TERMS], numbers[LISTS], numbers[OTHERS], numbers[LENGTH]
    terms, slots = numbers[HEAD : HEAD + count], numbers[HEAD + count : HEAD + 2 * count]
    at = HEAD + 2 * count
    starts, ends = numbers[at : at + lists], numbers[at + lists : at + 2 * lists]
    at += 2 * lists
    seconds, second_ends = numbers[at : at + others], numbers[at + others : at + 2 * others]
    choosy, bits = numbers[CHOOSY] != 0, masks_of(table, Place.BITS)
    one_each = lists == 1 and others == 1 and choosy
    if choosy and not one_each:
        for i in range(others):
            mark(ints(table, Place.POSTING_DOCUMENTS)[seconds[i] : second_ends[i]], bits)
    documents = ints(table, Place.PHRASE_DOCUMENTS)[numbers[PHRASES_AT] :]
    positions = ints(table, Place.PHRASE_POSITIONS)[numbers[PHRASES_AT] :]
    lead, shift = numbers[LEAD], numbers[SECOND] - numbers[LEAD]
    if one_each:
        met = _meet(table, starts[0], ends[0], seconds[0], second_ends[0])
        found = _neighbours(table, lead, shift, met, documents, positions)
    else:
        found = _pairs(table, lead, shift, choosy, starts, ends, seconds, second_ends, documents, positions)
        if choosy:
            bits[:] = np.uint64(0)
    if length - 1 > min(others, 1) or numbers[FIELDS] != ANYWHERE:
        for i in range(count):
            elements[terms[i]] = i + 1
        found = _whole(table, length, numbers[FIELDS], elements, slots, documents[:found], positions[:found])
        for i in range(count):
            elements[terms[i]] = 0
    if lists > 1 or others > 1:
        order = np.argsort((documents[:found].astype(np.int64) << 32) | positions[:found])
        documents[:found] = documents[:found][order]
        positions[:found] = positions[:found][order]
    scale, token_ends, marks = _scale(table), longs(table, Place.TOKEN_ENDS), shorts(table, Place.MARKS)
    weights = floats(table, Place.SCALE)
    title_ends, section_ends = ints(table, Place.TITLE_ENDS), ints(table, Place.SECTION_ENDS)
    sections, sparing = ints(table, Place.SECTIONS).reshape((-1, 3)), numbers[SPARING] != 0
    owners = ints(table, Place.MADE_DOCUMENTS)[numbers[MADE_AT] :]
    impacts = floats(table, Place.MADE_IMPACTS)[numbers[MADE_AT] :]
    kept = 0
    i = 0
    while i < found:
        d = documents[i]
        weight = 0.0
        while i < found and documents[i] == d:
            if not sparing and i + AHEAD < found:
                prefetch(marks, np.int64(token_ends[documents[i + AHEAD]] + positions[i + AHEAD]))
                prefetch(weights, np.int64(documents[i + AHEAD] * scale.shape[1]))
            if sparing:
                weight += scale[d, _field(d, positions[i], token_ends, marks, title_ends, sections, section_ends)]
            else:
                weight += scale[d, field_of(marks[token_ends[d] + positions[i]])]
            i += 1
        owners[kept] = d
        impacts[kept] = weight
        kept += 1
    return found, kept


@jit_for(own(LONG), LONG, LONG, LONG, LONG)
def term_in_fields(table, start, end, field_mask, made_at):
    """Write the postings of one term limited to some fields, with their weight there; returns how many."""
    documents, token_ends = ints(table, Place.POSTING_DOCUMENTS), longs(table, Place.TOKEN_ENDS)
    position_ends, bases = shorts(table, Place.POSITION_ENDS), ints(table, Place.POSITION_BASES)
    positions, highs = shorts(table, Place.POSITIONS), shorts(table, Place.POSITIONS_HIGH)
    scale, marks = _scale(table), shorts(table, Place.MARKS)
    out_documents, out_impacts = ints(table, Place.MADE_DOCUMENTS), floats(table, Place.MADE_IMPACTS)
    found = made_at
    for p in range(start, end):
        d = documents[p]
        weight = 0.0
        hit = False
        first, last = _end(position_ends, bases, np.uint64(p)), _end(position_ends, bases, np.uint64(p + 1))
        for q in range(np.uint64(first), np.uint64(last)):
            f = field_of(marks[token_ends[d] + _position(positions, highs, q)])
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
