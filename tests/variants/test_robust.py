"""The loop that survives: failures stay with their fetch, deadlines and limits are kept, and every socket is closed.

Servers here do one thing each, by cause: they refuse, reset, stay silent, or answer.
"""

from __future__ import annotations

import resource
import selectors
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tracedemo.variants import by_name, robust

PATIENCE = 60
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"
PATH = by_name("robust").path

Address = tuple[str, int]


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[socket.socket]]:
    """Every socket that the program made is closed at the end of each test."""
    made: list[socket.socket] = []

    class Noted(socket.socket):
        def __init__(self, *args: int) -> None:
            super().__init__(*args)
            made.append(self)

    monkeypatch.setattr(robust.socket, "socket", Noted)
    yield made
    monkeypatch.undo()
    assert [] == [sock for sock in made if sock.fileno() >= 0]


@contextmanager
def serving(*deeds: str) -> Iterator[Address]:
    """A server that does with each connection, in their order, as it is told; the last deed is done again and again."""
    # An accepted socket is made through `socket.socket`, too, and would be noted as the program's.
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        held: list[int] = []
        thread = threading.Thread(target=serve, args=(listener, list(deeds), held))
        thread.start()
        yield listener.getsockname()[:2]
        listener.shutdown(socket.SHUT_RDWR)  # accept() comes back with an error
        thread.join()
        for fd in held:
            socket.close(fd)


def serve(listener: socket.socket, deeds: list[str], held: list[int]) -> None:
    while True:
        try:
            fd, _ = listener._accept()  # type: ignore[attr-defined]
        except OSError:
            return
        deed = deeds.pop(0) if len(deeds) > 1 else deeds[0]
        if deed == "silence":
            held.append(fd)
            continue
        sock = REAL(fileno=fd)
        sock.recv(4096)
        if deed == "answer":
            sock.sendall(PAGE)
        elif deed == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


REAL = socket.socket


@pytest.fixture
def closed() -> Iterator[Address]:
    """An address where nobody listens: the port is taken, so that nobody will."""
    with REAL() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()


def test_one_failure_stops_nobody(closed: Address) -> None:
    """A refused and a reset connection give their exceptions, in their places, and all others their responses."""
    with serving("answer", "reset", "answer") as address:
        results = robust.run_all([address, closed, address, closed, address], "/", at_most=1)

    kinds = [type(result) for result in results]
    assert [bytes, ConnectionRefusedError, ConnectionResetError, ConnectionRefusedError, bytes] == kinds
    assert {PAGE} == {result for result in results if isinstance(result, bytes)}


