"""Traces for the tests of views: three small programs on a pretended clock, so that every number is known beforehand.

The pretended server takes 30 ms to its first byte and sends three pieces, 10 ms apart.
"""

from __future__ import annotations

from typing import Any

from tracedemo.events import FLOW, PYTHON, SERVER, TRACER, Event, Header, Site, Trace

US = 1_000
MS = 1_000_000
ADDRESS = "127.0.0.1:43555"
PID = 700

PROGRAM = """\
def fetch_data(address, path):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        sock.connect(address)
    except BlockingIOError:
        pass
    yield sock, selectors.EVENT_WRITE
    sent = sock.send(request)
    yield sock, selectors.EVENT_READ
    while True:
        try:
            chunk = sock.recv(4096)
            if not chunk:
                break
        except BlockingIOError:
            yield sock, selectors.EVENT_READ
    sock.close()

def run_all(gen_funcs):
    sel = selectors.DefaultSelector()
    for gen in map(start, gen_funcs):
        sel.register(sock, event, data=gen)
    while sel.get_map():
        for key, _events in sel.select():
            sel.unregister(key.fileobj)
            resume(key.data)
    sel.close()
"""
"""The source that all three pretend to have: it stands here so that no other file's edit changes what is expected."""


class Script:
    """Writes Events down, one after the other, while a pretended clock goes on."""

    def __init__(self, target: str = "selector", **header: Any) -> None:
        self.now = 1_000_000_000_000
        self.start = self.now
        self.target = target
        self.header = header
        self.events: list[Event] = []
        self._seq: dict[tuple[str, int], int] = {}

    def add(self, lane: str, op: str, took: int | None = 0, *, at: int | None = None, **fields: Any) -> Event:
        """One row at `at`, else now; `took` None: it never returns."""
        t0 = self.now if at is None else at
        pid = fields.pop("pid", PID)
        key = (lane, pid)
        self._seq[key] = self._seq.get(key, -1) + 1
        t1 = None if took is None else t0 + took
        event = Event(self._seq[key], lane, op, t0, t1, pid, fields.pop("tid", pid), **fields)
        self.events.append(event)
        return event

    def call(
        self, op: str, took: int | None, owner: str | None = None, line: int | str = 1, **fields: Any
    ) -> None:
        """A call of the program, and a little Python after it."""
        site = self.site(line, owner or "run_all")
        self.add(PYTHON, op, took, owner=owner, site=site, user_site=site, **fields)
        self.now += (took or 0) + 6 * US

    def step(self, op: str, owner: str, value: str | None = None, fd: int | None = None) -> None:
        """A step of a generator."""
        args = {"generator": owner.split(" ", maxsplit=1)[0]} | ({"value": value} if value else {})
        self.add(FLOW, op, 0, owner=owner, fd=fd, args=args)
        self.now += 2 * US

    def server(self, op: str, port: int, *, at: int | None = None, **args: Any) -> None:
        """Something that our server did."""
        size = args.pop("bytes", None)
        args = {"peer": f"127.0.0.1:{port}", "server_conn": port - 50_000} | args
        self.add(SERVER, op, 0, at=at, args=args, bytes=size, pid=PID + 1)

    def port(self, fd: int, port: int) -> None:
        """The tool's own question for the local port."""
        self.add(PYTHON, "port", 2 * US, fd=fd, result=f"127.0.0.1:{port}", mark=TRACER)
        self.now += 2 * US

    def site(self, line: int | str, function: str) -> Site:
        """A place in the target's source; a text is looked for in it."""
        if isinstance(line, str):
            lines = PROGRAM.splitlines()
            line = next(number for number, text in enumerate(lines, start=1) if line in text)
        return Site(self.file, line, function.split(" ", maxsplit=1)[0])

    @property
    def file(self) -> str:
        return self.target if self.target.endswith(".py") else f"variants/{self.target}.py"

    def trace(self) -> Trace:
        """What was written down, in order of time."""
        header = {
            "target": self.target, "kind": "variant", "requests": 3, "python": "3.11.7", "pid": PID,
            "clock_start": (self.start, 0), "clock_end": (self.now, self.now - self.start),
            "cpu_user": 0.0042, "cpu_system": 0.0018,
            "server": {"pace": "clock", "delay_ms": 30, "pieces": 3, "gap_ms": 10, "size": 1200, "address": ADDRESS},
        } | self.header  # fmt: skip
        sources = {self.file: PROGRAM}
        return Trace(Header(**header), self.events, sources).sorted()


