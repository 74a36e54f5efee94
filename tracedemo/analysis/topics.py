"""What an explanation is made of: topics, each in parts of (what, text about it) rows.

A screen, a sentence and JSON are made of the same parts, so that all of them say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tracedemo.syscalls.seen import SEEN, Seen

Rows = tuple[tuple[str, str], ...]
"""(what, text about it); one of them may be empty."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to know about a topic."""

    name: str
    """Its label: `becomes`, `answers` ..."""
    rows: Rows


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that a name means."""

    kind: str
    """`call`, `system call`, `errno`, `number`, `exception`, `phase`, `step`, `word` or `list`."""
    name: str
    about: str
    """What kind of thing it is, in words."""
    meaning: str
    parts: tuple[Part, ...]


def topic(kind: str, name: str, about: str, meaning: str, **parts: Iterable[tuple[str, str]]) -> Topic:
    """A topic of those parts that say something; `usual_for` becomes `usual for`."""
    made = (Part(label.replace("_", " "), tuple(rows)) for label, rows in parts.items())
    return Topic(kind, name, about, meaning, tuple(part for part in made if part.rows))


def listed(*names: str) -> Rows:
    """One row of names; none for no name."""
    text = ", ".join(filter(None, names))
    return (("", text),) if text else ()


NOBODY = listed("no variant makes it")
"""Where it is to be seen, for what none of them shows."""


def sentence(clause: str) -> str:
    """A clause of the table as a sentence."""
    return f"{clause[:1].upper()}{clause[1:]}."


def command(words: str) -> Rows:
    """What to type; none for no words."""
    return ((f"tracedemo {words}", ""),) if words else ()


def shown_by(shows: Callable[[Seen], bool], options: str, other: str = "") -> Rows:
    """The first variant that shows it, as a command, and the names of the others.

    Args:
        other: what to type where no variant does.
    """
    found = [seen for seen in SEEN if shows(seen)]
    if not found:
        return command(other)
    first = found[0]
    others = ", ".join(seen.variant for seen in found[1:] if seen.options == first.options)
    words = " ".join(filter(None, ("run", first.variant, first.options, options)))
    return ((f"tracedemo {words}", f"also in {others}" if others else ""),)
