"""What stands in a slice: its name, which gives it its colour; its category; its arguments, first the sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tracedemo.analysis.segments import State
from tracedemo.analysis.sentences import answer_text, call_text, clean, sentence
from tracedemo.analysis.study import Study
from tracedemo.analysis.system_calls import answered, system_call
from tracedemo.events import FLOW, KERNEL, PYTHON, SERVER, Event

_IN_NAME = {State.BLOCKED: " (blocked)", State.ASLEEP: " (asleep)"}

dumps = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode
r"""Letters of all languages stand as they are: Perfetto does not always read `\u00e9`."""


class Contents:
    """What is told of the rows of one run.

    Args:
        study: the run.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        self._outside = {each.row: each.reason for each in study.join.outside} if study.join else {}

    def of(self, row: int, begin: int, end: int) -> str:
        """The members of a JSON object, and its closing bracket: `"name":...,"cat":...,"args":{...}}`.

        Args:
            begin: nanoseconds of the Trace's clock, as the slice is drawn.
            end: likewise.
        """
        event, state = self._study.events[row], self._study.row_states[row]
        args: dict[str, Any] = {"sentence": sentence(event, self._study.context)}
        args |= self._asked(row, event)
        if event.lane == KERNEL and (event.t0, event.t1) != (begin, end):
            args |= _true_time(event, self._study.origin)
        args |= self._whose(event)
        if event.t1 is None and event.lane != SERVER:
            args["returned"] = False
        return dumps({"name": _name(event, state), "cat": _category(event, state), "args": args})[1:]

    def _asked(self, row: int, event: Event) -> Iterator[tuple[str, Any]]:
        """The call and its answer."""
        if event.lane == KERNEL:
            yield from (("system_call", system_call(event)), ("result", answered(event)))
            if row in self._outside:
                yield "under_no_call", clean(self._outside[row])
        elif event.lane == PYTHON:
            yield from (("call", call_text(event)), ("result", answer_text(event)))
        values = {"errno": event.errno, "raised": event.exc, "fd": event.fd, "bytes": event.bytes}
        yield from ((name, _safe(value)) for name, value in values.items() if value is not None)

    def _whose(self, event: Event) -> Iterator[tuple[str, str]]:
        """Who made it, for which connection, and where it is written."""
        if event.owner:
            yield "owner", clean(event.owner)
        if event.conn is not None:
            yield "connection", clean(self._study.context.labels.get(event.conn, f"conn {event.conn}"))
        if site := event.place:
            yield "at", clean(f"{site.file}:{site.line} in {site.function}")
            if source := self._study.source(site).strip():
                yield "source", clean(source)


def _safe(value: Any) -> Any:
    return value if type(value) is int else clean(value)


def _true_time(event: Event, origin: int) -> dict[str, float]:
    """Where it had to be drawn otherwise, to lie inside its call."""
    begin = {"true_begin_us": (event.t0 - origin) / 1000}
    return begin if event.t1 is None else begin | {"true_duration_us": (event.t1 - event.t0) / 1000}


def _category(event: Event, state: State | None) -> str:
    """The state of the thread in a call; "callback", "kernel", "server", "importing"."""
    if event.lane == PYTHON:
        return str(state) if state else "importing"
    return "callback" if event.lane == FLOW else clean(event.lane)


def _name(event: Event, state: State | None) -> str:
    """What stands in the slice: `recv`, `recv: EAGAIN`, `recv (blocked)`, the coroutine of which it is a step."""
    if event.lane == FLOW:
        return clean(event.args.get("step") or event.args.get("callback") or "callback")
    failed = f": {event.errno or event.exc}" if event.errno or event.exc else ""
    return clean(f"{event.op}{failed}{_IN_NAME.get(state, '') if state else ''}")
