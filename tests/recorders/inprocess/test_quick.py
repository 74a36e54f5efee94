"""Calls in their usual form, which have a quick shape of wrapper, beside the same calls made in an unusual way."""

from __future__ import annotations

import itertools
import select
import selectors
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.recorders.conftest import InProcess
from tracedemo.events import Event
from tracedemo.recorders.inprocess import layout, quick

Calls = Callable[[socket.socket, selectors.BaseSelector], object]

PAIRS: dict[str, tuple[Calls, Calls]] = {
    "register": (
        lambda sock, selector: selector.register(sock, 1, "data"),
        lambda sock, selector: selector.register(fileobj=sock, events=1, data="data"),
    ),
    "modify": (
        lambda sock, selector: (selector.register(sock, 1), selector.modify(sock, 3)),
        lambda sock, selector: (selector.register(sock, 1), selector.modify(sock.fileno(), events=3)),
    ),
    "unregister": (
        lambda sock, selector: (selector.register(sock, 1), selector.unregister(sock)),
        lambda sock, selector: (selector.register(sock, 1), selector.unregister(fileobj=Around(sock))),
    ),
    "select": (
        lambda _sock, selector: (selector.select(0), selector.select(0.001)),
        lambda _sock, selector: (selector.select(timeout=0), selector.select(timeout=0.001)),
    ),
    "setblocking": (lambda sock, _: sock.setblocking(True), lambda sock, _: sock.setblocking(1)),  # type: ignore[arg-type]  # as programs do
    "getsockopt": (
        lambda sock, _: sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE),
        lambda sock, _: sock.getsockopt(socket.SOL_SOCKET, Number(socket.SO_TYPE)),
    ),
    "setsockopt": (
        lambda sock, _: sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        lambda sock, _: sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, Number(1)),
    ),
    "connect": (
        lambda sock, _: failing(lambda: sock.connect(("127.0.0.1", 1))),
        lambda sock, _: failing(lambda: sock.connect(("127.0.0.1", Number(1)))),
    ),
    "getsockname": (
        lambda sock, _: sock.getsockname(),
        lambda sock, _: failing(lambda: sock.getsockname(1)) or sock.getsockname(),  # type: ignore[call-arg]  # wrong
    ),
    "socket": (
        lambda _sock, _: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
        lambda _sock, _: socket.socket(family=socket.AF_INET, type=socket.SOCK_STREAM).close(),
    ),
}


class Number(int):
    """A number that is not exactly an int."""


class Around:
    """What holds a socket, as a selector takes it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def fileno(self) -> int:
        """The socket's."""
        return self.sock.fileno()


def failing(call: Callable[[], object]) -> None:
    """Make a call that fails."""
    with pytest.raises((OSError, TypeError)):
        call()


def recorded(in_process: InProcess, calls: Calls) -> list[tuple[Any, ...]]:
    """What is told of some calls, but for times and places."""
    before = len(in_process.events())
    with socket.socket() as sock, selectors.DefaultSelector() as selector:
        sock.setblocking(False)
        with in_process:
            calls(sock, selector)
    return [
        (event.op, {**event.args, "cpu": None}, event.result, event.errno, event.exc, event.fd, event.bytes)
        for event in in_process.events()[before:]
    ]


@pytest.mark.parametrize("name", PAIRS)
def test_an_unusual_call_is_told_as_the_usual_one(name: str, in_process: InProcess) -> None:
    """A call tells the same in whatever form it is made, and the usual one tells that it was made."""
    usual, unusual = PAIRS[name]
    told = recorded(in_process, usual)

    assert name in [op for op, *_ in told]
    unusually = [row for row in recorded(in_process, unusual) if row[4] != "TypeError"]
    assert told == unusually


def test_each_call_is_told_once(in_process: InProcess) -> None:
    """What a selector asks of its epoll or poll object is not told again, and what the program asks of one is."""
    poller = select.poll()
    with socket.socket() as sock, selectors.PollSelector() as selector, in_process:
        selector.register(sock, 1)
        selector.modify(sock, 2)
        selector.select(0)
        selector.unregister(sock)
        poller.register(sock, 1)
        poller.modify(sock.fileno(), select.POLLOUT)
        poller.poll(0)
        poller.unregister(sock)

    told = [(event.op, event.args["selector"]) for event in in_process.events() if "selector" in event.args]
    ops = ["register", "modify", "select", "unregister"]
    assert [(op, "PollSelector") for op in ops] + [
        (op.replace("select", "poll"), "poll") for op in ops
    ] == told


def test_a_handler_in_the_middle_of_a_call_is_seen(in_process: InProcess) -> None:
    """What code of the program does while a selector asks for a descriptor is told, too, each with its own line."""
    epoll = select.poll()
    inside: list[int] = []

    class Busy(Around):
        def fileno(self) -> int:
            if not inside:
                inside.append(1)
                epoll.register(self.sock, 1)
            return super().fileno()

    with socket.socket() as sock, selectors.PollSelector() as selector, in_process:
        selector.register(Busy(sock), 1)

    events: list[Event] = [event for event in in_process.events() if event.op == "register"]
    assert ["PollSelector", "poll"] == [event.args["selector"] for event in events]


def test_a_ring_that_went_round_keeps_the_later_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that is written when it has returned does not take a slot that a later one has got meanwhile."""
    sock = socket.socket()

    def other_calls() -> None:
        for _ in range(20):
            sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)

    def register(_selector: object, *_: object) -> None:
        other_calls()

    monkeypatch.setattr(selectors.SelectSelector, "register", register)
    monkeypatch.setattr(quick, "clock", itertools.count(1, layout.LONG).__next__)
    with InProcess(tmp_path, slots=8) as in_process:
        selectors.SelectSelector().register(sock, 1)
    sock.close()

    assert ["getsockopt"] * 8 == [event.op for event in in_process.events()]
