"""How loops are compiled, and the types of their arguments."""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg"

from __future__ import annotations

import numba as nb


def jit(function, arguments=None):
    """Compile a loop; where no place for compiled code can be written, every start compiles it again."""
    try:
        return nb.njit(arguments, cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # "no locator available": neither beside this file, nor at home, nor in NUMBA_CACHE_DIR
        return nb.njit(arguments, nogil=True, error_model="numpy")(function)


def jit_for(*arguments):
    """``jit`` for arguments of these types, and as soon as the module is imported.

    A server imports before it divides into processes; else each of them would load the loops while a visitor waits.
    """
    return lambda function: jit(function, arguments)


def own(kind, dimensions=1):
    """An array that a loop may write to."""
    return nb.types.Array(kind, dimensions, "C")


def mapped(kind, dimensions=1):
    """An array of a mapped file."""
    return nb.types.Array(kind, dimensions, "C", readonly=True)


FLAG, BYTE, SMALL, SHORT, INT, LONG, MASK = nb.bool_, nb.uint8, nb.int16, nb.uint16, nb.int32, nb.int64, nb.uint64
FLOAT, DOUBLE = nb.float32, nb.float64
