"""How the tests of findings tell a story and ask for what it says."""

from __future__ import annotations

from tests.analysis.story import TID, US, Story
from tracedemo.analysis.findings import Finding
from tracedemo.analysis.study import Study
from tracedemo.events import FLOW, Event


def found(story: Story) -> dict[str, Finding]:
    """All findings, by kind; of a kind that is found more than once, the last."""
    return {finding.kind: finding for finding in Study(story.trace()).findings}


def kinds(story: Story) -> list[str]:
    """The kinds that are found, in their order."""
    return [finding.kind for finding in Study(story.trace()).findings]


def turn(
    story: Story, took: int | None = 100 * US, owner: str | None = "Task-1 (main)", **fields: object
) -> Event:
    """A callback of the loop begins now: calls that are told next lie in it as long as `took` lasts."""
    now = story.clock.get(TID, 0)
    args = {name: fields.pop(name) for name in ("step", "callback") if name in fields} or {"step": "main"}
    story.clock[TID] = now + 1
    t1 = None if took is None else now + took
    return story.add(FLOW, "callback", now, t1, owner=owner, args=args, **fields)


def told(story: Story, kind: str) -> list[tuple[str, int | None]]:
    """The evidence of a kind: operation and descriptor of each row."""
    study = Study(story.trace())
    (finding,) = [one for one in study.findings if one.kind == kind]
    return [(study.events[row].op, study.events[row].fd) for row in finding.rows]
