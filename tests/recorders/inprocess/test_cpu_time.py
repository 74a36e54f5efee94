"""What the recorder asks of a thread's CPU clock, and when."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recorders.conftest import InProcess, Record
from tracedemo.events import PYTHON, Event
from tracedemo.recorders.inprocess import endings, layout, spool, wrappers
from tracedemo.recorders.inprocess.decode import read_spool
from tracedemo.recorders.inprocess.spool import Spool

pytestmark = pytest.mark.skipif(
    layout.cpu_clock is None, reason="this system has no fine CPU clock for a thread"
)

Pair = tuple[socket.socket, socket.socket]


class Clocks:
    """A clock of the wall and one of the CPU, which go on when they are told to."""

    def __init__(self) -> None:
        self.wall = self.cpu = 10**9
        self.pace = 100
        """Nanoseconds that pass from one look at the wall to the next: how long a call takes."""
        self.asked = 0

    def look_at_wall(self) -> int:
        self.wall += self.pace
        return self.wall

    def look_at_cpu(self) -> int:
        self.asked += 1
        return self.cpu

    def work(self, time: int) -> None:
        """A time goes by in which the thread works."""
        self.wall += time
        self.cpu += time


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """The clocks that the recorder looks at."""
    made = Clocks()
    monkeypatch.setattr(layout, "cpu_clock", made.look_at_cpu)
    for module in (spool, endings, wrappers):
        monkeypatch.setattr(module, "clock", made.look_at_wall)
    return made


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two sockets that talk to each other."""
    left, right = socket.socketpair()
    with left, right:
        yield left, right


def told(events: list[Event]) -> list[tuple[str, object]]:
    """The calls that tell CPU time, and what they tell."""
    return [(event.op, event.args["cpu"]) for event in events if "cpu" in event.args]


def test_a_described_call_tells_it_once_in_a_while(in_process: InProcess, clocks: Clocks, pair: Pair) -> None:
    """A call tells what its thread has used since it was asked before, when that is long enough ago, in units of 100 ns."""
    left, _ = pair
    with in_process:
        left.setblocking(True)
        clocks.work(layout.CHECK_EVERY + 1_234_567)
        left.setblocking(True)
        clocks.work(layout.CHECK_EVERY - 1000)
        left.setblocking(True)
        clocks.work(1000)
        left.setblocking(True)

    assert [("setblocking", 2_234_500), ("setblocking", 1_000_000)] == told(in_process.events())


def test_what_is_too_little_for_a_unit_is_kept(in_process: InProcess, clocks: Clocks, pair: Pair) -> None:
    """Nothing is lost by rounding: the rest of one period is in the next one."""
    left, _ = pair
    with in_process:
        left.setblocking(True)
        for _ in range(10):
            clocks.work(layout.CHECK_EVERY + 70)
            left.setblocking(True)

    assert 10 * (layout.CHECK_EVERY + 70) == sum(int(str(cpu)) for _, cpu in told(in_process.events()))


def test_quick_transfers_never_ask(in_process: InProcess, clocks: Clocks, pair: Pair) -> None:
    """Calls that move bytes and return at once cost no look at the CPU clock, however long a program makes them."""
    left, right = pair
    with in_process:
        for _ in range(100):
            left.send(b"x")
            right.recv(1)
            clocks.work(layout.CHECK_EVERY)

    assert 1 == clocks.asked
    assert [] == told(in_process.events())


def test_a_transfer_that_took_long_tells_it(in_process: InProcess, clocks: Clocks, pair: Pair) -> None:
    """A receive that took long enough to have waited tells the CPU time, and all that it told before."""
    left, right = pair
    with in_process:
        left.send(b"abc")
        clocks.work(layout.CHECK_EVERY)
        clocks.pace = layout.LONG
        assert b"abc" == right.recv(9)

    assert [("recv", layout.CHECK_EVERY)] == told(in_process.events())
    assert (3, 3) == (in_process.events()[-1].bytes, in_process.events()[-1].result)


