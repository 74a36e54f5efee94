"""Measures of this lesson alone; its rules are those of all schedulers (`rules.scheduler`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tracedemo.analysis.segments import is_call
from tracedemo.analysis.study import Study
from tracedemo.workshop.measures import Measure


def silence_shows_in(studies: Sequence[Study]) -> str:
    """The call that was the last to wait, and came back with nothing."""
    waited = [event for event in studies[-1].events if is_call(event) and event.args.get("waited")]
    return next((f"{event.op}()" for event in reversed(waited) if not event.result), "no call")


MEASURES: Mapping[str, Measure] = {"silence_shows_in": silence_shows_in}
