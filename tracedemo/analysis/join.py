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

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import le
from typing import NamedTuple

from tracedemo.analysis.segments import own_calls
from tracedemo.events import FLOW, KERNEL, MOST_HELD, PYTHON, TRACER, Event, Header, Trace
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


NOBODY = -1
"""In place of the row of a call: a system call stands under none."""


class Above(Mapping[int, int]):
    """Of very many system calls the row of their call, as `Join.parent`."""

    def __init__(self, parent: array[int]) -> None:
        self._parent = parent

    def __getitem__(self, row: int) -> int:
        above = self._parent[row] if 0 <= row < len(self._parent) else NOBODY
        if above == NOBODY:
            raise KeyError(row)
        return above

    def __iter__(self) -> Iterator[int]:
        return (row for row, above in enumerate(self._parent) if above != NOBODY)

    def __len__(self) -> int:
        return len(self._parent) - self._parent.count(NOBODY)


class Below(Mapping[int, tuple[int, ...]]):
    """The same, the other way round, as `Join.beneath`: system calls by their call, and where each call's begin."""

    def __init__(self, parent: array[int]) -> None:
        self._rows = array("i", (row for row, above in enumerate(parent) if above != NOBODY))
        self._calls = array("i", map(parent.__getitem__, self._rows))
        if not all(map(le, self._calls, islice(self._calls, 1, None))):  # as with several threads
            self._rows = array("i", sorted(self._rows, key=parent.__getitem__))
            self._calls = array("i", map(parent.__getitem__, self._rows))

    def __getitem__(self, call: int) -> tuple[int, ...]:
        begin = bisect_left(self._calls, call)
        end = bisect_right(self._calls, call, begin)
        if begin == end:
            raise KeyError(call)
        return tuple(self._rows[begin:end])

    def __iter__(self) -> Iterator[int]:
        return iter(dict.fromkeys(self._calls))

    def __len__(self) -> int:
        return len(set(self._calls))


def _mappings(parent: array[int]) -> tuple[Mapping[int, int], Mapping[int, tuple[int, ...]]]:
    """`Join.parent` and `Join.beneath`: of millions, as columns."""
    if len(parent) > MOST_HELD:
        return Above(parent), Below(parent)
    beneath: dict[int, list[int]] = {}
    above = {row: call for row, call in enumerate(parent) if call != NOBODY}
    for row, call in above.items():
        beneath.setdefault(call, []).append(row)
    return above, {row: tuple(rows) for row, rows in beneath.items()}


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
    parent = _by_time(trace)
    _by_descriptor(trace, parent)
    return _sorted_out(trace, parent)


def counts(event: Event) -> bool:
    """Whether the match rate speaks of this system call."""
    return event.op in COUNTED or (event.op == "ioctl" and event.args.get("request") == "FIONBIO")


def _execs(trace: Trace) -> list[int]:
    """Rows in which a process became another program."""
    if "execve" not in trace.values("op"):
        return []
    rows = (row for row, op in enumerate(trace.column("op")) if op == "execve")
    return [row for row in rows if trace[row].lane == KERNEL and trace[row].result == 0]


def _by_time(trace: Trace) -> array[int]:
    """Of each system call the innermost call of the same thread that was open when it was entered; else NOBODY."""
    parent = array("i", [NOBODY]) * len(trace)
    open_calls: dict[tuple[int, ...], list[int]] = {}
    execs = set(_execs(trace))
    returns, never, entries = trace.numbers("t1").codes, trace.numbers("t1").none, trace.numbers("t0").codes
    for row, (lane, thread) in enumerate(zip(trace.column("lane"), trace.keys("pid", "tid"), strict=True)):
        if lane == PYTHON:
            open_calls.setdefault(thread, []).append(row)
        elif lane == KERNEL and (stack := open_calls.get(thread)):
            now = entries[row]
            while stack and (end := returns[stack[-1]]) != never and _is_over(end, now):
                stack.pop()
            if stack:
                parent[row] = stack[-1]
        if row in execs:
            # Another program has taken the place of this one, and its calls will never return.
            for gone in [gone for gone in open_calls if gone[0] == thread[0]]:
                del open_calls[gone]
    return parent


def _is_over(end: int, now: int) -> bool:
    return end < now


def _by_descriptor(trace: Trace, parent: array[int]) -> None:
    """The two cases that time cannot tell."""
    last: dict[int, int] = {}
    made: dict[int, int] = {}
    rows = enumerate(zip(trace.column("lane"), trace.numbers("tid").codes, parent, strict=True))
    for row, (lane, tid, above) in rows:
        if lane == PYTHON:
            if tid in made:
                earlier, event = made.pop(tid), trace[row]
                if event.op == "selector" and event.fd == trace[earlier].result:
                    parent[earlier] = row
            last[tid] = row
        elif lane == KERNEL and above == NOBODY:
            event, before = trace[row], last.get(tid)
            if event.op in ("epoll_create1", "epoll_create") and event.result is not None:
                made[tid] = row
            elif event.op == "close" and before is not None and _finalizes(trace[before], event):
                parent[row] = before
                last.pop(tid)


