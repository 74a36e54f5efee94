"""What a program is about to wait for: what a select watches, what ends the wait, and whom a thread waits for."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # signal itself takes long to import
import _socket
import os
from struct import Struct

from tracedemo.recorders.inprocess import describe, describe_ready

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def timeout_of(place: str, args: Any, kwargs: Any) -> Any:
    """The timeout of a select, None for ever; 0.5 (of anything) when that is for the original to complain about."""
    try:
        at = {"": 3, "kqueue": 3}.get(place, 1)
        timeout = describe.argument(args, kwargs, at, "timeout")
        if timeout is None:
            return None
        if timeout < 0:
            return None if place in ("epoll", "poll") else 0
        return timeout
    except Exception:  # noqa: BLE001  # not a number
        return 0.5


def seconds_of(place: str, timeout: Any) -> float | None:
    """The same in seconds: poll objects are told milliseconds."""
    try:
        return None if timeout is None else float(timeout / 1000 if place == "poll" else timeout)
    except Exception:  # noqa: BLE001  # as above
        return 0.5


def receive_timeout(sock: Any) -> float | None:
    """Seconds after which the kernel itself ends a receive or accept on this socket (SO_RCVTIMEO); None: it never does."""
    option = getattr(_socket, "SO_RCVTIMEO", None)
    if option is None:
        return None
    try:
        told = _socket.socket.getsockopt(sock, _socket.SOL_SOCKET, option, _TIMEVAL.size)
        whole, millionths = _TIMEVAL.unpack(told)
    except Exception:  # noqa: BLE001  # a system that has another form for it
        return None
    return (whole + millionths / 1_000_000) or None


_TIMEVAL = Struct("ll")
"""`struct timeval` (socket(7)): seconds and microseconds."""


def alarm_left() -> float | None:
    """Seconds until the process is sent SIGALRM, as setitimer() and alarm() have it; None: nobody has asked for that."""
    if not hasattr(_signal, "getitimer"):
        return None
    return float(_signal.getitimer(_signal.ITIMER_REAL)[0]) or None


def listed(args: Any) -> Any:
    """The arguments of select.select with lists for iterators, which can be looked at once only."""
    try:
        return tuple(list(one) if type(one) not in (list, tuple) else one for one in args[:3]) + args[3:]
    except TypeError:
        return args


def in_lists(args: Any) -> dict[int, int]:
    """What select.select watches."""
    watched: dict[int, int] = {}
    for bit, things in ((1, args[0]), (2, args[1])):
        for thing in things:
            fd = describe_ready.descriptor(thing)
            watched[fd] = watched.get(fd, 0) | bit
    return watched


def in_epoll(own: int) -> dict[int, int] | None:
    """What a bare epoll object watches, as the kernel tells."""
    watched: dict[int, int] = {}
    with open(f"/proc/self/fdinfo/{own}", "rb") as lines:
        for line in lines:
            if line.startswith(b"tfd:"):
                words = line.split()
                events = int(words[3], 16)
                watched[int(words[1])] = (events & 1) | (events & 4) >> 1
    return watched


def nothing_open(place: str, one: Any, watched: dict[int, int]) -> bool:
    """Whether a selector, or an epoll, has nothing in it that could ever be ready: descriptors that were closed are not."""
    known = place == "epoll" or getattr(one, "_fd_to_key", None) is not None
    return known and not any(_is_open(fd) for fd in watched)


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def bells_of(selector: Any) -> tuple[int, ...]:
    """The descriptor by which other threads wake an asyncio loop; a loop whose threads are all stuck will not hear it."""
    return tuple(fd for fd, key in getattr(selector, "_fd_to_key", {}).items() if _is_bell(key.data))


def _is_bell(data: Any) -> bool:
    handle = data[0] if type(data) is tuple and data else None
    if type(handle).__module__ != "asyncio.events":
        return False
    return getattr(getattr(handle, "_callback", None), "__name__", "") == "_read_from_self"


def three_lists(watched: dict[int, int]) -> tuple[list[int], list[int], list[int]]:
    """The same as select.select takes it."""
    return (
        [fd for fd, bits in watched.items() if bits & 1],
        [fd for fd, bits in watched.items() if bits & 2],
        [],
    )


def waits_for_thread(frame: Any) -> bool:
    """True for a thread that waits without timeout for another one, in vain so far.

    The one it joins may have ended, or its waiter lock may have been released, and it has only not been run since: such a
    thread is not stuck.
    """
    while frame is not None and frame.f_code.co_filename.endswith("threading.py"):
        name, known = frame.f_code.co_name, frame.f_locals
        if name in ("join", "_wait_for_tstate_lock"):
            return known.get("timeout") in (None, -1) and bool(known["self"].is_alive())
        if name == "wait" and "waiter" in known:
            return known.get("timeout") is None and bool(known["waiter"].locked())
        if name == "_shutdown":
            return True
        frame = frame.f_back
    return False
