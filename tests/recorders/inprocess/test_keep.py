"""When there is no room for all calls, the first or the last are kept, and all are counted."""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from tests.recorders.conftest import Record
from tracedemo.events import FLOW, PYTHON
from tracedemo.recorders.inprocess import layout
from tracedemo.recorders.inprocess.decode import read_spool
from tracedemo.recorders.inprocess.hook import Recorder, after_fork
from tracedemo.recorders.inprocess.spool import FirstOnes, Spool, spare
from tracedemo.runner import Run
from tracedemo.server import ServerOptions

PROGRAM = """
    import socket
    left, right = socket.socketpair()
    for number in range(500):
        left.send(bytes(number % 7 + 1))
        right.recv(9)
"""


def sizes(done: Run) -> list[int | None]:
    return [event.bytes for event in done.trace.lane(PYTHON) if event.op == "send"]


def test_the_first_are_kept(record: Record) -> None:
    """With --keep first exactly as many calls as asked for are kept, from the first on, and the rest is counted exactly."""
    done = record(PROGRAM, keep="first", slots=101)

    assert list(range(101)) == [event.seq for event in done.trace.lane(PYTHON)]
    assert [number % 7 + 1 for number in range(50)][: len(sizes(done))] == sizes(done)
    total = len(list(record(PROGRAM).trace.lane(PYTHON)))
    assert total == 101 + done.trace.header.dropped[PYTHON]
    assert f"the first 101 of {total:,} calls were kept (--max-events, --keep)" in done.trace.header.notes


def test_the_last_are_kept(record: Record) -> None:
    """By default the last calls are kept, as many as were asked for, and the note says so."""
    done = record(PROGRAM, slots=101)

    total = 101 + done.trace.header.dropped[PYTHON]
    assert list(range(total - 101, total)) == sorted(event.seq for event in done.trace.lane(PYTHON))
    assert f"the last 101 of {total:,} calls were kept (--max-events, --keep)" in done.trace.header.notes


def test_all_are_kept_where_there_is_room(record: Record) -> None:
    """Where nothing has to be dropped both ways of keeping say the same, and nothing about it."""
    first, last = (record(PROGRAM, keep=keep) for keep in ("first", "last"))

    assert [event.op for event in first.trace.lane(PYTHON)] == [event.op for event in last.trace.lane(PYTHON)]
    assert () == first.trace.header.notes == last.trace.header.notes
    assert {} == first.trace.header.dropped


