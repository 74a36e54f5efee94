"""What comes out where when a limit is small: the call in which it shows, its answer, and how many went well before.

Written down beforehand, from what the kernel's documents say (socket(2), connect(2), listen(2), send(2)) and from the
numbers that `tracedemo.scale.small` sets; `tests/scale/test_small.py` holds it against real runs, `scripts/fault-rounds`
against as many as you like.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tracedemo.analysis.limits_met import RETRANSMITTED_NS
from tracedemo.scale.crowded import BACKLOG
from tracedemo.scale.small import CLIENTS, PORTS, Shown

A_SECOND, A_PART = "a second", "a part"


class Expected(NamedTuple):
    """How a limit shows."""

    call: str
    answer: str
    """An errno; `a second`: it comes after a SYN was sent again; `a part`: of the bytes that were given."""
    before: str
    """A pattern of what is said to have gone well before."""
    times: int | None
    """How often it shows; None: as often as the kernel's buffers will have it."""
    code: int
    """Of the program."""


LIMITS = {
    # How many descriptors the interpreter has for itself, and sh has left it, is not foretold.
    "fds": Expected("socket", "EMFILE", r"[56]\d socket\(\) before it went well", 1, 1),
    # One more than listen() was told stands in the queue (net/ipv4: sk_acceptq_is_full()).
    "backlog": Expected(
        "connect",
        A_SECOND,
        rf"{BACKLOG + 1} other connect\(\) went well at once",
        CLIENTS - BACKLOG - 1,
        0,
    ),
    "ports": Expected("connect", "EADDRNOTAVAIL", rf"{PORTS} connect\(\) before it went well", 1, 1),
    "buffers": Expected("send", A_PART, "", None, 0),
}


def otherwise(name: str, shown: Shown) -> str:
    """What was otherwise than predicted; empty: nothing."""
    expected, met = LIMITS[name], shown.met
    if met.row is None:
        return f"it did not show: {shown.run.complaints[-200:]}"
    found = came_out(shown)
    if found != (expected.call, expected.answer):
        return f"{found[0]}: {found[1]}"
    if not re.fullmatch(expected.before, met.before) or expected.times not in (None, met.times):
        return f"{met.times} times, and {met.before or 'nothing'}"
    if (shown.run.exit_code, shown.run.trace.header.ended) != (expected.code, "exit"):
        return f"the program ended with {shown.run.exit_code}, {shown.run.trace.header.ended}"
    return ""


def came_out(shown: Shown) -> tuple[str, str]:
    """(call, answer) in which a limit that showed did so, as in `Expected`."""
    assert shown.met.row is not None
    event = shown.run.trace[shown.met.row]
    if event.failed:
        return event.op, str(event.errno)
    if (event.duration or 0) > RETRANSMITTED_NS:
        return event.op, A_SECOND
    part = event.bytes is not None and 0 < event.bytes < event.args.get("size", 0)
    return event.op, A_PART if part else "nothing of note"


def ports_of(shown: Shown) -> set[int]:
    """Ports to which the program connected, and those that its sockets were given for it."""
    connects = [event for event in shown.run.trace if event.op == "connect"]
    ports = {int(str(event.args["address"]).rpartition(":")[2]) for event in connects}
    if (given := re.search(r"(\d+) to (\d+)$", shown.met.limit)) is not None:
        first, last = map(int, given.groups())
        ports |= set(range(first, last + 1))
    return ports
