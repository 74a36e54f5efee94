"""Measures of this lesson alone."""

from __future__ import annotations

from collections.abc import Sequence

from tracedemo.analysis.study import Study


def first_news(studies: Sequence[Study]) -> str:
    """What the first select of the last run reported: READ, WRITE, or "both"."""
    words = {word for ready in studies[-1].wakeups[0].ready for word in ready.events.split("|")}
    return "both" if {"READ", "WRITE"} <= words else min(words)


MEASURES = {"first_news": first_news}
