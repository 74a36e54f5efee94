"""What comes out where: of each fault and each variant the call in which it shows, and the answer that this call gets.

Written down beforehand, from what the kernel's documents and sources say; `tests/test_faults.py` holds it against real
runs in lock-step, and docs/faults.md shows it as a table, which `python tests/fault_table.py` prints.
"""

from __future__ import annotations

from typing import NamedTuple

from tracedemo.events import PYTHON, Event, Trace
from tracedemo.server.faults import SILENT
from tracedemo.syscalls import OPERATIONS, RECEIVE

VARIANTS = (
    "blocking",
    "threads",
    "nonblocking",
    "selector",
    "upload",
    "robust",
    "asyncio_sock",
    "asyncio_streams",
)
DEADLINE = {"--deadline": "2"}
"""What variants that have a deadline are told where it decides, since half a minute is long for a test. Where it does not,
they have that half minute, so that no busy machine decides."""


class Outcome(NamedTuple):
    """How a run ends."""

    call: str
    """In which the fault shows; empty: in none, the program gets its result."""
    answer: str
    """An errno, `end` (no bytes), `timeout`, `never` (it does not return) or `EAGAIN` (for ever)."""
    says: str
    """What the program's last line holds, or our own sentence on it."""
    code: int = 1
    """Of `tracedemo run`."""
    ended: str = "exit"


FINE = Outcome("", "", "200 OK  ", 0)
RESET = Outcome("recv", "ECONNRESET", "Connection reset by peer")
REFUSED = "ECONNREFUSED"
NO_HTTP = Outcome("recv", "end", "not an HTTP response: b'")
BROKEN = Outcome("recv", "end", "broken response: ")


def _silent() -> dict[str, Outcome]:
    """Where each of them waits when nothing more ever comes."""
    asleep = "deadlock: the program waits, and the server has nothing left to send on fd "
    recv, select = (Outcome(op, "never", asleep, ended="deadlock") for op in ("recv", "select"))
    spin = Outcome(
        "recv", "EAGAIN", 'times the answer was "not yet", and the server has nothing left', ended="spin"
    )
    late = Outcome("select", "timeout", "not readable when its 2 s were over")
    others = {"blocking": recv, "threads": recv, "nonblocking": spin, "robust": late}
    return {name: others.get(name, select) for name in VARIANTS}


def own(words: str) -> dict[str, str]:
    """The options for variants under these faults."""
    return DEADLINE if any(fault in words for fault in SILENT) else {}


def _same(outcome: Outcome, **others: Outcome) -> dict[str, Outcome]:
    return dict.fromkeys(VARIANTS, outcome) | others


TABLE: dict[str, dict[str, Outcome]] = {
    # A blocking connect returns the answer to its SYN. A non-blocking one has returned before it comes: the kernel keeps
    # the error, and gives it to whatever asks next, SO_ERROR or a send (socket(7), tcp_reset() in net/ipv4/tcp_input.c).
    "refuse": _same(
        Outcome("send", REFUSED, "Connection refused"),
        **dict.fromkeys(("blocking", "threads"), Outcome("connect", REFUSED, "Connection refused")),
        **dict.fromkeys(
            ("asyncio_sock", "asyncio_streams"), Outcome("getsockopt", REFUSED, "Connect call failed")
        ),
        robust=Outcome("getsockopt", REFUSED, "Connection refused"),
    ),
    "reset": _same(RESET),
    "reset-mid-body": _same(RESET),
    "stall": _silent(),
    # A shutdown of one side and a close send the same FIN: for who reads, both are the end.
    "half-close": _same(Outcome("recv", "end", "not an HTTP response: b''")),
    "slow-read": _same(FINE),
    "garbage": _same(NO_HTTP),
    "truncated": _same(BROKEN),
    "huge-headers": _same(FINE),
    # The kernel makes connections up to the backlog, and takes what is sent: only the answer is missing.
    "no-accept": _silent(),
    # What is still being sent then is refused by the next send, which asks before the next recv would. A close over unread
    # bytes sends a reset, not a FIN (RFC 2525, section 2.17; tcp_close()).
    "close-before-read": _same(RESET, upload=Outcome("send", "ECONNRESET", "Connection reset by peer")),
}

_RECEIVES = frozenset(row.name for row in OPERATIONS if row.phase == RECEIVE)


def came_out(trace: Trace) -> tuple[str, str]:
    """(call, answer) in which a fault showed, as in `Outcome`, read off a trace."""
    calls = [event for event in trace.lane(PYTHON) if event.mark is None]
    for event in calls:
        if event.failed and event.op != "getpeername":  # which repr() of a socket calls, in a ResourceWarning
            return event.op, str(event.errno)
        if event.op == "getsockopt" and event.result != 0:
            return event.op, str(event.result)
    if trace.header.ended in ("deadlock", "spin"):
        # Of several threads each has its own; all of them are alike.
        (op,) = {event.op for event in calls if event.t1 is None}
        return op, "never" if trace.header.ended == "deadlock" else "EAGAIN"
    if trace.header.exit_code:
        if _ran_out_of_time(calls):
            return "select", "timeout"
        last = _last_receive(calls)
        return last.op, "end" if last.bytes == 0 else f"{last.bytes} bytes"
    return "", ""


def _ran_out_of_time(calls: list[Event]) -> bool:
    """Whether the last thing that a loop heard was that its time was over."""
    selects = [event for event in calls if event.op == "select"]
    return bool(selects) and selects[-1].args.get("timeout") not in (None, 0) and not selects[-1].result


def _last_receive(calls: list[Event]) -> Event:
    return next(event for event in reversed(calls) if event.op in _RECEIVES)


_ANSWERS = {
    "end": "the end",
    "timeout": "its own timeout",
    "never": "never returns",
    "EAGAIN": "EAGAIN for ever",
}


def table() -> str:
    """The table of docs/faults.md."""
    head = ["fault", *(f"`{name}`" for name in VARIANTS)]
    rows = [head, ["---"] * len(head)]
    rows += [[f"`{fault}`", *(_cell(row[name]) for name in VARIANTS)] for fault, row in TABLE.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _cell(outcome: Outcome) -> str:
    if not outcome.call:
        return "its result"
    return f"`{outcome.call}`: {_ANSWERS.get(outcome.answer, outcome.answer)}"


if __name__ == "__main__":
    print(table(), end="")
