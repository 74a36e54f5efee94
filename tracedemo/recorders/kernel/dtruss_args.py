"""The arguments of a row of dtruss, read into the values of a trace: numbers by the names that macOS has for them.

dtruss takes no structure apart and has no prototypes: for most calls it prints three registers as hexadecimal numbers,
whether the call has three arguments or none. So of the table in `shapes.py` only the kinds that are plain numbers can be
filled in, and the registers that a call does not use are left aside. A pointer says one thing only: whether it is NULL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tracedemo.recorders.kernel import macos
from tracedemo.recorders.kernel.quoting import escaped, unquoted
from tracedemo.recorders.kernel.shapes import SHAPES, Arg, Kind

Args = dict[str, Any]

_FD, _SKIP, _SIZE = Arg("fd", Kind.FD), Arg("", Kind.SKIP), Arg("size", Kind.INT)
_OPEN = (Arg("path", Kind.PATH), Arg("flags", Kind.FLAGS, "O_"), _SKIP)

SHAPES_OF_MACOS: Mapping[str, tuple[Arg, ...]] = SHAPES | {
    "open": _OPEN,
    "openat": _OPEN,
    "pread": (_FD, _SKIP, _SIZE),
    "pwrite": (_FD, _SKIP, _SIZE),
    "pselect": SHAPES["pselect6"],
    "sendfile": (Arg("from", Kind.FD), _FD, _SKIP),
    "dup": (_FD,),
    "dup2": (_FD,),
    "kqueue": (),
}
"""What macOS has besides, or has otherwise.  Of its `openat` dtruss prints the path first."""

KEVENTS = frozenset({"kevent", "kevent64", "kevent_qos", "kevent_id"})

TAKES_INT = frozenset(
    {"F_DUPFD", "F_DUPFD_CLOEXEC", "F_SETFD", "F_SETFL", "F_SETOWN", "F_SETNOSIGPIPE", "F_NOCACHE"}
)
"""Commands of fcntl whose third argument is a number; for all others it is a pointer, or nothing."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|".*|\[[^\]]*\][^,]*|[^,"\[]+')
_NUMBER = re.compile(r"-?(?:0x[0-9a-f]+|\d+)", re.ASCII | re.IGNORECASE)


def decode(name: str, text: str, result: int | None) -> Args:
    """The arguments of a call by name.

    Args:
        text: what stands between the parentheses; any text at all.
        result: what it returned, by which a kevent that waits is told from one that does not.
    """
    texts = [stripped for token in _TOKEN.findall(text) if (stripped := token.strip())]
    if name in KEVENTS:
        return _kevent(name, texts, result)
    args: Args = {}
    for arg, token in zip(SHAPES_OF_MACOS.get(name, _path_first(name, texts)), texts, strict=False):
        if arg.kind is Kind.PATH and token.startswith('"'):
            args[arg.name] = _path(token)
        elif (number := _number(token)) is not None and (spell := _SPELLED.get(arg.kind)):
            spell(args, arg, number)
    return args


def _path_first(name: str, texts: Sequence[str]) -> tuple[Arg, ...]:
    """What a call is taken for that is in no table: its first string is a path, unless it is a buffer."""
    named = bool(texts) and texts[0].startswith('"') and not name.startswith(("read", "write"))
    return _OPEN[:1] if named else ()


def _path(token: str) -> str:
    """The byte that ends a string is printed, too, and what lay in memory behind it."""
    return escaped(unquoted(token[1:-1]).partition(b"\0")[0])


def _number(token: str) -> int | None:
    """A register; one that holds a negative number is printed without its sign."""
    if not _NUMBER.fullmatch(token):
        return None
    number = int(token, 16 if "0x" in token.lower() else 10)
    return number - (1 << 64) if 1 << 63 <= number < 1 << 64 else number


def _int(number: int) -> int:
    """A C int, whose upper half of the register may be empty."""
    return number - (1 << 32) if 1 << 31 <= number < 1 << 32 else number


def _kevent(name: str, texts: Sequence[str], result: int | None) -> Args:
    """kevent(kq, changes, how many, events, room for how many, timeout), of which Apple's dtruss shows the first three.

    Python's `selectors` makes two kinds: one change and no room, or no change and room (Lib/selectors.py). Whether a
    change adds or deletes stands in memory, and is not known. Where all arguments are there, `room` is told.
    """
    numbers = [_number(token) for token in texts]
    args: Args = {}
    if name != "kevent_id" and numbers and numbers[0] is not None:  # kevent_id has no descriptor
        args["kq"] = _int(numbers[0])
    if len(numbers) < 3 or numbers[1] is None or numbers[2] is None:
        return args
    changes = _int(numbers[2]) if numbers[1] else 0
    args["what"] = "wait" if not changes else "change and wait" if result else "change"
    args["changes"] = changes
    if len(numbers) > 4 and (room := numbers[4]) is not None:
        args["room"] = _int(room)
    return args


# Spellers: each puts what one register says into `args`


def _put(spelled: Callable[[Arg, int], Any]) -> Callable[[Args, Arg, int], None]:
    def put(args: Args, arg: Arg, number: int) -> None:
        args[arg.name] = spelled(arg, number)

    return put


def _null(args: Args, arg: Arg, number: int) -> None:
    if not number:
        args[arg.name] = None


def _protocol(args: Args, arg: Arg, number: int) -> None:
    internet = args.get("family") in {"AF_INET", "AF_INET6"}
    args[arg.name] = macos.name("IPPROTO_", number) if internet else number


def _option(args: Args, arg: Arg, number: int) -> None:
    args[arg.name], args["value"] = macos.option(args.get("level", ""), number), None


def _command(args: Args, arg: Arg, number: int) -> None:
    args[arg.name], args["value"] = macos.ioctl(number), None


def _integer(args: Args, arg: Arg, number: int) -> None:
    if "command" not in args or args["command"] in TAKES_INT:
        args[arg.name] = number


_SPELLED: Mapping[Kind, Callable[[Args, Arg, int], None]] = {
    Kind.FD: _put(lambda _, number: _int(number)),
    Kind.INT: _integer,
    Kind.MS: _put(lambda _, number: _int(number)),
    Kind.NAME: _put(lambda arg, number: macos.name(arg.names, number)),
    Kind.SOCK_TYPE: _put(lambda arg, number: macos.name(arg.names, number)),
    Kind.FLAGS: _put(lambda arg, number: macos.flags(arg.names, number)),
    Kind.PROTOCOL: _protocol,
    Kind.OPTION: _option,
    Kind.COMMAND: _command,
    Kind.FDSET: _null,
    Kind.TIME: _null,
}
"""Kinds that are not here are pointers, and left out."""
