"""Give judged queries typing errors and measure what each kind of error costs; nothing is tuned here, only measured.

    python -m benchmarks.typos                  the tuning half, three wrong forms of each query
    python -m benchmarks.typos --half held_out  means by kind alone: queries of that half are never shown
    python -m benchmarks.typos --show 20        and the errors that cost most, with what they were read as

Every error is made by a rule and drawn by a seed, so hundreds of wrong forms are measured that nobody has looked at
while words were collected. A wrong form is judged like the query it was made of. Forms that happen to be another word of
the index are left out: no search can know that they are errors.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.judged_collections import JUDGMENTS, indexed, own_documents
from indexer.engines import Lexicon, Searcher
from search_app.judgments import HALVES, NOTHING, JudgedQuery, load
from search_app.measures import MEASURES
from search_app.request import SearchRequest
from search_app.search import answer
from search_app.words import default_words

SEED = 23
FORMS = 3  # wrong forms of each query
MIN_LETTERS = 5  # of the word that gets the error
LONG_QUERY = 24  # characters; longer ones may get two errors
CLASSES = ("names", "category_city", "lay", "informational", "questions", "mixed")
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
# How words are written by ear: pattern, replacement.
BY_EAR = tuple((re.compile(pattern), replacement) for pattern, replacement in (
    (r"ph", "f"), (r"ei", "ie"), (r"ie", "ei"), (r"(?<=.)ae", "e"), (r"rh", "r"), (r"(?<=.)y(?=.)", "i"), (r"tion$", "shun"),
    (r"c(?=[eiy])", "s"), (r"(?<!s)c(?=[aourl])", "k"), (r"ch(?=[aeor])", "k"), (r"(?<=[a-z])er$", "or"), (r"or$", "er"),
    (r"ance$", "ence"), (r"ence$", "ance"), (r"ent$", "ant"), (r"ant$", "ent"), (r"able$", "ible"), (r"([lmnprst])\1", r"\1"),
    (r"(?<=[aeiou])([lmnprst])(?=[aeiou])", r"\1\1"), (r"(?<=[a-z])e(?=[lmnr])", "a"), (r"(?<=[a-z])i(?=[a-z]{2})", "e"),
    (r"(?<=[a-z])a(?=[lmnt][a-z])", "e"), (r"ou", "u"), (r"gh", "g"), (r"ps(?=y)", "s"), (r"sc(?=[ei])", "s"),
    (r"x(?=[a-z])", "ks"), (r"qu", "kw"), (r"ck", "k"), (r"z", "s"), (r"(?<=.)o(?=[lnrg][aoy])", "a"),
))  # fmt: skip


def neighbour(word: str, dice: random.Random) -> str:
    """A key beside the right one was hit."""
    at = dice.randrange(1, len(word))
    row = next((each for each in ROWS if word[at] in each), "")
    beside = [row[place] for place in (row.find(word[at]) - 1, row.find(word[at]) + 1) if 0 <= place < len(row)]
    return word[:at] + dice.choice(beside or [word[at]]) + word[at + 1 :]


def doubled(word: str, dice: random.Random) -> str:
    """A letter came twice."""
    at = dice.randrange(len(word))
    return word[:at] + word[at] + word[at:]


def missing(word: str, dice: random.Random) -> str:
    """A letter was left out."""
    at = dice.randrange(1, len(word))
    return word[:at] + word[at + 1 :]


def swapped(word: str, dice: random.Random) -> str:
    """Two letters changed places."""
    at = dice.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def by_ear(word: str, dice: random.Random) -> str:
    """Written as it sounds: one or two of the rules that fit."""
    for pattern, replacement in dice.sample(BY_EAR, len(BY_EAR)):
        wrong = pattern.sub(replacement, word, count=1)
        if wrong != word:
            return wrong
    return word


def beginning(word: str, dice: random.Random) -> str:
    """The first letter was left out, came twice, or changed places with the second."""
    return dice.choice((word[1:], word[0] + word, word[1] + word[0] + word[2:]))


def twice(word: str, dice: random.Random) -> str:
    """Two errors in one word."""
    for _ in range(2):
        word = dice.choice((neighbour, doubled, missing, swapped, by_ear))(word, dice)
    return word


KINDS: dict[str, Callable[[str, random.Random], str]] = {
    each.__name__: each for each in (neighbour, doubled, missing, swapped, by_ear, beginning, twice)
}


def joined(text: str, dice: random.Random) -> str:
    """A space was left out."""
    places = [found.start() for found in re.finditer(r"(?<=[A-Za-z]{3}) (?=[A-Za-z]{3})", text)]
    at = dice.choice(places) if places else len(text)
    return text[:at] + text[at + 1 :]


def apart(text: str, dice: random.Random) -> str:
    """A space came into a word."""
    places = [found.start() for found in re.finditer(r"(?<=[A-Za-z]{2})(?=[A-Za-z]{2})", text)]
    at = dice.choice(places) if places else len(text)
    return (text[:at] + " " + text[at:]).strip()


def shifted(text: str, dice: random.Random) -> str:
    """A space came a letter too early or too late."""
    places = [found.start() for found in re.finditer(r"(?<=[A-Za-z]{3}) (?=[A-Za-z]{3})", text)]
    if not places:
        return text
    at = dice.choice(places)
    early = text[: at - 1] + " " + text[at - 1] + text[at + 1 :]
    return early if dice.random() < 0.5 else text[:at] + text[at + 1] + " " + text[at + 2 :]


def small(text: str, dice: random.Random) -> str:
    """Two letters of a small word changed places."""
    optional = default_words().thesaurus.optional
    places = [found for found in re.finditer(r"[A-Za-z]{3,}", text) if optional(found.group().lower())]
    if not places:
        return text
    found = dice.choice(places)
    at = found.start() + dice.randrange(len(found.group()) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


SPACES: dict[str, Callable[[str, random.Random], str]] = {
    each.__name__: each for each in (joined, apart, shifted, small)
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """A query with errors: the words that were changed, as they were meant and as they are typed."""

    query: JudgedQuery
    kind: str
    text: str
    meant: tuple[str, ...]
    typed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """nDCG@10 of the query as it was meant and as it is typed, and what became of the errors."""

    wrong: Wrong
    clean: float
    got: float
    read: str  # "mended", "other" (corrected to another word), "left"
    used: str


def wrong_forms(queries: Sequence[JudgedQuery], lexicon: Lexicon, seed: int, forms: int) -> Iterator[Wrong]:
    """The wrong forms of some queries, each kind in turn, always the same for a seed."""
    thesaurus, kinds = default_words().thesaurus, (*KINDS, *SPACES)
    for number, query in enumerate(queries):
        spots = [
            (found.start(), found.end())
            for found in re.finditer(r"[A-Za-z]+", query.text)
            if found.end() - found.start() >= MIN_LETTERS and not thesaurus.optional(found.group().lower())
        ]
        for form in range(forms if spots else 0):
            dice = random.Random(f"{seed} {query.query_id} {form}")
            kind = kinds[(number * forms + form) % len(kinds)]
            if kind in SPACES:
                text = SPACES[kind](query.text, dice)
                known = all(map(lexicon.exact_frequency, set(text.lower().split()) - set(query.text.lower().split())))
                if text != query.text and not known:
                    words = tuple(re.findall(r"[a-z]+", query.text.lower())), tuple(re.findall(r"[a-z]+", text.lower()))
                    meant = [word for word in words[0] if word not in words[1]]
                    yield Wrong(
                        query, kind, text, tuple(meant), tuple(word for word in words[1] if word not in words[0])
                    )
                continue
            several = len(spots) > 1 and len(query.text) > LONG_QUERY and dice.random() < 0.5
            text, meant, typed = query.text, [], []
            for start, end in sorted(dice.sample(spots, 2 if several else 1), reverse=True):
                right = text[start:end].lower()
                changed = KINDS[kind](right, dice)
                if changed != right and not lexicon.exact_frequency(changed) and not thesaurus.ordinary(changed):
                    text = text[:start] + changed + text[end:]
                    meant.append(right)
                    typed.append(changed)
            if typed:
                yield Wrong(query, kind, text, tuple(meant), tuple(typed))


def outcomes(searcher: Searcher, half: str, seed: int, forms: int) -> Iterator[Outcome]:
    """What a search makes of every wrong form."""
    judgments = load(JUDGMENTS / "queries.jsonl", JUDGMENTS / "qrels.tsv", half)
    gain = MEASURES["ndcg@10"]

    def figure(query: JudgedQuery, text: str) -> tuple[float, str]:
        grades = judgments.of(query.query_id)
        found = answer(SearchRequest(q=text), searcher)
        ranked = [grades.get(hit.doc_id, 0) for hit in found.results.hits]
        return gain(ranked, list(grades.values()), judgments.relevant), found.reading.used.lower()

    queries = [each for each in judgments.queries if each.query_class in CLASSES and each.query_class != NOTHING]
    clean: dict[str, float] = {}
    for wrong in wrong_forms(queries, searcher.lexicon, seed, forms):
        query = wrong.query
        if query.query_id not in clean:
            clean[query.query_id] = figure(query, query.text)[0]
        got, used = figure(query, wrong.text)
        words = re.findall(r"[a-z]+", used)
        if all(word in words for word in wrong.meant):
            read = "mended"
        else:
            read = "left" if any(word in words for word in wrong.typed) else "other"
        yield Outcome(wrong, clean[query.query_id], got, read, used)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def report(found: Sequence[Outcome]) -> str:
    """By kind of error: forms, nDCG@10 as meant and as typed, share lost, and how the errors were read."""
    lines = [f"{'':14}{'forms':>7}{'meant':>8}{'typed':>8}{'lost':>7}{'mended':>9}{'other':>8}{'left':>7}"]
    groups = {kind: [each for each in found if each.wrong.kind == kind] for kind in (*KINDS, *SPACES)}
    classes = {name: [each for each in found if each.wrong.query.query_class == name] for name in CLASSES}
    for name, group in ({**groups, **classes, "all": list(found)}).items():
        if group:
            meant, typed = _mean([each.clean for each in group]), _mean([each.got for each in group])
            read = [_mean([float(each.read == how) for each in group]) for how in ("mended", "other", "left")]
            shares = "".join(f"{share:>8.1%}" for share in read)
            lines.append(f"{name:14}{len(group):>7}{meant:>8.3f}{typed:>8.3f}{1 - typed / meant:>7.1%} {shares}")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=HALVES, default="tuning")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--forms", type=int, default=FORMS)
    parser.add_argument("--show", type=int, default=0, help="so many of the errors that cost most, of the tuning half")
    chosen = parser.parse_args()
    if chosen.show and chosen.half != "tuning":
        parser.error("queries of the half set aside are never shown")
    with indexed(own_documents()) as searcher:
        found = list(outcomes(searcher, chosen.half, chosen.seed, chosen.forms))
    print(f"seed {chosen.seed}, {chosen.half} half\n{report(found)}")
    for each in sorted(found, key=lambda each: each.got - each.clean)[: chosen.show]:
        print(f"{each.clean:.2f} -> {each.got:.2f}  {each.wrong.kind:10} {each.wrong.text!r} read as {each.used!r}")


if __name__ == "__main__":
    main()
