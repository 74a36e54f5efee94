"""What to note about calls that ask what is ready: selectors, select.select, epoll, poll and kqueue objects.

As in `describe`: `before` gives (fd, flags, number), `after` one number. A ready list of more than one descriptor is told
as a side fact of its record, since it is new each time.
"""

from __future__ import annotations

import _socket
import struct

from tracedemo.recorders.inprocess.describe import argument, fileno, whole
from tracedemo.recorders.inprocess.layout import (
    COULD_WAIT,
    IN_MILLISECONDS,
    KINDS,
    NO_TIMEOUT,
    READY,
    UNKNOWN_COUNT,
    ZERO_TIMEOUT,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tracedemo.recorders.inprocess.describe import Args, Known, Kwargs
    from tracedemo.recorders.inprocess.spool import Spool

KIND = {name: code for code, name in enumerate(KINDS)}

_kinds: dict[type, int] = {}
"""Kind by class, so that a subclass of a selector is looked at once."""
_SELECTORS_WITH_FD = frozenset(KIND[name] for name in ("EpollSelector", "KqueueSelector", "DevpollSelector"))
_OBJECTS_WITH_FD = frozenset(KIND[name] for name in ("epoll", "kqueue"))


def kind_of(selector: Any) -> int:
    """What a selector, epoll or poll object is, as a number."""
    try:
        return _kinds[type(selector)]
    except KeyError:
        names = (base.__name__ for base in type(selector).__mro__)
        kind = _kinds[type(selector)] = next((KIND[name] for name in names if name in KIND), len(KINDS))
        return kind


def fd_of(selector: Any, kind: int) -> int:
    """The descriptor of a selector; -1 where it has none."""
    if kind in _SELECTORS_WITH_FD:
        return selector._selector.fileno()  # type: ignore[no-any-return]  # noqa: SLF001  # where selectors keeps it
    return selector.fileno() if kind in _OBJECTS_WITH_FD else -1


def _where(selector: Any) -> int:
    """Kind and descriptor of a selector, packed: bits 0-7 and 8-31; the descriptor plus one, 0 for none."""
    kind = kind_of(selector)
    return kind | (fd_of(selector, kind) + 1 & 0xFFFFFF) << 8


def descriptor(thing: Any) -> int:
    """The descriptor of what a program hands to select or register; -1 when only its own code could tell."""
    if type(thing) is int:
        return thing
    if isinstance(thing, _socket.socket):
        return fileno(thing)
    return thing.fileno() if type(thing).__module__ == "_io" else -1


def _select_number(seconds: Any, watched: int, kind: int) -> tuple[int, int]:
    """(flags, number) of a select.

    The number: kind in bits 0-5, NO_TIMEOUT, ZERO_TIMEOUT, how many are watched in bits 8-30, and from bit 32 the timeout
    in microseconds, or, with IN_MILLISECONDS, of up to 24 days.
    """
    number = kind | min(watched, UNKNOWN_COUNT) << 8
    if seconds is None:
        return COULD_WAIT, number | NO_TIMEOUT
    if type(seconds) is not float:
        seconds = float(seconds)
    if seconds <= 0:
        return 0, number | ZERO_TIMEOUT
    micros = round(seconds * 1_000_000)
    if micros <= 0x7FFFFFFF:
        return COULD_WAIT, number | micros << 32
    return COULD_WAIT, number | IN_MILLISECONDS | min(round(seconds * 1000), 0x7FFFFFFF) << 32


def making_selector(_spool: Spool, _args: Args, _kwargs: Kwargs) -> Known:
    """Before a selector is made."""
    return -1, 0, 0


def made_selector(_spool: Spool, _n: int, args: Args, _result: Any) -> int:
    """After a selector is made: its kind and descriptor."""
    return _where(args[0])


def watcher(events: int) -> Callable[[Spool, Args, Kwargs], Known]:
    """What comes before register, modify and unregister of selectors, epoll and poll objects: kind above the event mask.

    Args:
        events: what a call means that names none.
    """

    def watching(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
        try:
            kind = _kinds[type(args[0])]
        except KeyError:
            kind = kind_of(args[0])
        if len(args) == 3:
            _, thing, mask = args
        else:
            thing = args[1] if len(args) > 1 else kwargs.get("fileobj", kwargs.get("fd", -1))
            mask = args[2] if len(args) > 2 else kwargs.get("events", kwargs.get("eventmask", events))
        fd = (
            thing
            if type(thing) is int
            else fileno(thing)
            if isinstance(thing, _socket.socket)
            else descriptor(thing)
        )
        return fd, 0, kind << 32 | (mask if type(mask) is int else whole(mask, 0)) & 0xFFFFFFFF

    return watching


def watched(_spool: Spool, _n: int, _args: Args, result: Any) -> int:
    """After register and the like: selectors give a key that holds the descriptor; plus one, 0 for unknown."""
    return getattr(result, "fd", -1) + 1


def selecting(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before select() of a selector; an event loop makes one each turn, so the usual timeouts are dealt with here."""
    selector = args[0]
    try:
        kind = _kinds[type(selector)]
    except KeyError:
        kind = kind_of(selector)
    fd = selector._selector.fileno() if kind in _SELECTORS_WITH_FD else -1  # noqa: SLF001  # where selectors keeps it
    seconds = args[1] if len(args) > 1 else kwargs.get("timeout")
    watched = len(selector._fd_to_key)  # noqa: SLF001  # get_map() would make an object
    if seconds is None:
        return fd, COULD_WAIT, kind | watched << 8 | NO_TIMEOUT
    if type(seconds) is int and seconds <= 0:
        return fd, 0, kind | watched << 8 | ZERO_TIMEOUT
    return (fd, *_select_number(seconds, watched, kind))


def selected(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After select() of a selector: a list of (key, events)."""
    if not result:
        return 0
    if len(result) == 1:
        key, events = result[0]
        if 0 <= events <= 0xFFFF:
            return 1 | events << 8 | key.fd << 32  # type: ignore[no-any-return]
    return _ready(spool, n, [item for key, events in result for item in (key.fd, events)])


def polling(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before poll() of an epoll object (seconds) or a poll object (milliseconds)."""
    kind = kind_of(args[0])
    seconds = argument(args, kwargs, 1, "timeout")
    if seconds is not None:
        seconds = None if seconds < 0 else seconds / 1000 if KINDS[kind] == "poll" else seconds
    flags, number = _select_number(seconds, UNKNOWN_COUNT, kind)
    return fd_of(args[0], kind), flags, number


def polled(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After poll(): a list of (fd, events)."""
    return _ready(spool, n, [item for pair in result for item in pair])


def controlling(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before kqueue.control(changes, most, timeout)."""
    most = argument(args, kwargs, 2, "maxevents", 0)
    kind = kind_of(args[0])
    flags, number = _select_number(argument(args, kwargs, 3, "timeout"), UNKNOWN_COUNT, kind)
    return fd_of(args[0], kind), flags if most else 0, number


def controlled(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After control(): a list of kevents; filter -1 is READ, -2 is WRITE."""
    return _ready(
        spool, n, [item for event in result for item in (event.ident, 1 if event.filter == -1 else 2)]
    )


def bare_select(_spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before select.select(read, write, exceptional[, timeout])."""
    count = sum(len(things) for things in args[:3] if isinstance(things, (list, tuple, set, dict)))
    return -1, *_select_number(args[3] if len(args) > 3 else None, count, KIND["select"])


def bare_selected(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After select.select: three lists."""
    return _ready(spool, n, [item for bit, things in zip((1, 2, 4), result, strict=True)
                             for thing in things for item in (descriptor(thing), bit)])  # fmt: skip


def _ready(spool: Spool, n: int, flat: list[int]) -> int:
    """The number of a ready list: one descriptor fits in (1, events, fd from the low bits); more are told beside it."""
    if len(flat) == 2 and 0 <= flat[1] <= 0xFFFF:
        return 1 | flat[1] << 8 | flat[0] << 32
    if flat:
        spool.side(READY, n, struct.pack(f"<{len(flat)}i", *flat))
    return 0


def closing_selector(_spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before the close of a selector, epoll or kqueue object."""
    kind = kind_of(args[0])
    return fd_of(args[0], kind), 0, kind + 1
