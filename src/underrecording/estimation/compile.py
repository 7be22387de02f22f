"""Plug-ins compiled to machine code, one audit at a time, behind one signature a kind.

So a new estimator touches its own file only. Everything is compiled at first
use, not at import, and kept on disk for the next process (see
`underrecording.compiling`); `loops` has the form that takes many audits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

from numba import types

from underrecording import compiling
from underrecording.audit import Audit, Audits, Influence, Totals
from underrecording.estimation.precision import Precision
from underrecording.estimation.registries import (
    INTERVALS,
    MODELS,
    POINTS,
    VARIANCES,
    DfFunction,
    IntervalFunction,
    ModelFunction,
    PointFunction,
    VarianceFunction,
)

_INTS, _INT_TABLE, _INT_TABLES = (types.Array(types.int64, n, "C") for n in (1, 2, 3))
_FLOATS, _FLOAT_TABLE, _FLOAT_TABLES = (types.Array(types.float64, n, "C") for n in (1, 2, 3))

TOTALS_TYPE = types.NamedTuple((_FLOAT_TABLE, _FLOATS), Totals)
MANY_TOTALS_TYPE = types.NamedTuple((_FLOAT_TABLES, _FLOAT_TABLE), Totals)
AUDIT_TYPE = types.NamedTuple(
    (
        _INTS,  # force
        _INT_TABLE,  # frame
        _INT_TABLE,  # sampled
        _INT_TABLE,  # due
        _INT_TABLE,  # recorded
        _FLOATS,  # p_inclusion
        _INTS,  # force_stratum
        _FLOAT_TABLE,  # recorded_volume
        _INT_TABLE,  # over_recorded
        _INTS,  # post_stratum
        _FLOAT_TABLE,  # p_joint
        _FLOAT_TABLE,  # readers
        types.int64,  # seed
        TOTALS_TYPE,
    ),
    Audit,
)
AUDITS_TYPE = types.NamedTuple(
    (
        _INT_TABLE,  # force
        _INT_TABLES,  # frame
        _INT_TABLES,  # sampled
        _INT_TABLES,  # due
        _INT_TABLES,  # recorded
        _FLOAT_TABLE,  # p_inclusion
        _INT_TABLE,  # force_stratum
        _FLOAT_TABLES,  # recorded_volume
        _INT_TABLES,  # over_recorded
        _INTS,  # post_stratum
        _FLOAT_TABLE,  # p_joint
        _FLOAT_TABLES,  # readers
        _INTS,  # seed
        MANY_TOTALS_TYPE,
    ),
    Audits,
)
INFLUENCE_TYPE = types.NamedUniTuple(_FLOATS, len(Influence._fields), Influence)
PRECISION_TYPE = types.NamedUniTuple(types.float64, len(Precision._fields), Precision)

_NUMBER_AND_REASON = types.Tuple((types.float64, types.int64))

POINT_SIGNATURE = _NUMBER_AND_REASON(AUDIT_TYPE, INFLUENCE_TYPE)
POINT_FT = types.FunctionType(POINT_SIGNATURE)
VARIANCE_SIGNATURE = _NUMBER_AND_REASON(AUDIT_TYPE, types.float64, INFLUENCE_TYPE, POINT_FT)
DF_SIGNATURE = types.float64(AUDIT_TYPE)
INTERVAL_SIGNATURE = types.UniTuple(types.float64, 2)(PRECISION_TYPE)
ANSWER = types.Tuple((types.float64, types.float64, types.float64, types.float64, types.int64))
"""Value, variance, low, high and reason code."""
MODEL_SIGNATURE = ANSWER(AUDIT_TYPE, types.float64)

VARIANCE_FT = types.FunctionType(VARIANCE_SIGNATURE)
DF_FT = types.FunctionType(DF_SIGNATURE)
INTERVAL_FT = types.FunctionType(INTERVAL_SIGNATURE)
MODEL_FT = types.FunctionType(MODEL_SIGNATURE)

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a helper that plug-ins share, when the first of them is compiled."""
    return cast(Function, compiling.compiled(function))


def inlined(function: Function) -> Function:
    """Compile a helper into whatever calls it: short ones, called for every audit."""
    return cast(Function, compiling.compiled(function, inline=True))


def compile_as(signature: Any, function: Function) -> Function:
    """Compile *function* now, for arguments of *signature* and for no others."""
    return cast(Function, compiling.compiled(function, signature=signature))


@cache
def compiled_point(name: str) -> PointFunction:
    """Point estimator *name*, of type ``POINT_FT``.

    Raises
    ------
    UserError
        If there is none of that name; so do its three neighbours.
    """
    return compile_as(POINT_SIGNATURE, POINTS[name].function)


@cache
def compiled_variance(name: str) -> VarianceFunction:
    """Variance *name*, of type ``VARIANCE_FT``."""
    return compile_as(VARIANCE_SIGNATURE, VARIANCES[name].function)


@cache
def compiled_df(name: str) -> DfFunction:
    """Degrees of freedom of variance *name*, of type ``DF_FT``."""
    return compile_as(DF_SIGNATURE, VARIANCES[name].degrees_of_freedom)


@cache
def compiled_interval(name: str) -> IntervalFunction:
    """Interval *name*, of type ``INTERVAL_FT``."""
    return compile_as(INTERVAL_SIGNATURE, INTERVALS[name].function)


@cache
def compiled_model(name: str) -> ModelFunction:
    """Model estimator *name*, of type ``MODEL_FT``."""
    return compile_as(MODEL_SIGNATURE, MODELS[name].function)
