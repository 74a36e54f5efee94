"""The large run that the page is measured with is a run as it could have been recorded."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from tests.browser.big import FILE, SOURCE, big_trace
from tracedemo.analysis.identity import identify
from tracedemo.analysis.states import State
from tracedemo.analysis.study import Study
from tracedemo.events import FLOW, KERNEL, PYTHON

TOOK = {PYTHON: 1000, KERNEL: 1000, FLOW: 600}


@pytest.fixture(scope="module")
def study() -> Study:
    """A hundred connections, with all lanes."""
    return Study(big_trace(100, kernel=True, flow=True))


def test_ten_calls_for_each_connection(study: Study) -> None:
    """There are ten calls for each connection, a system call for each of them, and six steps for each generator."""
    assert TOOK == Counter(study.trace.column("lane")) == study.trace.header.recorded
    assert 100 == study.summary.connections == study.summary.connected
    assert 0 == study.summary.never_closed == study.summary.empty_wakeups


def test_rows_are_in_order(study: Study) -> None:
    """Rows stand in order of time, calls of the one thread never overlap, and numbers have no gap."""
    for lane in (PYTHON, KERNEL, FLOW):
        events = list(study.trace.lane(lane))
        assert list(range(len(events))) == [event.seq for event in events]
        assert all(event.t1 <= after.t0 for event, after in pairwise(events))
    times = list(study.trace.column("t0"))
    assert sorted(times) == times


def test_each_system_call_lies_below_its_call(study: Study) -> None:
    """Each call of Python has one system call beneath, and none is left over."""
    assert study.summary.fit.startswith("All 900 system calls")
    assert "(100 %)" in study.summary.fit


def test_it_waits_and_is_told_it_must(study: Study) -> None:
    """The thread sleeps, works, and hears "not yet", as a real one does."""
    states = study.summary.states

    assert all(states[state] > 0 for state in (State.RUNNING, State.CALL, State.NOT_YET, State.ASLEEP))
    assert study.summary.wall == sum(states.values())
    assert {"EINPROGRESS": 100} == study.summary.not_yet


def test_sites_name_their_lines(study: Study) -> None:
    """Each call stands on a line of the source that makes it."""
    lines = SOURCE.splitlines()

    for event in study.trace.lane(PYTHON):
        assert event.site is not None
        assert FILE == event.site.file
        assert f"{event.op}(" in lines[event.site.line - 1]


def test_nothing_is_left_to_identify(study: Study) -> None:
    """Owners and connections are there already."""
    assert study.trace is identify(study.trace)


def test_seed_makes_the_run() -> None:
    """The same seed makes the same run, and another one another of the same size."""
    one, same, other = (list(big_trace(20, seed=seed)) for seed in (1, 1, 2))

    assert one == same != other
    assert len(one) == len(other) == 200


def test_all_are_closed_whatever_their_number() -> None:
    """Of any number of connections each is closed."""
    for connections in (1, 2, 3, 7, 30):
        closed = Counter(event.op for event in big_trace(connections))["close"]
        assert connections == closed
