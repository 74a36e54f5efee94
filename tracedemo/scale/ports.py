"""Some local ports in a row that are kept for one program: nobody else is given one of them while it runs.

A port that somebody has bound can be that of no connection whose port the kernel chooses, whatever the two addresses
are (`__inet_hash_connect()` in net/ipv4/inet_hashtables.c: `fastreuse`); that of a connection can, for another
destination. So it does not suffice that ports were free a moment ago: every server that is started meanwhile is given one
by chance. Connections of ours keep them. Who asks for any port of their address, or of all addresses, is not given theirs,
and connections to other destinations share it.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tracedemo.errors import MachineError
from tracedemo.recorders.inprocess.inject import FROM

PORT_RANGE = 51
"""IP_LOCAL_PORT_RANGE (ip(7), Linux 6.3)."""
TRIES = 1000
LOOPBACKS = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
"""Where servers for tests and demonstrations stand, in both families: a port is bound for both at once."""

Keep = Callable[[ExitStack, int, int], bool]
"""Keeps the ports from a first to a last one until the stack ends; false: they cannot be had."""


def can_set_range() -> bool:
    """Whether the kernel lets a socket have a range of local ports of its own."""
    with socket.socket() as sock:
        try:
            sock.setsockopt(socket.IPPROTO_IP, PORT_RANGE, 0)
        except OSError:
            return False
    return True


@contextmanager
def kept_ports(number: int, *, in_range: bool, keep: Keep | None = None) -> Iterator[int]:
    """The first of so many local ports in a row, of those that the kernel hands out; kept until the end of the block.

    Args:
        in_range: for sockets that are given a range of ports; else for such as the hook binds to one each.
        keep: how, if not for real.

    Raises:
        MachineError: none were found.
    """
    keep = keep or (_by_connections if in_range else _by_binding)
    for first in _places(number):
        with ExitStack() as stack:
            if keep(stack, first, first + number - 1):
                yield first
                return
    message = f"no {number} free local ports in a row were found"
    raise MachineError(message, "End programs that listen on many ports.")


def _places(number: int) -> Iterator[int]:
    """Where to look: all over the range, from anywhere on."""
    low, high = _ephemeral()
    places = range(low, high - number + 2, number)
    begin = int.from_bytes(os.urandom(4), "little")
    yield from (places[(begin + place) % len(places)] for place in range(min(len(places), TRIES)))


def _ephemeral() -> tuple[int, int]:
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
        low, high = map(int, text.split())
    except (OSError, ValueError):
        return 49152, 65535  # IANA's (RFC 6335)
    return low, high


def _by_connections(stack: ExitStack, first: int, last: int) -> bool:
    """One from each of these ports, to a listener that lets them stand in its backlog."""
    for family, host in LOOPBACKS.items():
        try:
            listener = stack.enter_context(socket.create_server((host, 0), family=family))
        except OSError:
            continue  # a system without IPv6: nobody binds it either
        for _ in range(first, last + 1):
            sock = stack.enter_context(socket.socket(family))
            # The kernel takes an int; its upper half, of which the sign is a part, is the last port.
            value = int.from_bytes(struct.pack("<HH", first, last), "little", signed=True)
            sock.setsockopt(socket.IPPROTO_IP, PORT_RANGE, value)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_TIME_WAIT)
            try:
                sock.connect(listener.getsockname())
            except OSError:
                return False
    return True


_NO_TIME_WAIT = struct.pack("ii", 1, 0)
"""struct linger (socket(7)): a close that resets, and keeps no port for a minute."""


def _by_binding(stack: ExitStack, first: int, last: int) -> bool:
    """A socket bound to each of these ports, as the hook binds it: so both can be, since neither listens."""
    for port in range(first, last + 1):
        sock = stack.enter_context(socket.socket())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((FROM, port))
        except OSError:
            return False
    return True
