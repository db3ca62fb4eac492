"""Documents to be timed on: any number of them made from real sentences, or those of a public collection.

Made documents are drawn from the sentences of our corpus and of the collections that are at hand, with a seed. One
sentence in three gets a made-up word of Zipf frequency, so that the vocabulary goes on growing as that of a real
collection does. Text is stemmed, in small letters, with one space between words: every engine can then cut it at
spaces, and all of them have to find the same documents.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import orjson

from benchmarks.judged_collections import COLLECTIONS, own_documents
from indexer.analysis import stem, terms
from indexer.model import Document, Section

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "medsearch-benchmark"
SEED = 20_251_125
SPECIALTIES = 40
MEDIAN_SENTENCES = 9  # about 190 words a document
MADE_UP_SHARE = 1 / 3  # of sentences
ZIPF_EXPONENT = 1.25  # of made-up words; some 80,000 of them in 100,000 documents
BREAK = "qbreakq"  # between title and text, so that no phrase reaches across
TOPICS = ("Costs", "Visas", "Travel", "Insurance", "Surgery", "Recovery", "Diagnosis", "Medicines", "Language", "Hotels")  # fmt: skip
CITIES = 60

_WORD = re.compile(r"[a-z]+|[0-9]+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_LEFT_OUT = frozenset(("no", "nr", BREAK))  # our analyzer reads "no 12" as 12
_SYLLABLES = tuple(c + v for c in "bdfgklmnprstvz" for v in "aou")


@dataclass(frozen=True, slots=True)
class Sample:
    """One document in the form that every engine is given; one value in each facet."""

    doc_id: str
    title: str
    body: str
    city: str
    specialty: str
    topic: str

    @property
    def text(self) -> str:
        """Title and body, kept apart; the one searched field of engines that are given one."""
        return f"{self.title} {BREAK} {self.body}"


@lru_cache(maxsize=1 << 17)
def settled(word: str) -> str:
    """The stem of a word, stemmed until it stays the same, so that stemming again changes nothing."""
    while (shorter := stem(word)) != word:
        word = shorter
    return word


def plain(text: str) -> str:
    """A text as stems with single spaces; what is neither a Latin word nor a whole number is left out."""
    found = (settled(term) for term in terms(text) if _WORD.fullmatch(term))
    return " ".join(word for word in found if word not in _LEFT_OUT)


def made_up(rank: int) -> str:
    """The made-up word of a rank from 1; its ending keeps stemmers from changing it."""
    letters = []
    while rank:
        rank, place = divmod(rank, len(_SYLLABLES))
        letters.append(_SYLLABLES[place])
    return "x" + "".join(letters) + "x"


@dataclass(frozen=True, slots=True)
class Source:
    """Real titles and sentences to draw from, and how to tell one source from another."""

    titles: tuple[str, ...]
    sentences: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Short digest of the text and of the way documents are made of it."""
        parts = (str((SEED, MEDIAN_SENTENCES, MADE_UP_SHARE, ZIPF_EXPONENT, CITIES, SPECIALTIES, TOPICS)),)
        material = "\n".join((*parts, *self.titles, *self.sentences))
        return hashlib.sha256(material.encode()).hexdigest()[:10]


def source() -> Source:
    """Sentences of our corpus and of every collection beside the project; six words or more, none twice."""
    titles: dict[str, None] = {}
    sentences: dict[str, None] = {}
    texts: list[tuple[str, str]] = [(d.title, "\n".join(s.text for s in d.sections)) for d in own_documents()]
    for folder in sorted(path.parent for path in COLLECTIONS.glob("*/documents.jsonl.gz")):
        texts += [(each["title"], each["text"]) for each in _lines(folder)]
    for title, text in texts:
        titles[plain(title)] = None
        for line in text.splitlines():
            for sentence in _SENTENCE.split(line):
                if len(words := plain(sentence)) > 30 and words.count(" ") >= 5:
                    sentences[words] = None
    titles.pop("", None)
    return Source(tuple(titles), tuple(sentences))


