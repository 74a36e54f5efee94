"""Which system call was made by which Python call: the two stories of a run, laid over each other.

Theory
    A thread is in one place at a time. While it is inside a call of Python's socket interface, every system call that it
    makes is made by that call; and a tracer stamps the entry of a system call while the thread stands still inside it. So
    with both times on one clock, a system call belongs to the innermost call of the same thread whose interval holds its
    entry. No marker is needed, and none is put into the program.

Two cases are told by the descriptor, not by the time, because CPython leaves no other way to see them
    * select.epoll() has made its descriptor when its __init__, the first thing that a patch can see, is called: an
      epoll_create1 right before a `selector` row with that descriptor.
    * A finalizer closes behind its row, which has no length: a close right after a `close` row of that descriptor.

What stands under no call is not hidden: it is listed with the reason. The one exception is the start of an interpreter, a
hundred system calls or many more that say nothing about the program: they are counted. A start goes from execve() to the
moment at which the interpreter has read the script, or, of a module and of a child, to the first call of the process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracedemo.analysis.segments import is_call
from tracedemo.events import FLOW, KERNEL, PYTHON, TRACER, Event, Header, Trace
from tracedemo.syscalls import SYSTEM_CALLS
from tracedemo.syscalls.kernel import FILES, MOVING, PROCESSES, READY, SOCKETS

_ANY_FILE = frozenset({"read", "write", "sendfile"})
"""System calls that move data, though not only of sockets."""

COUNTED = frozenset(row.name for row in SYSTEM_CALLS if row.group in (SOCKETS, MOVING, READY)) - _ANY_FILE
"""The system calls of which the match rate speaks, besides ioctl(FIONBIO): what Python's socket and selector interface is
there for.  Of others (read, close, openat) only some have to do with it."""


class Outside(NamedTuple):
    """A system call under no Python call."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Join:
    """The kernel lane of a Trace, laid under its Python calls.  Rows are rows of the Trace."""

    parent: Mapping[int, int]
    """Of a system call the row of its Python call, which may be one of the tool's own."""
    beneath: Mapping[int, tuple[int, ...]]
    """Of a Python call its system calls, in order."""
    outside: tuple[Outside, ...]
    """Those after the start that stand under no call, and are not the tool's own."""
    startup: tuple[int, ...]
    """Those of the interpreter's start."""
    tool: tuple[int, ...]
    """Those of tracedemo itself: under a row of its own, or on its own files."""
    matched: int
    """Of the `COUNTED` ones after the start, and not the tool's own: how many stand under a call ..."""
    unmatched: tuple[Outside, ...]
    """... and those that do not."""
    sure: frozenset[tuple[int, int]]
    """Threads (pid, tid) of which no system call is missing here: what has none beneath it, made none that is traced."""

    @property
    def counted(self) -> int:
        """All of which the match rate speaks."""
        return self.matched + len(self.unmatched)

    @property
    def rate(self) -> float:
        """The part that stands under exactly one Python call, from 0 to 1; 1 where there is nothing to match."""
        return self.matched / self.counted if self.counted else 1.0

    @property
    def told(self) -> str:
        """How well the two lanes fit, in a sentence."""
        these, when = "on sockets, polls and epolls", "after the start"
        if not self.counted:
            return f"There were no system calls {these} {when}."
        if not self.unmatched:
            which = (
                f"The one system call {these} {when} lies"
                if self.counted == 1
                else f"All {self.counted:,} system calls {these} {when} lie"
            )
            return f"{which} under a Python call (100 %)."
        share = int(self.rate * 10_000) / 100  # rounded down: 100 % is said only of all
        others = "1 does" if len(self.unmatched) == 1 else f"{len(self.unmatched):,} do"
        return (
            f"{self.matched:,} of {self.counted:,} system calls {these} {when} lie under a Python call"
            f" ({share:.2f} %); {others} not."
        )


