"""The manifest of a generation: what it holds, and how to tell that it is whole."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import xxhash

from indexer.errors import IndexDamaged, IndexOutdated
from indexer.model import FACETS, Facet, IndexStats

FORMAT_VERSION = 8  # raise it when the files of a generation change; an older one then asks for a rebuild


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation holds and how to tell that it is whole."""

    generation: str
    built_at: str
    version: str
    format_version: int = FORMAT_VERSION
    analyzer: str = ""
    taxonomy: str = ""
    corpus: str = ""
    documents: int = 0
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    pivots: tuple[float, ...] = ()
    ranking: dict[str, Any] = field(default_factory=dict)
    incremental: bool = False
    files: dict[str, tuple[int, str]] = field(default_factory=dict)

    def stats(self, schema_version: int, engine: str) -> IndexStats:
        """What the generation holds, as an engine of that name tells it."""
        counts = tuple(Facet(name, self.counts.get(name, {})) for name in FACETS)
        return IndexStats(self.generation, self.documents, schema_version, self.built_at, counts, engine)

    def dumps(self) -> str:
        """The manifest as JSON, with a checksum over itself in the last field."""
        body = json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)
        return json.dumps(
            {"manifest": json.loads(body), "checksum": _checksum_text(body)}, ensure_ascii=False, indent=1
        )

    @staticmethod
    def loads(text: str, name: str, format_version: int = FORMAT_VERSION) -> Manifest:
        """Read a manifest back; ``format_version`` is that of the engine, by default of the embedded one.

        Raises:
            IndexDamaged: If it is not whole.
            IndexOutdated: If another format version wrote it.
        """
        try:
            outer = json.loads(text)
            values: dict[str, Any] = outer["manifest"]
            body = json.dumps(values, ensure_ascii=False, indent=1, sort_keys=True)
            if _checksum_text(body) != outer["checksum"]:
                raise IndexDamaged(name, "the manifest differs from its checksum")
            if values["format_version"] != format_version:
                raise IndexOutdated(values["format_version"], format_version)
            if values["generation"] != name:
                raise IndexDamaged(name, f"its manifest belongs to {values['generation']}")
            values["files"] = {file: (size, checksum) for file, (size, checksum) in values["files"].items()}
            values["segments"] = tuple(values["segments"])
            values["pivots"] = tuple(values["pivots"])
            return Manifest(**values)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IndexDamaged(name, "the manifest cannot be read") from error


def _checksum_text(text: str) -> str:
    return xxhash.xxh3_128_hexdigest(text.encode("utf-8", "surrogatepass"))
