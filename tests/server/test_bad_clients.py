"""Clients that misbehave: each loses its own connection at most, and the next client is served."""

from __future__ import annotations

import resource
import socket
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.server.clients import GET, GET_AND_CLOSE, Asker, connect, read_all, read_response
from tracedemo.server import ServerHandle, ServerOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.conftest import StartServer


def leave_at_once(_: socket.socket) -> None:
    """Say nothing."""


def leave_in_the_middle(client: socket.socket) -> None:
    """Send half a request."""
    client.sendall(GET[:10])


def leave_without_reading(client: socket.socket) -> None:
    """Ask, and do not wait."""
    client.sendall(GET)


def reset(client: socket.socket) -> None:
    """Ask, then reset the connection instead of closing it."""
    client.sendall(GET)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def send_garbage(client: socket.socket) -> None:
    """Send what is no HTTP."""
    client.sendall(bytes(range(256)))


def send_too_much(client: socket.socket) -> None:
    """Send requests without end, until the server takes no more, and read nothing."""
    client.setblocking(False)
    try:
        while True:
            client.send(GET * 1000)
    except BlockingIOError:
        return


BAD = [leave_at_once, leave_in_the_middle, leave_without_reading, reset, send_garbage, send_too_much]


@pytest.mark.parametrize("misbehave", BAD)
def test_the_next_client_is_served_by_the_clock(
    quick: ServerHandle, misbehave: Callable[[socket.socket], None]
) -> None:
    """After each kind of bad client a good one gets its answer."""
    for _ in range(3):
        with connect(quick) as bad:
            misbehave(bad)
    with connect(quick) as good:
        good.sendall(GET)
        assert read_response(good)[1] == quick.body


@pytest.mark.parametrize("misbehave", BAD)
def test_the_next_client_is_served_in_lock_step(
    lockstep: ServerHandle, asker: Asker, misbehave: Callable[[socket.socket], None]
) -> None:
    """After each kind of bad client a good one gets its answer, in as many steps as ever."""
    for _ in range(3):
        with connect(lockstep) as bad:
            misbehave(bad)
    with connect(lockstep) as good:
        good.sendall(GET_AND_CLOSE)
        assert [["sent"]] * 3 + [["closed"]] == [asker.step(good) for _ in range(4)]
        assert read_all(good).endswith(lockstep.body)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01 hello, TLS?", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"501"),
        (b"GET / HTTP/2.0\r\n\r\n", b"505"),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * (1 << 20) + b"\r\n\r\n", b"431"),
    ],
)
def test_the_refused_client_reads_why(quick: ServerHandle, data: bytes, status: bytes) -> None:
    """A refused client gets the whole refusal and the end, no reset, even if it was still sending."""
    with connect(quick) as client:
        client.sendall(data)
        answer = read_all(client)

    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.endswith(b"\n")
    assert status.decode() in [
        event.detail and event.detail[:3] for event in quick.events() if event.op == "error"
    ]


def test_a_request_byte_by_byte_is_a_request(quick: ServerHandle) -> None:
    """A client may take a send for every byte."""
    with connect(quick) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in GET:
            client.sendall(bytes([byte]))

        assert read_response(client)[1] == quick.body


def test_a_reset_is_logged_and_forgotten(start_server: StartServer) -> None:
    """A client that resets while its answer is due leaves an error in the log, and no more."""
    server = start_server(ServerOptions(delay_ms=0, gap_ms=60_000))
    with connect(server) as client:
        client.sendall(GET)
        client.recv(1)
        reset(client)
    with connect(server) as good:
        good.sendall(GET)
        good.recv(1)

    errors = [event for event in server.events() if event.op == "error" and event.conn == 1]
    assert [(1, "ConnectionResetError: Connection reset by peer")] == [
        (one.conn, one.detail) for one in errors
    ]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can change another process's limits")
@pytest.mark.parametrize("pace", ["clock", "lockstep"])
def test_a_shortage_of_descriptors_is_only_a_delay(start_server: StartServer, pace: str) -> None:
    """A server that may hold only a few descriptors more serves all of many clients, some later."""
    options = ServerOptions(delay_ms=0, gap_ms=0, pace=pace, pieces=1, grace_ms=100)  # type: ignore[arg-type]
    server = start_server(options)
    asker = Asker(server) if pace == "lockstep" else None
    spare = 5
    if asker:
        asker.step()  # its connection has to be accepted while there is room
    in_use = len(list(Path(f"/proc/{server.pid}/fd").iterdir()))
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (in_use + spare, in_use + spare))
    waiting = [connect(server) for _ in range(3 * spare)]
    for client in waiting:
        client.sendall(GET_AND_CLOSE)
    served = 0
    for client in waiting:
        with client:
            while asker and asker.step(client) != ["closed"]:
                pass
            served += read_all(client).endswith(server.body)
    if asker:
        asker.__exit__(None, None, None)

    assert 3 * spare == served
    shortages = [event.detail for event in server.events() if event.op == "error"]
    assert shortages
    assert all(one and "Too many open files" in one for one in shortages)


def test_many_more_clients_than_descriptors_come_and_go(lockstep: ServerHandle, asker: Asker) -> None:
    """Clients that ask and leave without a step do not use up the server: the oldest are given up."""
    if sys.platform != "linux":
        pytest.skip("needs /proc and prlimit")
    resource.prlimit(lockstep.pid, resource.RLIMIT_NOFILE, (40, 40))
    for _ in range(200):
        with connect(lockstep) as client:
            client.sendall(GET)
    with connect(lockstep) as client:
        client.sendall(GET_AND_CLOSE)

        assert ["sent"] * 3 + ["closed"] == [asker.step(client)[0] for _ in range(4)]
