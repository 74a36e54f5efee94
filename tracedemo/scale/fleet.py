"""Servers for one run: several processes, each on a loopback address of its own, all with the same body.

To each address, and port, a client has all local ports anew; and each server has descriptors of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tracedemo.analysis.scaling import most_at_once
from tracedemo.server import ServerHandle, ServerOptions, running_server
from tracedemo.server.options import draw_nonce

ENDS = frozenset({"closed", "reset", "error"})
"""What the server writes down when it is done with a connection."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Running servers."""

    servers: tuple[ServerHandle, ...]
    options: ServerOptions

    @property
    def addresses(self) -> list[str]:
        """`host:port` of each."""
        return [f"{server.host}:{server.port}" for server in self.servers]

    @property
    def seconds(self) -> float:
        """How long an answer takes from the request to its end."""
        return (self.options.delay_ms + self.options.gap_ms * (self.options.pieces - 1)) / 1000

    def correct(self, output: str) -> int:
        """How many of a program's answers are right, by the lines that it printed: status, length, digest."""
        body = self.servers[0].body
        right = f"200 OK  {len(body)} bytes  sha256 {hashlib.sha256(body).hexdigest()}"
        return sum(line.rstrip().endswith(right) for line in output.splitlines())

    def in_flight(self) -> int:
        """Most connections that were there at once, from accept to close, by the servers' own logs (one clock)."""
        spans: list[tuple[int, int]] = []
        for server in self.servers:
            begun: dict[int, int] = {}
            events = server.events()
            last = max((event.t for event in events), default=0) + 1
            for event in events:
                if event.conn is None:
                    continue
                if event.op == "accepted":
                    begun[event.conn] = event.t
                elif event.op in ENDS and event.conn in begun:
                    spans.append((begun.pop(event.conn), event.t))
            spans += [(begin, last) for begin in begun.values()]
        return most_at_once(spans)


@contextmanager
def fleet(servers: int, options: ServerOptions, folder: Path, loopbacks: int = 1) -> Iterator[Fleet]:
    """Servers that have begun to listen; they end with the block.

    Args:
        loopbacks: how many of 127.0.0.1, 127.0.0.2 ... there are.

    Raises:
        ServerError: one cannot start.
    """
    options = replace(options, nonce=options.nonce or draw_nonce())
    with ExitStack() as stack:
        started = []
        for number in range(servers):
            place = folder / f"server-{number + 1}"
            place.mkdir(exist_ok=True)
            one = replace(options, host=f"127.0.0.{number % loopbacks + 1}")
            started.append(stack.enter_context(running_server(one, place)))
        yield Fleet(tuple(started), options)
