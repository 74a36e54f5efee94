"""Several runs, walked through together: who walks, and where the others stand meanwhile.

Theory
    One run is walked, the others follow: by the clock, each counted from its own beginning; or by phase, at the
    counterpart of the step. Where the others stand follows from the step alone, not from the way there: where a step has
    no counterpart, they stand at that of the last step before it which has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cache

from tracedemo.analysis.walk import Walk


class Follow(StrEnum):
    """How the other runs follow."""

    CLOCK = "clock"
    PHASE = "phase"


def follow(walked: Walk, step: int, other: Walk, how: Follow) -> int:
    """Where another run stands while a step of one is looked at."""
    if how is Follow.CLOCK:
        return other.step_at(walked.at(step))
    return _counterparts(walked, other)[step]


@cache
def _counterparts(walked: Walk, other: Walk) -> Sequence[int]:
    """The step of the other run, for each step of the one that is walked."""
    found, place = [], 0
    for step in range(len(walked)):
        counterpart = other.counterpart(walked, step)
        place = place if counterpart is None else counterpart
        found.append(place)
    return found
