"""What is missing from a Trace: rows are numbered without gaps, so a gap is a loss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tracedemo.events import PYTHON, Header, Trace


class Loss(NamedTuple):
    """Rows of one lane and process that are missing."""

    lane: str
    pid: int
    missing: int


def losses(trace: Trace) -> tuple[Loss, ...]:
    """Gaps in `seq`, by lane and process.  What was lost after the last row cannot be seen."""
    seen: defaultdict[tuple[str, int], _Numbers] = defaultdict(_Numbers)
    for lane, (pid, seq) in zip(trace.column("lane"), trace.keys("pid", "seq"), strict=True):
        numbers = seen[lane, pid]
        if seq == numbers.following:
            numbers.following += 1
        else:
            numbers.add(seq)
    gaps = ((lane, pid, numbers.missing()) for (lane, pid), numbers in seen.items())
    return tuple(Loss(lane, pid, missing) for lane, pid, missing in gaps if missing > 0)


@dataclass(slots=True)
class _Numbers:
    """Which numbers were seen: all below one, and some others, few of them where nothing is lost."""

    following: int = 0
    others: set[int] = field(default_factory=set)

    def add(self, number: int) -> None:
        """A number out of order."""
        if number > self.following or number < 0:
            self.others.add(number)

    def missing(self) -> int:
        """How many there are not below the greatest one."""
        while self.following in self.others:
            self.others.remove(self.following)
            self.following += 1
        others = {number for number in self.others if not 0 <= number < self.following}
        return max(self.following - 1, *others, -1) + 1 - self.following - len(others)


def kept(header: Header) -> str:
    """Which part of the calls was kept, a clause; empty when all were."""
    dropped, left = header.dropped.get(PYTHON, 0), header.recorded.get(PYTHON, 0)
    if not dropped:
        return ""
    which = f"{header.keep} {left:,} were" if left != 1 else f"{header.keep} one was"
    return f"Of {left + dropped:,} calls the {which} kept"


def beyond_dropped(found: Iterable[Loss], header: Header) -> Iterator[Loss]:
    """What is missing besides the rows that the recorder says it dropped: these leave gaps, too."""
    told = dict(header.dropped)
    for loss in found:
        known = min(told.get(loss.lane, 0), loss.missing)
        told[loss.lane] = told.get(loss.lane, 0) - known
        if loss.missing > known:
            yield loss._replace(missing=loss.missing - known)
