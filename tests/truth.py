"""How true the states are: a run of a variant held against its threads' own CPU clocks, or against strace.

Each function measures once, and gives a ratio that is 1 when both agree.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from tracedemo.analysis.processor import BUSY, WAITING
from tracedemo.analysis.states import Lane, States, states
from tracedemo.events import Trace
from tracedemo.runner import RunOptions, Target, run, variant_target
from tracedemo.server import ServerOptions
from tracedemo.variants import Variant

MEASURED = """
import json, runpy, socket, sys, threading, time

found = []

def measured(work, *args):
    # The first call makes the thread known. The second comes more than a millisecond later: that is when the recorder asks
    # for the CPU time again, so that a period ends where the measuring begins.
    socket.gethostname()
    start = time.monotonic_ns()
    while time.monotonic_ns() < start + 1_100_000:
        pass
    socket.gethostname()
    begin = time.thread_time_ns()
    try:
        work(*args)
    finally:
        cpu = time.thread_time_ns() - begin
        socket.gethostname()
        found.append((threading.get_native_id(), cpu))

path, *sys.argv[1:] = sys.argv[1:]
program = runpy.run_path(path, run_name="measured")
run = threading.Thread.run
threading.Thread.run = lambda thread: measured(run, thread)
measured(program["main"])
print(json.dumps(found), file=sys.stderr)
"""
"""Runs the `main` of a variant, and tells for each thread what CPU time its own clock counted, between two calls."""

FETCHES = {
    "blocking": 20,
    "threads": 20,
    "nonblocking": 20,
    "selector": 50,
    "asyncio_sock": 50,
    "asyncio_streams": 50,
    "sleepers": 2000,
    "upload": 10,
    "robust": 50,
}
"""How many make some milliseconds of work, but no long run."""


def cpu_ratio(variant: Variant, folder: Path) -> float:
    """Running Python and calls that return at once, of all threads, to the CPU time that their clocks counted."""
    program = folder / "measured.py"
    program.write_text(MEASURED, encoding="utf-8")
    address = ("{address}",) if variant.fetches else ()
    words = (str(program), str(variant.path), *address, "-n", str(FETCHES[variant.name]))
    options = RunOptions(capture=True, server=ServerOptions(delay_ms=4, gap_ms=2))
    done = run(Target("script", program.name, words), options)
    assert done.exit_code == 0, done.complaints
    cpu = dict(json.loads(done.complaints))
    lanes = {lane.tid: lane for lane in states(done.trace).threads}
    assert set(cpu) == set(lanes)
    return sum(busy_between_edges(done.trace, lane) for lane in lanes.values()) / sum(cpu.values())


def busy_between_edges(trace: Trace, lane: Lane) -> int:
    """Nanoseconds on the processor from the second call that marks an edge to the last."""
    edges = [event for event in trace if (event.tid, event.op) == (lane.tid, "gethostname")]
    begin, end = edges[1].t1, edges[-1].t0
    assert begin is not None
    inside = (
        min(segment.t1, end) - max(segment.t0, begin) for segment in lane.segments if segment.state in BUSY
    )
    return sum(max(time, 0) for time in inside)


# -- strace


def strace(output: Path) -> tuple[str, ...]:
    """The command that notes each call's time, `-T` and `-ttt` to the nanosecond."""
    return (
        *("strace", "-f", "--seccomp-bpf", "-s", "0", "-a", "1", "--syscall-times=ns"),
        *("--absolute-timestamps=format:unix,precision:ns", "-e", "signal=none", "-o", str(output)),
        *("-e", "trace=%network,poll,ppoll,select,pselect6,epoll_wait,epoll_pwait,?epoll_pwait2", "--"),
    )


class Timed(NamedTuple):
    """A system call, and the time that it took."""

    tid: int
    t: int
    """Entry, realtime nanoseconds."""
    time: int


_LINE = re.compile(r"(?P<tid>\d+) +(?P<s>\d+)\.(?P<ns>\d{9}) (?P<rest>.*)")
_TIME = re.compile(r".* <(\d+)\.(\d{9})>")
NO_ACCIDENT = 20_000_000
"""Nanoseconds: a system call that takes longer has waited, whatever we took it for."""


def read_times(path: Path) -> list[Timed]:
    """All system calls that returned."""
    begun: dict[int, int] = {}
    found = []
    for line in path.read_text(encoding="ascii").splitlines():
        match = _LINE.fullmatch(line)
        assert match, line
        tid, t = int(match["tid"]), int(match["s"]) * 10**9 + int(match["ns"])
        if match["rest"].endswith("<unfinished ...>"):
            begun[tid] = t
        elif time := _TIME.fullmatch(match["rest"]):
            t = begun.pop(tid) if match["rest"].startswith("<... ") else t
            found.append(Timed(tid, t, int(time[1]) * 10**9 + int(time[2])))
    return found


def waiting_calls(trace: Trace, found: States) -> dict[int, list[tuple[int, int]]]:
    """Begin and end of each call that waited, by thread, in realtime."""
    monotonic, real = trace.header.clock_start
    calls: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for event, state in zip(trace, found.of_row, strict=True):
        if state in WAITING and event.t1 is not None:
            calls[event.tid].append((event.t0 + real - monotonic, event.t1 + real - monotonic))
    return calls


def kernel_ratio(variant: Variant, folder: Path) -> float:
    """Blocked and asleep, of the thread where that is farthest from it, to the time of the system calls that waited."""
    output = folder / "strace"
    # strace holds each call up for some 50 us, outside the time that it notes: the waits are to be long beside that.
    server = ServerOptions(delay_ms=60, gap_ms=30)
    done = run(variant_target(variant), RunOptions(capture=True, server=server, prefix=strace(output)))
    assert done.exit_code == 0, done.complaints
    timeline = states(done.trace)
    calls = waiting_calls(done.trace, timeline)
    kernel: dict[int, int] = defaultdict(int)
    for call in read_times(output):
        if any(t0 <= call.t <= t1 for t0, t1 in calls[call.tid]) or call.time > NO_ACCIDENT:
            kernel[call.tid] += call.time
    lanes = [(sum(lane.totals[state] for state in WAITING), lane.tid or 0) for lane in timeline.threads]
    ratios = [waited / kernel[tid] for waited, tid in lanes if kernel[tid]]
    assert ratios
    assert all(kernel[tid] for waited, tid in lanes if waited)
    return max(ratios, key=lambda ratio: abs(ratio - 1))
