"""What to note about each call: small functions, two for an operation.

`before(spool, args, kwargs)` looks at the arguments and gives (fd, flags, number). `after(spool, n, args, result)` looks at
the result and gives one number. What is no number is a fact of the spool, told once and used by its index, because
programs say the same things again and again; only what is new each time (a ready list) is told as a side fact of record n.
All values are taken raw: families, flags and option names are decoded by the reader. Nothing here calls a method that
a program could have overridden, since that would run the program's code twice.
"""

from __future__ import annotations

import _socket
import os
import stat
import struct

from tracedemo.recorders.inprocess.spool import (
    COULD_WAIT,
    IN_MILLISECONDS,
    KINDS,
    NO_TIMEOUT,
    PAIR,
    READY,
    RESULT,
    UNKNOWN_COUNT,
    ZERO_TIMEOUT,
    clock,
    suppress,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tracedemo.recorders.inprocess.spool import Spool

    Args = tuple[Any, ...]
    Kwargs = dict[str, Any]
    Known = tuple[int, int, int]

fileno = _socket.socket.fileno
gettimeout = _socket.socket.gettimeout
getsockname = _socket.socket.getsockname
_family = _socket.socket.__dict__["family"].__get__
_type = _socket.socket.__dict__["type"].__get__
_proto = _socket.socket.__dict__["proto"].__get__

KIND = {name: code for code, name in enumerate(KINDS)}


def plain(value: Any) -> Any:
    """A copy of `value` made of exact built-in types, so that its repr is a literal and runs no code of the program."""
    kind = type(value)
    if kind in (str, int, bool, float, bytes, type(None)):
        return value
    for sequence in (tuple, list):
        if isinstance(value, sequence):
            items: Any = sequence.__iter__(value)  # type: ignore[arg-type]  # it is of this very type
            return tuple(plain(item) for item in items)
    for exact in (int, str, float, bytes):
        if isinstance(value, exact):
            return exact.__add__(value, exact())  # type: ignore[operator]  # an exact copy, without the subclass's code
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    return f"<{kind.__name__}>"


def argument(args: Args, kwargs: Kwargs, index: int, name: str, default: Any = None) -> Any:
    """An argument that may be given by position or by name."""
    return args[index] if len(args) > index else kwargs.get(name, default)


def whole(value: Any, default: int = -1) -> int:
    """A number given by the program as an exact int; anything else, of which only its own code knows, is the default."""
    return int.__add__(value, 0) if isinstance(value, int) else default


def size_of(buffer: Any) -> int:
    """How many bytes a buffer holds; -1 for no buffer, and for one written in Python, whose code would run twice."""
    if isinstance(buffer, int):
        return whole(buffer)
    try:
        if hasattr(type(buffer), "__buffer__") and hasattr(type(buffer).__buffer__, "__code__"):
            return -1
        with memoryview(buffer) as view:
            return view.nbytes
    except Exception:  # noqa: BLE001  # no buffer, or one that is not to be looked at: the original has the right words
        return -1


DONTWAIT = getattr(_socket, "MSG_DONTWAIT", 0)
_FLAGS_AT = {
    **dict.fromkeys(("recv", "recvfrom", "send", "sendall"), 2),
    **dict.fromkeys(("recv_into", "recvfrom_into", "recvmsg", "recvmsg_into", "sendmsg"), 3),
}  # fmt: skip


def flags_of(op: str, args: Args, kwargs: Kwargs) -> int:
    """The flags (MSG_PEEK ...) of a call that moves bytes."""
    at = 2 if op == "sendto" and len(args) == 4 else _FLAGS_AT.get(op, 99)
    return whole(argument(args, kwargs, at, "flags", 0), 0)


def asked_for(op: str, size: int, args: Args, kwargs: Kwargs) -> tuple[int, int]:
    """(size, flags) of a call with more arguments than a size or a buffer."""
    if op.endswith("_into"):
        size = size_of(kwargs["buffer"]) if "buffer" in kwargs else size
        size = whole(argument(args, kwargs, 2, "nbytes", 0)) or size
    elif op == "read":
        size = whole(kwargs.get("len", size))
    return size, flags_of(op, args, kwargs)


def number(_spool: Spool, _n: int, _args: Args, result: Any) -> int:
    """After a call that gives a number."""
    return result if type(result) is int else 0


# -- Sockets


def on_socket(_spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before a call that needs no more than its socket."""
    sock = args[0]
    return fileno(sock), COULD_WAIT if gettimeout(sock) != 0.0 else 0, 0


def with_address(spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before connect and bind."""
    sock, address = args
    return fileno(sock), COULD_WAIT if gettimeout(sock) != 0.0 else 0, _address(spool, address)


def _address(spool: Spool, value: Any) -> int:
    """An address as one number: a host and a port are packed, any other is a fact."""
    if type(value) is tuple and len(value) == 2:
        host, port = value
        if type(host) is str and type(port) is int and 0 <= port <= 0xFFFF:
            return PAIR + (spool.fact(host) << 16) + port
    return spool.fact(plain(value))


def with_fact(spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before a call whose positional arguments tell it all: a timeout, a level and an option."""
    return fileno(args[0]), 0, spool.fact(plain(args[1:]))


def with_number(_spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before a call with one argument that is a number: listen, shutdown, set_inheritable."""
    return fileno(args[0]), 0, whole(args[1]) if len(args) > 1 else -1


def new_mode(_spool: Spool, _n: int, args: Args, _result: Any) -> int:
    """After setblocking: 1 for blocking; its argument may be anything that is true or false."""
    return 0 if gettimeout(args[0]) == 0.0 else 1


def setting_option(spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before setsockopt: the value may be a number, bytes, or None with a length."""
    value = args[3] if len(args) > 3 else None
    shown = whole(value) if isinstance(value, int) else None if value is None else f"{size_of(value)} bytes"
    return fileno(args[0]), 0, spool.fact((whole(args[1]), whole(args[2]), shown))


def option_value(spool: Spool, _n: int, _args: Args, result: Any) -> int:
    """After getsockopt: a number, or bytes."""
    return spool.fact(result if type(result) is int else f"{len(result)} bytes")


def sending_to(spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before sendto(data[, flags], address): the size in the low 32 bits, a fact above: (address, flags)."""
    flags = flags_of("sendto", args, kwargs)
    fact = spool.fact((plain(args[-1]), flags))
    return fileno(args[0]), _waits(args[0], flags), size_of(args[1]) & 0xFFFFFFFF | fact << 32


def sending_buffers(spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before sendmsg(buffers...): as before sendto."""
    flags = flags_of("sendmsg", args, kwargs)
    address = args[4] if len(args) > 4 else None
    fact = 0 if address is None and not flags else spool.fact((plain(address), flags))
    return fileno(args[0]), _waits(args[0], flags), _size_of_all(args[1]) & 0xFFFFFFFF | fact << 32


def sending_file(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before socket.sendfile(file, offset, count)."""
    return fileno(args[0]), _waits(args[0]), whole(argument(args, kwargs, 3, "count"))


def os_sending_file(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before os.sendfile(out_fd, in_fd, offset, count); shutil copies files with it, which is none of our business."""
    fd = whole(argument(args, kwargs, 0, "out_fd"))
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        raise ValueError(fd)
    return fd, 0, whole(argument(args, kwargs, 3, "count"))


def receiver(op: str) -> Callable[[Spool, Args, Kwargs], Known]:
    """What comes before recvfrom, recvmsg and their like: the size in the low 32 bits, flags above."""
    into = op == "recvfrom_into"

    def receiving(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
        size = size_of(args[1]) if into and len(args) > 1 else -1 if into else _size_of_all(args[1])
        flags = flags_of(op, args, kwargs)
        if into:
            size, flags = asked_for(op, size, args, kwargs)
        return fileno(args[0]), _waits(args[0], flags), size & 0xFFFFFFFF | (flags & 0x7FFFFFFF) << 32

    return receiving


def _size_of_all(buffers: Any) -> int:
    """The size of a list of buffers, or of one; an iterator cannot be measured, since that would use it up."""
    if type(buffers) not in (list, tuple):
        return size_of(buffers)
    sizes = [size_of(buffer) for buffer in buffers]
    return -1 if -1 in sizes else sum(sizes)


def _waits(sock: Any, flags: int = 0) -> int:
    return 0 if gettimeout(sock) == 0.0 or flags & DONTWAIT else COULD_WAIT


def received_from(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After recvfrom and recvmsg: (data or count, ..., address)."""
    if result[-1] is not None:
        spool.tell(RESULT, n, plain(result[-1]))
    return result[0] if type(result[0]) is int else len(result[0])


def making_socket(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before socket.__init__: the descriptor is known afterwards, unless the socket is made from one."""
    given = args[4] if len(args) > 4 else kwargs.get("fileno") if kwargs else None
    return -1, 0, -1 if given is None else whole(given)


def made_socket(spool: Spool, _n: int, args: Args, _result: Any) -> int:
    """After socket.__init__: the descriptor in the low 32 bits, what kind of socket as a fact above."""
    sock = args[0]
    fd = fileno(sock)
    if fd in spool.ports:
        _check_port(spool, sock, fd)
    return fd & 0xFFFFFFFF | spool.fact((_family(sock), _type(sock), _proto(sock))) << 32


def _check_port(spool: Spool, sock: Any, fd: int) -> None:
    """Whether a descriptor that stood for a connection to our server, and of which a socket was made, still is that one."""
    t0 = clock()
    local = getsockname(sock)
    spool.event("port", t0, clock(), fd, _address(spool, local))
    if type(local) is not tuple or local[1] != spool.ports[fd]:
        del spool.ports[fd]


def making_pair(_spool: Spool, _args: Args, _kwargs: Kwargs) -> Known:
    """Before socketpair."""
    return -1, 0, -1


def made_pair(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After socketpair: both descriptors."""
    first, second = (fileno(made) for made in result)
    spool.ports.pop(first, None)
    spool.ports.pop(second, None)
    spool.tell(RESULT, n, first, second, _family(result[0]), _type(result[0]))
    return first


def accepted(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After accept (a socket) and _accept (a descriptor)."""
    made, address = result
    fd = made if type(made) is int else fileno(made)
    spool.ports.pop(fd, None)
    spool.tell(RESULT, n, plain(address))
    return fd


def duplicated(spool: Spool, _n: int, args: Args, result: Any) -> int:
    """After dup: of a socket or of a descriptor.  Both stand for the same connection."""
    fd, old = (made if type(made) is int else fileno(made) for made in (result, args[0]))
    if old in spool.ports:
        spool.ports[fd] = spool.ports[old]
    return fd


def of_descriptor(_spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before socket.dup, a function that takes a bare descriptor."""
    return whole(args[0]), 0, 0


def closing_descriptor(spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before socket.close, a function that takes a bare descriptor."""
    fd = whole(args[0])
    spool.ports.pop(fd, None)
    return fd, 0, 0


def address_result(spool: Spool, _n: int, _args: Args, result: Any) -> int:
    """After getsockname and getpeername."""
    return _address(spool, result)


def closing(spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before a close: the number may be another connection's from now on.  After detach it still is the same one's."""
    fd = fileno(args[0])
    spool.ports.pop(fd, None)
    return fd, 0, 0


def connected(spool: Spool, _n: int, args: Args, result: Any) -> int:
    """After connect, done or begun.  For our own server, ask for the local port: it ties both sides together."""
    sock, address = args[0], args[1]
    if spool.servers and type(address) is tuple and len(address) > 1 and whole(address[1]) in spool.servers:
        fd = fileno(sock)
        if fd >= 0 and fd not in spool.ports:
            with suppress(OSError):
                t0 = clock()
                local = getsockname(sock)
                spool.event("port", t0, clock(), fd, _address(spool, local))
                if local[1]:
                    spool.ports[fd] = local[1]
    return result if type(result) is int else 0


# -- Names and addresses


def looking_up(spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before a name lookup: (host, port) or one argument."""
    if len(args) > 1 and type(args[0]) is str and type(args[1]) is int:  # the usual, and quick
        return -1, COULD_WAIT, spool.fact(args[:2])
    host = argument(args, kwargs, 0, "host")
    port = argument(args, kwargs, 1, "port")
    return -1, COULD_WAIT, spool.fact((plain(host), plain(port)))


def looked_up(spool: Spool, _n: int, _args: Args, result: Any) -> int:
    """After a name lookup: the addresses, each once, or whatever else it answers."""
    if type(result) is list:  # the library's own, of its own plain values
        return spool.fact(tuple({item[4] if len(item) == 5 else item: None for item in result}))
    return spool.fact((plain(result),))


# -- Readiness


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
        kind = _kinds.get(type(args[0])) or kind_of(args[0])
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
    """Before select() of a selector."""
    selector = args[0]
    kind = kind_of(selector)
    watched = len(selector._fd_to_key)  # noqa: SLF001  # get_map() would make an object
    flags, number = _select_number(argument(args, kwargs, 1, "timeout"), watched, kind)
    return fd_of(selector, kind), flags, number


def selected(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After select() of a selector: a list of (key, events)."""
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
