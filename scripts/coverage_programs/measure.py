"""One program under strace, with the recorder in it: which of its system calls on sockets lie under a Python call.

The joining is tracedemo's own (`analysis.join`); what is counted is not. The match rate that `--kernel` prints leaves out
what may as well be about files (read, write, close, fcntl); here a descriptor's own name, which strace tells, decides. And
strace is asked for more than the engine asks it for, so that nothing slips through because nobody looked.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from catalogue import Program
from services import Services

from tracedemo import runner
from tracedemo.analysis import join as laying
from tracedemo.events import KERNEL, PYTHON, Event, Trace
from tracedemo.recorders.kernel import shapes, strace
from tracedemo.recorders.kernel.calls import SystemCall
from tracedemo.recorders.kernel.lane import Clock, kernel_lane
from tracedemo.runner.machine import on_one_processor

LIMIT_S = 60.0

_FD = shapes.Arg("fd", shapes.Kind.FD)
MORE = (
    *("readv", "writev", "preadv", "pwritev", "preadv2", "pwritev2", "pread64", "pwrite64", "splice", "tee"),
    *("dup", "dup2", "dup3", "fstat", "newfstatat", "fstatfs", "lseek", "fsync"),
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
)
"""What the engine does not ask for, and what could be about a socket all the same."""

ALWAYS = laying.COUNTED | {name for name in MORE if name.startswith("io_uring")}
"""System calls that count whatever they are about."""


@dataclass(frozen=True)
class Measured:
    """What came of one program on one Python."""

    program: str
    inside: int = 0
    """System calls on sockets, epolls and polls under a Python call of the same thread ..."""
    outside: Mapping[str, int] = field(default_factory=dict)
    """... and under none, by name."""
    where: Sequence[str] = ()
    """Those that are under none, as strace told them."""
    without: str = ""
    """Why there is nothing to measure."""
    trouble: str = ""
    """In what the traced run differed from a bare one; empty: in nothing."""

    @property
    def all(self) -> int:
        """All system calls that are counted."""
        return self.inside + sum(self.outside.values())

    @property
    def rate(self) -> float:
        """The share that lies inside, from 0 to 1; 0 where there was nothing, which is no success."""
        return self.inside / self.all if self.all else 0.0

    def keeps(self, program: Program) -> bool:
        """Whether what is promised of the program holds; what was not measured breaks no promise."""
        if self.without:
            return True
        return not self.trouble and (program.least is None or self.rate >= program.least)


class Report(NamedTuple):
    """What was measured on one Python."""

    python: str
    """`3.13.0`."""
    strace: str
    measured: tuple[Measured, ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Report:
        """As it was, from JSON."""
        return cls(told["python"], told["strace"], tuple(Measured(**each) for each in told["measured"]))


def measure(program: Program, python: str, services: Services) -> Measured:
    """Run a program bare, then traced, and count."""
    missing = _missing(program, python, services)
    if missing:
        return Measured(program.name, without=missing)
    argv = (str(program.path), *services.fill(program.args))
    bare = _bare([python, *argv])
    with tempfile.TemporaryDirectory() as folder, on_one_processor(wanted=True):
        output = Path(folder) / "strace.txt"
        options = runner.RunOptions(python=python, capture=True, duration=LIMIT_S, prefix=_strace(output))
        done = runner.run(runner.Target("script", program.name, argv), options)
        log = strace.parse(output.read_bytes().decode("latin-1"))
    traced = (done.exit_code, done.output, done.complaints)
    trouble = "" if bare == traced else f"bare {bare}, traced {traced}"
    if log.misread:
        trouble += f" {len(log.misread)} lines of strace were not understood: {log.misread[0]}"
    if done.trace.header.dropped:
        trouble += f" dropped: {done.trace.header.dropped}"
    inside, outside, where = _count(done.trace, log.calls, log)
    return Measured(program.name, inside, outside, where, trouble=trouble)


def _missing(program: Program, python: str, services: Services) -> str:
    if "{redis}" in program.args and not services.redis:
        return "no redis-server is installed"
    for name in program.needs:
        asked = subprocess.run([python, "-c", f"import {name}"], capture_output=True, text=True, check=False)
        if asked.returncode:
            return f"{name} cannot be had: {(asked.stderr.strip().splitlines() or ['?'])[-1]}"
    return ""


def _bare(words: Sequence[str]) -> tuple[int, str, str]:
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=LIMIT_S, check=False, stdin=subprocess.DEVNULL
    )
    return done.returncode if done.returncode >= 0 else 128 - done.returncode, done.stdout, done.stderr


def _strace(output: Path) -> tuple[str, ...]:
    """The engine's own command, asked for more."""
    for name in MORE:
        shapes.SHAPES.setdefault(name, (_FD,))
    more = ",".join(f"?{name}" for name in MORE)
    words = strace.command(strace.version(), str(output))
    return tuple(f"{word},{more}" if word.startswith("trace=") else word for word in words)