def join(trace: Trace) -> Join | None:
    """Lay the kernel lane of a Trace (rows in order of `t0`) under its Python calls; None: it has no kernel lane."""
    if KERNEL not in set(trace.column("lane")):
        return None
    events = trace.hold()
    parent = _by_time(events)
    _by_descriptor(events, parent)
    return _sorted_out(events, parent, trace.header)


def counts(event: Event) -> bool:
    """Whether the match rate speaks of this system call."""
    return event.op in COUNTED or (event.op == "ioctl" and event.args.get("request") == "FIONBIO")


def _by_time(events: Sequence[Event]) -> dict[int, int]:
    """The innermost call of the same thread that was open when the system call was entered."""
    parent: dict[int, int] = {}
    open_calls: dict[tuple[int, int], list[int]] = {}
    for row, event in enumerate(events):
        if event.lane == PYTHON:
            open_calls.setdefault((event.pid, event.tid), []).append(row)
        elif event.lane == KERNEL and (stack := open_calls.get((event.pid, event.tid))):
            while stack and _is_over(events[stack[-1]], event.t0):
                stack.pop()
            if stack:
                parent[row] = stack[-1]
        if event.op == "execve" and event.lane == KERNEL and event.result == 0:
            # Another program has taken the place of this one, and its calls will never return.
            for thread in [thread for thread in open_calls if thread[0] == event.pid]:
                del open_calls[thread]
    return parent


def _is_over(call: Event, now: int) -> bool:
    return call.t1 is not None and call.t1 < now


def _by_descriptor(events: Sequence[Event], parent: dict[int, int]) -> None:
    """The two cases that time cannot tell."""
    last: dict[int, int] = {}
    made: dict[int, int] = {}
    for row, event in enumerate(events):
        if event.lane == PYTHON:
            earlier = made.pop(event.tid, None)
            if earlier is not None and event.op == "selector" and event.fd == events[earlier].result:
                parent[earlier] = row
            last[event.tid] = row
        elif event.lane == KERNEL and row not in parent:
            before = last.get(event.tid)
            if event.op in ("epoll_create1", "epoll_create") and event.result is not None:
                made[event.tid] = row
            elif event.op == "close" and before is not None and _finalizes(events[before], event):
                parent[row] = before
                last.pop(event.tid)


def _finalizes(call: Event, closing: Event) -> bool:
    return call.op == "close" and "by" in call.args and call.fd == closing.fd


def _sorted_out(events: Sequence[Event], parent: dict[int, int], header: Header) -> Join:
    first, began = _ends_of_starts(events, header), _starts_of(events, header)
    replaced = _replaced(events)
    known = {(event.pid, event.tid) for event in events if event.lane == PYTHON}
    processes = {pid for pid, _ in known}
    beneath: dict[int, list[int]] = {}
    outside, startup, tool = [], [], []
    matched = 0
    for row, event in enumerate(events):
        if event.lane != KERNEL:
            continue
        above = parent.get(row)
        if above is not None:
            beneath.setdefault(above, []).append(row)
        if event.mark == TRACER or (above is not None and events[above].mark == TRACER):
            tool.append(row)
        elif above is not None and is_call(events[above]):
            matched += counts(event)
        elif _starts(event, first, began):
            startup.append(row)
        elif above is None:
            again = event.t0 > replaced.get(event.pid, event.t0)
            reason = _REPLACED if again and counts(event) else _reason(event, known, processes, header)
            outside.append(Outside(row, reason))
    unmatched = tuple(each for each in outside if counts(events[each.row]))
    return Join(parent, {row: tuple(rows) for row, rows in beneath.items()}, tuple(outside), tuple(startup),
                tuple(tool), matched, unmatched, _sure(events, unmatched, header))  # fmt: skip