def selector(requests: int = 3) -> Trace:
    """The selector loop: all connect, sleep, send, sleep, and read pieces until the end."""
    script = Script("selector", requests=requests)
    names = [f"fetch_data #{k}" for k in range(1, requests + 1)]
    fds = {name: 4 + k for k, name in enumerate(names)}
    script.call("selector", 20 * US, None, "sel = selectors", fd=3, args={"selector": "EpollSelector"})
    for name in names:
        _begin(script, name, fds[name])
    _wake(script, 60 * US, [(fd, "WRITE") for fd in fds.values()])
    for name in names:
        _go_on(script, name, fds[name])
        script.call(
            "send", 89 * US, name, "sent = sock.send(", fd=fds[name], args={"size": 49}, result=49, bytes=49
        )
        script.server("request", 50_000 + fds[name], bytes=49, detail="GET / HTTP/1.1")
        _park(script, name, fds[name], "READ")
    base = script.now
    for piece in (1, 2, 3):
        for k, name in enumerate(names):
            arrival = base + 30 * MS + (piece - 1) * 10 * MS + k * 3 * MS
            script.server("sent", 50_000 + fds[name], at=arrival, piece=piece, bytes=400)
            _wake(script, max(arrival + 40 * US - script.now, 10 * US), [(fds[name], "READ")])
            _go_on(script, name, fds[name])
            _read(script, name, fds[name], last=piece == 3)
    script.call("close", 12 * US, None, "sel.close()", fd=3, args={"what": "selector"})
    return script.trace()


def _begin(script: Script, name: str, fd: int) -> None:
    script.step("start", name)
    family = {"family": "AF_INET", "type": "SOCK_STREAM"}
    script.call("socket", 21 * US, name, "sock = socket.socket(", fd=fd, args=family, result=fd)
    script.call("setblocking", 9 * US, name, "sock.setblocking(", fd=fd, args={"mode": "non-blocking"})
    address = {"address": ADDRESS}
    script.call("connect", 204 * US, name, "sock.connect(", fd=fd, args=address, errno="EINPROGRESS",
                exc="BlockingIOError")  # fmt: skip
    script.port(fd, 50_000 + fd)
    script.server("accepted", 50_000 + fd)
    _park(script, name, fd, "WRITE")


def _park(script: Script, name: str, fd: int, events: str) -> None:
    script.step("yield", name, f"fd {fd}, {events}", fd)
    watch = {"events": events, "selector": "EpollSelector"}
    script.call("register", 14 * US, None, "sel.register(sock", fd=fd, args=watch)


def _wake(script: Script, slept: int, ready: list[tuple[int, str]]) -> None:
    args = {"timeout": None, "watched": 3, "selector": "EpollSelector", "could_wait": True}
    script.call("select", slept, None, "in sel.select()", fd=3, args=args, result=tuple(ready))


def _go_on(script: Script, name: str, fd: int) -> None:
    script.call("unregister", 8 * US, None, "sel.unregister(", fd=fd, args={"selector": "EpollSelector"})
    script.step("resume", name)


def _read(script: Script, name: str, fd: int, *, last: bool) -> None:
    script.call("recv", 11 * US, name, "sock.recv(", fd=fd, args={"size": 4096}, result=400, bytes=400)
    if last:
        script.call("recv", 5 * US, name, "sock.recv(", fd=fd, args={"size": 4096}, result=0, bytes=0)
        script.call("close", 15 * US, name, "sock.close()", fd=fd)
        script.step("return", name)
    else:
        _nothing_yet(script, name, fd)
        _park(script, name, fd, "READ")


def _nothing_yet(script: Script, name: str, fd: int) -> None:
    script.call(
        "recv", 7 * US, name, "sock.recv(", fd=fd, args={"size": 4096}, errno="EAGAIN", exc="BlockingIOError"
    )


def blocking(requests: int = 3) -> Trace:
    """One fetch after the other, each call until it is done."""
    script = Script("blocking", requests=requests)
    for k in range(1, requests + 1):
        name, waits = f"fetch_data #{k}", {"could_wait": True}
        family = {"family": "AF_INET", "type": "SOCK_STREAM"}
        script.call("socket", 21 * US, name, "sock = socket.socket(", fd=3, args=family, result=3)
        script.call("connect", 310 * US, name, "sock.connect(", fd=3, args={"address": ADDRESS} | waits)
        script.port(3, 50_000 + k)
        script.server("accepted", 50_000 + k)
        script.call("sendall", 40 * US, name, "sock.send(", fd=3, args={"size": 49} | waits, bytes=49)
        for piece, wait in ((1, 30 * MS), (2, 10 * MS), (3, 10 * MS)):
            script.server("sent", 50_000 + k, at=script.now + wait - 30 * US, piece=piece, bytes=400)
            script.call(
                "recv", wait, name, "sock.recv(", fd=3, args={"size": 4096} | waits, result=400, bytes=400
            )
        script.call("recv", 9 * US, name, "sock.recv(", fd=3, args={"size": 4096} | waits, result=0, bytes=0)
        script.call("close", 15 * US, name, "sock.close()", fd=3)
    return script.trace()


