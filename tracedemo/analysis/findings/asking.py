"""Asking too often: again and again while the answer is "not yet", and byte by byte."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tracedemo.analysis.findings.facts import RECEIVES, Facts
from tracedemo.analysis.findings.model import Finding, finding, flat, many, ops, sockets, times, was
from tracedemo.analysis.segments import is_readiness
from tracedemo.analysis.text import duration_words
from tracedemo.analysis.walking import ready_of
from tracedemo.events import Event

AGAIN = 10
"""So many repeats without a single wait are a loop. Who reads until "not yet" and then waits repeats nothing; a second or
third try may be meant (a handshake that is nearly there)."""

AWAY_NS = 1_000_000
"""Who does something else for longer between two tries looks now and then, mostly after a `time.sleep()`, of which no event
tells. From one try of a loop to the next it takes microseconds, even traced; who lost the processor begins anew."""

BYTES = 8
"""So many bytes fetched one by one, with the next one there already, are a habit. The greeting of SOCKS or a length before
a message is read in fewer; a line or a head is longer."""


@dataclass(slots=True)
class _Asker:
    """What a thread has asked since it last waited, or was away."""

    returned: int | None = None
    """When its last call ended."""
    asked: dict[int | None, dict[str, int]] = field(default_factory=dict)
    """By descriptor, the operations that were answered "not yet" and nothing else since, with their rows."""
    again: list[int] = field(default_factory=list)
    """Rows that asked so once more ..."""
    first: set[int] = field(default_factory=set)
    """... and those that had been the first."""

    def back(self, event: Event) -> bool:
        """Whether the thread was away for long before this call."""
        before, end = self.returned, event.t0 if event.t1 is None else event.t1
        self.returned = end if before is None else max(before, end)
        return before is not None and event.t0 - before > AWAY_NS

    def ask(self, row: int, event: Event) -> None:
        asked = self.asked.setdefault(event.fd, {})
        if event.op in asked:
            self.again.append(row)
            self.first.add(asked[event.op])
        else:
            asked[event.op] = row

    def forget(self, fd: int | None, op: str = "") -> None:
        """Something happened there."""
        if not op:
            self.asked.pop(fd, None)
        elif fd in self.asked:
            self.asked[fd].pop(op, None)

    def wait(self) -> tuple[list[int], set[int]]:
        """The thread waits, or has been away: what it asked in vain until now."""
        found = self.again, self.first
        self.asked, self.again, self.first = {}, [], set()
        return found


def busy_loop(facts: Facts) -> Iterator[Finding]:
    """A socket that said "not yet" is asked again, and the thread has neither waited for anything nor been away."""
    threads: defaultdict[tuple[int, int], _Asker] = defaultdict(_Asker)
    stretches = []
    for row, event in facts.calls:
        asker = threads[event.pid, event.tid]
        if asker.back(event) or facts.waited(event) or facts.could_sleep(event):
            stretches.append(asker.wait())
        if event.not_yet:
            asker.ask(row, event)
        elif is_readiness(event.op):
            for fd, _ in ready_of(event):
                asker.forget(fd)
        elif event.op == "close":
            asker.forget(event.fd)
        else:
            asker.forget(event.fd, event.op)
    stretches += [asker.wait() for asker in threads.values()]
    found = [(again, first) for again, first in stretches if len(again) >= AGAIN]
    again, first = list(flat(pair[0] for pair in found)), list(flat(pair[1] for pair in found))
    if not again:
        return
    took, them = duration_words(facts.time(again)), "it" if _number(facts, again) == 1 else "them"
    yield finding(
        facts, "busy-loop", (*first, *again), costs=again,
        title=f'{sockets(facts, again).capitalize()} had said "not yet" and {was(_number(facts, again))} asked'
        f" again {times(len(again))} by {ops(facts, again)}, without waiting for {them} in between.",
        cost=f'{many(len(again), "call")}, {took} inside them, all answered "not yet"; whatever else the thread did between'
        f" two calls took at most {duration_words(AWAY_NS)}",
        remedy="Let the kernel say when to ask again: register the socket with a selector and ask after select() has named"
        " it, or use asyncio, which does that.",
    )  # fmt: skip


def _number(facts: Facts, rows: list[int]) -> int:
    """How many sockets."""
    return len({facts.events[row].conn for row in rows})


def one_byte_reads(facts: Facts) -> Iterator[Finding]:
    """One byte is asked for, then the next one, though it was there already."""
    waits: defaultdict[tuple[int, int], int] = defaultdict(int)
    last: dict[int | None, tuple[int, int] | None] = {}
    found: defaultdict[int | None, list[int]] = defaultdict(list)
    firsts: dict[int | None, int] = {}
    for row, event in facts.calls:
        thread = event.pid, event.tid
        waits[thread] += facts.waited(event)  # a byte for which the thread waited may have been sent alone
        if event.conn is None or event.op not in RECEIVES:
            continue
        before = last.get(event.conn)
        last[event.conn] = (row, waits[thread]) if _single(event) else None
        if last[event.conn] and before and before[1] == waits[thread]:
            firsts.setdefault(event.conn, before[0])
            found[event.conn].append(row)
    habit = [conn for conn, rows in found.items() if len(rows) >= BYTES]
    rows = sorted(flat(found[conn] for conn in habit))
    if not rows:
        return
    took = duration_words(facts.time(rows))
    yield finding(
        facts, "one-byte-reads", (*(firsts[conn] for conn in habit), *rows), costs=rows,
        title=f"{many(len(rows), 'byte')} of {sockets(facts, rows)} were fetched one by one, though each was there already"
        " when the one before was fetched.",
        cost=f"{many(len(rows), 'call')} too many, {took} inside them, where one could have brought all of it",
        remedy="Ask for more (recv(4096)) and keep what is not needed yet, or read lines from sock.makefile('rb'), which"
        " does so; asyncio's StreamReader has readline() and readexactly().",
    )  # fmt: skip


def _single(event: Event) -> bool:
    """One byte was asked for and came; a look at it without taking it (MSG_PEEK) is something else."""
    args = event.args
    return args.get("size") == 1 and event.bytes == 1 and "PEEK" not in str(args.get("flags", ""))
