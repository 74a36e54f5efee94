"""What has to be read out of a thread's memory while it stands at the entry of a system call, and at its end.

Runs inside the tracer, between two stops of the program, so it reads and keeps, and decodes nothing: `memory.py`
does that afterwards. One small reader for each kind of argument in `shapes.SHAPES`; what a reader returns is one
part of a record, so it is made of bytes, numbers and tuples only. Layouts are those of 64-bit little-endian Linux,
x86-64 and aarch64 alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import pread
from struct import Struct
from struct import error as StructError  # noqa: N812  # a class all the same
from typing import Any, NamedTuple

from tracedemo.recorders.kernel.constants import EPOLL_EVENT, NUMBERS
from tracedemo.recorders.kernel.shapes import KEPT, SHAPES, Arg, Kind

ADDRESS_SIZE = 128
"""sizeof(struct sockaddr_storage)."""
MOST_BUFFERS = 64
"""Buffers of a message, and messages of an array, that are looked at."""
MOST_FDS = 1 << 16
"""Descriptors of a poll() or select() that are looked at."""

Registers = Sequence[int]
Read = Callable[[int, Registers, int, int], Any]
"""(descriptor of /proc/PID/mem, the six arguments, which of them, the result) -> what was found, None for a null
pointer."""
Reads = tuple[tuple[int, Read], ...]
"""(index of an argument, its reader)."""

HEADER = Struct("<QI4xQQQQ")
"""struct user_msghdr: name, its length, buffers, their number, control, its length."""
VECTOR = Struct("<QQ")
"""struct iovec: address, length."""
MESSAGE_STRIDE, MESSAGE_LENGTH = 64, 56
"""struct mmsghdr: its size, and where in it the length stands."""
FORGET = ("dup2", "dup3", "close_range")
"""System calls that are followed only because a descriptor may mean something else after them."""


class Plan(NamedTuple):
    """What to do about one system call."""

    name: str
    entry: Reads
    """(index of the argument, reader), at its entry ..."""
    exit: Reads
    """... and when it has succeeded."""
    about_fd: bool
    """Its first argument is a descriptor."""
    makes_fd: bool
    """Its result is a new descriptor, and nothing else says what it stands for."""
    changes: bool
    """Descriptors mean something else afterwards."""
    hidden: bool
    """It is followed, but is no part of the log."""


def plans(machine: str) -> dict[int, Plan]:
    """By number, for a machine of `constants.NUMBERS`."""
    return {number: plan(name, machine) for name, number in NUMBERS[machine].items()}


def plan(name: str, machine: str) -> Plan:
    """What to do about a system call."""
    shape = SHAPES.get(name, ())
    sizes = {Kind.EVENTS: EPOLL_EVENT[machine][1]}
    entry = tuple(
        (at, read) for at, arg in enumerate(shape) if (read := _reader(_at_entry(name, arg), sizes))
    )
    after = tuple((at, read) for at, arg in enumerate(shape) if (read := _reader(_at_exit(arg), sizes)))
    return Plan(
        name, entry, after,
        about_fd=bool(shape) and shape[0].kind is Kind.FD,
        makes_fd=name in ("socket", "epoll_create", "epoll_create1", "openat"),
        changes=name in ("close", *FORGET),
        hidden=name in FORGET,
    )  # fmt: skip


def _at_entry(name: str, arg: Arg) -> Read | Kind | None:
    if arg.kind is Kind.ADDRESS and arg.out:
        return _room
    if name == "clone3" and arg.kind is Kind.THREAD:
        return _flags
    return None if arg.out and arg.kind is not Kind.MESSAGES else _ENTRY.get(arg.kind)


def _at_exit(arg: Arg) -> Read | Kind | None:
    if arg.kind is Kind.EVENTS:
        return Kind.EVENTS
    if arg.kind is Kind.COMMAND or arg.kind in (Kind.POLLFDS, Kind.FDSET, Kind.MESSAGES):
        return _ENTRY[arg.kind]
    return _EXIT.get(arg.kind) if arg.out else None


def _reader(read: Read | Kind | None, sizes: Mapping[Kind, int]) -> Read | None:
    if read is Kind.EVENTS:
        return _events_of(sizes[Kind.EVENTS])
    return read if callable(read) else None


def read_all(reads: Reads, mem: int, args: Registers, result: int = 0) -> tuple[Any, ...]:
    """What all readers of a plan find; None where memory cannot be read, as the kernel answers EFAULT there."""
    found = []
    for at, read in reads:
        try:
            found.append(read(mem, args, at, result))
        except (OSError, OverflowError, ValueError, StructError):
            found.append(None)
    return tuple(found)


# Readers. A length that the program gives is bounded before it is believed.


def _address(mem: int, args: Registers, at: int, _result: int) -> Any:
    return pread(mem, min(args[at + 1] & 0xFFFFFFFF, ADDRESS_SIZE), args[at]) if args[at] else None


def _room(mem: int, args: Registers, at: int, _result: int) -> Any:
    """How much room the program gives for an address: the kernel then tells its length, which may be more."""
    return pread(mem, 4, args[at + 1]) if args[at] and args[at + 1] else None


def _address_found(mem: int, args: Registers, at: int, _result: int) -> Any:
    if not args[at] or not args[at + 1]:
        return None
    size = int.from_bytes(pread(mem, 4, args[at + 1]), "little")
    return pread(mem, min(size, ADDRESS_SIZE), args[at])


def _data(mem: int, args: Registers, at: int, _result: int) -> Any:
    size = args[at + 1]
    return pread(mem, min(size, KEPT), args[at]) if args[at] else None


def _data_found(mem: int, args: Registers, at: int, result: int) -> Any:
    size = min(
        result, args[at + 1]
    )  # with MSG_TRUNC the kernel tells the length of the datagram, not of what it copied
    return pread(mem, min(size, KEPT), args[at]) if args[at] else None


def _value(mem: int, args: Registers, at: int, _result: int) -> Any:
    return pread(mem, min(args[at + 1] & 0xFFFFFFFF, KEPT), args[at]) if args[at] else None


def _value_found(mem: int, args: Registers, at: int, _result: int) -> Any:
    size = int.from_bytes(pread(mem, 4, args[at + 1]), "little")
    return pread(mem, min(size, KEPT), args[at]), size


def _pollfds(mem: int, args: Registers, at: int, _result: int) -> Any:
    count = min(args[at + 1] & 0xFFFFFFFF, MOST_FDS)
    return pread(mem, 8 * count, args[at]) if count else b""


def _events_of(size: int) -> Read:
    def events(mem: int, args: Registers, at: int, result: int) -> Any:
        return pread(mem, size * result, args[at]) if result else b""

    return events


def _event(mem: int, args: Registers, at: int, _result: int) -> Any:
    return pread(mem, 4, args[at]) if args[at] else None


def _set(mem: int, args: Registers, at: int, _result: int) -> Any:
    count = args[0] & 0xFFFFFFFF
    if not args[at] or count > MOST_FDS:
        return None
    return pread(mem, (count + 63) // 64 * 8, args[at])


def _time(mem: int, args: Registers, at: int, _result: int) -> Any:
    return pread(mem, 16, args[at]) if args[at] else None


def _path(mem: int, args: Registers, at: int, _result: int) -> Any:
    text = pread(mem, KEPT, args[at])
    if b"\0" not in text:
        text = pread(mem, 4096, args[at])
    return text.partition(b"\0")[0]


def _two(mem: int, args: Registers, at: int, _result: int) -> Any:
    return pread(mem, 8, args[at])


def _request(mem: int, args: Registers, at: int, _result: int) -> Any:
    """FIONBIO, FIONREAD: the number that its pointer leads to."""
    return pread(mem, 4, args[at + 1]) if args[at] & 0xFFFFFFFF in (0x5421, 0x541B) else None


def _flags(mem: int, args: Registers, _at: int, _result: int) -> Any:
    """The first field of clone3's structure (include/uapi/linux/sched.h)."""
    return pread(mem, 8, args[0])


