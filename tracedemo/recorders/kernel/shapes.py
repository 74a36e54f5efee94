r"""The arguments of the system calls that we trace: what each is called in a trace, and what kind of value it is.

One table for all engines. strace's text (`spelling.py`) and the registers and memory of a stopped thread (`memory.py`)
are both decoded by it, so that all engines spell alike; a new system call is a new row.

How values are spelled, kind by kind
    FD, INT         a number; an FD that is negative stays so (AT_FDCWD: "AT_FDCWD")
    ADDRESS         "127.0.0.1:8000", "[::1]:8000", "unix:/path", "unix:@abstract", "unix:" (unnamed), "AF_NETLINK" for a
                    family that we do not take apart; None for no address
    DATA            bytes as text: printable ASCII as it is, \n \r \t \\, all others \xNN; "..." is never added by us in
                    ASCII: where a buffer was cut, a "…" (U+2026) stands at the end. None where it was not
                    filled, and for messages of AF_NETLINK, which are structures
    FLAGS           names joined by "|" in the order of their values, what has no name as 0x..; "0" for none
    NAME            one name: "AF_INET", "EPOLL_CTL_ADD", "SOL_SOCKET", "F_GETFL"; a number without a name as "0x.."
    SOCK_TYPE       a name and flags: "SOCK_STREAM|SOCK_CLOEXEC"
    PROTOCOL        the protocol of socket(2) by name for AF_INET and AF_INET6 ("IPPROTO_TCP"; 0: "IPPROTO_IP") and for
                    AF_NETLINK ("NETLINK_ROUTE"), else a number
    OPTION          the name of a socket option at its level
    VALUE           its value: a number, for SO_ERROR the name of the errno or 0, a text such as
                    "{l_onoff=1, l_linger=0}" for a structure, None if unknown
    MS              a time in milliseconds as poll and epoll_wait take it, -1: for ever
    TIME            a time in seconds as a float, from a timespec or timeval; None: for ever
    POLLFDS         [[5, "POLLIN"], ...]: what was asked, whatever came of it.  Its answer is added as `ready`:
                    [[5, "POLLOUT"], ...], only what has revents; `cut`: True, where the engine could not tell all
    EVENTS          [[5, "EPOLLIN|EPOLLHUP"], ...]: what epoll_wait answered; the fd is the low half of `data` (CPython
                    leaves junk in the upper half); None where nothing was filled in
    EVENT           "EPOLLIN": the event mask of epoll_ctl; None for EPOLL_CTL_DEL, where the kernel does not look at it
    FDSET           [5, 6]: descriptors of a set, ascending; None for NULL.  Their answer is added as `ready`: [[5,
                    "in"], ...] with "in", "out" or "except", ascending within each, in that order
    MESSAGE         of a msghdr the parts `address` (ADDRESS), `data` (DATA, all buffers joined), `size` (INT, of all
                    buffers), `control` (names of its control messages as a list; absent if there are none)
    MESSAGES        of an array of mmsghdr: `messages`, a list of [size of what was moved or None, ADDRESS]
    PATH            a text
    FDS             [3, 4]: the two of socketpair
    COMMAND         the name of an ioctl request ("FIONBIO") or "0x5421"; its argument is `value`: a number for FIONBIO
                    and FIONREAD, None for all others
    THREAD          of clone's flags only whether it is a thread: True or False
    SKIP            not kept: lengths of addresses, sizes of sigsets, pointers
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

KEPT = 256
"""Bytes of a buffer that engines keep."""


class Kind(Enum):
    """What kind of value an argument is."""

    FD = "fd"
    INT = "int"
    ADDRESS = "address"
    DATA = "data"
    FLAGS = "flags"
    NAME = "name"
    SOCK_TYPE = "sock_type"
    PROTOCOL = "protocol"
    OPTION = "option"
    VALUE = "value"
    MS = "ms"
    TIME = "time"
    POLLFDS = "pollfds"
    EVENTS = "events"
    EVENT = "event"
    FDSET = "fdset"
    MESSAGE = "message"
    MESSAGES = "messages"
    PATH = "path"
    FDS = "fds"
    COMMAND = "command"
    THREAD = "thread"
    SKIP = "skip"


class Arg(NamedTuple):
    """One argument of a system call."""

    name: str
    """Its key in `SystemCall.args`."""
    kind: Kind
    names: str = ""
    """Which names its value has: a prefix of the constants in `constants.py`, such as `MSG_`."""
    out: bool = False
    """The kernel fills it in: it has a value only if the call succeeded."""


def _fd(name: str = "fd") -> Arg:
    return Arg(name, Kind.FD)


_SKIP = Arg("", Kind.SKIP)
_MSG = Arg("flags", Kind.FLAGS, "MSG_")
_EVENTS = Arg("ready", Kind.EVENTS, "EPOLL", out=True)
_MAX = Arg("maxevents", Kind.INT)
_FAMILY = Arg("family", Kind.NAME, "AF_")
_TYPE = Arg("type", Kind.SOCK_TYPE, "SOCK_")
_PROTOCOL = Arg("protocol", Kind.PROTOCOL, "IPPROTO_")
_ADDRESS = Arg("address", Kind.ADDRESS)
_PEER = Arg("address", Kind.ADDRESS, out=True)
_POLLFDS = Arg("fds", Kind.POLLFDS, "POLL")
_SETS = (Arg("read", Kind.FDSET), Arg("write", Kind.FDSET), Arg("except", Kind.FDSET))
_SIZE = Arg("size", Kind.INT)
_DATA = Arg("data", Kind.DATA)
_FILLED = Arg("data", Kind.DATA, out=True)

SHAPES: dict[str, tuple[Arg, ...]] = {
    "socket": (_FAMILY, _TYPE, _PROTOCOL),
    "socketpair": (_FAMILY, _TYPE, _PROTOCOL, Arg("fds", Kind.FDS, out=True)),
    "bind": (_fd(), _ADDRESS, _SKIP),
    "listen": (_fd(), Arg("backlog", Kind.INT)),
    "accept": (_fd(), _PEER, _SKIP),
    "accept4": (_fd(), _PEER, _SKIP, Arg("flags", Kind.FLAGS, "SOCK_")),
    "connect": (_fd(), _ADDRESS, _SKIP),
    "shutdown": (_fd(), Arg("how", Kind.NAME, "SHUT_")),
    "getsockname": (_fd(), _PEER, _SKIP),
    "getpeername": (_fd(), _PEER, _SKIP),
    "setsockopt": (_fd(), Arg("level", Kind.NAME, "SOL_"), Arg("option", Kind.OPTION), Arg("value", Kind.VALUE), _SKIP),
    "getsockopt": (
        _fd(), Arg("level", Kind.NAME, "SOL_"), Arg("option", Kind.OPTION), Arg("value", Kind.VALUE, out=True), _SKIP,
    ),
    "sendto": (_fd(), _DATA, _SIZE, _MSG, _ADDRESS, _SKIP),
    "recvfrom": (_fd(), _FILLED, _SIZE, _MSG, _PEER, _SKIP),
    "sendmsg": (_fd(), Arg("", Kind.MESSAGE), _MSG),
    "recvmsg": (_fd(), Arg("", Kind.MESSAGE, out=True), _MSG),
    "sendmmsg": (_fd(), Arg("messages", Kind.MESSAGES), Arg("count", Kind.INT), _MSG),
    "recvmmsg": (_fd(), Arg("messages", Kind.MESSAGES, out=True), Arg("count", Kind.INT), _MSG, Arg("timeout",
    Kind.TIME)), "sendfile": (_fd(), _fd("from"), _SKIP, _SIZE),
    "epoll_create": (_SIZE,),
    "epoll_create1": (Arg("flags", Kind.FLAGS, "EPOLL_CLOEXEC"),),
    "epoll_ctl": (_fd("epfd"), Arg("change", Kind.NAME, "EPOLL_CTL_"), _fd(), Arg("events", Kind.EVENT, "EPOLL")),
    "epoll_wait": (_fd("epfd"), _EVENTS, _MAX, Arg("timeout", Kind.MS)),
    "epoll_pwait": (_fd("epfd"), _EVENTS, _MAX, Arg("timeout", Kind.MS), _SKIP, _SKIP),
    "epoll_pwait2": (_fd("epfd"), _EVENTS, _MAX, Arg("timeout", Kind.TIME), _SKIP, _SKIP),
    "poll": (_POLLFDS, Arg("count", Kind.INT), Arg("timeout", Kind.MS)),
    "ppoll": (_POLLFDS, Arg("count", Kind.INT), Arg("timeout", Kind.TIME), _SKIP, _SKIP),
    "select": (Arg("count", Kind.INT), *_SETS, Arg("timeout", Kind.TIME)),
    "pselect6": (Arg("count", Kind.INT), *_SETS, Arg("timeout", Kind.TIME), _SKIP),
    "ioctl": (_fd(), Arg("request", Kind.COMMAND), _SKIP),
    "fcntl": (_fd(), Arg("command", Kind.NAME, "F_"), Arg("value", Kind.INT)),
    "close": (_fd(),),
    "read": (_fd(), _SKIP, _SIZE),
    "write": (_fd(), _SKIP, _SIZE),
    "openat": (_SKIP, Arg("path", Kind.PATH), Arg("flags", Kind.FLAGS, "O_"), _SKIP),
    "clone": (Arg("thread", Kind.THREAD), _SKIP, _SKIP, _SKIP, _SKIP),
    "clone3": (Arg("thread", Kind.THREAD), _SKIP),
    "fork": (),
    "vfork": (),
    "execve": (Arg("path", Kind.PATH), _SKIP, _SKIP),
}  # fmt: skip
"""By the name of the system call (x86-64 and aarch64; the latter lacks some of them).  What `read` and `write` move is
not kept: it is a file's content, a key, or what TLS has encrypted."""

TRACED = tuple(SHAPES)
"""The system calls that engines are asked for."""

NO_FD = -1


def first_fd(args: dict[str, object]) -> int | None:
    """The descriptor that a call is about: of epoll_ctl the watched one, of epoll_wait the epoll's."""
    value = args.get("fd", args.get("epfd"))
    return value if isinstance(value, int) else None
