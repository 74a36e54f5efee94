"""The rule for a connection that was refused, on traces told by hand."""

from __future__ import annotations

import pytest

from tests.analysis.story import Story
from tracedemo.runner import Run
from tracedemo.workshop.case import Case
from tracedemo.workshop.lesson import Scenario
from tracedemo.workshop.rules import refusing

FD = 4


def said(story: Story) -> list[str]:
    run = Run(story.trace(), 0, "", "")
    return [
        broken.sentence for broken in refusing.no_send.broken(Case(Scenario(name="told", rules=()), run, {}))
    ]


def sent(errno: str | None) -> Story:
    """A socket that connects, and a send that is told this."""
    story = Story()
    story.socket(FD)
    story.connect(FD)
    story.call("send", FD, size=9, errno=errno, exc="OSError" if errno else None)
    return story


@pytest.mark.parametrize("errno", ["ECONNREFUSED", "EPIPE", "ENOTCONN"])
def test_sent_to_nobody(errno: str) -> None:
    """A send that is told of a refusal shows that nobody has asked before."""
    assert [f"send() on a connection that never came to be: {errno}"] == said(sent(errno))


@pytest.mark.parametrize("errno", ["ECONNRESET", None])
def test_sent_to_somebody(errno: str | None) -> None:
    """A send that was taken, or that hears of a connection that broke later, is another matter."""
    assert [] == said(sent(errno))
