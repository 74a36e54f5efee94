"""What one record of a call says, operation by operation: `args`, `result`, `fd` and `bytes` of docs/trace-format.md.

The other half of `describe`: what is noted there raw is named here. Change them together.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tracedemo.recorders.inprocess import layout
from tracedemo.syscalls import OPERATION, errno_name

if TYPE_CHECKING:
    from tracedemo.recorders.inprocess.decode import Facts


class Call(NamedTuple):
    """A record of the python lane, and the facts that belong to it."""

    op: str
    n: int
    fd: int
    flags: int
    number: int
    value: int
    returned: bool
    """It came back with a result: not open, and no exception."""
    errno: int
    facts: Facts

    def fact(self, index: int, default: Any = None) -> Any:
        """A value that was told once."""
        return self.facts.facts.get(index, default)

    @property
    def told(self) -> tuple[Any, ...]:
        """What was told at entry."""
        return self.facts.args.get(self.n, ())

    @property
    def answered(self) -> tuple[Any, ...]:
        """What was told at return."""
        return self.facts.results.get(self.n, ())


@dataclass(slots=True)
class Decoded:
    """The decoded part of an Event."""

    fd: int
    args: dict[str, Any]
    result: Any = None
    bytes: int | None = None


def decode(call: Call) -> Decoded:
    """Decode one record."""
    what = _DECODERS.get(call.op, _plain)(call)
    row = OPERATION.get(call.op)
    if call.flags & layout.COULD_WAIT and row is not None and row.could_wait:
        what.args["could_wait"] = True
    return what


def decode_step(op: str, fd: int, number: int, owner: int, facts: Facts) -> Decoded:
    """Decode one step of a generator, or one callback of an event loop."""
    if op in ("callback", "blocked"):
        return Decoded(fd, {"step" if number & 1 else "callback": str(facts.facts.get(number >> 32, "?"))})
    if op == "start":
        facts.owners[owner] = f"{facts.facts.get(number >> 32, 'generator')} #{number & 0xFFFFFFFF}"
    name = (facts.owners.get(owner) or "").rpartition(" #")[0]
    args: dict[str, Any] = {"generator": name} if name else {}
    if op == "yield":
        args["value"] = facts.facts.get(number >> 32, "?") if number >> 32 else f"fd {fd}, {events(number)}"
    return Decoded(fd, args)


def errno_of(op: str, errno: int, value: int) -> str | None:
    """The name of the errno; connect_ex gives it back as its result."""
    number = errno or (value if op == "connect_ex" else 0)
    return errno_name(number) if number else None


# -- Words for numbers


def address(value: Any) -> str:
    """An address as a person writes it: `127.0.0.1:8000`, `[::1]:8000`, `unix:/path`, `unix:@abstract`."""
    if isinstance(value, tuple) and len(value) >= 2 and isinstance(value[1], int):
        host = value[0].decode("ascii", "replace") if isinstance(value[0], bytes) else str(value[0])
        return f"[{host}]:{value[1]}" if ":" in host else f"{host}:{value[1]}"
    if isinstance(value, bytes):
        value = (
            "@" + value[1:].decode("utf-8", "replace")
            if value[:1] == b"\0"
            else value.decode("utf-8", "replace")
        )
    if isinstance(value, str):
        return f"unix:{'@' + value[1:] if value[:1] == chr(0) else value or '(unnamed)'}"
    return str(value)


def _constants(prefix: str) -> dict[int, str]:
    names = {}
    for name in sorted(vars(socket), reverse=True):  # reverse: of two names the alphabetically first wins
        if (
            name.startswith(prefix)
            and not name.startswith("SO_J1939")
            and isinstance(number := getattr(socket, name), int)
        ):
            names[int(number)] = name
    return names


_FAMILIES = _constants("AF_")
_TYPES = {int(kind): kind.name for kind in socket.SocketKind}
_PROTOCOLS = _constants("IPPROTO_")
_OPTIONS = {
    getattr(socket, "SOL_SOCKET", 1): ("SOL_SOCKET", _constants("SO_")),
    socket.IPPROTO_TCP: ("IPPROTO_TCP", _constants("TCP_")),
    0: ("IPPROTO_IP", {51: "IP_LOCAL_PORT_RANGE", **_constants("IP_")}),  # Python names it from 3.14 on
    getattr(socket, "IPPROTO_IPV6", 41): ("IPPROTO_IPV6", _constants("IPV6_")),
}
_HOW = {0: "SHUT_RD", 1: "SHUT_WR", 2: "SHUT_RDWR"}
_POLL_BITS = ((1, "IN"), (2, "PRI"), (4, "OUT"), (8, "ERR"), (16, "HUP"), (32, "NVAL"), (0x2000, "RDHUP"),
              (1 << 28, "EXCLUSIVE"), (1 << 30, "ONESHOT"), (1 << 31, "ET"))  # fmt: skip
_MESSAGE_FLAGS = tuple(sorted(_constants("MSG_").items()))
_SELECT_BITS = ((1, "READ"), (2, "WRITE"), (4, "EXCEPTIONAL"))
_LOW_LEVEL = ("epoll", "poll")


def events(mask: int, kind: str = "") -> str:
    """An event mask in words: READ and WRITE of selectors, IN, OUT, HUP ... of epoll and poll."""
    return _bits(mask & 0xFFFFFFFF, _POLL_BITS if kind in _LOW_LEVEL else _SELECT_BITS)


def _bits(mask: int, table: Sequence[tuple[int, str]]) -> str:
    names = [name for bit, name in table if mask & bit]
    rest = mask & ~sum(bit for bit, _ in table)
    return "|".join([*names, *([hex(rest)] if rest else [])]) or "0"


def _kind(number: int) -> str:
    return layout.KINDS[number] if 0 <= number < len(layout.KINDS) else "selector"


def _where(packed: int) -> tuple[str, int]:
    """(kind, descriptor) of a selector; -1 where it has none."""
    return _kind(packed & 0xFF), (packed >> 8 & 0xFFFFFF) - 1


def _packed_address(call: Call, number: int) -> str | None:
    """An address that was packed into a number by `describe`."""
    if number & layout.PAIR:
        return address((call.fact((number & ~layout.PAIR) >> 16, "?"), number & 0xFFFF))
    value = call.fact(number)
    return None if value is None else address(value)


def _pick(values: tuple[Any, ...], index: int, default: Any = None) -> Any:
    return values[index] if len(values) > index else default


# -- Decoders


def _plain(call: Call) -> Decoded:
    return Decoded(call.fd, {})


def _moving(call: Call) -> Decoded:
    """The calls of the fast shape: flags are told beside the record."""
    return _moved(call, call.number, _pick(call.told, 0, 0))


def _receiving(call: Call) -> Decoded:
    """recvfrom, recvmsg: size and flags in one number."""
    size = call.number & 0xFFFFFFFF
    return _moved(call, -1 if size == 0xFFFFFFFF else size, call.number >> 32)


def _sending_to(call: Call) -> Decoded:
    """sendto, sendmsg: size, and a fact that holds address and flags."""
    size = call.number & 0xFFFFFFFF
    where, flags = call.fact(call.number >> 32, (None, 0))
    what = _moved(call, -1 if size == 0xFFFFFFFF else size, flags)
    if where is not None:
        what.args["address"] = address(where)
    return what


def _moved(call: Call, size: int, flags: int) -> Decoded:
    args: dict[str, Any] = {"size": size} if size >= 0 else {}
    if flags:
        args["flags"] = _bits(flags, _MESSAGE_FLAGS)
    if call.answered:
        args["peer"] = address(call.answered[0])
    moved = call.value if call.returned and call.value >= 0 else None
    return Decoded(call.fd, args, None if call.op == "sendall" else moved, moved)


def _socket(call: Call) -> Decoded:
    family, kind, proto = call.fact(call.value >> 32) or (None, None, None)
    args: dict[str, Any] = {}
    if family is not None:
        args = {"family": _FAMILIES.get(family, str(family)), "type": _TYPES.get(kind or 0, str(kind))}
        if proto:
            args["proto"] = _PROTOCOLS.get(proto, str(proto))
    if call.number >= 0:
        args["fileno"] = call.number
    fd = call.value & 0xFFFFFFFF if call.returned else -1
    return Decoded(fd, args, fd if call.returned else None)


def _socketpair(call: Call) -> Decoded:
    if len(call.answered) < 4:
        return Decoded(-1, {})
    first, second, family, kind = call.answered[:4]
    args = {"family": _FAMILIES.get(family, str(family)), "type": _TYPES.get(kind, str(kind))}
    return Decoded(first, args, (first, second))


def _accept(call: Call) -> Decoded:
    if not call.answered:
        return Decoded(call.fd, {})
    return Decoded(call.fd, {"new_fd": call.value, "peer": address(call.answered[0])}, call.value)


def _dup(call: Call) -> Decoded:
    return Decoded(call.fd, {}, call.value if call.returned else None)


def _connect(call: Call) -> Decoded:
    result = call.value if call.op == "connect_ex" and call.returned else None
    return Decoded(call.fd, {"address": _packed_address(call, call.number)}, result)


def _bind(call: Call) -> Decoded:
    return Decoded(call.fd, {"address": _packed_address(call, call.number)})


def _listen(call: Call) -> Decoded:
    return Decoded(call.fd, {"backlog": call.number if call.number >= 0 else None})


def _shutdown(call: Call) -> Decoded:
    return Decoded(call.fd, {"how": _HOW.get(call.number, str(call.number))})


def _setblocking(call: Call) -> Decoded:
    return Decoded(
        call.fd, {"mode": "blocking" if (call.value if call.returned else call.number) else "non-blocking"}
    )


def _settimeout(call: Call) -> Decoded:
    seconds = _pick(call.fact(call.number, ()), 0)
    mode = "blocking" if seconds is None else "non-blocking" if seconds == 0 else "timeout"
    return Decoded(call.fd, {"timeout": seconds, "mode": mode})


def _option(call: Call) -> Decoded:
    told = call.fact(call.number, ())
    level, option = _pick(told, 0), _pick(told, 1)
    level_name, options = _OPTIONS.get(level, (_PROTOCOLS.get(level, str(level)), {}))
    args = {"level": level_name, "option": options.get(option, str(option))}
    if call.op == "setsockopt":
        args["value"] = _pick(told, 2)
        return Decoded(call.fd, args)
    result = call.fact(call.value) if call.returned else None
    if args["option"] == "SO_ERROR" and isinstance(result, int) and result:
        result = errno_name(result)
    return Decoded(call.fd, args, result)


def _name(call: Call) -> Decoded:
    return Decoded(call.fd, {}, _packed_address(call, call.value) if call.returned else None)


def _lookup(call: Call) -> Decoded:
    told = call.fact(call.number, ())
    first, second = _pick(told, 0), _pick(told, 1)
    args: dict[str, Any] = {}
    if first is not None or call.op == "getaddrinfo":
        args["name" if call.op in ("getservby", "if_names", "sethostname") else "host"] = _text(first)
    if second is not None and call.op == "getaddrinfo":
        args["port"] = _text(second)
    found = tuple(_text(item) for item in call.fact(call.value, ())) if call.returned else ()
    return Decoded(-1, args, found if call.op == "getaddrinfo" and call.returned else _pick(found, 0))


def _text(value: Any) -> Any:
    if isinstance(value, tuple):
        simple = len(value) >= 2 and isinstance(value[0], str) and isinstance(value[1], int)
        return address(value) if simple else ", ".join(str(item) for item in value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _selector(call: Call) -> Decoded:
    kind, fd = _where(call.value)
    if not call.returned:
        return Decoded(-1, {})
    return Decoded(fd, {"selector": kind}, fd if fd >= 0 else None)


def _watch(call: Call) -> Decoded:
    kind = _kind(call.number >> 32)
    args: dict[str, Any] = {} if call.op == "unregister" else {"events": events(call.number, kind)}
    args["selector"] = kind
    return Decoded(call.value - 1 if call.value > 0 else call.fd, args)


def _select(call: Call) -> Decoded:
    kind = _kind(call.number & 0x3F)
    unit = 1000 if call.number & layout.IN_MILLISECONDS else 1_000_000
    args: dict[str, Any] = {"timeout": (call.number >> 32) / unit}
    if call.number & layout.NO_TIMEOUT:
        args["timeout"] = None
    watched = call.number >> 8 & layout.UNKNOWN_COUNT
    if watched != layout.UNKNOWN_COUNT:
        args["watched"] = watched
    args["selector"] = kind
    flat = call.facts.ready.get(call.n, ())
    if call.returned and call.value & 1:
        flat = (call.value >> 32, call.value >> 8 & 0xFFFF)
    bits_kind = kind if kind in _LOW_LEVEL else ""
    ready = tuple((flat[i], events(flat[i + 1], bits_kind)) for i in range(0, len(flat) - 1, 2))
    return Decoded(call.fd, args, ready if call.returned else None)


def _close(call: Call) -> Decoded:
    if call.flags & layout.COLLECTED:
        return Decoded(call.fd, {"by": "garbage collection"})
    return Decoded(call.fd, {"what": _kind(call.number - 1)} if call.number > 0 else {})


def _tools_own(call: Call) -> Decoded:
    if call.op == "port":
        return Decoded(call.fd, {}, _packed_address(call, call.value))
    if call.op == "lockstep":
        within = _pick(call.answered, 1)
        return Decoded(-1, {} if within is None else {"within": within}, _pick(call.answered, 0))
    return Decoded(call.fd, {"detail": _pick(call.told, 0, ""), "fds": tuple(call.told[1:])})


_DECODERS: dict[str, Callable[[Call], Decoded]] = {
    **dict.fromkeys(("send", "sendall", "sendfile", "write", "recv", "recv_into", "read"), _moving),
    **dict.fromkeys(("recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into"), _receiving),
    **dict.fromkeys(("sendto", "sendmsg"), _sending_to),
    "socket": _socket, "socketpair": _socketpair, "accept": _accept, "dup": _dup,
    "connect": _connect, "connect_ex": _connect, "bind": _bind, "listen": _listen, "shutdown": _shutdown,
    "setblocking": _setblocking, "settimeout": _settimeout, "setsockopt": _option, "getsockopt": _option,
    "getsockname": _name, "getpeername": _name,
    **dict.fromkeys(("getaddrinfo", "gethostbyname", "gethostbyaddr", "getnameinfo", "getservby", "gethostname",
                     "sethostname", "if_names"), _lookup),
    "selector": _selector, "register": _watch, "modify": _watch, "unregister": _watch,
    "select": _select, "poll": _select, "control": _select, "close": _close, "detach": _plain,
    "lockstep": _tools_own, "port": _tools_own, "deadlock": _tools_own, "spin": _tools_own,
}  # fmt: skip
