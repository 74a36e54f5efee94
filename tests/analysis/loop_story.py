"""Telling an event loop by hand: turns, and the callbacks in them, on the clock of a `Story`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.analysis.story import MS, TID, US, Story
from tracedemo.events import FLOW, Event, Site, Trace

HELPER = 101
"""Thread of the loop's executor."""
ASYNCIO = "/lib/asyncio/selector_events.py"
PROGRAM = "fetch.py"
SOURCE = "import asyncio, time\n\nasync def fetch():\n    await connect()\n    await read()\n    time.sleep(0.12)\n"


class LoopStory(Story):
    """Rows of an event loop as they happen."""

    def __init__(self, **header: Any) -> None:
        super().__init__(**({"target": PROGRAM} | header))
        self.fds: set[int] = set()
        """What is registered."""

    def loop(self, pipe: tuple[int, int] = (4, 5), **fields: Any) -> None:
        """A loop is made: its selector, its self-pipe."""
        self.fds.clear()
        self.call("selector", 3, result=3, selector="EpollSelector", **fields)
        maker = Site(ASYNCIO, 107, "BaseSelectorEventLoop._make_self_pipe")
        self.call("socketpair", pipe[0], result=list(pipe), site=maker, **fields)
        self.call("setblocking", pipe[0], site=maker, **fields)
        self.call("setblocking", pipe[1], site=maker, **fields)
        self.watch(pipe[0], "READ", **fields)

    def watch(self, fd: int, events: str, **fields: Any) -> None:
        """The selector is told to watch a descriptor."""
        self.fds.add(fd)
        self.call("register", fd, took=5 * US, events=events, selector="EpollSelector", **fields)

    def leave(self, fd: int, **fields: Any) -> None:
        """The selector is told to watch it no more."""
        self.fds.discard(fd)
        self.call("unregister", fd, took=5 * US, selector="EpollSelector", **fields)

    def turn(
        self, *ready: tuple[int, str], slept: int = 0, timeout: float | None = None, **fields: Any
    ) -> Event:
        """The loop's select."""
        found = [list(pair) for pair in ready]
        timeout = timeout if slept or ready else 0
        args = {"timeout": timeout, "could_wait": timeout != 0, "watched": len(self.fds)} | fields
        return self.select(found, took=slept or 8 * US, selector="EpollSelector", **args)

    @contextmanager
    def callback(self, name: str, owner: str | None = None, *, step: bool = False, line: int | None = None,
                 took: int = 20 * US, returned: bool = True, **fields: Any) -> Iterator[None]:  # fmt: skip
        """A callback runs: what is told inside of it was called by it; then it takes `took` more."""
        tid = fields.setdefault("tid", TID)
        begin = self.clock.get(tid, 0)
        self.clock[tid] = begin + US
        yield
        end = self.clock[tid] + took
        self.clock[tid] = end + US
        site = None if line is None else Site(PROGRAM, line, name)
        args = {"step" if step else "callback": name}
        self.add(FLOW, "callback", begin, end if returned else None, owner=owner, args=args, site=site,
                 user_site=site, **fields)  # fmt: skip

    def run(self, name: str, owner: str | None = None, **fields: Any) -> None:
        """A callback that calls nothing."""
        with self.callback(name, owner, **fields):
            pass

    def blocked(self, begin: int, sampled: int, line: int, **args: Any) -> None:
        """A sample of the watchdog."""
        site = Site(PROGRAM, line, "fetch")
        self.add(FLOW, "blocked", begin, sampled, args=args, site=site, user_site=site)

    def wake(self, fd: int = 5, *, at: int, owner: str | None = "asyncio_0", tid: int = HELPER) -> None:
        """Another thread writes a byte into the self-pipe."""
        maker = Site(ASYNCIO, 139, "BaseSelectorEventLoop._write_to_self")
        self.call("send", fd, at=at, tid=tid, owner=owner, size=1, bytes=1, result=1, site=maker)

    def empty_pipe(self, fd: int = 4) -> None:
        """The loop reads the self-pipe until nothing is left."""
        with self.callback("BaseSelectorEventLoop._read_from_self", fd=fd):
            self.recv(fd, 1)
            self.not_yet("recv", fd, size=4096)


def fetching() -> Trace:
    """One fetch by streams: a lookup in a thread, the handshake, two pieces and the end; and a step that blocks."""
    story, task = LoopStory(kind="script"), "Task-2 (fetch)"
    story.loop()
    story.turn()
    story.run("main", "Task-1 (main)", step=True, line=3)
    story.turn()
    story.run("fetch", task, step=True, line=3)
    now = story.clock[TID]
    answer = ["127.0.0.1:8000"]
    story.call(
        "getaddrinfo",
        at=now + MS,
        took=2 * MS,
        tid=HELPER,
        owner="asyncio_0",
        host="localhost",
        port=8000,
        result=answer,
    )
    story.wake(at=now + 3 * MS + 50 * US)
    story.turn((4, "READ"), slept=4 * MS)
    story.run("_chain_future.<locals>._set_state")
    story.empty_pipe()
    story.turn()
    with story.callback("fetch", task, step=True, line=4):
        story.socket(6)
        story.connect(6, "127.0.0.1:50001")
        story.watch(6, "WRITE")
    story.server("accepted", "127.0.0.1:50001", story.clock[TID], server_conn=1)
    story.turn((6, "WRITE"), slept=MS)
    with story.callback("BaseSelectorEventLoop._sock_connect_cb", task, fd=6):
        asks = Site(ASYNCIO, 671, "BaseSelectorEventLoop._sock_connect_cb")
        story.call("getsockopt", 6, level="SOL_SOCKET", option="SO_ERROR", result=0, site=asks)
    story.turn()
    with story.callback("BaseSelectorEventLoop._sock_write_done", task):
        story.leave(6)
    with story.callback("fetch", task, step=True, line=4):
        story.send(6)
        story.watch(6, "READ")
    for piece in (1, 2):
        story.server("sent", "127.0.0.1:50001", story.clock[TID] + 9 * MS, 400, piece=piece, server_conn=1)
        story.turn((6, "READ"), slept=10 * MS)
        with story.callback("_SelectorSocketTransport._read_ready", task, fd=6):
            story.recv(6, 400)
        story.turn()
        story.run("fetch", task, step=True, line=5)
    story.turn(timeout=0.05, slept=0)
    begin = story.clock[TID]
    with story.callback("fetch", task, step=True, line=5, took=120 * MS):
        story.recv(6, 0)
        story.leave(6)
        story.call("close", 6)
    story.blocked(begin, begin + 55 * MS, 6, step="fetch")
    for _ in range(3):
        story.turn()
        story.run("_run_until_complete_cb")
    trace = story.raw()
    trace.sources[PROGRAM] = SOURCE
    return trace
