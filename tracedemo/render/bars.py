"""Bars: a length for a time, and a line cut by shares.  Each state keeps its pattern."""

from __future__ import annotations

from collections.abc import Mapping

from tracedemo.analysis.states import State
from tracedemo.render.glyphs import STATE_STYLE, Glyphs
from tracedemo.render.grid import Cell


def bar(value: int, whole: int, width: int, state: State | None, glyphs: Glyphs) -> Cell:
    """A bar of `width` columns for the whole; what is not nothing is at least one column long."""
    if value <= 0 or whole <= 0 or state is None:
        return ()
    length = max(1, round(value / whole * width))
    return ((glyphs.states[state] * min(length, width), STATE_STYLE[state]),)


def shares(times: Mapping[State, int], width: int, glyphs: Glyphs) -> Cell:
    """A line of exactly `width` columns, cut by the time in each state; what is not nothing gets at least one."""
    whole = sum(times.values())
    if whole <= 0 or width <= 0:
        return ()
    lengths = {state: max(1, int(time / whole * width)) for state, time in times.items() if time > 0}
    # The longest one bears the rounding, so that the line ends where it should.
    longest = max(lengths, key=lambda state: times[state])
    lengths[longest] = max(1, lengths[longest] + width - sum(lengths.values()))
    return tuple((glyphs.states[state] * length, STATE_STYLE[state]) for state, length in lengths.items())
