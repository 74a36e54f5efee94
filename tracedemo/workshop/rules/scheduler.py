"""Rules for programs that drive many fetches of one page: each has a result, its own failure, and its time.

A program that is held against them is given, in this order: the server's address, the number of fetches, the seconds that
each may take, and how many sockets may be open at once (`several`). In the line of each fetch it prints the SHA-256 of the
body, or the name of the exception that ended it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from tracedemo.analysis.connections import Connection
from tracedemo.analysis.segments import READINESS
from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule
from tracedemo.workshop.rules.results import NO_CALL
from tracedemo.workshop.rules.several import end_of, faults, lines

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
    return int(case.given[1])


def seconds(case: Case) -> float:
    """How long each may take."""
    return float(case.given[2])


def failing(case: Case) -> Counter[str]:
    """How many fetches cannot succeed, by the exception in which they are to end."""
    if case.run.trace.header.server.get("fault") == REFUSE:
        return Counter({ENDS_IN[REFUSE]: wanted(case)})
    return Counter(ENDS_IN[name] for name in faults(case).values() if name in ENDS_IN)


def late(case: Case, socket: Connection) -> bool:
    """Whether its time was over, by the trace's own clock."""
    return socket.t_last - socket.t_first >= NEARLY * seconds(case) * 1e9


@rule("fetches/served", "Drive each fetch to its own end; one that fails or is late must not end another.")
def served(case: Case) -> Iterator[Broken]:
    """Every fetch that our server answered brings the whole body; who had no time left on a slow machine is excused.

    All fetches are of one page here, and some of them may fail, so they are counted; where each has a page of its own, and
    all the time that it likes, `result/every-body` says which one is missing.
    """
    if not case.called:
        yield NO_CALL
        return
    printed = sum(case.digest in text for text in lines(case).values())
    came = sum(socket.bytes_received > len(case.body) for socket in case.clients)
    due = wanted(case) - failing(case).total()
    first = next((row for row, event in case.calls if event.failed), None)
    if printed < due and not any(_excused(case)):
        yield Broken(f"{due} of {wanted(case)} fetches were to bring their body, and {printed} did", first)
    elif came < printed:
        yield Broken(f"the body was printed for {printed} fetches, and received by {came}")


def _excused(case: Case) -> Iterator[Connection]:
    spoilt = faults(case)
    return (socket for socket in case.clients if socket.number not in spoilt and late(case, socket))


@rule("fetches/named", "Keep the exception that ended a fetch as its result; main() prints its name.")
def failures_named(case: Case) -> Iterator[Broken]:
    """Every fetch that cannot succeed ends in the exception that says why."""
    for name, number in failing(case).items():
        said = sum(f"{name}:" in text for text in lines(case).values())
        if said < number:
            first = next((row for row, event in case.calls if event.failed), None)
            yield Broken(f"{name} was to end {number} of {wanted(case)} fetches, and ended {said}", first)


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
        timeout, still = event.args.get("timeout"), any(event.t0 < end_of(socket) for socket in waiting)
        if still and isinstance(timeout, int | float) and timeout >= seconds(case):
            yield Broken(f"{event.op}() may sleep for {timeout:g} s, though a fetch has been waiting since the last "
                         f"one: less is left to it", row)  # fmt: skip
        waiting = [socket for socket in case.clients if socket.t_first < event.t0 < end_of(socket)]


@rule(
    "deadline/not-before",
    "The time of a fetch begins when it does: end it when time.monotonic() is beyond that plus what it may take.",
)
def not_before(case: Case) -> Iterator[Broken]:
    """A fetch to which nobody answers is left all of its time; no machine is so slow that it could have had less."""
    for socket in case.clients:
        silent = ENDS_IN.get(faults(case).get(socket.number, "")) == "TimeoutError"
        if silent and socket.t_close is not None:
            had = (socket.t_close - _before(case, socket)) / 1e9
            if had < NEARLY * seconds(case):
                row = next((row for row, event in case.on(socket.number) if event.t0 == socket.t_close), None)
                yield Broken(f"this fetch was ended after {had:.2g} s, and may take {seconds(case):g} s", row)


def _before(case: Case, socket: Connection) -> int:
    """When the last call before a socket had returned: its time had not begun then, whoever looked at a clock."""
    before = (event.t1 for _, event in case.calls if event.t1 is not None and event.t1 <= socket.t_first)
    return max(before, default=case.run.trace.header.clock_start[0])


RULES = by_name(served, failures_named, what_is_left, not_before)
