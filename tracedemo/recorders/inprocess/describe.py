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

from tracedemo.recorders.inprocess.layout import COULD_WAIT, PAIR, RESULT, clock
from tracedemo.recorders.inprocess.mapping import suppress
from tracedemo.recorders.inprocess.standins import is_ours

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
    if type(value) is int:
        return value
    return int.__add__(value, 0) if isinstance(value, int) else default


def size_of(buffer: Any) -> int:
    """How many bytes a buffer holds; -1 for no buffer, and for one written in Python, whose code would run twice."""
    kind = type(buffer)
    if isinstance(buffer, int):
        return whole(buffer)
    try:
        if kind is memoryview or kind is bytearray:  # what files of the standard library read into
            return buffer.nbytes if kind is memoryview else len(buffer)
        if hasattr(kind, "__buffer__") and hasattr(kind.__buffer__, "__code__"):
            return -1
        with memoryview(buffer) as view:
            return view.nbytes
    except (
        Exception
    ) as trouble:  # no buffer, or one that is not to be looked at: the original has the right words
        if not is_ours(trouble):
            raise
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
    if len(args) == 3 and type(args[1]) is type(args[2]) is int:  # the usual getsockopt, and quick
        return fileno(args[0]), 0, spool.fact(args[1:])
    return fileno(args[0]), 0, spool.fact(plain(args[1:]))


def with_number(_spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before a call with one argument that is a number: listen, shutdown, set_inheritable."""
    return fileno(args[0]), 0, whole(args[1]) if len(args) > 1 else -1


def new_mode(_spool: Spool, _n: int, args: Args, _result: Any) -> int:
    """After setblocking: 1 for blocking; its argument may be anything that is true or false."""
    return 0 if gettimeout(args[0]) == 0.0 else 1


def setting_option(spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before setsockopt: the value may be a number, bytes, or None with a length."""
    if len(args) == 4 and type(args[1]) is type(args[2]) is type(args[3]) is int:  # the usual, and quick
        return fileno(args[0]), 0, spool.fact(args[1:])
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


def waking(_spool: Spool, args: Args, _kwargs: Kwargs) -> Known:
    """Before signal.set_wakeup_fd(fd); -1 ends it, and asks the kernel nothing."""
    (fd,) = map(whole, args)
    if fd < 0:
        raise ValueError(fd)
    return fd, 0, 0


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
        found = [item[4] if len(item) == 5 else item for item in result]
        return spool.fact(tuple(found) if len(found) == 1 else tuple(dict.fromkeys(found)))
    return spool.fact((plain(result),))
