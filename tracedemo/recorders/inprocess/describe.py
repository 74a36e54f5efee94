"""What to note about each call: small functions, two for an operation.

`before(spool, args, kwargs)` looks at the arguments and gives (fd, flags, number, facts). `after(spool, n, args, result)`
looks at the result and gives one number; what does not fit into a number is told as a side fact of record n.
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
    Known = tuple[int, int, int, Args | None]

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


def nothing(_spool: Spool, _n: int, _args: Args, _result: Any) -> int:
    """After a call that answers nothing worth noting."""
    return 0


def number(_spool: Spool, _n: int, _args: Args, result: Any) -> int:
    """After a call that gives a number."""
    return result if type(result) is int else 0


# -- Sockets


def on_socket(_spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before a call that needs no more than its socket."""
    sock = args[0]
    return fileno(sock), COULD_WAIT if gettimeout(sock) != 0.0 else 0, 0, None


def with_facts(spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before a call whose positional arguments tell it all: an address, a level and an option."""
    fd, flags, _, _ = on_socket(spool, args, kwargs)
    return fd, flags, 0, tuple(plain(item) for item in args[1:])


def with_number(spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before a call with one argument that is a number: listen, shutdown, setblocking."""
    fd, flags, _, _ = on_socket(spool, args, kwargs)
    return fd, flags, int(args[1]) if len(args) > 1 else -1, None


def setting_option(spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before setsockopt: the value may be a number, bytes, or None with a length."""
    fd, flags, _, _ = on_socket(spool, args, kwargs)
    value = args[3] if len(args) > 3 else None
    shown = plain(value) if isinstance(value, (int, type(None))) else f"{len(value)} bytes"
    return fd, flags, 0, (plain(args[1]), plain(args[2]), shown)


def option_value(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After getsockopt: a number, or bytes."""
    spool.tell(RESULT, n, result if type(result) is int else f"{len(result)} bytes")
    return 0


def sending_to(spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before sendto(data[, flags], address)."""
    fd, flags, _, _ = on_socket(spool, args, kwargs)
    return fd, flags, memoryview(args[1]).nbytes, (plain(args[-1]),)


def sending_buffers(spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before sendmsg(buffers...).  A list can be measured; an iterator would be used up."""
    fd, flags, _, _ = on_socket(spool, args, kwargs)
    buffers = args[1]
    size = sum(memoryview(item).nbytes for item in buffers) if type(buffers) in (list, tuple) else -1
    address = args[4] if len(args) > 4 else None
    return fd, flags, size, None if address is None else (plain(address),)


def sending_file(spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before socket.sendfile(file, offset, count)."""
    fd, flags, _, _ = on_socket(spool, args, kwargs)
    return fd, flags, argument(args, kwargs, 3, "count") or -1, None


def os_sending_file(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before os.sendfile(out_fd, in_fd, offset, count)."""
    return int(argument(args, kwargs, 0, "out_fd")), 0, int(argument(args, kwargs, 3, "count", -1)), None


def receiving(spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before recvfrom(size) and recvmsg(size); a buffer stands for its size."""
    fd, flags, _, _ = on_socket(spool, args, kwargs)
    size = args[1]
    if type(size) is not int:
        parts = size if type(size) in (list, tuple) else (size,)
        size = sum(memoryview(part).nbytes for part in parts)
    return fd, flags, size, None


def received_from(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After recvfrom and recvmsg: (data or count, ..., address)."""
    if result[-1] is not None:
        spool.tell(RESULT, n, plain(result[-1]))
    return result[0] if type(result[0]) is int else len(result[0])


def making_socket(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before socket.__init__: the descriptor is known afterwards, unless the socket is made from one."""
    given = argument(args, kwargs, 4, "fileno")
    return -1, 0, -1 if given is None else int(given), None


def made_socket(spool: Spool, n: int, args: Args, _result: Any) -> int:
    """After socket.__init__."""
    sock = args[0]
    spool.tell(RESULT, n, _family(sock), _type(sock), _proto(sock))
    return fileno(sock)


def making_pair(_spool: Spool, _args: Args, _kwargs: Kwargs) -> Known:
    """Before socketpair."""
    return -1, 0, -1, None


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
    return int(args[0]), 0, 0, None


def address_result(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After getsockname and getpeername."""
    spool.tell(RESULT, n, plain(result))
    return 0


def closing(spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before a close or detach: the number may be another connection's from now on."""
    known = on_socket(spool, args, kwargs)
    spool.ports.pop(known[0], None)
    return known


def connected(spool: Spool, _n: int, args: Args, _result: Any) -> int:
    """After connect, done or begun.  For our own server, ask for the local port: it ties both sides together."""
    sock, address = args[0], args[1]
    if type(address) is tuple and len(address) > 1 and address[1] in spool.servers:
        fd = fileno(sock)
        if fd >= 0 and fd not in spool.ports:
            with suppress(OSError):
                t0 = clock()
                local = getsockname(sock)
                n = spool.event("port", t0, clock(), fd, local[1], IS_TRACER)
                spool.tell(RESULT, n, plain(local))
                if local[1]:
                    spool.ports[fd] = local[1]
    return _result if type(_result) is int else 0


# -- Names and addresses


def looking_up(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before a name lookup: (host, port) or one argument."""
    host = argument(args, kwargs, 0, "host")
    port = argument(args, kwargs, 1, "port")
    return -1, COULD_WAIT, 0, (plain(host), plain(port))


def looked_up(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After a name lookup."""
    if isinstance(result, list):
        spool.tell(RESULT, n, *dict.fromkeys(plain(item[4]) if len(item) == 5 else plain(item) for item in result))
    else:
        spool.tell(RESULT, n, plain(result))
    return 0


# -- Readiness


def _where(selector: Any) -> int:
    """Kind and descriptor of a selector, packed as bits 0-5 and 8-31; the descriptor plus one, 0 for none."""
    kind = next((KIND[base.__name__] for base in type(selector).__mro__ if base.__name__ in KIND), 0)
    inner = getattr(selector, "_selector", selector)
    fd = inner.fileno() if hasattr(inner, "fileno") else -1
    return kind | (fd + 1 & 0xFFFFFF) << 8


def descriptor(thing: Any) -> int:
    """The descriptor of what a program hands to select or register; -1 when only its own code could tell."""
    if type(thing) is int:
        return thing
    if isinstance(thing, _socket.socket):
        return fileno(thing)
    return thing.fileno() if type(thing).__module__ == "_io" else -1


def _timeout(seconds: Any) -> tuple[int, int, tuple[float] | None]:
    """(flags, bits, facts) of a timeout."""
    if seconds is None:
        return COULD_WAIT, NO_TIMEOUT, None
    if seconds <= 0:
        return 0, ZERO_TIMEOUT, None
    return COULD_WAIT, 0, (float(seconds),)


def making_selector(_spool: Spool, _args: Args, _kwargs: Kwargs) -> Known:
    """Before a selector is made."""
    return -1, 0, 0, None


def made_selector(_spool: Spool, _n: int, args: Args, _result: Any) -> int:
    """After a selector is made: its kind and descriptor."""
    return _where(args[0])


def watching(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before register, modify and unregister of selectors, epoll and poll objects."""
    thing = args[1] if len(args) > 1 else next(iter(kwargs.values()), -1)
    names = ("events", "eventmask")
    events = args[2] if len(args) > 2 else next((kwargs[name] for name in names if name in kwargs), 0)
    return descriptor(thing), 0, _where(args[0]) << 32 | (int(events) & 0xFFFFFFFF), None


def watched(_spool: Spool, _n: int, _args: Args, result: Any) -> int:
    """After register and the like: selectors give a key that holds the descriptor; plus one, 0 for unknown."""
    return getattr(result, "fd", -1) + 1


def selecting(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before select() of a selector."""
    selector = args[0]
    flags, bits, facts = _timeout(argument(args, kwargs, 1, "timeout"))
    return -1, flags, _where(selector) | bits | len(selector._fd_to_key) << 32, facts  # noqa: SLF001  # no public count


def selected(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After select() of a selector: a list of (key, events)."""
    return _ready(spool, n, [item for key, events in result for item in (key.fd, events)])


def polling(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before poll() of an epoll object (seconds) or a poll object (milliseconds)."""
    place = _where(args[0])
    seconds = argument(args, kwargs, 1, "timeout")
    if seconds is not None and seconds < 0:
        seconds = None
    if seconds is not None and KINDS[place & 63] == "poll":
        seconds /= 1000
    flags, bits, facts = _timeout(seconds)
    return -1, flags, place | bits | 0xFFFFFF << 32, facts


def polled(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After poll(): a list of (fd, events)."""
    return _ready(spool, n, [item for pair in result for item in pair])


def controlling(_spool: Spool, args: Args, kwargs: Kwargs) -> Known:
    """Before kqueue.control(changes, most, timeout)."""
    most = argument(args, kwargs, 2, "maxevents", 0)
    flags, bits, facts = _timeout(argument(args, kwargs, 3, "timeout"))
    return -1, flags if most else 0, _where(args[0]) | bits | 0xFFFFFF << 32, facts


def controlled(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After control(): a list of kevents; filter -1 is READ, -2 is WRITE."""
    return _ready(spool, n, [item for event in result for item in (event.ident, 1 if event.filter == -1 else 2)])


def bare_select(_spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before select.select(read, write, exceptional[, timeout])."""
    flags, bits, facts = _timeout(args[3] if len(args) > 3 else None)
    count = sum(len(things) for things in args[:3] if isinstance(things, (list, tuple, set, dict)))
    return -1, flags, KIND["select"] | bits | count << 32, facts


def bare_selected(spool: Spool, n: int, _args: Args, result: Any) -> int:
    """After select.select: three lists."""
    return _ready(spool, n, [item for bit, things in zip((1, 2, 4), result, strict=True)
                             for thing in things for item in (descriptor(thing), bit)])  # fmt: skip


def _ready(spool: Spool, n: int, flat: list[int]) -> int:
    if flat:
        spool.side(READY, n, struct.pack(f"<{len(flat)}i", *flat))
    return len(flat) // 2


def closing_selector(_spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before the close of a selector, epoll or kqueue object."""
    return -1, 0, _where(args[0]), None
