"""Folding of turns: a loop that does the same again and again does it once here, with a count.

A stretch of one, two or three turns that is repeated is one `Group`. Turns are alike when the loop found the same, and the
same callbacks ran for the same owners and got the same answers; how long that took may differ. A turn that blocked the loop
is never folded.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from tracedemo.analysis.turns import Handle, Turn

LONGEST = 3
"""So many turns can be repeated together: a wakeup, the step that it leads to, and one more."""

_LEAST = {1: 2, 2: 3, 3: 3}
"""How often a stretch of so many turns has to stand there before it is folded."""


@dataclass(frozen=True, slots=True)
class Group:
    """Turns that follow each other."""

    turns: tuple[Turn, ...]
    period: int
    """The first so many stand for all."""

    @property
    def shown(self) -> Sequence[Turn]:
        """The turns that stand for all."""
        return self.turns[: self.period]

    @property
    def times(self) -> int:
        """How often they are there."""
        return len(self.turns) // self.period


def fold_turns(turns: Sequence[Turn], *, unfold: bool = False) -> Iterator[Group]:
    """All turns in their order, repeats together.

    Args:
        unfold: nothing is put together.
    """
    numbers: dict[Hashable, int] = {}
    keys = [numbers.setdefault(_key(turn), len(numbers)) for turn in turns]
    place = 0
    while place < len(turns):
        period, times = (1, 1) if unfold else _repeats(keys, place)
        yield Group(tuple(turns[place : place + period * times]), period)
        place += period * times


def _repeats(keys: Sequence[int], place: int) -> tuple[int, int]:
    """How many turns are repeated from here on, and how often they stand there: whatever covers most."""
    best = 1, 1
    for period in range(1, LONGEST + 1):
        times, stretch = 1, keys[place : place + period]
        while keys[place + times * period : place + (times + 1) * period] == stretch:
            times += 1
        if times >= _LEAST[period] and times * period > best[0] * best[1]:
            best = period, times
    return best


def _key(turn: Turn) -> Hashable:
    """What makes two turns alike."""
    if turn.blocked or turn.row is None or turn.t1 is None:
        return turn.number, turn.t0
    return (
        turn.ready,
        turn.slept > 0,
        turn.timeout if turn.timeout is None else turn.timeout > 0,
        turn.failed,
        turn.lost,
        turn.registered,
        turn.watched,
        tuple(map(_handle_key, turn.handles)),
    )


def _handle_key(handle: Handle) -> Hashable:
    asked = tuple(one._replace(fd=None) for one in handle.asked)
    return handle.owner, handle.name, handle.step, handle.site, handle.nested, handle.returned, asked