def _sure(
    events: Sequence[Event], unmatched: Sequence[Outside], header: Header
) -> frozenset[tuple[int, int]]:
    if header.dropped.get(KERNEL):
        return frozenset()
    doubtful = {(events[each.row].pid, events[each.row].tid) for each in unmatched}
    return frozenset({(event.pid, event.tid) for event in events if event.lane == KERNEL} - doubtful)


def _ends_of_starts(events: Sequence[Event], header: Header) -> dict[int, int]:
    """When each process made its first call, or step of a generator; of the target, when its script had been read."""
    first: dict[int, int] = {}
    # Where calls were dropped, the first one that was kept says nothing.
    for event in events if not header.dropped.get(PYTHON) else ():
        if event.lane == FLOW or is_call(event):
            first.setdefault(event.pid, event.t0)
    read = _script_was_read(events, header)
    if read is not None:
        first[header.pid] = min(read, first.get(header.pid, read))
    return first


def _script_was_read(events: Sequence[Event], header: Header) -> int | None:
    """When the interpreter closed the script behind itself; None: it is not known.

    It opens a script once to see whether it is a zip file, then once more, and reads and closes it before it runs it
    (Python/pythonrun.c). Whatever is opened in between, or after the second time, is the program's.
    """
    if header.kind not in ("script", "variant") or not header.argv:
        return None
    own = (event for event in events if event.lane == KERNEL and event.pid == header.pid and not event.mark)
    fd, opened, end = None, 0, None
    for event in own:
        if event.op == "openat" and event.result is not None and event.args.get("path") == header.argv[0]:
            fd, opened = event.result, opened + 1
        elif event.op == "close" and fd is not None and event.fd == fd:
            fd, end = None, event.t1
            if opened == _TIMES_READ:
                break
        elif event.op == "openat" and end is not None:
            break
    return end


_TIMES_READ = 2


def _starts(event: Event, first: Mapping[int, int], began: Mapping[int, int]) -> bool:
    """Whether an interpreter was still starting.  A forked child does not start; and of a process that never made a call
    nobody knows when its start was over, so all of it is shown.
    """
    return began.get(event.pid, event.t0 + 1) <= event.t0 < first.get(event.pid, event.t0)


def _starts_of(events: Sequence[Event], header: Header) -> dict[int, int]:
    """When interpreters began to start: the process that was started, and those that called execve()."""
    began = {header.pid: 0}
    for event in events:
        if event.op == "execve" and event.lane == KERNEL and event.result == 0:
            began.setdefault(event.pid, event.t0)
    return began


def _replaced(events: Sequence[Event]) -> dict[int, int]:
    """When a process that had made calls of Python became another program."""
    last: dict[int, int] = {}
    called: set[int] = set()
    for event in events:
        if event.lane == PYTHON:
            called.add(event.pid)
            last.pop(event.pid, None)
        elif event.op == "execve" and event.lane == KERNEL and event.result == 0 and event.pid in called:
            last[event.pid] = event.t0
    return last


_REPLACED = "its process has become another program (execve), of which no call of Python was recorded"
_FILES = frozenset(row.name for row in SYSTEM_CALLS if row.group == FILES) | _ANY_FILE
_STARTERS = frozenset(row.name for row in SYSTEM_CALLS if row.group == PROCESSES)


def _reason(event: Event, known: set[tuple[int, int]], processes: set[int], header: Header) -> str:
    if event.op in _STARTERS:
        return "a thread or a process is started"
    if event.op in _FILES and not counts(event):
        return "files, modules and output"
    if event.pid not in processes:
        return "its process made no call that was recorded: no Python, or not traced"
    if header.dropped.get(PYTHON):
        return "calls of Python were dropped, and it may have been under one of them"
    if (event.pid, event.tid) not in known:
        return "its thread made no call that was recorded"
    return "made in C, outside of Python's socket and selector interface"


def reasons(outside: Sequence[Outside]) -> Iterator[tuple[str, int]]:
    """(reason, how many), most frequent first."""
    yield from Counter(each.reason for each in outside).most_common()
