"""What the server is asked to do, checked, in a form that costs nothing to load.

`ServerOptions` is the comfortable form of the same, for callers; the server's own process makes a Plan from
the words of its command line instead, because a dataclass would double the time of its start.
"""

from __future__ import annotations

from tracedemo.server.faults import Faults

CLOCK = "clock"
LOCKSTEP = "lockstep"
PACES = (CLOCK, LOCKSTEP)

MAX_SIZE = 1 << 28
"""Bytes: the body is kept in memory, so there is a roof."""

MAX_MS = 3_600_000
"""Milliseconds: an hour; whatever is longer is a slip of the keyboard."""

ASCII = "ascii"
CHARSETS = (ASCII, "utf-8", "latin-1")
"""In which the body's text can be; in all but the first it has letters beyond ASCII."""

_MAX_PORT = 65535
_MAX_NONCE = 64
_MS = 1_000_000


class Plan:
    """All that the loop needs to know; times in nanoseconds, as `time.monotonic_ns()` has them."""

    __slots__ = (
        "charset",
        "delay_ns",
        "faults",
        "gap_ns",
        "grace_ns",
        "host",
        "nonce",
        "pace",
        "pieces",
        "port",
        "size",
    )

    def __init__(
        self,
        *,
        host: str,
        port: int,
        delay_ms: float,
        pieces: int,
        gap_ms: float,
        size: int,
        pace: str,
        nonce: str,
        grace_ms: float,
        fault: str = "",
        seed: int = 0,
        charset: str = ASCII,
    ) -> None:
        """Check and convert.

        Raises:
            ValueError: an option is out of its range; the text names it, its value and the range.
        """
        _check(bool(host), "host must not be empty")
        _check_whole("port", port, 0, _MAX_PORT)
        _check_whole("size", size, 1, MAX_SIZE)
        _check_whole("pieces", pieces, 1, MAX_SIZE)
        _check(pieces <= size, f"pieces is {pieces}, but a body of {size} bytes makes at most {size} pieces")
        _check(pace in PACES, f"pace must be one of {', '.join(PACES)}, not {pace!r}")
        _check(charset in CHARSETS, f"charset must be one of {', '.join(CHARSETS)}, not {charset!r}")
        _check(_is_word(nonce), f"nonce must be 1 to {_MAX_NONCE} ASCII letters or digits, not {nonce!r}")
        self.host = host
        self.port = port
        self.delay_ns = _nanoseconds("delay_ms", delay_ms)
        self.gap_ns = _nanoseconds("gap_ms", gap_ms)
        self.grace_ns = _nanoseconds("grace_ms", grace_ms)
        self.pace = pace
        self.pieces = pieces
        self.size = size
        self.nonce = nonce
        self.faults = Faults(fault, seed)
        self.charset = charset


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _check_whole(name: str, value: int, low: int, high: int) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    _check(
        whole and low <= value <= high, f"{name} must be a whole number from {low} to {high}, not {value!r}"
    )


def _nanoseconds(name: str, value: float) -> int:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # The comparison is false for a NaN, too.
    _check(number and 0 <= value <= MAX_MS, f"{name} must be from 0 to {MAX_MS} milliseconds, not {value!r}")
    return int(value * _MS)


def _is_word(nonce: str) -> bool:
    return nonce.isascii() and nonce.isalnum() and len(nonce) <= _MAX_NONCE
