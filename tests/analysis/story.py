"""Telling a trace by hand: rows one after the other on a pretended clock, so that every number is known beforehand.

Each thread has a clock of its own; `at` sets it. A call takes `took` nanoseconds and is followed by `gap` of Python.
"""

from __future__ import annotations

from typing import Any

from tracedemo.analysis.identity import identify
from tracedemo.events import FLOW, PYTHON, SERVER, TRACER, Event, Header, Site, Trace

US, MS = 1_000, 1_000_000
PID = TID = 100
SERVER_PID = 200
THERE = "127.0.0.1:8000"


class Story:
    """Rows as they happen."""

    def __init__(self, **header: Any) -> None:
        self.header = Header(**({"pid": PID, "target": "story"} | header))
        self.events: list[Event] = []
        self.clock: dict[int, int] = {}
        self._seq: dict[tuple[str, int], int] = {}

    def add(self, lane: str, op: str, t0: int, t1: int | None, **fields: Any) -> Event:
        """One row, exactly as told."""
        pid = fields.setdefault("pid", PID)
        fields.setdefault("tid", TID)
        seq = self._seq[lane, pid] = self._seq.get((lane, pid), -1) + 1
        event = Event(seq=seq, lane=lane, op=op, t0=t0, t1=t1, **fields)
        self.events.append(event)
        return event

    def call(
        self, op: str, fd: int | None = None, took: int | None = 10, gap: int = 5, **fields: Any
    ) -> Event:
        """A call of the program; `took` None: it never returns.  Unknown names are arguments of the call."""
        known = {name: fields.pop(name) for name in list(fields) if name in Event._fields}
        at = fields.pop("at", None)
        tid = known.get("tid", TID)
        t0 = self.clock.get(tid, 0) if at is None else at
        self.clock[tid] = t0 + (took or 0) + gap
        line = known.pop("line", len(self.events) + 1)
        known.setdefault("site", Site("story.py", line, "main"))
        return self.add(PYTHON, op, t0, None if took is None else t0 + took, fd=fd, args=fields, **known)

    def step(self, op: str, owner: str, fd: int | None = None, gap: int = 5, **fields: Any) -> Event:
        """A step of a generator."""
        tid = fields.pop("tid", TID)
        t0 = self.clock.get(tid, 0)
        self.clock[tid] = t0 + gap
        args = {"generator": owner.partition(" ")[0], **fields}
        return self.add(FLOW, op, t0, t0, owner=owner, fd=fd, tid=tid, args=args)

    def server(self, op: str, peer: str, at: int, size: int | None = None, **args: Any) -> Event:
        """Something that our server did."""
        args = {"peer": peer, **args}
        return self.add(SERVER, op, at, at, pid=SERVER_PID, tid=SERVER_PID, args=args, bytes=size)

    def port(self, fd: int, local: str) -> Event:
        """The tool's own question for a local port."""
        return self.call("port", fd, took=1, gap=1, result=local, mark=TRACER)

    def socket(self, fd: int, **fields: Any) -> Event:
        """A socket is made."""
        return self.call("socket", fd, result=fd, family="AF_INET", type="SOCK_STREAM", **fields)

    def connect(self, fd: int, local: str = "", address: str = THERE, **fields: Any) -> None:
        """A connection is begun and not yet there."""
        self.call("connect", fd, address=address, errno="EINPROGRESS", exc="BlockingIOError", **fields)
        if local:
            self.port(fd, local)

    def select(self, ready: list[list[object]], took: int = 10, **fields: Any) -> Event:
        """A select that could wait for ever."""
        fields = {"timeout": None, "watched": 1, "could_wait": True} | fields
        return self.call("select", 3, took=took, result=ready, **fields)

    def send(self, fd: int, size: int = 49, **fields: Any) -> Event:
        """A send that is taken whole."""
        return self.call("send", fd, size=size, bytes=size, result=size, **fields)

    def recv(self, fd: int, size: int, **fields: Any) -> Event:
        """A receive that finds something, or the end."""
        return self.call("recv", fd, size=4096, bytes=size, result=size, **fields)

    def not_yet(self, op: str, fd: int, **fields: Any) -> Event:
        """EAGAIN."""
        return self.call(op, fd, errno="EAGAIN", exc="BlockingIOError", **fields)

    def raw(self) -> Trace:
        """The trace as a recorder gives it."""
        return Trace(self.header, self.events).sorted()

    def trace(self) -> Trace:
        """The trace, identified."""
        return identify(self.raw())


def fetch(story: Story, fd: int, owner: str, local: str, *, server: bool = True) -> None:
    """The post's generator, alone on its loop: connect, send, two pieces, the end."""
    story.step("start", owner)
    story.socket(fd, owner=owner)
    story.connect(fd, local, owner=owner)
    story.step("yield", owner, fd, value=f"fd {fd}, WRITE")
    story.call("register", fd, events="WRITE")
    now = story.clock[TID]
    if server:
        story.server("accepted", local, now, server_conn=fd)
    story.select([[fd, "WRITE"]], took=1 * MS)
    story.call("unregister", fd)
    story.step("resume", owner)
    story.send(fd, owner=owner)
    story.step("yield", owner, fd, value=f"fd {fd}, READ")
    story.call("register", fd, events="READ")
    for piece in (1, 2):
        now = story.clock[TID]
        if server:
            story.server("sent", local, now + 9 * MS, 400, piece=piece, server_conn=fd)
            if piece == 2:
                story.server("closed", local, now + 9 * MS + 1, server_conn=fd)
        story.select([[fd, "READ"]], took=10 * MS)
        story.step("resume", owner)
        story.recv(fd, 400, owner=owner)
        if piece == 1:
            story.not_yet("recv", fd, owner=owner, size=4096)
            story.step("yield", owner, fd, value=f"fd {fd}, READ")
    story.recv(fd, 0, owner=owner)
    story.call("unregister", fd)
    story.call("close", fd, owner=owner)
    story.step("return", owner)
