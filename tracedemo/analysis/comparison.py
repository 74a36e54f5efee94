"""Several runs side by side: their numbers, their phases, and their connections one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest

from tracedemo.analysis.connections import CLIENT, Connection, connections
from tracedemo.analysis.lanes import has_lane
from tracedemo.analysis.phases import UNKNOWN, PhaseTotal, phases
from tracedemo.analysis.segments import State
from tracedemo.analysis.states import States, states
from tracedemo.analysis.summary import Summary, summary
from tracedemo.events import Trace
from tracedemo.syscalls import PHASES

NS, PERCENT, COUNT, BYTES = UNITS = ("ns", "percent", "count", "bytes")
"""How to write a value: a duration, a share from 0 to 1, a number, a number of bytes."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table of numbers."""

    name: str
    """A key for programs: `wall`, `share_blocked`, `calls` ..."""
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
    """The connections that each program made (or took, if it made none), in order of their connect or accept."""
    notes: tuple[str, ...]
    """What makes the columns not comparable: another pace, another Python, another engine, losses."""


def compare(
    traces: Sequence[Trace],
    sockets: Sequence[Sequence[Connection]] | None = None,
    timelines: Sequence[States] | None = None,
) -> Comparison:
    """Identified Traces, at least one, side by side.

    Args:
        sockets: what `connections(trace)` gave for each, if the caller has it already.
        timelines: what `states(trace)` gave for each, likewise.
    """
    if sockets is None:
        sockets = [connections(trace) for trace in traces]
    if timelines is None:
        timelines = [states(trace, found) for trace, found in zip(traces, sockets, strict=True)]
    given = list(zip(traces, sockets, timelines, strict=True))
    summaries = tuple(summary(trace, found, timeline) for trace, found, timeline in given)
    costs = [phases(trace, found, timeline) for trace, found, timeline in given]
    return Comparison(
        names=_names([trace.header.target or "trace" for trace in traces]),
        summaries=summaries,
        metrics=tuple(_metrics(summaries)),
        phases=_phase_rows([cost.totals for cost in costs]),
        connections=tuple(_aligned(sockets, [cost.by_connection for cost in costs])),
        notes=tuple(notes_of(summaries)),
    )


def _names(targets: Sequence[str]) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    names = []
    for target in targets:
        seen[target] += 1
        names.append(target if seen[target] == 1 else f"{target} ({seen[target]})")
    return tuple(names)


def _metrics(summaries: Sequence[Summary]) -> Iterator[Metric]:
    """The rows of the table; one that no run knows anything about is left out."""

    def row(name: str, label: str, unit: str, value: Callable[[Summary], float | None],
            state: State | None = None) -> Metric:  # fmt: skip
        return Metric(name, label, unit, tuple(map(value, summaries)), state)

    yield row("wall", "total time", NS, lambda it: it.wall)
    for state, label in _SHARES.items():
        if state is not State.PARKED or any(it.states[state] for it in summaries):
            yield row(
                f"share_{state.name.lower()}", label, PERCENT, partial(Summary.share, state=state), state
            )
    if any(it.cpu_user + it.cpu_system for it in summaries):
        # Most of it is the interpreter's start: who takes it for the price of the program is misled.
        also = "start and tracer too" if any(it.header.engine for it in summaries) else "start included"
        yield row("cpu", f"CPU time, {also}", NS, lambda it: (it.cpu_user + it.cpu_system) or None)
    yield row("calls", "calls", COUNT, lambda it: it.calls)
    if any(it.system_calls is not None for it in summaries):
        yield row("system_calls", "system calls", COUNT, lambda it: it.system_calls)
    yield row("not_yet", '"not yet" answers', COUNT, lambda it: it.not_yets, State.NOT_YET)
    yield row("wakeups", "wakeups from select()", COUNT, lambda it: it.wakeups, State.ASLEEP)
    if any(it.empty_wakeups for it in summaries):
        yield row("empty_wakeups", "wakeups with nothing ready", COUNT, lambda it: it.empty_wakeups)
    yield row("in_flight", "most connections in flight", COUNT, lambda it: it.in_flight)
    yield row("connections", "connections", COUNT, lambda it: it.connections)
    if len({it.threads for it in summaries}) > 1 or any(it.threads > 1 for it in summaries):
        yield row("threads", "threads", COUNT, lambda it: it.threads)
    yield row("bytes_sent", "sent", BYTES, lambda it: it.bytes_sent)
    yield row("bytes_received", "received", BYTES, lambda it: it.bytes_received)
    if any(it.errors for it in summaries):
        yield row("errors", "calls that failed", COUNT, lambda it: sum(error.times for error in it.errors))


_SHARES = {
    State.BLOCKED: "thread blocked in a call",
    State.ASLEEP: "thread asleep in select()",
    State.NOT_YET: "thread busy asking again",
    State.CALL: "thread in other calls",
    State.RUNNING: "thread running Python",
    State.PARKED: "thread off the processor",
}


def _phase_rows(totals: Sequence[Mapping[str, PhaseTotal]]) -> tuple[PhaseRow, ...]:
    rows = []
    for phase in (*PHASES, UNKNOWN):
        cells = tuple(total if (total := it.get(phase)) and total.calls else None for it in totals)
        if any(cells):
            rows.append(PhaseRow(phase, cells))
    return tuple(rows)


def _aligned(sockets: Sequence[Sequence[Connection]],
             costs: Sequence[Mapping[int, Mapping[str, PhaseTotal]]]) -> Iterator[Aligned]:  # fmt: skip
    columns = [in_order(found) for found in sockets]
    for index, row in enumerate(zip_longest(*columns), start=1):
        totals = [
            cost.get(socket.number, {}) if socket else {} for socket, cost in zip(row, costs, strict=True)
        ]
        yield Aligned(index, row, _phase_rows(totals))


def in_order(sockets: Sequence[Connection]) -> list[Connection]:
    """The connections that a program made, else those that it took, in order of their beginning."""
    wanted = [socket for socket in sockets if has_lane(socket)]
    made = [socket for socket in wanted if socket.kind == CLIENT] or wanted
    return sorted(made, key=lambda it: (it.t_first if it.t_connect is None else it.t_connect, it.number))


def notes_of(summaries: Sequence[Summary]) -> Iterator[str]:
    """Where a difference between the columns may come from elsewhere than the programs."""
    headers = [it.header for it in summaries]
    for what, values in (
        ("server was paced", [it.pace or "not at all, it is not ours" for it in summaries]),
        ("Python was", [header.python for header in headers]),
        ("kernel engine was", [header.engine or "none" for header in headers]),
        ("machine was", [header.platform for header in headers]),
        ("number of requests was", [str(header.requests or "") for header in headers]),
    ):
        if len(set(values)) > 1:
            found = "; ".join(dict.fromkeys(value or "unknown" for value in values))
            yield f"The {what} not the same in all runs: {found}."
    if any(header.engine for header in headers):
        yield ("System calls were recorded, too, for which each stops its thread: times are not those of a bare run, and"
               ' where a server goes by the clock, fewer answers are "not yet".')  # fmt: skip
    if any(it.losses or any(it.dropped.values()) for it in summaries):
        yield "Some rows are missing, so some counts are too low."
