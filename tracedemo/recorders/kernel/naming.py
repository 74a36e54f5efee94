"""Numbers and structures of the kernel as the texts and lists that stand in a trace (spelled as `shapes.py` tells)."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from struct import calcsize, iter_unpack, unpack_from
from typing import Any

from tracedemo.recorders.kernel.constants import CONTROL, ERRNOS, NAMES, O_FLAGS, OPTIONS
from tracedemo.recorders.kernel.quoting import escaped

ABSTRACT = b"\0"
"""A Unix address that begins like this has a name, but no file (unix(7))."""


def named(value: int, names: Mapping[int, str]) -> str:
    """One name."""
    return names.get(value) or f"{value:#x}"


def flags(value: int, names: Mapping[int, str]) -> str:
    """Names joined by "|" in the order of their values.  A name of several bits goes before those of its parts."""
    if not value:
        return "0"
    parts, left = {}, value
    for bits, name in sorted(names.items(), key=lambda item: -item[0].bit_count()):
        if bits and left & bits == bits:
            parts[bits] = name
            left &= ~bits
    if left:
        parts[left] = f"{left:#x}"
    return "|".join(parts[bits] for bits in sorted(parts))


@lru_cache(4096)
def flags_of(prefix: str, value: int) -> str:
    """The same, of the names with a prefix."""
    return flags(value, NAMES[prefix])


def opened(value: int, machine: str) -> str:
    """Flags of open(2), where reading only is 0 and has a name all the same."""
    mode = value & 3
    access = ("O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE")[mode]
    rest = flags(value - mode, O_FLAGS[machine])
    return access if rest == "0" else f"{access}|{rest}"


@lru_cache(4096)
def address(raw: bytes | None) -> str | None:
    """A sockaddr (include/uapi/linux/{in,in6,un}.h): family, then in the network's order the port."""
    if raw is None or len(raw) < 2:
        return None
    family, rest = int.from_bytes(raw[:2], "little"), raw[2:]
    if family == 1:
        path = rest[1:] if rest[:1] == ABSTRACT else rest.partition(b"\0")[0]
        return f"unix:{'@' if rest[:1] == ABSTRACT else ''}{escaped(path)}"
    if family == 2 and len(raw) >= 8:
        return f"{'.'.join(map(str, raw[4:8]))}:{int.from_bytes(rest[:2], 'big')}"
    if family == 10 and len(raw) >= 24:
        return f"[{socket.inet_ntop(socket.AF_INET6, raw[8:24])}]:{int.from_bytes(rest[:2], 'big')}"
    return named(family, NAMES["AF_"])


def members(raw: bytes | None, count: int) -> list[int] | None:
    """Descriptors of an fd_set; None for none."""
    if raw is None:
        return None
    bits = int.from_bytes(raw, "little")
    return [fd for fd in range(min(count, 8 * len(raw))) if bits >> fd & 1]


def control(raw: bytes) -> Iterator[str]:
    """Names of control messages (cmsg(3)): length, level, type, then data up to a multiple of 8."""
    at = 0
    while at + 16 <= len(raw):
        size, level, kind = unpack_from("<Qii", raw, at)
        own = CONTROL if level == 1 else {}
        yield own.get(kind) or named(kind, OPTIONS.get(level, {}))
        if size < 16:
            return
        at += (size + 7) & ~7


_STRUCTURES = {
    (1, 13): ("<ii", "{{l_onoff={}, l_linger={}}}"),
    (1, 17): ("<iii", "{{pid={}, uid={}, gid={}}}"),
}
"""(level, option) -> layout and text: SO_LINGER, SO_PEERCRED."""
_SO_ERROR = (1, 4)


def option_value(level: int, option: int, raw: bytes, size: int) -> int | str:
    """The value of a socket option: a number, an errno, a structure, else its bytes; `size`: how many it has."""
    layout, text = _STRUCTURES.get((level, option), ("", ""))
    if layout and calcsize(layout) == len(raw):
        return text.format(*unpack_from(layout, raw))
    if size != 4 or len(raw) != 4:
        return escaped(raw, cut=size > len(raw))
    number = int.from_bytes(raw, "little", signed=True)
    return ERRNOS.get(number, number) if (level, option) == _SO_ERROR else number


def polled(raw: bytes) -> Iterator[tuple[int, ...]]:
    """Of each struct pollfd the descriptor, what was asked, and what came."""
    return iter_unpack("<iHH", raw[: len(raw) & ~7])


def message(
    name: bytes | None, buffers: Sequence[tuple[int, int, bytes]], control_part: bytes
) -> dict[str, Any]:
    """The parts of a msghdr, of which `capture` tells: of each buffer its length, how many bytes count, and the first."""
    parts: dict[str, Any] = {"address": address(name or None), "data": None}
    if buffers:
        cut = any(held > len(start) for _, held, start in buffers)
        parts["data"] = escaped(b"".join(start for *_, start in buffers), cut=cut)
    parts["size"] = sum(size for size, *_ in buffers)
    if names := list(control(control_part)):
        parts["control"] = names
    return parts
