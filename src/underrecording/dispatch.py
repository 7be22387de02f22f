"""Plug-ins in compiled loops: a loop for each plug-in, called through its address.

A loop is written once a kind, with `call` where the plug-in goes, and compiled
for each plug-in, whose code then lies inside. Its caller knows an address and
the kind's signature, so it is compiled once whatever plug-ins there are, and
what a call through an address costs is shared by all that the loop handles.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic, models, overload, register_model

from underrecording.compiling import compiled


class Kind(NamedTuple):
    """A kind of plug-in.

    Attributes
    ----------
    find : callable
        The function of a name.
    loop : callable
        ``loop(plug_in, ...)``, which uses `call`.
    arguments : tuple
        Numba types of what comes after *plug_in*.
    """

    find: Callable[[str], Any]
    loop: Any
    arguments: tuple[Any, ...]


KINDS: dict[str, Kind] = {}


class PlugInType(types.Opaque):  # type: ignore[misc]
    """What the compiler knows a plug-in by: kind and name, the same in every process.

    So what is compiled for it is found again on the disk.
    """

    def __init__(self, kind: str, plug_in: str) -> None:
        self.kind, self.plug_in = kind, plug_in
        super().__init__(f"{kind} {plug_in}")


register_model(PlugInType)(models.OpaqueModel)


def call(plug_in: Any, *arguments: Any) -> Any:
    """Call a plug-in, in compiled code only: its type says which it is."""
    raise TypeError("a plug-in can be called in compiled code only")


@overload(call, jit_options={"forceinline": True})  # type: ignore[untyped-decorator]
def _call(plug_in: Any, *arguments: Any) -> Any:
    function = compiled(KINDS[plug_in.kind].find(plug_in.plug_in), inline=True)

    def implementation(plug_in: Any, *arguments: Any) -> Any:
        return function(*arguments)

    return implementation


@cache
def compiled_loop(kind: str, name: str) -> tuple[Any, Any]:
    """Return the loop of a plug-in, compiled now if need be, and its signature."""
    signature = types.void(PlugInType(kind, name), *KINDS[kind].arguments)
    return compiled(KINDS[kind].loop, signature=signature), signature


@cache
def loop_address(kind: str, name: str) -> int:
    """Address of the loop of a plug-in, compiled now if need be; see `through`."""
    return address_of(*compiled_loop(kind, name))


def address_of(function: Any, signature: Any) -> int:
    """Address of a compiled *function* of *signature*, which must be kept: so is its code."""
    found = function.get_compile_result(signature)
    return int(found.library.get_pointer_to_function(found.fndesc.llvm_func_name))


def through(*arguments: Any, of_loops: bool = True) -> Any:
    """Return a compiled call of any function through its address, for its effects.

    ``call(address, (first, second, ...))`` with values of the types *arguments*.
    *of_loops*: of loops of a kind, whose first argument, the plug-in, is nothing
    but a type and left out. Numba's first-class functions do the same, but each
    took 0.1 ms to hand over.
    """
    taken = (types.voidptr, *arguments) if of_loops else arguments

    @intrinsic  # type: ignore[untyped-decorator]
    def call_through(_: Any, address: Any, given: Any) -> Any:
        def codegen(context: Any, builder: Any, __: Any, values: Any) -> Any:
            convention = context.call_conv
            kind = convention.get_function_type(types.none, taken).as_pointer()
            unpacked = cgutils.unpack_tuple(builder, values[1])
            if of_loops:
                unpacked = [context.get_constant_null(types.voidptr), *unpacked]
            status, _ = convention.call_function(
                builder, builder.inttoptr(values[0], kind), types.none, taken, unpacked
            )
            with cgutils.if_unlikely(builder, status.is_error):
                convention.return_status_propagate(builder, status)
            return context.get_dummy_value()

        if tuple(given) != arguments:
            raise TypingError(f"expected {arguments}, got {tuple(given)}")
        return types.none(types.int64, given), codegen

    return call_through


def function_at(function_type: Any) -> Any:
    """Return a compiled cast of an address to a first-class function of *function_type*."""

    @intrinsic  # type: ignore[untyped-decorator]
    def cast(_: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, __: Any, values: Any) -> Any:
            made = cgutils.create_struct_proxy(function_type)(context, builder)
            pointer = context.get_value_type(types.voidptr)
            made.jit_addr = builder.inttoptr(values[0], pointer)
            made.c_addr = made.py_addr = context.get_constant_null(types.voidptr)
            return made._getvalue()

        return function_type(types.int64), codegen

    return cast
