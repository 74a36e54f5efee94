"""The rule for what a selector is told, on traces told by hand."""

from __future__ import annotations

import pytest

from tests.analysis.story import Story
from tracedemo.runner import Run
from tracedemo.workshop.case import Case
from tracedemo.workshop.lesson import Scenario
from tracedemo.workshop.rules import watching

FD, KIND = 4, "EpollSelector"


def said(*steps: str) -> list[str]:
    """What is said of a socket, and of a selector, with which this is done."""
    story = Story()
    story.socket(FD)
    for step in steps:
        op, _, fd = step.partition(" ")
        number = int(fd or FD)
        if op == "selector":
            story.call("selector", number, result=number, selector=KIND)
        elif op == "closes":
            story.call("close", number, what=KIND)
        elif op == "register":
            story.call("register", number, events="READ", selector=KIND)
        else:
            story.call(op, number, selector=KIND) if op == "unregister" else story.call(op, number)
    case = Case(Scenario(name="told", rules=()), Run(story.trace(), 0, "", ""), {})
    return [broken.sentence for broken in watching.nothing_left.broken(case)]


@pytest.mark.parametrize(
    "steps",
    [
        ("selector 3", "register", "unregister", "close"),
        ("selector 3", "register", "close", "unregister"),
        ("selector 3", "register", "closes 3", "close"),
        ("selector 3", "register", "closes 3", "selector 3", "register", "closes 3", "close"),
    ],
)
def test_whoever_lets_go_in_time_is_left_alone(steps: tuple[str, ...]) -> None:
    """A socket may be unregistered before or behind its close; and a selector that is closed forgets it if it is open."""
    assert [] == said(*steps)


@pytest.mark.parametrize(
    "steps",
    [
        ("selector 3", "register", "close"),
        ("selector 3", "register", "close", "closes 3"),
        ("selector 3", "selector 5", "register", "closes 5", "close"),
        ("selector 3", "register", "closes 3", "selector 3", "register", "close", "closes 3"),
    ],
)
def test_what_is_closed_while_it_is_registered_is_named(steps: tuple[str, ...]) -> None:
    """A socket that is closed while registered is left there; with a second selector open nobody knows whose it was."""
    assert ["it is still registered at the end"] == said(*steps)
