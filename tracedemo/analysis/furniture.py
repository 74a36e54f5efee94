"""The furniture of an event loop: what is neither the program's nor its libraries' work, but stands in every loop.

    * the self-pipe: a pair of sockets of which the loop watches one; whoever writes a byte into the other wakes it;
    * the wake-up byte, and the thread that wrote it;
    * SO_ERROR, by which the loop asks how a connecting that it did not wait for has ended;
    * the resolver thread, since a name lookup blocks;
    * the loop's own callbacks, by which transports read and futures hand their results on.

Names are those of CPython's Lib/asyncio (base_events.py, selector_events.py, futures.py, tasks.py, streams.py). A name that
is not in the tables gets no word.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tracedemo.analysis.lookups import LOOKUPS
from tracedemo.analysis.segments import is_call
from tracedemo.analysis.short import thread_name
from tracedemo.analysis.text import clean
from tracedemo.events import FLOW, PYTHON, Event

SIGNAL_HANDLER = "a signal handler"
"""Who wrote a byte in the loop's own thread while that was in its select: nothing else runs there then."""
SELF_PIPE = "self-pipe"
"""The label of both sockets of the pair."""

_MAKERS = frozenset({"BaseSelectorEventLoop._make_self_pipe", "_make_self_pipe", "WakeupSocketpair.__init__"})
"""Functions that make a self-pipe: asyncio's, and trio's."""

_SENDS = frozenset({"send", "sendall", "write"})
_EXECUTOR = re.compile(r"asyncio_\d+")
"""Threads of a loop's default executor."""

CALLBACKS = {
    "Loop._read_from_self": "empties the self-pipe, by which a thread or a signal woke the loop",
    "Loop._sock_connect_cb": "asks how connecting ended (SO_ERROR)",
    "Loop._sock_write_done": "stops watching a socket for WRITE: who waited for it has the answer",
    "Loop._sock_read_done": "stops watching a socket for READ: who waited for it has the answer",
    "Loop._sock_recv": "calls recv() again, now that the socket is readable",
    "Loop._sock_recv_into": "calls recv_into() again, now that the socket is readable",
    "Loop._sock_recvfrom": "calls recvfrom() again, now that the socket is readable",
    "Loop._sock_recvfrom_into": "calls recvfrom_into() again, now that the socket is readable",
    "Loop._sock_sendall": "sends the rest, now that there is room",
    "Loop._sock_sendto": "sends the datagram, now that there is room",
    "Loop._sock_accept": "calls accept() again, now that a connection waits",
    "Loop._accept_connection": "accepts the connections that wait",
    "Loop._add_reader": "begins to watch a socket for READ",
    "Loop._add_writer": "begins to watch a socket for WRITE",
    "Transport._read_ready": "the transport calls recv() once, and gives its protocol what it got",
    "Transport._write_ready": "the transport sends what found no room before",
    "Transport._add_reader": "the transport begins to watch its socket for READ",
    "Transport._call_connection_lost": "the transport closes its socket, and tells its protocol",
    "Protocol.connection_made": "the protocol is told that its connection is there",
    "Server._start_serving": "the server listens, and watches its sockets",
    "_set_result_unless_cancelled": "a future gets its result: a timer has run out, or a transport is ready",
    "_run_until_complete_cb": "the task that the loop was run for is done: it is told to stop after this turn",
    "_chain_future._set_state": "a future takes over the result of a thread's",
    "_chain_future._call_check_cancel": "if nobody waits for a thread's result any more, its future is cancelled",
    "Future.set_result": "a future gets its result",
    "gather._done_callback": "gather() notes that one of its tasks is done",
    "_wait._on_completion": "wait() notes that one of its tasks is done",
    "_release_waiter": "wakes who waits with a time limit",
    "TaskGroup._on_task_done": "the task group notes that one of its tasks is done",
    "Timeout._on_timeout": "a time limit is over: the task is cancelled",
    "shield._inner_done_callback": "shield() hands on that its task is done",
}
"""What a callback of asyncio does, by its name: `Loop` stands for all event loops, `Transport` for all transports."""