def _message(mem: int, args: Registers, at: int, _result: int) -> Any:
    return _message_at(mem, args[at], None)


def _message_found(mem: int, args: Registers, at: int, result: int) -> Any:
    return _message_at(mem, args[at], result)


def _message_at(mem: int, address: int, filled: int | None) -> Any:
    """(address or None, buffers, control messages); `filled`: how many bytes came in.

    Of a buffer: its length, how many bytes of it count, and the first of them.
    """
    name, name_size, vector, count, control, control_size = HEADER.unpack(pread(mem, HEADER.size, address))
    buffers = []
    for at in range(min(count, MOST_BUFFERS)):
        base, size = VECTOR.unpack(pread(mem, VECTOR.size, vector + VECTOR.size * at))
        held = size if filled is None else min(size, filled)
        filled = None if filled is None else filled - held
        buffers.append((size, held, pread(mem, min(held, KEPT), base) if held else b""))
    return (
        pread(mem, min(name_size, ADDRESS_SIZE), name) if name else None,
        tuple(buffers),
        pread(mem, min(control_size, 4 * KEPT), control) if control and control_size else b"",
    )


def _messages(mem: int, args: Registers, at: int, _result: int) -> Any:
    """((bytes moved, address or None), ...)."""
    found = []
    for address in range(
        args[at], args[at] + min(args[at + 1], MOST_BUFFERS) * MESSAGE_STRIDE, MESSAGE_STRIDE
    ):
        name, size, *_ = HEADER.unpack(pread(mem, HEADER.size, address))
        moved = int.from_bytes(pread(mem, 4, address + MESSAGE_LENGTH), "little")
        found.append((moved, pread(mem, min(size, ADDRESS_SIZE), name) if name else None))
    return tuple(found)


_ENTRY: dict[Kind, Read] = {
    Kind.ADDRESS: _address,
    Kind.DATA: _data,
    Kind.VALUE: _value,
    Kind.POLLFDS: _pollfds,
    Kind.EVENT: _event,
    Kind.FDSET: _set,
    Kind.TIME: _time,
    Kind.MESSAGE: _message,
    Kind.MESSAGES: _messages,
    Kind.PATH: _path,
    Kind.COMMAND: _request,
}
_EXIT: dict[Kind, Read] = {
    Kind.ADDRESS: _address_found,
    Kind.DATA: _data_found,
    Kind.VALUE: _value_found,
    Kind.FDS: _two,
    Kind.MESSAGE: _message_found,
}
