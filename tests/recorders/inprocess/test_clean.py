"""Switched off, the recorder leaves nothing behind, whatever went on while it was on."""

from __future__ import annotations

import _socket
import asyncio
import asyncio.base_events
import os
import select
import selectors
import socket
import ssl
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.recorders.conftest import InProcess
from tracedemo.events import LATE

Snapshot = dict[str, list[tuple[str, int]]]


def places() -> Iterator[tuple[str, Any]]:
    """Every class and module that the recorder touches."""
    for module in (socket, _socket, select, selectors, ssl, os, asyncio.base_events, asyncio.tasks):
        yield module.__name__, module
        for name, value in vars(module).items():
            if isinstance(value, type):
                yield f"{module.__name__}.{name}", value
    if hasattr(select, "poll") and not isinstance(select.poll, type):
        yield "the poll type", type(select.poll())


def snapshot() -> Snapshot:
    """Names, in their order, and the identity of what they stand for."""
    return {name: [(key, id(value)) for key, value in vars(place).items()] for name, place in places()}


@pytest.fixture
def before() -> Iterator[Snapshot]:
    """What there was; the values are held, so that no other can get the address of one that has gone."""
    held = [dict(vars(place)) for _, place in places()]
    yield snapshot()
    held.clear()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two sockets that talk to each other."""
    left, right = socket.socketpair()
    with left, right:
        yield left, right


def test_all_is_as_before(before: Snapshot, in_process: InProcess) -> None:
    """After on and off, the dict of each class and module is what it was: names, order, and the very same values."""
    with in_process:
        assert before != snapshot()

    assert before == snapshot()


def test_it_works_again(
    before: Snapshot, in_process: InProcess, pair: tuple[socket.socket, socket.socket]
) -> None:
    """A recorder that was off can be switched on again; what is recorded then is not called late."""
    left, right = pair
    for number in range(3):
        with in_process:
            left.send(bytes(number + 1))
            right.recv(9)
        left.send(b"unseen")
        right.recv(9)

    assert before == snapshot()
    assert [1, 1, 2, 2, 3, 3] == [event.bytes for event in in_process.events()]
    in_process.recorder.on()
    assert {None} == {event.mark for event in in_process.events()}


def test_a_thousand_times_beside_threads(before: Snapshot, in_process: InProcess) -> None:
    """1,000 times on and off, while 4 threads are sending, raises nothing anywhere and leaves nothing."""
    stop = threading.Event()
    trouble: list[BaseException] = []
    rounds = [0] * 4

    def talk(number: int) -> None:
        left, right = socket.socketpair()
        try:
            while not stop.is_set():
                assert left.send(b"x") == 1
                assert right.recv(9) == b"x"
                rounds[number] += 1
        except BaseException as error:
            trouble.append(error)
        finally:
            left.close()
            right.close()

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    interval = sys.getswitchinterval()
    try:
        sys.setswitchinterval(1e-5)
        for cycle in range(1000):
            done = sum(rounds)
            with in_process:
                while cycle % 10 == 0 and sum(rounds) == done and not trouble:
                    pass  # until calls have been made meanwhile
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        for thread in threads:
            thread.join()

    assert [] == trouble
    assert all(rounds)
    assert before == snapshot()
    assert {"send", "recv"} <= {event.op for event in in_process.events()}


def test_a_wrapper_that_was_kept_passes_on(
    in_process: InProcess, pair: tuple[socket.socket, socket.socket]
) -> None:
    """What a program took while the recorder was on works when it is off, and is not recorded."""
    left, right = pair
    with in_process:
        send, recv, lookup, bound = (
            socket.socket.send,
            socket.socket.recv,
            socket.gethostname,
            left.getsockname,
        )

    assert 1 == send(left, b"x")
    assert b"x" == recv(right, 9)
    assert socket.gethostname() == lookup()
    assert left.getsockname() == bound()
    assert [] == in_process.events()


def test_a_wrapper_that_was_kept_is_in_no_traceback(in_process: InProcess) -> None:
    """What goes wrong in it does so without a line of ours."""
    with in_process:
        send, name = socket.socket.send, socket.socket.getpeername

    for wrapper in (send, name):
        with socket.socket() as sock, pytest.raises((OSError, TypeError)) as caught:
            wrapper(sock)
        assert "wrappers.py" not in "".join(traceback.format_exception(caught.value))


def test_a_call_that_blocks_meanwhile_is_late(
    before: Snapshot, in_process: InProcess, pair: tuple[socket.socket, socket.socket]
) -> None:
    """A call that was blocked when the recorder went off gives its result to the program, and is marked late."""
    left, right = pair
    got = []
    with in_process:
        reader = threading.Thread(target=lambda: got.append(left.recv(9)))
        reader.start()
        while not any(event.op == "recv" for event in in_process.events()):
            pass
    assert before == snapshot()
    right.send(b"after")
    reader.join()

    assert [b"after"] == got
    late = [event for event in in_process.events() if event.op == "recv"]
    assert [(5, LATE)] == [(event.bytes, event.mark) for event in late]


@pytest.mark.parametrize("first_off", [0, 1])
def test_two_recorders(first_off: int, before: Snapshot, tmp_path: Path) -> None:
    """Of two recorders the one that is left sees the calls; in whatever order they go off, nothing is left."""
    recorders = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        recorders.append(InProcess(tmp_path / name).__enter__())
    recorders[first_off].__exit__()
    socket.socket().close()
    recorders[1 - first_off].__exit__()

    assert before == snapshot()
    seen = [[event.op for event in recorder.events()] for recorder in recorders]
    assert [] == seen[first_off]
    assert ["socket", "close"] == seen[1 - first_off]


def test_another_library_that_came_later_is_left_alone(
    in_process: InProcess, pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody else has put over our wrapper stays when ours goes, and works."""
    left, right = pair
    seen = []
    with in_process:
        ours = socket.socket.send

        def theirs(sock: socket.socket, data: bytes) -> int:
            seen.append(data)
            return ours(sock, data)

        monkeypatch.setattr(socket.socket, "send", theirs)
        left.send(b"on")

    left.send(b"off")
    assert theirs is socket.socket.send
    assert [b"on", b"off"] == seen
    assert b"onoff" == right.recv(9)
    assert [2] == [event.bytes for event in in_process.events()]
    monkeypatch.undo()
    del socket.socket.send  # what they put back was ours, which passes on for ever


def test_asyncio_works_on_and_off(before: Snapshot, in_process: InProcess) -> None:
    """A loop used before, while and after the recorder is on does the same each time, and tasks own what they do."""

    async def echo(word: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair()
        with left, right:
            left.setblocking(False)
            right.setblocking(False)
            await loop.sock_sendall(left, word)
            return await loop.sock_recv(right, 9)

    async def main() -> list[bytes]:
        return await asyncio.gather(
            *(asyncio.create_task(echo(word), name=word.decode()) for word in (b"one", b"two"))
        )

    with asyncio.Runner() as runner:
        for switch in (in_process.__enter__, in_process.__exit__, lambda: None):
            assert [b"one", b"two"] == runner.run(main())
            switch()
            assert [b"one", b"two"] == runner.run(main())

    in_process.__exit__()
    assert before == snapshot()
    assert {"one", "two"} == {
        event.owner for event in in_process.events() if event.op in ("send", "recv")
    } - {None}
