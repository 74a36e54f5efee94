"""Arguments as strace writes them, read into the values of a trace: the text side of the table in `shapes.py`.

All functions take text that `strace_lines` has cut out of a line, and any text at all: what they do not understand becomes
None or stays a text, never an error, since versions of strace differ in small things.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from tracedemo.recorders.kernel.constants import NAMES, O_FLAGS
from tracedemo.recorders.kernel.quoting import CUT, escaped, unquoted
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


_COMMENT = re.compile(r" ?/\*.*?\*/")


def _name(text: str) -> str:
    return _COMMENT.sub("", text)


def _flags(args: Args, arg: Arg, text: str, unfilled: bool) -> None:
    args[arg.name] = None if unfilled else _in_order(text, arg.names)


@lru_cache(4096)
def _in_order(text: str, names: str) -> str:
    """Flags in the order of their values: strace has another one for some of them."""
    places = _PLACES[names]
    return "|".join(sorted(_name(text).split("|"), key=lambda flag: places.get(flag, _LAST if flag[:2] == "0x" else 0)))


_LAST = 1 << 64
_PLACES = {
    names: {name: number for number, name in NAMES[names].items()} for names in ("MSG_", "SOCK_", "EPOLL_CLOEXEC")
} | {"O_": {name: number for number, name in O_FLAGS["x86_64"].items()}}


def _descriptor(text: str) -> int | str:
    number = text.partition("<")[0]
    return int(number) if _NUMBER.fullmatch(number) else number


_NUMBER = re.compile(r"-?\d+")


def _integer(text: str) -> int | str:
    text = _name(text)
    if text.startswith("[") and text.endswith(
        "]"
    ):  # a number that the kernel reads or changes: [0] => [5000]
        text = text.rpartition("[")[2][:-1]
    try:
        return int(text, 0)
    except ValueError:
        return text


def _protocol(text: str) -> int | str:
    return int(text) if text.isdigit() else _name(text)


_INET = re.compile(r"sin_port=htons\((\d+)\), sin_addr=inet_addr\(\"([^\"]*)\"\)")
_INET6 = re.compile(r"sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, \"([^\"]*)\"")
_UNIX = re.compile(r"sun_path=(@?)\"((?:[^\"\\]|\\.)*)\"")
_FAMILY = re.compile(r"\{sa_family=(\w+)")


def _address(text: str) -> str | None:
    family = _FAMILY.match(text)
    if family is None:
        return None
    if match := _INET.search(text):
        return f"{match[2]}:{match[1]}"
    if match := _INET6.search(text):
        return f"[{match[2]}]:{match[1]}"
    if family[1] in ("AF_UNIX", "AF_LOCAL"):
        match = _UNIX.search(text)
        return f"unix:{match[1]}{escaped(unquoted(match[2]))}" if match else "unix:"
    return family[1]


_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(\.\.\.)?')


def _data(text: str) -> str | None:
    match = _STRING.fullmatch(text)
    return escaped(unquoted(match[1]), cut=bool(match[2])) if match else None


def _path(text: str) -> str | None:
    match = _STRING.match(text)
    return unquoted(match[1]).decode("utf-8", "backslashreplace") if match else None


def _option_value(text: str) -> int | str | None:
    if text.startswith("0x") or text == "NULL":
        return None
    if text.startswith("["):
        return _integer(text)
    return _data(text) if text.startswith('"') else _name(text)


_TIMES = re.compile(r"\{tv_sec=(-?\d+), tv_([nu])sec=(\d+)\}")


def _time(text: str) -> float | None:
    match = _TIMES.match(text)
    if match is None:
        return None
    return int(match[1]) + int(match[3]) / (1e9 if match[2] == "n" else 1e6)


_POLLFD = re.compile(r"\{fd=(-?\d+)(?:<[^>]*>)?, (?:events=([^,}]*))?(?:, )?(?:revents=([^}]*))?\}")


def _asked(text: str) -> list[Any] | None:
    if not text.startswith("["):
        return None
    return [(int(match[1]), _name(match[2] or "0")) for match in _POLLFD.finditer(text)]


# Three spellings: {EPOLLIN, {u32=5, u64=5}}, {events=EPOLLIN, data={u32=5, u64=5}}, {events=EPOLLIN, data=0x7f0000000005}
_EPOLL = re.compile(r"\{(?:events=)?([^,{}]*), (?:data=)?(?:\{u32=(\d+), u64=\d+\}|(0x[0-9a-f]+|\d+))\}")


def _ready(text: str) -> list[Any] | None:
    if not text.startswith("["):
        return None
    return [
        (int(match[2]) if match[2] else int(match[3], 0) & 0xFFFFFFFF, _name(match[1]))
        for match in _EPOLL.finditer(text)
    ]


def _mask(text: str) -> str | None:
    match = _EPOLL.fullmatch(text)
    return _name(match[1]) if match else None


_MEMBER = re.compile(r"(\d+)(?:<[^>]*>)?")


def _members(text: str) -> list[int] | None:
    return [int(match[1]) for match in _MEMBER.finditer(text)] if text.startswith("[") else None


def _command(args: Args, arg: Arg, text: str, _unfilled: bool) -> None:
    args[arg.name] = _name(text)


def _thread(args: Args, arg: Arg, text: str, _unfilled: bool) -> None:
    """Flags of clone stand first in clone3's structure, second in clone's arguments: see `_clone`."""
    args[arg.name] = "CLONE_THREAD" in text


_CONTROL = re.compile(r"cmsg_type=(\w+)")
_LENGTH = re.compile(r"iov_len=(\d+)")
_BASE = re.compile(r'iov_base=(?:\[?"((?:[^"\\]|\\.)*)"(\.\.\.)?|(\w+))')
_MSG_NAME = re.compile(r"msg_name=(\{[^}]*\})")


def _message(args: Args, _arg: Arg, text: str, unfilled: bool) -> None:
    args["address"], args["data"], args["size"] = None, None, None
    if unfilled or not text.startswith("{"):
        return
    address = _MSG_NAME.search(text)
    args["address"] = _address(address[1]) if address else None
    parts = [match for match in _BASE.finditer(text) if match[3] is None]
    if parts:
        cut = any(match[2] for match in parts)
        args["data"] = escaped(b"".join(unquoted(match[1]) for match in parts)) + (CUT if cut else "")
    args["size"] = sum(int(match[1]) for match in _LENGTH.finditer(text))
    if control := [match[1] for match in _CONTROL.finditer(text)]:
        args["control"] = control


_ONE = re.compile(r"msg_hdr=(\{.*?\})(?:, msg_len=(\d+))?\}(?=, \{msg_hdr|\])")


def _messages(text: str) -> list[Any] | None:
    if not text.startswith("["):
        return None
    found = []
    for match in _ONE.finditer(text):
        address = _MSG_NAME.search(match[1])
        found.append((int(match[2]) if match[2] else None, _address(address[1]) if address else None))
    return found


_READERS: dict[Kind, Callable[[Args, Arg, str, bool], None] | None] = {
    Kind.FD: _value_reader(_descriptor),
    Kind.INT: _value_reader(_integer),
    Kind.ADDRESS: _value_reader(_address),
    Kind.DATA: _value_reader(_data),
    Kind.FLAGS: _flags,
    Kind.NAME: _value_reader(_name),
    Kind.SOCK_TYPE: _flags,
    Kind.PROTOCOL: _value_reader(_protocol),
    Kind.OPTION: _value_reader(_name),
    Kind.VALUE: _value_reader(_option_value),
    Kind.MS: _value_reader(_integer),
    Kind.TIME: _value_reader(_time),
    Kind.POLLFDS: _list_reader(_asked),
    Kind.EVENTS: _list_reader(_ready),
    Kind.EVENT: _value_reader(_mask),
    Kind.FDSET: _list_reader(_members),
    Kind.MESSAGE: _message,
    Kind.MESSAGES: _list_reader(_messages),
    Kind.PATH: _value_reader(_path),
    Kind.FDS: _list_reader(_members),
    Kind.COMMAND: _command,
    Kind.THREAD: _thread,
    Kind.SKIP: None,
}


# What stands elsewhere than in its own argument


def _poll_found(args: Args, _texts: Sequence[str], notes: str) -> None:
    args["ready"] = [
        [int(match[1]), _name(match[3])] for match in _POLLFD.finditer(notes) if match[3] is not None
    ]


_SET = re.compile(r"\b(in|out|except) (\[[^\]]*(?:\[[^\]]*\][^\]]*)*\])")


def _select_found(args: Args, _texts: Sequence[str], notes: str) -> None:
    args["ready"] = [[number, kind] for kind, text in _SET.findall(notes) for number in _set_members(text)]


def _set_members(text: str) -> Iterator[int]:
    yield from (int(match[1]) for match in _MEMBER.finditer(text.strip("[]")))


def _ioctl_value(args: Args, texts: Sequence[str], _notes: str) -> None:
    with_number = args.get("request") in ("FIONBIO", "FIONREAD") and len(texts) > 2
    number = _integer(texts[2]) if with_number else None
    args["value"] = number if isinstance(number, int) else None


def _clone_flags(args: Args, texts: Sequence[str], _notes: str) -> None:
    args["thread"] = any("CLONE_THREAD" in text for text in texts)


_ADDED: dict[str, Callable[[Args, Sequence[str], str], None]] = {
    "poll": _poll_found,
    "ppoll": _poll_found,
    "select": _select_found,
    "pselect6": _select_found,
    "ioctl": _ioctl_value,
    "clone": _clone_flags,
    "clone3": _clone_flags,
}
