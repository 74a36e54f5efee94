"""The recorder's story against strace's, call by call: nothing missing, nothing invented, nothing out of order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recorders.conftest import Record
from tests.recorders.witness import SystemCall, differences, read_lines, strace
from tracedemo.events import PYTHON
from tracedemo.runner import Run, RunOptions, run, variant_target
from tracedemo.server import ServerOptions
from tracedemo.variants import VARIANTS, Variant

pytestmark = pytest.mark.strace


def assert_agrees(done: Run, output: Path, at_least: int) -> list[SystemCall]:
    """The two stories are the same, and are not empty."""
    lines = read_lines(output)
    assert [] == differences(done.trace, lines)
    assert len(lines) >= at_least
    assert {} == done.trace.header.dropped
    return lines


@pytest.mark.parametrize("pace", ["lockstep", "clock"])
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_variants(variant: Variant, pace: str, tmp_path: Path) -> None:
    """Each variant's calls are those that strace saw, on the same threads and descriptors, with the same errno."""
    output = tmp_path / "strace"
    # By the clock nothing is in the hands of the test but this: the polling variant is not to poll for seconds.
    server = ServerOptions(pace=pace, delay_ms=3, gap_ms=1)

    done = run(variant_target(variant), RunOptions(server=server, capture=True, prefix=strace(output)))

    assert (0, "") == (done.exit_code, done.complaints)
    # socket, connect, send, two recv, close: on a busy machine all pieces of an answer may be there at once.
    assert_agrees(done, output, at_least=3 * 6 if variant.fetches else 3)


