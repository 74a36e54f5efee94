"""Lock-step from the inside: what counts as a wait, who is asked about what, and what is no proof of anything.

What a learner sees of it is in tests/test_paced_by_cause.py.
"""

from __future__ import annotations

import select
import struct
import sys
import threading
from collections.abc import Callable

import pytest

from tests.recorders.conftest import Record
from tracedemo.analysis.study import Study
from tracedemo.events import PYTHON, TRACER, Event
from tracedemo.recorders.inprocess import asking, pace
from tracedemo.recorders.inprocess.watched import waits_for_thread
from tracedemo.runner import ADDRESS, Run
from tracedemo.server import ServerOptions

REQUEST = r'b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"'
PREAMBLE = f"""
import asyncio, os, select, selectors, socket, sys, threading
host, _, port = sys.argv[1].rpartition(":")
address = (host, int(port))
REQUEST = {REQUEST}
def asked():
    sock = socket.create_connection(address)
    sock.sendall(REQUEST)
    return sock
def rest(sock):
    got = 0
    while chunk := sock.recv(4096):
        got += len(chunk)
    sock.close()
    return got > 1200
"""

Pace = Callable[..., Run]


@pytest.fixture
def paced(record: Record) -> Pace:
    """A function that runs a script in lock-step; the script finds `address`, `asked()` and `rest(sock)`."""

    def run(text: str, **server: object) -> Run:
        return record(PREAMBLE + text, ADDRESS, server=ServerOptions(pace="lockstep", **server))

    return run


def own(done: Run) -> list[Event]:
    return [
        event for event in done.trace.lane(PYTHON) if event.mark is None and "importing" not in event.args
    ]


def tools(done: Run, op: str = "lockstep") -> list[Event]:
    return [event for event in done.trace.lane(PYTHON) if event.mark == TRACER and event.op == op]


def fetched(done: Run) -> bool:
    return ("True\n", "", 0) == (done.output, done.complaints, done.exit_code)


