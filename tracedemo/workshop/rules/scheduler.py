"""Rules for programs that drive many fetches: each has a result, its own failure, its time, and a place among the few.

A program that is held against them is given, in this order: the server's address, the number of fetches, the seconds that
each may take, and how many sockets may be open at once. It prints a line for each fetch, which begins with `#`: with the
SHA-256 of the body, or with the name of the exception that ended it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tracedemo.analysis.connections import Connection
from tracedemo.analysis.segments import READINESS
from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule

REFUSE = "refuse"
ENDS_IN: Mapping[str, str] = {
    REFUSE: "ConnectionRefusedError",
    "reset": "ConnectionResetError",
    "reset-mid-body": "ConnectionResetError",
    "stall": "TimeoutError",
    "no-accept": "TimeoutError",
}
"""What our server does -> the exception in which a fetch is to end."""

NEARLY = 0.9
"""Of its time: who was ended after so much of it was late, by whatever clock."""


def wanted(case: Case) -> int:
    """How many fetches the program was asked for."""
    return int(_given(case)[1])


def seconds(case: Case) -> float:
    """How long each may take."""
    return float(_given(case)[2])


def room(case: Case) -> int:
    """How many sockets may be open at once."""
    return int(_given(case)[3])


def _given(case: Case) -> Sequence[str]:
    return case.run.trace.header.argv[-4:]


def failing(case: Case) -> Counter[str]:
    """How many fetches cannot succeed, by the exception in which they are to end."""
    if case.run.trace.header.server.get("fault") == REFUSE:
        return Counter({ENDS_IN[REFUSE]: wanted(case)})
    faults = {event.conn: str(event.args.get("detail")) for event in case.events if event.op == "fault"}
    return Counter(ENDS_IN[name] for name in faults.values() if name in ENDS_IN)


def lines(case: Case) -> Sequence[str]:
    """What the program says of its fetches."""
    return [line for line in case.output.splitlines() if line.startswith("#")]


def late(case: Case, socket: Connection) -> bool:
    """Whether its time was over, by the trace's own clock."""
    return socket.t_last - socket.t_first >= NEARLY * seconds(case) * 1e9


@rule("fetches/served", "Drive each fetch to its own end; one that fails or is late must not end another.")
def served(case: Case) -> Iterator[Broken]:
    """Every fetch that our server answered brings the whole body; who had no time left on a slow machine is excused.

    All fetches are of one page here, and some of them may fail, so they are counted; where each has a page of its own, and
    all the time that it likes, `result/every-body` says which one is missing.
    """
    printed = sum(case.digest in line for line in lines(case))
    came = sum(socket.bytes_received > len(case.body) for socket in case.clients)
    due = wanted(case) - failing(case).total()
    first = next((row for row, event in case.calls if event.failed), None)
    if printed < due and not any(_excused(case)):
        yield Broken(f"{due} of {wanted(case)} fetches were to bring their body, and {printed} did", first)
    elif came < printed:
        yield Broken(f"the body was printed for {printed} fetches, and received by {came}")


def _excused(case: Case) -> Iterator[Connection]:
    spoiled = {event.conn for event in case.events if event.op == "fault"}
    return (socket for socket in case.clients if socket.number not in spoiled and late(case, socket))


@rule("fetches/named", "Keep the exception that ended a fetch as its result; main() prints its name.")
def failures_named(case: Case) -> Iterator[Broken]:
    """Every fetch that cannot succeed ends in the exception that says why."""
    for name, number in failing(case).items():
        said = sum(f"{name}:" in line for line in lines(case))
        if said < number:
            first = next((row for row, event in case.calls if event.failed), None)
            yield Broken(f"{name} was to end {number} of {wanted(case)} fetches, and ended {said}", first)


@rule(
    "fetches/at-most",
    "Begin a fetch only while fewer than AT_MOST are under way; begin the next when one has ended.",
)
def at_most(case: Case) -> Iterator[Broken]:
    """Never more sockets are open than it was told."""
    for socket, number in _open(case):
        if number > room(case):
            row = next((row for row, _ in case.on(socket.number)), None)
            yield Broken(f"{number} sockets are open at once, and no more than {room(case)} may be", row)


def _open(case: Case) -> Iterator[tuple[Connection, int]]:
    """Each socket that connects somewhere, with how many of them are open when it is made."""
    ends = [(socket.t_first, _end(socket)) for socket in case.clients]
    for socket in case.clients:
        yield socket, sum(begin <= socket.t_first < end for begin, end in ends)


def _end(socket: Connection) -> float:
    return float("inf") if socket.t_close is None else socket.t_close


@rule(
    "deadline/what-is-left",
    "select() may sleep until the nearest deadline: that minus time.monotonic(), at the most.",
)
def what_is_left(case: Case) -> Iterator[Broken]:
    """No select may sleep for all of the allowed time when it waits for a fetch that has waited before."""
    waiting: list[Connection] = []
    for row, event in case.calls:
        if event.op not in READINESS:
            continue
        timeout, still = event.args.get("timeout"), any(event.t0 < _end(socket) for socket in waiting)
        if still and isinstance(timeout, int | float) and timeout >= seconds(case):
            yield Broken(f"{event.op}() may sleep for {timeout:g} s, though a fetch has been waiting since the last "
                         f"one: less is left to it", row)  # fmt: skip
        waiting = [socket for socket in case.clients if socket.t_first < event.t0 < _end(socket)]


RULES = by_name(served, failures_named, at_most, what_is_left)
