"""`with tracedemo.trace() as t:`: a process that records itself, in memory, and answers questions about it."""

from __future__ import annotations

import asyncio
import gc
import importlib
import io
import os
import re
import socket
import subprocess
import sys
import textwrap
import threading
import urllib.request
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rich.console

import tracedemo
from tests.recorders.inprocess.test_clean import Snapshot, places, snapshot
from tracedemo import tracefile
from tracedemo.api import Tracing
from tracedemo.errors import FileError, UsageError
from tracedemo.events import FLOW, LATE, PYTHON
from tracedemo.runner import RunOptions, find_target, run
from tracedemo.server import ServerOptions, running_server

Pair = tuple[socket.socket, socket.socket]

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")


@pytest.fixture
def before() -> Iterator[Snapshot]:
    """What every class and module holds that the recorder touches; values are held, so that no address comes back."""
    held = [dict(vars(place)) for _, place in places()]
    yield snapshot()
    held.clear()


@pytest.fixture
def pair() -> Iterator[Pair]:
    left, right = socket.socketpair()
    with left, right:
        yield left, right


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def python(code: str, *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, where every warning is a fault."""
    return subprocess.run(
        [sys.executable, "-W", "error", *words, "-c", textwrap.dedent(code)],
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ops(tracing: Tracing) -> list[str]:
    return [event.op for event in tracing.calls()]


# -- On and off


def test_it_records_and_leaves_nothing(before: Snapshot, pair: Pair) -> None:
    """Calls inside the block are seen, those outside are not, and all is as before: names, order, the very same values."""
    left, right = pair
    finders = list(sys.meta_path)
    left.send(b"before")
    with tracedemo.trace() as t:
        assert before != snapshot()
        left.send(b"x")
        right.recv(99)
    left.send(b"after")

    assert before == snapshot()
    assert finders == sys.meta_path
    assert ["send", "recv"] == ops(t)
    assert [1, 7] == [event.bytes for event in t.calls()]


def test_import_of_the_package_brings_in_nothing() -> None:
    """`import tracedemo`, and even naming `tracedemo.trace`, imports neither socket nor any part of ours but errors."""
    done = python("""
        import sys
        import tracedemo
        assert not [name for name in sys.modules if name.startswith("tracedemo.")]
        tracedemo.trace
        assert {"tracedemo.api", "tracedemo.errors"} == {n for n in sys.modules if n.startswith("tracedemo.")}
        assert "socket" not in sys.modules
        assert not hasattr(tracedemo, "nonsense")
    """)

    assert (0, "") == (done.returncode, done.stderr)


def test_modules_may_be_imported_inside() -> None:
    """What the program imports in the block is patched then, and is bare again, with its own loader, afterwards."""
    done = python("""
        import sys
        import tracedemo
        finders = list(sys.meta_path)
        with tracedemo.trace() as t:
            import asyncio, socket, ssl
            left, right = socket.socketpair()
            left.send(b"x")
            asyncio.run(asyncio.sleep(0))
        assert finders == sys.meta_path
        for module in (socket, ssl, asyncio.base_events):
            assert type(module.__loader__).__module__.startswith("_frozen"), module.__loader__
        assert "send" not in vars(socket.socket)
        assert not hasattr(asyncio.base_events.BaseEventLoop.create_task, "__wrapped__")
        assert not hasattr(ssl.SSLSocket.send, "__wrapped__")
        assert 1 == t.count("send"), t
        left.close(); right.close()
    """)

    assert (0, "") == (done.returncode, done.stderr)


def test_a_module_that_was_only_looked_for_is_left_alone() -> None:
    """A spec that the program found inside and loads after the block gives a module that nobody has patched."""
    done = python("""
        import importlib.util, sys
        import tracedemo
        with tracedemo.trace() as t:
            spec = importlib.util.find_spec("ssl")
        module = sys.modules["ssl"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert not hasattr(module.SSLSocket.send, "__wrapped__")
    """)

    assert (0, "") == (done.returncode, done.stderr)


def test_an_exception_goes_its_way(before: Snapshot, pair: Pair) -> None:
    """An exception leaves the block as it is, without a frame of ours, and the trace is whole."""
    pair[0].setblocking(False)
    with pytest.raises(BlockingIOError) as caught, tracedemo.trace() as t:
        pair[0].recv(1)

    assert before == snapshot()
    assert [("recv", "EAGAIN", "BlockingIOError")] == [(e.op, e.errno, e.exc) for e in t.calls("recv")]
    frames, tb = [], caught.value.__traceback__
    while tb is not None:
        frames.append(tb.tb_frame.f_code.co_filename)
        tb = tb.tb_next
    assert {__file__} == set(frames)


def test_one_that_cannot_begin_leaves_nothing(before: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """When patching fails half-way the block is not entered, and all is as before."""
    from tracedemo.recorders.inprocess import together

    def fail(_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(together.Shared, "on", fail)
    t = tracedemo.trace()
    with pytest.raises(MemoryError), t:
        raise AssertionError

    monkeypatch.undo()
    assert before == snapshot()
    assert not t.on
    with t:
        pass


def test_the_same_one_twice_at_once_is_an_error(before: Snapshot) -> None:
    """A trace that is on refuses to be entered; one that has ended begins anew."""
    t = tracedemo.trace(name="mine")
    with t:
        with pytest.raises(UsageError, match="'mine' has begun and not ended"), t:
            raise AssertionError
        assert t.on
        socket.socket().close()
    assert before == snapshot()
    with t:
        assert [] == ops(t)


def test_before_it_begins_there_is_nothing_to_ask() -> None:
    """A trace that never began says so, and has a repr."""
    t = tracedemo.trace()

    with pytest.raises(UsageError, match="has not begun"):
        t.count()
    assert "<Tracing 'trace': not begun>" == repr(t) == str(t) == t._repr_mimebundle_()["text/plain"]
    assert t._repr_html_() is None
    console = rich.console.Console(file=io.StringIO())
    console.print(t)
    assert f"{t!r}\n" == console.file.getvalue()
    with pytest.raises(UsageError, match="max_events"):
        tracedemo.trace(max_events=0)


# -- Several


def test_nested_ones_are_windows(before: Snapshot, pair: Pair) -> None:
    """Each trace sees what lies between its own begin and end, in whatever order they end; rows count from 0 in each."""
    left, _ = pair
    outer, inner, third = tracedemo.trace(), tracedemo.trace(), tracedemo.trace()
    outer.__enter__()
    left.send(b"1")
    with inner:
        left.send(b"22")
        third.__enter__()
        left.send(b"333")
    outer.__exit__()
    assert before != snapshot()
    left.send(b"4444")
    third.__exit__()

    assert before == snapshot()
    assert [[1, 2, 3], [2, 3], [3, 4]] == [[e.bytes for e in t.calls("send")] for t in (outer, inner, third)]
    assert {0} == {t.trace[0].seq for t in (outer, inner, third)}
    assert ((), ()) == (inner.study.summary.losses, third.study.summary.losses)


def test_a_nested_one_keeps_its_rows(pair: Pair) -> None:
    """What a window saw stays in it, although the outer trace goes on and its ring turns."""
    left, right = pair
    with tracedemo.trace(max_events=8) as outer:
        with tracedemo.trace() as inner:
            left.send(b"x")
            right.recv(9)
        for _ in range(50):
            left.send(b"y")
            right.recv(9)

    assert ["send", "recv"] == ops(inner)
    assert 0 == inner.dropped
    assert 94 == outer.dropped
    assert (
        "it shares the memory of a trace that began before, with room for 8 calls",
    ) == inner.trace.header.notes


def test_a_call_that_outlives_its_block_is_late(before: Snapshot, pair: Pair) -> None:
    """A call that had not returned at the end of the block is marked late, whether others still record or not."""
    left, right = pair
    outer = tracedemo.trace()
    outer.__enter__()
    with tracedemo.trace() as t:
        reader = threading.Thread(target=left.recv, args=(9,))
        reader.start()
        while not t.count("recv"):
            pass
        assert [None] == [event.t1 for event in t.calls("recv")]
    right.send(b"go on")
    reader.join()
    outer.__exit__()

    assert before == snapshot()
    assert [(5, LATE)] == [(event.bytes, event.mark) for event in t.calls("recv")]
    assert [(5, None)] == [(event.bytes, event.mark) for event in outer.calls("recv")]


def test_all_threads_are_recorded(pair: Pair) -> None:
    """Calls of other threads are in the trace, with the names of their threads."""
    with tracedemo.trace() as t:
        worker = threading.Thread(target=pair[0].send, args=(b"x",), name="worker")
        worker.start()
        worker.join()

    assert ["worker"] == [event.owner for event in t.calls("send")]
    assert (1, 0) == (t.count(owner="work*"), t.count(owner="other"))


def test_many_at_once_in_threads(before: Snapshot) -> None:
    """Traces that begin and end in several threads at once see at least their own calls, and nothing is left."""
    trouble: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(30):
                with tracedemo.trace(max_events=1 << 10) as t:
                    left, right = socket.socketpair()
                    left.send(bytes(number))
                    left.close()
                    right.close()
                mine = [e.op for e in t.calls() if e.tid == threading.get_native_id()]
                assert ["socketpair", "send", "close", "close"] == mine
        except BaseException as error:
            trouble.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == trouble
    assert before == snapshot()


# -- asyncio


async def echo(word: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    left, right = socket.socketpair()
    with left, right:
        left.setblocking(False)
        right.setblocking(False)
        await loop.sock_sendall(left, word)
        return await loop.sock_recv(right, 9)


async def two() -> list[bytes]:
    named = (asyncio.create_task(echo(word), name=word.decode()) for word in (b"one", b"two"))
    return await asyncio.gather(*named)


def test_a_running_loop_is_recorded(before: Snapshot) -> None:
    """In a loop that runs already, tasks own their calls, callbacks are in the flow lane, and traces come and go."""

    async def main() -> list[Tracing]:
        made = []
        for _ in range(3):
            with tracedemo.trace() as t:
                assert [b"one", b"two"] == await two()
            made.append(t)
            assert [b"one", b"two"] == await two()
        return made

    for t in asyncio.run(main()):
        assert {"one", "two"} == {event.owner for event in t.calls(("send", "recv"))}
        assert "callback" in {event.op for event in t.trace if event.lane == FLOW}
        assert t.wakeups == t.count("select") > 0
    assert before == snapshot()


def test_a_thousand_traces_in_one_loop() -> None:
    """However often a loop is traced, it stays as quick, and as deep, as it was."""

    async def main() -> None:
        depth = sys.getrecursionlimit()
        for _ in range(depth // 4 * 5):
            with tracedemo.trace(max_events=8):
                await asyncio.sleep(0)

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        asyncio.run(main())
    finally:
        sys.setrecursionlimit(limit)


def test_a_task_of_an_earlier_trace_is_not_taken_for_another() -> None:
    """A task that was made under one trace has no name of a later trace's task."""

    async def main() -> Tracing:
        go = asyncio.Event()

        async def old() -> None:
            await go.wait()
            await echo(b"old")

        with tracedemo.trace():
            task = asyncio.create_task(old(), name="old")
            await asyncio.sleep(0)
        with tracedemo.trace() as t:
            await asyncio.create_task(echo(b"new"), name="new")
            go.set()
            await task
        return t

    t = asyncio.run(main())
    assert ["new", "new"] == [event.owner for event in t.calls(("send", "recv"), owner="new")]
    assert 4 == t.count(("send", "recv"))


# -- Generators


def counting() -> Iterator[int]:
    yield 1
    yield 2


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12")
def test_steps_of_generators(pair: Pair) -> None:
    """Steps of the program's own generators are in the flow lane of each trace, and no tool id is held afterwards."""
    tools = [sys.monitoring.get_tool(number) for number in range(6)]
    for _ in range(2):
        with tracedemo.trace() as t:
            list(counting())
            with tracedemo.trace() as inner:
                list(counting())
        steps = ["start", "yield", "resume", "yield", "resume", "return"]
        assert steps == [event.op for event in inner.trace.lane(FLOW)]
        assert steps * 2 == [event.op for event in t.trace.lane(FLOW)]
        assert {"counting #2"} == {event.owner for event in inner.trace.lane(FLOW)}
        assert tools == [sys.monitoring.get_tool(number) for number in range(6)]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12")
def test_a_generator_that_was_given_up_is_seen_again() -> None:
    """A generator that took 1,000 steps without a call is left alone, and noted; the next trace begins anew."""

    def long() -> Iterator[int]:
        yield from range(1500)

    for _ in range(2):
        with tracedemo.trace() as t:
            for _ in long():
                pass
        assert 2500 > len(list(t.trace.lane(FLOW))) > 1000
        assert "had taken 1,000 without a socket call" in str(t.trace.header.notes)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="there they are seen")
def test_steps_that_are_not_seen_are_said_so() -> None:
    """On Python 3.11 the header says that steps of generators are absent."""
    with tracedemo.trace() as t:
        list(counting())

    assert t.trace.header.flow.startswith("absent: Python 3.11")


# -- Forks


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_writes_nothing_into_it(before: Snapshot, pair: Pair) -> None:
    """A child that was forked in the block is bare, adds nothing to its parent's trace, and can make one of its own."""
    left, right = pair
    with tracedemo.trace() as t:
        left.send(b"parent")
        child = os.fork()
        if not child:
            os._exit(in_child(t, before, left))
        assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        right.recv(99)

    assert ["send", "recv"] == ops(t)
    assert {os.getpid()} == {event.pid for event in t.trace}
    assert 0 == t.dropped
    assert {None} == {event.mark for event in t.trace}


def in_child(t: Tracing, before: Snapshot, left: socket.socket) -> int:
    """Exit code of the child: 0, or which of its expectations failed."""
    try:
        if t.on or before != snapshot():
            return 1
        left.send(b"child")
        t.__exit__()
        if ops(t) != ["send"]:
            return 2
        with tracedemo.trace() as own:
            left.send(b"again")
        if ops(own) != ["send"] or own.trace[0].pid != os.getpid():
            return 3
    except BaseException:
        return 4
    return 0


# -- What is kept


def test_what_the_ring_lost_is_counted(pair: Pair) -> None:
    """Of more calls than there is room for the newest are kept, the rest is counted, and whoever asks is warned."""
    left, right = pair
    with tracedemo.trace(max_events=6) as t:
        for _ in range(10):
            left.send(b"x")
            right.recv(9)

    assert 12 == t.dropped
    assert {PYTHON: 12} == t.trace.header.dropped
    assert list(range(12, 20)) == [event.seq for event in t.trace]
    with pytest.warns(
        RuntimeWarning, match=r"12 calls of the trace 'trace' were dropped.*max_events \(now 6\)"
    ):
        assert 8 == t.count()
    assert "12 rows of the python lane dropped" in str(t.study.summary.notes)


def test_sockets_live_no_longer(pair: Pair) -> None:
    """Nothing that the program used in the block is kept alive by the trace; garbage collection closes as ever."""
    with tracedemo.trace() as t:
        sock, buffer = socket.socket(), bytearray(9)
        gone = weakref.ref(sock)
        with pytest.warns(ResourceWarning):  # noqa: PT031  # the second is for an interpreter that puts it off
            del sock
            gc.collect()
        assert gone() is None
        kept = sys.getrefcount(buffer)
        pair[0].send(b"x")
        pair[1].recv_into(buffer)
        assert kept == sys.getrefcount(buffer)

    assert ["garbage collection"] == [event.args["by"] for event in t.calls("close")]


def test_a_look_inside_the_block_is_a_snapshot(pair: Pair) -> None:
    """Inside the block each question is answered by what has been recorded so far; a second look decodes nothing anew."""
    left, _ = pair
    with tracedemo.trace() as t:
        for number in range(1, 4):
            left.send(b"x")
            assert number == t.count("send")
        assert t.study is t.study
    assert t.trace is t.trace
    assert t.trace.header.clock_start[0] < t.trace[0].t0 < t.trace.header.clock_end[0]


@pytest.mark.parametrize("early", [True, False], ids=["before", "inside"])
def test_what_is_out_of_reach_is_named(early: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library whose sockets live in C is named, whether it was there before the block or is imported in it."""
    (tmp_path / "zmq.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "zmq", raising=False)
    if early:
        importlib.import_module("zmq")
    with tracedemo.trace() as t:
        importlib.import_module("zmq")
    monkeypatch.delitem(sys.modules, "zmq")

    assert ["zmq was imported"] == [told.partition(":")[0] for told in t.trace.header.beyond]


# -- Questions


def test_calls_are_picked(pair: Pair) -> None:
    """Operation, errno, exception, descriptor and owner: all that is given must hold."""
    left, right = pair
    with tracedemo.trace() as t:
        left.setblocking(False)
        with pytest.raises(BlockingIOError):
            left.recv(1)
        right.send(b"abc")
        left.recv(9)

    fd = left.fileno()
    assert 4 == t.count()
    assert (2, 3) == (t.count("recv"), t.count(["recv", "send"]))
    assert (1, 1) == (t.count(errno="EAGAIN"), t.count(errno=11 if sys.platform == "linux" else "EAGAIN"))
    assert 1 == t.count(errno="EWOULDBLOCK")
    assert (1, 1, 0) == (t.count(exc="BlockingIOError"), t.count(exc=BlockingIOError), t.count(exc=OSError))
    assert (3, 1) == (t.count(fd=fd), t.count("recv", fd=fd, errno="EAGAIN"))
    assert f"<1 call: send(fd {right.fileno()}) = 3 bytes at test_api.py:" in repr(t.calls("send"))
    assert "<no calls>" == repr(t.calls("connect"))


@pytest.mark.parametrize(
    "ask", [{"op": "conect"}, {"op": ["recv", "x"]}, {"errno": "EAGIAN"}, {"errno": "errorcode"}]
)
def test_a_slip_of_the_pen_is_no_zero(ask: dict[str, Any]) -> None:
    """An operation or errno that does not exist is an error: counted to 0, an assert about it would hold for ever."""
    with tracedemo.trace() as t:
        pass

    with pytest.raises(UsageError, match="there is no"):
        t.count(**ask)


def test_connections_and_bytes(listener: socket.socket) -> None:
    """Connections are those that this process made; refused ones, socket pairs and datagrams are none."""
    with tracedemo.trace() as t:
        with socket.create_connection(listener.getsockname()) as client, listener.accept()[0] as served:
            client.sendall(b"question")
            served.recv(99)
            served.sendall(b"answer!")
            client.recv(99)
        left, right = socket.socketpair()
        left.close()
        right.close()
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            datagrams.connect(listener.getsockname())
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            with socket.socket() as refused, pytest.raises(ConnectionRefusedError):
                refused.connect(free.getsockname())

    assert 1 == t.connections
    assert (15, 15) == (t.bytes_sent, t.bytes_received)
    assert 0 == t.wakeups


def test_the_self_pipe_of_a_loop_sends_nothing(before: Snapshot) -> None:
    """The bytes by which an event loop wakes itself are in no sum."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, int)

    with tracedemo.trace() as t:
        asyncio.run(main())

    assert t.count("send") > 0
    assert (0, 0, 0) == (t.bytes_sent, t.bytes_received, t.connections)


def test_to_a_network_an_address_a_port_a_name(listener: socket.socket) -> None:
    """`to` finds connects and sends by network, address, host and port; and by a name that was looked up."""
    port = listener.getsockname()[1]
    with tracedemo.trace() as t:
        with socket.create_connection(("localhost", port)) as client:
            client.sendall(b"x")
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            datagrams.sendto(b"y", ("127.0.0.9", port))

    found = {where: [event.op for event in t.to(where)] for where in
             ("127.0.0.0/8", "127.0.0.1", f"127.0.0.1:{port}", f"localhost:{port}", "localhost", "127.0.0.9",
              "10.0.0.0/8", "127.0.0.1:1", "::1", "fe80::/10", "[::1]:80", "example.com", "unix:/tmp/x")}  # fmt: skip
    stream = ["connect", "sendall"]
    assert [*stream, "sendto"] == found.pop("127.0.0.0/8")
    assert ["sendto"] == found.pop("127.0.0.9")
    for where in ("127.0.0.1", f"127.0.0.1:{port}", f"localhost:{port}", "localhost"):
        assert stream == found.pop(where)
    assert not any(found.values())


def test_to_a_unix_socket(tmp_path: Path) -> None:
    """The path of a socket is a place like any other, and no network."""
    path = os.path.relpath(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as client:
        listening.bind(path)
        listening.listen()
        with tracedemo.trace() as t:
            client.connect(path)

    assert (1, 0, 0) == (len(t.to(f"unix:{path}")), len(t.to("unix:other")), len(t.to("0.0.0.0/0")))


def test_a_refused_connect_went_there(listener: socket.socket) -> None:
    """A connect that failed has gone to its peer all the same."""
    address = listener.getsockname()
    listener.close()
    with tracedemo.trace() as t, socket.socket() as sock:
        sock.setblocking(False)
        sock.connect_ex(address)

    assert 1 == len(t.to("127.0.0.1"))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open descriptors are read from /proc")
def test_a_connection_of_before_is_known(listener: socket.socket) -> None:
    """A send on a socket that was connected before the trace began is told by its peer, also after a dup."""
    with socket.create_connection(listener.getsockname()) as client, tracedemo.trace() as t:
        client.send(b"x")
        with client.dup() as other:
            other.send(b"y")

    assert (2, 0) == (len(t.to("127.0.0.0/8")), len(t.to("10.0.0.0/8")))


def test_what_cannot_be_known_is_no_no() -> None:
    """Where the trace does not tell to which address a call went, `to` raises: "not there" would be a guess."""
    with tracedemo.trace() as t, socket.socket() as sock, pytest.raises(socket.gaierror):
        sock.connect(("a-name.invalid", 80))

    with pytest.raises(UsageError, match=r"the address behind a-name.invalid:80 is not in the trace"):
        t.to("10.0.0.0/8")
    assert not t.to("10.0.0.1:81")
    assert 1 == len(t.to("a-name.invalid"))


@pytest.mark.parametrize(
    "where",
    ["", "10.0.0.0/33", "10.0.0", "a b", "host:99999", "host:port", "[host]:80", "1.2.3.4:", "::1:x", "a/b"],
)
def test_no_place(where: str) -> None:
    """What is no network, address or host is an error, not a place where nothing went."""
    with tracedemo.trace() as t:
        pass

    with pytest.raises(UsageError, match="is no place"):
        t.to(where)


# -- Shown and kept


def test_it_is_shown(pair: Pair, tmp_path: Path) -> None:
    """str() is the log, show() writes any view, save() a file that can be read again, with the sources."""
    with tracedemo.trace(name="shown") as t:
        pair[0].send(b"x")
    stream = io.StringIO()
    t.show("summary", stream)
    t.save(tmp_path / "t.jsonl")
    saved, _ = tracefile.read(tmp_path / "t.jsonl")

    assert str(t).startswith("shown: what the program asks")
    assert "send(1 byte)" in str(t)
    assert 'pair[0].send(b"x")' in str(t)
    assert "in a call that returns at once" in stream.getvalue()
    assert list(t.trace) == list(saved)
    assert ("shown", "code") == (saved.header.target, saved.header.kind)
    assert __file__ in saved.sources
    with pytest.raises(UsageError, match="there is no view 'x'"):
        t.show("x")
    with pytest.raises(FileError):
        t.save(tmp_path / "none" / "t.jsonl")


def test_it_is_shown_by_rich(pair: Pair) -> None:
    """rich.print shows the log and the summary within the width of the console."""
    with tracedemo.trace() as t:
        pair[0].send(b"x")
    console = rich.console.Console(file=io.StringIO(), width=70, force_terminal=True)
    console.print(t)

    text = console.file.getvalue()
    assert "send(1 byte)" in text
    assert "wakeups" in text
    assert "\x1b[" in text


HOSTILE = "<script>alert('x')</script>&amp;\x1b[31m\u202e"


def test_html_is_safe(tmp_path: Path) -> None:
    """Names from the trace are text in the HTML, which loads nothing and is no page of its own."""
    with tracedemo.trace(name=HOSTILE) as t:
        sock = socket.socket(socket.AF_UNIX)
        for path in (HOSTILE, '"><img src=x onerror=y>'):
            sock.connect_ex(path)
        sock.close()
        worker = threading.Thread(target=lambda: socket.socket().close(), name="<b>thread</b>")
        worker.start()
        worker.join()

    made = t._repr_mimebundle_()
    page = made["text/html"]
    assert page == t._repr_html_()
    assert {"text/plain", "text/html"} == made.keys()
    assert {"text/plain"} == t._repr_mimebundle_(include={"text/plain"}).keys()
    assert {"text/html"} == t._repr_mimebundle_(exclude={"text/plain"}).keys()
    assert "&lt;script&gt;" in page
    for word in (
        "<script",
        "<img",
        "<b>",
        "http",
        "url(",
        "@import",
        "<html",
        "<style",
        "<link",
        "\x1b",
        "\u202e",
    ):
        assert word not in page
    assert "\x1b" not in made["text/plain"]
    assert "\u202e" not in made["text/plain"]


def test_a_long_log_is_cut_in_a_notebook(pair: Pair) -> None:
    """A notebook gets the beginning and the end of a long log, and how much is between."""
    with tracedemo.trace() as t:
        for number in range(400):
            pair[0].send(bytes(number % 2 + 1))
            pair[1].recv(9)

    assert len(str(t).splitlines()) > 200
    assert "more lines; show() prints all ..." in t._repr_html_()
    assert 200 > t._repr_html_().count("send(")


# -- Beside a run


def test_inside_a_run(tmp_path: Path) -> None:
    """In a process that `tracedemo run` records a trace is a window over that record, with no second set of wrappers."""
    script = tmp_path / "program.py"
    script.write_text(
        textwrap.dedent("""
        import os, socket
        import tracedemo
        left, right = socket.socketpair()
        wrapper = socket.socket.send
        left.send(b"before")
        with tracedemo.trace(name="inner") as t:
            assert wrapper is socket.socket.send
            left.send(b"in")
            right.recv(99)
            child = os.fork()
            if not child:
                left.send(b"child")
                os._exit(t.count() != 2)
            assert os.waitpid(child, 0)[1] == 0
        assert wrapper is socket.socket.send
        left.send(b"after")
        print([(event.op, event.bytes, event.seq) for event in t.trace])
    """)
    )
    done = run(find_target([str(script)]), RunOptions(capture=True, slots=1 << 12))

    assert ("", 0) == (done.complaints, done.exit_code)
    assert "[('send', 2, 0), ('recv', 8, 1)]\n" == done.output
    sizes = [event.bytes for event in done.trace if event.op == "send"]
    assert [6, 2, 5, 5] == sizes


def test_inside_a_run_that_keeps_the_first(tmp_path: Path) -> None:
    """Where a run keeps its first calls only, a window counts as lost what came after them."""
    script = tmp_path / "program.py"
    script.write_text(
        textwrap.dedent("""
        import socket
        import tracedemo
        left, right = socket.socketpair()
        for _ in range(4):
            left.send(b"x")
        with tracedemo.trace() as t:
            for _ in range(10):
                left.send(b"y")
        print(len(t.trace), t.dropped)
    """)
    )
    done = run(find_target([str(script)]), RunOptions(capture=True, slots=8, keep="first"))

    assert ("", 0) == (done.complaints, done.exit_code)
    kept, lost = map(int, done.output.split())
    assert kept < 8
    assert 10 == kept + lost


def test_http_by_the_standard_library(listener: socket.socket) -> None:
    """One request by urllib is one connection, to one address, whoever imported socket first."""

    def serve() -> None:
        with listener.accept()[0] as sock:
            sock.recv(9999)
            sock.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    host, port = listener.getsockname()
    server = threading.Thread(target=serve)
    server.start()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with tracedemo.trace() as t:
        assert b"hi" == opener.open(f"http://{host}:{port}/").read()
    server.join()

    assert 1 == t.connections
    assert t.to(f"{host}:{port}")
    assert not t.to("10.0.0.0/8")
    assert 0 == t.count(errno="EAGAIN")


# -- The page about it


PAGE = Path(__file__).parents[1] / "docs" / "api.md"


def examples() -> list[str]:
    """The pieces of Python in docs/api.md."""
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Of our own server."""
    with running_server(ServerOptions(), tmp_path) as server:
        yield f"http://{server.host}:{server.port}/"


def test_examples_of_the_page(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/api.md shows runs, one piece after the other, as it stands there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "*")
    names: dict[str, Any] = {"url": url}
    shown = [text for text in examples() if "# test_" not in text]
    for text in shown:
        exec(compile(text, str(PAGE), "exec"), names)

    assert 3 == len(shown)
    assert 2 == names["both"].connections
    assert (tmp_path / "one-request.jsonl").is_file()


def test_example_for_pytest(url: str, tmp_path: Path) -> None:
    """The test that docs/api.md shows passes."""
    (text,) = [text for text in examples() if "# test_" in text]
    (tmp_path / "test_fetch.py").write_text(text)
    (tmp_path / "conftest.py").write_text(
        f"import pytest\n\n@pytest.fixture\ndef url():\n    return {url!r}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", "-p", "tracedemo.pytest_plugin"],
        cwd=tmp_path,
        env=os.environ
        | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(PAGE.parents[1]), "no_proxy": "*"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert 0 == done.returncode, done.stdout
