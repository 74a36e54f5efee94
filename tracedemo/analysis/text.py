"""Small forms: durations, bytes, and text from a trace made safe for a terminal."""

from __future__ import annotations

import re
from typing import Any

_UNITS = (
    (999_500_000, 1_000_000_000, "s", "second"),
    (999_500, 1_000_000, "ms", "millisecond"),
    (1_000, 1_000, "µs", "microsecond"),
)
"""From so many nanoseconds on, a unit of so many.  It is decided after rounding: 999,996 ns are 1.0 ms and not 1000 µs."""

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters (ESC, CSI and the like), line ends, and marks that turn the direction of what follows; and halves of
surrogate pairs, which no terminal's encoding can write."""


def clean(text: Any) -> str:
    r"""Text that came from a trace, safe for a terminal: control characters are written as escapes, ESC as `\x1b`."""
    found = str(text)
    return found if found.isascii() and found.isprintable() else _UNSAFE.sub(_escape, found)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def duration_text(ns: int | None, ascii: bool = False) -> str:
    """A duration, at most three digits: `94 µs` (`94 us` in ascii), `1.5 ms`, `30.0 ms`, `182 ms`; empty for None."""
    if ns is None:
        return ""
    number, short, _ = _scaled(ns)
    return f"{number} {short.replace('µ', 'u') if ascii else short}"


def duration_words(ns: int | None) -> str:
    """A duration that can be read aloud: `60 microseconds`, `30 milliseconds`, `1 second`; empty for None."""
    if ns is None:
        return ""
    number, _, long = _scaled(ns)
    number = number.removesuffix(".0")
    return f"{number} {long}" if number == "1" else f"{number} {long}s"


def _scaled(ns: int) -> tuple[str, str, str]:
    """(number, unit, unit in full).  One decimal below 100, none above; microseconds have one below 10 only, and
    nanoseconds none, since no clock here is better.
    """
    size = abs(ns)
    for least, unit, short, long in _UNITS:
        if size >= least:
            value = ns / unit
            decimals = round(abs(value), 1) < (10 if unit == 1_000 else 100)
            return f"{value:.{int(decimals)}f}", short, long
    return str(ns), "ns", "nanosecond"


def seconds(value: Any) -> str:
    """An argument in seconds, as it was written: `2.5 s`, `10 ms`; `no limit` for None."""
    if value is None:
        return "no limit"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return clean(value)
    return f"{value * 1000:g} ms" if 0 < abs(value) < 1 else f"{value:g} s"


def byte_count(count: int | None) -> str:
    """`1 byte`, `49 bytes`; `some bytes` when it is not known."""
    if count is None:
        return "some bytes"
    return "1 byte" if count == 1 else f"{count:,} bytes"


def listed(items: Any) -> str:
    """A list in full: `a, b, c`."""
    return ", ".join(clean(item) for item in items)
