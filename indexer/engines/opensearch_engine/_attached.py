"""Bytes that are kept with a generation under a name, in documents of a few megabytes beside its words."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from indexer.engines.opensearch_engine._cluster import Json
from indexer.engines.opensearch_engine._generations import ClusterGenerations
from indexer.engines.opensearch_engine._lookups import ATTACHED

PART_BYTES = 4 << 20  # in one document


def attachment(name: str, data: bytes) -> Iterator[tuple[str, Json]]:
    """The documents that hold some bytes, each with its key."""
    parts = [data[at : at + PART_BYTES] for at in range(0, max(len(data), 1), PART_BYTES)]
    for number, part in enumerate(parts):
        yield (
            f"a{name}:{number}",
            {"type": ATTACHED, "part": len(parts), "data": base64.b64encode(part).decode("ascii")},
        )


def read_attachment(generations: ClusterGenerations, generation: str, name: str) -> bytes | None:
    """Bytes that were attached to a generation, or None."""
    index = generations.words(generation)
    first = generations.cluster.fetch(index, [f"a{name}:0"])
    if not first:
        return None
    found = [base64.b64decode(first[0]["_source"]["data"])]
    for number in range(1, first[0]["_source"]["part"]):
        # One at a time: a part has megabytes.
        rest = generations.cluster.fetch(index, [f"a{name}:{number}"])
        if not rest:
            return None
        found.append(base64.b64decode(rest[0]["_source"]["data"]))
    return b"".join(found)
