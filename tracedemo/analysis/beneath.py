"""What lies beneath a Python call: its system calls one by one, many small ones in a few words, or none at all.

What a call does on its own descriptor is shown call by call; what is done again and again (`sendall` of much data, a TLS
handshake) is one line with a count. What it does besides is many small calls on other descriptors: a name lookup reads
files and asks servers, an import reads modules. More than `FEW` of them become one line that says what for, and how long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tracedemo.analysis.join import Join
from tracedemo.analysis.segments import is_call
from tracedemo.analysis.system_calls import MOVES, spoken, system_call
from tracedemo.analysis.text import byte_count, clean, duration_text, duration_words
from tracedemo.events import Event
from tracedemo.syscalls import OPERATION, RECEIVE, WATCH

FEW = 2
"""So many calls besides are still shown one by one."""
REPEATS = 3
"""So many calls alike in a row are one line ..."""
PERIOD = 3
"""... and so are patterns of up to so many calls: with a timeout, each send is a poll and a sendto."""

OWN, IMPORT, BESIDES = "own", "import", "besides"
"""What a system call is for: what the Python call is about; a module that is imported on the way; all else."""

_MODULE_ENDINGS = (".py", ".pyc")
_MODULE_FOLDERS = ("/lib-dynload/", "/site-packages/", "/dist-packages/")
_LOOKS_UP = frozenset({"openat", "socket", "connect"})
_LIBRARY = frozenset({"read", "write"})


class Beneath(NamedTuple):
    """A line under a Python call."""

    text: str
    aloud: str
    """The same, to be read aloud."""
    rows: tuple[int, ...]
    """Rows of the Trace."""
    not_yet: bool = False
    failed: bool = False


def beneath(calls: Sequence[int], found: Join, events: Sequence[Event]) -> tuple[Beneath, ...]:
    """The lines under a line of the log.

    Args:
        calls: rows of the Python call, or of several that are alike.
    """
    event = events[calls[0]]
    rows = [row for call in calls for row in found.beneath.get(call, ())]
    if not rows:
        silent = all(makes_none(events[call], found) for call in calls)
        return (Beneath(why := _why_none(event), why, ()),) if silent else ()
    lines = tuple(_summed(event, rows, events) if len(calls) > 1 else _lines(event, rows, events))
    if any(_is_encrypted(event, events[row]) for row in rows):
        first = lines[0]
        return first._replace(text=f"TLS: {first.text}", aloud=f"for TLS, {first.aloud}"), *lines[1:]
    return lines


def makes_none(event: Event, found: Join) -> bool:
    """Whether it is certain that a call made no system call, of those that it might have been expected to make.

    Nothing is said of a lookup, which can wait for another thread's in a futex; of what never returned; and of what has its
    system call outside of its own time (`join`).
    """
    operation = OPERATION.get(event.op)
    if operation is None or not operation.system_calls or operation.family == "lookup" or event.t1 is None:
        return False
    elsewhere = event.op in ("close", "selector") and event.fd is not None
    return is_call(event) and not elsewhere and (event.pid, event.tid) in found.sure


def _why_none(event: Event) -> str:
    """With poll and select only Python knows what is watched, until it asks; and TLS comes in records, which are decrypted
    whole.
    """
    phase = OPERATION[event.op].phase
    if phase == WATCH and event.op != "selector":
        return "no system call: only Python takes note"
    if phase == RECEIVE and event.bytes:
        return "no system call: the TLS library had these bytes"
    return "no system call"


def names(ops: Iterable[str]) -> str:
    """Names of system calls with how often: `openat 2, read 4, close 2`."""
    return ", ".join(f"{op} {times:,}" if times > 1 else op for op, times in Counter(ops).items())


# Whose they are, and what for


def _is_encrypted(call: Event, made: Event) -> bool:
    """CPython's sockets never read() or write(): only a TLS library does."""
    operation = OPERATION.get(call.op)
    if operation is None or made.op not in _LIBRARY or made.fd is None or made.fd != call.fd:
        return False
    return operation.family in ("socket", "tls")


def _purpose(call: Event, made: Event) -> str:
    file = made.args.get("path") or made.args.get("what")
    if isinstance(file, str) and _is_module(file, made):
        return IMPORT
    return OWN if _is_own(call, made) else BESIDES


def imports(made: Event) -> bool:
    """Whether a system call has to do with a module that is imported, as far as its file tells."""
    file = made.args.get("what") or made.args.get("path")
    return isinstance(file, str) and _is_module(file, made)


def _is_module(file: str, made: Event) -> bool:
    """Python's import system reads .pyc files, and lists the folders in which it looks for them."""
    if file.endswith(_MODULE_ENDINGS) or any(folder in file for folder in _MODULE_FOLDERS):
        return True
    return "O_DIRECTORY" in str(made.args.get("flags", ""))


def _is_own(call: Event, made: Event) -> bool:
    """Whether a system call is what the Python call is for, and not something that it does besides."""
    operation = OPERATION.get(call.op)
    if operation is None:
        return True
    if operation.family == "lookup":
        return False
    if call.fd is None or made.fd is None:
        watched = made.args.get("fds")
        pairs = watched if isinstance(watched, (list, tuple)) else ()
        return made.op in operation.system_calls or any(
            isinstance(pair, (list, tuple)) and pair[:1] in ([call.fd], (call.fd,)) for pair in pairs
        )
    return call.fd in (made.fd, made.result, made.args.get("epfd"))


