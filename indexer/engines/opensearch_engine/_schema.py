"""What a generation looks like on the cluster: settings, mapping, and a document in that form.

Our own analyzer has done all the work: every text field gets our terms with spaces between them, so no node needs a
plug-in, and the painless and analysis-common modules that every distribution ships are all that is used.

``w`` and ``ws`` hold each term (or stem) of a document once, with its whole BM25F weight as its term frequency, so that
a score needs no length, no statistics of a shard, and comes out the same on every copy. ``t_…`` and ``u_…`` hold terms
and stems of one field in order, for phrases and for words limited to a field; ``s_…`` is what one occurrence there
weighs.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
import xxhash

from indexer.analysis import BREAK, FIELDS, name_key, stem
from indexer.engines.cards import document_blob, read_document
from indexer.engines.opensearch_engine._blob import Packed, pack
from indexer.model import FACETS, Document, date_number
from indexer.ranking import Ranking
from indexer.token_stream import AnalyzedDocument

Json = dict[str, Any]

SCHEMA = 4  # raise it when the mapping or a stored document changes: generations of another one ask for a rebuild
UNIT = 1 << 16  # a weight of 1 as a term frequency; rounding then costs less than a score's own last digits
MAX_WEIGHT = (1 << 31) - 1  # of all terms of a document together: Lucene counts a field's length in 31 bits
KEY_CHARS = 8000  # of a name; Lucene takes no term above 32,766 bytes
GAP = 100  # positions between pieces of one field, so that no phrase reaches across


def wire(term: str) -> str:
    """A term without anything that the cluster's tokenizer would cut at (a ligature may unfold into words)."""
    if term.isalnum():
        return term
    return "".join("\u2423" if char.isspace() or char == "|" else char for char in term)


def short(key: str) -> str:
    """A name key that fits into one term of the cluster: whole, or its beginning and a checksum."""
    return key if len(key) <= KEY_CHARS else key[: KEY_CHARS - 40] + xxhash.xxh3_128_hexdigest(key.encode())


def settings(shards: int) -> Json:
    """Settings while an index is written: no copies and no refreshes until it is complete."""
    return {
        "number_of_shards": shards,
        "number_of_replicas": 0,
        "auto_expand_replicas": "false",
        "refresh_interval": "-1",
        "max_result_window": 10_000,
        "translog.durability": "async",  # a build that loses a node is refused by its counts, and starts again
        "analysis": {
            "analyzer": {"weighed": {"type": "custom", "tokenizer": "whitespace", "filter": ["weight"]}},
            "filter": {"weight": {"type": "delimited_term_freq"}},
        },
        "similarity": {"sum": {"type": "scripted", "script": {"source": "return query.boost * doc.freq;"}}},
    }


def documents_mapping() -> Json:
    """Mapping of the documents of a generation."""
    word = {"type": "text", "norms": False, "similarity": "sum"}
    weighed = {**word, "analyzer": "weighed", "search_analyzer": "whitespace", "index_options": "freqs"}
    placed = {**word, "analyzer": "whitespace", "index_options": "positions", "position_increment_gap": GAP}
    kept = {"type": "binary", "store": True, "doc_values": False}
    properties: Json = {
        "id": {"type": "keyword"},
        **{facet: {"type": "keyword"} for facet in FACETS},
        "title": {"type": "text", "index": False},
        "title_key": {"type": "keyword", "index": False},
        "date": {"type": "integer", "index": False},
        "compounds": {"type": "keyword"},
        "checksum": {"type": "keyword", "index": False},
        "prior": {"type": "float", "index": False},
        "w": weighed,
        "ws": weighed,
        "hit": kept,
        "document": kept,
    }
    for field in FIELDS:
        properties[f"t_{field}"] = placed
        properties[f"u_{field}"] = placed
        properties[f"s_{field}"] = {"type": "float", "index": False}
    return {"dynamic": "strict", "_source": {"includes": ["id", "title", *FACETS]}, "properties": properties}


def words_mapping() -> Json:
    """Mapping of what stands beside the documents: words, names, and what a build attaches."""
    return {
        "dynamic": "strict",
        "properties": {
            "type": {"type": "keyword"},
            "term": {"type": "keyword"},
            "stem": {"type": "keyword"},
            "count": {"type": "integer"},
            "plain": {"type": "boolean"},
            "name": {"type": "keyword"},
            "id": {"type": "keyword"},
            "part": {"type": "integer"},
            "data": {"type": "binary", "store": False, "doc_values": False},
        },
    }


