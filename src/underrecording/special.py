"""SciPy's special functions for compiled code.

SciPy offers the compiled form of its special functions under
``scipy.special.cython_special``. Numba calls them by name, and a name can be
kept in its cache where an address cannot.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
from numba import types
from numba.extending import get_cython_function_address
from scipy.special import cython_special

from underrecording.compiling import compiled


def _scipy(name: str, n_arguments: int) -> Any:
    """SciPy's function *name* of doubles, under a symbol of our own."""
    # Functions of several number types are kept under a mangled name; 0 is double.
    mangled = f"__pyx_fuse_0{name}"
    listed = mangled if mangled in cython_special.__pyx_capi__ else name
    symbol = f"underrecording_{name}"
    address = get_cython_function_address("scipy.special.cython_special", listed)
    llvmlite.binding.add_symbol(symbol, address)
    number = types.float64
    # The last argument is Cython's own and 0 for callers from outside.
    return types.ExternalFunction(symbol, number(*[number] * n_arguments, types.intc))


_betaincinv, _betainc = _scipy("betaincinv", 3), _scipy("betainc", 3)
_stdtrit, _ndtr, _betaln = _scipy("stdtrit", 2), _scipy("ndtr", 1), _scipy("betaln", 2)


@compiled
def beta_quantile(p: float, a: float, b: float) -> float:
    """Quantile of a beta law: the x with P(X <= x) = p.

    >>> f"{beta_quantile(0.5, 3.0, 4.0):.9f}"
    '0.421407191'
    """
    return _betaincinv(a, b, p, 0)  # type: ignore[no-any-return]


@compiled
def beta_share(x: float, a: float, b: float) -> float:
    """Distribution function of a beta law, P(X <= x).

    >>> f"{beta_share(0.421407191, 3.0, 4.0):.5f}"
    '0.50000'
    """
    return _betainc(a, b, x, 0)  # type: ignore[no-any-return]


@compiled
def t_quantile(p: float, df: float) -> float:
    """Quantile of Student's t; the normal one where *df* is infinite.

    >>> import math
    >>> f"{t_quantile(0.975, 12.0):.6f} {t_quantile(0.975, math.inf):.6f}"
    '2.178813 1.959964'
    """
    return _stdtrit(df, p, 0)  # type: ignore[no-any-return]


@compiled
def normal_share(x: float) -> float:
    """Distribution function of the standard normal, P(X <= x).

    >>> f"{normal_share(1.959964):.6f}"
    '0.975000'
    """
    return _ndtr(x, 0)  # type: ignore[no-any-return]


@compiled
def log_beta(a: float, b: float) -> float:
    """Logarithm of the beta function.

    >>> f"{log_beta(2.0, 3.0):.6f}"     # log(1/12)
    '-2.484907'
    """
    return _betaln(a, b, 0)  # type: ignore[no-any-return]
