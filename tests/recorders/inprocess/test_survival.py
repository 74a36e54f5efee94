"""Records outlive the program, whatever ends it, and are neither lost nor torn on the way."""

from __future__ import annotations

import mmap
import os
import socket
import struct
import sys
import threading
from pathlib import Path

import pytest

from tests.recorders.conftest import InProcess, Record
from tracedemo.events import PYTHON, Event
from tracedemo.recorders.inprocess import layout
from tracedemo.recorders.inprocess.decode import read_spool
from tracedemo.recorders.inprocess.hook import after_fork
from tracedemo.recorders.inprocess.spool import Spool

THREADS, CALLS = 8, 40_000

ENDS = {
    "os._exit": ("os._exit(7)", 7, "exit"),
    "SIGKILL": ("os.kill(os.getpid(), 9)", 128 + 9, "signal SIGKILL"),
    "a segmentation fault": ("import ctypes; ctypes.string_at(0)", 128 + 11, "signal SIGSEGV"),
}


@pytest.mark.parametrize("how", ENDS)
def test_every_record_survives(how: str, record: Record) -> None:
    """100 of 100 records are there when a program ends without cleaning up: by os._exit, a signal, or a crash."""
    statement, exit_code, ended = ENDS[how]

    done = record(f"""
        import os, socket
        left, right = socket.socketpair()
        for number in range(99):
            left.send(bytes(number))
        {statement}
    """)

    calls = [event for event in done.trace if event.lane == PYTHON and "importing" not in event.args]
    assert ["socketpair"] + ["send"] * 99 == [event.op for event in calls]
    assert list(range(99)) == [event.bytes for event in calls[1:]]
    assert all(event.t1 is not None for event in calls)
    assert (exit_code, ended) == (done.exit_code, done.trace.header.ended)
    assert {} == done.trace.header.dropped


def test_a_call_that_never_returned_is_there(record: Record) -> None:
    """The call inside which a program was killed is shown, as one that never returned."""
    done = record("""
        import os, signal, socket
        left, right = socket.socketpair()
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        left.recv(1)
    """)

    last = list(done.trace.lane(PYTHON))[-1]
    assert ("recv", None, None, None) == (last.op, last.t1, last.result, last.bytes)
    assert last.args["could_wait"]


