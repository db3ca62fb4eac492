"""Suggestions while a person types: hospitals, articles, cities, specialties, topics, questions and whole queries."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from indexer.analysis import is_han, pinyin_syllables, terms, tokenize
from indexer.engines import Searcher
from indexer.model import Document, Question
from search_app.by_ear import heard_names, is_heard
from search_app.corrections import corrected
from search_app.facetwords import FacetWords
from search_app.grammar import clean
from search_app.pinyin import is_syllable
from search_app.questions import MAX_KEPT, Questions, beginning, collect
from search_app.widen import Piece
from search_app.words import Words, default_words

MAX_CHARS = 80  # of typed text; longer texts are no beginnings
MAX_TERMS = 8
MAX_NAMES = 200_000  # names kept in a catalogue; beyond it suggestions come from the first documents
MAX_SCANNED = 4_000  # names looked at for one keystroke
MIN_FUZZY = 4  # letters from which one slip is forgiven
MAX_MENDED = 4  # terms of a text that is corrected as a search is: nobody types longer ones for a name
MORE = 4  # times as many words are looked at as are shown, since some are left out
GROUPS = ("hospitals", "articles", "cities", "specialties", "topics", "questions", "queries")
_FACET_GROUPS = {"city": "cities", "specialty": "specialties", "topic": "topics"}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing to choose: what it says, which group, and where it leads (a document, a facet value or a query)."""

    text: str
    group: str
    doc_id: str = ""
    facet: str = ""
    value: str = ""
    count: int = 0
    text_zh: str = ""  # the Chinese name of a document, if it has one
    anchor: str = ""  # of the section of the document that answers a question


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Suggestions for one typed text, grouped."""

    text: str
    hospitals: tuple[Suggestion, ...] = ()
    articles: tuple[Suggestion, ...] = ()
    cities: tuple[Suggestion, ...] = ()
    specialties: tuple[Suggestion, ...] = ()
    topics: tuple[Suggestion, ...] = ()
    questions: tuple[Suggestion, ...] = ()
    queries: tuple[Suggestion, ...] = ()
    generation: str = ""  # whose names these are

    def all(self) -> tuple[Suggestion, ...]:
        """Every suggestion, group after group."""
        return tuple(each for group in GROUPS for each in getattr(self, group))


@dataclass(frozen=True, slots=True)
class _Target:
    """What a name leads to: a document or a facet value."""

    text: str
    group: str
    doc_id: str
    facet: str
    value: str
    count: int
    text_zh: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The names of one generation, sorted for completion; made once and shared by all threads.

    ``words`` are sorted, ``postings[i]`` are numbers of the names that have ``words[i]``. ``names[n]`` is a name's key
    and ``owners[n]`` its target. ``han`` maps a character to names with it.
    """

    generation: str
    targets: tuple[_Target, ...]
    names: tuple[str, ...]
    owners: tuple[int, ...]
    words: tuple[str, ...]
    postings: tuple[tuple[int, ...], ...]
    han: Mapping[str, tuple[int, ...]]
    questions: Questions


def make_catalogue(searcher: Searcher, words: Words | None = None) -> Catalogue:
    """The names of everything a searcher holds; keep it for as long as the generation lasts."""
    vocabulary = words or default_words()
    collected = _Collected()
    stated: list[tuple[str, Question]] = []
    stats = searcher.stats()
    counted = {(facet.name, bucket.value): bucket.count.value for facet in stats.counts for bucket in facet.buckets}
    counts: dict[tuple[str, str], int] = {pair: count for pair, count in counted.items() if pair[0] in _FACET_GROUPS}
    for document in searcher.documents():
        if len(collected.names) >= MAX_NAMES and stats.counts:
            break  # of a large index no more than the first names; a cluster must not be read from end to end
        for facet in () if stats.counts else _FACET_GROUPS:
            for value in document.values(facet):
                counts[(facet, value)] = counts.get((facet, value), 0) + 1
        if len(collected.names) < MAX_NAMES:
            collected.document(document)
        if len(stated) < MAX_KEPT:
            stated += [(document.doc_id, question) for question in document.questions]
    for (facet, value), count in sorted(counts.items()):
        collected.value(facet, value, count, vocabulary.facets)
    return collected.catalogue(stats.generation, collect(stated, vocabulary.thesaurus))