CALLS = {
    ("_make_self_pipe", "socketpair"): "makes the self-pipe, by which other threads wake the loop",
    ("_write_to_self", "send"): "wakes the loop by a byte into its self-pipe",
    ("_read_from_self", "recv"): "empties the self-pipe",
    ("_sock_connect_cb", "getsockopt"): "asks how connecting ended (SO_ERROR)",
}
"""What a call of the loop's is for, by the function that makes it, and the operation."""

_RESOLVES = "looks a name up in a thread of the loop's executor, since that blocks"
_FAMILIES = ("Transport", "Protocol")


def word(event: Event) -> str:
    """What a callback of a loop, or a call of it, is for, in a few words without stop; empty: it is no furniture."""
    if event.lane == FLOW:
        name = event.args.get("callback")
        return callback_word(name) if isinstance(name, str) else ""
    if event.lane != PYTHON:
        return ""
    if event.op in LOOKUPS:
        return _RESOLVES if _EXECUTOR.fullmatch(event.owner or "") else ""
    return CALLS.get((_last(event), event.op), "")


def callback_word(name: str) -> str:
    """The same for a callback of which the name is known: `_SelectorSocketTransport._read_ready`."""
    owner, _, method = name.replace(".<locals>", "").rpartition(".")
    owner = owner.rpartition(".")[2]
    family = "Loop" if owner.endswith("EventLoop") else next(filter(owner.endswith, _FAMILIES), owner)
    return CALLBACKS.get(f"{family}.{method}" if family else method, "")


def _last(event: Event) -> str:
    """The function that made a call, without its class."""
    return event.site.function.rpartition(".")[2] if event.site else ""


# -- The self-pipe


def self_pipes(events: Sequence[Event]) -> Mapping[int, int]:
    """The sockets of self-pipes, as connection: the one of the same pair that the loop reads."""
    found: dict[int, int] = {}
    others: dict[tuple[int, int], int] = {}
    for event in events:
        if event.lane != PYTHON or event.conn is None:
            continue
        if event.op == "socketpair":
            if event.site is not None and event.site.function in _MAKERS and _pair(event.result):
                found[event.conn] = event.conn
                others[event.pid, event.result[1]] = event.conn
        elif event.fd is not None and (event.pid, event.fd) in others:
            found[event.conn] = others.pop((event.pid, event.fd))
    return found


def _pair(result: object) -> bool:
    return isinstance(result, (list, tuple)) and len(result) == 2


class Waker(NamedTuple):
    """Who wrote a byte into a self-pipe."""

    row: int
    """Row of the send."""
    t0: int
    tid: int
    name: str
    """The thread's name, the task's, or "thread 123"."""
    lookup: str | None
    """The name that this thread had just looked up, if that was its last call before."""

    @property
    def told(self) -> str:
        """Who, and why, as far as is known: "asyncio_0, which had looked up localhost"."""
        return self.name if self.lookup is None else f"{self.name}, which had looked up {self.lookup}"

    def told_in(self, select: Event) -> str:
        """The same, for the select that it woke."""
        return SIGNAL_HANDLER if self.inside(select) else self.told

    def inside(self, event: Event) -> bool:
        """Whether it was written by the thread of a call or callback, and during that."""
        return self.tid == event.tid and event.t0 <= self.t0 and (event.t1 is None or self.t0 <= event.t1)


def wakers(events: Sequence[Event], pipes: Mapping[int, int]) -> Mapping[int, Sequence[Waker]]:
    """The bytes that calls wrote into self-pipes, by the connection that the loop reads, in order."""
    found: dict[int, list[Waker]] = defaultdict(list)
    for row, event, before in _with_call_before(events):
        pipe = pipes.get(event.conn or 0)
        if pipe is None or pipe == event.conn or event.op not in _SENDS or event.failed or event.not_yet:
            continue
        lookup = before.args.get("host") if before is not None and before.op in LOOKUPS else None
        found[pipe].append(Waker(row, event.t0, event.tid, clean(event.owner or thread_name(event)),
                                 None if lookup is None else clean(lookup)))  # fmt: skip
    return found


def _with_call_before(events: Sequence[Event]) -> Iterator[tuple[int, Event, Event | None]]:
    """Each call of the program with its row, and the call before it of the same thread."""
    latest: dict[tuple[int, int], Event] = {}
    for row, event in enumerate(events):
        if is_call(event):
            yield row, event, latest.get((event.pid, event.tid))
            latest[event.pid, event.tid] = event
