"""What is kept of each token in two bytes: where it stands in the text, its field, what begins with it.

From the highest bit down: what begins with the token (two bits), the number of its field (three), how many bytes of
text there are between the end of the last token before it that is shown and its start (four), its own length in bytes
(seven). A token for which these are too few stands among the outliers of its document, with its place in the text.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.analysis import FIELDS

Ints = npt.NDArray[np.integer[Any]]

GAP_AT, FIELD_AT, BEGINS_AT = 7, 11, 14  # the lowest bit of each; the length has those from 0 on
MOST_LENGTH = (1 << GAP_AT) - 1
FAR = (1 << FIELD_AT - GAP_AT) - 1  # instead of the gap of a token that stands among the outliers
FIELD_MASK = (1 << BEGINS_AT - FIELD_AT) - 1
NOTHING_BEGINS = (1 << BEGINS_AT) - 1  # the greatest mark of a token with which nothing begins
assert len(FIELDS) <= FIELD_MASK + 1


def token_marks(
    starts: Ints, lengths: Ints, begins: Ints, fields: Ints, ends: Ints
) -> tuple[npt.NDArray[np.uint16], Ints, Ints]:
    """The marks of the tokens of some documents, their outliers, and where those of each document end, after a 0.

    An outlier is a row of token within its document, start and length. Starts and lengths are in bytes of a document's
    text; a token that is not shown has the length 0. ``ends`` says where the tokens of each document end, after a 0.
    """
    marks = begins.astype(np.int32) << BEGINS_AT | fields.astype(np.int32) << FIELD_AT
    shown = np.flatnonzero(lengths)
    first, length = starts[shown], lengths[shown]
    gaps = np.diff(first, prepend=0)
    gaps[1:] -= length[:-1]
    leading = np.searchsorted(shown, ends[:-1])
    leading = leading[leading < len(shown)]
    gaps[leading] = first[leading]
    far = (gaps < 0) | (gaps >= FAR) | (length > MOST_LENGTH)
    marks[shown] |= np.where(far, FAR << GAP_AT, gaps << GAP_AT | length)
    owners = np.searchsorted(ends, shown[far], side="right") - 1
    outliers: Ints = np.column_stack((shown[far] - ends[owners], first[far], length[far])).astype(np.int32)
    outlier_ends = np.searchsorted(owners, np.arange(len(ends))).astype(np.int32)
    return marks.astype(np.uint16), outliers, outlier_ends


def fields_of(marks: Ints) -> npt.NDArray[np.uint8]:
    """The number of the field of each token."""
    return (marks >> FIELD_AT & FIELD_MASK).astype(np.uint8)
