"""The server in this process, as `tracedemo serve` runs it; and on systems that lack something."""

from __future__ import annotations

import errno
import socket
import sys
import threading
from contextlib import contextmanager
from queue import Queue
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.clients import GET, GET_AND_CLOSE, PATIENCE_S, read_all, read_response
from tracedemo.lockstep import decode_moved, encode_step
from tracedemo.server import RawServerEvent, ServerError, ServerOptions, serve_forever
from tracedemo.server.door import Door
from tracedemo.server.listen import raise_file_limit
from tracedemo.server.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUICK = ServerOptions(delay_ms=0, gap_ms=0)


@contextmanager
def serving(
    options: ServerOptions, **more: Any
) -> Iterator[tuple[tuple[str, int], str | None, list[RawServerEvent]]]:
    """Address, control path and events of a server in another thread of this process."""
    ready: Queue[tuple[str, int, str | None]] = Queue()
    events: list[RawServerEvent] = []
    stop, stopper = socket.socketpair()

    def serve() -> None:
        serve_forever(options, lambda *where: ready.put(where), events.append, stop=stop, **more)

    thread = threading.Thread(target=serve)
    with stop, stopper:
        thread.start()
        try:
            host, port, control = ready.get(timeout=PATIENCE_S)
            yield (host, port), control, events
        finally:
            stopper.send(b"x")
            thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_it_serves_and_tells_every_event() -> None:
    """The callbacks get the address when clients may come, and each event as it happens."""
    with (
        serving(QUICK) as (address, control, events),
        socket.create_connection(address, PATIENCE_S) as client,
    ):
        client.sendall(GET_AND_CLOSE)
        assert b"200 OK" in read_all(client)

    assert control is None
    assert ["accepted", "request", "sent", "sent", "sent", "closed"] == [event.op for event in events]


@pytest.mark.parametrize("given", [True, False])
def test_it_serves_steps(tmp_path: Path, *, given: bool) -> None:
    """In lock-step a control socket is made, where asked or in a temporary folder, and removed at the end."""
    wanted = tmp_path / "control" if given else None
    with serving(ServerOptions(pace="lockstep"), control=wanted) as (address, control, _):
        assert control is not None
        assert wanted is None or str(wanted) == control
        with (
            socket.socket(socket.AF_UNIX) as asker,
            socket.create_connection(address, PATIENCE_S) as client,
            asker.makefile("rb") as lines,
        ):
            asker.connect(control)
            client.sendall(GET)
            asker.sendall(encode_step([client.getsockname()[1]]))
            assert list(decode_moved(lines.readline()).values()) == ["sent"]
    with pytest.raises(FileNotFoundError), socket.socket(socket.AF_UNIX) as asker:
        asker.connect(control)


def test_an_interrupt_leaves_nothing_open() -> None:
    """Ctrl-C goes through to the caller, with all sockets closed behind it."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve_forever(QUICK, interrupt)


def test_a_port_in_use_is_said() -> None:
    """Here, too, a port in use is a ServerError with its errno."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        options = ServerOptions(port=other.getsockname()[1])
        with pytest.raises(ServerError) as caught:
            serve_forever(options, lambda *_: None)

    assert caught.value.errno_name == "EADDRINUSE"


def test_a_control_path_in_use_is_said(tmp_path: Path) -> None:
    """A control socket is not made over something else."""
    (tmp_path / "control").touch()
    with pytest.raises(ServerError, match="no control socket at") as caught:
        serve_forever(ServerOptions(pace="lockstep"), lambda *_: None, control=tmp_path / "control")

    assert caught.value.errno_name == "EADDRINUSE"
    assert (tmp_path / "control").exists()


def test_without_unix_sockets_the_clock_still_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no AF_UNIX, lock-step is refused with a remedy, and the clock pace serves."""
    others = {name: value for name, value in vars(socket).items() if name != "AF_UNIX"}
    monkeypatch.setattr("tracedemo.server.listen.socket", SimpleNamespace(**others))
    with pytest.raises(ServerError, match="UNIX sockets") as caught:
        serve_forever(ServerOptions(pace="lockstep"), lambda *_: None)
    assert caught.value.remedy == "use the clock pace here"

    with serving(QUICK) as (address, _, _), socket.create_connection(address, PATIENCE_S) as client:
        client.sendall(GET)
        assert read_response(client)[1]


def test_without_limits_there_is_nothing_to_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no `resource` module, as on Windows, the limit is left alone and the server serves."""
    monkeypatch.setitem(sys.modules, "resource", None)
    raise_file_limit()

    with serving(QUICK) as (address, _, _), socket.create_connection(address, PATIENCE_S) as client:
        client.sendall(GET)
        assert read_response(client)[1]


def test_a_limit_that_cannot_be_raised_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the hard limit is refused, as on macOS, the old soft limit is set again."""
    resource = pytest.importorskip("resource")
    tried: list[tuple[int, int]] = []

    def refuse_first(_: int, limits: tuple[int, int]) -> None:
        tried.append(limits)
        if len(tried) == 1:
            raise ValueError

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 10**9))
    monkeypatch.setattr(resource, "setrlimit", refuse_first)
    raise_file_limit()

    assert [(10**9, 10**9), (256, 10**9)] == tried


class StubListener:
    """A listener that gives what it was told to, in turn."""

    def __init__(self, *results: object) -> None:
        self.results = list(results)

    def accept(self) -> object:
        """Give the next result, or raise it."""
        result = self.results.pop(0)
        if isinstance(result, BaseException):
            raise result
        return result


class StubSelector:
    """Counts what is registered."""

    def __init__(self) -> None:
        self.registered = 0

    def register(self, *_: object) -> None:
        """One more."""
        self.registered += 1

    def unregister(self, *_: object) -> None:
        """One less."""
        self.registered -= 1


def test_a_door_without_room_is_not_watched_until_there_may_be_some() -> None:
    """EMFILE makes the door shut itself, so that nothing spins; a timer, or a freed descriptor, opens it again."""
    shortage = OSError(errno.EMFILE, "Too many open files")
    listener = StubListener(
        ("one", "here"), ConnectionAbortedError(), shortage, shortage, ("two", "here"), BlockingIOError()
    )
    selector, timers = StubSelector(), Timers()
    welcome: list[object] = []
    short: list[bool] = []
    door = Door(
        listener,  # type: ignore[arg-type]
        selector,  # type: ignore[arg-type]
        timers,
        lambda sock, _: welcome.append(sock),
        lambda error, *, first: short.append(first),
    )
    door.accept()
    assert (["one"], [True], 0) == (welcome, short, selector.registered)

    door.accept()  # shut: does not even try
    timers.run(1 << 62)
    assert selector.registered == 1

    door.accept()
    door.open()
    door.open()
    assert ([True, False], 1) == (short, selector.registered)

    door.accept()
    assert ["one", "two"] == welcome
