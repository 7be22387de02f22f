"""How the hot loops are compiled: cached, without fast maths, the lock released.

Numba notices when a function's own file changes, not when a function it calls
does. The cache therefore lives in a folder named after the source, so that code
of one version never runs with a compiled part of another. The command line and
the report are left out of the name: nothing compiled may import them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

_NEVER_COMPILED = ("cli", "report")


@cache
def source_digest() -> str:
    """Digest of the source that results come from, and of the compiler's version."""
    source = Path(__file__).parent
    digest = hashlib.sha256(numba.__version__.encode())
    for file in sorted(source.rglob("*.py")):
        if file.relative_to(source).parts[0] not in _NEVER_COMPILED:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@cache
def cache_folder() -> Path:
    """Folder of the compiled code: ``$UNDERRECORDING_CACHE`` or the user's cache.

    Numba falls back to its own place where this one cannot be written.
    """
    home = os.environ.get("UNDERRECORDING_CACHE") or os.environ.get("XDG_CACHE_HOME")
    base = Path(home) if home else Path.home() / ".cache"
    return base / "underrecording" / source_digest()


def compiled(
    function: Callable[..., Any] | None = None, *, signature: Any = None, inline: bool = False
) -> Any:
    """Compile *function*, at its first call or, given a *signature*, now.

    *inline* puts its machine code where it is called: a call that passes an audit
    on takes 0.1 microseconds, as it copies some ninety words.

    The function must live in a file, for its compiled form is kept beside
    those of the same source.
    """
    if function is None:
        return lambda later: compiled(later, signature=signature, inline=inline)
    outer = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())
    try:
        return numba.njit(
            signature,
            cache=True,
            nogil=True,
            error_model="numpy",
            forceinline=inline,
        )(function)
    finally:
        numba.config.CACHE_DIR = outer


@intrinsic  # type: ignore[untyped-decorator]
def uncounted(_: Any, value: Any) -> Any:
    """Return a view of an array, or of all arrays of a tuple, whose references are not counted.

    For compiled code: Numba counts a reference, atomically, at each call that
    passes an array on and each time one is read from a tuple; a loop over small
    audits spent three quarters of its time on that. The arrays must outlive the view: take
    it of arguments only, which the caller holds.
    """

    def codegen(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return _without_owner(context, builder, value, arguments[0])

    return value(value), codegen


def _without_owner(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.Array):
        view = context.make_array(kind)(context, builder, value)
        # Counting skips what has no owner.
        view.meminfo = view.meminfo.type(None)
        view.parent = view.parent.type(None)
        return view._getvalue()
    if isinstance(kind, types.BaseTuple):
        for i, member in enumerate(kind):
            bare = _without_owner(context, builder, member, builder.extract_value(value, i))
            value = builder.insert_value(value, bare, i)
    return value


@intrinsic  # type: ignore[untyped-decorator]
def flat(_: Any, array: Any) -> Any:
    """Return all of a contiguous *array* as one row, a view that is `uncounted`."""
    if array.layout != "C":
        raise TypingError(f"expected a contiguous array, got {array}")

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        table = context.make_array(array)(context, builder, arguments[0])
        row = context.make_array(signature.return_type)(context, builder)
        populate_array(
            row, data=table.data, shape=(table.nitems,), strides=(table.itemsize,),
            itemsize=table.itemsize, meminfo=None, parent=None,
        )  # fmt: skip
        return row._getvalue()

    return types.Array(array.dtype, 1, "C")(array), codegen


@intrinsic  # type: ignore[untyped-decorator]
def copy_eight(_: Any, source: Any, at: Any, target: Any, to: Any) -> Any:
    """Copy eight numbers from place *at* of *source* on to *to* and after of *target*.

    Both are rows of the same numbers, and places not looked at twice. As a loop it is
    one by one, for the compiler cannot know that source and target are not the same.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind, _, _, _ = signature.args
        vector = ir.VectorType(context.get_data_type(kind.dtype), 8).as_pointer()
        places = []
        for array, place in (arguments[:2], arguments[2:]):
            data = context.make_array(kind)(context, builder, array).data
            places.append(builder.bitcast(builder.gep(data, [place]), vector))
        eight = builder.load(places[0], align=8)
        builder.store(eight, places[1], align=8)
        return context.get_dummy_value()

    return types.none(source, types.uint64, target, types.uint64), codegen
