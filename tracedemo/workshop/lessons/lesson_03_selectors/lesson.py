"""Measures of this lesson alone."""

from __future__ import annotations

from collections.abc import Sequence

from tracedemo.analysis.study import Study
from tracedemo.workshop.measures import At, Measured


def first_news(studies: Sequence[Study]) -> Measured:
    """What the first select of the last run reported: READ, WRITE, or "both"."""
    first = studies[-1].wakeups[0]
    words = {word for ready in first.ready for word in ready.events.split("|")}
    news = "both" if {"READ", "WRITE"} <= words else min(words)
    return Measured(news, [At(len(studies) - 1, first.row)])


MEASURES = {"first_news": first_news}
