"""One value as strace writes it, read: numbers, names, addresses, data, lists of descriptors.

All functions take text that `brackets.cut` has cut out of a line, and any text at all: what they do not understand becomes
None or stays a text, never an error, since versions of strace differ in small things. No number is read that is longer
than the kernel's own, and patterns are anchored, so that a text inside a value is not taken for a part of it.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from tracedemo.recorders.kernel.brackets import fields, items
from tracedemo.recorders.kernel.quoting import CUT, escaped, unquoted

_COMMENT = re.compile(r" ?/\*[^*]*\*/")


def name(text: str) -> str:
    """A name, or the number that has none: `0x63 /* AF_??? */`."""
    return _COMMENT.sub("", text) if "/*" in text else text


_FD = re.compile(r"-?\d{1,10}")


def descriptor(text: str) -> int | str:
    """A number, whatever it stands for, or AT_FDCWD."""
    number = text.partition("<")[0]
    return int(number) if _FD.fullmatch(number) else number


_NUMBER = re.compile(r"-?(?:0x[0-9a-f]{1,16}|0[0-7]{0,22}|[1-9]\d{0,19})")


def integer(text: str) -> int | str:
    """A number; of one that the kernel reads or changes, [0] => [5000] or [128 => 16], the one that it was at last."""
    text = name(text)
    if text.startswith("[") and text.endswith("]"):
        text = text.rpartition("[")[2][:-1].rpartition(" ")[2]
    if _NUMBER.fullmatch(text) is None:
        return text
    return int(text, 8 if text.lstrip("-").startswith("0") and "x" not in text else 0)


def protocol(text: str) -> int | str:
    """A name, or the number of a family that has no names for it."""
    return int(text) if _FD.fullmatch(text) else name(text)


_INET = re.compile(r"\{sa_family=AF_INET, sin_port=htons\((\d+)\), sin_addr=inet_addr\(\"([^\"]*)\"\)")
_INET6 = re.compile(
    r"\{sa_family=AF_INET6, sin6_port=htons\((\d+)\), (?:sin6_flowinfo=htonl\(\d+\), )?"
    r"inet_pton\(AF_INET6, \"([^\"]*)\""
)
_UNIX = re.compile(r"\{sa_family=AF_(?:UNIX|LOCAL)(?:, sun_path=(@?)\"((?:[^\"\\]+|\\.)*+)\")?")
_FAMILY = re.compile(r"\{sa_family=(\w+)")


def address(text: str) -> str | None:
    """An address, or the family of one that we do not take apart."""
    if match := _INET.match(text):
        return f"{match[2]}:{match[1]}"
    if match := _INET6.match(text):
        return f"[{match[2]}]:{match[1]}"
    if match := _UNIX.match(text):
        return f"unix:{match[1] or ''}{escaped(unquoted(match[2] or ''))}"
    family = _FAMILY.match(text)
    return family[1] if family else None


_STRING = re.compile(r'"((?:[^"\\]+|\\.)*+)"(\.\.\.)?', re.DOTALL)


def data(text: str) -> str | None:
    """A buffer as `quoting.escaped` writes it."""
    match = _STRING.fullmatch(text)
    return escaped(unquoted(match[1]), cut=bool(match[2])) if match else None


def path(text: str) -> str | None:
    """A path as the program means it."""
    match = _STRING.match(text)
    return plain(match[1]) if match else None


def plain(text: str) -> str:
    """The text that a string of C stands for."""
    return unquoted(text).decode("utf-8", "backslashreplace") if "\\" in text or not text.isascii() else text


def option_value(text: str) -> int | str | None:
    """The value of a socket option: a number, a text, a structure."""
    if text.startswith("0x") or text == "NULL":
        return None
    if text.startswith("["):
        return integer(text)
    return data(text) if text.startswith('"') else name(text)


_TIMES = re.compile(r"\{tv_sec=(-?\d{1,19}), tv_([nu])sec=(\d{1,19})\}")


def time(text: str) -> float | None:
    """Seconds."""
    match = _TIMES.match(text)
    if match is None:
        return None
    return int(match[1]) + int(match[3]) / (1e9 if match[2] == "n" else 1e6)


_POLLFD = re.compile(
    r"\{fd=(-?\d{1,10})(?:<[^<>]*>)?(?:\(deleted\))?(?:, events=([^,{}]*))?(?:, revents=([^,{}]*))?\}"
)


def asked(text: str) -> list[Any] | None:
    """What poll is asked for."""
    if not text.startswith("["):
        return None
    return [(int(match[1]), name(match[2] or "0")) for match in _POLLFD.finditer(text)]


def found(notes: str) -> list[list[Any]]:
    """What poll has found: `([{fd=5, revents=POLLIN}])`."""
    return [[int(match[1]), name(match[3])] for match in _POLLFD.finditer(notes) if match[3] is not None]


_SET = re.compile(r"\b(in|out|except) \[([^][]*)\]")


def chosen(notes: str) -> list[list[Any]]:
    """What select has found: `(in [3 4], out [5], left {tv_sec=1, tv_nsec=0})`."""
    return [[number, kind] for kind, text in _SET.findall(notes) for number in members(f"[{text}") or ()]


# Three spellings: {EPOLLIN, {u32=5, u64=5}}, {events=EPOLLIN, data={u32=5, u64=5}}, {events=EPOLLIN, data=0x7f0000000005}
_EPOLL = re.compile(
    r"\{(?:events=)?([^,{}]*), (?:data=)?(?:\{u32=(\d{1,10}), u64=\d+\}|(0x[0-9a-f]{1,16}|\d{1,20}))\}"
)


def ready(text: str) -> list[Any] | None:
    """What epoll_wait found; the descriptor is the lower half of `data`."""
    if not text.startswith("["):
        return None
    return [
        (
            int(match[2]) if match[2] else int(match[3], 16 if "x" in match[3] else 10) & 0xFFFFFFFF,
            name(match[1]),
        )
        for match in _EPOLL.finditer(text)
    ]


def mask(text: str) -> str | None:
    """What epoll_ctl asks for."""
    match = _EPOLL.fullmatch(text)
    return name(match[1]) if match else None


_MEMBER = re.compile(r"(\d{1,10})(?:<[^<>]*>)?")


def members(text: str) -> list[int] | None:
    """Descriptors of a set, or of a pair."""
    return [int(match[1]) for match in _MEMBER.finditer(text)] if text.startswith("[") else None


# Messages


class Message(NamedTuple):
    """What a msghdr holds."""

    address: str | None
    data: str | None
    size: int
    control: list[str]


def message(text: str) -> Message | None:
    """The parts of a msghdr; None for no structure."""
    if not text.startswith("{"):
        return None
    parts = fields(text)
    buffers = items(parts.get("msg_iov", ""))
    vectors = [fields(buffer) for buffer in buffers]
    texts = [kept for vector in vectors if (kept := data(vector.get("iov_base", ""))) is not None]
    cut = "..." in buffers or any(kept.endswith(CUT) for kept in texts)
    whole = "".join(kept.removesuffix(CUT) for kept in texts) + (CUT if cut else "")
    sizes = [integer(vector.get("iov_len", "")) for vector in vectors]
    control = [fields(each).get("cmsg_type", "") for each in items(parts.get("msg_control", ""))]
    return Message(
        address(parts.get("msg_name", "")),
        whole if texts else None,
        sum(size for size in sizes if isinstance(size, int)),
        [name(kind) for kind in control if kind],
    )


def messages(text: str) -> list[Any] | None:
    """Of each of several messages how much was moved, and where to."""
    if not text.startswith("["):
        return None
    moved = []
    for each in map(fields, items(text)):
        if "msg_hdr" in each:
            length = integer(each.get("msg_len", ""))
            to = address(fields(each["msg_hdr"]).get("msg_name", ""))
            moved.append((length if isinstance(length, int) else None, to))
    return moved
