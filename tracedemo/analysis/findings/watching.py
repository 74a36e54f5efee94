"""How selectors are used: the watch taken away and given back around each wait, and what is ready and not read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tracedemo.analysis.connections import Connection
from tracedemo.analysis.findings.facts import RECEIVES, Facts
from tracedemo.analysis.findings.model import Finding, finding, flat, many, times, was
from tracedemo.analysis.text import duration_words
from tracedemo.events import Event

ROUNDS = 3
"""So many times the same socket was watched for the same events for one wakeup each. Once is a connection that came to its
end; twice may be a question and, much later, the next one."""


@dataclass(slots=True)
class _Watch:
    """A socket that is registered."""

    row: int
    events: str
    woken: int = 0


def register_each_wait(facts: Facts) -> Iterator[Finding]:
    """A socket is registered, reported once, unregistered, and registered again for the same."""
    watches: dict[int | None, _Watch] = {}
    rounds: defaultdict[tuple[int | None, str], list[tuple[int, int]]] = defaultdict(list)
    wakeups = facts.study.wakeup_of_row
    for entries, returned in facts.stretches:
        for row, event in entries:
            if event.op == "register":
                watches[event.conn] = _Watch(row, str(event.args.get("events")))
            elif event.op == "unregister":
                watch = watches.pop(event.conn, None)
                if watch and watch.woken == 1:
                    rounds[event.conn, watch.events].append((watch.row, row))
        for ready in wakeups[returned[0]].ready if returned else ():
            if ready.conn in watches:
                watches[ready.conn].woken += 1
    right = _of_transports(facts)
    found = [pairs for (conn, _), pairs in rounds.items() if len(pairs) >= ROUNDS and conn not in right]
    # The first registration and the last end of it are needed anyway.
    rows = sorted(flat(list(flat(pairs))[1:-1] for pairs in found))
    if rows:
        yield _rounds_told(facts, rows, sum(map(len, found)))


def _of_transports(facts: Facts) -> set[int | None]:
    """Connections that a transport of asyncio reads: it ends the watch while its reader is behind, which is right."""
    return {
        facts.events[row].conn for row, above in facts.inside.items()
        if facts.events[row].op in RECEIVES and _read_ready(str(facts.events[above].args.get("callback", "")))
    }  # fmt: skip


def _read_ready(callback: str) -> bool:
    return "Transport" in callback and "_read_ready" in callback


def _rounds_told(facts: Facts, rows: list[int], rounds: int) -> Finding:
    took, number = duration_words(facts.time(rows)), len({facts.events[row].conn for row in rows})
    return finding(
        facts, "register-each-wait", rows,
        title=f"{many(number, 'socket')} {was(number)} registered and unregistered around each"
        f" wait for the same events: {many(rounds, 'round')}.",
        cost=f"{many(len(rows), 'call')} that change nothing, {took} inside them"
        + (", each a system call" if _told_to_kernel(facts, rows) else ""),
        remedy="Leave the socket registered until it is closed, and call modify() when other events are wanted. asyncio's"
        " streams do so, its sock_recv() and sock_sendall() do not.",
    )  # fmt: skip


_IN_KERNEL = frozenset({"EpollSelector", "KqueueSelector", "DevpollSelector", "epoll", "kqueue"})
"""What keeps its list in the kernel; poll and select are handed theirs with each wait."""


def _told_to_kernel(facts: Facts, rows: list[int]) -> bool:
    return all(str(facts.events[row].args.get("selector")) in _IN_KERNEL for row in rows)


@dataclass(slots=True)
class _Reported:
    """What the last wakeup of a selector named as readable, and what was not touched since."""

    row: int = -1
    readable: set[int] = field(default_factory=set)


_TOUCHES = RECEIVES | {
    "accept", "do_handshake", "unwrap", "close", "detach", "shutdown", "register", "modify", "unregister"
}  # fmt: skip
"""What somebody does who took note that a socket is readable."""


def woken_again(facts: Facts) -> Iterator[Finding]:
    """A select that could sleep comes back at once with a socket that the last one had named, and that nobody read."""
    known = {socket.number for socket in facts.study.connections if _all_seen(facts, socket)}
    reported: defaultdict[tuple[int, int, str, int | None], _Reported] = defaultdict(_Reported)
    again: list[int] = []
    firsts: set[int] = set()
    conns: set[int] = set()
    for entries, returned in facts.stretches:
        touched = {event.conn for _, event in entries if event.op in _TOUCHES}
        for one in reported.values():
            one.readable -= touched
        if returned is None:
            break
        row, event = returned
        last = reported[event.pid, event.tid, event.op, event.fd]
        readable = {conn for conn in _readable(facts, row) if conn in known}
        if last.readable & readable and facts.could_sleep(event):
            again.append(row)
            firsts.add(last.row)
            conns |= last.readable & readable
        last.row, last.readable = row, readable
    if again:
        yield _again_told(facts, again, firsts, len(conns))


def _readable(facts: Facts, row: int) -> set[int]:
    """The connections that a wakeup called readable."""
    ready = facts.study.wakeup_of_row[row].ready
    return {one.conn for one in ready if one.conn is not None and {"READ", "IN"} & set(one.events.split("|"))}


def _all_seen(facts: Facts, socket: Connection) -> bool:
    """Whether all reading of it would be seen here: it was made by the program, is still Python's, and level-triggered."""
    rows = [facts.events[row] for row in facts.of_conn.get(socket.number, ())]
    if socket.number not in facts.opened or facts.given_away(socket.number):
        return False
    return not any(map(_edge, rows))


def _edge(event: Event) -> bool:
    """Registered so that epoll says each thing once."""
    events = str(event.args.get("events", "")).split("|") if event.op in ("register", "modify") else ()
    return "ET" in events or "ONESHOT" in events


def _again_told(facts: Facts, again: list[int], firsts: set[int], number: int) -> Finding:
    return finding(
        facts, "woken-again", (*firsts, *again), costs=again,
        title=f"{many(number, 'socket')} {was(number)} reported readable again, {times(len(again))},"
        " because nobody had read what was there.",
        cost=f"{many(len(again), 'wakeup')} that brought nothing new; as long as it goes on, the thread cannot sleep",
        remedy="After a wakeup read (or accept) from each socket that it names; if the program cannot take more now, stop"
        " watching that socket for reading until it can.",
    )  # fmt: skip
