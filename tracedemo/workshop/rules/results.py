"""What came out: bodies that nobody can know beforehand, and sockets that are closed."""

from __future__ import annotations

from collections.abc import Iterator

from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule

NO_CALL = Broken(
    "it came to its end without a call on a socket or a selector",
    remedy="Is main() called, and does it come to the fetch? What it is to print can only be had from the server.",
)
"""What is said where a result is missing, and nobody went to get it."""


@rule("result/body", "Read until recv() returns no bytes, and return all that came.")
def body(case: Case) -> Iterator[Broken]:
    """It prints the SHA-256 of the body that our server sent: of all of it."""
    if not case.called:
        yield NO_CALL
    elif case.digest not in case.output:
        received = sum(socket.bytes_received for socket in case.clients)
        yield Broken(
            f"the whole body of {len(case.body)} bytes did not come out; {received} bytes were received"
        )


@rule("fds/closed", "Close every socket, whatever happens: `with`, or `finally`.")
def closed(case: Case) -> Iterator[Broken]:
    """Each socket that the program made is closed by the program."""
    for socket in case.study.connections:
        if socket.closed_by in _LEFT_OPEN:
            row = next((row for row, _ in case.on(socket.number)), None)
            yield Broken(
                f"a socket {_LEFT_OPEN[socket.closed_by]}", row, socket.fds[0] if socket.fds else None
            )


_LEFT_OPEN = {
    None: "was never closed",
    "garbage collection": "was left to the garbage collector",
    "detach": "gave its descriptor away, and nobody closed that",
}
"""Ways in which a socket comes to its end, and is not closed by the program (`Connection.closed_by`)."""

RULES = by_name(body, closed)
