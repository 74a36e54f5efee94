"""The sockets of a run, and what becomes of each of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from tracedemo.analysis.text import clean
from tracedemo.analysis.walk import Status
from tracedemo.render.html.columns import Frame, number_form
from tracedemo.render.html.lanes import lanes_form
from tracedemo.render.html.steps import Steps, named
from tracedemo.render.html.texts import texts_form

STATUSES = tuple(Status)


def sockets_form(steps: Steps) -> dict[str, Any]:
    """All that is known of the sockets that have a lane, and the story of those and of the ones that listen."""
    shown = steps.walk.shown
    frame = Frame([steps.told_of[socket.number] for socket in shown], steps.facts)
    lookups = [_step(socket.lookup_row, steps) for socket in shown]
    return {
        "count": len(shown),
        "told": number_form(frame.groups),
        "label": texts_form(frame, [clean(socket.label) for socket in shown]),
        "owner": texts_form(frame, [clean(", ".join(socket.owners)) for socket in shown]),
        "peer": texts_form(frame, [clean(socket.peer or "") for socket in shown]),
        "kind": named([socket.kind for socket in shown]),
        "place": frame.form([steps.walk.place_of.get(socket.number, 0) for socket in shown]),
        "lookup": number_form(lookups),
        "lanes": lanes_form(steps.study.states.connections, _calls(steps, lookups), steps),
        "stories": _stories_form(steps),
    }


def _step(row: int | None, steps: Steps) -> int:
    return -1 if row is None else steps.step_of.get(row, -1)


def _calls(steps: Steps, lookups: Sequence[int]) -> list[list[int]]:
    """Of each lane the steps that are its calls."""
    calls: list[list[int]] = [[lookup] if lookup >= 0 else [] for lookup in lookups]
    for step, event in enumerate(steps.events):
        lane = steps.socket_of.get(event.conn or 0, -1)
        if lane >= 0 and steps.states[step] and step != lookups[lane]:
            calls[lane].append(step)
    for own in calls:
        own.sort()
    return calls


def _stories_form(steps: Steps) -> dict[str, Any]:
    """Stories are much alike: each kind is told once, as changes of five numbers. These are: which of the steps on this
    socket makes it (-1: some other step, told of each story); the status; what is watched for; the descriptor (0: as
    before, 1: none, else two more than it); whether its call waits. Of each socket there is only which kind its story is,
    those other steps, and its first descriptor.
    """
    told = steps.told
    frame = Frame(range(len(told)), steps.facts)
    own: list[list[int]] = [[] for _ in told]
    for step, conn in enumerate(steps.conns):
        if conn >= 0:
            own[conn].append(step)
    pids = list(dict.fromkeys(lane.pid for lane in steps.study.states.threads))
    kinds: dict[tuple[int, ...], int] = {}
    events: dict[str, int] = {"": 0}
    codes, others, fds = [], [], []
    for socket, mine in zip(told, own, strict=True):
        changes = steps.walk.stories.changes[socket.number]
        last = changes[0].fd
        fds.append(-1 if last is None else last)
        kind: list[int] = []
        for change in changes:
            which = bisect_left(mine, change.step)
            if which == len(mine) or mine[which] != change.step:
                which = -1
                others.append(change.step)
            fd = 0 if change.fd == last else 1 if change.fd is None else change.fd + 2
            last = change.fd
            what = events.setdefault(clean(change.events), len(events))
            kind += (which, STATUSES.index(change.status), what, fd, bool(change.op))
        codes.append(kinds.setdefault(tuple(map(int, kind)), len(kinds)))
    return {
        "count": len(told), "label": texts_form(frame, [clean(socket.label) for socket in told]),
        "process": number_form(pids.index(socket.pid) if socket.pid in pids else -1 for socket in told),
        "kinds": list(kinds), "code": number_form(codes), "others": number_form(others), "otherCount": len(others),
        "fd": frame.form(fds), "events": list(events),
    }  # fmt: skip
