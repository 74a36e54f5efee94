"""Rules about what came out, on traces told by hand."""

from __future__ import annotations

import pytest

from tests.analysis.story import US, Story
from tracedemo.runner import Run
from tracedemo.workshop.case import Case
from tracedemo.workshop.lesson import Scenario
from tracedemo.workshop.rules import results


def said(*ops: str) -> list[str]:
    """What is said of a socket to which these things are done at last."""
    story = Story()
    story.socket(4, at=0)
    story.connect(4, "127.0.0.1:1")
    for number, op in enumerate(ops, 1):
        story.call(op, 4, at=number * US)
    case = Case(Scenario(name="told", rules=()), Run(story.trace(), 0, "", ""), {})
    return [broken.sentence for broken in results.closed.broken(case)]


@pytest.mark.parametrize(
    ("ops", "sentences"),
    [
        (["close"], []),
        ([], ["a socket was never closed"]),
        (["detach"], ["a socket gave its descriptor away, and nobody closed that"]),
    ],
)
def test_a_socket_is_closed_by_the_program(ops: list[str], sentences: list[str]) -> None:
    """A socket that nobody closes is found, also when its object has given the descriptor away."""
    assert sentences == said(*ops)
