"""Two series of calls, laid beside each other: step by step.

First what is wholly the same, in the longest order that both have in common; then, in each gap between, what is the same
but for the system calls beneath; then what was asked alike; then calls of the same name that were answered alike; then
calls of the same name. What is left only one run has.

Calls that are alike and follow each other are one item, so that 268 "not yets" against 301 are one difference.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import NamedTuple

from tracedemo.analysis.diff.common import common
from tracedemo.analysis.diff.model import (
    ADDED,
    ANSWER,
    ARGUMENTS,
    BENEATH,
    REMOVED,
    REPEATS,
    SAME,
    Side,
    Step,
)
from tracedemo.analysis.diff.same import Sameness
from tracedemo.analysis.diff.saying import step_says, with_more
from tracedemo.analysis.identity import OPENING
from tracedemo.analysis.segments import is_readiness
from tracedemo.analysis.sentences import answer_text, call_text
from tracedemo.analysis.study import Study
from tracedemo.analysis.system_calls import answered, asked
from tracedemo.events import KERNEL, Event, Site

Keys = tuple[int, ...]
"""Of a call, from all that is told of it to its name alone: it is the same as another one as far as these are."""
_LEVELS = (SAME, BENEATH, ANSWER, ARGUMENTS, ARGUMENTS)


class Item(NamedTuple):
    """Calls that are alike and follow each other."""

    keys: Keys
    rows: tuple[int, ...]


Laid = tuple[Item | None, Item | None, int]
"""An item of A and its counterpart in B, and as far as which key they are the same."""

_NOTHING = Item((), ())
_MOST_ONE_BY_ONE = 4_000
"""Calls of both runs."""


class Alike:
    """Numbers for values of both runs, equal where these are: they are compared again and again."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def __call__(self, value: Hashable) -> int:
        """The number of a value."""
        return self._numbers.setdefault(value, len(self._numbers))


class Run:
    """One of the two runs, while it is compared.

    Args:
        alike: the same for both.
        kernel: whether the system calls under its calls count, too.
    """

    def __init__(self, study: Study, same: Sameness, alike: Alike, *, kernel: bool) -> None:
        self.study = study
        self.same = same
        self._alike = alike
        self._beneath = study.join.beneath if kernel and study.join else {}
        # Most calls are said again and again: whoever has the same values there is told by the same text.
        says = study.trace.keys("lane", "op", "args", "result", "errno", "exc", "bytes", "mark")
        returned = study.trace.column("t1").each(lambda t1: t1 is not None)
        fds = study.trace.column("fd").codes
        self._codes = list(zip(says, returned, fds, strict=True))
        self._keys: dict[Hashable, Keys] = {}
        self._texts: dict[Hashable, tuple[str, str]] = {}
        self._sites = study.trace.column("site").codes, study.trace.column("user_site").codes
        self._sources: dict[tuple[int, int], tuple[Site | None, str]] = {}

    def items(self, rows: Iterable[int]) -> list[Item]:
        """Calls, repeats in a row taken together."""
        return [Item(keys, tuple(found)) for keys, found in groupby(rows, self.keys)]

    def keys(self, row: int) -> Keys:
        """As far as which a call is the same as another one."""
        event = self.study.events[row]
        if event.lane == KERNEL or is_readiness(event.op) or row in self._beneath:
            return self._told(row)
        code = self._codes[row][:2]
        found = self._keys.get(code)
        if found is None:
            found = self._keys[code] = self._told(row)
        return found

    def _told(self, row: int) -> Keys:
        op, beneath = self.study.events[row].op, tuple(map(self._whole, self.beneath(row)))
        call = self._alike((op, self.same.asked(row)))
        answer = self._alike((op, "answered", self.same.answered(row)))
        whole = self._alike((call, answer))
        return (self._alike((whole, beneath)), whole, call, answer, self._alike(op))

    def _whole(self, row: int) -> Hashable:
        return (self.study.events[row].op, self.same.asked(row), self.same.answered(row))

    def beneath(self, row: int) -> Sequence[int]:
        """Its system calls; none if they don't count."""
        return self._beneath.get(row, ())

    def phase(self, item: Item) -> str:
        """What it was for; empty for system calls."""
        return self.study.phases.of_row[item.rows[0]] or ""

    def kernel(self, item: Item) -> bool:
        """Whether it is a system call."""
        return self.study.events[item.rows[0]].lane == KERNEL

    def side(self, item: Item, asked_more: Iterable[str] = (), answered_more: Iterable[str] = ()) -> Side:
        """An item as it is shown.

        Args:
            asked_more: arguments that the short form may leave out ...
            answered_more: ... and parts of the answer.
        """
        row = item.rows[0]
        event = self.study.events[row]
        call, answer = self._text(row, event)
        if asked_more:
            values = {name: str(event.args[name]) for name in asked_more if name in event.args}
            call = with_more(call, values, asked_more)
        if answered_more:
            answer = with_more(answer, self.same.answer(row), answered_more)
        return Side(item.rows, event.seq, call, answer, *self._source(row, event))

    def _text(self, row: int, event: Event) -> tuple[str, str]:
        opens = event.op in OPENING or event.op == "selector"  # which answer with their descriptor
        code = self._codes[row] if opens else self._codes[row][:2]
        if code not in self._texts:
            call, answer = (asked, answered) if event.lane == KERNEL else (call_text, answer_text)
            self._texts[code] = call(event), answer(event)
        return self._texts[code]

    def _source(self, row: int, event: Event) -> tuple[Site | None, str]:
        code = self._sites[0][row], self._sites[1][row]
        if code not in self._sources:
            self._sources[code] = event.place, self.study.source(event.place).strip()
        return self._sources[code]


