"""Makes a limit small on the program's own sockets, because somebody asked for that (`tracedemo scale --limit ports`).

Just before a socket connects, an option is set on it. The program knows nothing of that, and the row of it, a setsockopt or
bind that it never made, is marked `injected`: what this run shows is what it would show where the limit is met for real.

What is set stands in one word: LEVEL:OPTION:VALUE, the numbers of setsockopt(2); or bind:FIRST:COUNT, by which sockets are
bound to so many local ports in turn, for kernels that cannot be told a range of them (IP_LOCAL_PORT_RANGE, Linux 6.3).
"""

from __future__ import annotations

import _socket
from itertools import count

from tracedemo.recorders.inprocess.describe import _address, fileno, getsockname
from tracedemo.recorders.inprocess.layout import IS_INJECTED, OP, RECORD, clock
from tracedemo.recorders.inprocess.spool import owner_var

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tracedemo.recorders.inprocess.spool import Spool

    Known = Callable[[Spool, tuple[Any, ...], dict[str, Any]], tuple[int, int, int]]

PORT_RANGE = (0, 51)
"""IP_LOCAL_PORT_RANGE (ip(7)): the first port in the low 16 bits, the last one above."""

FROM = "127.0.0.77"
"""Where sockets are bound: a loopback address that nobody uses, so that all its ports can be had."""


def injecting(word: str, known: Known) -> Known:
    """What looks at the arguments of connect(), and before it sets what the word says.

    Args:
        known: what only looks at them; it has the right words for wrong ones.

    Raises:
        ValueError: the word says nothing.
    """
    kind, first, second = word.split(":")
    inject = (
        _binder(int(first), int(second)) if kind == "bind" else _setter(int(kind), int(first), int(second))
    )

    def before(spool: Spool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[int, int, int]:
        found = known(spool, args, kwargs)
        if _is_new(args[0]):
            inject(spool, args[0])
        return found

    return before


def _is_new(sock: Any) -> bool:
    """Whether a socket is one of TCP over IPv4, and has no local port so far."""
    here = _socket.socket.__dict__
    if here["family"].__get__(sock) != _socket.AF_INET or here["type"].__get__(sock) != _socket.SOCK_STREAM:
        return False
    try:
        return bool(getsockname(sock)[1] == 0)
    except OSError:
        return False


def _setter(level: int, option: int, value: int) -> Callable[[Spool, Any], None]:
    def inject(spool: Spool, sock: Any) -> None:
        _set(spool, sock, level, option, value)

    return inject


def _binder(first: int, ports: int) -> Callable[[Spool, Any], None]:
    numbers = count()

    def inject(spool: Spool, sock: Any) -> None:
        address = (FROM, first + next(numbers) % ports)
        _set(spool, sock, _socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        _write(spool, "bind", sock, _address(spool, address), lambda: _socket.socket.bind(sock, address))

    return inject


def _set(spool: Spool, sock: Any, level: int, option: int, value: int) -> None:
    # A C int, whatever its bits mean: the kernel takes two ports for a number without a sign.
    value -= value >> 31 << 32
    shown = f"{value & 0xFFFF} to {value >> 16 & 0xFFFF}" if (level, option) == PORT_RANGE else value
    fact = spool.fact((level, option, shown))
    _write(spool, "setsockopt", sock, fact, lambda: _socket.socket.setsockopt(sock, level, option, value))


def _write(spool: Spool, op: str, sock: Any, number: int, act: Callable[[], None]) -> None:
    """Make a call in the program's name, and write down that it was we who did."""
    t0, errno = clock(), 0
    try:
        act()
    except OSError as error:
        errno = error.errno or 0
    t1 = clock()
    n = spool.next()
    failed = spool.exception(OSError) if errno else 0
    RECORD.pack_into(spool.ring, n & spool.mask, n, t0, fileno(sock), 0, owner_var.get(), spool.thread(),
                     OP[op] + IS_INJECTED, number, t1, 0, errno, failed, 0)  # fmt: skip
