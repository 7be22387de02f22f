"""Workers of a Dask cluster."""

from __future__ import annotations

import importlib.metadata
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from underrecording.errors import UserError
from underrecording.scenario import LoadedScenario
from underrecording.study.workers import Elsewhere

TIMEOUT = 10
"""Seconds in which a scheduler must answer."""
LOOKS = 5.0
"""Seconds between two looks at whether there are workers."""
_CARRIES_ON = "finished blocks are kept, the same command carries on from there"


def check_address(address: str) -> None:
    """Refuse what cannot be the address of a scheduler.

    >>> check_address("tcp://10.0.0.5:8786"), check_address("tls://[::1]:8786")
    (None, None)
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:  # A port that is none, brackets that do not close.
        host, port = None, None
    beyond = host and (parts.path or parts.query or parts.fragment or parts.username)
    if (
        [address] != address.split()
        or not (host and port)
        or parts.scheme not in ("tcp", "tls")
        or beyond
    ):
        raise UserError(
            f"--cluster {address}: expected an address such as tcp://10.0.0.5:8786 or "
            "tcp://[::1]:8786, with a port from 1 to 65535"
        )


@contextmanager
def cluster(
    loaded: LoadedScenario, address: str, say: Callable[[str], None] = lambda _: None
) -> Iterator[Elsewhere]:
    """Workers of the Dask cluster whose scheduler listens at *address*.

    Parameters
    ----------
    loaded : LoadedScenario
        The study they will work on.
    address : str
        ``tcp://HOST:PORT`` (or ``tls://``).
    say : callable
        Told in one line if there are no workers left, and when there are again.

    Raises
    ------
    UserError
        If the address cannot be one, the extra is not installed, nobody answers or a worker
        lacks this version of underrecording; and, while blocks are computed, if the scheduler
        is lost or workers die of a block again and again.
    """
    check_address(address)
    if find_spec("distributed") is None:
        raise UserError(
            "--cluster: needs Dask; install underrecording with its extra, "
            "pip install 'underrecording[cluster]', here and wherever workers run"
        )
    from distributed import Client, KilledWorker

    # What it would log of a lost scheduler is told below, once.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=TIMEOUT, set_as_default=False)
    except (OSError, TimeoutError, TypeError, ValueError) as error:
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
        _check_versions(client)
        done = threading.Event()
        threading.Thread(target=_watch, args=(client, done, say), daemon=True).start()
        try:
            yield Elsewhere(loaded, client.get_executor(pure=False), in_flight=2 * cores + 2)
        except KilledWorker as error:
            raise UserError(
                f"--cluster: workers died of a block again and again ({error}): too little "
                f"memory, perhaps, or no underrecording where they run; {_CARRIES_ON}"
            ) from None
        except CancelledError:
            raise UserError(f"--cluster {address}: the scheduler was lost; {_CARRIES_ON}") from None
        finally:
            done.set()


def _check_versions(client: Any) -> None:
    """Refuse workers without underrecording, or with another version of it."""
    # A function that they have, whatever they lack.
    found = client.run(importlib.metadata.version, "underrecording", on_error="return")
    ours = importlib.metadata.version("underrecording")
    problems = [
        f"--cluster: worker {worker}: "
        + (f"has underrecording {said}, here is {ours}" if isinstance(said, str) else str(said))
        for worker, said in sorted(found.items())
        if said != ours
    ]
    if problems:
        raise UserError([*problems, f"install underrecording {ours} wherever workers run"])


def _watch(client: Any, done: threading.Event, say: Callable[[str], None]) -> None:
    """Say that there are no workers left, and that there are again."""
    alone = False
    while not done.wait(LOOKS):
        if client.status != "running":
            continue
        try:
            there = bool(client.ncores())
        except (OSError, RuntimeError):  # The scheduler is lost: the blocks will tell.
            continue
        if alone == there:
            alone = not there
            say(
                f"No workers are left; waiting for others. {_CARRIES_ON.capitalize()}."
                if alone
                else "There are workers again."
            )