def _finalizes(call: Event, closing: Event) -> bool:
    return call.op == "close" and "by" in call.args and call.fd == closing.fd


def _sorted_out(trace: Trace, parent: array[int]) -> Join:
    header, calls = trace.header, own_calls(trace)
    first, began = _ends_of_starts(trace, calls), _starts_of(trace)
    replaced = _replaced(trace)
    known = _threads_of(trace, PYTHON)
    processes = {pid for pid, _ in known}
    counted: dict[tuple[int, ...], bool] = {}
    tools = bytes(trace.column("mark").each(lambda mark: mark == TRACER))
    outside, startup, tool = [], [], []
    matched = 0
    pids, entries = trace.numbers("pid").codes, trace.numbers("t0").codes
    rows = enumerate(zip(trace.column("lane"), parent, trace.keys("op", "args"), strict=True))
    for row, (lane, above, says) in rows:
        if lane != KERNEL:
            continue
        if tools[row] or (above != NOBODY and tools[above]):
            tool.append(row)
        elif above != NOBODY and calls[above]:
            if says not in counted:
                counted[says] = counts(trace[row])
            matched += counted[says]
        elif _starts(pids[row], entries[row], first, began):
            startup.append(row)
        elif above == NOBODY:
            event = trace[row]
            again = event.t0 > replaced.get(event.pid, event.t0)
            reason = _REPLACED if again and counts(event) else _reason(event, known, processes, header)
            outside.append(Outside(row, reason))
    unmatched = tuple(each for each in outside if counts(trace[each.row]))
    return Join(*_mappings(parent), tuple(outside), tuple(startup), tuple(tool), matched, unmatched,
                _sure(trace, unmatched))  # fmt: skip


def _threads_of(trace: Trace, lane: str) -> set[tuple[int, int]]:
    """Threads (pid, tid) with rows in a lane."""
    lanes = trace.values("lane")
    return {(pid, tid) for code, pid, tid in set(trace.keys("lane", "pid", "tid")) if lanes[code] == lane}


def _sure(trace: Trace, unmatched: Sequence[Outside]) -> frozenset[tuple[int, int]]:
    if trace.header.dropped.get(KERNEL):
        return frozenset()
    doubtful = {(trace[each.row].pid, trace[each.row].tid) for each in unmatched}
    return frozenset(_threads_of(trace, KERNEL) - doubtful)


def _ends_of_starts(trace: Trace, calls: bytes) -> dict[int, int]:
    """When each process made its first call, or step of a generator; of the target, when its script had been read."""
    first: dict[int, int] = {}
    header = trace.header
    if not header.dropped.get(PYTHON):  # else the first one that was kept says nothing
        for lane, call, (pid, t0) in zip(trace.column("lane"), calls, trace.keys("pid", "t0"), strict=True):
            if (call or lane == FLOW) and pid not in first:
                first[pid] = t0
    read = _script_was_read(trace)
    if read is not None:
        first[header.pid] = min(read, first.get(header.pid, read))
    return first


def _script_was_read(trace: Trace) -> int | None:
    """When the interpreter closed the script behind itself; None: it is not known.

    It opens a script once to see whether it is a zip file, then once more, and reads and closes it before it runs it
    (Python/pythonrun.c). Whatever is opened in between, or after the second time, is the program's.
    """
    header = trace.header
    if header.kind not in ("script", "variant") or not header.argv or "openat" not in trace.values("op"):
        return None
    rows = (row for row, op in enumerate(trace.column("op")) if op in ("openat", "close"))
    own = (event for event in map(trace.__getitem__, rows)
           if event.lane == KERNEL and event.pid == header.pid and not event.mark)  # fmt: skip
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


def _starts(pid: int, t0: int, first: Mapping[int, int], began: Mapping[int, int]) -> bool:
    """Whether an interpreter was still starting.  A forked child does not start; and of a process that never made a call
    nobody knows when its start was over, so all of it is shown.
    """
    return began.get(pid, t0 + 1) <= t0 < first.get(pid, t0)


def _starts_of(trace: Trace) -> dict[int, int]:
    """When interpreters began to start: the process that was started, and those that called execve()."""
    began = {trace.header.pid: 0}
    for event in map(trace.__getitem__, _execs(trace)):
        began.setdefault(event.pid, event.t0)
    return began


def _replaced(trace: Trace) -> dict[int, int]:
    """When a process that had made calls of Python became another program."""
    last: dict[int, int] = {}
    if not (execs := set(_execs(trace))):
        return last
    called: set[int] = set()
    for row, (lane, pid) in enumerate(zip(trace.column("lane"), trace.numbers("pid").codes, strict=True)):
        if lane == PYTHON:
            called.add(pid)
            last.pop(pid, None)
        elif row in execs and pid in called:
            last[pid] = trace[row].t0
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