def test_a_bug_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever exception ends a coroutine, also one that nobody thought of, ends that one only."""
    real = robust.make_request
    calls = []

    def broken(*args: object) -> bytes:
        calls.append(args)
        if len(calls) == 1:
            raise ZeroDivisionError("a bug")
        return real(*args)

    monkeypatch.setattr(robust, "make_request", broken)
    with serving("answer") as address:
        results = robust.run_all([address] * 3, "/")

    assert ["ZeroDivisionError", "bytes", "bytes"] == sorted(type(result).__name__ for result in results)


def test_a_deadline_ends_who_waits_for_ever() -> None:
    """A fetch that gets no answer ends with a TimeoutError that says what it waited for; the others are not held up."""
    with serving("silence", "answer") as address:
        results = robust.run_all([address] * 3, "/", deadline=0.05, at_most=1)

    assert [TimeoutError, bytes, bytes] == [type(result) for result in results]
    assert "not readable when its 0.05 s were over" == str(results[0])


def test_the_sleep_lasts_until_the_nearest_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """select() is given the time that is left of the fetch that began first, and of those only that are not over."""
    now = 100.0
    timeouts = []

    class Clock(selectors.DefaultSelector):  # type: ignore[valid-type, misc]
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            nonlocal now
            timeouts.append(timeout)
            ready = super().select(0.2 if timeout else 0)
            now += 1 if ready else timeout or 0
            return ready

    monkeypatch.setattr(robust.time, "monotonic", lambda: now)
    with serving("silence") as address:
        results = robust.run_all([address] * 2, "/", selector=Clock, deadline=8.0)

    assert [TimeoutError, TimeoutError] == [type(result) for result in results]
    assert 8.0 == timeouts[0]
    assert timeouts == sorted(timeouts, reverse=True)
    assert 108.0 == now


@pytest.mark.parametrize("most", [1, 2, 7])
def test_no_more_sockets_than_allowed(most: int, nothing_is_left: list[socket.socket]) -> None:
    """At no time more sockets are open than --at-most says, and all fetches are made."""
    open_at_once = []

    class Counting(selectors.DefaultSelector):  # type: ignore[valid-type, misc]
        def register(self, fileobj: object, events: int, data: object = None) -> selectors.SelectorKey:
            open_at_once.append(sum(sock.fileno() >= 0 for sock in nothing_is_left) - 1)  # the listener
            return super().register(fileobj, events, data)

    with serving("answer") as address:
        results = robust.run_all([address] * 20, "/", selector=Counting, at_most=most)

    assert [PAGE] * 20 == results
    assert most == max(open_at_once)


def test_sockets_stay_registered() -> None:
    """The selector hears of a socket three times: it is registered, modified once, for READ, and unregistered."""
    heard: list[str] = []

    class Heard(selectors.DefaultSelector):  # type: ignore[valid-type, misc]
        def register(self, *args: object) -> selectors.SelectorKey:
            heard.append("register")
            return super().register(*args)

        def modify(self, *args: object) -> selectors.SelectorKey:
            heard.append("modify")
            return super().modify(*args)

        def unregister(self, *args: object) -> selectors.SelectorKey:
            heard.append("unregister")
            return super().unregister(*args)

    with serving("answer") as address:
        robust.run_all([address], "/", selector=Heard)

    assert ["register", "modify", "unregister"] == heard


def test_an_interrupt_leaves_nothing_open() -> None:
    """An exception that ends the loop itself, such as Ctrl-C, passes through, and closes every socket."""

    class Interrupted(selectors.DefaultSelector):  # type: ignore[valid-type, misc]
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            raise KeyboardInterrupt

    with serving("silence") as address, pytest.raises(KeyboardInterrupt):
        robust.run_all([address] * 3, "/", selector=Interrupted)


def test_who_has_64_descriptors_fetches_all_the_same() -> None:
    """Where the kernel gives no more descriptors (EMFILE), the others wait until one is closed, and none fails."""
    with serving("answer") as (host, port):
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "error", PATH, f"{host}:{port}", "-n", "200"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
        )

    assert ("", 0) == (done.stderr, done.returncode)
    assert 200 == len(done.stdout.splitlines())


def test_select_with_descriptors_that_it_does_not_know() -> None:
    """What select() cannot watch is not opened: those above 1023 wait; where there are no others, that is said."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip("not so many descriptors here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
    taken = []
    try:
        while not taken or taken[-1].fileno() < 1020:
            taken.append(REAL())
        with serving("answer") as address:
            few = robust.run_all([address] * 20, "/", selector=selectors.SelectSelector)
            while taken[-1].fileno() < 1024:
                taken.append(REAL())
            none = robust.run_all([address] * 2, "/", selector=selectors.SelectSelector)
    finally:
        for sock in taken:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert [PAGE] * 20 == few
    assert ["[Errno 24] select() knows no descriptor above 1023 (FD_SETSIZE)"] * 2 == [str(x) for x in none]


def test_each_failure_is_told(closed: Address) -> None:
    """Each failed connection is told by number, address and cause, each response as always, and the exit code is 1."""
    with serving("answer") as (host, port):
        place = f"127.0.0.1:{closed[1]}"
        command = [sys.executable, "-W", "error", PATH, f"{host}:{port}", place, "-n", "4"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)

    assert 1 == done.returncode
    assert ["#1", "#3"] == [line.split()[0] for line in done.stdout.splitlines()]
    assert [
        f"robust.py: fetching #{number} from {place} failed: [Errno 111] Connection refused"
        for number in (2, 4)
    ] == done.stderr.splitlines()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--at-most", "0"], "argument --at-most: 0 is too few"),
        (["--deadline", "0"], "argument --deadline: 0 s is no time to wait"),
        (["--deadline", "nan"], "argument --deadline: nan s is no time to wait"),
        (["--deadline", "soon"], "argument --deadline: invalid parse_seconds value: 'soon'"),
        (["--selector", "magic"], "argument --selector: invalid choice: 'magic'"),
    ],
)
def test_wrong_usage(args: list[str], words: str) -> None:
    """What makes no sense is named, with exit code 2."""
    command = [sys.executable, PATH, "127.0.0.1:1", *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)

    assert 2 == done.returncode
    assert words in done.stderr


def test_generator_asks_how_connecting_went(closed: Address) -> None:
    """After WRITE the generator asks for SO_ERROR, and raises what the kernel says."""
    with REAL() as sock:
        sock.setblocking(False)
        gen = robust.fetch_data(sock, closed, "/")
        assert (sock, selectors.EVENT_WRITE) == next(gen)
        with selectors.DefaultSelector() as sel:
            sel.register(sock, selectors.EVENT_WRITE)
            sel.select(PATIENCE)
        with pytest.raises(ConnectionRefusedError):
            next(gen)
