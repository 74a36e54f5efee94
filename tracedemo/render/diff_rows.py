"""The diff for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tracedemo.analysis.diff import Diff, Side, Step
from tracedemo.render.options import Options


def rows(found: Diff, _options: Options) -> Iterator[Mapping[str, object]]:
    """An object for the whole, one for each difference, and one for the times of each phase of each connection."""
    yield {
        "a": found.names[0],
        "b": found.names[1],
        "differences": found.total,
        "kinds": dict(found.counts),
        "calls": list(found.compared),
        "system_calls_compared": found.kernel,
        "endings": list(found.endings),
        "notes": list(found.notes),
    }
    for group in found.groups:
        for step in group.differences:
            yield {"where": group.title, **_object(step)}
        for it in group.times:
            yield {
                "where": group.title,
                "time": it.phase,
                "calls": list(it.calls),
                "ns": list(it.time),
                "waited_ns": list(it.waited),
            }


def _object(step: Step) -> dict[str, object]:
    found: dict[str, object] = {"kind": step.kind, "phase": step.phase}
    found |= {"a": _side(step.a), "b": _side(step.b), "says": step.says}
    if step.beneath:
        found["beneath"] = [_object(below) for below in step.beneath]
    return found


def _side(side: Side | None) -> dict[str, object] | None:
    if side is None:
        return None
    return {
        "call": side.call,
        "answer": side.answer,
        "times": side.times,
        "seq": side.seq,
        "rows": list(side.rows),
        "site": side.site and list(side.site),
        "source": side.source,
    }
