"""What the page knows of a diff: connection by connection, what only one run did, or did otherwise, with the steps."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from tracedemo.analysis.diff import ADDED, REMOVED, Diff, Group, Side, Step
from tracedemo.analysis.diff.saying import total_says
from tracedemo.analysis.study import Study
from tracedemo.analysis.text import clean
from tracedemo.analysis.walk import Walk
from tracedemo.render.words import capital, place

MOST = 500
"""Differences of a connection that are shown; the others are counted."""

_SIGNS = {REMOVED: "-", ADDED: "+"}

Rows = tuple[Sequence[int], Sequence[int]]
"""Rows of the Trace that are steps, in each run."""


def differences_form(found: Diff, studies: Sequence[Study]) -> dict[str, Any]:
    """The diff of the first two runs of the page.

    Args:
        studies: A and B, in the order in which they were compared.
    """
    steps = (Walk(studies[0]).rows, Walk(studies[1]).rows)
    like = found.like
    groups = [group for group in found.groups if group.says or any(group.differences)]
    return {
        "told": clean(total_says(found)), "notes": [clean(text) for text in (*found.endings, *found.notes)],
        "groups": [_group(group, like.get(group.title, ""), steps) for group in groups],
    }  # fmt: skip


def _group(group: Group, like: str, steps: Rows) -> dict[str, Any]:
    different = list(group.differences)
    return {
        "title": clean(capital(group.title)), "says": clean(group.says), "like": clean(like),
        "items": [] if like else [_item(step, steps) for step in different[:MOST]],
        "number": len(different),
    }  # fmt: skip


def _item(step: Step, steps: Rows) -> Mapping[str, Any]:
    return {
        "sign": _SIGNS.get(step.kind, "~"), "phase": clean(step.phase), "says": clean(step.says),
        "sides": [_side(side, rows) for side, rows in zip((step.a, step.b), steps, strict=True)],
        "beneath": [clean(below.says) for below in step.beneath],
    }  # fmt: skip


def _side(side: Side | None, rows: Sequence[int]) -> Mapping[str, Any] | None:
    if side is None:
        return None
    at = bisect_left(rows, side.rows[0])
    known = at < len(rows) and rows[at] == side.rows[0]
    return {
        "call": clean(side.call), "answer": clean(side.answer), "times": side.times, "step": at if known else -1,
        "place": clean(place(side.site)) if side.site else "", "source": clean(side.source),
    }  # fmt: skip
