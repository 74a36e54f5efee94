"""What came out: bodies that nobody can know beforehand, and sockets that are closed."""

from __future__ import annotations

from collections.abc import Iterator

from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule


@rule("result/body", "Read until recv() returns no bytes, and return all that came.")
def body(case: Case) -> Iterator[Broken]:
    """It prints the SHA-256 of the body that our server sent: of all of it."""
    if case.digest not in case.output:
        received = sum(socket.bytes_received for socket in case.clients)
        yield Broken(
            f"the whole body of {len(case.body)} bytes did not come out; {received} bytes were received"
        )


@rule("fds/closed", "Close every socket, whatever happens: `with`, or `finally`.")
def closed(case: Case) -> Iterator[Broken]:
    """Each socket that the program made is closed by the program."""
    for socket in case.study.connections:
        if socket.closed_by is None or socket.closed_by == "garbage collection":
            row = next((row for row, _ in case.on(socket.number)), None)
            how = "was left to the garbage collector" if socket.closed_by else "was never closed"
            yield Broken(f"a socket {how}", row, socket.fds[0] if socket.fds else None)


RULES = by_name(body, closed)
