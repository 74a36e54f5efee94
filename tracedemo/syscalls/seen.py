"""Which variant shows what: measured, not guessed.

Names are what a lock-step run of each variant recorded (`-n 2`, without what imports do); system calls what strace saw of
the bare program on x86-64 Linux, on sockets and selectors. tests/test_seen.py runs them all again, and says what to write
here when a variant has changed.
"""

from __future__ import annotations

from typing import NamedTuple


class Seen(NamedTuple):
    """What one variant shows."""

    variant: str
    options: str
    """What must be typed besides its name."""
    names: frozenset[str]
    """Operations and steps."""
    answers: frozenset[tuple[str, str]] = frozenset()
    """(operation, errno)."""
    system_calls: frozenset[str] = frozenset()
    """The usual names: what is `like` another call is counted there."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SERVER = " accepted request sent closed"
_STEPS = " start yield resume return"
_NOT_YET = frozenset({("connect", "EINPROGRESS"), ("recv", "EAGAIN")})
_MOVING = "socket connect sendto recvfrom close "

SEEN = (
    Seen(
        "blocking",
        "",
        _words("socket connect sendall recv close" + _SERVER),
        system_calls=_words(_MOVING),
    ),
    Seen(
        "threads",
        "",
        _words("socket connect sendall recv close" + _SERVER),
        system_calls=_words(_MOVING + "clone3"),
    ),
    Seen(
        "nonblocking",
        "",
        _words("socket setblocking connect send recv close" + _STEPS + _SERVER),
        _NOT_YET,
        _words(_MOVING + "ioctl"),
    ),
    Seen(
        "selector",
        "",
        _words(
            "socket setblocking connect send recv close selector register select unregister"
            + _STEPS
            + _SERVER
        ),
        _NOT_YET,
        _words(_MOVING + "ioctl epoll_create1 epoll_ctl epoll_wait"),
    ),
    Seen(
        "asyncio_sock",
        "",
        _words(
            "socket setblocking connect getsockopt send recv close selector register select unregister socketpair"
            " callback" + _SERVER
        ),
        _NOT_YET,
        _words(_MOVING + "ioctl epoll_create1 epoll_ctl epoll_wait socketpair getsockopt getsockname"),
    ),
    Seen(
        "asyncio_streams",
        "",
        _words(
            "socket setblocking connect getsockopt setsockopt getsockname getpeername send recv close"
            " selector register select unregister socketpair callback" + _SERVER
        ),
        frozenset({("connect", "EINPROGRESS")}),
        _words(
            _MOVING + "ioctl epoll_create1 epoll_ctl epoll_wait socketpair getsockopt setsockopt getsockname"
            " getpeername"
        ),
    ),
    Seen(
        "sleepers",
        "",
        _words("selector select close" + _STEPS),
        system_calls=_words("epoll_create1 epoll_wait close"),
    ),
    Seen(
        "upload",
        "",
        _words(
            "socket setblocking setsockopt connect send recv close selector register select unregister"
            + _STEPS
            + _SERVER
        ),
        _NOT_YET | {("send", "EAGAIN")},
        _words(_MOVING + "ioctl setsockopt epoll_create1 epoll_ctl epoll_wait"),
    ),
    Seen(
        "robust",
        "",
        _words(
            "socket setblocking connect getsockopt send recv close selector register modify select unregister"
            + _STEPS
            + _SERVER
        ),
        frozenset({("connect", "EINPROGRESS")}),
        _words(_MOVING + "ioctl getsockopt epoll_create1 epoll_ctl epoll_wait"),
    ),
    Seen("asyncio_sock", "--host localhost", _words("getaddrinfo")),
    Seen("asyncio_streams", "--host localhost", _words("getaddrinfo")),
)
"""In the order of reading; what needs an option comes last."""