def _count(
    trace: Trace, calls: Sequence[SystemCall], log: strace.Log
) -> tuple[int, dict[str, int], list[str]]:
    header = trace.header
    threads = {event.tid: event.pid for event in trace.lane(PYTHON)}
    lane = kernel_lane(log, Clock(header.clock_start, header.clock_end), root=header.pid, threads=threads)
    processes = {header.pid, *threads.values()}
    wanted = {
        (event.pid, event.seq): call
        for call, event in zip(calls, lane.events, strict=True)
        if event.pid in processes and concerns_sockets(call)
    }
    both = trace.replace(events=[*trace, *lane.events]).sorted()
    joined = laying.join(both)
    assert joined is not None
    return sort_out(list(both), joined, wanted)


def concerns_sockets(call: SystemCall) -> bool:
    """Whether a system call is about a socket or an epoll, or is a poll or a select."""
    what = call.what or ""
    return call.name in ALWAYS or what.startswith(
        ("socket:", "anon_inode:[eventpoll", "anon_inode:[io_uring")
    )


def sort_out(
    events: Sequence[Event], joined: laying.Join, wanted: Mapping[tuple[int, int], SystemCall]
) -> tuple[int, dict[str, int], list[str]]:
    """How many of the wanted ones stand under a call, and which do not."""
    left_out = {*joined.startup, *joined.tool, *_looks_of_ours(events)}
    inside, outside, where = 0, Counter[str](), []
    for row, call in _rows(events, wanted):
        if row in left_out:
            continue
        if row in joined.parent:
            inside += 1
        else:
            outside[call.name] += 1
            where.append(_told(events, row, call))
    return inside, dict(outside), where


def _looks_of_ours(events: Sequence[Event]) -> Iterator[int]:
    """The one system call that the recorder makes on a descriptor of the program: before os.sendfile it asks whether
    the file is sent to a socket at all.
    """
    last: dict[int, int] = {}
    for row, event in enumerate(events):
        if event.lane == KERNEL:
            last[event.tid] = row
        elif event.lane == PYTHON and event.op == "sendfile" and (before := last.get(event.tid)) is not None:
            look = events[before]
            if look.op in ("fstat", "newfstatat") and look.fd == event.fd:
                yield before


def _rows(
    events: Sequence[Event], wanted: Mapping[tuple[int, int], SystemCall]
) -> Iterator[tuple[int, SystemCall]]:
    for row, event in enumerate(events):
        if event.lane == KERNEL and (call := wanted.get((event.pid, event.seq))) is not None:
            yield row, call


def _told(events: Sequence[Event], row: int, call: SystemCall) -> str:
    """The system call, and the last call of its thread before it."""
    event = events[row]
    before = next(
        (one for one in reversed(events[:row]) if one.lane == PYTHON and one.tid == event.tid), None
    )
    place = before.place if before else None
    after = f", after {before.op} at {Path(place.file).name}:{place.line}" if before and place else ""
    args = {name: value for name, value in call.args.items() if name not in ("data", "messages")}
    return f"{call.name}({args}) = {call.errno or call.result} on {call.what or 'nothing known'}{after}"
