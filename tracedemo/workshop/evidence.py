"""What is shown of the rows that made an answer: few enough to be read, and those at which a wrong belief breaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tracedemo.workshop.measures import At, Measured

FIRST, LAST = 3, 1
"""Of many rows that were counted these are shown, and how many stand between."""


class More(NamedTuple):
    """Rows that were counted, and are not shown."""

    rows: int


def evidence(found: Measured) -> Sequence[At | More]:
    """Rows to be shown, run by run, in order of time; what stands beside is shown whole."""
    runs = sorted({at.run for at in (*found.counted, *found.beside)})
    return [item for run in runs for item in _of_run(found, run)]


def _of_run(found: Measured, run: int) -> Sequence[At | More]:
    counted = [at for at in found.counted if at.run == run]
    beside = [at for at in found.beside if at.run == run]
    left = len(counted) - FIRST - LAST
    if left <= 1:  # one row more takes no more room than the line that tells of it
        return sorted([*counted, *beside])
    begin, end = counted[:FIRST], counted[-LAST:]
    placed: list[tuple[At, At | More]] = [(at, at) for at in (*begin, *end, *beside)]
    placed.append((max(begin), More(left)))
    return [item for _, item in sorted(placed, key=lambda pair: (pair[0], isinstance(pair[1], More)))]
