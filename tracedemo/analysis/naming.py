"""Which rows of the table a name stands for: `recv`, `sock.recv()`, `epoll_wait(2)`, `not-yet`, `WSAEWOULDBLOCK`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from tracedemo.syscalls import (
    ERRNOS,
    EXCEPTIONS,
    OPERATION,
    OPERATIONS,
    PHASES,
    STEPS,
    SYSTEM_CALLS,
    ErrnoRow,
    ExceptionRow,
    Operation,
    Step,
    SystemCallRow,
)
from tracedemo.syscalls.spelled import SPELLED
from tracedemo.syscalls.words import WORDS, Word

Row = Operation | SystemCallRow | ErrnoRow | ExceptionRow | Step | Word | str
"""A row of the table; a text is a phase."""

_NUMBER = re.compile(r"\[?(?:(?:win)?err(?:or|no)? ?#?)?-?(\d{1,9})\]?", re.IGNORECASE | re.ASCII)
_FEW = 5
_LONG_ENOUGH = 3
"""Letters that are enough to be looked for inside of names."""


def find(name: str) -> tuple[Row, ...]:
    """The rows that a name stands for, the usual meaning first; else those of what stands behind its last dot."""
    index, key = _index(), _key(name)
    return index.get(key) or index.get(key.rpartition(".")[2], ())


def number_in(name: str) -> int | None:
    """The number of an errno, as messages write it: `35`, `-11`, `[Errno 11]`, `Err#35`, `WinError 10035`."""
    match = _NUMBER.fullmatch(name.strip())
    return int(match[1]) if match else None


def near(name: str) -> list[str]:
    """A few names that look alike, or have this one in them."""
    from difflib import get_close_matches

    shown = {
        _key(name): typed(name) for _, names in _all_names() for name in names if name and "." not in name
    }
    shown.update((_key(phase), phase) for phase in PHASES)
    key = _key(name)
    found = [shown[other] for other in get_close_matches(key, shown, 3)]
    if len(key) >= _LONG_ENOUGH:
        found += [text for other, text in shown.items() if key in other]
    return list(dict.fromkeys(found))[:_FEW]


def typed(name: str) -> str:
    """A name as one word of a command line."""
    return name.replace(" ", "-")


def _key(name: str) -> str:
    """What is alike for a person has one key: `Not-Yet` and `not yet`; `recv()` and `recv`; `epoll_wait(2)`."""
    return re.sub(r"\(\w*\)$|[\s_-]+", "", name.strip().casefold())


@cache
def _index() -> Mapping[str, tuple[Row, ...]]:
    found: dict[str, list[Row]] = {}
    for row, names in _all_names():
        for key in filter(None, map(_key, names)):
            rows = found.setdefault(key, [])
            if row not in rows:
                rows.append(row)
    for phase in PHASES:
        found.setdefault(_key(phase), [phase])
        found[f"phase={phase}"] = [phase]
    return {key: tuple(rows) for key, rows in found.items()}


def _all_names() -> Iterator[tuple[Row, Iterable[str]]]:
    """Every row with all its names."""
    yield from ((row, (row.name, *SPELLED[row.name])) for row in OPERATIONS)
    yield from ((row, (row.name,)) for row in SYSTEM_CALLS)
    yield from ((row, (row.name, *row.also, row.winsock)) for row in ERRNOS)
    yield from ((row, (row.name, *row.also)) for row in EXCEPTIONS)
    yield from ((row, (row.name, *row.also)) for row in WORDS)
    yield from ((row, (row.name,)) for row in STEPS)
    yield from ((row, _last_names(row)) for row in OPERATIONS)


def _last_names(row: Operation) -> list[str]:
    """`getservbyname` of `socket.getservbyname`; where that is another operation, it stays that."""
    names = [name.rpartition(".")[2] for name in SPELLED[row.name]]
    return [name for name in names if name not in OPERATION]