@pytest.mark.parametrize("keep", [1, 100, 4096, 100_000])
def test_counting_goes_on(keep: int) -> None:
    """What is kept has the numbers of a count, what is not a place in the upper half that tells how many there were."""
    slots = Spool("", keep, 1, 1, first=True).sizes[0]
    counter = FirstOnes(keep, slots)

    numbers = [next(counter) for _ in range(keep + 10_000)]
    assert [number * layout.SIZE for number in range(1, keep + 1)] == numbers[:keep]
    places = [number // layout.SIZE % slots for number in numbers]
    assert list(range(1, keep + 1)) == places[:keep]
    assert all(slots // 2 <= place < slots // 2 + layout.SPARE for place in places[keep:])
    assert len(numbers) == len(set(numbers))
    assert repr(counter) == f"count({(keep + 10_001) * layout.SIZE}, {layout.SIZE})"


def test_numbers_stay_small() -> None:
    """A thousand billion calls can be counted in the largest ring that there is."""
    assert spare(10**12, 1 << 28) * layout.SIZE < 1 << 63


def test_threads_count_exactly(tmp_path: Path) -> None:
    """Whatever order threads write in, every call is counted."""
    spool = Spool(str(tmp_path), 1000, 1000, 1000, first=True)
    recorder = Recorder(spool)
    recorder.patch_present()
    recorder.on()
    pairs = [socket.socketpair() for _ in range(4)]
    interval = sys.getswitchinterval()

    def talk(left: socket.socket, right: socket.socket) -> None:
        for _ in range(5000):
            left.send(b"x")
            right.recv(1)

    threads = [threading.Thread(target=talk, args=pair) for pair in pairs]
    try:
        sys.setswitchinterval(1e-5)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
        recorder.off()
        for pair in pairs:
            for sock in pair:
                sock.close()

    recording = read_spool(next(tmp_path.glob("*.spool")))
    assert 4 + 4 * 5000 * 2 == len(recording.events) + recording.dropped[PYTHON]
    assert list(range(1000)) == [event.seq for event in recording.events]
    assert 0 == recording.dropped["facts"]


def test_details_of_what_is_not_kept_take_no_room(tmp_path: Path) -> None:
    """Addresses and ready lists of calls that are not kept do not fill the memory of those that are."""
    spool = Spool(str(tmp_path), 10, 10, 200, first=True)
    before = repr(spool.next_chunk.__self__)
    for number in range(11, 1000):
        spool.tell(layout.RESULT, number * layout.SIZE, "some detail")
    assert before == repr(spool.next_chunk.__self__)
    spool.tell(layout.RESULT, 10 * layout.SIZE, "a detail of the last one")
    assert before != repr(spool.next_chunk.__self__)


def test_a_call_that_is_open_when_the_room_is_full(tmp_path: Path) -> None:
    """A call among the first that returns late is closed in its own record."""
    spool = Spool(str(tmp_path), 3, 3, 100, first=True)
    recorder = Recorder(spool)
    left, right = socket.socketpair()
    other, more = socket.socketpair()
    recorder.patch_present()
    recorder.on()
    entered, done = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        assert left.recv(1) == b"x"
        done.set()

    with left, right, other, more:
        thread = threading.Thread(target=wait)
        thread.start()
        entered.wait()
        while int(repr(spool.next.__self__)[6:].partition(",")[0]) == layout.SIZE:  # type: ignore[attr-defined]
            pass
        for _ in range(10_000):
            other.send(b"")
        right.send(b"x")
        thread.join()
        recorder.off()

    recording = read_spool(next(tmp_path.glob("*.spool")))
    assert done.is_set()
    (call,) = [event for event in recording.events if event.op == "recv"]
    assert 1 == call.bytes
    assert 3 == len(recording.events)
    assert 1 + 10_000 + 1 == 3 + recording.dropped[PYTHON]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_keeps_its_own_first_ones(tmp_path: Path) -> None:
    """A child begins to count anew."""
    spool = Spool(str(tmp_path), 5, 5, 100, first=True)
    recorder = Recorder(spool)
    recorder.patch_present()
    recorder.on()
    left, right = socket.socketpair()
    with left, right:
        for _ in range(20):
            left.send(b"")
        pid = os.fork()
        if not pid:
            try:
                after_fork(recorder)
                for _ in range(7):
                    left.send(b"")
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        recorder.off()

    child = read_spool(tmp_path / f"{pid}.spool")
    assert (5, 2) == (len(child.events), child.dropped[PYTHON])


@pytest.mark.skipif(sys.version_info < (3, 12), reason="steps of scripts are seen from 3.12 on")
def test_first_steps(record: Record) -> None:
    """Steps of generators are kept, and counted, likewise."""
    done = record(
        """
        import socket
        left, right = socket.socketpair()
        def steps():
            for number in range(100):
                left.send(b"x")
                yield number
        for _ in steps():
            pass
        """,
        keep="first",
        slots=40,
    )

    steps = list(done.trace.lane(FLOW))
    assert list(range(20)) == [event.seq for event in steps]
    assert 1 + 100 * 2 + 1 == len(steps) + done.trace.header.dropped[FLOW]
    assert (
        "the first 20 of 202 steps and callbacks were kept (--max-events, --keep)" in done.trace.header.notes
    )


def test_why_it_was_ended_is_kept(record: Record) -> None:
    """A deadlock that comes when the room is full is still told, with the descriptors."""
    done = record(
        """
        import socket, sys
        host, port = sys.argv[1].rsplit(":", 1)
        sock = socket.create_connection((host, int(port)))
        sock.recv(1)
        """,
        "{address}",
        keep="first",
        slots=2,
        server=ServerOptions(pace="lockstep", nonce="n"),
    )

    assert "deadlock" == done.trace.header.ended
    (row,) = [event for event in done.trace if event.op == "deadlock"]
    assert "the server has nothing left to send on fd" in row.args["detail"]
