"""Cut out of a section what answers best: whole sentences where they fit, never across the end of a paragraph.

A compiled loop, as ``inspection``, which decides where to look. Sentences are found in the bytes of the text around the
place alone: a text is not looked through for a few lines of it.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg, call-arg"

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indexer.engines.compiling import jit, jit_inline, prefetch
from indexer.outline import BULLET

WINDOW = 44  # tokens of a snippet at most
ENOUGH = 24  # tokens after which no further sentence is taken
LEAST = 12  # tokens of a snippet, where the paragraph has as many
LEAD = 5  # tokens shown before the first match where its sentence is too long to be shown from its start
NEAR = 29  # tokens within which matches belong together
INSIDE, SENTENCE, LINE = 0, 1, 2  # what begins with a token
SPACE, LINE_END, FULL_STOP, COMMA, OPEN, CLOSE = b" \n.,[]"
STOPS = tuple(b".!?")
OPENING, CLOSING = tuple(b"\"'("), tuple(b"\"')")
OPENING_LAST, CLOSING_LAST = tuple("“‘".encode()[2::3]), tuple("”’".encode()[2::3])  # bytes after those they share
QUOTE = tuple("“".encode()[:2])
HAN_STOPS = tuple(tuple(mark.encode()) for mark in "。！？")
ITEM = tuple(BULLET.strip().encode())
FIRST_OF_SEVERAL = 0x80  # bytes from here on make up a character with others
BYTES_A_LINE, TOKENS_A_LINE = 64, 16  # in a line of memory
OMITTED_BEFORE, OMITTED_AFTER = tuple("… ".encode()), tuple(" …".encode())  # where a sentence is cut
OMISSION = len("… ")


@jit_inline
def _letter(byte):
    return np.uint8((byte | 0x20) - 97) < 26


@jit_inline
def _quotes(texts, low, at, last):
    """Whether a quotation mark of several bytes ends before a place."""
    return (
        at - 3 >= low and texts[at - 3] == QUOTE[0] and texts[at - 2] == QUOTE[1]
        and (texts[at - 1] == last[0] or texts[at - 1] == last[1])
    )  # fmt: skip


@jit_inline
def _before(texts, low, at, marks, last):
    """The place before the marks that end at a place: of one byte, and quotation marks of several."""
    while at > low:
        if texts[at - 1] in marks:
            at -= 1
        elif _quotes(texts, low, at, last):
            at -= 3
        else:
            break
    return at


@jit
def _opened(texts, low, at):
    """Where what belongs to a token begins: its quotation marks and brackets stand before it."""
    return _before(texts, low, at, OPENING, OPENING_LAST)


@jit_inline
def _itemised(texts, low, at):
    """Whether the sign before an item of a list ends before a place."""
    return (
        at - 3 >= low and texts[at - 3] == ITEM[0] and texts[at - 2] == ITEM[1] and texts[at - 1] == ITEM[2]
        and (at - 3 == low or texts[at - 4] == LINE_END)
    )  # fmt: skip


@jit
def _without_sources(texts, low, at):
    """The place before the numbers of sources that end at a place, as "[3][4]"."""
    while at - 2 > low and texts[at - 1] == CLOSE:
        first = at - 2
        while first > low and (48 <= texts[first] <= 57 or texts[first] == FULL_STOP or texts[first] == COMMA):
            first -= 1
        if texts[first] != OPEN:
            break
        at = first
    return at


@jit
def _abbreviated(texts, low, stop):
    """Whether a full stop ends "J." or "Dr." or "e.g." and no sentence."""
    if stop - 1 < low or not _letter(texts[stop - 1]):
        return False
    if stop - 2 < low or not _letter(texts[stop - 2]):
        return stop - 2 < low or texts[stop - 2] < FIRST_OF_SEVERAL
    short = stop - 3 < low or not (_letter(texts[stop - 3]) or texts[stop - 3] >= FIRST_OF_SEVERAL)
    return short and texts[stop - 2] < 97 and texts[stop - 1] >= 97


@jit
def _stopped(texts, low, at, first):
    """What begins with a byte ``first`` when the text before it ends at a place: the next sentence or nothing."""
    end = _before(texts, low, _without_sources(texts, low, at), CLOSING, CLOSING_LAST)
    if end > low and texts[end - 1] in STOPS:
        if 97 <= first <= 122 or (texts[end - 1] == FULL_STOP and _abbreviated(texts, low, end - 1)):
            return INSIDE
        return SENTENCE
    return INSIDE


@jit
def _han_stop(texts, low, at):
    """Whether a Chinese mark that ends a sentence ends before a place."""
    if at - 3 >= low:
        for mark in HAN_STOPS:
            if texts[at - 3] == mark[0] and texts[at - 2] == mark[1] and texts[at - 1] == mark[2]:
                return True
    return False


@jit_inline
def begins(texts, low, place):
    """What begins with the token at a place of a text that begins at ``low``."""
    if place - 2 >= low and texts[place - 1] == SPACE and _letter(texts[place - 2]):  # most tokens
        return INSIDE
    return _begins(texts, low, place)


@jit
def _begins(texts, low, place):
    at = _opened(texts, low, place)
    if at <= low or texts[at - 1] == LINE_END:
        return LINE
    spaced = texts[at - 1] == SPACE
    while at > low and texts[at - 1] == SPACE:
        at -= 1
    if at <= low or texts[at - 1] == LINE_END:
        return LINE
    if _itemised(texts, low, at):  # as a sentence: the items of a list are shown together
        return SENTENCE
    before = texts[at - 1]
    if _letter(before) or before == COMMA:
        return INSIDE
    if spaced:
        found = _stopped(texts, low, at, texts[place])
        if found:
            return found
    bare = at
    while _quotes(texts, low, bare, CLOSING_LAST):
        bare -= 3
    return SENTENCE if _han_stop(texts, low, _without_sources(texts, low, bare)) else INSIDE


@jit
def _start(texts, low, starts, lowest, first):
    """The token to begin with, at ``first`` or before, not before ``lowest``: that of a sentence if there is one."""
    token = first
    while token >= lowest:
        kind = begins(texts, low, low + starts[token])
        if kind:
            return token, kind
        token -= 1
    return max(lowest, first - LEAD), INSIDE


@jit
def _stop(texts, low, starts, start, last, end):
    """The token to end before, and whether a paragraph, a sentence or nothing ends there; ``last`` should be shown."""
    stop, kind = start, INSIDE
    for token in range(start + 1, min(start + WINDOW, end) + 1):
        here = LINE if token == end else begins(texts, low, low + starts[token])
        if here:
            stop, kind = token, here
            if kind == LINE or (token > last and token - start >= ENOUGH):
                break
    if kind != LINE and (stop <= last or stop - start < LEAST):
        return min(start + WINDOW, end), INSIDE
    return stop, kind


@jit
def sentences(texts, low, starts, body, end, first, last):
    """The tokens of a section to show for matches from ``first`` to ``last``: start, stop, what begins and ends there.

    ``starts`` are the places of the document's tokens in its text, which begins at ``low``; the text of the section
    has the tokens from ``body`` to ``end``.
    """
    last = max(first, min(last, first + WINDOW - 1))
    start, opens = _start(texts, low, starts, max(body, last + 1 - WINDOW), first)
    stop, closes = _stop(texts, low, starts, start, last, end)
    while closes and stop - start < LEAST and opens == SENTENCE:  # a short one has room for those before it
        earlier, kind = _start(texts, low, starts, max(body, stop - WINDOW), start - 1)
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
def _last_byte(texts, low, high, starts, lengths, stop, end, closes):
    """Where the snippet ends in the text: behind the marks that end its last sentence."""
    at = low + starts[stop - 1] + lengths[stop - 1]
    if closes and stop == end:
        while at < high and texts[at] != LINE_END:
            at += 1
    elif closes:
        at = _opened(texts, at, low + starts[stop])
    if closes:
        at = _trimmed(texts, low, at)
        if _itemised(texts, low, at):  # of the item that follows
            at = _trimmed(texts, low, at - len(ITEM))
    return at


@jit
def fetch(texts, low, starts, first):
    """Ask for the lines of the text around a token."""
    middle = np.int64(low + starts[first])
    for line in range(-3, 4):
        prefetch(texts, max(middle + BYTES_A_LINE * line, 0))


@jit
def settle(texts, low, high, starts, lengths, shown, places, count, spans):
    """Turn the place of a match into bytes of the text, and the tokens that matched around it into spans of bytes.

    ``shown`` has the section's text and the matches in tokens; it gets first and last byte after ``low``, whether a
    sentence begins and ends there, and the number of spans. ``places`` are the matched tokens, in order.
    """
    body, end, first, last = shown[1], shown[2], shown[3], shown[4]
    if end <= body:
        return
    start, stop, opens, closes = sentences(texts, low, starts, body, end, first, last)
    begin = low + starts[start]
    if opens:
        begin = _opened(texts, low, begin)
    shown[1] = begin - low
    shown[2] = _last_byte(texts, low, high, starts, lengths, stop, end, closes) - low
    shown[3], shown[4], shown[5] = 1 if opens else 0, 1 if closes else 0, 0
    for i in range(count):
        token = places[i]
        if start <= token < stop:
            spans[shown[5], 0] = starts[token] - shown[1]
            spans[shown[5], 1] = starts[token] - shown[1] + lengths[token]
            shown[5] += 1


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
    return cut.tobytes().decode("utf-8", "replace").split("\n")
