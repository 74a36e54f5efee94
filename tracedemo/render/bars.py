"""Bars: a length for a time, and a line cut by shares.  Each state keeps its pattern."""

from __future__ import annotations

from collections.abc import Mapping

from tracedemo.analysis.segments import State
from tracedemo.render.glyphs import STATE_STYLE, Glyphs
from tracedemo.render.grid import Cell


def bar(value: int, whole: int, width: int, state: State | None, glyphs: Glyphs) -> Cell:
    """A bar of `width` columns for the whole; what is not nothing is at least one column long."""
    if value <= 0 or whole <= 0 or state is None:
        return ()
    length = max(1, round(value / whole * width))
    return ((glyphs.states[state] * min(length, width), STATE_STYLE[state]),)


def shares(times: Mapping[State, int], width: int, glyphs: Glyphs) -> Cell:
    """A line of exactly `width` columns, cut by the time in each state; a state below half a column does not show."""
    whole = sum(times.values())
    if whole <= 0 or width <= 0:
        return ()
    exact = {state: time * width / whole for state, time in times.items()}
    lengths = {state: int(length) for state, length in exact.items()}
    missing = width - sum(lengths.values())
    for state in sorted(exact, key=lambda state: lengths[state] - exact[state])[:missing]:
        lengths[state] += 1
    return tuple(
        (glyphs.states[state] * length, STATE_STYLE[state]) for state, length in lengths.items() if length
    )
