"""Several runs side by side: their numbers, their phases, and their connections one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracedemo.analysis.connections import Connection
from tracedemo.analysis.phases import PhaseTotal
from tracedemo.analysis.states import State
from tracedemo.analysis.summary import Summary
from tracedemo.events import Trace

NS, PERCENT, COUNT, BYTES = UNITS = ("ns", "percent", "count", "bytes")
"""How to write a value: a duration, a share from 0 to 1, a number, a number of bytes."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table of numbers."""

    name: str
    """A key for programs: `wall`, `blocked`, `calls` ..."""
    label: str
    """For people: "total time"."""
    unit: str
    """One of `UNITS`."""
    values: tuple[float | int | None, ...]
    """One a run; None: not known."""
    state: State | None = None
    """The state that the number is about: gives its colour."""


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One phase, in every run."""

    phase: str
    cells: tuple[PhaseTotal | None, ...]
    """One a run; None: no call of this phase."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """The k-th connection of every run."""

    index: int
    """k, from 1."""
    connections: tuple[Connection | None, ...]
    """One a run; None: this run has fewer."""
    phases: tuple[PhaseRow, ...]
    """Phases that at least one of them has."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs side by side, in the order in which they were given."""

    names: tuple[str, ...]
    """Targets; a name that comes twice gets a number: "selector (2)"."""
    summaries: tuple[Summary, ...]
    metrics: tuple[Metric, ...]
    phases: tuple[PhaseRow, ...]
    """Phases that at least one run has, in their order."""
    connections: tuple[Aligned, ...]
    """Connections of kind client (accepted where a run has no client), in order of their first connect or accept."""
    notes: tuple[str, ...]
    """What makes the columns not comparable: another pace, another Python, another engine, losses."""


def compare(traces: Sequence[Trace]) -> Comparison:
    """Identified Traces, at least one, side by side."""
    raise NotImplementedError
