"""Clients for the tests of the server: the tests play the program and the recorder themselves, in the open."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING, Self

from tracedemo.lockstep import decode_moved, encode_step

if TYPE_CHECKING:
    from types import TracebackType

    from tracedemo.server import ServerHandle

PATIENCE_S = 15.0
"""A test that waits longer than this has failed; none is meant to wait at all."""

GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
GET_AND_CLOSE = b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"


def connect(server: ServerHandle) -> socket.socket:
    """A blocking client."""
    return socket.create_connection((server.host, server.port), timeout=PATIENCE_S)


def port_of(client: socket.socket) -> int:
    """The client's own port, by which a step names it."""
    port: int = client.getsockname()[1]
    return port


def available(client: socket.socket) -> bytes | None:
    """What can be read at this moment: bytes; empty at the end; None: nothing."""
    return client.recv(1 << 20) if select.select([client], [], [], 0)[0] else None


def arrived(client: socket.socket) -> bytes | None:
    """The same after a move was announced: gives the kernel the moment that it may need."""
    assert select.select([client], [], [], PATIENCE_S)[0], "announced, but nothing came"
    return available(client)


def read_all(client: socket.socket) -> bytes:
    """Everything until the server closes."""
    parts = []
    while part := client.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def read_response(client: socket.socket) -> tuple[bytes, bytes]:
    """Head and body of one response, by its Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(client)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:"))
    while len(body) < length:
        body += _more(client)
    assert len(body) == length
    return head, body


def _more(client: socket.socket) -> bytes:
    data = client.recv(1 << 16)
    assert data, "the server closed in the middle of a response"
    return data


class Asker:
    """A control connection: asks for steps, as the recorder does before the program waits."""

    def __init__(self, server: ServerHandle) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(str(server.control))
        self._lines = self.sock.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self.sock.close()

    def ask(self, *clients: socket.socket) -> None:
        """Say that these are about to wait."""
        self.sock.sendall(encode_step(port_of(client) for client in clients))

    def answer(self) -> dict[int, str]:
        """What the server did; empty: nothing."""
        return decode_moved(self._lines.readline())

    def step(self, *clients: socket.socket) -> list[str | None]:
        """Ask, and say what was done on each of the clients in turn; None: nothing."""
        self.ask(*clients)
        moved = self.answer()
        return [moved.get(port_of(client)) for client in clients]

    def gone(self) -> bool:
        """The server has hung up."""
        return self.sock.recv(1) == b""
