"""Which step of one run stands for a step of another.

Theory
    Two programs that do the same work make the same calls, but not equally often: one that polls hears "not yet" a
    thousand times where another waits once. So the work is counted by what was done, and not by questions: a call is known
    by its connection (counted in order of connecting), its operation, how many calls of that operation were answered on
    that connection before it, and how many questions have been asked since.
    Its counterpart is the call that agrees in all of these; else the first one that agrees in all but the questions; else,
    for a call on a connection, one of the same phase there, as far on, or the last one if there are fewer; else none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tracedemo.events import FLOW, Event


class Key(NamedTuple):
    """What a step stands for."""

    place: int
    """Of its connection; 0: none."""
    op: str
    done: int
    """Answered calls of this operation, on this connection, before it."""
    asked: int
    """Questions since the last of them."""
    phase: str
    phase_done: int
    """Answered calls of this phase, likewise."""


class Counterparts:
    """The steps of a run, by what they stand for.

    Args:
        steps: the Event of each step.
        phases: the phase of each.
        place_of: what each connection is in order of connecting, from 1.
    """

    def __init__(
        self, steps: Sequence[Event], phases: Sequence[str | None], place_of: Mapping[int, int]
    ) -> None:
        self.keys: list[Key] = []
        self._exact: dict[tuple[int, str, int, int], int] = {}
        self._work: dict[tuple[int, str, int], int] = {}
        self._phase: dict[tuple[int, str], list[int]] = {}
        done: dict[tuple[int, str], int] = {}
        asked: dict[tuple[int, str], int] = {}
        for step, (event, phase) in enumerate(zip(steps, phases, strict=True)):
            op, place = (place_of.get(event.conn or 0, 0), event.op), place_of.get(event.conn or 0, 0)
            of_phase = (place, f"phase {phase or event.lane}")
            key = Key(*op, done.get(op, 0), asked.get(op, 0), of_phase[1], done.get(of_phase, 0))
            self._note(step, key)
            if event.not_yet:
                asked[op] = key.asked + 1
            else:
                done[op], done[of_phase], asked[op] = key.done + 1, key.phase_done + 1, 0

    def _note(self, step: int, key: Key) -> None:
        self.keys.append(key)
        self._exact.setdefault(key[:4], step)
        self._work.setdefault(key[:3], step)
        steps = self._phase.setdefault((key.place, key.phase), [])
        if key.phase_done == len(steps):
            steps.append(step)

    def find(self, other: Counterparts, step: int) -> int | None:
        """The step here that stands for a step there; None: there is none."""
        key = other.keys[step]
        found = self._exact.get(key[:4], self._work.get(key[:3]))
        if found is None and key.place and key.phase != f"phase {FLOW}":
            steps = self._phase.get((key.place, key.phase))
            found = steps[min(key.phase_done, len(steps) - 1)] if steps else None
        return found
