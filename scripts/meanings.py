"""Make the table of meanings from a sentence encoder; indexer/vocabulary/meanings.md says from what.

    pip install -e '.[meanings]'
    python -m scripts.meanings --model model.onnx --tokenizer tokenizer.json --wordnet dict/

The encoder reads each word by itself, then a great many short texts: definitions and examples of WordNet, titles,
headings and first words of our own pages, phrases of the thesaurus. The vectors of the words are then moved so that
their sum over a text lies as close as it can to what the encoder makes of the whole text (least squares, held near
where they were), cut to the ``DIMENSIONS`` in which they differ most, and rounded to whole numbers. Queries that are
judged play no part. A quarter of an hour on two cores.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from scipy import sparse
from tokenizers import Tokenizer

from benchmarks.judged_collections import own_documents
from indexer.analysis import stem, terms
from indexer.meanings import TABLE
from indexer.model import Document
from search_app.thesaurus import default_thesaurus

Array = npt.NDArray[Any]
SEED = 5
DIMENSIONS = 128
HELD = 2.0  # how much moving a vector costs, against the misses of the texts with its word
SHRINK = 0.7  # a text of n words is their sum divided by this power of n
STEPS = 25  # of conjugate gradients; more change nothing
GLOSSES = 45_000
MOST_WORDS = 16  # of a text
BODY, STATE, OF_THE_BODY = 8, 26, 29  # WordNet's files of parts of the body, states and verbs of the body: all is read
SELDOM = frozenset((5, 6, 13, 15, 17, 20, 23, 24, 25, 27))  # animals, things, food, places, plants, numbers, shapes …
SHARES = (0.45, 0.15)  # of the definitions of the other files, and of those
_WORD = re.compile(r"[a-z]{2,}")


class Encoder:
    """A sentence encoder in the form of ONNX: the mean over its last layer, of length 1."""

    def __init__(self, model: Path, tokenizer: Path) -> None:
        self._session = onnxruntime.InferenceSession(str(model))
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.enable_truncation(64)
        self.tokenizer.enable_padding()

    def read(self, texts: list[str], at_once: int = 128) -> Array:
        """A row for each text."""
        rows = np.empty((len(texts), 384), np.float32)
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        for first in range(0, len(order), at_once):
            places = order[first : first + at_once]
            encoded = self.tokenizer.encode_batch([texts[at] for at in places])
            ids = np.array([each.ids for each in encoded])
            mask = np.array([each.attention_mask for each in encoded])
            given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            last = self._session.run(None, given)[0]
            rows[places] = (last * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        unit: Array = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def synsets(folder: Path) -> Iterator[tuple[int, list[str], str, list[str]]]:
    """The entries of WordNet: number of the file, words, definition up to its first semicolon, examples."""
    for kind in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"data.{kind}").read_text("latin-1").splitlines():
            if not line.startswith("  "):
                head, _, gloss = line.partition("|")
                parts = head.split()
                words = [re.sub(r"\(.*?\)", "", parts[4 + 2 * n]).replace("_", " ") for n in range(int(parts[3], 16))]
                said = re.sub(r"\([^)]*\)", "", gloss.split('"')[0]).split(";")[0].strip()
                yield int(parts[1]), words, said, re.findall(r'"([^"]+)"', gloss)


def glosses(folder: Path, chance: random.Random) -> tuple[list[str], set[str]]:
    """Definitions and examples, and the words of the files that are read whole."""
    texts: list[str] = []
    words: set[str] = set()
    for file, named, said, examples in synsets(folder):
        if file in (BODY, STATE, OF_THE_BODY):
            texts += [said, f"{named[0]} {said}", *examples]
            words.update(each for each in named if _WORD.fullmatch(each))
        elif said and chance.random() < SHARES[file in SELDOM]:
            texts += [said, *examples[:1]]
    texts = list(dict.fromkeys(_short(text) for text in texts if text))
    chance.shuffle(texts)
    return texts[:GLOSSES], words


def passages(documents: Iterable[Document]) -> list[str]:
    """Titles, headings and the first words of sentences of our own pages."""
    found: list[str] = []
    for document in documents:
        found.append(document.title)
        for section in document.sections:
            found += [section.heading] if section.heading else []
            found += [_short(each) for each in re.split(r"(?<=[.!?])\s+|\n", section.text) if len(each.split()) > 4]
    return list(dict.fromkeys(found))


def _short(text: str) -> str:
    return " ".join(text.split()[:MOST_WORDS])


def bags(texts: list[str], rows: dict[str, int]) -> sparse.csr_matrix:
    """Which stems stand in each text."""
    small = default_thesaurus().function_words
    at: list[tuple[int, int, float]] = []
    for number, text in enumerate(texts):
        found = [rows[stem(term)] for term in terms(text) if term not in small and stem(term) in rows]
        at += [(number, row, len(found) ** -SHRINK) for row in found]
    numbers, columns, shares = zip(*at, strict=True)
    return sparse.csr_matrix((shares, (numbers, columns)), (len(texts), len(rows)), np.float32)


def fitted(start: Array, texts: sparse.csr_matrix, wanted: Array) -> Array:
    """The vectors whose sums lie closest to what is wanted, near their start."""
    moved = np.zeros_like(start)
    left = texts.T @ (wanted - texts @ start)
    way = left.copy()
    square = (left * left).sum(0)
    for _ in range(STEPS):
        product = texts.T @ (texts @ way) + HELD * way
        step = square / np.maximum((way * product).sum(0), 1e-12)
        moved += way * step
        left -= product * step
        before, square = square, (left * left).sum(0)
        way = left + way * (square / np.maximum(before, 1e-12))
    result: Array = start + moved
    return result


def main() -> None:
    """Make the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="all-MiniLM-L6-v2 as ONNX")
    parser.add_argument("--tokenizer", type=Path, required=True, help="its tokenizer.json")
    parser.add_argument("--wordnet", type=Path, required=True, help="folder with data.noun and the like")
    parser.add_argument("--out", type=Path, default=TABLE)
    chosen = parser.parse_args()
    encoder = Encoder(chosen.model, chosen.tokenizer)
    thesaurus = default_thesaurus()
    listed = [" ".join(entry) for entry in thesaurus.entries if all(term.isascii() for term in entry)]
    texts, words = glosses(chosen.wordnet, random.Random(SEED))
    texts = [*texts, *passages(own_documents()), *listed]
    common = Counter(word for text in texts for word in set(_WORD.findall(text.lower())))
    words |= {word for word, count in common.items() if count > 1}
    words |= {word for word in encoder.tokenizer.get_vocab() if _WORD.fullmatch(word)}
    words |= {word for word in thesaurus.vocabulary if _WORD.fullmatch(word)}
    forms: dict[str, list[int]] = {}
    spelled = sorted(words)
    for number, word in enumerate(spelled):
        forms.setdefault(stem(word), []).append(number)
    stems = sorted(each for each in forms if each.isascii())
    print(f"{len(spelled)} words, {len(stems)} stems, {len(texts)} texts")
    alone, whole = encoder.read(spelled), encoder.read(texts)
    middle = np.concatenate([alone, whole]).mean(0)
    start = np.array([alone[forms[each]].mean(0) for each in stems]) - middle
    vectors = fitted(start, bags(texts, {each: row for row, each in enumerate(stems)}), whole - middle)
    axes = np.linalg.svd(vectors, full_matrices=False)[2][:DIMENSIONS]
    vectors = vectors @ axes.T
    scale = 127 / np.percentile(np.abs(vectors), 99.99)
    rounded = np.clip(np.round(vectors * scale), -127, 127).astype(np.int8)
    np.savez_compressed(chosen.out, stems=np.frombuffer("\n".join(stems).encode("ascii"), np.uint8), vectors=rounded)
    print(f"{chosen.out}: {rounded.shape[0]} stems, {chosen.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
