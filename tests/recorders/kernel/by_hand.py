"""Lines of strace made by hand: what it would have written about any bytes."""

from __future__ import annotations

from tracedemo.recorders.kernel.calls import Log, SystemCall
from tracedemo.recorders.kernel.strace import parse

_NAMED = {ord(sign): f"\\{letter}" for sign, letter in zip('"\\\f\n\r\t\v', '"\\fnrtv', strict=True)}


def quoted(data: bytes, *, also: bytes = b"") -> str:
    """Bytes as strace writes them between quotes: short escapes where no digit follows (string_quote() in its util.c).

    Args:
        also: signs that are escaped, too: < and > in what a descriptor stands for.
    """
    parts = []
    for at, byte in enumerate(data):
        if byte in _NAMED:
            parts.append(_NAMED[byte])
        elif 32 <= byte < 127 and byte not in also:
            parts.append(chr(byte))
        else:
            digit_follows = data[at + 1 : at + 2].isdigit()
            parts.append(f"\\{byte:03o}" if digit_follows else f"\\{byte:o}")
    return "".join(parts)


def in_hex(data: bytes) -> str:
    """The same with -xx."""
    return "".join(f"\\x{byte:02x}" for byte in data)


def log(*lines: str) -> Log:
    """The log of whole lines."""
    return parse("".join(f"{line}\n" for line in lines))


def call(line: str) -> SystemCall:
    """The one call of one line, which may lack what all have in front."""
    made = log(line if line[0].isdigit() else f"7 1.5 {line}")
    assert [] == made.misread
    (one,) = made.calls
    return one
