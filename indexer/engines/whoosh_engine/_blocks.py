"""The loop that writes postings as Whoosh keeps them: in blocks, each a pickle of documents, weights and positions.

Byte for byte what ``pickle.dumps(…, 2)`` gives for them (``_postings.blocks_of``), without an object for each posting.
It is compiled when it is first called.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg"

from __future__ import annotations

import numpy as np

from indexer.engines.compiling import jit

PICKLE = np.frombuffer(b"\x80\x02", np.uint8)
ENCODE = np.frombuffer(b"c_codecs\nencode\n", np.uint8)  # with protocol 2 bytes are a text that is encoded
LATIN = np.frombuffer(b"X\x06\x00\x00\x00latin1", np.uint8)
LIST = np.frombuffer(b"\xc2\x80\x02]q\x00", np.uint8)  # how a pickle of a list begins, as UTF-8
BATCH = 1000  # of the values of a list that a pickle puts into it at a time
VALUE_BYTES = 70  # at most, of what a posting takes besides its positions
POSITION_BYTES = 11  # at most, of one position
BLOCK_BYTES = 160  # at most, of what a block takes besides its postings

_ONE, _TWO, _FOUR = ord("K"), ord("M"), ord("J")  # numbers of one, two and four bytes
_DOUBLE, _NONE, _TEXT, _CALL = ord("G"), ord("N"), ord("X"), ord("R")
_MARK, _TUPLE, _APPEND, _APPENDS, _END = ord("("), ord("t"), ord("a"), ord("e"), ord(".")
_PUT, _PUT_FAR, _GET, _GET_FAR = ord("q"), ord("r"), ord("h"), ord("j")  # remember, say again


@jit
def write_blocks(
    first,
    counts,
    documents,
    steps,
    bounds,
    lengths,
    doubles,
    known,
    names,
    size,
    least_compressed,
    compression,
    out,
    edges,
    about,
):
    """Write the blocks of some terms one behind the other into ``out``.

    ``first`` and ``counts`` say which of the ``steps`` are a posting's, ``bounds`` which postings are a term's.
    ``doubles`` has the eight bytes of each number of floating point that is written; ``known`` and ``names`` have room
    for each step: the last block that has said it as an only position, which comes as -1, and what it is called there.
    ``edges`` gets of each block where what is said of it begins and ends, and where its postings do; ``about`` of each
    term its first block, the least and most length, and the most weight, and at the end the number of blocks.
    """
    at = block = np.int64(0)
    for term in range(len(bounds) - 1):
        about[term, 0], about[term, 1] = block, 255
        for start in range(bounds[term], bounds[term + 1], size):
            stop = min(start + size, bounds[term + 1])
            low, high, heavy, light = np.int64(255), np.int64(0), counts[start], counts[start]
            for i in range(start, stop):
                length = lengths[documents[i]]
                low, high = min(low, length), max(high, length)
                heavy, light = max(heavy, counts[i]), min(light, counts[i])
            about[term, 1], about[term, 2] = min(about[term, 1], low), max(about[term, 2], high)
            about[term, 3] = max(about[term, 3], heavy)
            # What is said of a block depends on how long it is, and stands before it: there is room for it.
            data = at + BLOCK_BYTES // 2
            end = _postings(
                start, stop, first, counts, documents, steps, doubles, heavy, light, known, names, block, out, data
            )
            said = _bytes(PICKLE, out, at)
            out[said] = _MARK
            said = _number(stop - start, out, said + 1)
            said = _number(np.int64(documents[stop - 1]), out, said)
            said = _double(heavy, doubles, out, said)
            said = _number(compression if end - data >= least_compressed else np.int64(0), out, said)
            said = _number(high, out, _number(low, out, said))
            out[said] = _TUPLE
            said = _remember(np.int64(0), out, said + 1)
            out[said] = _END
            edges[block, 0], edges[block, 1], edges[block, 2], edges[block, 3] = at, said + 1, data, end
            at = end
            block += 1
    about[len(bounds) - 1, 0] = block


@jit
def _postings(start, stop, first, counts, documents, steps, doubles, heavy, light, known, names, block, out, at):
    """The pickle of one block; returns where it ends."""
    at = _open(stop - start, out, _bytes(PICKLE, out, at))
    before = np.int64(0)
    for i in range(start, stop):
        at = _number(documents[i] - before, out, at)
        before = np.int64(documents[i])
    at, name = _close(stop - start, np.int64(0), out, at)
    if heavy == 1:
        out[at] = _NONE
        at += 1
    elif heavy == light:
        at = _double(heavy, doubles, out, at)
    else:
        at = _open(stop - start, out, at)
        for i in range(start, stop):
            at = _double(counts[i], doubles, out, at)
        at, name = _close(stop - start, name, out, at)
    at = _open(stop - start, out, at)
    encode = latin = np.int64(-1)
    for i in range(start, stop):
        step = steps[first[i]]
        if counts[i] == 1 and known[step] == block:
            at = _again(names[step], out, at)
            continue
        if encode < 0:
            encode, latin = name, name + 2
            at = _remember(encode, out, _bytes(ENCODE, out, at))
            at = _remember(name + 1, out, _positions(steps, first[i], counts[i], out, at))
            at = _remember(latin, out, _bytes(LATIN, out, at))
            name += 3
        else:
            at = _positions(steps, first[i], counts[i], out, _again(encode, out, at))
            at = _again(latin, out, _remember(name, out, at))
            name += 1
        at, name = _close(np.int64(2), name, out, at)
        out[at] = _CALL
        at = _remember(name, out, at + 1)
        if counts[i] == 1:
            known[step], names[step] = block, name
        name += 1
    at, name = _close(stop - start, name, out, at)
    at, name = _close(np.int64(3), name, out, at)
    out[at] = _END
    return at + 1


@jit
def _positions(steps, start, count, out, at):
    """How many positions a posting has, and the pickle of their steps: a text of which each character is a byte."""
    out[at] = _TEXT
    begun = at + 5
    at = begun
    for shift in (24, 16, 8, 0):
        at = _latin((count >> shift) & 255, out, at)
    at = _bytes(LIST, out, at)
    if count == 1:
        at = _number_as_text(steps[start], out, at)
        out[at] = _APPEND
        at += 1
    else:
        for batch in range(start, start + count, BATCH):
            out[at] = _MARK
            at += 1
            for i in range(batch, min(batch + BATCH, start + count)):
                at = _number_as_text(steps[i], out, at)
            out[at] = _APPENDS
            at += 1
    out[at] = _END
    at += 1
    _little(at - begun, np.int64(4), out, begun - 4)
    return at


@jit
def _bytes(some, out, at):
    for i in range(len(some)):
        out[at + i] = some[i]
    return at + len(some)


@jit
def _little(value, size, out, at):
    for i in range(size):
        out[at + i] = (value >> (8 * i)) & 255
    return at + size


@jit
def _latin(byte, out, at):
    """One byte as the UTF-8 of the character of that number."""
    if byte < 128:
        out[at] = byte
        return at + 1
    out[at], out[at + 1] = 0xC0 | (byte >> 6), 0x80 | (byte & 63)
    return at + 2


@jit
def _number(value, out, at):
    size = np.int64(1 if value < 1 << 8 else 2 if value < 1 << 16 else 4)
    out[at] = _ONE if size == 1 else _TWO if size == 2 else _FOUR
    return _little(value, size, out, at + 1)


@jit
def _number_as_text(value, out, at):
    size = 1 if value < 1 << 8 else 2 if value < 1 << 16 else 4
    out[at] = _ONE if size == 1 else _TWO if size == 2 else _FOUR
    at += 1
    for i in range(size):
        at = _latin((value >> (8 * i)) & 255, out, at)
    return at


@jit
def _double(value, doubles, out, at):
    out[at] = _DOUBLE
    return _bytes(doubles[value], out, at + 1)


@jit
def _open(count, out, at):
    if count > 3:
        out[at] = _MARK
        return at + 1
    return at


@jit
def _close(count, name, out, at):
    """The end of a tuple of so many, remembered by a number; returns where it ends, and the next number."""
    out[at] = _TUPLE if count > 3 else 0x84 + count
    return _remember(name, out, at + 1), name + 1


@jit
def _remember(name, out, at):
    out[at] = _PUT if name < 256 else _PUT_FAR
    return _little(name, 1 if name < 256 else 4, out, at + 1)


@jit
def _again(name, out, at):
    out[at] = _GET if name < 256 else _GET_FAR
    return _little(name, 1 if name < 256 else 4, out, at + 1)
