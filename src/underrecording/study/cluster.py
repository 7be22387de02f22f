"""Workers of a Dask cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from underrecording.errors import UserError
from underrecording.scenario import LoadedScenario
from underrecording.study.workers import Elsewhere

TIMEOUT = 10
"""Seconds in which a scheduler must answer."""


@contextmanager
def cluster(loaded: LoadedScenario, address: str) -> Iterator[Elsewhere]:
    """Workers of the Dask cluster whose scheduler listens at *address*.

    Parameters
    ----------
    loaded : LoadedScenario
        The study they will work on.
    address : str
        ``tcp://HOST:PORT`` (or ``tls://``).

    Raises
    ------
    UserError
        If the address cannot be one, the extra is not installed, or nobody answers.
    """
    if not re.fullmatch(r"(tcp|tls)://[^\s:/]+:\d{1,5}", address):
        raise UserError(f"--cluster {address}: expected an address such as tcp://10.0.0.5:8786")
    if find_spec("distributed") is None:
        raise UserError(
            "--cluster: needs Dask; install underrecording with its extra, "
            "pip install 'underrecording[cluster]', here and wherever workers run"
        )
    from distributed import Client

    try:
        client = Client(address, timeout=TIMEOUT, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise UserError(
            f"--cluster {address}: no Dask scheduler answers there within {TIMEOUT} s "
            f"({type(error).__name__}); start one with: dask scheduler"
        ) from None
    with client:
        cores = sum(client.ncores().values())
        if cores == 0:
            raise UserError(
                f"--cluster {address}: the scheduler has no workers; "
                f"start some with: dask worker {address}"
            )
        yield Elsewhere(loaded, client.get_executor(pure=False), in_flight=2 * cores + 2)
