"""How loops are compiled, the types of their arguments, and arrays that reach them by their addresses."""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, type-arg, attr-defined, call-arg"

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import CellType, FunctionType

import numba as nb
import xxhash
from numba.core import cgutils
from numba.extending import intrinsic

FLAG, BYTE, SMALL, SHORT, INT, LONG, MASK = nb.bool_, nb.uint8, nb.int16, nb.uint16, nb.int32, nb.int64, nb.uint64
FLOAT, DOUBLE = nb.float32, nb.float64


@cache
def _sources() -> str:
    """A digest of every module with loops."""
    texts = [path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py"))]
    return xxhash.xxh3_128_hexdigest(b"\0".join(text for text in texts if b"@jit" in text))


def _stamped(function):
    """The function with the digest of all loops as a closed-over value, which is part of the key of its compiled code.

    Numba looks only at the file a loop stands in, but a loop has those that it calls from other files compiled into it.
    """
    code = function.__code__.replace(co_freevars=(*function.__code__.co_freevars, "sources"))
    cells = (*(function.__closure__ or ()), CellType(_sources()))
    stamped = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, cells)
    stamped.__doc__, stamped.__module__, stamped.__qualname__ = (
        function.__doc__,
        function.__module__,
        function.__qualname__,
    )
    return stamped


def jit(function, arguments=None, inline=False):
    """Compile a loop; where no place for compiled code can be written, every start compiles it again."""
    options = {"nogil": True, "error_model": "numpy", "forceinline": inline}
    try:
        return nb.njit(arguments, cache=True, **options)(_stamped(function))
    except RuntimeError:  # "no locator available": neither beside this file, nor at home, nor in NUMBA_CACHE_DIR
        return nb.njit(arguments, **options)(function)


def jit_inline(function):
    """``jit`` for what is called once for each document: a call with a dozen arrays would cost more than it does."""
    return jit(function, inline=True)


def jit_for(*arguments):
    """``jit`` for arguments of these types, and as soon as the module is imported.

    A server imports before it divides into processes; else each of them would load the loops while a visitor waits.
    """
    return lambda function: jit(function, arguments)


def own(kind, dimensions=1):
    """An array that a loop may write to."""
    return nb.types.Array(kind, dimensions, "C")


@intrinsic
def _pointer(_context, address):
    def generate(_context, builder, _signature, arguments):
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return nb.types.voidptr(address), generate


@intrinsic
def prefetch(_context, array, index):
    """Ask for the line of memory that an element of a vector stands in, and go on at once."""

    def generate(context, builder, signature, arguments):
        data = cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
        number = cgutils.int32_t
        kind = cgutils.ir.FunctionType(cgutils.ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        called = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(called, [place, number(0), number(3), number(1)])  # to read, to be kept, data
        return context.get_dummy_value()

    return nb.types.void(array, index), generate


@jit
def array_at(address, shape, kind):
    """The array of a kind and shape that stands at an address. Whoever gives the address keeps the array alive."""
    return nb.carray(_pointer(address), shape, kind)
