"""Measures of this lesson alone; its rules are those of all schedulers (`rules.scheduler`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tracedemo.analysis.study import Study
from tracedemo.workshop.measures import Measure, Measured, calls, event_at


def silence_shows_in(studies: Sequence[Study]) -> Measured:
    """The call that was the last to wait, and came back with nothing."""
    waited = calls(studies, lambda event: bool(event.args.get("waited")) and not event.result)
    return Measured(f"{event_at(studies, waited[-1]).op}()" if waited else "no call", waited[-1:])


MEASURES: Mapping[str, Measure] = {"silence_shows_in": silence_shows_in}
