"""Data classes from the JSON that was made of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import orjson

R = TypeVar("R")

_FIELDS = "__dataclass_fields__"  # what makes a class a data class


def read_record(record: type[R], blob: bytes) -> R:
    """The record that ``orjson.dumps`` wrote, of a data class whose fields are plain values, records and tuples."""
    kind: Any = record  # a class that can be looked up, which its type does not say
    made: R = record_reader(kind)(orjson.loads(blob))
    return made


@lru_cache
def record_reader(record: Any) -> Callable[[dict[str, Any]], Any]:
    """How a data class is read from JSON: lists become tuples, objects the data classes that it declares."""
    several: list[tuple[str, Callable[[Any], Any] | None]] = []
    single: list[tuple[str, Callable[[Any], Any]]] = []
    for name, kind in get_type_hints(record).items():
        if get_origin(kind) is tuple:
            part: Any = get_args(kind)[0]
            several.append((name, record_reader(part) if hasattr(part, _FIELDS) else None))
        elif hasattr(kind, _FIELDS):
            single.append((name, record_reader(kind)))

    def read(data: dict[str, Any]) -> Any:
        for name, part in several:
            data[name] = tuple(map(part, data[name])) if part else tuple(data[name])
        for name, part in single:
            data[name] = part(data[name])
        return record(**data)

    return read
