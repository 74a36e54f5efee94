"""Files that take another one's place when they are whole."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def in_place_of(path: Path) -> Iterator[Path]:
    """A path to write to. When the `with` is left well, what was written takes the place of `path`; if not, what stood
    there stays, and what was begun is gone.

    A device or a pipe is written to as it is; so is a file in a folder that takes no other one.

    Raises:
        OSError: it cannot be put there.
    """
    there = path.resolve()  # a link goes on leading where it led
    part = there.with_name(f".{os.getpid()}-{there.name}")
    if not _can_be_replaced(there, part):
        yield path
        return
    try:
        yield part
        if there.exists():
            part.chmod(stat.S_IMODE(there.stat().st_mode))
        part.replace(there)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _can_be_replaced(there: Path, part: Path) -> bool:
    if there.exists() and not there.is_file():
        return False
    try:
        part.open("xb").close()
    except OSError:
        return False
    return True
