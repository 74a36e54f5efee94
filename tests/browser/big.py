"""A large run, told by hand: one thread and a selector for tens of thousands of connections.

All of it hangs on a seed, so that two traces of the same arguments are equal. As in variants/selector.py everybody
connects first. Then each wakeup brings some of the connections: they send, and at their next wakeup receive and close.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import Any

from tracedemo.events import FLOW, KERNEL, PYTHON, Event, Header, Site, Trace

US, MS = 1_000, 1_000_000
START = 1_000_000_000_000
PID = 700
ADDRESS = "127.0.0.1:8000"
FILE = "fetch_many.py"
EPOLL = 3
SEND = 49

SOURCE = """\
def fetch_data(sel, address):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        sock.connect(address)
    except BlockingIOError:
        pass
    sel.register(sock, selectors.EVENT_WRITE)
    yield
    sock.send(REQUEST)
    sel.modify(sock, selectors.EVENT_READ)
    yield
    response = sock.recv(4096)
    while missing(response):
        response += sock.recv(4096)
    sel.unregister(sock)
    sock.close()
    return response


def run_all(jobs, sel):
    while jobs:
        for key, _ in sel.select():
            resume(key.data)
"""

_LINES = {
    "socket": 2, "setblocking": 3, "connect": 5, "register": 8, "send": 10, "modify": 11, "recv": 13,
    "unregister": 16, "close": 17, "select": 23,
}  # fmt: skip
_SITES = {op: Site(FILE, line, "run_all" if op == "select" else "fetch_data") for op, line in _LINES.items()}
_MORE = Site(FILE, 15, "fetch_data")
_STEPS = {"start": 1, "resume": 9, "yield": 9, "return": 18}


def big_trace(connections: int = 20_000, *, kernel: bool = False, flow: bool = False, seed: int = 1) -> Trace:
    """Ten calls for each connection, wakeups included: 200,000 for 20,000.  Identified: owners and numbers are there.

    Args:
        connections: how many, all open at once.
        kernel: with a system call below each call.
        flow: with the steps of the generators: start, two yields, two resumptions, return.
        seed: another one makes another run of the same size.
    """
    told = _Run(connections, kernel, flow, Random(seed))
    told.tell()
    recorded = {lane: count for (lane, count) in told.seq.items() if count}
    header = Header(
        target=FILE, kind="script", argv=(FILE, str(connections)), requests=connections, python="3.11.7",
        implementation="cpython", platform="Linux 6.1 x86_64", pid=PID, exit_code=0, recorded=recorded,
        engine="strace" if kernel else None, engine_version="6.1" if kernel else None,
        clock_start=(START, START), clock_end=(told.now, told.now), cpu_user=told.busy / 1e9,
    )  # fmt: skip
    return Trace(header, sorted(told.events, key=lambda event: event.t0), {FILE: SOURCE})


class _Run:
    """Rows, while a pretended clock goes on."""

    def __init__(self, connections: int, kernel: bool, flow: bool, random: Random) -> None:
        self.connections, self.kernel, self.flow, self.random = connections, kernel, flow, random
        self.now = START
        self.busy = 0
        self.events: list[Event] = []
        self.seq = dict.fromkeys((PYTHON, FLOW, KERNEL), 0)
        self.open = 0
        # Half of the answers do not fit into one recv.
        self.large = set(random.sample(range(1, connections + 1), connections // 2))

    def tell(self) -> None:
        """All that happens, from the first socket to the last close."""
        ready = [(self._begin(conn), conn, "WRITE") for conn in range(1, self.connections + 1)]
        heapq.heapify(ready)
        sizes = self._sizes()
        while ready:
            # Of a few connections there may be too few for a wakeup: then there are more of these in the end.
            woken = [heapq.heappop(ready) for _ in range(min(next(sizes, 1), len(ready)))]
            self._select(woken)
            for _, conn, event in woken:
                if event == "WRITE":
                    heapq.heappush(ready, (self._send(conn), conn, "READ"))
                else:
                    self._receive(conn)

    def _sizes(self) -> Iterator[int]:
        """How many connections each wakeup brings: half as many wakeups as connections, two for each of these."""
        wakes, wakeups = 2 * self.connections, max(1, self.connections // 2)
        cuts = sorted(self.random.sample(range(1, wakes), wakeups - 1))
        return (after - before for before, after in pairwise([0, *cuts, wakes]))

    def _begin(self, conn: int) -> int:
        """Connect; when the kernel will have news."""
        family = {"family": "AF_INET", "type": "SOCK_STREAM"}
        self._step("start", conn)
        self._call(
            "socket",
            conn,
            9,
            family,
            "socket",
            family | {"type": "SOCK_STREAM|SOCK_CLOEXEC"},
            result=3 + conn,
        )
        self._call(
            "setblocking", conn, 3, {"mode": "non-blocking"}, "ioctl", {"request": "FIONBIO", "value": 1}
        )
        self._call(
            "connect", conn, 40, {"address": ADDRESS}, "connect", {"address": ADDRESS}, errno="EINPROGRESS"
        )
        self._watch("register", conn, "ADD", "WRITE")
        self.open += 1
        return self.now + self._about(300 * US)

    def _send(self, conn: int) -> int:
        """Send the request; when the answer will be there."""
        self._step("resume", conn)
        self._call("send", conn, 20, {"size": SEND}, "sendto", {"data": "GET / HTTP/1.1", "size": SEND, "flags": "0"},
                   result=SEND, bytes=SEND)  # fmt: skip
        self._watch("modify", conn, "MOD", "READ")
        return self.now + 30 * MS + self._about(2 * self.connections * self.random.randrange(100) * US)

    def _receive(self, conn: int) -> None:
        """Take the answer, in one piece or two, and close."""
        self._step("resume", conn)
        for part in range(1 + (conn in self.large)):
            size = 4096 if part == 0 and conn in self.large else self.random.randrange(200, 4096)
            self._call("recv", conn, 12, {"size": 4096}, "recvfrom", {"data": "HTTP/1.1 200 OK", "size": 4096},
                       site=_MORE if part else None, result=size, bytes=size)  # fmt: skip
        self._watch("unregister", conn, "DEL", None)
        self._call("close", conn, 15, {}, "close", {})
        self.open -= 1
        self._step("return", conn)

    def _watch(self, op: str, conn: int, change: str, event: str | None) -> None:
        args = {"selector": "EpollSelector"} | ({"events": event} if event else {})
        below = {"epfd": EPOLL, "change": f"EPOLL_CTL_{change}", "events": _MASKS.get(event)}
        self._call(op, conn, 8, args, "epoll_ctl", below)
        if event:
            self._step("yield", conn, value=f"fd {3 + conn}, {event}")

    def _select(self, woken: list[tuple[int, int, str]]) -> None:
        """Sleep until the last of them has news."""
        waited = max(0, woken[-1][0] - self.now)
        args = {"timeout": None, "watched": self.open, "selector": "EpollSelector", "could_wait": True}
        ready = tuple((3 + conn, event) for _, conn, event in woken)
        below = {
            "epfd": EPOLL, "ready": tuple((fd, _MASKS[event]) for fd, event in ready),
            "maxevents": self.open, "timeout": -1,
        }  # fmt: skip
        self._call(
            "select", None, 6, args, "epoll_wait", below, slept=waited, result=ready, returned=len(ready)
        )

    def _call(
        self, op: str, conn: int | None, takes: int, args: dict[str, Any], beneath: str, below: dict[str, Any],
        *, slept: int = 0, errno: str | None = None, site: Site | None = None, result: Any = None,
        returned: int | None = None, bytes: int | None = None,
    ) -> None:  # fmt: skip
        """A call of about so many microseconds on the processor, and the system call within."""
        worked = self._about(takes * US)
        t0, t1 = self.now, self.now + worked + slept
        fd = EPOLL if conn is None else 3 + conn
        who = {"owner": "loop" if conn is None else f"fetch_data #{conn}", "fd": fd, "conn": conn}
        site = site or _SITES[op]
        self._add(PYTHON, op, t0, t1, args=args, result=result, errno=errno, bytes=bytes, site=site, user_site=site,
                  exc="BlockingIOError" if errno else None, **who)  # fmt: skip
        if self.kernel:
            if returned is None:
                returned = None if errno else result or 0
            below = below if op == "socket" else {"fd": fd} | below
            self._add(KERNEL, beneath, t0 + worked // 4, t1 - worked // 4, args=below, result=returned, errno=errno,
                      bytes=bytes, **who)  # fmt: skip
        self.now = t1 + self._about(4 * US)
        self.busy += self.now - t0 - slept

    def _step(self, op: str, conn: int, **value: str) -> None:
        if self.flow:
            site = Site(FILE, _STEPS[op], "fetch_data")
            self._add(FLOW, op, self.now, self.now, owner=f"fetch_data #{conn}", conn=conn, site=site, user_site=site,
                      args={"generator": "fetch_data", **value})  # fmt: skip
            self.now += US

    def _add(self, lane: str, op: str, t0: int, t1: int, **fields: Any) -> None:
        self.events.append(Event(self.seq[lane], lane, op, t0, t1, PID, PID, **fields))
        self.seq[lane] += 1

    def _about(self, nanoseconds: int) -> int:
        """Mostly a little less; now and then much more."""
        return int(nanoseconds * self.random.lognormvariate(0, 0.4))


_MASKS = {"WRITE": "EPOLLOUT", "READ": "EPOLLIN", None: None}
