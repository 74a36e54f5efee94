"""The server proper: one thread, one selector, timers in a heap.

What it does by itself: accept whoever comes, read what they send, send on when a full buffer has room again.
When an answer moves is not decided here: after everything that changes a connection the pace is told
(`progress`), and the pace calls `move`.

What goes wrong with one client stays with that client: it is logged, its connection goes, the loop lives.
"""

from __future__ import annotations

import selectors
import socket
import sys
import time

from tracedemo.lockstep import CLOSED, RESET
from tracedemo.server.connection import Connection
from tracedemo.server.door import Door
from tracedemo.server.faults import NO_ACCEPT
from tracedemo.server.response import END_SENDING, LEAVE_UNREAD, Responder, make_body
from tracedemo.server.timers import Timers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from tracedemo.server.door import Address
    from tracedemo.server.journal import Journal
    from tracedemo.server.plan import Plan

    class Pace(Protocol):
        """Who decides when a connection moves."""

        def accepted(self, conn: Connection) -> None:
            """A client has come."""

        def progress(self, conn: Connection) -> None:
            """Something has changed: bytes came, a request is complete, a rest went out, a move was made."""

        def gone(self, conn: Connection) -> None:
            """The connection can move no more."""

        def spare(self) -> Connection | None:
            """A connection that nobody will miss, for descriptors have run out."""

        def close(self) -> None:
            """The server ends."""

    Handler = Callable[[int], None]

_LINGER_NS = 2_000_000_000


