"""Local ports that are kept for one program: others are not given them, and its connections have them all."""

from __future__ import annotations

import errno
import socket
import struct
import sys
from contextlib import ExitStack

import pytest

from tests.outside import nothing_left, sockets_at
from tracedemo.errors import MachineError
from tracedemo.recorders.inprocess.inject import FROM
from tracedemo.scale.ports import LOOPBACKS, PORT_RANGE, can_set_range, kept_ports

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux does it")
NUMBER = 5
IN_RANGE = pytest.param(
    True, marks=pytest.mark.skipif(not can_set_range(), reason="this kernel knows no range of ports")
)
FAMILIES = [
    pytest.param(socket.AF_INET, id="IPv4"),
    pytest.param(
        socket.AF_INET6, id="IPv6", marks=pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
    ),
]


def bound(family: socket.AddressFamily, host: str, port: int) -> int:
    """The errno of binding a port, as a server does it that gave no number and is given this one; 0: it can be had."""
    with socket.socket(family) as sock:
        try:
            sock.bind((host, port))
        except OSError as error:
            return error.errno or 0
    return 0


@pytest.mark.parametrize("in_range", [IN_RANGE, False])
def test_nobody_is_given_a_kept_port(in_range: bool) -> None:
    """Whoever asks for a kept port on all addresses is refused."""
    with kept_ports(NUMBER, in_range=in_range) as first:
        for port in range(first, first + NUMBER):
            assert errno.EADDRINUSE == bound(socket.AF_INET, "", port)


@pytest.mark.skipif(not can_set_range(), reason="this kernel knows no range of ports")
@pytest.mark.parametrize("family", FAMILIES)
def test_loopback_is_kept_too(family: socket.AddressFamily) -> None:
    """Ports for a range cannot be bound on the loopback address of either family: that would take them from all."""
    with kept_ports(NUMBER, in_range=True) as first:
        for port in range(first, first + NUMBER):
            assert errno.EADDRINUSE == bound(family, LOOPBACKS[family], port)


def connect(stack: ExitStack, sock: socket.socket, to: socket.socket) -> int:
    """Connect, and give the local port; 0: there is none left."""
    stack.enter_context(sock)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    answer = sock.connect_ex(to.getsockname())
    assert answer in (0, errno.EADDRNOTAVAIL)
    return 0 if answer else int(sock.getsockname()[1])


@pytest.mark.skipif(not can_set_range(), reason="this kernel knows no range of ports")
def test_range_is_for_others() -> None:
    """Connections to another destination have every port of a range that is kept, and one more has none."""
    with ExitStack() as stack, kept_ports(NUMBER, in_range=True) as first:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        last, found = first + NUMBER - 1, []
        for _ in range(NUMBER + 1):
            sock = socket.socket()
            word = int.from_bytes(struct.pack("<HH", first, last), "little", signed=True)
            sock.setsockopt(socket.IPPROTO_IP, PORT_RANGE, word)
            found.append(connect(stack, sock, server))

    assert [0, *range(first, last + 1)] == sorted(found)
    assert 0 == found[-1]


def test_bound_ports_are_for_others() -> None:
    """Sockets that are bound to the kept ports in turn have every one of them, and the next has none."""
    with ExitStack() as stack, kept_ports(NUMBER, in_range=False) as first:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        found = []
        for number in range(NUMBER + 1):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((FROM, first + number % NUMBER))
            found.append(connect(stack, sock, server))

    assert [*range(first, first + NUMBER), 0] == found


@pytest.mark.parametrize("in_range", [IN_RANGE, False])
def test_nothing_is_left(in_range: bool) -> None:
    """The sockets that keep ports leave none behind, in no state."""
    with nothing_left(), kept_ports(NUMBER, in_range=in_range) as first:
        assert sockets_at(first) or not in_range

    assert [] == [state for port in range(first, first + NUMBER) for state in sockets_at(port)]


def test_no_ports() -> None:
    """Where no ports in a row can be had, that is the machine's fault, and said."""
    with (
        pytest.raises(MachineError, match="no 8 free local ports"),
        kept_ports(8, in_range=True, keep=lambda _stack, _first, _last: False),
    ):
        pass


def test_ports_are_tried_in_turn() -> None:
    """The first ports in a row that can be had are taken, wherever the search begins, and no others are kept."""
    tried: list[tuple[int, int]] = []
    undone: list[int] = []

    def keep(stack: ExitStack, first: int, last: int) -> bool:
        tried.append((first, last))
        stack.callback(undone.append, first)
        return len(tried) == 3

    with kept_ports(8, in_range=True, keep=keep) as first:
        assert tried[-1][0] == first
        assert [one for one, _ in tried[:2]] == undone
    assert {7} == {last - first for first, last in tried}
    assert 3 == len(set(tried)) == len(undone)
