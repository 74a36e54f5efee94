"""The listener that accepts nobody for a while: it counts whom it had no room for, then lets all in."""

from __future__ import annotations

import socket
import sys

import pytest

from tracedemo.scale.crowded import BACKLOG, crowded, dropped

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux counts them")


@linux
def test_one_more_than_the_backlog_waits():
    """One connection more than listen() was told is completed by the kernel; who comes then is counted as dropped."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(BACKLOG)
        clients = [socket.socket() for _ in range(BACKLOG + 2)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        count = dropped(listener)
        for client in clients:
            client.close()

    assert 1 == count


def test_not_a_socket_that_counts():
    """A socket that does not count has no number, or none dropped."""
    with socket.socket(socket.AF_UNIX) as sock:
        assert dropped(sock) in (None, 0)


def test_nobody_came():
    """It ends without a client, too."""
    with crowded(BACKLOG + 3) as address:
        assert address.startswith("127.0.0.1:")


def test_all_are_answered():
    """When nobody is refused it accepts at once, and a silent client does not keep the others."""
    with crowded(1) as address:
        host, port = address.split(":")
        with socket.create_connection((host, int(port)), 10) as silent:
            silent.shutdown(socket.SHUT_WR)
            assert b"" == silent.recv(100)
        with socket.create_connection((host, int(port)), 10) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
