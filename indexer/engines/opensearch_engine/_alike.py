"""Articles close in meaning: the words of their parts are read from the cluster once for a generation."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator

import numpy as np

from indexer.analysis import BREAK
from indexer.engines.likeness import MOST_PARTS, Compared, Likeness, spans_of
from indexer.engines.opensearch_engine._blob import Packed, unpack
from indexer.engines.opensearch_engine._cluster import Cluster
from indexer.errors import EngineUnavailable
from indexer.meanings import Meanings, default_meanings

KIND = "article"


def read_likeness(cluster: Cluster, index: str, articles: int) -> Likeness:
    """What the articles of an index are about; of none where there are so many that nothing would be kept.

    Raises:
        EngineUnavailable: If the cluster does not answer, or with something else.
    """
    meanings = default_meanings()
    pages = _articles(cluster, index) if articles <= MOST_PARTS else iter(())
    return Likeness(((packed.card.doc_id, _parts(packed, meanings)) for packed in pages), meanings)


def _parts(packed: Packed, meanings: Meanings) -> Compared:
    rows = meanings.of(packed.terms)
    breaks = np.array([term == BREAK for term in packed.terms])
    spans = spans_of(packed.title_end, packed.sections, packed.fields, breaks)
    return spans.words(lambda start, end: rows[start:end])


def _articles(cluster: Cluster, index: str) -> Iterator[Packed]:
    """All articles by id."""
    for hit in cluster.every(index, {"term": {"kind": KIND}}, stored_fields=["hit"]):
        try:
            yield unpack(base64.b64decode(hit["fields"]["hit"][0]))
        except (KeyError, ValueError, TypeError, zlib.error) as error:
            raise EngineUnavailable(cluster.address.shown, f"{hit.get('_id')} cannot be read") from error
