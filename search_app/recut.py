"""Words whose space is missing, too many or in the wrong place: what they are when it is put where it belongs."""

from __future__ import annotations

from indexer.engines import Lexicon
from search_app.words import POSSESSIVE, Words

MIN_PART = 3  # letters of a word on either side of a space
MIN_LONGER = 4  # of the longer one
MOST_PARTS = 4  # words that are typed without any space
MOST_LETTERS = 28  # of a text that is cut; bounds what is looked up


def moved_space(first: str, second: str, lexicon: Lexicon) -> tuple[str, str] | None:
    """Two known words with the letters of two others, the space elsewhere ("breas tcancer"); the commonest, or None."""
    letters = first + second
    if not (len(letters) <= MOST_LETTERS and letters.isascii() and letters.isalpha()):
        return None
    best: tuple[int, str, str] | None = None
    for place in range(MIN_PART, len(letters) - MIN_PART + 1):
        left, right = letters[:place], letters[place:]
        if place == len(first) or max(len(left), len(right)) < MIN_LONGER:
            continue
        common = min(_documents(left, lexicon), _documents(right, lexicon))
        if common and (best is None or common > best[0]):
            best = (common, left, right)
    return best and best[1:]


def needless_space(first: str, second: str, lexicon: Lexicon, words: Words) -> bool:
    """Whether two words are one of the vocabulary, of which a part is too small to be searched for ("by pass")."""
    if len(first) + len(second) < 2 * MIN_PART or not any(map(words.thesaurus.optional, (first, second))):
        return False
    whole = first + second
    said = words.thesaurus.entry((whole,)) or words.facets.read((whole,))
    return bool(said and lexicon.exact_frequency(whole))


def lost_space(word: str, lexicon: Lexicon, words: Words) -> tuple[str, str] | None:
    """Two words that were typed without the space ("wobblyteeth"), as pages or the vocabulary have them; or None.

    The commonest pair: what only the vocabulary has counts as one document.
    """
    if not (2 * MIN_PART < len(word) <= MOST_LETTERS and word.isascii() and word.isalpha()):
        return None
    best: tuple[int, str, str] | None = None
    for place in range(MIN_PART, len(word) - MIN_PART + 1):
        left, right = word[:place], word[place:]
        common = min(_listed(left, lexicon, words), _listed(right, lexicon, words))
        if common and (best is None or common > best[0]):
            best = (common, left, right)
    return best and best[1:]


def lost_spaces(word: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Three known words or more that were typed without a space ("stemcelltherapy"), in as few as possible; or none."""
    if not (MOST_LETTERS >= len(word) > 3 * MIN_PART and word.isascii() and word.isalpha()):
        return ()
    # by how many letters were read: the words so far, and the fewest documents that have one of them
    read: list[tuple[int, int, tuple[str, ...]] | None] = [(0, 0, ()), *(None for _ in word)]
    for end in range(MIN_PART, len(word) + 1):
        for start in range(end - MIN_PART + 1):
            before = read[start]
            if before is None or len(before[2]) == MOST_PARTS:
                continue
            if found := _documents(word[start:end], lexicon):
                rarest = -found if not before[2] else max(before[1], -found)
                reached = (before[0] + 1, rarest, (*before[2], word[start:end]))
                read[end] = min(read[end] or reached, reached)
    return read[-1][2] if read[-1] else ()


def _listed(word: str, lexicon: Lexicon, words: Words) -> int:
    """How many documents have a word, 1 where only the vocabulary has it."""
    return lexicon.exact_frequency(word) or int(is_listed(word, words))


def is_listed(word: str, words: Words) -> bool:
    """Whether a word is one of the vocabulary, whether or not any page has it."""
    listed = word in words.thesaurus.vocabulary or word in POSSESSIVE or words.thesaurus.optional(word)
    return listed or words.thesaurus.ordinary(word) or bool(words.facets.read((word,)))


def _documents(word: str, lexicon: Lexicon) -> int:
    """How many documents have a word, 1 where they have it only in parts ("cart": CAR-T)."""
    return lexicon.exact_frequency(word) or bool(lexicon.joined(word))
