"""How a run came to a bad end: by a wait that had no end, or by one failure that ended everything."""

from __future__ import annotations

from collections.abc import Iterator

from tracedemo.analysis.connections import CLIENT, Connection
from tracedemo.analysis.findings.facts import RECEIVES, SENDS, Facts
from tracedemo.analysis.findings.model import Finding, finding, many, names, ops, sockets
from tracedemo.analysis.segments import READINESS
from tracedemo.analysis.text import duration_words
from tracedemo.events import Event

CONNECTS = frozenset({"connect", "connect_ex"})
USES = RECEIVES | SENDS | CONNECTS
"""Calls that fetch something, or try to."""

STOPPED = "KeyboardInterrupt"
"""What a call raises that is told to end by Ctrl-C."""

SILENT = frozenset({"injected_stall", "injected_no-accept"})
"""What the header says of a server of ours that kept silent on purpose."""

COLLECTED = "garbage collection"


def no_deadline(facts: Facts) -> Iterator[Finding]:
    """The program waited, or asked, for what never came, and was ended: in lock-step for certain, by the clock late."""
    header = facts.study.trace.header
    late = header.ended == "its time was over" and not SILENT.isdisjoint(header.server)
    if not (late or header.ended in ("deadlock", "spin")) or (header.ended == "spin" and _had_news(facts)):
        return
    waits = _last_waits(facts)
    since = min((facts.events[row].t0 for row in waits), default=facts.last)
    uses = [
        row for socket in facts.study.connections if (row := _unfinished(facts, socket, since)) is not None
    ]
    if not (waits and uses):
        return
    asked = header.ended == "spin"
    took = duration_words(facts.time(waits))
    proof = (
        "nothing could come, as the server itself said"
        if header.lockstep
        else f"its last wait had taken {took}"
    )
    yield finding(
        facts, "no-deadline", (*waits, *uses), costs=waits,
        title=f"{ops(facts, waits)} would have {'been asked' if asked else 'waited'} for ever: nothing more came on"
        f" {sockets(facts, uses)}, and no deadline was set.",
        cost=f"The program would never have ended by itself: {proof}",
        remedy="Give every wait a deadline, and close what is late: sock.settimeout(S), selector.select(S) with a look at"
        " the clock, asyncio.timeout(S).",
    )  # fmt: skip


def _had_news(facts: Facts) -> bool:
    """Whether the last answer was news, so that the program span because it made no use of it: no deadline mends that."""
    last = next((event for _, event in reversed(facts.calls) if event.t1 is not None), None)
    return last is not None and last.op in READINESS and bool(last.result)


def _last_waits(facts: Facts) -> list[int]:
    """The calls in which it was when it was ended; where none is open, the select that took longest."""
    mine = [(row, event) for row, event in facts.calls if event.op in USES or event.op in READINESS]
    if found := [row for row, event in mine if event.t1 is None or event.exc == STOPPED]:
        return found
    sleeps = [row for row, event in mine if event.op in READINESS and facts.waited(event)]
    return [max(sleeps, key=facts.took)] if sleeps else [mine[-1][0]] if mine else []


def _unfinished(facts: Facts, socket: Connection, since: int) -> int | None:
    """The last use of a connection on which something was still to come; None: nothing was."""
    if socket.kind != CLIENT or (socket.t_close is not None and socket.t_close < since):
        return None
    used = _uses(facts, socket)
    return None if not used or _is_over(facts.events[used[-1]]) else used[-1]


def _uses(facts: Facts, socket: Connection) -> list[int]:
    return [row for row in facts.of_conn.get(socket.number, ()) if facts.events[row].op in USES]


def _is_over(event: Event) -> bool:
    """The other side has ended, or the connection is broken."""
    if event.failed:
        return event.exc != STOPPED
    return event.op in RECEIVES and event.bytes == 0


def one_fails_all(facts: Facts) -> Iterator[Finding]:
    """A call failed, and other connections of the thread that still waited were neither used nor closed after that."""
    if facts.study.trace.header.ended != "exit":
        return
    failed = [row for row, event in facts.calls if _fails(event)]
    if not failed:
        return
    last = facts.events[failed[-1]]
    given_up = []
    for socket in facts.study.connections:
        used = _uses(facts, socket)
        if (
            socket.kind == CLIENT
            and socket.number != last.conn
            and used
            and _given_up(facts, socket, used[-1], last)
        ):
            given_up.append(used[-1])
    if given_up:
        yield _failure_told(facts, failed[-1], given_up)


def _fails(event: Event) -> bool:
    """Whether it says that a connection is broken: itself, or as SO_ERROR."""
    so_error = event.op == "getsockopt" and event.args.get("option") == "SO_ERROR"
    return (event.op in USES and event.failed and event.errno is not None) or (
        so_error and event.result not in (None, 0)
    )


def _given_up(facts: Facts, socket: Connection, used: int, failure: Event) -> bool:
    """Whether it waited for something when the other failed, and was left alone from then on."""
    event = facts.events[used]
    parked = event.not_yet or event.op in SENDS or event.op in CONNECTS
    same = (event.pid, event.tid) == (failure.pid, failure.tid)
    return same and parked and event.t0 < failure.t0 and socket.closed_by in (None, COLLECTED)


def _failure_told(facts: Facts, row: int, given_up: list[int]) -> Finding:
    event = facts.events[row]
    error = names([str(event.errno or event.exc or event.result)])
    return finding(
        facts, "one-fails-all", (row, *given_up), costs=[],
        title=f"{event.op}() failed on one socket ({error}), and {many(len(given_up), 'other')} that still waited"
        f" {'was' if len(given_up) == 1 else 'were'} given up with it.",
        cost=f"{many(len(given_up), 'exchange')} that might have gone well",
        remedy="Catch the error where one coroutine is resumed, so that it ends that one alone, and close its socket; with"
        " asyncio, gather(..., return_exceptions=True).",
    )  # fmt: skip