WAYS = {
    "recv": "print(rest(asked()))",
    "recv with a timeout": """
sock = asked(); sock.settimeout(9)
print(rest(sock))
""",
    "makefile": """
sock = asked()
with sock.makefile("rb") as file:
    print(len(file.read()) > 1200)
sock.close()
""",
    "a socket that was duplicated": """
sock = asked(); other = sock.dup(); sock.close()
print(rest(other))
""",
    "a socket made of a descriptor": """
number = asked().detach()
print(rest(socket.socket(fileno=number)))
""",
    "select with an iterator": """
sock, got = asked(), b""
while True:
    ready, _, _ = select.select(iter([sock]), (), map(str, ()))
    if not (chunk := sock.recv(4096)):
        break
    got += chunk
print(len(got) > 1200); sock.close()
""",
    "poll": """
sock, got, poll = asked(), b"", select.poll()
poll.register(sock, select.POLLIN)
while poll.poll():
    if not (chunk := sock.recv(4096)):
        break
    got += chunk
print(len(got) > 1200); sock.close()
""",
    "epoll, edge-triggered": """
sock, got, epoll = asked(), b"", select.epoll()
sock.setblocking(False)
epoll.register(sock, select.EPOLLIN | select.EPOLLET)
while True:
    epoll.poll()
    try:
        while chunk := sock.recv(100):
            got += chunk
        break
    except BlockingIOError:
        pass
print(len(got) > 1200); sock.close(); epoll.close()
""",
    "epoll that is never waited for": """
sock, got, epoll = asked(), b"", select.epoll()
epoll.register(sock, select.EPOLLIN)
while True:
    if epoll.poll(0):
        if not (chunk := sock.recv(4096)):
            break
        got += chunk
print(len(got) > 1200); sock.close(); epoll.close()
""",
    "recv with MSG_DONTWAIT": """
sock, got = asked(), b""
while True:
    try:
        if not (chunk := sock.recv(4096, socket.MSG_DONTWAIT)):
            break
        got += chunk
    except BlockingIOError:
        pass
print(len(got) > 1200); sock.close()
""",
    "a child that was forked": """
sock = asked()
if os.fork() == 0:
    print(rest(sock), flush=True)
    os._exit(0)
os.wait(); sock.close()
""",
    "a request sent by another thread": """
sock = socket.create_connection(address)
threading.Thread(target=sock.sendall, args=(REQUEST,)).start()
print(rest(sock))
""",
    "asyncio": """
async def main():
    reader, writer = await asyncio.open_connection(*address)
    writer.write(REQUEST)
    print(len(await reader.read()) > 1200)
    writer.close()
    await writer.wait_closed()
asyncio.run(main())
""",
    "asyncio that never sleeps": """
async def main():
    reader, writer = await asyncio.open_connection(*address)
    writer.write(REQUEST)
    reading = asyncio.ensure_future(reader.read())
    while not reading.done():
        await asyncio.sleep(0)
    print(len(reading.result()) > 1200)
    writer.close()
    await writer.wait_closed()
asyncio.run(main())
""",
    "a descriptor that stood for another socket before": """
def forget():
    socket.create_connection(address)
forget()
left, right = socket.socketpair()
right.send(b"x")
left.recv(1)
threading.Timer(0.01, right.send, (b"y",)).start()
left.recv(1)
left.close(), right.close()
print(rest(asked()))
""",
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_waiting_is_paced(way: str, paced: Pace) -> None:
    """In whatever way a program waits for its response, it gets it, piece after piece, and the same calls on each run."""
    runs = [paced(WAYS[way]) for _ in range(2)]

    for done in runs:
        assert fetched(done), done.complaints
        assert 4 == sum(str(event.result).count(":") for event in tools(done)), "3 pieces and a close"
    first, second = ([(event.op, event.errno, event.bytes) for event in own(done)] for done in runs)
    assert first == second


def test_a_call_waited_if_nothing_was_there(paced: Pace) -> None:
    """A call that could wait is marked `waited` exactly when it was looked up before, and nothing was ready."""
    done = paced("""
sock = asked()
print(len(sock.recv(100)), len(sock.recv(100)), len(sock.recv(4096)) > 200)
left, right = socket.socketpair()
right.send(b"x")
left.recv(1)
threading.Timer(0.01, right.send, (b"y",)).start()
left.recv(1)
select.select([left], [], [], 0)
select.select([sock], [], [], 5)
select.select([sock], [], [], 5)
for one in (left, right, sock):
    one.close()
""")

    assert "100 100 True\n" == done.output
    reads = [event for event in own(done) if event.op in ("recv", "select")]
    assert ["recv"] * 5 + ["select"] * 3 == [event.op for event in reads]
    assert [True, False, False, False, True, False, True, False] == [
        "waited" in event.args for event in reads
    ]
    assert "could_wait" not in reads[5].args
    assert "waited" not in {name for event in own(done) if event.op == "connect" for name in event.args}


def test_the_tools_own_lies_within_the_call(paced: Pace) -> None:
    """Each look and each exchange lies inside the call that was about to wait, on its thread, and says what came of it."""
    done = paced("print(rest(asked()))")

    looks = [event for event in tools(done) if event.result != pace.CALLED]
    recvs = [event for event in own(done) if event.op == "recv"]
    assert len(recvs) == len(looks) == 4
    for look, recv in zip(looks, recvs, strict=True):
        assert recv.t0 <= look.t0 <= look.t1 <= recv.t1
        assert look.tid == recv.tid
    (port,) = tools(done, "port")
    number = port.result.rpartition(":")[2]
    assert [f"{number}:sent"] * 3 + [f"{number}:closed"] == [look.result for look in looks]


STUCK = {
    "asyncio": """
async def main():
    reader, writer = await asyncio.open_connection(*address)
    await reader.read()
asyncio.run(main())
""",
    "a thread that waits for another one": """
sock, event = socket.create_connection(address), threading.Event()
thread = threading.Thread(target=lambda: (sock.recv(1), event.set()))
thread.start()
event.wait()
""",
    "two threads, one of them by select": """
one, two = socket.create_connection(address), socket.create_connection(address)
thread = threading.Thread(target=one.recv, args=(1,))
thread.start()
with selectors.DefaultSelector() as selector:
    selector.register(two, selectors.EVENT_READ)
    selector.select()
""",
    "after the response": """
sock = socket.create_connection(address)
sock.sendall(REQUEST.replace(b"Connection: close", b"A: b"))
got = b""
while not got.endswith(b"\\n") or len(got) < 1200:
    got += sock.recv(4096)
while sock.recv(4096):
    pass
""",
}


@pytest.mark.parametrize("way", STUCK)
def test_who_waits_for_ever_is_told(way: str, paced: Pace) -> None:
    """When nothing can come any more for any thread, the program is ended, with the descriptors named."""
    done = paced(STUCK[way])

    (row,) = tools(done, "deadlock")
    assert (125, "deadlock") == (done.exit_code, done.trace.header.ended)
    assert row.args["fds"]
    assert all(f"fd {fd}" in row.args["detail"] for fd in row.args["fds"])
    waiting = [event for event in own(done) if event.t1 is None and event.op in ("recv", "select")]
    assert {event.fd for event in waiting if event.op == "recv"} <= set(row.args["fds"])
    assert waiting


@pytest.mark.skipif(not hasattr(select, "epoll"), reason="edge mode is Linux's")
def test_who_sleeps_over_unread_bytes_is_told(paced: Pace) -> None:
    """A program that sleeps over bytes that it left unread in edge mode is ended as one that waits for ever."""
    done = paced("""
sock = asked()
with select.epoll() as poll:
    poll.register(sock, select.EPOLLIN | select.EPOLLET)
    while True:
        poll.poll()
        sock.recv(1)
""")

    (row,) = tools(done, "deadlock")
    assert (125, "deadlock") == (done.exit_code, done.trace.header.ended)
    assert len(row.args["fds"]) == 1
    assert own(done)[-1].op == "poll"
    assert own(done)[-1].t1 is None


ALIVE = {
    "another thread works, and then sends": """
sock = socket.create_connection(address)
def late():
    here, there = socket.socketpair()
    threading.Timer(0.05, there.send, (b"x",)).start()
    here.recv(1), here.close(), there.close()
    sock.sendall(REQUEST)
threading.Thread(target=late).start()
print(rest(sock))
""",
    "a signal will come": """
import signal
sock = socket.create_connection(address)
signal.signal(signal.SIGALRM, lambda *_: sock.sendall(REQUEST))
signal.setitimer(signal.ITIMER_REAL, 0.2)
print(rest(sock))
""",
    "a signal will come, and raises": """
import signal
def late(*_):
    raise TimeoutError
sock = asked()
signal.signal(signal.SIGALRM, late)
signal.setitimer(signal.ITIMER_REAL, 0.2)
try:
    while sock.recv(4096):
        pass
except TimeoutError:
    print(True)
sock.close()
""",
    "an alarm is set for a program that sleeps in select": """
import signal
def late(*_):
    raise TimeoutError
sock = asked()
signal.signal(signal.SIGALRM, late)
signal.alarm(1)
try:
    while select.select([sock], [], []) and sock.recv(4096):
        pass
except TimeoutError:
    print(True)
sock.close()
""",
    "a signal comes again and again, and one of them sends what was missing": """
import signal
sock, rings = asked(), []
def ring(*_):
    rings.append(1)
    if len(rings) == 4:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sock.shutdown(socket.SHUT_RD)
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
while sock.recv(4096):
    pass
print(len(rings) == 4)
sock.close()
""",
    "the kernel ends the wait": """
import struct
sock = asked()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 200_000))
try:
    while sock.recv(4096):
        pass
except BlockingIOError:
    print(True)
sock.close()
""",
    "a wait with a timeout": """
sock = socket.create_connection(address)
print(select.select([sock], [], [], 0.01) == ([], [], []))
sock.close()
""",
    "something else is watched, too": """
sock = socket.create_connection(address)
left, right = socket.socketpair()
threading.Timer(0.05, right.send, (b"x",)).start()
print(select.select([sock, left], [], [])[0] == [left])
for one in (sock, left, right):
    one.close()
""",
}


IN_SILENCE = frozenset(way for way in ALIVE if "signal" in ALIVE[way] or "RCVTIMEO" in ALIVE[way]) - {
    "a signal will come"
}
"""Programs whose server falls silent in the middle of its answer."""


@pytest.mark.parametrize("way", ALIVE)
def test_who_can_still_be_helped_is_left_alone(way: str, paced: Pace) -> None:
    """As long as anybody could still make something happen, no deadlock is called, though our server is silent."""
    done = paced(ALIVE[way], fault="stall" if way in IN_SILENCE else "")

    assert fetched(done), done.complaints
    assert "exit" == done.trace.header.ended


ENDS = {
    "sock.settimeout(0.3)\nrecv()": (0.3, 0.3),
    "while select.select([sock], [], [], 0.3)[0]: sock.recv(4096)": (0.3, 0.3),
    "poll = select.poll()\npoll.register(sock, select.POLLIN)\nwhile poll.poll(300): sock.recv(4096)": (0.3, 0.3),
    f"sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, {struct.pack('ll', 0, 300_000)!r})\nrecv()": (0.3, 0.31),
    "signal.signal(signal.SIGALRM, ring)\nsignal.setitimer(signal.ITIMER_REAL, 0.3)\nrecv()": (0.0, 0.3),
}  # fmt: skip


@pytest.mark.parametrize("wait", ENDS)
def test_what_ends_a_wait_is_noted(wait: str, paced: Pace) -> None:
    """Where the server has nothing left, the tool's row says after how long the wait is over in any case."""
    done = paced(
        f"""
import signal
sock = asked()
def ring(*_):
    raise TimeoutError
def recv():
    try:
        while sock.recv(4096):
            pass
    except OSError:
        pass
{wait}
sock.close()
""",
        fault="stall",
    )
    least, most = ENDS[wait]

    (within,) = [event.args["within"] for event in tools(done) if "within" in event.args]
    assert least < within <= most or least == within
    assert "exit" == done.trace.header.ended, done.complaints


VAIN = {
    "a timer whose handler changes nothing": """
import signal
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.1)
socket.create_connection(address).recv(1)
""",
    "another thread, and a timer": """
import signal
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.1)
one, two = socket.create_connection(address), socket.create_connection(address)
threading.Thread(target=one.recv, args=(1,)).start()
two.recv(1)
""",
    "a timeout of the kernel on another socket": """
import struct
one, two = socket.create_connection(address), socket.create_connection(address)
one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 1, 0))
two.recv(1)
""",
}


@pytest.mark.parametrize("way", VAIN)
def test_what_does_not_help_does_not_put_off_the_end(way: str, paced: Pace) -> None:
    """A timer that has run out, or a timeout of another socket, keeps nobody from being told that it waits for ever."""
    done = paced(VAIN[way])

    assert (125, "deadlock") == (done.exit_code, done.trace.header.ended)


CLOSE_THE_LINE = """
def close_the_line():
    for number in range(200, 300):
        try:
            line = socket.socket(fileno=number)
        except OSError:
            continue
        control = line.getpeername()
        line.close()
    return control
"""


def test_a_line_that_was_closed_is_opened_again(paced: Pace) -> None:
    """A program that closes descriptors which it has not opened, as daemons do, is paced all the same."""
    done = paced(CLOSE_THE_LINE + "sock = asked(); close_the_line(); print(rest(sock))")

    assert fetched(done), done.complaints


def test_a_server_that_cannot_be_asked_proves_nothing(paced: Pace) -> None:
    """Without a line to the server nothing is called a deadlock: the program waits as it would without us."""
    done = paced(
        CLOSE_THE_LINE
        + """
sock = asked()
os.unlink(close_the_line())
threading.Timer(0.05, sock.shutdown, (socket.SHUT_RD,)).start()
print(sock.recv(1) == b"")
sock.close()
"""
    )

    assert fetched(done), done.complaints
    assert pace.NO_ANSWER in {event.result for event in tools(done)}
    assert "exit" == done.trace.header.ended


def test_accepting_is_not_disturbed(paced: Pace) -> None:
    """A program that is a server itself, and never talks to ours, is as it is without lock-step."""
    done = paced("""
with socket.create_server(("127.0.0.1", 0)) as server:
    thread = threading.Thread(target=lambda: socket.create_connection(server.getsockname()).close())
    thread.start()
    sock, _ = server.accept()
    print(sock.recv(1) == b"")
    sock.close(), thread.join()
""")

    assert fetched(done), done.complaints
    assert not any(":" in str(event.result) for event in tools(done))


def test_the_numbers_of_descriptors_are_the_programs(paced: Pace) -> None:
    """The line to the server takes no low number away, in the parent or in a forked child."""
    done = paced("""
one = asked()
print(one.fileno(), socket.socket().fileno(), flush=True)
one.close()
if os.fork() == 0:
    print(socket.socket().fileno(), flush=True)
    os._exit(0)
os.wait()
""")

    assert "3 4\n3\n" == done.output


def test_a_spinning_thread_is_named_with_all_it_asks_for(paced: Pace) -> None:
    """A selector that is asked for ever with timeout 0 is ended, and all of our connections in it are named."""
    done = paced("""
socks = [socket.create_connection(address) for _ in range(2)]
with selectors.DefaultSelector() as selector:
    for sock in socks:
        selector.register(sock, selectors.EVENT_READ)
    while True:
        selector.select(0)
""")

    (row,) = tools(done, "spin")
    assert (125, "spin") == (done.exit_code, done.trace.header.ended)
    assert 2 == len(row.args["fds"])
    assert asking.BUDGET == sum(event.op == "select" for event in own(done))


UNUSED = """
with socket.create_connection(address) as sock, selectors.DefaultSelector() as selector:
    selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
    while True:
        for key, mask in selector.select():
            if mask & selectors.EVENT_READ:
                sock.recv(4096)
"""


def test_a_program_that_makes_no_use_of_what_select_reports_is_ended(paced: Pace) -> None:
    """A select that has news BUDGET times in a row, of which the program makes no use, is a spin."""
    done = paced(UNUSED)

    (row,) = tools(done, "spin")
    assert (125, "spin") == (done.exit_code, done.trace.header.ended)
    assert "did nothing with fd" in row.args["detail"]
    assert asking.BUDGET == sum(event.op == "select" for event in own(done))
    assert "no-deadline" not in {finding.kind for finding in Study(done.trace).findings}


USES = ("sock.send(b'x')", "sock.sendall(b'x')", "sock.setblocking(True); sock.recv(1)", "asked().close()")


@pytest.mark.parametrize("use", USES)
def test_news_that_are_used_are_no_spin(paced: Pace, use: str) -> None:
    """A select may have news as often as it likes, as long as the program connects, sends or receives between them."""
    done = paced(f"""
sock = asked()
with selectors.DefaultSelector() as selector:
    selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
    for turn in range({asking.BUDGET + 2}):
        selector.select()
        if turn == 9_999:
            {use}
sock.close()
print(True)
""")

    assert fetched(done)


class Late(threading.Thread):
    """Begins only when it is let, as any thread may on a busy machine."""

    let = threading.Event()

    def _bootstrap(self) -> None:
        self.let.wait()
        super()._bootstrap()  # type: ignore[misc]  # what Thread.start() starts


def test_a_thread_that_starts_another_is_not_stuck() -> None:
    """Who waits in Thread.start() waits for a thread that will run, though no list of frames may hold it yet."""
    late = Late()
    starter = threading.Thread(target=late.start)
    starter.start()
    while not (frame := sys._current_frames()[starter.ident or 0]) or "waiter" not in frame.f_locals:
        pass

    stuck = waits_for_thread(frame)
    late.let.set()
    starter.join()
    late.join()

    assert ("wait", False) == (frame.f_code.co_name, stuck)
