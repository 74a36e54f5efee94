"""A look from outside: what a run has left behind on this machine, read from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

LISTEN, TIME_WAIT = "0A", "06"
"""States of a TCP socket as /proc/net/tcp spells them (include/net/tcp_states.h)."""


class Left(NamedTuple):
    """What belongs to this process at one moment."""

    children: frozenset[int]
    descriptors: frozenset[str]


def look() -> Left:
    """Children, and descriptors with what they lead to (without the one by which this is read)."""
    return Left(frozenset(_children()), frozenset(_descriptors()))


def _children() -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name stands in parentheses, and may hold some.
            parent = int(path.read_bytes().rpartition(b")")[2].split()[1])
        except OSError:
            continue
        if parent == os.getpid():
            yield int(path.parent.name)


def _descriptors() -> Iterator[str]:
    for path in Path("/proc/self/fd").iterdir():
        try:
            yield f"{path.name} {path.readlink()}"
        except OSError:
            continue  # the one by which the folder was read


def sockets_at(port: int) -> list[str]:
    """States of all TCP sockets of this machine with that local port, TIME_WAIT apart, in which nobody has a socket."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            _, local, _, state = line.split()[:4]
            if int(local.rpartition(":")[2], 16) == port and state != TIME_WAIT:
                found.append(state)
    return found


@contextmanager
def nothing_left() -> Iterator[None]:
    """What is done within leaves no child and no descriptor."""
    before = look()
    yield
    assert before == look()
