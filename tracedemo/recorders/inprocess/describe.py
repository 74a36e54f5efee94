"""What to note about each call: small functions, two for an operation.

`before(spool, args, kwargs)` looks at the arguments and gives (fd, flags, number). `after(spool, n, args, result)` looks at
the result and gives one number. What is no number is a fact of the spool, told once and used by its index, because
programs say the same things again and again; only what is new each time (a ready list) is told as a side fact of record n.
All values are taken raw: families, flags and option names are decoded by the reader. Nothing here calls a method that
a program could have overridden, since that would run the program's code twice.
"""

from __future__ import annotations

import struct

import _socket

from tracedemo.recorders.inprocess.spool import (
    COULD_WAIT,
    IS_TRACER,
    KINDS,
    NO_TIMEOUT,
    READY,
    RESULT,
    ZERO_TIMEOUT,
    clock,
    suppress,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
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
            return tuple(plain(item) for item in sequence.__iter__(value))
    for exact in (int, str, float, bytes):
        if isinstance(value, exact):
            return exact.__add__(value, exact())  # type: ignore[operator]  # an exact copy, without the subclass's code
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    return f"<{kind.__name__}>"


def argument(args: Args, kwargs: Kwargs, index: int, name: str, default: Any = None) -> Any:
    """An argument that may be given by position or by name."""
    return args[index] if len(args) > index else kwargs.get(name, default)


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
    where = spool.address(address if type(address) is tuple and len(address) == 2 else plain(address))
    return fileno(sock), COULD_WAIT if gettimeout(sock) != 0.0 else 0, where


def with_fact(spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before a call whose positional arguments tell it all: a timeout, a level and an option."""
    return fileno(args[0]), 0, spool.fact(plain(args[1:]))


def with_number(_spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before a call with one argument that is a number: listen, shutdown, setblocking."""
    return fileno(args[0]), 0, int(args[1]) if len(args) > 1 else -1


def setting_option(spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before setsockopt: the value may be a number, bytes, or None with a length."""
    value = args[3] if len(args) > 3 else None
    shown = plain(value) if isinstance(value, (int, type(None))) else f"{len(value)} bytes"
    return fileno(args[0]), 0, spool.fact((plain(args[1]), plain(args[2]), shown))


def option_value(spool: Spool, _n: int, _args: Args, result: Any) -> int:
    """After getsockopt: a number, or bytes."""
    return spool.fact(result if type(result) is int else f"{len(result)} bytes")


def sending_to(spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before sendto(data[, flags], address): the size in the low 32 bits, the address as a fact above."""
    size = memoryview(args[1]).nbytes
    return fileno(args[0]), _waits(args[0]), size & 0xFFFFFFFF | spool.fact(plain(args[-1])) << 32


def sending_buffers(spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before sendmsg(buffers...).  A list can be measured; an iterator would be used up."""
    buffers = args[1]
    size = sum(memoryview(item).nbytes for item in buffers) if type(buffers) in (list, tuple) else 0xFFFFFFFF
    address = args[4] if len(args) > 4 else None
    where = 0 if address is None else spool.fact(plain(address))
    return fileno(args[0]), _waits(args[0]), size & 0xFFFFFFFF | where << 32


def sending_file(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before socket.sendfile(file, offset, count)."""
    return fileno(args[0]), _waits(args[0]), argument(args, kwargs, 3, "count") or -1


def os_sending_file(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before os.sendfile(out_fd, in_fd, offset, count)."""
    return int(argument(args, kwargs, 0, "out_fd")), 0, int(argument(args, kwargs, 3, "count", -1))


def receiving(_spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before recvfrom(size) and recvmsg(size); a buffer stands for its size."""
    size = args[1]
    if type(size) is not int:
        parts = size if type(size) in (list, tuple) else (size,)
        size = sum(memoryview(part).nbytes for part in parts)
    return fileno(args[0]), _waits(args[0]), size


def _waits(sock: Any) -> int:
    return COULD_WAIT if gettimeout(sock) != 0.0 else 0


def received_from(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After recvfrom and recvmsg: (data or count, ..., address)."""
    if result[-1] is not None:
        spool.tell(RESULT, n, plain(result[-1]))
    return result[0] if type(result[0]) is int else len(result[0])


def making_socket(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before socket.__init__: the descriptor is known afterwards, unless the socket is made from one."""
    given = argument(args, kwargs, 4, "fileno")
    return -1, 0, -1 if given is None else int(given)


def made_socket(spool: Spool, _n: int, args: Args, _result: Any) -> int:
    """After socket.__init__: the descriptor in the low 32 bits, what kind of socket as a fact above."""
    sock = args[0]
    return fileno(sock) | spool.fact((_family(sock), _type(sock), _proto(sock))) << 32


def making_pair(_spool: Spool, _args: Args, _kwargs: Kwargs) -> Known:
    """Before socketpair."""
    return -1, 0, -1


def made_pair(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After socketpair: both descriptors."""
    first, second = result
    spool.tell(RESULT, n, fileno(first), fileno(second), _family(first), _type(first))
    return fileno(first)


def accepted(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After accept (a socket) and _accept (a descriptor)."""
    made, address = result
    spool.tell(RESULT, n, plain(address))
    return made if type(made) is int else fileno(made)


def duplicated(_spool: Spool, _n: int, _args: Args, result: Any) -> int:
    """After dup: of a socket or of a descriptor."""
    return result if type(result) is int else fileno(result)


def of_descriptor(_spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before a function of the socket module that takes a bare descriptor: dup, close."""
    return int(args[0]), 0, 0


def address_result(spool: Spool, _n: int, _args: Args, result: Any) -> int:
    """After getsockname and getpeername."""
    return spool.address(plain(result))


def closing(spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before a close or detach: the number may be another connection's from now on."""
    fd = fileno(args[0])
    spool.ports.pop(fd, None)
    return fd, 0, 0


def connected(spool: Spool, _n: int, args: Args, result: Any) -> int:
    """After connect, done or begun.  For our own server, ask for the local port: it ties both sides together."""
    sock, address = args[0], args[1]
    if spool.servers and type(address) is tuple and len(address) > 1 and address[1] in spool.servers:
        fd = fileno(sock)
        if fd >= 0 and fd not in spool.ports:
            with suppress(OSError):
                t0 = clock()
                local = getsockname(sock)
                spool.event("port", t0, clock(), fd, spool.address(local))
                if local[1]:
                    spool.ports[fd] = local[1]
    return result if type(result) is int else 0


# -- Names and addresses


def looking_up(spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before a name lookup: (host, port) or one argument."""
    host = argument(args, kwargs, 0, "host")
    port = argument(args, kwargs, 1, "port")
    return -1, COULD_WAIT, spool.fact((plain(host), plain(port)))


def looked_up(spool: Spool, _n: int, _args: Args, result: Any) -> int:
    """After a name lookup: the addresses, each once, or whatever else it answers."""
    if isinstance(result, list):
        found = dict.fromkeys(plain(item[4]) if len(item) == 5 else plain(item) for item in result)
        return spool.fact(tuple(found))
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
    """(flags, number) of a select: kind in bits 0-5, NO_TIMEOUT and ZERO_TIMEOUT, how many are watched in bits 8-31, and the
    timeout in microseconds above, up to 35 minutes."""
    number = kind | min(watched, 0xFFFFFF) << 8
    if seconds is None:
        return COULD_WAIT, number | NO_TIMEOUT
    if seconds <= 0:
        return 0, number | ZERO_TIMEOUT
    return COULD_WAIT, number | min(int(seconds * 1_000_000), 0x7FFFFFFF) << 32


def making_selector(_spool: Spool, _args: Args, _kwargs: Kwargs) -> Known:
    """Before a selector is made."""
    return -1, 0, 0


def made_selector(_spool: Spool, _n: int, args: Args, _result: Any) -> int:
    """After a selector is made: its kind and descriptor."""
    return _where(args[0])


def watching(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before register, modify and unregister of selectors, epoll and poll objects: kind above the event mask."""
    kind = _kinds.get(type(args[0])) or kind_of(args[0])
    if len(args) == 3:
        _, thing, events = args
    else:
        thing = args[1] if len(args) > 1 else next(iter(kwargs.values()), -1)
        events = kwargs.get("events") or kwargs.get("eventmask") or 0 if kwargs else 0
    fd = thing if type(thing) is int else fileno(thing) if isinstance(thing, _socket.socket) else descriptor(thing)
    return fd, 0, kind << 32 | events & 0xFFFFFFFF


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
    flags, number = _select_number(seconds, 0xFFFFFF, kind)
    return fd_of(args[0], kind), flags, number


def polled(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After poll(): a list of (fd, events)."""
    return _ready(spool, n, [item for pair in result for item in pair])


def controlling(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before kqueue.control(changes, most, timeout)."""
    most = argument(args, kwargs, 2, "maxevents", 0)
    kind = kind_of(args[0])
    flags, number = _select_number(argument(args, kwargs, 3, "timeout"), 0xFFFFFF, kind)
    return fd_of(args[0], kind), flags if most else 0, number


def controlled(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After control(): a list of kevents; filter -1 is READ, -2 is WRITE."""
    return _ready(spool, n, [item for event in result for item in (event.ident, 1 if event.filter == -1 else 2)])


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
