"""Writes down what the server does: the raw form of the `server` lane.

One JSON object a line, appended by one unbuffered write, so that the log of a server that was killed ends
with the last thing it did. Fields that do not apply are left out.

    t       CLOCK_MONOTONIC nanoseconds (`time.monotonic_ns()`). `sent`, `closed` and `reset` are stamped just
            before the call that does it, so that what it causes at the client is never earlier than its cause
    op      accepted, request, sent, closed, reset, error; fault: this connection gets the one that is named
    conn    the server's number of the connection, from 1, in the order of accept
    peer    [host, port] of the client
    bytes   bytes of the request, or bytes sent by this call
    piece   which piece of the answer was sent, from 1
    detail  text: the request line, what went wrong, or the name of a fault
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Peer = tuple[str, int]
    OnEvent = Callable[[int, str, int | None, Peer | None, int | None, int | None, str | None], None]


class Journal:
    """Where events go: to an open file, to a callback, to both, or nowhere."""

    __slots__ = ("_fd", "_on_event")

    def __init__(self, fd: int | None = None, on_event: OnEvent | None = None) -> None:
        """Write to `fd` (open for appending, and the caller's); call `on_event` with the fields."""
        self._fd = fd
        self._on_event = on_event

    def write(
        self,
        op: str,
        *,
        t: int | None = None,
        conn: int | None = None,
        peer: Peer | None = None,
        size: int | None = None,
        piece: int | None = None,
        detail: str | None = None,
    ) -> None:
        """Record one event; `t` is taken now unless given."""
        when = time.monotonic_ns() if t is None else t
        if self._on_event is not None:
            self._on_event(when, op, conn, peer, size, piece, detail)
        if self._fd is None:
            return
        parts = [f'{{"t": {when}, "op": "{op}"']
        if conn is not None:
            parts.append(f'"conn": {conn}')
        if peer is not None:
            parts.append(f'"peer": [{quote(peer[0])}, {peer[1]}]')
        if size is not None:
            parts.append(f'"bytes": {size}')
        if piece is not None:
            parts.append(f'"piece": {piece}')
        if detail is not None:
            parts.append(f'"detail": {quote(detail)}')
        try:
            os.write(self._fd, (", ".join(parts) + "}\n").encode("ascii"))
        except OSError:
            # A full disk must not take the server away from its clients. The log then ends early, or has a
            # cut line, which its reader counts.
            return


def quote(text: str) -> str:
    """The text as a JSON string."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    import json  # costs more to load than a run's log to write

    return json.dumps(text)
