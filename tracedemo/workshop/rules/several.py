"""What holds where a program fetches many times: what comes out of each fetch, and how many are under way at once.

Such a program prints a line for each fetch, which begins with its number: `#3 ...`. Where each fetch has a page of its own,
/1 to /n, fetch 3 is that of /3: which connection was for which page is read from the requests that our server got; so it
does not matter in which order they are begun. How many may be under way is the last that it was given. With failures and
deadlines `scheduler` goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tracedemo.analysis.connections import Connection
from tracedemo.events import SERVER
from tracedemo.server.response import page_asked
from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule
from tracedemo.workshop.rules.results import NO_CALL

LINE = re.compile(r"^#(\d+)\b *(.*)$", re.MULTILINE)


def lines(case: Case) -> Mapping[int, str]:
    """What was printed for each fetch, by its number."""
    return {int(number): text for number, text in LINE.findall(case.output)}


def pages(case: Case) -> Mapping[int, int]:
    """The connection on which each page was asked for: number of the page -> connection."""
    found = {}
    for event in case.events:
        number = page_asked(str(event.args.get("detail", ""))) if event.op == "request" else None
        if number is not None and event.lane == SERVER and event.conn is not None:
            found[number] = event.conn
    return found


def faults(case: Case) -> Mapping[int, str]:
    """The connections on which our server misbehaved, as it was told to: connection -> name of the fault."""
    return {
        event.conn: str(event.args.get("detail"))
        for event in case.events
        if event.op == "fault" and event.conn is not None
    }


@rule(
    "result/every-body",
    "Go on until each fetch has come to its own end, and keep what each returned in its own place.",
)
def every_body(case: Case) -> Iterator[Broken]:
    """For each page, but for those that our server spoilt, the SHA-256 of the whole body of this very page is printed.

    `result/body` is the same for a program that fetches once, `fetches/served` for one whose fetches may be late.
    """
    if not case.called:
        yield NO_CALL
        return
    asked, spoilt, printed = pages(case), faults(case), lines(case)
    received = {socket.number: socket.bytes_received for socket in case.clients}
    for number in range(1, case.values["n"] + 1):
        if case.digest_of(number) in printed.get(number, "") or asked.get(number) in spoilt:
            continue
        if number not in asked:
            yield Broken(f"nobody asked for page /{number}")
            continue
        row = [row for row, _ in case.on(asked[number])][-1]
        where = next((other for other, text in printed.items() if case.digest_of(number) in text), None)
        if where is not None:
            yield Broken(f"the body of page /{number} stands in the line of /{where}", row)
            continue
        came = f"{received.get(asked[number], 0)} bytes were received"
        yield Broken(f"the body of page /{number} did not come out, and {came} on its connection", row)


@rule("together/one-thread", "One thread is enough: let it sleep in select() for all sockets at once.")
def one_thread(case: Case) -> Iterator[Broken]:
    """All calls are made by one thread of one process."""
    row, first = case.calls[0] if case.calls else (None, None)
    for row, event in case.calls:
        if first is not None and (event.pid, event.tid) != (first.pid, first.tid):
            yield Broken(f"{event.op}() on a second thread", row)


@rule(
    "together/at-once", "Begin all fetches before the first sleep: next() on each generator, then select()."
)
def at_once(case: Case) -> Iterator[Broken]:
    """Every connection is begun before the first byte of an answer is received; `together/overlap` asks for less."""
    first = min((socket.t_first_byte for socket in case.clients if socket.t_first_byte), default=None)
    for socket in case.clients:
        if first is not None and socket.t_connect is not None and socket.t_connect > first:
            row = next(row for row, event in case.on(socket.number) if event.op.startswith("connect"))
            yield Broken("this connection was begun only after others had been answered", row)


@rule(
    "together/overlap",
    "Begin the next fetch while others wait; a list of those under way tells how many there are.",
)
def overlap(case: Case) -> Iterator[Broken]:
    """Some of the connections are open at the same time; `together/as-many` asks for more."""
    if case.study.summary.in_flight < 2:
        yield Broken("at no time was more than one fetch under way", _second(case))


@rule(
    "together/as-many",
    "Begin fetches as long as there is room, AT_MOST of them, before you sleep for the first time.",
)
def as_many(case: Case) -> Iterator[Broken]:
    """At some time at least half as many fetches are under way as there may be: the limit is used, and not only kept."""
    most = case.study.summary.in_flight
    if 2 * most < room(case):
        yield Broken(f"at no time {'was' if most == 1 else 'were'} more than {most} under way, and {room(case)} may be",
                     _second(case))  # fmt: skip


def _second(case: Case) -> int | None:
    """Where the second connection begins."""
    return next((row for socket in case.clients[1:2] for row, _ in case.on(socket.number)), None)


def room(case: Case) -> int:
    """How many sockets may be open at once."""
    return int(case.given[-1])


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
    times = [(socket.t_first, end_of(socket)) for socket in case.clients]
    for socket in case.clients:
        yield socket, sum(begin <= socket.t_first < end for begin, end in times)


def end_of(socket: Connection) -> float:
    """When a socket is closed; never, if it is not."""
    return float("inf") if socket.t_close is None else socket.t_close


RULES = by_name(every_body, one_thread, at_once, overlap, as_many, at_most)
