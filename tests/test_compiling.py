"""Compiled loops: kept on disk, made anew when a loop that they contain has changed, and given the right arrays."""

from __future__ import annotations

from uuid import uuid4

import numpy as np
import pytest

from indexer.engines import compiling
from indexer.engines.compiling import LONG, jit_for
from indexer.engines.whoosh_engine._table import KINDS, put


def _double(number: int) -> int:
    return 2 * number


def test_a_loop_is_compiled_again_when_any_loop_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba looks at the file of a loop alone, and would run old code of those it calls from another."""
    before, after = uuid4().hex, uuid4().hex
    found = []
    for sources in (before, before, after):
        monkeypatch.setattr(compiling, "_sources", lambda digest=sources: digest)
        loop = jit_for(LONG)(_double)
        assert loop(21) == 42
        found.append((sum(loop.stats.cache_hits.values()), sum(loop.stats.cache_misses.values())))
    assert found == [(0, 1), (1, 0), (0, 1)]


@pytest.mark.parametrize("array", [np.zeros(4, np.int64), np.zeros(8, np.int32)[::2]], ids=["kind", "gaps"])
def test_an_array_that_loops_would_misread_is_refused(array: np.ndarray) -> None:
    table = np.zeros(2 * len(KINDS), np.int64)
    with pytest.raises(TypeError, match="tokens: the loops read int32"):
        put(table, "tokens", array)
    assert not table.any()
