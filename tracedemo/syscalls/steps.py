"""What happens in the flow and server lanes, and what the tool itself does: steps that are no call of the program."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """A row for the flow and server lanes: what is not a call of the program."""

    lane: str
    name: str
    meaning: str
    says: str


# fmt: off
STEPS = (
    Step("flow", "start", "A generator runs for the first time.", "starts"),
    Step("flow", "yield", "A generator hands over a value and is parked: it holds no thread until it is resumed.",
         "yields {arg[value]}, and is parked"),
    Step("flow", "resume", "Somebody called next() or send(): the generator goes on where it stopped.", "goes on"),
    Step("flow", "return", "A generator is finished; its caller sees StopIteration.", "is finished"),
    Step("flow", "callback", "The event loop ran one handle: a callback, or the step of a task.", "runs {what_runs}"),
    Step("flow", "blocked", "The watchdog found that a callback had not returned: nothing else could run meanwhile.",
         "holds up the event loop: {what_runs} has taken {took} so far"),
    Step("server", "accepted", "Our server took the connection out of its backlog.", "accepts the connection{from_peer}"),
    Step("server", "request", "The whole request has arrived.", "has read the request of {bytes}{from_peer}"),
    Step("server", "sent", "Our server sent a piece of the response.", "sends piece {arg[piece]}, {bytes}{peer}"),
    Step("server", "closed", "Our server closed the connection.", "closes the connection{peer}"),
    Step("server", "reset", "Our server broke the connection off.", "resets the connection{peer}"),
    Step("server", "refused", "Our server took no connection.", "refuses a connection"),
    Step("server", "fault", "Our server was asked to misbehave, and does so on this connection.",
         "misbehaves on purpose, on the connection{from_peer}: {arg[detail]}"),
    Step("server", "error", "A client did something that our server could not serve.",
         "cannot serve the client{from_peer}: {arg[detail]}"),
    Step("python", "lockstep", "The tool's own exchange with the server, inside a call that is about to wait.",
         "(tracedemo asks the server to move: {result})"),
    Step("python", "port", "The tool's own question for the local port of a new connection.",
         "(tracedemo notes the local port of {fd}: {result})"),
    Step("python", "deadlock", "Everything waits for a server that has nothing left to send.", "{arg[detail]}"),
    Step("python", "spin", "The program asks and asks, and comes no further.", "{arg[detail]}"),
)
# fmt: on

STEP = {(row.lane, row.name): row for row in STEPS}
"""Rows by (lane, name)."""
