"""The pace of the clock: so long to the first byte, so long between pieces, then the end at once."""

from __future__ import annotations

import time

from tracedemo.server.response import BREAK_OFF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracedemo.server.connection import Connection
    from tracedemo.server.loop import Loop


class ClockPace:
    """Moves each connection when its time has come.

    The delay counts from the complete request (or from the end of the answer before it, if the client has
    asked ahead); a gap counts from the moment a piece is wholly in the kernel's hands.
    """

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def accepted(self, conn: Connection) -> None:
        """A client has come; it moves when it has asked."""

    def progress(self, conn: Connection) -> None:
        """Set the timer for the next move, or end the connection at once if that is all that is left."""
        if conn.armed or conn.has_rest:
            return
        if conn.answer is not None:
            self._arm(conn, self._loop.plan.gap_ns if conn.piece else self._loop.plan.delay_ns)
        elif conn.owes_move and conn.ending == BREAK_OFF:
            # With what was sent just before, it might be taken for one thing.
            self._arm(conn, self._loop.plan.gap_ns)
        elif conn.owes_move:
            self._loop.move(conn)

    def gone(self, conn: Connection) -> None:
        """The connection can move no more; a timer that is still set for it finds it closed."""

    def spare(self) -> Connection | None:
        """None: here, connections are closed as soon as they can be."""
        return None

    def close(self) -> None:
        """There is nothing of ours to close."""

    def _arm(self, conn: Connection, wait: int) -> None:
        conn.armed = True
        self._loop.timers.at(time.monotonic_ns() + wait, lambda: self._due(conn))

    def _due(self, conn: Connection) -> None:
        conn.armed = False
        if conn.open and not conn.said_end:
            self._loop.move(conn)