class _Collected:
    """Names while a catalogue is made."""

    def __init__(self) -> None:
        self.targets: list[_Target] = []
        self.names: list[str] = []
        self.owners: list[int] = []
        self.words: dict[str, dict[int, None]] = {}
        self.han: dict[str, dict[int, None]] = {}

    def document(self, document: Document) -> None:
        group = "hospitals" if document.kind == "hospital" else "articles"
        self.targets.append(_Target(document.title, group, document.doc_id, "", "", 0, document.title_zh))
        for name in dict.fromkeys((document.title, document.title_zh, *document.aliases)):
            self.name(name)

    def value(self, facet: str, value: str, count: int, facets: FacetWords) -> None:
        label = facets.label(facet, value)
        self.targets.append(_Target(label, _FACET_GROUPS[facet], "", facet, value, count))
        self.name(label)
        for spelling in facets.spellings.get((facet, value), ()):
            self.name(" ".join(spelling))

    def name(self, text: str) -> None:
        found, syllables = _analysed(text)
        if not found:
            return
        number = len(self.names)
        self.names.append(" ".join(found))
        self.owners.append(len(self.targets) - 1)
        for term in found:
            table = self.han if is_han(term) else self.words
            table.setdefault(term, {})[number] = None
        for start in range(max(0, len(syllables) - 1)):  # "xieheyiyuan" inside "beijingxieheyiyuan"
            self.words.setdefault("".join(syllables[start:]), {})[number] = None

    def catalogue(self, generation: str, questions: Questions) -> Catalogue:
        words = tuple(sorted(self.words))
        return Catalogue(
            generation=generation,
            targets=tuple(self.targets),
            names=tuple(self.names),
            owners=tuple(self.owners),
            words=words,
            postings=tuple(tuple(self.words[word]) for word in words),
            han={char: tuple(numbers) for char, numbers in self.han.items()},
            questions=questions,
        )