def test_a_poll_that_fails_tells_it(in_process: InProcess, clocks: Clocks, pair: Pair) -> None:
    """A program that is answered "not yet" again and again tells its CPU time now and then."""
    left, _ = pair
    left.setblocking(False)
    with in_process:
        for _ in range(10):
            with pytest.raises(BlockingIOError):
                left.recv(1)
            clocks.work(layout.CHECK_EVERY // 2)

    assert [("recv", layout.CHECK_EVERY)] * 4 == told(in_process.events())
    assert {"EAGAIN"} == {event.errno for event in in_process.events()}


def test_a_close_tells_it_sooner(in_process: InProcess, clocks: Clocks, pair: Pair) -> None:
    """A close, often the last call of a thread, tells the CPU time even if that was told a short time ago."""
    left, right = pair
    with in_process:
        left.setblocking(True)
        clocks.work(layout.LONG)
        left.close()
        right.close()

    assert [("close", layout.LONG)] == told(in_process.events())


def test_more_than_a_record_holds(in_process: InProcess, clocks: Clocks, pair: Pair) -> None:
    """After hours of work without a call the CPU time is said to be unknown, and the next period is right again."""
    left, _ = pair
    with in_process:
        left.setblocking(True)
        for time in (10**13, 10**7):
            clocks.work(time)
            left.setblocking(True)

    assert [("setblocking", None), ("setblocking", 10**7)] == told(in_process.events())


def test_without_a_clock_nothing_is_told(
    in_process: InProcess, clocks: Clocks, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system has no CPU clock for a thread all calls are recorded, without that."""
    monkeypatch.setattr(layout, "cpu_clock", None)
    left, right = pair
    clocks.pace = layout.CHECK_EVERY
    with in_process:
        left.send(b"x")
        right.recv(1)
        select.select([left], [], [], 0)
        right.setblocking(False)
        with pytest.raises(BlockingIOError):
            right.recv(1)

    assert ["send", "recv", "select", "setblocking", "recv"] == [event.op for event in in_process.events()]
    assert [] == told(in_process.events())


def test_threads_are_asked_each_for_itself(in_process: InProcess, clocks: Clocks, pair: Pair) -> None:
    """Another thread's CPU time begins when that thread is first seen."""
    left, _ = pair
    with in_process:
        left.setblocking(True)
        clocks.work(10**8)
        for _ in range(2):
            thread = threading.Thread(
                target=lambda: (left.setblocking(True), clocks.work(10**7), left.setblocking(True))
            )
            thread.start()
            thread.join()
        left.setblocking(True)

    assert [10**7, 10**7, 10**8 + 2 * 10**7] == [cpu for _, cpu in told(in_process.events())]


def test_an_open_call_has_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    """A slot that is used again, by a call that never returns, shows nothing of what it held before."""
    spool = Spool(str(tmp_path), 8, 8, 64)
    first = at = layout.SIZE
    layout.OPEN.pack_into(spool.ring, at, first, 1000, 4, 0, 0, 0, layout.OP["recv"], 10, 0)
    layout.CLOSE.pack_into(spool.ring, at + layout.CLOSE_AT, 2000, 10, 11, 1, 500)
    layout.OPEN.pack_into(spool.ring, at, first + 8 * layout.SIZE, 3000, 4, 0, 0, 0, layout.OP["recv"], 10, 0)
    spool.map.flush()

    (event,) = read_spool(next(tmp_path.glob("*.spool"))).events
    spool.close()

    assert (8, None, None, None) == (event.seq, event.t1, event.errno, event.exc)
    assert "cpu" not in event.args


def test_it_is_the_cpu_time(record: Record) -> None:
    """What a call tells is what the thread's own CPU clock says has gone by since the call that told before."""
    done = record("""
        import socket, time
        left, right = socket.socketpair()
        def work():
            end = time.thread_time_ns() + 3_000_000
            while time.thread_time_ns() < end:
                pass
        work(), left.setblocking(False)
        begin = time.thread_time_ns()
        work(), left.settimeout(1)
        print(time.thread_time_ns() - begin)
    """)

    cpu = dict(told(list(done.trace.lane(PYTHON))))["settimeout"]
    assert 3_000_000 <= int(str(cpu)) <= int(done.output) + 500_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_begins_anew(record: Record) -> None:
    """The CPU time of a forked child is its own: nothing that its parent has used before is in it."""
    done = record("""
        import os, socket, time
        left, right = socket.socketpair()
        def work(ms):
            end = time.thread_time_ns() + ms * 1_000_000
            while time.thread_time_ns() < end:
                pass
        left.setblocking(False), work(50)
        if (child := os.fork()) == 0:
            left.setblocking(False), work(2), left.settimeout(1)
            os._exit(0)
        os.waitpid(child, 0), left.settimeout(2)
        print(child)
    """)

    found = {event.pid == int(done.output): event.args["cpu"] for event in done.trace.lane(PYTHON)
             if event.op == "settimeout"}  # fmt: skip
    assert 50_000_000 <= found[False]
    assert 2_000_000 <= found[True] < 50_000_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_signal_handler_that_forks(record: Record) -> None:
    """A child that a signal handler forks in the middle of a call comes out of that call as it would without us."""
    done = record("""
        import os, signal, socket
        left, right = socket.socketpair()
        signal.signal(signal.SIGALRM, lambda *_: children.append(os.fork()))
        children = []
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        left.settimeout(0.05)
        try:
            left.recv(1)
        except TimeoutError:
            if children == [0]:
                os._exit(7)
            print(os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]))
    """)

    assert (0, "7\n", "") == (done.exit_code, done.output, done.complaints)
