"""What is missing from a Trace: rows are numbered without gaps, so a gap is a loss."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from tracedemo.events import Trace


class Loss(NamedTuple):
    """Rows of one lane and process that are missing."""

    lane: str
    pid: int
    missing: int


def losses(trace: Trace) -> tuple[Loss, ...]:
    """Gaps in `seq`, by lane and process.  What was lost after the last row cannot be seen."""
    seen: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for lane, pid, seq in zip(trace.column("lane"), trace.column("pid"), trace.column("seq"), strict=True):
        seen[lane, pid].add(seq)
    gaps = ((lane, pid, max(numbers) + 1 - len(numbers)) for (lane, pid), numbers in seen.items())
    return tuple(Loss(lane, pid, missing) for lane, pid, missing in gaps if missing > 0)
