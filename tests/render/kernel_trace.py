"""A run with a kernel lane, by hand: one of each thing that the lane teaches, on the pretended clock of `traces`."""

from __future__ import annotations

from typing import Any

from tests.render.traces import ADDRESS, MS, PID, US, Script
from tracedemo.events import FLOW, KERNEL, PYTHON, TRACER, Trace

START = 20 * MS
"""So long before its first call the interpreter began to start."""


class KernelScript(Script):
    """Writes down Python calls with the system calls that they make."""

    def made(self, op: str, took: int = 4 * US, **fields: Any) -> None:
        """A system call, made now."""
        known = {name: fields.pop(name) for name in _FIELDS if name in fields}
        known.setdefault("result", None if "errno" in known else 0)
        known["fd"] = fields.pop("new", fields.get("fd", fields.get("epfd")))
        self.add(KERNEL, op, took, args=fields, **known)
        self.now += took + 1 * US

    def calls(
        self, op: str, owner: str | None, line: int | str, *made: tuple[str, dict[str, Any]], **fields: Any
    ) -> None:
        """A call of the program, and what it makes meanwhile; `sleeps` is how long the last of these takes."""
        sleeps, begin = fields.pop("sleeps", 0), self.now
        site = self.site(line, owner or "run_all")
        place = len(self.events)
        self.now += 3 * US
        for number, (name, told) in enumerate(made, start=1):
            self.made(name, 4 * US + (sleeps if number == len(made) else 0), **told)
        self.now += 2 * US
        event = self.add(
            PYTHON, op, self.now - begin, at=begin, owner=owner, site=site, user_site=site, **fields
        )
        self.events.insert(place, self.events.pop())
        assert event is self.events[place]
        self.now += 6 * US


_FIELDS = ("result", "errno", "bytes", "tid", "mark")

PASSWD = "/etc/nsswitch.conf"
HOSTS = "/etc/hosts"
CODEC = "/lib/python3.11/idna.pyc"


def _file(path: str) -> list[tuple[str, dict[str, Any]]]:
    """A file is read to its end."""
    what = {"fd": 9, "size": 4096, "what": path}
    return [
        ("openat", {"path": path, "flags": "O_RDONLY|O_CLOEXEC", "result": 9}),
        ("read", what | {"result": 300, "bytes": 300}),
        ("read", what | {"result": 0, "bytes": 0}),
        ("close", {"fd": 9, "what": path}),
    ]


def kernel() -> Trace:
    """A fetch by name, on a non-blocking socket; then a timeout, much data, a selector of poll, TLS, and repeats."""
    script = KernelScript(
        "lookup.py", kind="script", requests=None, server={}, engine="strace", engine_version="6.1"
    )
    script.now -= START
    script.made("execve", 200 * US, path="/usr/bin/python3")
    for number in range(40):
        script.made("openat", path=f"/lib/{number}", flags="O_RDONLY", errno="ENOENT")
    script.made("close", fd=8, mark=TRACER, what="/tmp/spool")
    script.now = script.start
    _fetch(script, "fetch_data #1")
    _with_timeout(script, "fetch_data #2")
    _with_poll(script)
    _encrypted(script)
    for number in range(2):
        script.made("write", fd=1, size=6 + number, result=6 + number, bytes=6 + number)
    script.now += 9 * US
    script.made("clone3", thread=True, result=PID + 9)
    return script.trace()


def _fetch(script: KernelScript, name: str) -> None:
    epoll = ("epoll_create1", {"flags": "EPOLL_CLOEXEC", "result": 3, "new": 3})
    script.calls("selector", None, "sel = selectors", epoll, fd=3, args={"selector": "EpollSelector"})
    script.add(FLOW, "start", 0, owner=name, args={"generator": "fetch_data"})
    script.now += 3 * US
    _socket(script, name, 4)
    switched = ("ioctl", {"fd": 4, "request": "FIONBIO", "value": 1})
    script.calls("setblocking", name, "sock.setblocking(", switched, fd=4, args={"mode": "non-blocking"})
    begun = ("connect", {"fd": 4, "address": ADDRESS, "errno": "EINPROGRESS"})
    script.calls("connect", name, "sock.connect(", *_file(PASSWD), *_file(HOSTS), begun, fd=4,
                 args={"address": "localhost:43555"}, errno="EINPROGRESS", exc="BlockingIOError")  # fmt: skip
    _watch(script, name, "register", "ADD", "EPOLLOUT")
    _wait(script, 30 * MS, "EPOLLOUT")
    _watch(script, name, "unregister", "DEL", None)
    sent = ("sendto", {"fd": 4, "data": "GET / HTTP/1.1", "size": 49, "result": 49, "bytes": 49})
    script.calls("send", name, "sent = sock.send(", sent, fd=4, args={"size": 49}, result=49, bytes=49)
    empty = ("recvfrom", {"fd": 4, "size": 4096, "errno": "EAGAIN"})
    for _ in range(100):
        script.calls("recv", name, "sock.recv(", empty, fd=4, args={"size": 4096}, errno="EAGAIN",
                     exc="BlockingIOError")  # fmt: skip
    _close(script, name, 4)


