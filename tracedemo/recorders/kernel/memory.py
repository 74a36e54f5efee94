"""Registers and memory of a stopped thread, read into the values of a trace: the binary side of the table in
`shapes.py`.

Pure: `capture.py` has read the memory while the thread stood. Spelled as `spelling.py` spells strace's text. What
could not be read, and what the kernel did not fill in, is None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from struct import iter_unpack, unpack_from
from typing import Any, NamedTuple

from tracedemo.recorders.kernel import constants
from tracedemo.recorders.kernel.capture import plan
from tracedemo.recorders.kernel.constants import NAMES
from tracedemo.recorders.kernel.naming import (
    address,
    flags_of,
    members,
    message,
    named,
    opened,
    option_value,
    polled,
)
from tracedemo.recorders.kernel.process import signed
from tracedemo.recorders.kernel.quoting import escaped
from tracedemo.recorders.kernel.shapes import SHAPES, Arg, Kind

Args = dict[str, Any]


class Moment(NamedTuple):
    """A system call as the tracer saw it."""

    name: str
    machine: str
    registers: Sequence[int]
    result: int | None
    """None: it never returned."""
    seen: Mapping[int, Any]
    """What `capture` read for an argument at entry ..."""
    found: Mapping[int, Any]
    """... and at the end, if the call succeeded."""


def decode(
    name: str,
    registers: Sequence[int],
    seen: Sequence[Any],
    found: Sequence[Any],
    result: int | None,
    machine: str,
) -> Args:
    """The arguments of a call by name.

    Args:
        seen: what the readers of its plan found at entry, in their order.
        found: the same at its end; empty if it failed.
    """
    wanted = _plan(name, machine)
    moment = Moment(
        name, machine, registers, result,
        {at: value for (at, _), value in zip(wanted.entry, seen, strict=False)},
        {at: value for (at, _), value in zip(wanted.exit, found, strict=False)},
    )  # fmt: skip
    args: Args = {}
    for at, arg in enumerate(SHAPES.get(name, ())):
        if arg.kind is not Kind.SKIP:
            _DECODERS[arg.kind](args, arg, moment, at)
    if name in _READY:
        args["ready"] = _READY[name](moment)
    if args.get("address") == "AF_NETLINK" and "data" in args:  # a structure, not text
        args["data"] = None
    return args


_plan = lru_cache(plan)

Decoder = Callable[[Args, Arg, Moment, int], None]


def _value(convert: Callable[[Arg, Moment, int], Any]) -> Decoder:
    def decoder(args: Args, arg: Arg, moment: Moment, at: int) -> None:
        args[arg.name] = convert(arg, moment, at)

    return decoder


# Numbers and names


def _fd(_arg: Arg, moment: Moment, at: int) -> int | str:
    number = signed(moment.registers[at])
    return "AT_FDCWD" if number == -100 else number


def _integer(args: Args, arg: Arg, moment: Moment, at: int) -> None:
    register = moment.registers[at]
    if arg.name == "size":  # size_t
        args[arg.name] = register
    elif moment.name == "fcntl":
        _fcntl(args, arg, moment, register)
    else:
        args[arg.name] = signed(register)


def _fcntl(args: Args, arg: Arg, moment: Moment, register: int) -> None:
    """The third argument of fcntl, where the command has one."""
    command = args["command"]
    if command in _WITH_NUMBER:
        args[arg.name] = signed(register)
    elif command == "F_SETFL":
        args[arg.name] = opened(register & 0xFFFFFFFF, moment.machine)
    elif command == "F_SETFD":
        args[arg.name] = flags_of("FD_", register & 0xFFFFFFFF)
    elif command not in _WITHOUT:
        args[arg.name] = None


_WITHOUT = frozenset("F_GETFD F_GETFL F_GETOWN F_GETSIG F_GETLEASE F_GETPIPE_SZ F_GET_SEALS".split())
_WITH_NUMBER = frozenset("F_DUPFD F_DUPFD_CLOEXEC F_DUPFD_QUERY F_SETOWN F_SETSIG F_SETPIPE_SZ".split())


def _name(arg: Arg, moment: Moment, at: int) -> str:
    return named(moment.registers[at] & 0xFFFFFFFF, NAMES[arg.names])


def _mask(arg: Arg, moment: Moment, at: int) -> str:
    value = moment.registers[at] & 0xFFFFFFFF
    return opened(value, moment.machine) if arg.names == "O_" else flags_of(arg.names, value)


def _sock_type(_arg: Arg, moment: Moment, at: int) -> str:
    value = moment.registers[at] & 0xFFFFFFFF
    name = named(value & 0xF, constants.SOCK_TYPES)
    return name if value == value & 0xF else f"{name}|{flags_of('SOCK_', value & ~0xF)}"


def _protocol(_arg: Arg, moment: Moment, at: int) -> str | int:
    value = moment.registers[at] & 0xFFFFFFFF
    names = _PROTOCOLS.get(moment.registers[0])
    return value if names is None else named(value, NAMES[names])


_PROTOCOLS = {2: "IPPROTO_", 10: "IPPROTO_", 16: "NETLINK_"}
"""By family."""


def _thread(_arg: Arg, moment: Moment, at: int) -> bool:
    structure = moment.seen.get(at)
    bits = int.from_bytes(structure, "little") if structure is not None else moment.registers[at]
    return bool(bits & 0x10000)  # CLONE_THREAD


def _command(args: Args, arg: Arg, moment: Moment, at: int) -> None:
    request = named(moment.registers[at] & 0xFFFFFFFF, constants.IOCTLS)
    args[arg.name] = request
    number = (moment.seen if request == "FIONBIO" else moment.found).get(at)
    known = request in ("FIONBIO", "FIONREAD") and number is not None
    args["value"] = int.from_bytes(number or b"", "little", signed=True) if known else None


# Addresses, bytes and structures


def _address(arg: Arg, moment: Moment, at: int) -> str | None:
    if not arg.out:
        return address(moment.seen.get(at))
    room, raw = moment.seen.get(at), moment.found.get(at)
    return address(raw[: int.from_bytes(room, "little")]) if raw is not None and room is not None else None


def _data(arg: Arg, moment: Moment, at: int) -> str | None:
    raw = (moment.found if arg.out else moment.seen).get(at)
    if raw is None:
        return None
    size = moment.registers[at + 1]
    return escaped(raw, cut=(min(size, moment.result or 0) if arg.out else size) > len(raw))


def _option(_arg: Arg, moment: Moment, at: int) -> str:
    level, option = moment.registers[at - 1] & 0xFFFFFFFF, moment.registers[at] & 0xFFFFFFFF
    return named(option, constants.OPTIONS.get(level, {}))


def _option_value(arg: Arg, moment: Moment, at: int) -> int | str | None:
    got = (moment.found if arg.out else moment.seen).get(at)
    if got is None:
        return None
    raw, size = got if arg.out else (got, moment.registers[at + 1] & 0xFFFFFFFF)
    return option_value(moment.registers[1] & 0xFFFFFFFF, moment.registers[2] & 0xFFFFFFFF, raw, size)


def _path(_arg: Arg, moment: Moment, at: int) -> str | None:
    raw = moment.seen.get(at)
    return None if raw is None else raw.decode("utf-8", "backslashreplace")


def _pair(_arg: Arg, moment: Moment, at: int) -> list[int] | None:
    raw = moment.found.get(at)
    return None if raw is None or len(raw) < 8 else list(unpack_from("<ii", raw))


def _time(_arg: Arg, moment: Moment, at: int) -> float | None:
    raw = moment.seen.get(at)
    if raw is None or len(raw) < 16:
        return None
    seconds, fraction = unpack_from("<qq", raw)
    return float(
        seconds + fraction / (1e6 if moment.name == "select" else 1e9)
    )  # a timeval, all others a timespec


# poll, select, epoll


def _pollfds(_arg: Arg, moment: Moment, at: int) -> list[list[Any]] | None:
    raw = moment.seen.get(at)
    return None if raw is None else [[fd, flags_of("POLL", asked)] for fd, asked, _ in polled(raw)]


def _poll_ready(moment: Moment) -> list[list[Any]]:
    raw = moment.found.get(0) if moment.result else None
    return [[fd, flags_of("POLL", came)] for fd, _, came in polled(raw or b"") if came]


def _fdset(_arg: Arg, moment: Moment, at: int) -> list[int] | None:
    return members(moment.seen.get(at), signed(moment.registers[0]))


def _select_ready(moment: Moment) -> list[list[Any]]:
    if not moment.result:
        return []
    sets = enumerate(("in", "out", "except"), 1)
    return [
        [fd, kind]
        for at, kind in sets
        for fd in members(moment.found.get(at), signed(moment.registers[0])) or ()
    ]


def _events(_arg: Arg, moment: Moment, at: int) -> list[list[Any]] | None:
    raw = moment.found.get(at)
    if raw is None:
        return None
    layout, size = constants.EPOLL_EVENT[moment.machine]
    whole = raw[: len(raw) // size * size]
    return [[data & 0xFFFFFFFF, flags_of("EPOLL", events)] for events, data in iter_unpack(layout, whole)]


def _event(arg: Arg, moment: Moment, at: int) -> str | None:
    raw = moment.seen.get(at)
    deleted = moment.registers[1] & 0xFFFFFFFF == 2
    return None if raw is None or deleted else flags_of(arg.names, int.from_bytes(raw[:4], "little"))


# Messages


def _message(args: Args, arg: Arg, moment: Moment, at: int) -> None:
    got = (moment.found if arg.out else moment.seen).get(at)
    args |= message(*got) if got is not None else {"address": None, "data": None, "size": None}


def _messages(arg: Arg, moment: Moment, at: int) -> list[list[Any]] | None:
    got = moment.found.get(at, None if arg.out else moment.seen.get(at))
    if got is None:
        return None
    moved = moment.result or 0
    return [[size if index < moved else None, address(name)] for index, (size, name) in enumerate(got)
            if index < moved or not arg.out]  # fmt: skip


_DECODERS: dict[Kind, Decoder] = {
    Kind.FD: _value(_fd),
    Kind.INT: _integer,
    Kind.ADDRESS: _value(_address),
    Kind.DATA: _value(_data),
    Kind.FLAGS: _value(_mask),
    Kind.NAME: _value(_name),
    Kind.SOCK_TYPE: _value(_sock_type),
    Kind.PROTOCOL: _value(_protocol),
    Kind.OPTION: _value(_option),
    Kind.VALUE: _value(_option_value),
    Kind.MS: _integer,
    Kind.TIME: _value(_time),
    Kind.POLLFDS: _value(_pollfds),
    Kind.EVENTS: _value(_events),
    Kind.EVENT: _value(_event),
    Kind.FDSET: _value(_fdset),
    Kind.MESSAGE: _message,
    Kind.MESSAGES: _value(_messages),
    Kind.PATH: _value(_path),
    Kind.FDS: _value(_pair),
    Kind.COMMAND: _command,
    Kind.THREAD: _value(_thread),
}

_READY: dict[str, Callable[[Moment], list[list[Any]]]] = {
    "poll": _poll_ready,
    "ppoll": _poll_ready,
    "select": _select_ready,
    "pselect6": _select_ready,
}
