"""Programs that never wait, under lock-step: what they are told is counted, and makes a step, or an end.

Theory of operation
    A program that asks again and again would keep a server that moves only when somebody waits from ever moving. So every
    PATIENCE-th "not yet" in a row counts as a wait: of a connection, or of a selector that is asked with timeout 0.

    Spin: a program that gets BUDGET "not yet" answers while the server has nothing left for it is ended, and told so; and
    one to which select, asked about nothing but connections to our server, has reported BUDGET times in a row what it makes
    no use of; and one that found no room to send BUDGET times, though the server will read no more.
"""

from __future__ import annotations

from tracedemo.recorders.inprocess.layers import Layers
from tracedemo.recorders.inprocess.layout import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tracedemo.recorders.inprocess.spool import Spool

PATIENCE = 10
"""How many "not yet" answers in a row make a step."""
BUDGET = 20_000
"""How many "not yet" answers may come while the server has nothing left, before the run is ended."""


class Asking(Layers):
    """Counts for a pace that knows how to step, and how to end."""

    if TYPE_CHECKING:
        spool: Spool
        glances: dict[int, int]
        """Selects with timeout 0 in a row that found nothing, by object."""

        def _ready(self, fds: tuple[int, ...], grace: float = 0.0, *, writing: bool = False) -> bool: ...
        def _watched(self, place: str, args: Any) -> dict[int, int] | None: ...
        def _step(self, ours: dict[int, int], t0: int) -> bool: ...
        def _stop(self, op: str, ours: dict[int, int], words: str) -> None: ...

    def _count_not_yet(self, fd: int) -> None:
        """A connection had nothing for a program that does not wait."""
        if fd not in self.spool.ports:
            return
        count = self.not_yet.get(fd, 0) + 1
        self.not_yet[fd] = count % PATIENCE
        if count == PATIENCE:
            self._step_for_asker({fd: self.spool.ports[fd]})

    def _count_full(self, fd: int) -> None:
        """There was no room for what a program that does not wait has to send."""
        if fd not in self.spool.ports:
            return
        count = self.full[fd] = self.full.get(fd, 0) + 1
        if count % BUDGET or self._step({fd: self.spool.ports[fd]}, clock()):
            return
        if not self._ready(
            (fd,), writing=True
        ):  # a server that reads slowly has read all, since it was asked
            words = f"spin: {count:,} times there was no room to send, and the server reads no more from"
            self._stop("spin", {fd: self.spool.ports[fd]}, words)

    def _count_glance(self, place: str, args: Any) -> None:
        """A select with timeout 0 found nothing: a "not yet" of all that it watches."""
        ports = self.spool.ports
        if not ports:
            return
        key = id(args[0]) if place else 0
        count = self.glances.get(key, 0) + 1
        self.glances[key] = count % PATIENCE
        if count == PATIENCE:
            t0 = clock()
            watched = self._watched(place, args) or {}
            ours = {fd: ports[fd] for fd, events in watched.items() if fd in ports and events & 1}
            if ours:
                self._step_for_asker(ours, t0)

    def _count_unused(self, watched: dict[int, int]) -> None:
        """A select had news at once, as it has again and again for a program that makes no use of it."""
        self.unused += 1
        ports = self.spool.ports
        if self.unused >= BUDGET and all(fd in ports for fd in watched):
            words = f"spin: {self.unused:,} times select had news at once, and the program did nothing with"
            self._stop("spin", {fd: ports[fd] for fd in watched}, words)

    def _step_for_asker(self, ours: dict[int, int], t0: int = 0) -> None:
        if self._step(ours, t0 or clock()):
            return
        self.vain += PATIENCE
        if self.vain >= BUDGET:
            words = f'spin: {self.vain:,} times the answer was "not yet", and the server has nothing left to send on'
            self._stop("spin", ours, words)
