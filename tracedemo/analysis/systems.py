"""Numbers of errnos, system by system: 35 is EAGAIN on macOS and EDEADLK on Linux."""

from __future__ import annotations

import errno as _errno
import os
import sys

from tracedemo.syscalls import ERRNOS, ErrnoRow

LINUX, MACOS, FREEBSD, WINDOWS = SYSTEMS = ("Linux", "macOS", "FreeBSD", "Windows")


def this_system() -> str:
    """The one that we run on, as far as numbers go; other systems of the BSD family count nearly as FreeBSD does."""
    for mark, system in (("darwin", MACOS), ("bsd", FREEBSD), ("win", WINDOWS)):
        if mark in sys.platform:
            return system
    return LINUX


def ordered(here: str) -> list[str]:
    """All systems, that one first."""
    return sorted(SYSTEMS, key=lambda system: system != here)


def named(system: str, here: str) -> str:
    """The name of a system, and whether it is the one that matters."""
    return f"{system} (here)" if system == here else system


def number_of(row: ErrnoRow, system: str) -> int | None:
    """The number of an errno; None: sockets do not answer with it there."""
    bsd = row.macos if row.freebsd is None else row.freebsd
    return {LINUX: row.linux, MACOS: row.macos, FREEBSD: bsd, WINDOWS: row.windows}[system]


def by_number(number: int, system: str) -> ErrnoRow | None:
    """The row with that number; None: none in the table."""
    return next((row for row in ERRNOS if number_of(row, system) == number), None)


def local_name(number: int) -> str:
    """What this machine's C library calls a number; empty: nothing."""
    return _errno.errorcode.get(number, "")


def local_number(name: str) -> int | None:
    """The number of an errno of this machine, whether or not it is in the table."""
    return next((number for number, known in _errno.errorcode.items() if known == name), None)


def local_meaning(number: int) -> str:
    """What this machine's C library says of a number, as a clause."""
    text = os.strerror(number)
    return f"{text[:1].lower()}{text[1:]}"


def number_text(row: ErrnoRow, system: str) -> str:
    """The number of an errno, with the name that it has there; in words where it has none."""
    number = number_of(row, system)
    if number is None:
        return "not on sockets"
    return f"{row.winsock} {number}" if system == WINDOWS else str(number)
