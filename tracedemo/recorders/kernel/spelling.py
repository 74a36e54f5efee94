"""Arguments as strace writes them, read into the values of a trace: the text side of the table in `shapes.py`.

`values.py` reads single values; here stands which value is what, and what is told elsewhere than in its own argument.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from tracedemo.recorders.kernel import values
from tracedemo.recorders.kernel.constants import NAMES, O_FLAGS
from tracedemo.recorders.kernel.shapes import SHAPES, Arg, Kind

Args = dict[str, Any]


def decode(name: str, texts: Sequence[str], notes: str, *, failed: bool) -> Args:
    """The arguments of a call by name.

    Args:
        notes: what stands in parentheses behind the result: what poll and select found.
        failed: it ended in an error, so that what the kernel would have filled in was not.
    """
    args: Args = {}
    for arg, text in zip(SHAPES.get(name, ()), texts, strict=False):
        read = _READERS[arg.kind]
        if read is not None:
            read(args, arg, text, failed and arg.out)
    if name in _ADDED:
        _ADDED[name](args, texts, notes)
    return args


# Readers: each puts what one argument says into `args`


def _value_reader(convert: Callable[[str], Any]) -> Callable[[Args, Arg, str, bool], None]:
    convert = lru_cache(4096)(convert)

    def read(args: Args, arg: Arg, text: str, unfilled: bool) -> None:
        args[arg.name] = None if unfilled else convert(text)

    return read


def _list_reader(convert: Callable[[str], list[Any] | None]) -> Callable[[Args, Arg, str, bool], None]:
    convert = lru_cache(4096)(convert)

    def read(args: Args, arg: Arg, text: str, unfilled: bool) -> None:
        found = None if unfilled else convert(text)
        args[arg.name] = (
            None if found is None else [list(item) if isinstance(item, tuple) else item for item in found]
        )

    return read


def _flags(args: Args, arg: Arg, text: str, unfilled: bool) -> None:
    args[arg.name] = None if unfilled else _in_order(text, arg.names)


@lru_cache(4096)
def _in_order(text: str, names: str) -> str:
    """Flags in the order of their values: strace has another one for some of them."""
    places = _PLACES[names]
    flags = values.name(text).split("|")
    return "|".join(sorted(flags, key=lambda flag: places.get(flag, _LAST if flag[:2] == "0x" else 0)))


_LAST = 1 << 64
_PLACES = {
    names: {name: number for number, name in NAMES[names].items()}
    for names in ("MSG_", "SOCK_", "EPOLL_CLOEXEC")
} | {"O_": {name: number for number, name in O_FLAGS["x86_64"].items()}}


def _command(args: Args, arg: Arg, text: str, _unfilled: bool) -> None:
    args[arg.name] = values.name(text)


def _thread(args: Args, arg: Arg, text: str, _unfilled: bool) -> None:
    """Flags of clone stand first in clone3's structure, second in clone's arguments: see `_clone`."""
    args[arg.name] = "CLONE_THREAD" in text


def _message(args: Args, _arg: Arg, text: str, unfilled: bool) -> None:
    args["address"], args["data"], args["size"] = None, None, None
    found = None if unfilled else values.message(text)
    if found is not None:
        args["address"], args["data"], args["size"] = found.address, found.data, found.size
        if found.control:
            args["control"] = found.control


_READERS: dict[Kind, Callable[[Args, Arg, str, bool], None] | None] = {
    Kind.FD: _value_reader(values.descriptor),
    Kind.INT: _value_reader(values.integer),
    Kind.ADDRESS: _value_reader(values.address),
    Kind.DATA: _value_reader(values.data),
    Kind.FLAGS: _flags,
    Kind.NAME: _value_reader(values.name),
    Kind.SOCK_TYPE: _flags,
    Kind.PROTOCOL: _value_reader(values.protocol),
    Kind.OPTION: _value_reader(values.name),
    Kind.VALUE: _value_reader(values.option_value),
    Kind.MS: _value_reader(values.integer),
    Kind.TIME: _value_reader(values.time),
    Kind.POLLFDS: _list_reader(values.asked),
    Kind.EVENTS: _list_reader(values.ready),
    Kind.EVENT: _value_reader(values.mask),
    Kind.FDSET: _list_reader(values.members),
    Kind.MESSAGE: _message,
    Kind.MESSAGES: _list_reader(values.messages),
    Kind.PATH: _value_reader(values.path),
    Kind.FDS: _list_reader(values.members),
    Kind.COMMAND: _command,
    Kind.THREAD: _thread,
    Kind.SKIP: None,
}


# What stands elsewhere than in its own argument


def _poll_found(args: Args, _texts: Sequence[str], notes: str) -> None:
    args["ready"] = values.found(notes)
    if "..." in notes:  # strace has room for some thirty, whatever it is told
        args["cut"] = True


def _select_found(args: Args, _texts: Sequence[str], notes: str) -> None:
    args["ready"] = values.chosen(notes)


def _ioctl_value(args: Args, texts: Sequence[str], _notes: str) -> None:
    # Where the kernel could not read it, there is its address.
    with_number = args.get("request") in ("FIONBIO", "FIONREAD") and "".join(texts[2:3]).startswith("[")
    number = values.integer(texts[2]) if with_number else None
    args["value"] = number if isinstance(number, int) else None


def _fcntl_value(args: Args, texts: Sequence[str], _notes: str) -> None:
    if "".join(texts[2:3]).startswith(("0x", "{")):  # a pointer, or what it points to: of a lock, or an owner
        args["value"] = None


def _clone_flags(args: Args, texts: Sequence[str], _notes: str) -> None:
    args["thread"] = any("CLONE_THREAD" in text for text in texts)


_ADDED: dict[str, Callable[[Args, Sequence[str], str], None]] = {
    "poll": _poll_found,
    "ppoll": _poll_found,
    "select": _select_found,
    "pselect6": _select_found,
    "ioctl": _ioctl_value,
    "fcntl": _fcntl_value,
    "clone": _clone_flags,
    "clone3": _clone_flags,
}
