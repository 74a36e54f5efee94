"""Rules: what a trace must show, and a sentence for when it does not.

A rule never reads the learner's text, and knows no number of calls: it looks at what the program asked of the kernel, and
at what it printed. Outcomes are looked at before the way to them, in the order in which a scenario lists its rules; only
where a wrong outcome would be a mere consequence (of EMFILE, of a send() after a refusal) its cause is looked at first.

    @rule("refused/no-send", "Ask how connect() ended before you send.")
    def no_send(case):
        for row, event in case.calls:
            if ...:
                yield Broken("send() on a connection that never came to be", row)

The rules for all lessons stand in the files beside this one; a lesson's own in its `lesson.py`, as `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tracedemo.workshop.case import Case


class Broken(NamedTuple):
    """Where a rule is broken."""

    sentence: str
    """What happened, without fd and place; begins with a small letter, has no stop."""
    row: int | None = None
    """Of the trace; None: it is what did not happen."""
    fd: int | None = None
    """Where it is not that of the row."""
    line: int | None = None
    """Of the learner's file, where it is not that of the row."""
    remedy: str = ""
    """What to do, where that of the rule does not fit; one sentence."""


class Rule(NamedTuple):
    """One promise of a trace."""

    name: str
    """`topic/what`."""
    remedy: str
    """What to do; one sentence."""
    broken: Callable[[Case], Iterator[Broken]]


def rule(name: str, remedy: str) -> Callable[[Callable[[Case], Iterator[Broken]]], Rule]:
    """Make a rule of what finds where it is broken."""
    return lambda broken: Rule(name, remedy, broken)


def shortened(text: str, most: int = 120) -> str:
    """What a program said, for a sentence; three dots say that it said more."""
    return text if len(text) <= most else f"{text[:most]} ..."


def by_name(*groups: Rule) -> dict[str, Rule]:
    """A table of rules.

    Raises:
        ValueError: two have one name.
    """
    table = {one.name: one for one in groups}
    if len(table) != len(groups):
        raise ValueError("two rules have one name")
    return table
