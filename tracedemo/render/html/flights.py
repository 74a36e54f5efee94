"""How many connections are in flight, and a sentence that says what the picture of many sockets shows."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from tracedemo.analysis.segments import State
from tracedemo.analysis.summary import flights
from tracedemo.render.html.columns import number_form
from tracedemo.render.html.steps import Steps
from tracedemo.render.words import count, percent_words

NONE, NUMBER, NEVER = -1, -2, -3
"""A socket that is not counted; an end that is no call's, and is given as a number; one that did not come."""


def flights_form(steps: Steps) -> dict[str, Any]:
    """From when to when each socket is in flight: which of its own steps begins and ends it."""
    own: list[list[int]] = [[] for _ in steps.told]
    for step, conn in enumerate(steps.conns):
        if conn >= 0:
            own[conn].append(step)
    spans = flights(steps.walk.shown)
    begins, ends = [], []
    numbers: list[int] = []
    for socket in steps.walk.shown:
        mine = own[steps.told_of[socket.number]]
        begin, end = spans.get(socket.number, (None, None))
        begins.append(NONE if begin is None else _which(begin, mine, steps, numbers))
        ends.append(NEVER if end is None else _which(end, mine, steps, numbers))
    return {
        "begin": number_form(begins), "end": number_form(ends), "numbers": numbers,
        "most": steps.study.summary.in_flight, "text": many_text(steps),
    }  # fmt: skip


def _which(time: int, mine: Sequence[int], steps: Steps, numbers: list[int]) -> int:
    """The place among a socket's steps of one that is entered at this nanosecond."""
    place = bisect_left(mine, time, key=lambda step: steps.events[step].t0)
    if place < len(mine) and steps.events[mine[place]].t0 == time:
        return place
    numbers.append(steps.time(time))
    return NUMBER


def many_text(steps: Steps) -> str:
    """The run in numbers, for those who do not see the picture."""
    found, study = steps.study.summary, steps.study
    ready = sum(len(wakeup.ready) for wakeup in study.wakeups)
    text = f"{count(len(steps.walk.shown), 'socket')} on {count(found.threads, 'thread')}"
    text += f", {found.in_flight:,} of them in flight at most"
    if found.wakeups:
        each = f"{ready / found.wakeups:,.1f}".removesuffix(".0")
        text += f"; {count(found.wakeups, 'wakeup')}, with {each} sockets ready in each on average"
    waits = {State.ASLEEP: "asleep in select()", State.BLOCKED: "blocked"}
    shares = [
        f"{words} for {percent_words(found.share(state))}"
        for state, words in waits.items()
        if found.states[state]
    ]
    whose = "the thread was" if found.threads == 1 else "threads were"
    return f"{text}; {whose} {' and '.join(shares)} of the time." if shares else f"{text}."
