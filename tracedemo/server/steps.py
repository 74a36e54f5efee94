"""The pace of lock-step: a step for every time that a client is about to wait (see `tracedemo.lockstep`).

The life of a step: its line arrives on a control connection. First everything is taken in that the client did
before: waiting connections are accepted, requests read. Ports that are still unknown, or whose request is
still incomplete, are waited for, and as each turns up it is crossed off; when none is left, or the grace has
run out, the moves are made and the answer is written.

A client's end of sending is told apart from its end (`close`) by nobody on this side. The half-closed client
is waiting for our answer and must get it step by step; the closed one is gone. So a connection whose client
has ended stays until a step moves it, and the ones that no step ever comes for are given up when there are
too many of them.
"""

from __future__ import annotations

import selectors
import time

from tracedemo.lockstep import MAX_LINE, decode_step, encode_moved

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from tracedemo.server.connection import Connection
    from tracedemo.server.door import Address
    from tracedemo.server.loop import Loop
    from tracedemo.server.timers import Timer

_PORTION = 65536
_MOST_ENDED = 4096


class Step:
    """A question that cannot be answered yet; `missing` are the ports that are waited for."""

    __slots__ = ("asker", "missing", "ports", "timer")

    def __init__(self, asker: Asker, ports: list[int]) -> None:
        self.asker = asker
        self.ports = ports
        self.missing: set[int] = set()
        self.timer: Timer | None = None


class Asker:
    """One control connection: lines in, lines out, one question at a time."""

    def __init__(self, sock: socket.socket, loop: Loop, pace: LockstepPace) -> None:
        self.step: Step | None = None
        self._sock = sock
        self._loop = loop
        self._pace = pace
        self._incoming = bytearray()
        self._outgoing = b""
        self._mask = 0
        self._asking = False
        sock.setblocking(False)
        self._watch()

    def say(self, line: bytes) -> None:
        """Answer the question, and take up the next."""
        self.step = None
        self._outgoing += line
        self._ready(selectors.EVENT_WRITE)

    def close(self) -> None:
        """Nobody asks any more."""
        self._pace.forget(self)
        if self._mask:
            self._loop.selector.unregister(self._sock)
            self._mask = 0
        self._sock.close()

    def _ready(self, mask: int) -> None:
        if self._sock.fileno() < 0:
            return  # closed while its question was being answered
        try:
            if mask & selectors.EVENT_WRITE:
                self._send()
            if mask & selectors.EVENT_READ:
                self._receive()
            self._ask()
        except (OSError, EOFError):
            self.close()
        except ValueError as error:
            self._loop.journal.write("error", detail=f"control: {error}")
            self.close()
        else:
            self._watch()

    def _send(self) -> None:
        try:
            self._outgoing = self._outgoing[self._sock.send(self._outgoing) :]
        except BlockingIOError:
            return

    def _receive(self) -> None:
        try:
            data = self._sock.recv(_PORTION)
        except BlockingIOError:
            return
        if not data:
            raise EOFError
        self._incoming += data
        if len(self._incoming) > MAX_LINE:
            raise ValueError("a message without end")

    def _ask(self) -> None:
        """Put the questions that have come to the pace, one after another."""
        if self._asking:
            return  # the pace has answered at once; the loop below goes on
        self._asking = True
        try:
            while self.step is None and (end := self._incoming.find(b"\n") + 1):
                ports = decode_step(bytes(self._incoming[:end]))
                del self._incoming[:end]
                self._pace.ask(self, ports)
        finally:
            self._asking = False

    def _watch(self) -> None:
        if self._sock.fileno() < 0:
            return
        mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outgoing else 0)
        if mask == self._mask:
            return
        if self._mask:
            self._loop.selector.unregister(self._sock)
        self._loop.selector.register(self._sock, mask, self._ready)
        self._mask = mask


