"""A look from outside: what a run has left behind on this machine, read from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.tagged import described, tagged

TAG = "TESTS_LOOK_FROM_OUTSIDE"
"""The variable by which whoever was started meanwhile is known, also when whoever started it has gone."""

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
    """States of all TCP sockets of this machine with that port at either end, but those of programs that are not ours.

    TIME_WAIT is left out: there nobody has a socket, the kernel remembers for a minute that there was one. So are sockets
    of processes that are no children of this one: a port that was given back may be another's now. (What was started within
    `watching()` and lost its parent is found there.)
    """
    found = list(_sockets(port))
    # Others come and go while this looks: what is left stays, also until their sockets have been told apart.
    none_of_ours = set(_sockets_of_others()) if found else set()
    still = {name for _, name in _sockets(port)} if found else set()
    return [state for state, name in found if name in still - none_of_ours]


def _sockets(port: int) -> Iterator[tuple[str, str]]:
    """(state, name as in /proc/PID/fd)."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            _, local, remote, state, _, _, _, _, _, inode = line.split()[:10]
            ports = {int(end.rpartition(":")[2], 16) for end in (local, remote)}
            if port in ports and state != TIME_WAIT:
                yield state, f"socket:[{inode}]"


def _sockets_of_others() -> Iterator[str]:
    ours = {os.getpid(), *_children()}
    for path in Path("/proc").glob("[0-9]*/fd/*"):
        if int(path.parts[2]) not in ours:
            with suppress(OSError):  # closed, or another user's
                yield str(path.readlink())


@contextmanager
def watching() -> Iterator[list[str]]:
    """Gives a list; after the block it tells what is left of what was done within: processes, descriptors."""
    left: list[str] = []
    before, value = look(), os.urandom(8).hex()
    os.environ[TAG] = value
    try:
        yield left
    finally:
        del os.environ[TAG]
    after = look()
    left += [f"child {described(pid)}" for pid in after.children - before.children]
    left += [f"descriptor {one}" for one in after.descriptors ^ before.descriptors]
    left += [f"process {described(pid)}" for pid in tagged(f"{TAG}={value}")]


@contextmanager
def nothing_left() -> Iterator[None]:
    """What is done within leaves no process and no descriptor."""
    with watching() as left:
        yield
    assert [] == left
