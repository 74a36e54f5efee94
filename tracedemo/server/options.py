"""What can be asked of the server."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Literal

from tracedemo.lockstep import REQUEST_GRACE_S
from tracedemo.server.plan import Plan

Pace = Literal["clock", "lockstep"]
Charset = Literal["ascii", "utf-8", "latin-1"]


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """How the server answers.  Every request of a run gets the same body; only a path that is a number, such as `/3`, has a
    page of its own, of the same size.

    Raises:
        ValueError: when made with a value out of range; the text names the option, the value and the range.
    """

    host: str = "127.0.0.1"
    """Name or address to listen on."""
    port: int = 0
    """0: any free one."""
    delay_ms: float = 30
    """Milliseconds from the complete request to the first byte; by the clock only."""
    pieces: int = 3
    """In how many sends the answer goes out; the headers go with the first."""
    gap_ms: float = 10
    """Milliseconds between pieces; by the clock only."""
    size: int = 1200
    """Bytes of the body, headers not counted."""
    pace: Pace = "clock"
    """`clock`, or `lockstep`: one move whenever the client is about to wait (see `tracedemo.lockstep`)."""
    nonce: str | None = None
    """A word in every line of the body, by which a run knows its answers; None: a new one at each start."""
    grace_ms: float = REQUEST_GRACE_S * 1000
    """Milliseconds to wait for what a client has begun before it asked for a step; lock-step only."""
    fault: str = ""
    """How it misbehaves: words as in `tracedemo.server.faults`, such as `reset:10%,stall`; empty: not at all."""
    seed: int = 0
    """Decides which connections get a fault: the same seed, the same connections."""
    charset: Charset = "ascii"
    """How the body's text is made bytes, as Content-Type says. In all but `ascii` it has letters beyond ASCII; in `utf-8`
    each piece but the last ends inside of one, where the pieces are long enough."""

    def __post_init__(self) -> None:
        """Refuse nonsense now, not when the server starts."""
        self.plan()

    def plan(self) -> Plan:
        """The form that the loop runs on; a nonce that is None is drawn."""
        return Plan(**{**asdict(self), "nonce": draw_nonce() if self.nonce is None else self.nonce})

    def words(self) -> list[str]:
        """The words that ask a server process for the same; the nonce must have been drawn."""
        return [f"{name}={value}" for name, value in asdict(self).items()]


def draw_nonce() -> str:
    """Sixteen hexadecimal digits that nobody can guess."""
    return os.urandom(8).hex()
