"""One client of the server: what it has asked, what it is still owed, and what can be done for it next.

A connection reads when told to and moves when told to. It knows nothing of clocks, steps or selectors: when
to move is the pace's business (clock.py, steps.py), what to watch is the loop's (loop.py).
"""

from __future__ import annotations

import socket
import time
from collections import deque

from tracedemo.lockstep import CLOSED, RESET, SENT
from tracedemo.server import faults
from tracedemo.server.request import Refusal, RequestParser
from tracedemo.server.response import BREAK_OFF, FINISH, KEEP_SILENT, LEAVE_UNREAD, UNREAD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracedemo.server.faults import Faults
    from tracedemo.server.journal import Journal, Peer
    from tracedemo.server.request import Request
    from tracedemo.server.response import Answer, Responder

_PORTION = 65536
_PORTIONS = 64
"""Read at once at most, so that a client that never stops sending cannot keep the loop to itself."""
_SIP = 16
"""Bytes that `slow-read` reads first; each time twice as many, up to a whole portion."""
_MAX_QUEUE = 32
"""Requests that may wait for their answers; a client that sends more has to read first."""


class Connection:
    """An accepted, non-blocking socket and where it stands."""

    __slots__ = (
        "_last_asked",
        "_parser",
        "_queue",
        "_responder",
        "_rest",
        "_seed",
        "answer",
        "answered",
        "armed",
        "closing",
        "ended",
        "ending",
        "fault",
        "journal",
        "lingers",
        "mask",
        "number",
        "open",
        "peer",
        "piece",
        "resting",
        "said_end",
        "sip",
        "sock",
    )

    def __init__(
        self,
        sock: socket.socket,
        number: int,
        peer: Peer,
        responder: Responder,
        journal: Journal,
        given: Faults,
    ) -> None:
        self.sock = sock
        self.number = number
        self.peer = peer
        self.journal = journal
        self.answer: Answer | None = None  # the one under way
        self.piece = 0  # how many of its pieces have been sent
        self.answered = 0  # answers completely sent
        self.closing = False  # nothing is left but to close, or what else the ending says
        self.ending = FINISH  # how an answer that is complete goes on
        self.fault = given.of(number)
        self.sip = _SIP if self.fault == faults.SLOW_READ else 0  # bytes to read at once; 0: all there are
        self.resting = False  # between two sips
        self._seed = given.seed
        self.lingers = False  # the client may still be sending what nobody will read
        self.ended = False  # the client has said that it sends no more
        self.said_end = False  # the loop's: the client has been told, only its last bytes are still read
        self.open = True
        self.mask = 0  # the loop's: what the selector watches
        self.armed = False  # the clock's: a timer will move it
        self._responder = responder
        self._parser = RequestParser()
        self._queue: deque[Request | Refusal] = deque()
        self._rest: bytes | memoryview = b""  # of the last piece, what the kernel's buffer had no room for
        self._last_asked = False  # what comes after is not a request any more

    @property
    def port(self) -> int:
        """The client's port."""
        return self.peer[1]

    @property
    def has_rest(self) -> bool:
        """A part of the last piece still waits for room in the kernel's buffer."""
        return bool(self._rest)

    @property
    def wants_input(self) -> bool:
        """More may be read now."""
        if self.resting or self.left_alone or (self.unread and self.answer is not None):
            return False
        return not self.ended and len(self._queue) < _MAX_QUEUE

    @property
    def left_alone(self) -> bool:
        """As if it had never been accepted."""
        return self.fault == faults.NO_ACCEPT

    @property
    def unread(self) -> bool:
        """Nobody reads what comes, but only looks whether something has come."""
        return self.fault == faults.CLOSE_BEFORE_READ

    @property
    def silent(self) -> bool:
        """Nothing more will ever be sent."""
        return self.left_alone or (self.closing and self.ending == KEEP_SILENT)

    @property
    def owes_move(self) -> bool:
        """There is something to be done for the client: a piece, or the end of the connection."""
        if self.silent:
            return self.ended
        return self.has_rest or self.answer is not None or self.closing or self.ended

    @property
    def may_yet_ask(self) -> bool:
        """Nothing to be done, but a request has begun, or not one has ever come."""
        return not (self.owes_move or self.silent) and (self._parser.partial or not self.answered)

    def log(
        self, op: str, *, t: int | None = None, size: int | None = None, detail: str | None = None
    ) -> None:
        """Write an event of this connection."""
        self.journal.write(op, t=t, conn=self.number, peer=self.peer, size=size, detail=detail)

    def receive(self) -> bool:
        """Read what is there; take up the next request if none is being answered.  True: something came.

        Raises:
            OSError: the connection is broken.
        """
        if self.unread:
            return self._look()
        before = self.ended
        something = False
        for _ in range(1 if self.sip else _PORTIONS):
            if not self.wants_input or not self._receive_portion():
                break
            something = True
        self.begin()
        return something or self.ended != before

    def _look(self) -> bool:
        """Whether something has come that nobody will read."""
        if self.answer is not None or self.closing or not self.wants_input:
            return False
        try:
            # What is only looked at stays in the kernel's buffer, where a close finds it.
            self.ended = not self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        self.answer = None if self.ended else UNREAD
        return True

    def hasten(self) -> None:
        """Read the rest at once: the client waits, so that reading slowly would change nothing but the time."""
        self.sip = 0
        self.resting = False

    def _receive_portion(self) -> bool:
        try:
            data = self.sock.recv(self.sip or _PORTION)
        except BlockingIOError:
            return False
        self.ended = not data
        if self.sip and data:
            self.sip = min(2 * self.sip, _PORTION)
            self.resting = True
        if not self._last_asked:
            for request in self._parser.feed(data):
                self._take(request)
        return bool(data)

    def _take(self, request: Request | Refusal) -> None:
        if self._last_asked:
            return
        self._queue.append(request)
        if isinstance(request, Refusal):
            self._last_asked = True
            self.log("error", detail=f"{request.status}: {request.why}")
        else:
            self._last_asked = not request.keep_alive
            self.log("request", size=request.size, detail=request.line)

    def begin(self) -> None:
        """Take up the next request, unless an answer is under way."""
        if self.answer is None and self._queue:
            self.answer = self._responder.answer(self._queue.popleft(), self.fault, self.number, self._seed)
            self.piece = 0

    def move(self) -> str | None:
        """Make one move: SENT; CLOSED or RESET, which the loop has to carry out; or None: there is none to make.

        Raises:
            OSError: the connection is broken.
        """
        if self._rest:
            self.flush()
            return SENT
        if self.answer is not None and self.answer.pieces:
            data = self.answer.pieces[self.piece]
            self.piece += 1
            self._send(data)
            self._end_answer()
            return SENT
        self._end_answer()
        if self.silent or not self.closing:
            return CLOSED if self.ended else None
        return RESET if self.ending in (BREAK_OFF, LEAVE_UNREAD) else CLOSED

    def flush(self) -> None:
        """Send what is left of a piece, as far as there is room.

        Raises:
            OSError: the connection is broken.
        """
        if self._rest:
            self._send(self._rest)
            self._end_answer()

    def _send(self, data: bytes | memoryview) -> None:
        now = time.monotonic_ns()
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        self._rest = memoryview(data)[sent:]
        if sent:
            self.journal.write("sent", t=now, conn=self.number, peer=self.peer, size=sent, piece=self.piece)

    def _end_answer(self) -> None:
        """If the last piece is out: close next, or go on with the next request."""
        if self.answer is None or self._rest or self.piece < len(self.answer.pieces):
            return
        self.answered += 1
        self.closing = self.answer.close
        self.ending = self.answer.ending
        self.lingers = self.answer.refused
        self.answer = None
        self.begin()
