"""Folding: a call that is repeated with the same answer becomes one line with a count.

Two ways to be repeated
    * In a row: the same call by the same owner on the same descriptor with the same answer, and nothing in between.
    * In turn: a program that asks all its sockets again and again makes a pattern A B C A B C, with a yield and a resume
      between any two. As long as nothing happens but "not yet" and such steps, order says nothing; such a stretch is folded
      by owner and descriptor: A x 100, B x 100, C x 100.

No row is lost: each is in exactly one Fold, and `unfold` gives all back in their order.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from tracedemo.analysis.segments import READINESS
from tracedemo.events import FLOW, KERNEL, NOT_YET, SERVER, TRACER, Event, Trace


@dataclass(frozen=True, slots=True)
class Fold:
    """One line of a log: a row, or several that are alike."""

    rows: tuple[int, ...]
    """Rows of the Trace, ascending, at least one."""
    time: int
    """Nanoseconds inside all of them together; one that never returned counts 0."""

    @property
    def first(self) -> int:
        """The row that stands for all."""
        return self.rows[0]

    @property
    def last(self) -> int:
        """The last row."""
        return self.rows[-1]

    @property
    def count(self) -> int:
        """How many rows."""
        return len(self.rows)


def fold(trace: Trace, rows: Iterable[int] | None = None, least: int = 3) -> tuple[Fold, ...]:
    """Lines for some rows of an identified Trace, in order of their first row.

    Args:
        rows: rows to show, ascending; None: all.
        least: fewer rows than this stay one by one.
    """
    events, keys = trace.hold(), list(_keys(trace))
    groups = _groups(events, keys, range(len(events)) if rows is None else rows)
    return tuple(chain.from_iterable(_folded(group, events, keys, least) for group in groups))


def last_group(trace: Trace, rows: Iterable[int]) -> Sequence[int]:
    """The last of these rows that `fold` looks at together: with more rows behind them, they may be told otherwise."""
    group: Sequence[int] = ()
    for group in _groups(trace.hold(), list(_keys(trace)), rows):  # noqa: B007
        pass
    return group


def _groups(events: Sequence[Event], keys: Sequence[Hashable], rows: Iterable[int]) -> Iterator[list[int]]:
    """Rows taken together: a stretch in which nothing happens, or one call in a row."""
    group: list[int] = []
    idle_group = False
    for row in rows:
        idle = _idle(events[row])
        if group and not (idle_group and idle) and keys[row] != keys[group[-1]]:
            yield group
            group = []
        idle_group = idle if not group else idle_group and idle
        group.append(row)
    if group:
        yield group


def unfold(folds: Iterable[Fold]) -> list[int]:
    """The rows again, in their order."""
    return sorted(row for fold in folds for row in fold.rows)


def _folded(
    group: Sequence[int], events: Sequence[Event], keys: Sequence[Hashable], least: int
) -> Iterable[Fold]:
    """The lines of a group, by their first row."""
    if len(group) < least:
        return [Fold((row,), events[row].duration or 0) for row in group]
    alike: dict[Hashable, list[int]] = {}
    for row in group:
        alike.setdefault(keys[row], []).append(row)
    lines: list[Fold] = []
    for found in alike.values():
        if len(found) >= least:
            lines.append(Fold(tuple(found), sum(events[row].duration or 0 for row in found)))
        else:
            lines.extend(Fold((row,), events[row].duration or 0) for row in found)
    return sorted(lines, key=lambda line: line.rows[0])


def _idle(event: Event) -> bool:
    """Nothing happened to the program: a "not yet", an empty look around, a step of a generator, the tool's own call; or
    the server did something, which the program learns of by a call of its own.
    """
    if event.lane == FLOW:
        return event.op in ("yield", "resume")
    if event.lane == SERVER or event.mark == TRACER or event.errno in NOT_YET:
        return True
    return event.op in READINESS and not event.result and not event.failed and event.t1 is not None


_TELLING = ("value", "piece", "callback", "step")
"""Arguments that are part of what a step is."""


def _keys(trace: Trace) -> Iterator[Hashable]:
    """What makes two rows alike."""
    steps = trace.column("args").each(lambda args: tuple(_plain(args.get(name)) for name in _TELLING))
    returned = trace.column("t1").each(lambda t1: t1 is not None)
    says = trace.keys(
        "op", "owner", "lane", "pid", "tid", "fd", "conn", "mark", "errno", "exc", "bytes", "result"
    )
    # Of a system call all that it was asked: what is left out of its short form may be what differs.
    lanes, asked = trace.column("lane"), (code for (code,) in trace.keys("args"))
    args = (code if lane == KERNEL else 0 for lane, code in zip(lanes, asked, strict=True))
    return zip(says, steps, returned, args, strict=True)


def _plain(value: object) -> Hashable:
    """The same, or its text: a file that somebody has written may hold anything there."""
    return value if value is None or isinstance(value, str) else repr(value)
