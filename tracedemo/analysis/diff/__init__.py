"""What changed between two runs: connection by connection, phase by phase, call by call.

Two runs of the same lock-step program show no difference: what no two runs have in common (process numbers, ports,
descriptors, times) is told apart in `same`, which connection is which in `pairing`, and which call is which in `steps`.

Compared are the calls of the program, each connection's in their order; not in which order different connections came in
between, but for the order in which they were connected and what selects reported. Steps of generators, callbacks of loops
and what the server did are not compared: what they change is seen in the calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tracedemo.analysis.comparison import notes_of
from tracedemo.analysis.diff.groups import Calls, Place, pairs_of, places
from tracedemo.analysis.diff.model import (
    ADDED,
    ANSWER,
    ARGUMENTS,
    BENEATH,
    ENDING,
    KINDS,
    MOVED,
    REMOVED,
    REPEATS,
    SAME,
    Diff,
    Group,
    PhaseTime,
    Side,
    Step,
)
from tracedemo.analysis.diff.saying import alone_says, ending_says, moved_says
from tracedemo.analysis.diff.steps import Alike, Item, Run, steps
from tracedemo.analysis.phases import UNKNOWN
from tracedemo.analysis.segments import State
from tracedemo.analysis.study import Study
from tracedemo.syscalls import CONNECT, PHASES

if TYPE_CHECKING:
    from tracedemo.analysis.filters import Filter

__all__ = [
    "ADDED",
    "ANSWER",
    "ARGUMENTS",
    "BENEATH",
    "ENDING",
    "KINDS",
    "MOVED",
    "REMOVED",
    "REPEATS",
    "SAME",
    "Diff",
    "Group",
    "PhaseTime",
    "Side",
    "Step",
    "diff",
]


def diff(a: Study, b: Study, only: tuple[Filter | None, Filter | None] = (None, None)) -> Diff:
    """What changed from one run to another.

    Args:
        only: of each run, which of its calls are compared; None: all.
    """
    kernel = a.join is not None and b.join is not None
    pairs, same = pairs_of(a, b)
    alike = Alike()
    runs = (Run(a, same[0], alike, kernel=kernel), Run(b, same[1], alike, kernel=kernel))
    wanted = [
        set(study.rows(it)) if it else range(len(study.trace)) for study, it in zip((a, b), only, strict=True)
    ]
    calls = (Calls(a, wanted[0], kernel=kernel), Calls(b, wanted[1], kernel=kernel))
    clocks = (_clock(a), _clock(b))
    found = places(a, b, calls, pairs, whole=only == (None, None))
    return Diff(
        names=(a.name, b.name),
        groups=tuple(_group(place, runs, clocks) for place in found),
        endings=tuple(_endings(a, b)),
        notes=tuple(_notes(a, b)),
        kernel=kernel,
        compared=(calls[0].number, calls[1].number),
    )


def _group(place: Place, runs: tuple[Run, Run], clocks: tuple[_Clock, _Clock]) -> Group:
    a, b = runs
    found = list(steps(a, b, *place.rows))
    says = ""
    if place.order:
        says = moved_says(place.title, *place.order)
        found.insert(0, _moved(place, runs, says))
    elif not all(place.labels):
        name, rows = ("A", place.rows[0]) if place.labels[0] else ("B", place.rows[1])
        says = alone_says(place.title, name, len(rows))
    return Group(
        title=place.title,
        kind=place.kind,
        numbers=(place.a.number if place.a else None, place.b.number if place.b else None),
        labels=place.labels,
        peers=((place.a and place.a.peer) or "", (place.b and place.b.peer) or ""),
        steps=tuple(found),
        times=tuple(_times(place, runs, clocks)),
        says=says,
    )


def _moved(place: Place, runs: tuple[Run, Run], says: str) -> Step:
    """Stands at the call that connected, or at the first one."""
    a, b = (_connecting(run, rows) for run, rows in zip(runs, place.rows, strict=True))
    return Step(MOVED, CONNECT, a, b, says)


def _connecting(run: Run, rows: Sequence[int]) -> Side | None:
    row = next((row for row in rows if run.study.phases.of_row[row] == CONNECT), next(iter(rows), None))
    return None if row is None else run.side(Item((), (row,)))


# Times

_Clock = Mapping[int, tuple[int, int]]
"""By row: nanoseconds inside a call, and how many of them it waited."""


def _clock(study: Study) -> _Clock:
    found: dict[int, tuple[int, int]] = {}
    for lane in study.states.threads:
        for begin, end, state, row in lane.segments:
            if row is not None:
                time, waited = found.get(row, (0, 0))
                waits = end - begin if state in (State.BLOCKED, State.ASLEEP) else 0
                found[row] = (time + end - begin, waited + waits)
    return found


def _times(place: Place, runs: tuple[Run, Run], clocks: tuple[_Clock, _Clock]) -> Iterator[PhaseTime]:
    sums: dict[str, list[list[int]]] = {}
    for side, (run, rows, clock) in enumerate(zip(runs, place.rows, clocks, strict=True)):
        for row in rows:
            phase = run.study.phases.of_row[row]
            if phase is not None:
                one = sums.setdefault(phase, [[0, 0], [0, 0], [0, 0]])
                for sort, value in enumerate((1, *clock.get(row, (0, 0)))):
                    one[sort][side] += value
    for phase in (*PHASES, UNKNOWN):
        if phase in sums:
            yield PhaseTime(phase, *((one[0], one[1]) for one in sums[phase]))


# Of the whole


def _endings(a: Study, b: Study) -> Iterator[str]:
    one, other = a.trace.header, b.trace.header
    if one.ended != other.ended:
        yield ending_says("The end", one.ended, other.ended)
    elif None not in (one.exit_code, other.exit_code) and one.exit_code != other.exit_code:
        yield ending_says("The exit code", one.exit_code, other.exit_code)


def _notes(a: Study, b: Study) -> Iterator[str]:
    yield from notes_of((a.summary, b.summary))
    if (a.join is None) != (b.join is None):
        name = "A" if b.join is None else "B"
        yield f"Only {name} has system calls: they are not compared."
    if not (a.trace.header.lockstep and b.trace.header.lockstep):
        yield (
            "Not both runs were paced by lock-step: how often a call is repeated, and what is ready when, can differ"
            " from run to run."
        )
