"""What lies beneath a Python call: its system calls, in the kernel's own form, and many small ones in a few words.

`connect(5, 127.0.0.1:8000) = -1 EINPROGRESS` is the form that strace has taught everybody: name, arguments, result.
What a call does on its own descriptor is shown call by call. What it does besides (a name lookup reads files and asks
servers, and blocks meanwhile) is many small calls on other descriptors: more than `FEW` of them become one line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tracedemo.analysis.text import byte_count, clean, listed, seconds
from tracedemo.events import Event
from tracedemo.syscalls import OPERATION

FEW = 2
"""So many calls besides are still shown one by one."""
REPEATS = 3
"""So many calls alike in a row are one line."""
DATA = 16
"""Characters of a buffer that are shown; the trace has more."""
PATH = 40
"""Characters of a path that are shown."""

SILENT = frozenset({"what", "restarted", "level", "protocol", "maxevents", "count", "ready", "room"})
"""Arguments that the short form leaves out, or shows elsewhere."""
_EPOLL_WAITS = frozenset({"epoll_wait", "epoll_pwait", "epoll_pwait2"})
_MOVES = frozenset({"sendto", "recvfrom", "sendmsg", "recvmsg", "sendfile", "read", "write"})


class Beneath(NamedTuple):
    """A line under a Python call."""

    text: str
    rows: tuple[int, ...]
    """Rows of the Trace."""
    time: int
    """Nanoseconds inside them."""
    not_yet: bool = False
    failed: bool = False


def beneath(event: Event, rows: Sequence[int], events: Sequence[Event]) -> tuple[Beneath, ...]:
    """The lines under a call.

    Args:
        rows: of its system calls, in order (`Join.beneath`).
    """
    return tuple(_lines(event, list(_groups(event, rows, events)), events))


def system_call(event: Event) -> str:
    """A row of the kernel lane as the kernel's users write it: `connect(5, 127.0.0.1:8000) = -1 EINPROGRESS`."""
    return f"{asked(event)} = {answered(event)}"


def asked(event: Event) -> str:
    """Its name and arguments."""
    texts = [text for name, value in event.args.items() if (text := _argument(event, name, value))]
    return clean(f"{event.op}({', '.join(texts)})")


def answered(event: Event) -> str:
    """Its result: a number, with what poll found; `-1 EAGAIN`; `?` for what never returned."""
    if event.errno is not None:
        return f"-1 {event.errno}"
    if event.t1 is None or event.result is None:
        return "? (a signal came in between)" if event.args.get("restarted") else "? (it never returned)"
    ready = event.args.get("ready")
    if ready and event.op not in _EPOLL_WAITS:
        return f"{event.result} ({', '.join(_pair(each) for each in ready)})"
    return str(event.result)


# How it is told


def _groups(event: Event, rows: Sequence[int], events: Sequence[Event]) -> Iterator[tuple[bool, list[int]]]:
    """Neighbours that are alike: (the call's own, rows)."""
    group: list[int] = []
    own = False
    for row in rows:
        mine = _is_own(event, events[row])
        if group and mine != own:
            yield own, group
            group = []
        own = mine
        group.append(row)
    if group:
        yield own, group


def _is_own(call: Event, made: Event) -> bool:
    """Whether a system call is what the Python call is for, and not something that it does besides."""
    operation = OPERATION.get(call.op)
    if operation is None:
        return True
    if operation.family == "lookup":
        return False
    if call.fd is None or made.fd is None:
        return made.op in operation.system_calls or any(fd == call.fd for fd, _ in made.args.get("fds") or ())
    return call.fd in (made.fd, made.result, made.args.get("epfd"))


def _lines(
    event: Event, groups: Sequence[tuple[bool, list[int]]], events: Sequence[Event]
) -> Iterator[Beneath]:
    for own, rows in groups:
        if own:
            yield from _own(rows, events)
        elif len(rows) <= FEW:
            yield from (_one(row, events) for row in rows)
        else:
            yield Beneath(
                f"{len(rows):,} system calls: {_purpose(event, rows, events)}",
                tuple(rows),
                _time(rows, events),
            )


