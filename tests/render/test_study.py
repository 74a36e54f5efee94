"""A Trace with its results: each is computed once, and only when it is asked for."""

from __future__ import annotations

import pytest

from tests.render import traces
from tests.render.traces import PID, US, Script
from tracedemo.analysis import states as module
from tracedemo.analysis.filters import parse
from tracedemo.analysis.identity import identify
from tracedemo.analysis.states import State
from tracedemo.analysis.study import Study
from tracedemo.events import Site, Trace


def test_trace_is_identified() -> None:
    """A Study's trace has its connections numbered; one that had them already is left alone."""
    raw = traces.selector()
    identified = identify(raw)

    assert list(identified) == list(Study(raw).trace)
    assert identified is Study(identified).trace


def test_name() -> None:
    """A Study is called as it was told, else by its target."""
    assert ["mine", "selector", "trace"] == [
        Study(traces.selector(), "mine").name,
        Study(traces.selector()).name,
        Study(Trace()).name,
    ]


@pytest.mark.parametrize(
    "name",
    ["connections", "states", "wakeups", "phases", "summary", "context", "folds", "events", "origin", "pids"],
)
def test_results_are_kept(name: str) -> None:
    """Asked twice, a Study gives the same object."""
    study = Study(traces.selector())

    assert getattr(study, name) is getattr(study, name)


def test_nothing_is_computed_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who wants the connections pays for the states."""
    monkeypatch.setattr(module, "states", lambda *_: pytest.fail("computed"))

    assert 3 == len(Study(traces.selector()).connections)


def test_wakeup_of_row() -> None:
    """A wakeup is found by the row of its select."""
    study = Study(traces.selector())

    assert all(study.events[row].op == "select" for row in study.wakeup_of_row)
    assert set(study.wakeups) == set(study.wakeup_of_row.values())


def test_row_states_are_those_of_the_timeline() -> None:
    """The state of a row alone is what the timeline says of it."""
    for make in (traces.selector, traces.blocking, traces.nonblocking, traces.forked):
        study = Study(make())
        assert list(study.states.of_row) == list(study.row_states)


def test_states_of_other_lanes() -> None:
    """What is no call of the program has no state."""
    study = Study(traces.selector())

    assert {None} == {
        study.row_states[row] for row, event in enumerate(study.events) if event.lane != "python"
    }
    assert State.CALL is study.row_states[0]


def test_origin() -> None:
    """Time 0 is the program's first event, also when the server was first; without a program, the first event."""
    script = Script()
    script.server("accepted", 50_000)
    script.now += 5 * US
    first = script.now
    script.call("socket", 1 * US, None, 1, fd=3, result=3)
    server_only = Trace(None, [event for event in script.trace() if event.lane == "server"])

    assert first == Study(script.trace()).origin == Study(script.trace()).states.t0
    assert script.start == Study(server_only).origin
    assert 0 == Study(Trace()).origin


def test_pids() -> None:
    """The program's processes are those that made calls: not the server's."""
    assert (PID,) == Study(traces.selector()).pids
    assert (PID, PID + 2) == Study(traces.forked()).pids
    assert () == Study(Trace()).pids


def test_rows() -> None:
    """Without a filter all rows are wanted."""
    study = Study(traces.selector())

    assert range(len(study.trace)) == study.rows(None)
    assert ["connect"] * 3 == [study.events[row].op for row in study.rows(parse("connect"))]


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        (Site("a.py", 1, "f"), "first"),
        (Site("a.py", 2, "f"), "  second"),
        (Site("a.py", 3, "f"), ""),
        (Site("a.py", 0, "f"), ""),
        (Site("a.py", -1, "f"), ""),
        (Site("b.py", 1, "f"), ""),
        (None, ""),
    ],
)
def test_source(site: Site | None, expected: str) -> None:
    """A source line is given as it stands there; one that is not known is empty."""
    assert expected == Study(Trace(sources={"a.py": "first\n  second\n"})).source(site)
