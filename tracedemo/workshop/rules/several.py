"""What holds when many pages are fetched: the bodies of all of them, at once, on one thread.

Such a program fetches the pages /1 to /n, and prints a line for each: `#3 ...`. Which connection was for which page is read
from the requests that our server got; so it does not matter in which order they are begun.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tracedemo.events import SERVER
from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule

LINE = re.compile(r"^#(\d+)\b *(.*)$", re.MULTILINE)
PAGE = re.compile(r"GET /(\d+) ")


def lines(case: Case) -> Mapping[int, str]:
    """What was printed for each page, by its number."""
    return {int(number): text for number, text in LINE.findall(case.output)}


def pages(case: Case) -> Mapping[int, int]:
    """For which page a connection was: connection -> number of the page that it asked for last."""
    found = {}
    for event in case.events:
        asked = PAGE.match(str(event.args.get("detail", ""))) if event.op == "request" else None
        if asked and event.lane == SERVER and event.conn is not None:
            found[event.conn] = int(asked[1])
    return found


def broken_off(case: Case) -> Mapping[int, int]:
    """The pages whose connection our server broke off, as it was told to: number -> connection."""
    broken = {event.conn for event in case.events if event.lane == SERVER and event.op == "reset"}
    return {page: conn for conn, page in pages(case).items() if conn in broken}


@rule("result/every-body", "Go on until each fetch has come to its own end, and keep what each returned.")
def every_body(case: Case) -> Iterator[Broken]:
    """For each page, but for those whose connection our server broke off, the SHA-256 of the whole body is printed.

    `result/body` is the same for a program that fetches once, `fetches/served` for one whose fetches may fail or be late.
    """
    printed, lost = lines(case), broken_off(case)
    conns = {page: conn for conn, page in pages(case).items()}
    received = {socket.number: socket.bytes_received for socket in case.clients}
    for number in range(1, case.values["n"] + 1):
        if number in lost or case.digest in printed.get(number, ""):
            continue
        if number not in conns:
            yield Broken(f"nobody asked for page /{number}")
            continue
        row = [row for row, _ in case.on(conns[number])][-1]
        came = f"{received.get(conns[number], 0)} bytes were received"
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
    """Some of the connections are open at the same time: enough where there is no room for all (`together/at-once`)."""
    if case.study.summary.in_flight < 2:
        second = (row for socket in case.clients[1:2] for row, _ in case.on(socket.number))
        yield Broken("at no time was more than one fetch under way", next(second, None))


RULES = by_name(every_body, one_thread, at_once, overlap)