@lru_cache(maxsize=8192)  # most names of a generation were in the one before
def _analysed(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The terms of a name, and its pinyin if it is Chinese."""
    return tuple(terms(name)), tuple(pinyin_syllables(name)) if is_han(name) else ()


def suggest(
    text: str, catalogue: Catalogue, searcher: Searcher, limit: int = 5, words: Words | None = None
) -> Suggestions:
    """What a typed beginning may become; at most ``limit`` of each group, best first. Empty for an empty text."""
    vocabulary = words or default_words()
    typed = clean(text[: MAX_CHARS * 4])[0][:MAX_CHARS]
    wanted = terms(typed)[:MAX_TERMS]
    if not wanted or limit < 1:
        return Suggestions(typed, generation=catalogue.generation)
    asked = beginning(wanted, catalogue.questions, vocabulary.thesaurus, limit)
    numbers = _matching(wanted, catalogue)
    if not numbers and not is_han(typed):
        repaired = _repaired(wanted, catalogue)
        numbers = _matching(repaired, catalogue)
        if not numbers and _may_be_wrong(wanted, searcher, limit):
            repaired = _as_searched(typed, searcher, vocabulary)
            numbers = _matching(repaired, catalogue)
        wanted = repaired if numbers else wanted
    groups: dict[str, list[Suggestion]] = {group: [] for group in GROUPS}
    for number in _ranked(numbers, wanted, catalogue):
        target = catalogue.targets[number]
        if len(groups[target.group]) < limit:
            groups[target.group].append(
                Suggestion(
                    target.text, target.group, target.doc_id, target.facet, target.value, target.count, target.text_zh
                )
            )
    groups["questions"] = [Suggestion(each.text, "questions", doc_id, anchor=each.anchor) for doc_id, each in asked]
    groups["queries"] = _queries(typed, wanted, searcher, vocabulary, limit)
    return Suggestions(
        typed, **{group: tuple(found) for group, found in groups.items()}, generation=catalogue.generation
    )


def _matching(wanted: Sequence[str], catalogue: Catalogue) -> set[int]:
    """Numbers of names that have every term, the last one as a beginning; or the whole as pinyin."""
    latin = [term for term in wanted if not is_han(term)]
    run = " ".join(term for term in wanted if is_han(term))
    found: set[int] | None = None
    for place, term in enumerate(latin):
        numbers = _starting(term, catalogue) if place == len(latin) - 1 else _having(term, catalogue)
        found = numbers if found is None else found & numbers
    if run:
        chars = [set(catalogue.han.get(char, ())) for char in run.split()]
        held = set.intersection(*chars)
        held = {number for number in islice(held, MAX_SCANNED) if run in catalogue.names[number]}
        found = held if found is None else found & held
    if len(latin) > 1 and not run:
        found = (found or set()) | _starting("".join(latin), catalogue, pinyin=True)
    return found or set()


def _starting(prefix: str, catalogue: Catalogue, pinyin: bool = False) -> set[int]:
    found: set[int] = set()
    place = bisect_left(catalogue.words, prefix)
    while place < len(catalogue.words) and catalogue.words[place].startswith(prefix) and len(found) < MAX_SCANNED:
        numbers = catalogue.postings[place]
        found.update([number for number in numbers if is_han(catalogue.names[number])] if pinyin else numbers)
        place += 1
    return found


def _begins(prefix: str, catalogue: Catalogue) -> bool:
    """Whether any name has a word that starts so; "s" starts in hundreds of names, which need not be collected."""
    place = bisect_left(catalogue.words, prefix)
    return place < len(catalogue.words) and catalogue.words[place].startswith(prefix)


def _having(word: str, catalogue: Catalogue) -> set[int]:
    place = bisect_left(catalogue.words, word)
    if place < len(catalogue.words) and catalogue.words[place] == word:
        return set(catalogue.postings[place])
    return _starting(word, catalogue) if len(word) > 2 else set()


def _repaired(wanted: Sequence[str], catalogue: Catalogue) -> tuple[str, ...]:
    """The terms, each that starts no name as it was heard, or with one slip mended; empty when that cannot be done."""
    mended: list[str] = []
    for term in wanted:
        if is_han(term) or _begins(term, catalogue):
            mended.append(term)
            continue
        if len(term) < MIN_FUZZY or not term.isalpha():
            return ()
        heard = next((name for name, _ in heard_names(term) if _begins(name, catalogue)), "")
        if heard:
            mended.append(heard)
            continue
        choices = {word: word[: len(term)] for word in _same_initial(term, catalogue)}
        near = extract(term, choices, scorer=OSA.distance, score_cutoff=1, limit=8)
        if not near:
            longer = {word: word[: len(term) + 1] for word in choices}
            near = extract(term, longer, scorer=OSA.distance, score_cutoff=1, limit=8)
        if not near:
            return ()
        best = max(near, key=lambda each: (-each[1], _size(each[2], catalogue), each[2]))
        mended.append(best[2])
    return tuple(mended)


def _may_be_wrong(wanted: Sequence[str], searcher: Searcher, limit: int) -> bool:
    """Whether some term is none of the index, or all of them may be one Chinese name in syllables."""
    if len(wanted) > MAX_MENDED:
        return False
    known = all(map(searcher.lexicon.exact_frequency, wanted[:-1]))
    known = known and bool(searcher.lexicon.starting(wanted[-1], limit * MORE))
    return not known or (len(wanted) > 1 and all(map(is_heard, wanted)))


def _as_searched(typed: str, searcher: Searcher, words: Words) -> tuple[str, ...]:
    """The terms that a search for the text would use: names by ear, words by their sound; empty when it uses these."""
    pieces = [Piece(token, typed[start:end], start, end) for token, start, end in tokenize(typed)][:MAX_TERMS]
    mended, changes = corrected(pieces, searcher.lexicon, words, typed)
    return tuple(piece.term for piece in mended) if changes else ()


def _same_initial(term: str, catalogue: Catalogue) -> Sequence[str]:
    start = bisect_left(catalogue.words, term[0])
    end = bisect_left(catalogue.words, chr(ord(term[0]) + 1))
    return catalogue.words[start : min(end, start + MAX_SCANNED)]


def _size(word: str, catalogue: Catalogue) -> int:
    return len(catalogue.postings[bisect_left(catalogue.words, word)])


def _ranked(numbers: Iterable[int], wanted: Sequence[str], catalogue: Catalogue) -> list[int]:
    """Targets of some names: whole names, then names that start so, then by how much of the name is typed."""
    key = " ".join(wanted)
    best: dict[int, tuple[int, int, str]] = {}
    for number in islice(numbers, MAX_SCANNED):
        name = catalogue.names[number]
        owner = catalogue.owners[number]
        place = 0 if name == key else 1 if name.startswith(key) else 2 if f" {key}" in f" {name}" else 3
        rank = (place, len(name), catalogue.targets[owner].text)
        if owner not in best or rank < best[owner]:
            best[owner] = rank
    return sorted(best, key=lambda owner: (best[owner], owner))


def _queries(typed: str, wanted: Sequence[str], searcher: Searcher, words: Words, limit: int) -> list[Suggestion]:
    """The typed text with its last word completed to words of the index."""
    last = wanted[-1]
    if is_han(last) or len(last) < 2:
        return []
    place = typed.casefold().rfind(last)
    before = typed[:place] if place >= 0 else "".join(f"{term} " for term in wanted[:-1])
    found: list[Suggestion] = []
    for word, count in searcher.lexicon.starting(last, limit * MORE):
        small = words.thesaurus.optional(word) and not before
        if len(found) == limit:
            break
        if word != last and len(word) > 3 and not small and not _is_pinyin_run(word):
            found.append(Suggestion(f"{before}{word}", "queries", count=0 if before else count))
    return found


@lru_cache(maxsize=20_000)
def _is_pinyin_run(word: str) -> bool:
    """Whether a word of the index is only three or more syllables of a Chinese name."""
    ends = {0: 0}  # place -> fewest syllables that reach it
    for place in range(len(word)):
        if place in ends:
            for size in range(1, 7):
                if place + size <= len(word) and is_syllable(word[place : place + size]):
                    ends[place + size] = min(ends.get(place + size, 99), ends[place] + 1)
    return ends.get(len(word), 0) >= 3