class Loop:
    """Listener, connections and selector of one server.  Set `pace` before `run`."""

    def __init__(self, plan: Plan, journal: Journal, listener: socket.socket) -> None:
        self.plan = plan
        self.journal = journal
        self.timers = Timers()
        body = make_body(plan.size, plan.nonce, plan.charset)
        self._responder = Responder(body, plan.pieces, plan.charset, plan.nonce)
        self.selector = selectors.DefaultSelector()
        self.pace: Pace
        self._doors: list[Door] = []
        self._listener = listener
        # A listener that is never asked lets connections wait in the kernel's backlog; one that does not listen has none.
        shut = plan.faults.all_refused or plan.faults.none_accepted
        self._entrance = None if shut else self.add_door(listener, self._welcome)
        self._connections: set[Connection] = set()
        self._accepted = 0
        self._stopped = False

    def run(self) -> None:
        """Serve until `stop` is called."""
        while not self._stopped:
            left = self.timers.left(time.monotonic_ns())
            for key, mask in self.selector.select(None if left is None else left / 1e9):
                handler: Handler = key.data
                handler(mask)
            self.timers.run(time.monotonic_ns())

    def stop(self) -> None:
        """Leave `run` when what is being done is done."""
        self._stopped = True

    def close(self) -> None:
        """Close all connections; the listeners stay their makers'."""
        if self.plan.faults.none_accepted:
            self._count_unaccepted()
        self._doors.clear()
        self.pace.close()
        for conn in list(self._connections):
            self.give_up(conn)
        self.selector.close()

    # -- accepting

    def add_door(self, listener: socket.socket, welcome: Callable[[socket.socket, Address], None]) -> Door:
        """Accept on this listener from now on."""
        door = Door(listener, self.selector, self.timers, welcome, self._short)
        self._doors.append(door)
        return door

    def accept(self) -> None:
        """Accept all clients who wait, now."""
        if self._entrance is not None:
            self._entrance.accept()

    def _count_unaccepted(self) -> None:
        """At the end: who was left in the backlog. Only by accepting them can that be known."""
        while True:
            try:
                sock, address = self._listener.accept()
            except OSError:  # there are no more, or there is no descriptor for them
                return
            self._accepted += 1
            self.journal.write(
                "fault", conn=self._accepted, peer=(str(address[0]), int(address[1])), detail=NO_ACCEPT
            )
            sock.close()

    def _short(self, error: OSError, *, first: bool) -> None:
        if first:
            self.journal.write("error", detail=f"accept: {_say(error)}; clients wait until there is room")
        spare = self.pace.spare()
        if spare is not None:
            self.give_up(spare)

    def _welcome(self, sock: socket.socket, address: Address) -> None:
        now = time.monotonic_ns()
        self._accepted += 1
        peer = (str(address[0]), int(address[1]))
        conn = Connection(sock, self._accepted, peer, self._responder, self.journal, self.plan.faults)
        self._connections.add(conn)
        conn.log("accepted", t=now)
        if conn.fault:
            conn.log("fault", t=now, detail=conn.fault)
        try:
            sock.setblocking(False)
            # A piece is a send is a segment: nothing may be held back to go out with the next.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._watch(conn)
        except OSError as error:  # reset already; macOS says EINVAL then
            self._lose(conn, error)
            return
        self.pace.accepted(conn)

    # -- connections

    def _ready(self, conn: Connection, mask: int) -> None:
        if not conn.open:
            return  # went with an earlier event of the same select
        changed = False
        try:
            if mask & selectors.EVENT_WRITE:
                conn.flush()
                changed = True
            if mask & selectors.EVENT_READ:
                changed |= conn.receive()
                if conn.resting:
                    self.timers.at(time.monotonic_ns() + self.plan.gap_ns, lambda: self._rested(conn))
        except OSError as error:
            self._lose(conn, error)
        else:
            if changed:
                self._changed(conn)

    def receive(self, conn: Connection) -> None:
        """Read what has come on this connection, now, and all of it."""
        conn.hasten()
        self._ready(conn, selectors.EVENT_READ)

    def _rested(self, conn: Connection) -> None:
        """Take the next sip, if that is still to be done."""
        conn.resting = False
        if conn.open:
            self._watch(conn)

    def move(self, conn: Connection) -> str | None:
        """Make one move on this connection: `sent`, `closed`, `reset`, or None: there was none to make."""
        try:
            what = conn.move()
            if what == CLOSED:
                self._hang_up(conn)
            elif what == RESET:
                self._break_off(conn)
        except OSError as error:
            self._lose(conn, error)
            return None
        if what is not None and conn.open:
            self._changed(conn)
        return what

    def _changed(self, conn: Connection) -> None:
        self._watch(conn)
        if not conn.said_end:
            self.pace.progress(conn)
        elif conn.ended:
            self.give_up(conn)

    def _watch(self, conn: Connection) -> None:
        """Let the selector watch what matters now, and only that."""
        mask = selectors.EVENT_READ if conn.wants_input else 0
        if conn.has_rest:
            mask |= selectors.EVENT_WRITE
        if mask == conn.mask:
            return
        if conn.mask:
            self.selector.unregister(conn.sock)
        if mask:
            self.selector.register(conn.sock, mask, lambda ready: self._ready(conn, ready))
        conn.mask = mask

    def _lose(self, conn: Connection, error: OSError) -> None:
        """The connection is broken: log that and forget it."""
        conn.log("error", detail=_say(error))
        self.give_up(conn)

    def _hang_up(self, conn: Connection) -> None:
        """End the connection as the client sees it.

        What the client has sent and nobody has read would turn a close into a reset, and the reset would
        destroy what the client has not read yet. So the rest is read; and a client that was refused in the
        middle of its request is told the end, but listened to until it ends, too.
        """
        conn.receive()
        now = time.monotonic_ns()
        if conn.ending == END_SENDING and not conn.ended:
            conn.log("closed", t=now, detail="its own side only")
            conn.sock.shutdown(socket.SHUT_WR)
            conn.said_end = True
            self.pace.gone(conn)
            return
        conn.log("closed", t=now)
        if not conn.lingers or conn.ended:
            self.give_up(conn)
            return
        conn.sock.shutdown(socket.SHUT_WR)
        conn.said_end = True
        self.pace.gone(conn)
        self.timers.at(time.monotonic_ns() + _LINGER_NS, lambda: self.give_up(conn))

    def _break_off(self, conn: Connection) -> None:
        """End the connection with a reset: by SO_LINGER with no time (socket(7)), or by what nobody has read (tcp(7))."""
        now = time.monotonic_ns()
        if conn.ending == LEAVE_UNREAD:
            conn.log("closed", t=now, detail="with the request unread, which makes the kernel reset it")
        else:
            conn.log("reset", t=now)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _no_linger())
        self.give_up(conn)

    def give_up(self, conn: Connection) -> None:
        """Close the socket and forget the connection."""
        if not conn.open:
            return
        conn.open = False
        self._connections.discard(conn)
        if conn.mask:
            self.selector.unregister(conn.sock)
        conn.sock.close()
        self.pace.gone(conn)
        for door in self._doors:
            door.open()


def _no_linger() -> bytes:
    """The `struct linger` {1, 0}: a close throws away what is unsent, and sends a reset."""
    import struct

    return struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


def _say(error: OSError) -> str:
    return f"{type(error).__name__}: {error.strerror or error}"
