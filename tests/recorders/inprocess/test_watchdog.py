"""The watchdog: whether an event loop is held up, by which line, and what it costs to look."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from tests.recorders.conftest import Record
from tracedemo.events import FLOW, Event, Trace
from tracedemo.recorders.inprocess.callbacks import Written
from tracedemo.recorders.inprocess.decode import read_spool
from tracedemo.recorders.inprocess.spool import Spool
from tracedemo.recorders.inprocess.watchdog import AFTER, Watchdog

MS = 1_000_000
HOLDS_UP = """
    import asyncio, socket, time

    def think():
        end = time.monotonic() + 0.2
        while time.monotonic() < end:  # the busy line
            pass

    async def main():
        socket.socketpair()
        await asyncio.sleep(0)
        think()

    asyncio.run(main())
"""
"""The one thing that a test of a watchdog cannot do without: a program that takes its time."""


def blocked(trace: Trace) -> list[Event]:
    """What the watchdog wrote."""
    return [event for event in trace if event.lane == FLOW and event.op == "blocked"]


def test_names_the_line(record: Record) -> None:
    """Of a step that takes 0.2 s the watchdog names task, coroutine and the line at which it stood; its price is noted."""
    trace = record(HOLDS_UP, watchdog=True).trace
    found = blocked(trace)
    assert found
    for event in found:
        assert ("Task-1 (main)", {"step": "main"}) == (event.owner, event.args)
        assert event.user_site is not None
        assert ("program.py", "think") == (Path(event.user_site.file).name, event.user_site.function)
        assert event.duration is not None
        assert event.duration >= AFTER
    step = [event for event in trace if event.op == "callback" and event.t0 == found[0].t0]
    assert [{"step": "main"}] == [event.args for event in step]
    assert [note for note in trace.header.notes if note.startswith("the watchdog looked")]


def test_off_by_default(record: Record) -> None:
    """Nobody looks, and nothing is said, unless it is asked for."""
    trace = record(HOLDS_UP).trace
    assert [] == blocked(trace)
    assert not [note for note in trace.header.notes if "watchdog" in note]


class Held:
    """A loop whose thread stands in `wait`, as a watchdog sees it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = Spool(str(folder), 64, 64, 64)
        self.spool.switch_on()
        self.running: dict[int, Any] = {}
        self.started: Any = None
        self._go_on = threading.Event()
        self._stands = threading.Event()
        self._thread = threading.Thread(target=self._wait)

    def _wait(self) -> None:
        self._stands.set()
        self._go_on.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        self._stands.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._go_on.set()
        self._thread.join()

    def begins(self) -> SimpleNamespace:
        """A callback begins in that thread."""
        written = Written()
        written.open(self.spool, 0, 0, self.spool.fact("slow") << 32)
        ready = SimpleNamespace(n=written.n, home=written.home, t0=self._events()[-1].t0)
        assert self._thread.ident is not None
        self.running[self._thread.ident] = ready
        return ready

    def samples(self) -> int:
        """How many were written."""
        return sum(event.op == "blocked" for event in self._events())

    def _events(self) -> list[Event]:
        (path,) = self.folder.glob("*.spool")
        return read_spool(path).events


def test_waits_longer_each_time(tmp_path: Path) -> None:
    """A callback is looked at after 50 ms, and then each time that it has run twice as long."""
    with Held(tmp_path) as held:
        dog, ready = Watchdog(held), held.begins()
        counts = []
        for ms in (49, 50, 51, 99, 101, 199, 203, 405, 406):
            dog.look(ready.t0 + ms * MS)
            counts.append(held.samples())
        assert [0, 1, 1, 1, 2, 2, 3, 3, 4] == counts


def test_begins_anew_with_each_callback(tmp_path: Path) -> None:
    """The next callback has its own 50 ms."""
    with Held(tmp_path) as held:
        dog = Watchdog(held)
        first = held.begins()
        dog.look(first.t0 + 500 * MS)
        second = held.begins()
        dog.look(second.t0 + 49 * MS)
        assert 1 == held.samples()
        dog.look(second.t0 + 50 * MS)
        assert 2 == held.samples()


def test_nothing_of_what_has_returned(tmp_path: Path) -> None:
    """A callback that returns while the watchdog looks leaves no sample."""
    with Held(tmp_path) as held:
        dog, ready = Watchdog(held), held.begins()
        ready.n = 0
        dog.look(ready.t0 + 500 * MS)
        assert 0 == held.samples()


def test_again_after_fork(record: Record) -> None:
    """A forked child, in which the thread is not, gets a watchdog of its own when its loop runs."""
    source = """
        import asyncio, os, socket, time

        def think():
            end = time.monotonic() + 0.2
            while time.monotonic() < end:
                pass

        async def main():
            think()

        async def first():
            await asyncio.sleep(0)

        asyncio.run(first())
        if os.fork():
            os.wait()
        else:
            asyncio.run(main())
    """
    trace = record(source, watchdog=True).trace
    pids = {event.pid for event in blocked(trace)}
    assert len(pids) == 1
    assert trace.header.pid not in pids


def test_a_process_ends_with_its_last_thread(record: Record) -> None:
    """A child that a thread has forked ends when that thread does: a watchdog that has no loop to look at is no thread."""
    source = """
        import asyncio, os, threading

        async def fork():
            child = os.fork()
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else None

        def work():
            code = asyncio.run(fork())
            if code is not None:
                print("the child ended with", code)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    """
    done = record(source, watchdog=True, duration=20)
    assert (0, "the child ended with 0\n") == (done.exit_code, done.output)


def test_every_loop_is_looked_at(record: Record) -> None:
    """A loop that begins when the thread of the one before has ended is looked at, too."""
    source = """
        import asyncio, sys, threading, time

        def think():
            end = time.monotonic() + 0.2
            while time.monotonic() < end:
                pass

        async def main():
            think()

        def looks():
            return any("watchdog" in frame.f_code.co_filename for frame in sys._current_frames().values())

        for _ in range(2):
            asyncio.run(main())
            end = time.monotonic() + 30
            while looks() and time.monotonic() < end:
                pass
            print(looks())
    """
    done = record(source, watchdog=True)
    assert "False\nFalse\n" == done.output
    assert 2 == len({event.t0 for event in blocked(done.trace)})
