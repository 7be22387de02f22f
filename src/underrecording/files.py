"""Files that are whole or not there."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from underrecording.errors import UserError


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let *write* fill a temporary file, flush it to the disk, and rename it to *path*."""
    handle, name = tempfile.mkstemp(prefix=".", suffix=".partial", dir=path.parent)
    os.close(handle)
    partial = Path(name)
    try:
        write(partial)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.chmod(0o644)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        # The new name is durable only when the folder that holds it is.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what the operating system says against writing into a `UserError`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        advice = "give another folder"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            advice = "make room, then give the same command again"
        raise UserError(f"{folder}: cannot be written ({reason}); {advice}") from None