SCRIPTS = {
    "timeout": """
        import socket
        left, right = socket.socketpair()
        left.settimeout(5)
        right.send(b"x")
        left.recv(1), left.send(b"y"), left.sendall(b"z")
        left.settimeout(0.001)
        try:
            left.recv(1)
        except TimeoutError:
            pass
        left.settimeout(None)
        left.close(), right.close()
    """,
    "connect with a timeout": """
        import socket
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = server.getsockname()
            with socket.create_connection(address, timeout=5) as client:
                accepted, _ = server.accept()
                accepted.sendall(b"x")
                client.recv(1)
                accepted.close()
        try:
            socket.create_connection(address, timeout=5)
        except ConnectionRefusedError:
            pass
    """,
    "sendall of 2 MB": """
        import socket, threading
        left, right = socket.socketpair()
        def read():
            got = 0
            while got < 2_000_000:
                got += len(right.recv(1 << 20))
        reader = threading.Thread(target=read)
        reader.start()
        left.sendall(bytes(2_000_000))
        reader.join()
    """,
    "unclosed": """
        import gc, socket
        def leak():
            socket.socket()
            cycle = list(socket.socketpair())
            cycle.append(cycle)
        leak()
        gc.collect()
        socket.socket().close()
    """,
    "dup and detach": """
        import os, socket
        one = socket.socket()
        two = one.dup()
        three = socket.dup(one.fileno())
        four = socket.fromfd(three, socket.AF_INET, socket.SOCK_STREAM)
        number = two.detach()
        five = socket.socket(fileno=number)
        one.set_inheritable(True), one.get_inheritable()
        for sock in (one, four, five):
            sock.close()
        socket.close(three)
    """,
    "server and client in one": """
        import socket
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
            server.setblocking(False)
            try:
                server.accept()
            except BlockingIOError:
                pass
            client.connect(server.getsockname())
            server.setblocking(True)
            accepted, peer = server.accept()
            assert peer == client.getsockname() and accepted.getpeername() == peer
            client.shutdown(socket.SHUT_WR)
            assert accepted.recv(1) == b""
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
            accepted.close()
            try:
                client.send(b"x")
            except BrokenPipeError:
                pass
            try:
                client.getpeername()
            except OSError:
                pass
    """,
    "datagrams": """
        import socket
        with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
            one.bind(("127.0.0.1", 0)), two.bind(("127.0.0.1", 0))
            one.sendto(b"abc", two.getsockname())
            two.recvfrom(10)
            one.sendto(b"abc", 0, two.getsockname())
            two.recvfrom_into(bytearray(10))
            one.sendmsg([b"ab", b"c"], [], 0, two.getsockname())
            two.recvmsg(10)
            one.sendmsg([b"ab", b"c"], [], 0, two.getsockname())
            two.recvmsg_into([bytearray(2), bytearray(2)])
            try:
                two.recv(10, socket.MSG_DONTWAIT)
            except BlockingIOError:
                pass
    """,
    "selectors": """
        import selectors, socket
        left, right = socket.socketpair()
        for kind in (selectors.EpollSelector, selectors.PollSelector, selectors.SelectSelector):
            with kind() as selector:
                selector.register(left, selectors.EVENT_READ)
                assert selector.select(0) == []
                right.send(b"x")
                assert selector.select(5)
                selector.modify(left, selectors.EVENT_READ | selectors.EVENT_WRITE)
                assert selector.select()
                left.recv(1)
                selector.unregister(left)
    """,
    "epoll, poll and select": """
        import select, socket
        left, right = socket.socketpair()
        right.send(b"x")
        epoll = select.epoll()
        epoll.register(left, select.EPOLLIN)
        epoll.modify(left.fileno(), select.EPOLLIN | select.EPOLLOUT)
        assert epoll.poll(5)
        epoll.unregister(left)
        try:
            epoll.modify(left, 0)
        except FileNotFoundError:
            pass
        epoll.close()
        with select.epoll(sizehint=3, flags=select.EPOLL_CLOEXEC) as other:
            other.poll(0, 4)
        poll = select.poll()
        poll.register(left)
        poll.modify(left, select.POLLIN)
        assert poll.poll(5000)
        poll.unregister(left)
        assert select.select([left], [right], [], 5)
    """,
    "names": """
        import socket
        socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)
        socket.gethostbyname("localhost")
        socket.getaddrinfo("127.0.0.1", 80)
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
            client.connect(("localhost", server.getsockname()[1]))
        socket.gethostname(), socket.getservbyname("http")
    """,
    "makefile": """
        import socket
        left, right = socket.socketpair()
        with left.makefile("rwb") as one, right.makefile("rb") as two:
            one.write(b"line\\n"), one.flush()
            assert two.readline() == b"line\\n"
        left.close(), right.close()
    """,
    "sendfile": """
        import os, shutil, socket, tempfile
        left, right = socket.socketpair()
        with tempfile.NamedTemporaryFile() as file, tempfile.NamedTemporaryFile() as copy:
            file.write(bytes(5000)), file.flush()
            with open(file.name, "rb") as data:
                assert left.sendfile(data) == 5000
            with open(file.name, "rb") as data:
                os.sendfile(left.fileno(), data.fileno(), 0, 1000)
            shutil.copyfile(file.name, copy.name)
            with open(file.name, "rb") as data:
                left.settimeout(5)
                assert left.sendfile(data, 10, 100) == 100
    """,
    "threads": """
        import socket, threading
        def talk():
            left, right = socket.socketpair()
            for _ in range(50):
                left.send(b"x"), right.recv(1)
            left.close(), right.close()
        threads = [threading.Thread(target=talk) for _ in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    """,
    "fork": """
        import os, socket
        left, right = socket.socketpair()
        if os.fork() == 0:
            left.send(b"child"), left.close()
            os._exit(0)
        os.wait()
        right.recv(9), left.close()
    """,
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts(name: str, record: Record, tmp_path: Path) -> None:
    """What a program does with sockets in ways that no variant does is recorded as strace saw it."""
    output = tmp_path / "strace"

    done = record(SCRIPTS[name], prefix=strace(output))

    assert (0, "") == (done.exit_code, done.complaints)
    assert_agrees(done, output, at_least=5)


def test_errors_of_a_call_are_those_of_the_kernel(record: Record, tmp_path: Path) -> None:
    """Every errno that strace saw on a socket of the program stands in the trace, and no other."""
    output = tmp_path / "strace"

    done = record(SCRIPTS["server and client in one"], prefix=strace(output))

    lines = assert_agrees(done, output, at_least=5)
    seen = [line.errno for line in lines if line.errno != "-"]
    assert "EAGAIN" in seen
    assert sorted(seen) == sorted(event.errno for event in done.trace.lane(PYTHON) if event.errno is not None)


def test_a_witness_can_contradict(record: Record, tmp_path: Path) -> None:
    """A row that is taken away, or made up, is found out: the comparison above is no formality."""
    output = tmp_path / "strace"
    done = record(SCRIPTS["timeout"], prefix=strace(output))
    lines = read_lines(output)
    events = list(done.trace)
    at = next(index for index, event in enumerate(events) if event.op == "recv")

    without = done.trace.replace(events=events[:at] + events[at + 1 :])
    changed = done.trace.replace(events=[*events[:at], events[at]._replace(errno="EINTR"), *events[at + 1 :]])
    invented = done.trace.replace(
        events=[*events, events[at]._replace(t0=events[-1].t0 + 1, t1=events[-1].t0 + 2)]
    )

    for wrong in (without, changed, invented):
        assert differences(wrong, lines)
