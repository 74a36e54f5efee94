"""A straight line through points: how cost grows with the work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Line(NamedTuple):
    """y = start + slope * x, by least squares."""

    start: float
    slope: float
    residual: float
    """Root of the mean square of what is left, as a part of the mean of y."""


def line_through(xs: Sequence[float], ys: Sequence[float], *, relative: bool = False) -> Line:
    """The line that is nearest.

    Args:
        relative: each point counts by its distance in parts of y, so that the large ones do not decide alone.
    """
    weights = [1 / (y * y) if relative and y else 1.0 for y in ys]
    whole = sum(weights)
    middle_x = sum(w * x for w, x in zip(weights, xs, strict=True)) / whole
    middle_y = sum(w * y for w, y in zip(weights, ys, strict=True)) / whole
    spread = sum(w * (x - middle_x) ** 2 for w, x in zip(weights, xs, strict=True))
    together = sum(w * (x - middle_x) * (y - middle_y) for w, x, y in zip(weights, xs, ys, strict=True))
    slope = together / spread if spread else 0.0
    start = middle_y - slope * middle_x
    off = [y - start - slope * x for x, y in zip(xs, ys, strict=True)]
    if relative:
        off = [each / y if y else 0.0 for each, y in zip(off, ys, strict=True)]
        return Line(start, slope, (sum(each * each for each in off) / len(off)) ** 0.5)
    mean = sum(ys) / len(ys)
    return Line(start, slope, (sum(each * each for each in off) / len(off)) ** 0.5 / mean if mean else 0.0)