def records_of(path: Path) -> list[tuple[int, ...]]:
    """The raw records of the first ring: reading them as Events would take longer than making them."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        slots = struct.unpack_from("<q", data, 16)[0]
        piece = data[layout.PAGE : layout.PAGE + slots * layout.SIZE]
    return sorted(raw for raw in layout.RECORD.iter_unpack(piece) if raw[0])


def test_threads_lose_and_tear_nothing(tmp_path: Path) -> None:
    """8 threads that make 40,000 calls each, and are switched as often as can be, leave 320,000 whole records."""
    left, right = socket.socketpair()
    quick, other = socket.socketpair()
    quick.setblocking(False)  # what cannot wait is written in another way
    size = {number: bytes(number) for number in range(THREADS)}
    natives: dict[int, int] = {}
    start = threading.Barrier(THREADS)

    def talk(number: int) -> None:
        natives[number] = threading.get_native_id()
        datagram = socket.socket(type=socket.SOCK_DGRAM)
        call, *args = ((datagram.getsockname,), (left.setblocking, True), (quick.send, b""))[number % 3]
        start.wait()
        for _ in range(CALLS):
            call(*args)
        datagram.close()
        left.send(size[number])

    interval = sys.getswitchinterval()
    recorder = InProcess(tmp_path, slots=1 << 19)
    try:
        with recorder:
            sys.setswitchinterval(1e-5)
            threads = [threading.Thread(target=talk, args=(number,)) for number in range(THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
        for sock in (left, right, quick, other):
            sock.close()

    path = next(tmp_path.glob("*.spool"))
    records = records_of(path)
    made = THREADS * (CALLS + 3)  # socket() and close() and send() besides
    assert [number * layout.SIZE for number in range(1, made + 1)] == [raw[0] for raw in records]
    assert all(0 < raw[1] <= raw[8] for raw in records), "every record is closed, after it was opened"
    facts = read_spool(path).facts
    by_thread: dict[int, list[int]] = {}
    for raw in records:
        by_thread.setdefault(facts.threads[raw[5]][0], []).append(raw[6] & layout.OP_MASK)
    assert set(natives.values()) == set(by_thread)
    for number, native in natives.items():
        op = ("getsockname", "setblocking", "send")[number % 3]
        assert ["socket", *[op] * CALLS, "close", "send"] == [layout.OPS[code] for code in by_thread[native]]


def test_a_full_ring_keeps_the_newest(tmp_path: Path) -> None:
    """When more calls are made than there is room for, the last ones are kept, and what was dropped is counted exactly."""
    recorder = InProcess(tmp_path, slots=64)
    left, right = socket.socketpair()
    with left, right, recorder:
        for number in range(500):
            left.send(bytes(number % 7 + 1))
            right.recv(9)

    recording = recorder.read()
    assert {PYTHON: 1000 - 64, "flow": 0, "facts": 0} == recording.dropped
    assert list(range(1000 - 64, 1000)) == [event.seq for event in recording.events]
    assert [seq // 2 % 7 + 1 for seq in range(1000 - 64, 1000)] == [event.bytes for event in recording.events]


def test_a_call_longer_than_the_ring_closes_nobody_elses_slot(tmp_path: Path) -> None:
    """A call during which the ring has gone once around does not write its end into the record that took its place."""
    recorder = InProcess(tmp_path, slots=16)
    left, right = socket.socketpair()
    entered, done = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        assert left.recv(1) == b"x"
        done.set()

    with left, right, recorder:
        waiting = threading.Thread(target=wait)
        waiting.start()
        entered.wait()
        other, _ = pair = socket.socketpair()
        while not any(event.op == "recv" for event in recorder.events()):
            pass
        for _ in range(100):
            other.setblocking(False)
        right.send(b"x")
        done.wait()
        waiting.join()
    for sock in pair:
        sock.close()

    events = recorder.events()
    assert "recv" not in {event.op for event in events}
    assert all(event.result is None for event in events if event.op == "setblocking")
    assert recorder.read().dropped[PYTHON] > 80


def test_details_that_find_no_room_are_counted(tmp_path: Path) -> None:
    """Addresses and the like have an arena of their own; when it is full, the calls are still all there, and it is said."""
    recorder = InProcess(tmp_path, slots=256, chunks=40)
    with recorder, socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
        two.bind(("127.0.0.1", 0))
        for _ in range(50):
            one.sendto(b"x", two.getsockname())
            two.recvfrom(9)

    recording = recorder.read()
    assert 0 == recording.dropped[PYTHON]
    assert 50 == sum(event.op == "recvfrom" and event.bytes == 1 for event in recording.events)
    told = sum("peer" in event.args for event in recording.events)
    assert 0 < told < 50
    assert recording.dropped["facts"] >= 50 - told


def by_process(events: list[Event]) -> dict[int, list[Event]]:
    found: dict[int, list[Event]] = {}
    for event in events:
        found.setdefault(event.pid, []).append(event)
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork_gives_the_child_a_spool_of_its_own(record: Record) -> None:
    """Parent and child write 50 records each, to two spools; nothing is mixed, and each is numbered from 0."""
    done = record("""
        import os, socket
        left, right = socket.socketpair()
        child = os.fork()
        for _ in range(50):
            left.send(b"child!" if child == 0 else b"parent")
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        print(os.getpid(), child)
    """)

    parent, child = map(int, done.output.split())
    processes = by_process(list(done.trace.lane(PYTHON)))
    assert {parent, child} == set(processes)
    assert parent == done.trace.header.pid
    for events in processes.values():
        assert 50 == sum(event.op == "send" for event in events)
        assert list(range(len(events))) == sorted(event.seq for event in events)
    assert {child} == {event.tid for event in processes[child]}
    sites = {event.site for event in done.trace.lane(PYTHON) if event.op == "send"}
    assert 1 == len(sites), "the child tells its sites anew"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_owners_are_known_in_children_and_grandchildren(record: Record) -> None:
    """A task that was named before a fork is the owner of what the child does in it, even where numbers are used twice."""
    done = record("""
        import asyncio, os, socket
        left, right = socket.socketpair()

        async def work(name, then):
            left.send(name.encode())
            if (child := os.fork()) == 0:
                left.send(b"child of " + name.encode())
                then()
                os._exit(0)
            os.waitpid(child, 0)

        async def main(name, then=lambda: None):
            await asyncio.get_running_loop().create_task(work(name, then), name=name)

        def in_child():
            asyncio._set_running_loop(None)
            asyncio.new_event_loop().run_until_complete(main("second"))

        asyncio.run(main("first", in_child))
        asyncio.run(main("third"))
        while True:
            try:
                os.wait()
            except ChildProcessError:
                break
    """)

    assert (0, "") == (done.exit_code, done.complaints)
    sends = [event for event in done.trace.lane(PYTHON) if event.op == "send"]
    owner_of = {event.bytes: event.owner for event in sends}
    assert {"first": 2, "second": 2, "third": 2} == {
        name: sum(event.owner == name for event in sends) for name in ("first", "second", "third")
    }, owner_of
    assert 4 == len({event.pid for event in sends})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_number_that_comes_again_gets_a_spool_again(tmp_path: Path) -> None:
    """When a spool of the same process number is there already, a second one is made beside it."""
    one = Spool(str(tmp_path), 8, 8, 64)
    two = Spool(str(tmp_path), 8, 8, 64)

    assert 2 == len(list(tmp_path.glob(f"{os.getpid()}*.spool")))
    one.close()
    two.close()


def test_a_size_beyond_all_measure(in_process: InProcess) -> None:
    """A size that no record has room for is refused as it is without us, and the call is recorded without it."""
    left, right = socket.socketpair()
    with left, right, in_process:
        for blocking in (True, False):
            left.setblocking(blocking)
            with pytest.raises(OverflowError):
                left.recv(1 << 70)

    refused = [event for event in in_process.events() if event.op == "recv"]
    assert ["OverflowError"] * 2 == [event.exc for event in refused]
    assert all("size" not in event.args for event in refused)


def test_a_child_without_a_spool_leaves_its_parents_alone(in_process: InProcess) -> None:
    """When a forked child cannot make a spool of its own, it writes nothing, not even where it has written before."""
    left, right = socket.socketpair()
    with left, right, in_process:
        for child in (False, True):
            if child:
                in_process.spool.folder = str(in_process.folder / "gone")
                after_fork(in_process.recorder)
            for _ in range(2):
                left.send(b"x"), right.recv(1)
        assert ["send", "recv"] * 2 == [event.op for event in in_process.events()]
