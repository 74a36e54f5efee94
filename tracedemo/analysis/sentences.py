"""One plain sentence for every event, and the short forms for the log.  All text for people is made here, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tracedemo.events import Event, Header, Trace


@dataclass(frozen=True, slots=True)
class Context:
    """What a sentence needs to know besides the event.  `Context()` knows nothing, and is enough."""

    header: Header = field(default_factory=Header)
    peers: Mapping[int, str] = field(default_factory=dict)
    """Address of the other side, by connection."""
    labels: Mapping[int, str] = field(default_factory=dict)
    """`Connection.label`, by connection."""
    threads: int = 1
    """How many threads the program has: with one, nobody needs to be told which."""


def context(trace: Trace) -> Context:
    """What sentences about an identified Trace need to know."""
    raise NotImplementedError


def sentence(event: Event, context: Context = Context()) -> str:
    """What happened, in one plain sentence with a capital and a stop.  Never raises, never holds a control character."""
    raise NotImplementedError


def call_text(event: Event) -> str:
    """The call, short: `connect(127.0.0.1:8000)`, `select(3 watched)`, `send(49 bytes)`."""
    raise NotImplementedError


def answer_text(event: Event) -> str:
    """The answer, short and never cut: `EINPROGRESS`, `fd 4`, `3 ready: fd 4, 5, 6`, `400 bytes`, `end of stream`, `ok`."""
    raise NotImplementedError


def who(event: Event, context: Context = Context()) -> str:
    """Who made the call, short: the owner, `loop`, `server`, `tracedemo`, or the connection's label; may be empty."""
    raise NotImplementedError


def duration_text(ns: int | None, ascii: bool = False) -> str:
    """A duration with three significant digits: `94 µs` (`94 us` in ascii), `1.50 ms`, `2.30 s`; empty for None."""
    raise NotImplementedError


def duration_words(ns: int | None) -> str:
    """A duration that can be read aloud: `60 microseconds`, `30.0 milliseconds`, `1 second`."""
    raise NotImplementedError


def clean(text: str) -> str:
    """Text that came from a trace, safe for a terminal: control characters are written as escapes, ESC as `\\x1b`."""
    raise NotImplementedError