class LockstepPace:
    """Moves connections when asked to, and answers what was done."""

    def __init__(self, loop: Loop, control: socket.socket) -> None:
        self._loop = loop
        self._askers: set[Asker] = set()
        self._by_port: dict[int, Connection] = {}
        self._waiting: dict[int, list[Step]] = {}  # by the port that is missing
        self._silent: set[int] = set()  # ports for which the grace has been spent, and nothing has come since
        self._ended: dict[Connection, None] = {}  # clients that send no more, in that order
        loop.add_door(control, self._welcome)

    # -- what the loop tells

    def accepted(self, conn: Connection) -> None:
        """A client has come; a port that was used before now stands for it."""
        self._by_port[conn.port] = conn
        self._silent.discard(conn.port)

    def progress(self, conn: Connection) -> None:
        """Cross the connection off where it was waited for."""
        self._silent.discard(conn.port)
        if conn.ended:
            self._note_ended(conn)
        if conn.port in self._waiting and not self._is_awaited(conn.port):
            steps = self._waiting.pop(conn.port)
            for step in steps:
                step.missing.discard(conn.port)
            for step in steps:
                if not step.missing:
                    self._finish(step)

    def gone(self, conn: Connection) -> None:
        """The connection can move no more."""
        self._ended.pop(conn, None)
        if self._by_port.get(conn.port) is conn:
            del self._by_port[conn.port]

    def spare(self) -> Connection | None:
        """Of the connections whose client has ended, the one that has been so for longest."""
        return next(iter(self._ended), None)

    def close(self) -> None:
        """Close the control connections."""
        for asker in list(self._askers):
            asker.close()

    def _note_ended(self, conn: Connection) -> None:
        self._ended[conn] = None
        if len(self._ended) > _MOST_ENDED:
            self._loop.give_up(next(iter(self._ended)))

    # -- what the client asks

    def _welcome(self, sock: socket.socket, _: Address) -> None:
        try:
            self._askers.add(Asker(sock, self._loop, self))
        except OSError:
            sock.close()

    def forget(self, asker: Asker) -> None:
        """The control connection is gone, and so is its question."""
        self._askers.discard(asker)
        if asker.step is not None:
            self._withdraw(asker.step)

    def ask(self, asker: Asker, ports: list[int]) -> None:
        """Make one step of these connections: now if it is clear which can move, else when it is."""
        self._loop.accept()
        for port in ports:
            conn = self._by_port.get(port)
            if conn is not None and not conn.owes_move:
                self._loop.receive(conn)
        step = Step(asker, ports)
        asker.step = step
        step.missing = {port for port in ports if self._is_awaited(port)}
        if not step.missing:
            self._finish(step)
            return
        for port in step.missing:
            self._waiting.setdefault(port, []).append(step)
        end = time.monotonic_ns() + self._loop.plan.grace_ns
        step.timer = self._loop.timers.at(end, lambda: self._grace_is_over(step))

    def _is_awaited(self, port: int) -> bool:
        """Something that the client began before it asked may still be on its way here."""
        if port in self._silent:
            return False
        conn = self._by_port.get(port)
        if conn is None:
            # Where nobody is ever accepted, nobody is waited for.
            return not (self._loop.plan.faults.none_accepted or self._loop.plan.faults.all_refused)
        return conn.may_yet_ask

    def _grace_is_over(self, step: Step) -> None:
        self._silent |= step.missing
        self._withdraw(step)
        self._finish(step)

    def _withdraw(self, step: Step) -> None:
        """Wait no more for what this step lacks."""
        if step.timer is not None:
            step.timer.cancel()
        for port in step.missing:
            self._waiting[port].remove(step)
            if not self._waiting[port]:
                del self._waiting[port]
        step.missing = set()

    def _finish(self, step: Step) -> None:
        """Make the moves, then say so."""
        if step.asker.step is not step:
            return  # finished already, by what another step has moved
        if step.timer is not None:
            step.timer.cancel()
        found = [self._by_port[port] for port in step.ports if port in self._by_port]
        moved = {}
        for conn in sorted(found, key=lambda one: one.number):
            what = self._loop.move(conn) if conn.open else None
            if what is not None:
                moved[conn.port] = what
        step.asker.say(encode_moved(moved))
