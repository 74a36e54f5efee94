"""The turns of one thread, while its rows come in: which callbacks ran, what they called, and what is registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tracedemo.analysis.furniture import SELF_PIPE
from tracedemo.analysis.segments import is_readiness
from tracedemo.analysis.text import clean
from tracedemo.analysis.turns_parts import Samples, key_of
from tracedemo.events import FLOW, Event

NAMED = 32
"""Up to so many registered descriptors are named; of more, only the number is kept."""


@dataclass(slots=True)
class Running:
    """A callback whose calls are still coming in."""

    row: int
    event: Event
    end: int
    returned: bool
    nested: bool
    calls: list[Event] = field(default_factory=list)


@dataclass(slots=True)
class Round:
    """A turn whose callbacks are still coming in."""

    number: int
    row: int | None
    event: Event
    registered: int | None = None
    watched: tuple[str, ...] = ()
    handles: list[Running] = field(default_factory=list)


class _Registered(NamedTuple):
    """What a selector watches at one descriptor."""

    label: str
    events: str


class Rounds:
    """The turns of one thread: `found` holds the turns of each of its loops."""

    def __init__(
        self, rows: Sequence[tuple[int, Event]], samples: Samples, pipes: Mapping[int, int], end: int
    ) -> None:
        self.found: list[list[Round]] = [[]]
        self._samples = samples
        self._pipes = pipes
        self._end = end
        self._open: list[Running] = []
        self._watched: dict[int, _Registered] = {}
        self._names: tuple[str, ...] | None = None
        """The names of what is watched, until that changes."""
        for row, event in rows:
            self._leave(event)
            if event.lane == FLOW:
                self._enter(row, event)
            else:
                self._call(row, event)

    def _leave(self, event: Event) -> None:
        """Callbacks that have returned by now.  One without an end has ended when the next begins."""
        runs = event.lane == FLOW
        while self._open and (self._open[-1].end <= event.t0 or (runs and not self._open[-1].returned)):
            ended = self._open.pop()
            if not ended.returned and ended.event.op == "callback":
                ended.end = min(ended.end, event.t0)

    def _enter(self, row: int, event: Event) -> None:
        """A callback begins."""
        sampled = event.op == "blocked"
        known = None if sampled else event.t1
        end = self._sampled(event) if sampled else self._end if known is None else known
        running = Running(row, event, end, known is not None, bool(self._open))
        rounds = self.found[-1]
        if not rounds:
            rounds.append(Round(0, None, event))
        rounds[-1].handles.append(running)
        self._open.append(running)

    def _sampled(self, event: Event) -> int:
        """Up to when a callback ran that only samples tell of."""
        _, samples = self._samples[key_of(event)]
        return max(sample.t for sample in samples)

    def _call(self, row: int, event: Event) -> None:
        """A call: a callback's, or the loop's own."""
        if self._open:
            self._open[-1].calls.append(event)
        elif is_readiness(event.op):
            self._begin(row, event)
            return
        elif event.op == "selector":
            self._new_loop()
        self._watch(event)

    def _new_loop(self) -> None:
        """A selector has been made."""
        self._watched.clear()
        self._names = None
        if self.found[-1]:
            self.found.append([])

    def _begin(self, row: int, event: Event) -> None:
        """A turn begins."""
        rounds = self.found[-1]
        number = len(rounds) + (not rounds or rounds[0].row is not None)
        told = event.args.get("watched")
        registered = told if type(told) is int else len(self._watched) or None
        names = self._named() if registered == len(self._watched) else ()
        rounds.append(Round(number, row, event, registered, names))

    def _watch(self, event: Event) -> None:
        """What the loop's selector watches, as far as it is known."""
        fd = event.fd
        if fd is None or event.op not in ("register", "modify", "unregister") or event.failed:
            return
        self._names = None
        if event.op == "unregister":
            self._watched.pop(fd, None)
            return
        pipe = event.conn is not None and event.conn in self._pipes
        self._watched[fd] = _Registered(SELF_PIPE if pipe else f"fd {fd}", str(event.args.get("events", "")))

    def _named(self) -> tuple[str, ...]:
        if self._names is None:
            names = (clean(f"{what.label} {what.events}".rstrip()) for what in self._watched.values())
            self._names = tuple(names) if len(self._watched) <= NAMED else ()
        return self._names
