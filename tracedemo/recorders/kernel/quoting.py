"""Bytes as text, in the one way in which all engines write them: printable ASCII as it is, the rest as escapes."""

from __future__ import annotations

import re

CUT = "…"
"""Stands at the end of a text whose buffer was longer than what was kept.  No byte is written like that."""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
_TABLE = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 256))} | {
    ord(sign): short for sign, short in _SHORT.items()
}


def escaped(data: bytes, *, cut: bool = False) -> str:
    """Bytes as text; `cut`: there was more."""
    return data.decode("latin-1").translate(_TABLE) + (CUT if cut else "")


_OCTAL = re.compile(r'\\(?:([0-7]{1,3})|x([0-9a-f]{2})|([nrtvfab"\\]))')
_NAMED = {
    "n": b"\n",
    "r": b"\r",
    "t": b"\t",
    "v": b"\v",
    "f": b"\f",
    "a": b"\a",
    "b": b"\b",
    '"': b'"',
    "\\": b"\\",
}


def unquoted(text: str) -> bytes:
    """The bytes of a string of C, without its quotes, as strace writes them (its -x and -xx, too)."""
    if "\\" not in text:
        return text.encode("latin-1", "replace")
    return _OCTAL.sub(lambda match: _byte(*match.groups()).decode("latin-1"), text).encode(
        "latin-1", "replace"
    )


def _byte(octal: str | None, hexadecimal: str | None, name: str | None) -> bytes:
    if octal is not None:
        return bytes([int(octal, 8) & 0xFF])
    return bytes.fromhex(hexadecimal) if hexadecimal is not None else _NAMED[str(name)]