def _host(event: Event) -> str:
    host = event.args.get("host")
    if host is None and isinstance(address := event.args.get("address"), str):
        host = address.rpartition(":")[0]
    return clean(str(host)) if host else ""


# How it is told


def _lines(event: Event, rows: Sequence[int], events: Sequence[Event]) -> Iterator[Beneath]:
    for purpose, group in _groups(event, rows, events):
        if purpose == OWN:
            yield from _one_by_one(group, events)
        elif len(group) <= FEW:
            yield from (_one(row, events) for row in group)
        else:
            yield _many(event, purpose, group, events)


def _groups(event: Event, rows: Sequence[int], events: Sequence[Event]) -> Iterator[tuple[str, list[int]]]:
    """Neighbours of one purpose."""
    group: list[int] = []
    last = ""
    for row in rows:
        purpose = _purpose(event, events[row])
        if (
            purpose != last
            and last == IMPORT
            and purpose == BESIDES
            and _shuts(events[row], events[group[-1]])
        ):
            purpose = IMPORT  # an engine that does not say what a descriptor stands for
        if group and purpose != last:
            yield last, group
            group = []
        last = purpose
        group.append(row)
    if group:
        yield last, group


def _shuts(made: Event, before: Event) -> bool:
    """Whether it goes on with the descriptor of the call before."""
    opened = before.result if before.op == "openat" else before.fd
    return made.fd is not None and made.fd == opened and made.op in ("read", "ioctl", "close")


def _many(event: Event, purpose: str, rows: Sequence[int], events: Sequence[Event]) -> Beneath:
    """What many small calls are for, and from when to when: meanwhile the thread does nothing else."""
    first, last = events[rows[0]], events[rows[-1]]
    took = (last.t0 if last.t1 is None else last.t1) - first.t0
    number, what = f"{len(rows):,} system calls", _told(event, purpose, rows, events)
    text, aloud = (
        f"{number}, {duration_text(took)}: {what}",
        f"{number} in {duration_words(took)}, {what}",
    )
    return Beneath(text, aloud, tuple(rows))


def _told(event: Event, purpose: str, rows: Sequence[int], events: Sequence[Event]) -> str:
    if purpose == IMPORT:
        return "importing modules"
    host = _host(event)
    if host and any(events[row].op in _LOOKS_UP for row in rows):
        # The socket may be non-blocking: the C library's name lookup is not.
        return f"looking up {host!r}" + (", which blocks" if event.not_yet else "")
    return names(events[row].op for row in rows)


def _one_by_one(rows: Sequence[int], events: Sequence[Event]) -> Iterator[Beneath]:
    """Each by itself, but for patterns that are repeated."""
    keys = [_key(events[row]) for row in rows]
    start = 0
    while start < len(rows):
        period, times = _pattern(keys, start)
        end = start + period * times
        if times >= REPEATS:
            yield _repeated(rows[start:end], period, events)
        else:
            end = start + 1
            yield _one(rows[start], events)
        start = end


Key = tuple[str, int | None, str | None, bool]


def _key(event: Event) -> Key:
    return event.op, event.fd, event.errno, event.t1 is None


def _pattern(keys: Sequence[Key], start: int) -> tuple[int, int]:
    """(length, how often in a row) of the shortest pattern from here on that is repeated often enough; else (1, 1)."""
    for period in range(1, PERIOD + 1):
        end = start + period
        while end < len(keys) and keys[end] == keys[end - period]:
            end += 1
        times = (end - start) // period
        if times >= REPEATS:
            return period, times
    return 1, 1


def _one(row: int, events: Sequence[Event]) -> Beneath:
    event = events[row]
    return Beneath(system_call(event), spoken(event), (row,), event.not_yet, event.failed)


def _repeated(rows: Sequence[int], period: int, events: Sequence[Event]) -> Beneath:
    """`40 times poll, sendto on fd 5: 8,000,000 bytes in all`."""
    pattern = [events[row] for row in rows[:period]]
    fds = {event.fd for event in pattern if event.fd is not None}
    on = f" on fd {fds.pop()}" if len(fds) == 1 else ""
    moved = sum(events[row].bytes or 0 for row in rows)
    if all(event.errno is not None for event in pattern):
        answer = f"-1 {pattern[-1].errno} each time"
    elif any(event.op in MOVES for event in pattern):
        answer = f"{byte_count(moved)} in all"
    else:
        answer = "one after another"
    last = pattern[-1]
    text = clean(f"{len(rows) // period:,} times {', '.join(event.op for event in pattern)}{on}: {answer}")
    return Beneath(text, text.replace("-1 ", ""), tuple(rows), last.not_yet, last.failed)


def _summed(event: Event, rows: Sequence[int], events: Sequence[Event]) -> Iterator[Beneath]:
    """Beneath several calls that are alike: each kind of system call once, with how often."""
    kinds: dict[tuple[str, Key | None], list[int]] = {}
    for row in rows:
        purpose = _purpose(event, events[row])
        kinds.setdefault((purpose, _key(events[row]) if purpose == OWN else None), []).append(row)
    for (purpose, _), found in kinds.items():
        if len(found) == 1:
            yield _one(found[0], events)
        elif purpose == OWN:
            yield _repeated(found, 1, events)
        else:
            what = _told(event, purpose, found, events)
            number = f"{len(found):,} system calls"
            yield Beneath(f"{number}: {what}", f"{number}, {what}", tuple(found))
