"""Which letters are pinyin."""

from __future__ import annotations

import re
from functools import lru_cache

_SYLLABLE = re.compile(
    r"(?:[bpmf]?(?:a|ai|ao|an|ang|o|ou|ei|en|eng)|[bpmdtnljqx]?(?:i|ia|iao|ie|iu|ian|in|ing|iang|iong)"
    r"|[dtnlgkhzcsr]?(?:a|ai|ao|an|ang|e|ei|en|eng|ou|ong|u|uo|ui|uan|un|uang|ua|uai)|(?:zh|ch|sh)"
    r"(?:i|a|ai|ao|an|ang|e|ei|en|eng|ou|ong|u|uo|ui|uan|un|uang|ua|uai)|[zcsr]i|[bpmf]u|[jqxy](?:u|ue|uan|un)"
    r"|y(?:a|ao|an|ang|e|i|in|ing|o|ong|ou)|w(?:a|ai|an|ang|ei|en|eng|o|u)|[nl](?:v|ve)|mi|mo|fo|er)"
)


@lru_cache(maxsize=4096)
def is_syllable(term: str) -> bool:
    """Whether a term could be one syllable of pinyin."""
    return len(term) <= 6 and _SYLLABLE.fullmatch(term) is not None


@lru_cache(maxsize=4096)
def is_pinyin(text: str) -> bool:
    """Whether letters are two or more syllables of pinyin as they stand."""
    reached = {0}
    for end in range(1, len(text) + 1):
        if any(start in reached and is_syllable(text[start:end]) for start in range(max(end - 6, 0), end)):
            reached.add(end)
    return len(text) in reached and not is_syllable(text)