def steps(a: Run, b: Run, rows_a: Iterable[int], rows_b: Iterable[int]) -> Iterator[Step]:
    """Two series of calls beside each other."""
    for left, right, level in laid(a.items(rows_a), b.items(rows_b)):
        yield _step(a, b, left, right, level)


def laid(a: Sequence[Item], b: Sequence[Item]) -> Iterator[Laid]:
    """Items beside each other.  Repeats are one item, which is quick, and tells best what is repeated more often; where
    that tears repeats apart (a call in their middle is another one), the calls there are laid one by one.
    """
    stretch: list[Laid] = []
    found = aligned([it.keys for it in a], [it.keys for it in b])
    for one, other, level in chain(found, [(None, None, 0)]):
        left, right = None if one is None else a[one], None if other is None else b[other]
        if level == 0 and (left is None or right is None or len(left.rows) == len(right.rows)):
            if stretch:
                yield from _one_by_one(stretch) if _torn(stretch) else stretch
                stretch = []
            if left or right:
                yield (left, right, level)
        else:
            stretch.append((left, right, level))


def _torn(stretch: Sequence[Laid]) -> bool:
    repeated = {left.keys for left, right, level in stretch if left and right and not level}
    alone = {(left or right or _NOTHING).keys for left, right, _ in stretch if not (left and right)}
    many = sum(len(it.rows) for left, right, _ in stretch for it in (left, right) if it)
    return not repeated.isdisjoint(alone) and many <= _MOST_ONE_BY_ONE


def _one_by_one(stretch: Sequence[Laid]) -> Iterator[Laid]:
    a = [Item(left.keys, (row,)) for left, _, _ in stretch if left for row in left.rows]
    b = [Item(right.keys, (row,)) for _, right, _ in stretch if right for row in right.rows]
    last: Laid | None = None
    for one, other, level in aligned([it.keys for it in a], [it.keys for it in b]):
        now = (None if one is None else a[one], None if other is None else b[other], level)
        if last and (joint := _joint(last, now)) is not None:
            last = (_joined(last[0], now[0]), _joined(last[1], now[1]), joint)
        else:
            if last:
                yield last
            last = now
    if last:
        yield last


def _joint(last: Laid, now: Laid) -> int | None:
    """As far as which key the two together are the same, if on each side they are of the same calls; else None."""
    left, right = ({it.keys for it in side if it} for side in zip(last[:2], now[:2], strict=True))
    if len(left | right) == 1:
        return 0
    both = None not in (*last[:2], *now[:2])
    return now[2] if both and len(left) == len(right) == 1 else None


def _joined(one: Item | None, two: Item | None) -> Item | None:
    return Item(one.keys, one.rows + two.rows) if one and two else one or two


def aligned(a: Sequence[Keys], b: Sequence[Keys]) -> Iterator[tuple[int | None, int | None, int]]:
    """(place in A, place in B, as far as which key they are the same), in order; None: it has no counterpart."""
    return _aligned(a, b, range(len(a)), range(len(b)), 0)


def _aligned(
    a: Sequence[Keys], b: Sequence[Keys], in_a: range, in_b: range, level: int
) -> Iterator[tuple[int | None, int | None, int]]:
    if not in_a or not in_b or level == len(_LEVELS):
        yield from ((place, None, level) for place in in_a)
        yield from ((None, place, level) for place in in_b)
        return
    pairs = common([a[place][level] for place in in_a], [b[place][level] for place in in_b])
    next_a, next_b = in_a.start, in_b.start
    for one, other in ((in_a[one], in_b[other]) for one, other in pairs):
        yield from _aligned(a, b, range(next_a, one), range(next_b, other), level + 1)
        yield one, other, level
        next_a, next_b = one + 1, other + 1
    yield from _aligned(a, b, range(next_a, in_a.stop), range(next_b, in_b.stop), level + 1)


def _step(a: Run, b: Run, left: Item | None, right: Item | None, level: int) -> Step:
    if left is None or right is None:
        return _alone(a, left, REMOVED) if left else _alone(b, right or _NOTHING, ADDED)
    kind = _LEVELS[level]
    if kind == SAME and len(left.rows) != len(right.rows):
        kind = REPEATS
    one, other = a.side(left), b.side(right)
    if kind == ARGUMENTS and one.call == other.call:
        names = _differing(a.same.arguments(left.rows[0]), b.same.arguments(right.rows[0]))
        one, other = a.side(left, names), b.side(right, names)
    elif kind == ANSWER and one.answer == other.answer:
        names = _differing(a.same.answer(left.rows[0]), b.same.answer(right.rows[0]))
        one, other = a.side(left, (), names), b.side(right, (), names)
    beneath = () if kind == SAME else tuple(_beneath(a, b, left.rows[0], right.rows[0]))
    says = step_says(kind, one, other, len(beneath), kernel=a.kernel(left))
    return Step(kind, a.phase(left), one, other, says, beneath)


def _alone(run: Run, item: Item, kind: str) -> Step:
    side = run.side(item)
    one, other = (side, None) if kind == REMOVED else (None, side)
    return Step(kind, run.phase(item), one, other, step_says(kind, one, other, kernel=run.kernel(item)))


def _differing(a: Mapping[str, str], b: Mapping[str, str]) -> tuple[str, ...]:
    """Names of which the values differ: where the short form says nothing of them, they are to be said."""
    return tuple(sorted(name for name in {**a, **b} if a.get(name) != b.get(name)))


def _beneath(a: Run, b: Run, row_a: int, row_b: int) -> Iterator[Step]:
    """The system calls under a call that differ."""
    found = steps(a, b, a.beneath(row_a), b.beneath(row_b))
    return (step for step in found if step.kind != SAME)
