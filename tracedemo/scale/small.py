"""Each limit by itself, small: the physics of thousands of sockets with ten, on any machine, without root.

fds      the child gets 64 descriptors                        (a shell's ulimit, before the program)
ports    its sockets get eight local ports                    (put in by the hook, marked `injected`)
buffers  its sockets get a send buffer of 4 KiB               (as above)
backlog  it meets a listener that accepts nobody for a while  (`crowded`)
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from tracedemo.analysis.limits_met import KINDS, Met, find
from tracedemo.errors import MachineError
from tracedemo.recorders.inprocess.inject import FROM
from tracedemo.runner import Run, RunOptions, find_target, run
from tracedemo.runner.machine import on_one_processor
from tracedemo.scale.crowded import BACKLOG, crowded
from tracedemo.server import ServerOptions
from tracedemo.variants import by_name

FILES = 64
PORTS = 8
BUFFER = 4096
CLIENTS = BACKLOG + 3
"""One more than the backlog waits in the queue of the kernel; of so many, two find it full."""
LONG_PATH = "/" + "x" * 40_000
"""Makes a request that no small buffer holds."""
PORT_RANGE = 51
"""IP_LOCAL_PORT_RANGE (ip(7), Linux 6.3)."""
TRIES = 1000


class Shown(NamedTuple):
    """A limit, where it showed, and the run in which it did."""

    met: Met
    run: Run


def show_limit(name: str, target: str | None = None, tell: Callable[[str], None] | None = None) -> Shown:
    """Run a program against one limit that was made small.

    Args:
        name: one of KINDS.
        target: the variant, or script; None: the one that shows it best.
        tell: told what a person who waits should know.

    Raises:
        MachineError: this system cannot do it.
        UsageError: there is no such target.
    """
    with _SETTINGS[name]() as (limit, usual, options):
        found = find_target([target or usual])
        with on_one_processor(wanted=name == "backlog"):
            done = run(found, replace(options, capture=True, tell=tell))
    return Shown(find(KINDS[name], limit, done.trace), done)


_Setting = tuple[str, str, RunOptions]


@contextmanager
def _few_files() -> Iterator[_Setting]:
    if not os.access("/bin/sh", os.X_OK):
        raise MachineError("this system has no /bin/sh, by which a program gets fewer open files")
    limited = ("/bin/sh", "-c", f'ulimit -n {FILES} && exec "$@"', "sh")
    yield (
        f"{FILES} for this process (RLIMIT_NOFILE)",
        "selector",
        RunOptions(requests=2 * FILES, prefix=limited),
    )


@contextmanager
def _few_ports() -> Iterator[_Setting]:
    first = free_ports(PORTS)
    last = first + PORTS - 1
    word = f"0:{PORT_RANGE}:{last << 16 | first}" if can_set_range() else f"bind:{first}:{PORTS}"
    # By cause, not by the clock: all are connected before the first is answered.
    options = RunOptions(requests=PORTS + 2, inject=word, server=ServerOptions(pace="lockstep"))
    yield f"{PORTS} for one destination, {first} to {last}", "selector", options


@contextmanager
def _small_buffers() -> Iterator[_Setting]:
    options = RunOptions(requests=1, inject=f"{socket.SOL_SOCKET}:{socket.SO_SNDBUF}:{BUFFER}",
                         server=ServerOptions(pace="lockstep"))  # fmt: skip
    name = "upload" if by_name("upload") else "selector"
    if name == "selector":
        options = replace(options, path=LONG_PATH)
    yield f"{BUFFER:,} bytes (SO_SNDBUF; the kernel makes twice that)", name, options


@contextmanager
def _full_backlog() -> Iterator[_Setting]:
    with crowded(CLIENTS) as address:
        yield (
            f"listen({BACKLOG}), and nobody accepts",
            "threads",
            RunOptions(requests=CLIENTS, address=address),
        )


_SETTINGS = {"fds": _few_files, "backlog": _full_backlog, "ports": _few_ports, "buffers": _small_buffers}


def can_set_range() -> bool:
    """Whether the kernel lets a socket have a range of local ports of its own."""
    with socket.socket() as sock:
        try:
            sock.setsockopt(socket.IPPROTO_IP, PORT_RANGE, 0)
        except OSError:
            return False
    return True


def free_ports(number: int, can_have: Callable[[int, int], bool] | None = None) -> int:
    """The first of so many local ports in a row, of those that the kernel hands out, that all can be had.

    Args:
        can_have: whether the ports from a first to a last one can be had, if not tried for real.

    Raises:
        MachineError: none were found.
    """
    low, high = _ephemeral()
    can_have = can_have or (_can_connect if can_set_range() else _can_bind)
    places = range(low, high - number + 2, number)
    begin = int.from_bytes(os.urandom(4), "little")
    for place in range(min(len(places), TRIES)):
        first = places[(begin + place) % len(places)]
        if can_have(first, first + number - 1):
            return first
    raise MachineError(
        f"no {number} free local ports in a row were found", "End programs that listen on many ports."
    )


def _can_connect(first: int, last: int) -> bool:
    """Whether each of these ports can be that of a connection: those of connections to others can, what is bound cannot."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        for _ in range(first, last + 1):
            sock = stack.enter_context(socket.socket())
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


def _can_bind(first: int, last: int) -> bool:
    """Whether a socket can be bound to each of these ports, as the hook binds it."""
    for port in range(first, last + 1):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((FROM, port))
            except OSError:
                return False
    return True


def _ephemeral() -> tuple[int, int]:
    try:
        low, high = map(
            int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()
        )
    except (OSError, ValueError):
        return 49152, 65535  # IANA's (RFC 6335)
    return low, high
