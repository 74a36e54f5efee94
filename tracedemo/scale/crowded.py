"""A listener with a short queue that accepts nobody for a while: until so many clients stand in front of it.

The kernel completes handshakes by itself, one more than listen() was told, and drops the SYN of whoever comes then; its
sender tries again after a second. When the listener's own count of dropped ones says that all have tried, they are let in
and answered: so a run shows the wait, and ends.
"""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

BACKLOG = 5
LOOKS_S = 0.02
"""Seconds between two looks at the count."""
BLIND_S = 0.5
"""Seconds until they are let in where there is no count, as on macOS: all have tried by then."""
PATIENCE_S = 5.0
"""Seconds that a client has for its request."""
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

SO_MEMINFO, DROPS, SIZE = 55, 8, 9 * 4
"""The option of Linux by which a socket tells its counts, which of them is the packets that it has dropped (for a listener:
connections), and how long the answer is (the kernel's include/uapi/linux/sock_diag.h)."""


@contextmanager
def crowded(clients: int) -> Iterator[str]:
    """Gives the `host:port` of such a listener; it ends with the block."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(BACKLOG)
        over = threading.Event()
        refused = max(clients - (BACKLOG + 1), 0)
        thread = threading.Thread(target=_attend, args=(listener, refused, over), daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def _attend(listener: socket.socket, refused: int, over: threading.Event) -> None:
    """Wait until so many were refused, then let each in and answer."""
    while (count := dropped(listener)) is None or count < refused:
        if over.wait(BLIND_S if count is None else LOOKS_S):
            return
        if count is None:
            break
    listener.settimeout(LOOKS_S)
    while not over.is_set():
        with suppress(OSError):  # nobody, or one who has gone
            client, _ = listener.accept()
            with client:
                _answer(client)


def _answer(client: socket.socket) -> None:
    client.settimeout(PATIENCE_S)
    request = b""
    while b"\r\n\r\n" not in request:
        piece = client.recv(4096)
        if not piece:
            return
        request += piece
    client.sendall(ANSWER)


def dropped(listener: socket.socket) -> int | None:
    """How many connections a listener had no room for; None: this kernel does not say."""
    try:
        told = listener.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, SIZE)
    except OSError:
        return None
    if not sys.platform.startswith("linux") or len(told) < SIZE:
        return None
    return int(struct.unpack_from("=9I", told)[DROPS])
