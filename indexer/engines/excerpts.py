"""Cut out of a section what answers best: whole sentences where they fit, never across the end of a paragraph.

A compiled loop, as ``inspection``, which decides where to look. What begins with each token is found when a document is
written (``indexer/sentences.py``): of the text only those bytes are read that are shown.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg, call-arg, assignment"

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indexer.engines.compiling import jit, jit_inline, prefetch
from indexer.marks import BEGINS_AT, FAR, GAP_AT, MOST_LENGTH, NOTHING_BEGINS
from indexer.outline import BULLET
from indexer.sentences import INSIDE, LEANING, LINE

WINDOW = 60  # tokens of a snippet at most
USUAL = 44  # where it need not begin earlier to be understood
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
BYTES_A_LINE, TOKENS_A_LINE, MARKS_A_LINE = 64, 16, 32  # in a line of memory
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
def _start(marks, lowest, first):
    """The token to begin with, at ``first`` or before, not before ``lowest``: that of a sentence if there is one."""
    for token in range(first, lowest - 1, -1):
        if marks[token] > NOTHING_BEGINS:
            return token, np.int64(marks[token]) >> BEGINS_AT
    return max(lowest, first - LEAD), INSIDE


@jit_inline
def _stop(marks, start, last, end, most):
    """The token to end before, and whether a paragraph, a sentence or nothing ends there; ``last`` should be shown."""
    stop, kind = start, np.int64(INSIDE)
    for token in range(start + 1, min(start + most, end) + 1):
        if token == end or marks[token] > NOTHING_BEGINS:
            stop, kind = token, np.int64(LINE if token == end else marks[token] >> BEGINS_AT)
            if kind == LINE or (token > last and token - start >= ENOUGH):
                break
    if kind != LINE and (stop <= last or stop - start < LEAST):
        return min(start + most, end), INSIDE
    return stop, kind


@jit
def sentences(marks, body, end, first, last):
    """The tokens of a section to show for matches from ``first`` to ``last``: start, stop, what begins and ends there.

    ``marks`` are those of the document's tokens, which say what begins with each (``indexer/marks.py``); the text of
    the section has the tokens from ``body`` to ``end``.
    """
    last = max(first, min(last, first + USUAL - 1))
    start, opens = _start(marks, max(body, last + 1 - USUAL), first)
    stop, closes = _stop(marks, start, last, end, USUAL)
    while closes and stop - start < LEAST and opens != LINE:  # a short one has room for those before it
        earlier, kind = _start(marks, max(body, stop - USUAL), start - 1)
        if not kind:
            break
        start, opens = earlier, kind
    if opens == LEANING:  # from where it is understood, if no sentence need be cut for that
        earlier, kind = start, opens
        while kind == LEANING:
            earlier, kind = _start(marks, max(body, last + 1 - WINDOW), earlier - 1)
        if kind:
            ending, ends = _stop(marks, earlier, last, end, WINDOW)
            if ends:
                start, opens, stop, closes = earlier, kind, ending, ends
    return start, stop, opens, closes


@jit_inline
def _trimmed(texts, low, at):
    """The place before the spaces and line ends that end at a place."""
    while at > low and (texts[at - 1] == SPACE or texts[at - 1] == LINE_END):
        at -= 1
    return at


@jit
def _last_byte(texts, low, high, starts, lengths, count, whole, closes):
    """Where a snippet of ``count`` tokens ends in the text: behind the marks that end its last sentence.

    ``whole`` says that it has the last token of the section.
    """
    at = np.int64(low + starts[count - 1] + lengths[count - 1])
    if closes and whole:
        while at < high and texts[at] != LINE_END:
            at += 1
    elif closes:
        at = _opened(texts, at, np.int64(low + starts[count]))
    if closes:
        at = _trimmed(texts, low, at)
        if _itemised(texts, low, at):  # of the item that follows
            at = _trimmed(texts, low, at - len(ITEM))
    return at


@jit
def choose_tokens(marks, shown):
    """Turn the place of a match into the tokens to show, and what begins and ends there.

    ``shown`` has the section's text and the matches in tokens; it gets the first token, the one to end before, what
    begins and ends there, and the end of the section.
    """
    body, end, first, last = shown[1], shown[2], shown[3], shown[4]
    if end > body:
        start, stop, opens, closes = sentences(marks, body, end, first, last)
        shown[1], shown[2], shown[3], shown[4], shown[5] = start, stop, opens, closes, end


@jit
def locate(marks, outliers, low, high, shown, starts, lengths):
    """Find where the tokens to be shown stand in the text, and how long they are, in bytes.

    The next token of the section, if there is one, is found too. What stands before them is added up, from the last
    outlier on: those of the document are the rows from ``low`` to ``high``.
    """
    first, last = shown[1], min(shown[2] + 1, shown[5])
    if shown[2] <= first:
        return
    counted, at = 0, 0
    while low < high and outliers[low, 0] < first:
        counted, at = outliers[low, 0] + 1, np.int64(outliers[low, 1]) + outliers[low, 2]
        low += 1
    for token in range(np.uint64(counted), np.uint64(first)):  # without a sign there is no check for negative places
        mark = np.int64(marks[token])
        at += (mark & MOST_LENGTH) + (mark >> GAP_AT & FAR)
    for token in range(first, last):
        mark = np.int64(marks[token])
        start, length = at + (mark >> GAP_AT & FAR), mark & MOST_LENGTH
        if low < high and outliers[low, 0] == token:
            start, length = np.int64(outliers[low, 1]), np.int64(outliers[low, 2])
            low += 1
        starts[token - first], lengths[token - first] = start, length
        at = start + length


@jit
def fetch_text(texts, low, starts, shown):
    """Ask for the lines of the text that the tokens to be shown stand in."""
    count = shown[2] - shown[1]
    if count > 0:
        for at in range(low + starts[0], low + starts[count - 1] + BYTES_A_LINE, BYTES_A_LINE):
            prefetch(texts, np.int64(at))


@jit
def settle(texts, low, high, starts, lengths, shown, places, count, spans):
    """Turn the tokens to show into bytes of the text, and the tokens that matched among them into spans of bytes.

    ``shown`` is as ``choose_tokens`` leaves it; it gets first and last byte after ``low``, whether a sentence begins
    and ends there, and the number of spans. ``starts`` and ``lengths`` are what ``locate`` found, ``places`` the
    matched tokens, in order.
    """
    start, stop, opens, closes, end = shown[1], shown[2], shown[3], shown[4], shown[5]
    if stop <= start:
        return
    begin = np.int64(low + starts[0])
    if opens:
        begin = _opened(texts, low, begin)
    first = begin - low
    found = 0
    for i in range(count):
        token = places[i]
        if start <= token < stop:
            spans[found, 0] = starts[token - start] - first
            spans[found, 1] = starts[token - start] - first + lengths[token - start]
            found += 1
    shown[1], shown[2] = first, _last_byte(texts, low, high, starts, lengths, stop - start, stop == end, closes) - low
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
