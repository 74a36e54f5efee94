"""Some of the calls of a trace, picked by what is known of them."""

from __future__ import annotations

import errno as errnos
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import PurePath

from tracedemo.analysis.segments import is_call
from tracedemo.analysis.study import Study
from tracedemo.errors import UsageError
from tracedemo.events import Event
from tracedemo.syscalls import ERRNO_MEANINGS, OPERATIONS, errno_name

SHOWN = 5
"""Calls that a repr names."""


class Calls(tuple[Event, ...]):
    """Calls, in order of their begin: a tuple of Events whose repr can be read in the report of a failed assert."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self:
            return "<no calls>"
        more = f"; and {len(self) - SHOWN:,} more" if len(self) > SHOWN else ""
        noun = "call" if len(self) == 1 else "calls"
        return f"<{len(self):,} {noun}: {'; '.join(map(_told, self[:SHOWN]))}{more}>"


def _told(event: Event) -> str:
    """One call in a few words."""
    inside = event.args.get("address") or (f"fd {event.fd}" if event.fd is not None else "")
    answer = event.errno or event.exc or ("" if event.bytes is None else f"{event.bytes} bytes")
    place = event.place
    at = f" at {PurePath(place.file).name}:{place.line}" if place else ""
    return f"{event.op}({inside}){' = ' + answer if answer else ''}{at}"


def pick(
    study: Study,
    *,
    op: str | Iterable[str] | None = None,
    errno: str | int | None = None,
    exc: str | type[BaseException] | None = None,
    fd: int | None = None,
    owner: str | None = None,
) -> Calls:
    """The calls of the program for which all that is given holds.

    Raises:
        UsageError: there is no such operation or errno.
    """
    tests = list(_tests(op, errno, exc, fd, owner))
    return Calls(event for event in study.events if is_call(event) and all(test(event) for test in tests))


def _tests(
    op: str | Iterable[str] | None,
    errno: str | int | None,
    exc: str | type[BaseException] | None,
    fd: int | None,
    owner: str | None,
) -> Iterator[Callable[[Event], bool]]:
    if op is not None:
        names = _operations(op)
        yield lambda event: event.op in names
    if errno is not None:
        wanted = _errno(errno)
        yield lambda event: event.errno == wanted
    if exc is not None:
        kind = exc if isinstance(exc, str) else exc.__name__
        yield lambda event: event.exc == kind
    if fd is not None:
        yield lambda event: event.fd == fd
    if owner is not None:
        pattern = owner.replace("[", "[[]")
        yield lambda event: event.owner is not None and fnmatchcase(event.owner, pattern)


def _operations(op: str | Iterable[str]) -> frozenset[str]:
    """A word that is none would never be found, and an assert that counts it to 0 would hold for ever."""
    names = frozenset([op] if isinstance(op, str) else op)
    known = [row.name for row in OPERATIONS]
    for name in sorted(names.difference(known)):
        raise UsageError(f"there is no operation {name!r}", f"Operations: {', '.join(known)}.")
    return names


def _errno(errno: str | int) -> str:
    """The name that rows have: of two names of one number (EAGAIN, EWOULDBLOCK) always the same."""
    if isinstance(errno, int):
        return errno_name(errno)
    number = getattr(errnos, errno, None) if errno.startswith("E") else None
    if number is None and errno not in ERRNO_MEANINGS:
        raise UsageError(f"there is no errno {errno!r}", "Write its name, such as EAGAIN, or its number.")
    return errno if number is None else errno_name(number)
