"""Which addresses lead to a document that is kept under another one: those of copies, and of parts of one hospital."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

MOVED = "moved.json"  # attached to each generation


def dump_moved(addresses: Sequence[str], doc_ids: Sequence[str]) -> bytes:
    """The addresses of pages that are part of a document with another id, as bytes; both in order of the pages."""
    return orjson.dumps({own: kept for own, kept in zip(addresses, doc_ids, strict=True) if own != kept})


def load_moved(data: bytes | None) -> Mapping[str, str]:
    """Ids of documents by the other addresses that lead there; none where nothing was attached.

    Raises:
        ValueError: If these are not bytes of ``dump_moved``.
    """
    found: dict[str, str] = orjson.loads(data or b"{}")
    return found