def _socket(script: KernelScript, name: str, fd: int) -> None:
    family = {"family": "AF_INET", "type": "SOCK_STREAM"}
    made = ("socket", {"family": "AF_INET", "type": "SOCK_STREAM|SOCK_CLOEXEC", "result": fd, "new": fd})
    script.calls("socket", name, "sock = socket.socket(", made, fd=fd, args=family, result=fd)


def _close(script: KernelScript, name: str | None, fd: int) -> None:
    script.calls("close", name, "sock.close()", ("close", {"fd": fd}), fd=fd)


def _watch(script: KernelScript, name: str, op: str, change: str, events: str | None) -> None:
    made = ("epoll_ctl", {"epfd": 3, "change": f"EPOLL_CTL_{change}", "fd": 4, "events": events})
    args = {"selector": "EpollSelector"} | ({"events": "WRITE"} if events else {})
    line = "sel.register(" if op == "register" else "sel.unregister("
    script.calls(op, name, line, made, fd=4, args=args)


def _wait(script: KernelScript, slept: int, events: str) -> None:
    made = ("epoll_wait", {"epfd": 3, "ready": [[4, events]], "maxevents": 1, "timeout": -1, "result": 1})
    args = {"timeout": None, "watched": 1, "selector": "EpollSelector", "could_wait": True}
    script.calls(
        "select", None, "in sel.select()", made, sleeps=slept, fd=3, args=args, result=((4, "WRITE"),)
    )


def _with_timeout(script: KernelScript, name: str) -> None:
    """A timeout turns one call into three, and sendall into many."""
    host = {"host": "127.0.0.1", "port": 43555}
    script.calls("getaddrinfo", name, "def fetch_data", *_file(CODEC), args=host, result=["127.0.0.1:43555"])
    _socket(script, name, 5)
    switched = ("ioctl", {"fd": 5, "request": "FIONBIO", "value": 1})
    script.calls("settimeout", name, "sock.setblocking(", switched, fd=5, args={"timeout": 5.0})
    poll = (
        "poll",
        {
            "fds": [[5, "POLLOUT|POLLERR"]],
            "count": 1,
            "timeout": 5000,
            "ready": [[5, "POLLOUT"]],
            "result": 1,
        },
    )
    three = (
        ("connect", {"fd": 5, "address": ADDRESS, "errno": "EINPROGRESS"}),
        poll,
        ("getsockopt", {"fd": 5, "level": "SOL_SOCKET", "option": "SO_ERROR", "value": 0}),
    )
    waits = {"could_wait": True}
    script.calls("connect", name, "sock.connect(", *three, fd=5, args={"address": ADDRESS} | waits)
    part = 200_000
    send = ("sendto", {"fd": 5, "data": "xxxx…", "size": part, "result": part, "bytes": part})
    script.calls("sendall", name, "sent = sock.send(", *(poll, send) * 40, fd=5, args={"size": 8_000_000} | waits,
                 bytes=8_000_000)  # fmt: skip
    _close(script, name, 5)


def _with_poll(script: KernelScript) -> None:
    """A selector of poll() notes in Python what is watched; asyncio has a pair of sockets in it."""
    made = ("socketpair", {"family": "AF_UNIX", "type": "SOCK_STREAM|SOCK_CLOEXEC", "fds": [6, 7]})
    script.calls("socketpair", None, "def run_all", made, fd=6, result=(6, 7), args={"family": "AF_UNIX"})
    args = {"selector": "PollSelector"}
    script.calls("selector", None, "sel = selectors", args=args)
    script.calls("register", None, "sel.register(", fd=6, args=args | {"events": "READ"})
    poll = ("poll", {"fds": [[6, "POLLIN"]], "count": 1, "timeout": 10, "ready": []})
    waits = {"timeout": 0.01, "watched": 1, "could_wait": True}
    script.calls("select", None, "in sel.select()", poll, sleeps=10 * MS, args=args | waits, result=())
    script.calls("close", None, "sel.close()", args={"what": "selector"})


def _encrypted(script: KernelScript) -> None:
    reads = [("read", {"fd": 6, "size": size, "result": size, "bytes": size}) for size in (5, 22)]
    script.calls(
        "recv", None, "sock.recv(", *reads, fd=6, args={"size": 100, "could_wait": True}, result=5, bytes=5
    )
    script.calls("recv", None, "sock.recv(", fd=6, args={"size": 100, "could_wait": True}, result=5, bytes=5)
