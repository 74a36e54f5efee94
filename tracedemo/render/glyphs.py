"""What states and marks look like: a character, a colour and words for each.  One table for all views.

Rules
* A state is told by colour and by pattern, so that it can be told without colour.
* Heavy means that the thread is held, light that it is free.
* A style is a name here; the colours behind the names are the sixteen of the terminal's own theme, so that its contrast
  is kept.
* A new state gets no new colour: it uses one of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tracedemo.analysis.segments import State

STYLES = {
    "state.running": "green",
    "state.call": "bright_blue",
    "state.not-yet": "yellow",
    "state.blocked": "bold red",
    "state.asleep": "magenta",
    "state.parked": "bright_black",
    "not-yet": "yellow",
    "wakeup": "magenta",
    "error": "red",
    "title": "bold",
    "strong": "bold",
    "dim": "dim",
    "note": "yellow",
    "cursor": "reverse",
    "here": "bold reverse",
}
"""Every style that a view may name, and how rich spells it."""

STATE_STYLE: Mapping[State, str] = {state: f"state.{state.value.replace(' ', '-')}" for state in State}

STATE_WORDS: Mapping[State, str] = {
    State.RUNNING: "running Python",
    State.CALL: "in a call that returns at once",
    State.NOT_YET: 'asking again: "not yet"',
    State.BLOCKED: "blocked in a call",
    State.ASLEEP: "asleep in select()",
    State.PARKED: "parked, holds no thread",
}
"""What each state is called, in legends and in sentences."""

THREAD_WORDS: Mapping[State, str] = {**STATE_WORDS, State.PARKED: "off the processor"}
"""What a thread's states are called: parked, it is kept from running by another thread or program, a lock or a file."""

REQUEST_WORDS: Mapping[State, str] = {**STATE_WORDS, State.PARKED: "parked, or off the processor"}
"""What a request's states are called where threads are parked, too, and the request may hold such a one."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of one alphabet."""

    states: Mapping[State, str]
    not_yet: str
    wakeup: str
    rule: str
    nothing: str
    ellipsis: str
    times: str
    tick: str
    arrow: str
    below: str
    """In front of what lies beneath a line."""
    back: str
    cursor: str
    """Where somebody stands on a line of time."""
    ascii: bool


UTF8 = Glyphs(
    states=dict(zip(State, "█▅▒▓·─", strict=True)),
    not_yet="◆",
    wakeup="▲",
    rule="─",
    nothing="–",
    ellipsis="…",
    times="×",
    tick="│",
    arrow="→",
    below="└",
    back="←",
    cursor="▼",
    ascii=False,
)

ASCII = Glyphs(
    states=dict(zip(State, "#+?X.-", strict=True)),
    not_yet="!",
    wakeup="^",
    rule="-",
    nothing="-",
    ellipsis="...",
    times="x",
    tick="|",
    arrow="->",
    below="`-",
    back="<-",
    cursor="v",
    ascii=True,
)

NEEDED = "".join(
    (
        *UTF8.states.values(),
        UTF8.not_yet,
        UTF8.wakeup,
        UTF8.ellipsis,
        UTF8.times,
        UTF8.tick,
        UTF8.arrow,
        UTF8.below,
        UTF8.back,
        UTF8.cursor,
        "µ",
    )
)
"""What an encoding must be able to write before UTF8 is used."""
