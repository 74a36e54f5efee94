"""`--only recv,EAGAIN,fd=5`: which events to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tracedemo.events import Event, Trace


@dataclass(frozen=True, slots=True)
class Filter:
    """Terms by field.  Terms of one field are alternatives, fields must all agree: `recv,send,fd=5` is a recv or a send,
    on fd 5."""

    terms: Mapping[str, tuple[str, ...]]

    def matches(self, event: Event, phase: str | None = None) -> bool:
        """Whether an event is wanted; `phase` is its entry of `Phases.of_row`."""
        raise NotImplementedError


def parse(text: str, trace: Trace | None = None) -> Filter:
    """A filter from the words of the command line.

    Raises:
        UsageError: a word is neither an operation, an errno nor one of the known fields; it lists what is possible.
    """
    raise NotImplementedError


def matching(trace: Trace, only: Filter) -> list[int]:
    """Rows of an identified Trace that the filter wants, ascending."""
    raise NotImplementedError
