"""Measures: what a question asks of a run.  Each takes the runs of a lesson's command and gives a number, or a word, and
the rows that made it: so whoever believed something else is shown the lines that say no.

A command may be one that runs several programs (`compare`); so a measure is given a Study for each of them, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from tracedemo.analysis.segments import READINESS, is_call
from tracedemo.analysis.study import Study
from tracedemo.events import Event


class At(NamedTuple):
    """A row of one of the runs."""

    run: int
    """Which of them, from 0."""
    row: int


class Measured(NamedTuple):
    """What was measured, and what made it so."""

    answer: int | str
    counted: Sequence[At] = ()
    """The rows that were counted, or the one that says the word; those first that are to be shown first."""
    beside: Sequence[At] = ()
    """Rows that were not, and without which nobody sees why: the call that failed, where nothing could be counted."""


Measure = Callable[[Sequence[Study]], Measured]


def calls(studies: Sequence[Study], wanted: Callable[[Event], bool], run: int = -1) -> Sequence[At]:
    """The calls of a program that are as wanted; of the last one, unless another is named."""
    number = range(len(studies))[run]
    events = enumerate(studies[run].events)
    return [At(number, row) for row, event in events if is_call(event) and wanted(event)]


def counted(rows: Iterable[At], beside: Iterable[At] = ()) -> Measured:
    """As many as there are."""
    rows = list(rows)
    return Measured(len(rows), rows, list(beside))


def event_at(studies: Sequence[Study], at: At) -> Event:
    """What happened there."""
    return studies[at.run].events[at.row]


def not_yet(studies: Sequence[Study]) -> Measured:
    """Answers "not yet" of all runs.  Where there is none, the calls that could have been told so stand beside."""
    found = [at for run in range(len(studies)) for at in calls(studies, lambda event: event.not_yet, run)]
    return counted(found, () if found else calls(studies, lambda event: event.op == "recv"))


def _blocking_io_errors(studies: Sequence[Study]) -> Sequence[At]:
    runs = range(len(studies))
    return [at for run in runs for at in calls(studies, lambda event: event.exc == "BlockingIOError", run)]


def blocking_io_errors(studies: Sequence[Study]) -> Measured:
    """BlockingIOErrors that Python raised."""
    return counted(_blocking_io_errors(studies))


def errnos(studies: Sequence[Study]) -> Measured:
    """Different errnos among the BlockingIOErrors: the first of each."""
    first: dict[str | None, At] = {}
    for at in _blocking_io_errors(studies):
        first.setdefault(event_at(studies, at).errno, at)
    return counted(first.values())


def returns(studies: Sequence[Study], run: int = -1) -> Sequence[At]:
    """Returns of select of one run."""
    return calls(studies, _returned, run)


def _returned(event: Event) -> bool:
    return event.op in READINESS and event.t1 is not None and not event.failed and not event.not_yet


def wakeups(studies: Sequence[Study]) -> Measured:
    """Returns of select of the last run."""
    return counted(returns(studies))


def watch_calls(studies: Sequence[Study]) -> Measured:
    """Calls of register and unregister of the last run."""
    return counted(calls(studies, lambda event: event.op in ("register", "unregister")))


def first_failure(studies: Sequence[Study]) -> Measured:
    """The call that failed first (a "not yet" is no failure), or "none"; beside it the connect() that did not fail."""
    failed = calls(studies, lambda event: event.failed)
    if not failed:
        return Measured("none")
    connects = calls(studies, lambda event: event.op == "connect")
    return Measured(
        event_at(studies, failed[0]).op, failed[:1], [at for at in connects if at < failed[0]][-1:]
    )


MEASURES: Mapping[str, Measure] = {
    "not_yet": not_yet,
    "blocking_io_errors": blocking_io_errors,
    "errnos": errnos,
    "wakeups": wakeups,
    "watch_calls": watch_calls,
    "first_failure": first_failure,
}
"""Those that any lesson may name."""
