"""Runs side by side."""

from __future__ import annotations

from tests.analysis.story import MS, THERE, Story, fetch
from tracedemo.analysis.comparison import COUNT, NS, PERCENT, UNITS, Comparison, compare
from tracedemo.analysis.connections import connections
from tracedemo.analysis.states import states
from tracedemo.events import Trace


def loop(requests: int, **header: object) -> Trace:
    story = Story(**({"target": "selector", "requests": requests} | header))
    for number in range(1, requests + 1):
        fetch(story, 4, f"fetch_data #{number}", f"127.0.0.1:{number}")
    return story.trace()


def blocking() -> Trace:
    story = Story(target="blocking", requests=1)
    story.socket(4)
    story.call("connect", 4, took=MS, could_wait=True, address=THERE)
    story.send(4)
    story.recv(4, 800, took=10 * MS, could_wait=True)
    story.call("close", 4)
    return story.trace()


def values(found: Comparison, name: str) -> tuple:
    return next(metric.values for metric in found.metrics if metric.name == name)


def test_metrics_side_by_side() -> None:
    """Each metric has a value for each run, in the order of the runs."""
    found = compare([blocking(), loop(1)])

    assert ("blocking", "selector") == found.names
    assert (5, 15) == values(found, "calls")
    assert (0, 2) == values(found, "not_yet")
    assert (0, 3) == values(found, "wakeups")
    assert values(found, "share_blocked")[0] > 0.9 > values(found, "share_blocked")[1]
    assert {"wall": NS, "share_asleep": PERCENT, "calls": COUNT}.items() <= {
        it.name: it.unit for it in found.metrics
    }.items()
    assert {metric.unit for metric in found.metrics} <= set(UNITS)
    assert {2} == {len(metric.values) for metric in found.metrics}


def test_shares_sum_to_one() -> None:
    """The shares of the thread's time add up to the whole."""
    found = compare([blocking(), loop(2)])
    shares = [metric.values for metric in found.metrics if metric.unit == PERCENT]

    assert all(abs(sum(column) - 1) < 1e-9 for column in zip(*shares, strict=True))


def test_metrics_that_nobody_has_are_left_out() -> None:
    """What no run knows, or none has, makes no row: kernel calls, CPU time, errors."""
    plain = {metric.name for metric in compare([loop(1)]).metrics}
    rich = {metric.name for metric in compare([loop(1, cpu_user=0.5), loop(1)]).metrics}

    assert {"cpu"} == rich - plain
    assert not {"cpu", "system_calls", "errors", "threads"} & plain


def test_phases_side_by_side() -> None:
    """A phase that one run has is shown for all, empty where there was none."""
    rows = {row.phase: row.cells for row in compare([blocking(), loop(1)]).phases}

    assert ["create", "connect", "send", "wait", "receive", "watch", "close"] == list(rows)
    assert (None, 4) == (rows["watch"][0], rows["watch"][1].calls if rows["watch"][1] else 0)


def test_connections_are_aligned_by_order() -> None:
    """The k-th connection stands beside the k-th of the others, and runs may have different numbers of them."""
    found = compare([blocking(), loop(3), Trace()])

    assert [1, 2, 3] == [row.index for row in found.connections]
    assert [
        ["conn 1", "fetch_data #1", None],
        [None, "fetch_data #2", None],
        [None, "fetch_data #3", None],
    ] == [[it.label if it else None for it in row.connections] for row in found.connections]
    assert {"create", "send"} <= {row.phase for row in found.connections[2].phases}


def test_servers_are_aligned_by_what_they_accepted() -> None:
    """A run that made no connection is aligned by those that it took."""
    story = Story()
    story.call("listen", 3)
    story.call("accept", 3, result=7, new_fd=7)
    story.recv(7, 5)

    assert ["accepted"] == [
        it.kind for row in compare([story.trace()]).connections for it in row.connections if it
    ]


def test_same_target_twice() -> None:
    """Runs of the same target are told apart by a number."""
    assert ("selector", "selector (2)", "trace") == compare([loop(1), loop(1), Trace()]).names


def test_what_cannot_be_compared_is_said() -> None:
    """Another pace, another Python or another number of requests is noted."""
    found = compare([loop(1, python="3.11"), loop(2, python="3.13", server={"pace": "lockstep"})])

    assert [
        (
            "The server was paced not the same in all runs: not at all, it is not ours; paced in lock-step: the server"
            " moves when the program is about to wait."
        ),
        "The Python was not the same in all runs: 3.11; 3.13.",
        "The number of requests was not the same in all runs: 1; 2.",
    ] == list(found.notes)
    assert () == compare([loop(1), loop(1)]).notes


def test_what_is_known_already_is_used() -> None:
    """Connections and timelines that the caller has give the same comparison."""
    traces = [blocking(), loop(2)]
    sockets = [connections(trace) for trace in traces]

    assert compare(traces) == compare(traces, sockets, [states(trace) for trace in traces])


def test_one_run() -> None:
    """A single run can be compared with nothing, and an empty one, too."""
    assert 1 == len(compare([loop(1)]).summaries)
    assert (0,) == values(compare([Trace()]), "wall")
