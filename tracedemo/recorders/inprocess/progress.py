"""How far a spool has come that is still being written: looked at from outside, while its program runs."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tracedemo.recorders.inprocess import layout

_BLOCK = 4096
"""Records that are looked at in one go."""
_MOST = 16
"""Blocks; of a program that has made more calls nothing is said."""


class Progress(NamedTuple):
    """What a program has recorded so far."""

    calls: int
    """How many calls it has made."""
    inside: bool
    """One of them has not returned."""


def progress(path: Path) -> Progress | None:
    """How far a spool has come; None: it has not begun, has become too long to be looked at, or keeps the first calls only.

    Raises:
        OSError: it cannot be read.
    """
    calls, inside = 0, False
    with path.open("rb") as file:
        head = file.read(layout.PAGE)
        if not head.startswith(layout.MAGIC) or any(layout.KEEP.unpack_from(head, layout.KEEP_AT)):
            return None
        slots = layout.HEADER.unpack_from(head)[2]
        file.seek(layout.PAGE + layout.SIZE)  # the first number is that of slot 1
        for _ in range(min(_MOST, slots // _BLOCK - 1)):
            block = file.read(_BLOCK * layout.SIZE)
            rows = [raw for raw in layout.RECORD.iter_unpack(block) if raw[0] > 0 and raw[1] > 0]
            inside = inside or any(not t1 for *_, t1, _, _, _, _ in rows)
            calls += len(rows)
            if not rows:
                return Progress(calls, inside)
    return None