def nonblocking(requests: int = 3, step: int = 90 * US) -> Trace:
    """Asks each socket in turn, again and again, and never sleeps."""
    script = Script("nonblocking", requests=requests)
    names = [f"fetch_data #{k}" for k in range(1, requests + 1)]
    fds = {name: 3 + k for k, name in enumerate(names)}
    for name, fd in fds.items():
        script.step("start", name)
        script.call(
            "socket",
            21 * US,
            name,
            "sock = socket.socket(",
            fd=fd,
            args={"family": "AF_INET", "type": "SOCK_STREAM"},
            result=fd,
        )
        script.call("setblocking", 9 * US, name, "sock.setblocking(", fd=fd, args={"mode": "non-blocking"})
        script.call("connect", 204 * US, name, "sock.connect(", fd=fd, args={"address": ADDRESS}, errno="EINPROGRESS",
                    exc="BlockingIOError")  # fmt: skip
        script.port(fd, 50_000 + fd)
        script.step("yield", name, f"fd {fd}, WRITE", fd)
    for name, fd in fds.items():
        script.step("resume", name)
        script.call("send", 60 * US, name, "sent = sock.send(", fd=fd, args={"size": 49}, result=49, bytes=49)
        script.step("yield", name, f"fd {fd}, READ", fd)
    arrivals = {
        name: [script.now + 30 * MS + p * 10 * MS + k * 2 * MS for p in range(3)]
        for k, name in enumerate(names)
    }
    for name, times in arrivals.items():
        for piece, at in enumerate(times, start=1):
            script.server("sent", 50_000 + fds[name], at=at, piece=piece, bytes=400)
    while arrivals:
        for name in list(arrivals):
            _ask(script, name, fds[name], arrivals, step)
    return script.trace()


def _ask(script: Script, name: str, fd: int, arrivals: dict[str, list[int]], step: int) -> None:
    script.step("resume", name)
    if arrivals[name] and arrivals[name][0] > script.now:
        script.call(
            "recv",
            step,
            name,
            "sock.recv(",
            fd=fd,
            args={"size": 4096},
            errno="EAGAIN",
            exc="BlockingIOError",
        )
        script.step("yield", name, f"fd {fd}, READ", fd)
        return
    if arrivals[name]:
        arrivals[name].pop(0)
        script.call("recv", 11 * US, name, "sock.recv(", fd=fd, args={"size": 4096}, result=400, bytes=400)
        script.step("yield", name, f"fd {fd}, READ", fd)
        return
    script.call("recv", 5 * US, name, "sock.recv(", fd=fd, args={"size": 4096}, result=0, bytes=0)
    script.call("close", 15 * US, name, "sock.close()", fd=fd)
    script.step("return", name)
    del arrivals[name]


def hostile() -> Trace:
    """A trace that would like to rule the terminal."""
    script = Script("[bold red]evil\x1b[31m", notes=("A note with \x07 a bell.",))
    owner = "[link=x]own\u202eer\x1b]0;title\x07"
    site = Site("a\x1b[2J.py", 1, "f\x1b")
    args = {"address": "[red]\x1b[31m\r\n:80"}
    script.add(PYTHON, "socket", 10 * US, owner=owner, fd=4, result=4, site=site, user_site=site)
    script.now += 20 * US
    script.add(PYTHON, "connect", 10 * US, owner=owner, fd=4, args=args, errno="ECONNREFUSED",
               exc="ConnectionRefusedError", site=site, user_site=site)  # fmt: skip
    script.now += 20 * US
    script.add(
        PYTHON, "wh\x1bat", 10 * US, owner="日本語 é", fd=4, result="\x9b31m", site=site, user_site=site
    )
    trace = script.trace()
    trace.sources[site.file] = "x = '[bold]\x1b[31m\u202e'\tor 'é日本'  # \x00"
    return trace


def forked() -> Trace:
    """Two processes, one of which never came back from a recv."""
    script = Script(
        "my_script.py", kind="script", ended="signal KILL", exit_code=137, requests=None, server={}
    )
    script.call("socketpair", 10 * US, None, 1, result=(3, 4), fd=3)
    script.call("send", 10 * US, "MainThread", 2, fd=3, bytes=5, result=5)
    script.call(
        "recv", 2 * MS, "MainThread", 3, fd=4, pid=PID + 2, bytes=5, result=5, args={"could_wait": True}
    )
    script.call("recv", None, "MainThread", 4, fd=4, pid=PID + 2, args={"could_wait": True})
    script.now += 5 * MS
    return script.trace()


def sleeping() -> Trace:
    """A script that sleeps by time.sleep() between its calls, which its thread's CPU clock tells."""
    script = Script("sleepy.py", kind="script", requests=None, server={})
    script.call("socket", 10 * US, None, 1, fd=4, result=4)
    script.call("connect", 90 * US, None, 2, fd=4, args={"address": ADDRESS})
    script.now += 60 * MS
    script.call("sendall", 10 * US, None, 3, fd=4, bytes=5, args={"size": 5, "cpu": 300 * US})
    script.call(
        "recv",
        40 * MS,
        None,
        4,
        fd=4,
        bytes=9,
        result=9,
        args={"could_wait": True, "size": 99, "cpu": 60 * US},
    )
    return script.trace()


def one_event() -> Trace:
    """The least that can happen."""
    script = Script("tiny.py", server={})
    script.call("socket", 10 * US, None, 1, fd=3, result=3)
    return script.trace()