def _own(rows: Sequence[int], events: Sequence[Event]) -> Iterator[Beneath]:
    """Each by itself, but for many alike in a row."""
    start = 0
    while start < len(rows):
        end = start + 1
        while end < len(rows) and _alike(events[rows[start]], events[rows[end]]):
            end += 1
        some = rows[start:end]
        if len(some) >= REPEATS:
            yield _repeated(some, events)
        else:
            yield from (_one(row, events) for row in some)
        start = end


def _alike(one: Event, other: Event) -> bool:
    return (one.op, one.fd, one.errno, one.t1 is None) == (other.op, other.fd, other.errno, other.t1 is None)


def _one(row: int, events: Sequence[Event]) -> Beneath:
    event = events[row]
    return Beneath(system_call(event), (row,), event.duration or 0, event.not_yet, event.failed)


def _repeated(rows: Sequence[int], events: Sequence[Event]) -> Beneath:
    first = events[rows[0]]
    on = "" if first.fd is None else f" on fd {first.fd}"
    moved = sum(events[row].bytes or 0 for row in rows)
    if first.errno is not None:
        answer = f"-1 {first.errno} each time"
    else:
        answer = f"{byte_count(moved)} in all" if first.op in _MOVES else "one after another"
    text = f"{len(rows):,} times {first.op}{on}: {answer}"
    return Beneath(text, tuple(rows), _time(rows, events), first.not_yet, first.failed)


def _purpose(event: Event, rows: Sequence[int], events: Sequence[Event]) -> str:
    """What many small calls are for: a lookup if the call names a host, else their names."""
    host = _host(event)
    if host is not None and any(events[row].op in ("openat", "socket", "connect") for row in rows):
        return f"looking up {host!r}"
    return names(events[row].op for row in rows)


def names(ops: Iterator[str]) -> str:
    """Names of system calls with how often: `openat 2, read 4, close 2`."""
    return ", ".join(f"{op} {times:,}" if times > 1 else op for op, times in Counter(ops).items())


def _host(event: Event) -> str | None:
    host = event.args.get("host")
    if host is None and isinstance(address := event.args.get("address"), str):
        host = address.rpartition(":")[0]
    return clean(str(host)) if host else None


def _time(rows: Sequence[int], events: Sequence[Event]) -> int:
    return sum(events[row].duration or 0 for row in rows)


# Arguments


def _argument(event: Event, name: str, value: Any) -> str:
    if name == "ready" and event.op in _EPOLL_WAITS:
        return "" if value is None else f"[{', '.join(map(_pair, value))}]"
    if name in SILENT or value is None or (name == "flags" and value == "0"):
        return ""
    write = _WRITERS.get(name)
    return write(value) if write is not None else str(value)


def _pair(each: Sequence[Any]) -> str:
    fd, events = each
    return f"{fd} {_mask(events)}"


def _mask(events: Any) -> str:
    return "|".join(part.removeprefix("EPOLL").removeprefix("POLL") for part in str(events).split("|"))


def _data(value: Any) -> str:
    text = str(value)
    return f'"{text}"' if len(text) <= DATA else f'"{text[:DATA].removesuffix("…").rstrip(chr(92))}…"'


def _path(value: Any) -> str:
    text = str(value)
    return f'"{text}"' if len(text) <= PATH else f'"…{text[-PATH:]}"'


def _messages(value: Any) -> str:
    return f"[{', '.join('?' if size is None else byte_count(size) for size, _ in value)}]"


_WRITERS: Mapping[str, Callable[[Any], str]] = {
    "data": _data,
    "path": _path,
    "change": lambda value: str(value).removeprefix("EPOLL_CTL_"),
    "events": _mask,
    "value": lambda value: f"[{value}]" if isinstance(value, int) else str(value),
    "fds": lambda value: (
        f"[{', '.join(_pair(each) if isinstance(each, (list, tuple)) else str(each) for each in value)}]"
    ),
    "read": lambda value: f"in [{listed(value)}]",
    "write": lambda value: f"out [{listed(value)}]",
    "except": lambda value: f"except [{listed(value)}]",
    "timeout": lambda value: (
        seconds(value) if isinstance(value, float) else "-1" if value == -1 else f"{value} ms"
    ),
    "thread": lambda value: "a thread" if value else "a process",
    "messages": _messages,
    "control": listed,
}
