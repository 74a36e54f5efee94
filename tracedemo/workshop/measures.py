"""Measures: what a question asks of a run.  Each takes the runs of a lesson's command and gives a number, or a word.

A command may be one that runs several programs (`compare`); so a measure is given a Study for each of them, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tracedemo.analysis.study import Study

Measure = Callable[[Sequence[Study]], int | str]


def not_yet(studies: Sequence[Study]) -> int:
    """Answers "not yet" of all runs."""
    return sum(study.summary.not_yets for study in studies)


def blocking_io_errors(studies: Sequence[Study]) -> int:
    """BlockingIOErrors that Python raised."""
    return sum(sum(study.summary.blocking_io_errors.values()) for study in studies)


def errnos(studies: Sequence[Study]) -> int:
    """Different errnos among the BlockingIOErrors."""
    return len({errno for study in studies for errno in study.summary.blocking_io_errors})


def wakeups(studies: Sequence[Study]) -> int:
    """Returns of select of the last run."""
    return studies[-1].summary.wakeups


def watch_calls(studies: Sequence[Study]) -> int:
    """Calls of register and unregister of the last run."""
    by_op = studies[-1].summary.by_op
    return by_op.get("register", 0) + by_op.get("unregister", 0)


def first_failure(studies: Sequence[Study]) -> str:
    """The call that failed first (a "not yet" is no failure); "none"."""
    return next((event.op for event in studies[-1].events if event.lane == "python" and event.failed), "none")


MEASURES: Mapping[str, Measure] = {
    "not_yet": not_yet,
    "blocking_io_errors": blocking_io_errors,
    "errnos": errnos,
    "wakeups": wakeups,
    "watch_calls": watch_calls,
    "first_failure": first_failure,
}
"""Those that any lesson may name."""
