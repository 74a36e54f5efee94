"""The words that recorder and server speak when a run is paced by cause instead of by the clock.

Theory of operation
    A server that sends "as soon as it can", or after some milliseconds, makes a client's calls depend on the
    machine: two pieces arrive together or apart, a `recv` finds something or says EAGAIN, and the same
    program shows other counts on every run. So, in lock-step, the server does nothing that the client could
    see until it is told that the client is about to wait. Then it moves one step, and tells what it did.
    Since the client then always finds exactly the next step's work and never a part of it, its calls are the
    same on every machine. The sockets and the system calls stay real; only the pacing is caused.

What a step is
    The client is about to wait for some of its connections, and none of them has anything ready. It names
    them by their local ports. Each named connection that can move makes exactly one move: its next piece is
    sent, or, after the last piece of an answer with `Connection: close`, the connection is closed. k pieces
    and a close are k + 1 moves. A connection kept alive with no request outstanding cannot move. Moves are
    made in the order in which the server accepted the connections, and all of them have taken effect (send
    has returned, close has been called) before the answer is written.

What is done without being asked, because the client cannot see it
    Accepting a connection (the kernel had completed the handshake long before), and reading a request. (A
    body that is larger than the buffers is read while the client still sends it, and that it can see: its
    sends find more room or less. How many there are is not promised, then; all else is.) Also:
    a piece too big for the kernel's socket buffer counts as sent when its first part is; the rest follows by
    itself as the client reads, as it would from a bigger buffer, and always before the next move. While such
    a rest is under way, a step on that connection is answered `sent`, and moves nothing else. Counts of calls
    are therefore only promised for pieces that fit into the buffers at both ends; 32 KiB fit everywhere.

Who may wait for what
    The client waits for `moved` and for nothing else; it sends nothing meanwhile on the thread that asked.
    The server waits only for what the client did *before* it asked: a connection begun, a request sent. So
    there is no circle. One control connection carries one question at a time. There may be many: one for each
    thread or process that waits; their steps are independent of each other. A step should name connections to
    this server only, and only those for which nothing is ready.

The two graces
    Data on a TCP connection and words on the control socket travel apart, so one may overtake the other.
    `REQUEST_GRACE_S` (at the server): a named port that has not been accepted yet, or whose request is not
    complete yet, is waited for that long before it counts as "cannot move". It is paid once for one silence:
    asked again about the same connection, when nothing has arrived meanwhile, the server answers at once. A
    connection that is kept alive and idle is not waited for at all, because idle is what it may well be.
    `ARRIVAL_GRACE_S` (at the client): what the server says it has sent or closed may need a moment to show on
    the client's own socket; the recorder looks until every moved connection is ready, at most this long,
    before it lets the program's own call go on. On loopback neither grace is ever spent, save by a client
    that waits for an answer which it never asked for: a real deadlock.

An empty `moved`
    Nothing is left for any of the named connections. Whether that is a deadlock is for the client to say: it
    knows whether its wait has a timeout, and whether another thread still runs.

The words: one line a message, ASCII, over a UNIX stream socket
    client -> server    `step PORT PORT ...`              possibly no port
    server -> client    `moved PORT:WHAT PORT:WHAT ...`   in the order of the moves; WHAT is `sent`, `closed`,
    `reset`

This file is imported inside the traced interpreter, so it imports nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SENT = "sent"
CLOSED = "closed"
RESET = "reset"
MOVES = (SENT, CLOSED, RESET)
"""All that can be done on a connection in one step."""

REQUEST_GRACE_S = 1.0
"""Seconds the server waits for a connection or request that the client has begun before it asked."""

ARRIVAL_GRACE_S = 1.0
"""Seconds the client waits for a move to show on its own socket."""

MAX_LINE = 1 << 20
"""Bytes: no message is longer; every port there is fits into one."""

_STEP = "step"
_MOVED = "moved"
_MAX_PORT = 65535


def encode_step(ports: Iterable[int]) -> bytes:
    """The line that asks for one step of the connections with these local ports.

    Raises:
        ValueError: a port is not between 1 and 65535, or is named twice.
    """
    return _line([_STEP, *(str(port) for port in _checked(ports))])


def decode_step(line: bytes) -> list[int]:
    """The ports named by a `step` line, in its order; the line includes its end.

    Raises:
        ValueError: not a `step` line, or cut short.
    """
    return _checked(_port(word) for word in _words(line, _STEP))


def encode_moved(moved: Mapping[int, str]) -> bytes:
    """The line that tells what was done, by port, in the order of the mapping.

    Raises:
        ValueError: a port is not between 1 and 65535, or what was done is not one of MOVES.
    """
    _checked(moved)
    return _line([_MOVED, *(f"{port}:{_move(what)}" for port, what in moved.items())])


def decode_moved(line: bytes) -> dict[int, str]:
    """What was done, by port, in the order of the moves; the line includes its end.

    Raises:
        ValueError: not a `moved` line, or cut short.
    """
    pairs = [word.partition(":") for word in _words(line, _MOVED)]
    ports = _checked(_port(port) for port, _, _ in pairs)
    return dict(zip(ports, (_move(what) for _, _, what in pairs), strict=True))


def _line(words: list[str]) -> bytes:
    return (" ".join(words) + "\n").encode("ascii")


def _words(line: bytes, expected: str) -> list[str]:
    """What follows the first word, which must be the expected one."""
    if not line.endswith(b"\n"):
        raise ValueError(f"a {expected!r} message is cut short: {line[:40]!r}")
    first, *others = line[:-1].decode("ascii", "replace").split(" ")
    if first != expected:
        raise ValueError(f"a {expected!r} message was expected, not {line[:40]!r}")
    return others


def _port(word: str) -> int:
    # int() alone would also take "+5", " 5", "5_0" and digits of other scripts.
    if not (word.isascii() and word.isdigit() and len(word) <= len(str(_MAX_PORT))):
        raise ValueError(f"not a port: {word[:40]!r}")
    return int(word)


def _move(what: str) -> str:
    if what not in MOVES:
        raise ValueError(f"not a move: {what[:40]!r}; moves are {', '.join(MOVES)}")
    return what


def _checked(ports: Iterable[int]) -> list[int]:
    found = list(ports)
    for port in found:
        if not 1 <= port <= _MAX_PORT:
            raise ValueError(f"not a port: {port}")
    if len(set(found)) != len(found):
        raise ValueError("a port is named twice")
    return found