def _lines(folder: Path) -> Iterator[dict[str, str]]:
    with gzip.open(folder / "documents.jsonl.gz", "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def make(number: int, drawn: Source, first: int = 0, median_sentences: int = MEDIAN_SENTENCES) -> Iterator[Sample]:
    """Documents ``first`` to ``number``; the same whatever range they are asked for in steps of 1,000."""
    for block in range(first // 1000, -(-number // 1000)):
        yield from _block(block, min(1000, number - block * 1000), drawn, median_sentences)


def _block(block: int, count: int, drawn: Source, median_sentences: int) -> Iterator[Sample]:
    rng = np.random.default_rng((SEED, block))
    sizes = np.clip(rng.lognormal(np.log(median_sentences), 0.5, 1000).astype(int), 2, 60)
    cities = _zipf_values(rng, CITIES)
    specialties = _zipf_values(rng, SPECIALTIES)
    topics = rng.integers(0, len(TOPICS), 1000)
    for row in range(1000):
        chosen = rng.integers(0, len(drawn.sentences), sizes[row])
        extra = rng.random(sizes[row]) < MADE_UP_SHARE
        ranks = rng.zipf(ZIPF_EXPONENT, sizes[row] + 1)
        title = drawn.titles[int(rng.integers(0, len(drawn.titles)))]
        if row >= count:
            return
        parts = [
            drawn.sentences[each] + (" " + made_up(int(rank) % 10**9) if more else "")
            for each, more, rank in zip(chosen.tolist(), extra.tolist(), ranks.tolist(), strict=False)
        ]
        yield Sample(
            f"articles/{block * 1000 + row:07d}",
            f"{title} {made_up(int(ranks[-1]) % 10**9)}",
            " ".join(parts),
            f"City{int(cities[row]):02d}",
            f"Specialty{int(specialties[row]):02d}",
            TOPICS[int(topics[row])],
        )


def _zipf_values(rng: np.random.Generator, values: int) -> np.ndarray:
    weights = 1 / np.arange(1, values + 1)
    return rng.choice(values, 1000, p=weights / weights.sum())


def collection(folder: Path) -> Iterator[Sample]:
    """Documents of a public collection (``documents.jsonl.gz``: id, title, text), with facet values by their digest.

    Such collections have no facets, so each document gets one value per facet, always the same, of Zipf frequency.
    """
    for each in _lines(folder):
        seed = int.from_bytes(hashlib.sha256(each["id"].encode()).digest()[:8])
        rng = np.random.default_rng((SEED, seed))
        yield Sample(
            "articles/" + each["id"],
            plain(each["title"]) or "untitl",
            plain(each["text"]),
            f"City{int(_zipf_values(rng, CITIES)[0]):02d}",
            f"Specialty{int(_zipf_values(rng, SPECIALTIES)[0]):02d}",
            TOPICS[int(rng.integers(0, len(TOPICS)))],
        )


def save(samples: Iterator[Sample], path: Path) -> None:
    """Write documents as JSON lines, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    with half.open("wb") as stream:
        for sample in samples:
            stream.write(orjson.dumps(asdict(sample)) + b"\n")
    half.replace(path)


def made(number: int) -> Path:
    """Folder of the user's cache with so many made documents as ``samples.jsonl``."""
    folder = CACHE / f"made-{number}"
    if not (folder / "samples.jsonl").is_file():
        save(make(number, source()), folder / "samples.jsonl")
    return folder


def load(path: Path) -> Iterator[Sample]:
    """Documents that ``save`` wrote."""
    with path.open("rb") as stream:
        for line in stream:
            yield Sample(**orjson.loads(line))


def document(sample: Sample) -> Document:
    """A sample as our engine takes it."""
    return Document(
        sample.doc_id,
        "article",
        sample.title,
        (Section("", "", sample.body),),
        city=(sample.city,),
        specialty=(sample.specialty,),
        topic=(sample.topic,),
    )
