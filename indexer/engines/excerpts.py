"""Cut out of a section what answers best: whole sentences where they fit, never across the end of a paragraph.

A compiled loop, as ``inspection``, which decides where to look. What begins with each token is found when a document is
written (``indexer/sentences.py``): of the text only those bytes are read that are shown.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg, call-arg"

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indexer.engines.compiling import jit, jit_inline, prefetch
from indexer.outline import BULLET
from indexer.sentences import INSIDE, LINE, SENTENCE
from indexer.token_stream import LENGTH_BITS, LONGEST

WINDOW = 44  # tokens of a snippet at most
ENOUGH = 24  # tokens after which no further sentence is taken
LEAST = 12  # tokens of a snippet, where the paragraph has as many
LEAD = 5  # tokens shown before the first match where its sentence is too long to be shown from its start
NEAR = 29  # tokens within which matches belong together
SPACE, LINE_END = b" \n"
OPENING = tuple(b"\"'(")
OPENING_LAST = tuple("“‘".encode()[2::3])  # bytes after those they share
QUOTE = tuple("“".encode()[:2])
ITEM = tuple(BULLET.strip().encode())
FIRST_OF_SEVERAL = 0x80  # bytes from here on make up a character with others
BYTES_A_LINE, TOKENS_A_LINE, LENGTHS_A_LINE = 64, 16, 32  # in a line of memory
OMITTED_BEFORE, OMITTED_AFTER = tuple("… ".encode()), tuple(" …".encode())  # where a sentence is cut
OMISSION = len("… ")


@jit
def _opened(texts, low, at):
    """Where what belongs to a token begins: its quotation marks and brackets stand before it."""
    while at > low:
        last = texts[at - 1]
        if last in OPENING:
            at -= 1
        elif last in OPENING_LAST and at - 3 >= low and texts[at - 3] == QUOTE[0] and texts[at - 2] == QUOTE[1]:
            at -= 3
        else:
            break
    return at


@jit_inline
def _itemised(texts, low, at):
    """Whether the sign before an item of a list ends before a place."""
    return (
        at - 3 >= low and texts[at - 3] == ITEM[0] and texts[at - 2] == ITEM[1] and texts[at - 1] == ITEM[2]
        and (at - 3 == low or texts[at - 4] == LINE_END)
    )  # fmt: skip


@jit_inline
def _start(marked, lowest, first):
    """The token to begin with, at ``first`` or before, not before ``lowest``: that of a sentence if there is one."""
    for token in range(first, lowest - 1, -1):
        if marked[token] > LONGEST:
            return token, np.int64(marked[token]) >> LENGTH_BITS
    return max(lowest, first - LEAD), INSIDE


@jit_inline
def _stop(marked, start, last, end):
    """The token to end before, and whether a paragraph, a sentence or nothing ends there; ``last`` should be shown."""
    stop, kind = start, np.int64(INSIDE)
    for token in range(start + 1, min(start + WINDOW, end) + 1):
        if token == end or marked[token] > LONGEST:
            stop, kind = token, np.int64(LINE if token == end else marked[token] >> LENGTH_BITS)
            if kind == LINE or (token > last and token - start >= ENOUGH):
                break
    if kind != LINE and (stop <= last or stop - start < LEAST):
        return min(start + WINDOW, end), INSIDE
    return stop, kind


@jit
def sentences(marked, body, end, first, last):
    """The tokens of a section to show for matches from ``first`` to ``last``: start, stop, what begins and ends there.

    ``marked`` are the lengths of the document's tokens with what begins with each (``token_stream.marked_lengths``);
    the text of the section has the tokens from ``body`` to ``end``.
    """
    last = max(first, min(last, first + WINDOW - 1))
    start, opens = _start(marked, max(body, last + 1 - WINDOW), first)
    stop, closes = _stop(marked, start, last, end)
    while closes and stop - start < LEAST and opens == SENTENCE:  # a short one has room for those before it
        earlier, kind = _start(marked, max(body, stop - WINDOW), start - 1)
        if not kind:
            break
        start, opens = earlier, kind
    return start, stop, opens, closes


@jit_inline
def _trimmed(texts, low, at):
    """The place before the spaces and line ends that end at a place."""
    while at > low and (texts[at - 1] == SPACE or texts[at - 1] == LINE_END):
        at -= 1
    return at


@jit
def _last_byte(texts, low, high, starts, marked, stop, end, closes):
    """Where the snippet ends in the text: behind the marks that end its last sentence."""
    at = np.int64(low + starts[stop - 1] + (marked[stop - 1] & LONGEST))
    if closes and stop == end:
        while at < high and texts[at] != LINE_END:
            at += 1
    elif closes:
        at = _opened(texts, at, np.int64(low + starts[stop]))
    if closes:
        at = _trimmed(texts, low, at)
        if _itemised(texts, low, at):  # of the item that follows
            at = _trimmed(texts, low, at - len(ITEM))
    return at


@jit
def choose_tokens(marked, shown):
    """Turn the place of a match into the tokens to show, and what begins and ends there.

    ``shown`` has the section's text and the matches in tokens; it gets the first token, the one to end before, what
    begins and ends there, and the end of the section.
    """
    body, end, first, last = shown[1], shown[2], shown[3], shown[4]
    if end > body:
        start, stop, opens, closes = sentences(marked, body, end, first, last)
        shown[1], shown[2], shown[3], shown[4], shown[5] = start, stop, opens, closes, end


@jit
def fetch_text(texts, low, starts, shown):
    """Ask for the lines of the text that the tokens to be shown stand in."""
    first, last = shown[1], shown[2]
    if last > first:
        for at in range(low + starts[first], low + starts[last - 1] + BYTES_A_LINE, BYTES_A_LINE):
            prefetch(texts, np.int64(at))


@jit
def settle(texts, low, high, starts, marked, shown, places, count, spans):
    """Turn the tokens to show into bytes of the text, and the tokens that matched among them into spans of bytes.

    ``shown`` is as ``choose_tokens`` leaves it; it gets first and last byte after ``low``, whether a sentence begins
    and ends there, and the number of spans. ``places`` are the matched tokens, in order.
    """
    start, stop, opens, closes, end = shown[1], shown[2], shown[3], shown[4], shown[5]
    if stop <= start:
        return
    begin = np.int64(low + starts[start])
    if opens:
        begin = _opened(texts, low, begin)
    first = begin - low
    found = 0
    for i in range(count):
        token = places[i]
        if start <= token < stop:
            spans[found, 0] = starts[token] - first
            spans[found, 1] = starts[token] - first + (marked[token] & LONGEST)
            found += 1
    shown[1], shown[2] = first, _last_byte(texts, low, high, starts, marked, stop, end, closes) - low
    shown[3], shown[4], shown[5] = 1 if opens else 0, 1 if closes else 0, found


@jit
def _copy(texts, first, last, cut, at):
    """Copy bytes of a text to a place, a line break as a space; returns whether each of them is a character."""
    start, to = np.uint64(first), np.uint64(at)
    seen = np.uint8(0)
    for i in range(np.uint64(last - first)):
        byte = texts[start + i]
        cut[to + i] = SPACE if byte == LINE_END else byte
        seen |= byte
    return seen < FIRST_OF_SEVERAL


@jit
def _put(mark, cut, at):
    """Write the bytes of a mark to a place; returns the place after them."""
    for byte in mark:
        cut[at] = byte
        at += 1
    return at


@jit
def cut_out(documents, texts, text_ends, shown, spans):
    """Cut out what was chosen: the bytes of all snippets, with a line break between each and the next.

    Where a snippet does not begin or end with a sentence, a mark says so. Spans are then places in the characters of
    their snippet.
    """
    room = 0
    for row in range(documents.shape[0]):
        room += shown[row, 2] - shown[row, 1] + 1 + len(OMITTED_BEFORE) + len(OMITTED_AFTER)
    cut = np.empty(room, np.uint8)
    at = 0
    for row in range(documents.shape[0]):
        if row:
            cut[at] = LINE_END
            at += 1
        base = text_ends[documents[row]]
        first, last = base + shown[row, 1], base + shown[row, 2]
        if last <= first:
            continue
        if not shown[row, 3]:
            at = _put(OMITTED_BEFORE, cut, at)
        plain = _copy(texts, first, last, cut, at)
        at += last - first
        if not shown[row, 4]:
            at = _put(OMITTED_AFTER, cut, at)
        shift = 0 if shown[row, 3] else OMISSION
        for i in range(shown[row, 5]):
            for side in range(2):
                place = spans[row, i, side]
                if not plain:
                    inside = 0  # bytes that go on with a character
                    for j in range(first, first + place):
                        inside += texts[j] & 0xC0 == 0x80
                    place -= inside
                spans[row, i, side] = place + shift
    return cut[:at]


def snippet_texts(cut: npt.NDArray[np.uint8]) -> list[str]:
    """The texts of the snippets that ``cut_out`` cut out, one for each document; all are decoded at once."""
    return str(cut.data, "utf-8", "replace").split("\n")