def scales(lengths: Iterable[int], prior: float, pivots: tuple[float, ...], ranking: Ranking) -> list[float]:
    """Weight of one occurrence in each field: ``prior · w / (1 - b + b·length/average)``, as in every engine."""
    found: list[float] = []
    for length, pivot, weight, b in zip(lengths, pivots, ranking.field_weights, ranking.field_b, strict=True):
        found.append(prior * weight / max((1 - b) + b * length / max(pivot, 1e-9), 1e-9))
    return found


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document analysed and packed; only its weights are missing, which need the whole index's average lengths."""

    head: Json
    hit: bytes
    document: bytes


def prepare(document: Document, analyzed: AnalyzedDocument) -> Prepared:
    """A document on its way to the cluster."""
    blob = document_blob(document)
    head: Json = {
        "id": document.doc_id,
        **{facet: list(dict.fromkeys(document.values(facet))) for facet in FACETS},
        "title": document.title,
        "title_key": short(name_key(document.title)),
        "date": date_number(document.date),
        "compounds": [f"{joined}\t{' '.join(parts)}" for joined, parts in analyzed.compounds],
        "checksum": xxhash.xxh3_64_hexdigest(blob),
    }
    return Prepared(head, pack(document, analyzed), zlib.compress(blob, 1))


def complete(prepared: Prepared, packed: Packed, pivots: tuple[float, ...], ranking: Ranking) -> Json:
    """A whole document as the cluster gets it."""
    fields = packed.fields.tolist()
    pieces: list[list[list[str]]] = [[[]] for _ in FIELDS]
    lengths = [0] * len(FIELDS)
    for term, place in zip(packed.terms, fields, strict=True):
        if term == BREAK:
            pieces[place].append([])
        else:
            pieces[place][-1].append(term)
            lengths[place] += 1
    prior = ranking.prior(packed.card.doubt)
    scale = scales(lengths, prior, pivots, ranking)
    body = dict(prepared.head)
    body["prior"] = prior
    for place, field in enumerate(FIELDS):
        kept = [piece for piece in pieces[place] if piece]
        body[f"t_{field}"] = [" ".join(map(wire, piece)) for piece in kept]
        body[f"u_{field}"] = [" ".join([wire(stem(term)) for term in piece]) for piece in kept]
        body[f"s_{field}"] = scale[place]
    body["w"], body["ws"] = _weights(packed.terms, fields, scale)
    body["hit"] = base64.b64encode(prepared.hit).decode("ascii")
    body["document"] = base64.b64encode(prepared.document).decode("ascii")
    return body


def _weights(terms: list[str], fields: list[int], scale: list[float]) -> tuple[str, str]:
    """Each term, and each stem, with its weight as a term frequency."""
    exact: dict[str, float] = {}
    for term, place in zip(terms, fields, strict=True):
        if term:
            exact[term] = exact.get(term, 0.0) + scale[place]
    stems: dict[str, float] = {}
    for term, weight in exact.items():
        root = stem(term)
        stems[root] = stems.get(root, 0.0) + weight
    total = sum(exact.values()) * UNIT + len(exact)
    unit = UNIT * min(1.0, MAX_WEIGHT / total) if total else UNIT
    return _delimited(exact, unit), _delimited(stems, unit)


def _delimited(weights: dict[str, float], unit: float) -> str:
    return " ".join([f"{wire(term)}|{max(1, round(weight * unit))}" for term, weight in weights.items()])


def field_lengths(analyzed: AnalyzedDocument) -> list[int]:
    """Tokens of a document in each field, as ``FIELDS``."""
    lengths = [0] * len(FIELDS)
    for term, place in zip(analyzed.terms, analyzed.fields, strict=True):
        lengths[place] += term != BREAK
    return lengths


def key_of(doc_id: str) -> str:
    """The id of a document on the cluster, which takes no more than 512 bytes."""
    return doc_id if len(doc_id.encode("utf-8", "replace")) <= 500 else "#" + xxhash.xxh3_128_hexdigest(doc_id.encode())


def read_blob(data: str) -> Document:
    """A document from its stored field.

    Raises:
        ValueError, zlib.error: If it is not whole.
    """
    return read_document(zlib.decompress(base64.b64decode(data)))


def dumps(value: Json) -> bytes:
    """One line of a bulk request."""
    return orjson.dumps(value) + b"\n"
