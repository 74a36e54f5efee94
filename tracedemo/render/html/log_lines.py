"""What the page's log needs beside the steps: which of them share a line, why a select woke up, what a filter looks at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tracedemo.analysis.filters import ANSWERS, FIELDS, FIXED
from tracedemo.analysis.text import clean
from tracedemo.events import NOT_YET
from tracedemo.render.html.columns import Frame, number_form
from tracedemo.render.html.steps import Steps, named
from tracedemo.render.html.texts import texts_form
from tracedemo.render.log import select
from tracedemo.render.log_cells import cause_text
from tracedemo.render.options import Options
from tracedemo.syscalls import ERRNO_MEANINGS, OPERATIONS, STEPS

HIDDEN = -1
"""A step that the folded log leaves out: a generator's, between repeats."""


def log_form(steps: Steps) -> dict[str, Any]:
    """Lines, reasons, and columns for the filter."""
    reasons = dict(_reasons(steps))
    some = Frame([-1] * len(reasons))
    return {
        "back": number_form(_back(steps)),
        "reasons": {
            "count": len(reasons),
            "steps": number_form(reasons),
            "texts": texts_form(some, list(reasons.values())),
        },
        "fields": _fields(steps),
    }


def filter_words() -> dict[str, Any]:
    """The words that a filter knows, as `--only` does."""
    return {
        "ops": sorted({row.name for row in (*OPERATIONS, *STEPS)}), "answers": list(ANSWERS), "fields": list(FIELDS),
        "fixed": {name: list(values) for name, values in FIXED.items()}, "errnos": list(ERRNO_MEANINGS),
        "notYet": sorted(NOT_YET),
    }  # fmt: skip


def _back(steps: Steps) -> list[int]:
    """How many steps before this one the last step of its line is; 0: its line begins here."""
    back = [HIDDEN] * len(steps.events)
    for line in select(steps.study, Options()).folds:
        last = None
        for row in line.rows:
            step = steps.step_of.get(row)
            if step is not None:
                back[step] = 0 if last is None else step - last
                last = step
    return back


def _reasons(steps: Steps) -> Iterator[tuple[int, str]]:
    """Why a select woke up, and what an errno means where it comes up first."""
    told = {"", None}
    for step, (row, event) in enumerate(zip(steps.walk.rows, steps.events, strict=True)):
        wakeup = steps.study.wakeup_of_row.get(row)
        if wakeup is not None:
            if text := cause_text(wakeup):
                yield step, clean(text)
        elif event.errno not in told:
            told.add(event.errno)
            if text := ERRNO_MEANINGS.get(event.errno or "", ""):
                yield step, text


def _fields(steps: Steps) -> dict[str, Any]:
    """What `--only` asks of an event and the steps do not say already."""
    frame, events = steps.frame, steps.events
    phases = [steps.study.phases.of_row[row] or "" for row in steps.walk.rows]
    return {
        "errno": _named(steps, "errno"), "exc": _named(steps, "exc"), "mark": _named(steps, "mark"),
        "lane": _named(steps, "lane"), "phase": named(phases, frame),
        "owned": frame.form([int(event.owner is not None) for event in events]),
        "fd": frame.form([-1 if event.fd is None else event.fd for event in events]),
        "conn": frame.form([event.conn or -1 for event in events]),
        "importing": frame.form([int("importing" in event.args) for event in events]),
        "pid": [lane.pid for lane in steps.study.states.threads], "tid": [lane.tid for lane in steps.study.states.threads],
    }  # fmt: skip


def _named(steps: Steps, field: str) -> dict[str, Any]:
    return named(steps.cleaned(field), steps.frame)
