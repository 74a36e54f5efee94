"""What to note about the usual calls of the quick shape (quick.py): the same as `describe` and `describe_ready` note.

`known(spool, sock, first, second, third)` gives (fd, flags, number) as a `before` there does, or None for a call that is
not the usual one; it may raise anything for wrong arguments. `after(spool, n, sock, first, result)` gives one number.
"""

from __future__ import annotations

from tracedemo.recorders.inprocess import describe as d
from tracedemo.recorders.inprocess import describe_ready as r
from tracedemo.recorders.inprocess.describe import _family, _proto, _type, fileno, gettimeout
from tracedemo.recorders.inprocess.layout import COULD_WAIT
from tracedemo.recorders.inprocess.quick import MISSING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tracedemo.recorders.inprocess.describe import Known
    from tracedemo.recorders.inprocess.spool import Spool

    Quick = tuple[Callable[..., Known | None], Callable[..., int] | None]


def making_socket(_spool: Spool, _sock: Any, _family: Any, _type: Any, _proto: Any) -> Known:
    """Before socket.__init__."""
    return -1, 0, -1


def made_socket(spool: Spool, _n: int, sock: Any, _first: Any, _result: Any) -> int:
    """After socket.__init__."""
    fd = fileno(sock)
    if fd < 0 or fd in spool.ports:
        return d.made_socket(spool, 0, (sock,), None)
    what = (_family(sock), _type(sock), _proto(sock))
    try:
        return fd | spool.facts[what] << 32
    except KeyError:
        return fd | spool.fact(what) << 32


def setting_mode(_spool: Spool, sock: Any, flag: Any, second: Any, _third: Any) -> Known | None:
    """Before setblocking."""
    if second is not MISSING or type(flag) is not bool:
        return None
    return fileno(sock), 0, 1 if flag else 0


def new_mode(_spool: Spool, _n: int, sock: Any, _first: Any, _result: Any) -> int:
    """After setblocking."""
    return 0 if gettimeout(sock) == 0.0 else 1


def connecting(spool: Spool, sock: Any, address: Any, second: Any, _third: Any) -> Known | None:
    """Before connect and connect_ex."""
    if second is not MISSING or address is MISSING:
        return None
    return fileno(sock), 0 if gettimeout(sock) == 0.0 else COULD_WAIT, d._address(spool, address)  # noqa: SLF001  # ours


def connected(spool: Spool, n: int, sock: Any, address: Any, result: Any) -> int:
    """After connect, done or begun."""
    return d.connected(spool, n, (sock, address), result)


def asking_option(spool: Spool, sock: Any, level: Any, option: Any, third: Any) -> Known | None:
    """Before getsockopt of a number."""
    if third is not MISSING or type(level) is not int or type(option) is not int:
        return None
    try:
        return fileno(sock), 0, spool.facts[level, option]
    except KeyError:
        return fileno(sock), 0, spool.fact((level, option))


def option_value(spool: Spool, _n: int, _sock: Any, _first: Any, result: Any) -> int:
    """After getsockopt."""
    try:
        return spool.facts[result]
    except KeyError:
        return spool.fact(result)


def setting_option(spool: Spool, sock: Any, level: Any, option: Any, value: Any) -> Known | None:
    """Before setsockopt of a number."""
    if type(level) is not int or type(option) is not int or type(value) is not int:
        return None
    return fileno(sock), 0, spool.fact((level, option, value))


def asking_name(_spool: Spool, sock: Any, first: Any, _second: Any, _third: Any) -> Known | None:
    """Before getsockname and getpeername."""
    if first is not MISSING:
        return None
    return fileno(sock), 0 if gettimeout(sock) == 0.0 else COULD_WAIT, 0


def name_told(spool: Spool, _n: int, _sock: Any, _first: Any, result: Any) -> int:
    """After getsockname and getpeername."""
    return d._address(spool, result)  # noqa: SLF001  # ours


MOST_MASK = 0xFFFF_FFFF
"""What a record has room for."""

_kinds: dict[type, int] = {}
"""Kind by class, above the event mask."""


def watching(_spool: Spool, selector: Any, thing: Any, mask: Any, _third: Any) -> Known | None:
    """Before register, modify and unregister of a selector."""
    try:
        kind = _kinds[type(selector)]
    except KeyError:
        kind = _kinds[type(selector)] = r.kind_of(selector) << 32
    fd = fileno(thing)
    if mask is MISSING:
        return fd, 0, kind
    return (fd, 0, kind | mask) if type(mask) is int and 0 <= mask <= MOST_MASK else None


def watched(_spool: Spool, _n: int, _selector: Any, _first: Any, result: Any) -> int:
    """After register and the like."""
    return 0 if result is None else getattr(result, "fd", -1) + 1


def selecting(spool: Spool, selector: Any, timeout: Any, second: Any, _third: Any) -> Known | None:
    """Before select() of a selector."""
    if second is not MISSING:
        return None
    return r.selecting(spool, (selector, None if timeout is MISSING else timeout), {})


def selected(spool: Spool, n: int, _selector: Any, _first: Any, result: Any) -> int:
    """After select() of a selector."""
    return r.selected(spool, n, (), result)


SOCKET: Quick = (making_socket, made_socket)
MODE: Quick = (setting_mode, new_mode)
CONNECT: Quick = (connecting, connected)
ASK: Quick = (asking_option, option_value)
SET: Quick = (setting_option, None)
NAME: Quick = (asking_name, name_told)
WATCH: Quick = (watching, watched)
SELECT: Quick = (selecting, selected)
