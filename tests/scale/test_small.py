"""Each limit, made small, shows in the call in which it shows large."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.limit_table import LIMITS, otherwise, ports_of
from tests.outside import nothing_left, sockets_at
from tracedemo.analysis.limits_met import KINDS
from tracedemo.analysis.summary import summary
from tracedemo.events import INJECTED
from tracedemo.scale import small
from tracedemo.scale.crowded import BACKLOG
from tracedemo.scale.ports import can_set_range
from tracedemo.scale.small import PORTS, Shown, show_limit

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux does it")


def injected(shown: Shown) -> list[str]:
    return [event.op for event in shown.run.trace if event.mark == INJECTED]


def test_every_limit_is_predicted():
    """Of each limit it is written down where it comes out."""
    assert list(KINDS) == list(LIMITS)


@pytest.mark.parametrize("name", LIMITS)
def test_shows_in_the_predicted_call(name: str):
    """A limit comes out in the predicted call with the predicted answer, three times of three, and nothing is left."""
    for _ in range(3):
        with nothing_left():
            shown = show_limit(name)

        assert "" == otherwise(name, shown)
        ports = ports_of(shown)
        assert ports
        assert {} == {port: left for port in ports if (left := sockets_at(port))}


def test_fds():
    """With 64 descriptors socket() fails with EMFILE, when more than fifty sockets are there."""
    shown = show_limit("fds")
    event = shown.run.trace[shown.met.row]

    assert ("socket", "EMFILE", "OSError") == (event.op, event.errno, event.exc)
    assert int(shown.met.before.split()[0]) > 50
    assert 0 == shown.met.injected
    assert "Too many open files" in shown.run.complaints


@pytest.mark.parametrize("inherited", [0, 1])
def test_highest_descriptor_is_the_programs(inherited: int):
    """However many descriptors a program inherits, its last socket has the highest number that the limit allows."""
    with ExitStack() as kept:
        for _ in range(inherited):
            file = kept.enter_context(Path(os.devnull).open())
            os.set_inheritable(file.fileno(), True)
        shown = show_limit("fds")

    made = [event.fd for event in shown.run.trace if event.op == "socket" and event.fd is not None]
    assert max(made) == small.FILES - 1


def test_backlog():
    """Of eight clients six find room behind listen(5), and a connect of the others takes a second."""
    shown = show_limit("backlog")
    event = shown.run.trace[shown.met.row]

    assert "connect" == event.op
    assert event.duration > 900_000_000
    assert event.errno is None
    assert shown.met.before == f"{BACKLOG + 1} other connect() went well at once"
    assert 0 == shown.run.exit_code, "all of them were answered in the end"


@pytest.mark.parametrize("target", ["selector", "asyncio_streams"])
def test_ports(target: str):
    """The ninth connect to one destination fails with EADDRNOTAVAIL when sockets have eight ports."""
    shown = show_limit("ports", target)
    assert shown.met.row is not None, shown.run.complaints
    event = shown.run.trace[shown.met.row]

    assert ("connect", "EADDRNOTAVAIL") == (event.op, event.errno)
    assert f"{PORTS} connect() before it went well" == shown.met.before
    assert shown.met.injected > PORTS
    assert "Cannot assign requested address" in shown.run.complaints


def test_ports_without_a_range(monkeypatch: pytest.MonkeyPatch):
    """A kernel that knows no range of ports gets sockets that are bound, and the same connect fails."""
    monkeypatch.setattr(small, "can_set_range", lambda: False)
    shown = show_limit("ports")

    assert "EADDRNOTAVAIL" == shown.met.answer
    assert f"{PORTS} connect() before it went well" == shown.met.before
    assert {"bind", "setsockopt"} == set(injected(shown))


def test_buffers():
    """A send buffer of 4 KiB takes a part of a request; the rest is sent then, and the answer is right."""
    shown = show_limit("buffers")
    event = shown.run.trace[shown.met.row]

    assert "send" == event.op
    assert 0 < event.bytes < event.args["size"]
    assert 0 == shown.run.exit_code


def test_put_in_is_no_call_of_the_program():
    """What was put in is marked, stands before the connect of its socket, is in no count, and the summary says so."""
    shown = show_limit("buffers")
    trace = shown.run.trace
    rows = [event for event in trace if event.mark == INJECTED]
    found = summary(trace)

    assert ["setsockopt"] == [event.op for event in rows]
    assert {"level": "SOL_SOCKET", "option": "SO_SNDBUF", "value": 4096} == dict(rows[0].args)
    connect = next(event for event in trace if event.op == "connect")
    assert rows[0].t1 <= connect.t0
    assert rows[0].conn == connect.conn is not None
    its_own = sum(event.op == "setsockopt" and event.mark is None for event in trace)
    assert its_own == found.by_op.get("setsockopt", 0)
    assert sum("importing" in event.args for event in trace) == found.import_calls
    assert any("1 call was put in by tracedemo" in note for note in found.notes)


def test_limit_that_does_not_show():
    """A program that has one socket at a time does not meet the limit, and nothing is claimed."""
    shown = show_limit("fds", "blocking")

    assert shown.met.row is None
    assert "" == shown.met.answer


@pytest.mark.skipif(not can_set_range(), reason="this kernel knows no range of ports")
def test_range_is_shown_as_ports():
    """The range of ports that a socket was given is shown as two numbers."""
    shown = show_limit("ports")
    values = {event.args["value"] for event in shown.run.trace if event.mark == INJECTED}

    assert 1 == len(values)
    first, last = map(int, values.pop().split(" to "))
    assert PORTS == last - first + 1
