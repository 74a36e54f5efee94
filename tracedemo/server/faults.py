"""How the server misbehaves on request: which faults there are, what is asked for, and which connection gets which.

Pure: no socket here. A word is `NAME`, or `NAME:P%` for that part of the connections; several have commas between
them. Names without a percentage share what is left. Which connection gets which is drawn from the seed and from the
connection's number in the order of accept, and from nothing else: so the same seed gives the same connections the
same faults, whatever the others do and whenever they come. No list is kept, and a percentage is a chance, not a quota.

The server's process imports this file, so it imports nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

REFUSE = "refuse"
RESET = "reset"
RESET_MID_BODY = "reset-mid-body"
STALL = "stall"
HALF_CLOSE = "half-close"
SLOW_READ = "slow-read"
GARBAGE = "garbage"
TRUNCATED = "truncated"
HUGE_HEADERS = "huge-headers"
NO_ACCEPT = "no-accept"
CLOSE_BEFORE_READ = "close-before-read"

FAULTS = {
    REFUSE: "does not listen: the kernel answers each connect with a reset",
    RESET: "reads the request, then breaks the connection off with a reset",
    RESET_MID_BODY: "sends half of the answer, then breaks the connection off with a reset",
    STALL: "sends half of the answer, then nothing more, and keeps the connection open",
    HALF_CLOSE: "reads the request, ends its side in place of an answer, and keeps the connection open",
    SLOW_READ: "reads the request in small portions with pauses between them, then answers",
    GARBAGE: "answers with bytes that are no HTTP",
    TRUNCATED: "promises the whole body, sends half of it, and closes",
    HUGE_HEADERS: "answers properly, after 128 KiB of headers",
    NO_ACCEPT: "listens, and accepts nobody: the kernel makes the connection, and no program is behind it",
    CLOSE_BEFORE_READ: "closes without having read the request, which the kernel turns into a reset",
}
"""Name -> what the server does, a clause."""

SILENT = frozenset({STALL, NO_ACCEPT})
"""After these nothing more ever comes, and the connection stays: a client without a deadline waits for ever."""

MAX_SEED = (1 << 63) - 1

_WHOLE = 10_000
"""All connections: percentages are kept in hundredths."""
_PLACES = 2
_ALL_BITS = (1 << 64) - 1


class Faults:
    """What was asked for, checked; `parts` are hundredths of a percent, by name, in the order of the words."""

    __slots__ = ("parts", "seed")

    def __init__(self, words: str = "", seed: int = 0) -> None:
        """Take the words apart; empty: no fault.

        Raises:
            ValueError: a word or the seed cannot be understood, or the words contradict each other.
        """
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= MAX_SEED:
            raise ValueError(f"seed must be a whole number from 0 to {MAX_SEED}, not {seed!r}")
        words = ",".join(word.strip() for word in words.split(","))
        self.seed = seed
        self.parts = _shared([_word(word) for word in words.split(",")]) if words else {}
        if REFUSE in self.parts and self.parts[REFUSE] != _WHOLE:
            raise ValueError(
                f"{REFUSE} is for all connections or for none: the kernel refuses, before our server could choose"
            )

    @property
    def all_refused(self) -> bool:
        """Nobody is listening."""
        return REFUSE in self.parts

    @property
    def none_accepted(self) -> bool:
        """Connections stay in the kernel's backlog, all of them."""
        return self.parts.get(NO_ACCEPT) == _WHOLE

    def of(self, number: int) -> str:
        """The fault of a connection.

        Args:
            number: of the connection, from 1, in the order of accept.

        Returns:
            Its name, or an empty text: this connection is served well.
        """
        drawn = _mixed(self.seed, number) * _WHOLE >> 64
        for name, part in self.parts.items():
            drawn -= part
            if drawn < 0:
                return name
        return ""


def noise(seed: int, number: int, size: int) -> bytes:
    """So many bytes for `garbage`, the same for the same seed and connection; none of them is a byte of ASCII."""
    rounds = (_mixed(seed ^ (number << 20), place) for place in range((size + 7) // 8))
    return bytes(byte | 0x80 for one in rounds for byte in one.to_bytes(8, "big"))[:size]


def _word(word: str) -> tuple[str, int | None]:
    name, colon, percent = word.strip().partition(":")
    if name not in FAULTS:
        raise ValueError(f"there is no fault {name[:40]!r}; faults: {', '.join(FAULTS)}")
    return name, _hundredths(word.strip(), percent) if colon else None


def _hundredths(word: str, percent: str) -> int:
    """`12.5%` in hundredths of a percent."""
    whole, _, broken = percent.removesuffix("%").partition(".")
    digits = whole + broken.ljust(_PLACES, "0")
    fits = percent.endswith("%") and len(broken) <= _PLACES and 0 < len(whole) <= len("100")
    part = int(digits) if fits and digits.isascii() and digits.isdigit() else 0
    if not 0 < part <= _WHOLE:
        raise ValueError(
            f"a percentage from 0.01% to 100% is needed, as in {word.partition(':')[0]}:10%, not {word[:40]!r}"
        )
    return part


def _shared(words: Sequence[tuple[str, int | None]]) -> dict[str, int]:
    """Parts of all, by name: those who name none share what is left."""
    names = [name for name, _ in words]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise ValueError(f"the fault {twice} is named twice")
    left = _WHOLE - sum(part or 0 for _, part in words)
    if left < 0:
        raise ValueError(f"these faults are more than 100% together: {(_WHOLE - left) / 100:g}%")
    open_ended = [name for name, part in words if part is None]
    if open_ended and left < len(open_ended):
        raise ValueError(f"nothing is left for {', '.join(open_ended)}: the others make 100% together")
    shares = {name: (left * (place + 1) // len(open_ended)) - left * place // len(open_ended)
              for place, name in enumerate(open_ended)}  # fmt: skip
    return {name: shares[name] if part is None else part for name, part in words}


def _mixed(seed: int, number: int) -> int:
    """64 bits that look like chance (SplitMix64, by Sebastiano Vigna, in the public domain)."""
    bits = (seed * 0xD1342543DE82EF95 + number * 0x9E3779B97F4A7C15) & _ALL_BITS
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9 & _ALL_BITS
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB & _ALL_BITS
    return bits ^ (bits >> 31)
