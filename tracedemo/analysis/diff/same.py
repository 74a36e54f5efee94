r"""What counts as the same in two runs: texts of what was asked and answered, without what no two runs have in common.

Rules
    * A descriptor is the connection that it stands for, and that is called as its counterpart in the other run is.
    * The address of our server, and of a socket that listens on a port of the kernel's choice, has a name; other ports from
      32768 on are the kernel's choice, too, on the loopback interface, and as one's own address.
    * A timeout of select that is no round number (of milliseconds; from 1 s on of 10 ms, from 10 s on of 0.1 s) was made by
      a clock; so is any timeout of a system call, but 0 and none. Times, CPU times, and whether a call could wait or did,
      are nobody's arguments.
    * Process numbers, inode numbers, pointers and the names of temporary files are drawn by lot.
    * Of what went over a socket the nonce of our server, dates, and whatever is not text are left out.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from tracedemo.analysis.connections import ACCEPTED, LISTENING, Connection
from tracedemo.analysis.segments import is_readiness
from tracedemo.analysis.study import Study
from tracedemo.analysis.walking import ready_of
from tracedemo.events import KERNEL, PYTHON, Event

FIRST_OF_KERNEL = 32_768
"""The first port that Linux hands out by itself; other systems begin higher."""

_SILENT = frozenset({"cpu", "importing", "could_wait", "waited"})
"""Arguments that say when, not what."""
_OPENS = frozenset({"socket", "socketpair", "accept", "accept4", "dup", "detach", "selector", "openat", "epoll_create",
                    "epoll_create1", "kqueue", "clone", "clone3", "fork", "vfork"})  # fmt: skip
"""What answers with a number that says nothing: a descriptor, or a process."""
_OWN_ADDRESS = frozenset({"getsockname", "accept", "accept4", "recvfrom", "recvfrom_into", "recvmsg"})
_DESCRIPTORS = frozenset({"fd", "epfd", "from", "fileno", "new_fd"})
_SETS = frozenset({"fds", "read", "write", "except", "ready"})
"""Arguments of system calls that hold descriptors, alone or with events."""
_FILLED = {
    **dict.fromkeys(
        ("recvfrom", "recvfrom_into", "recvmsg", "recvmmsg"),
        frozenset({"data", "address", "control", "messages", "peer"}),
    ),
    **dict.fromkeys(("getsockname", "getpeername", "accept", "accept4"), frozenset({"address"})),
    "accept": frozenset({"address", "peer", "new_fd"}),
    "getsockopt": frozenset({"value"}),
    "socketpair": frozenset({"fds"}),
}
"""Arguments that the kernel fills in: part of the answer."""
_SELECTS = frozenset({"select", "pselect6"})

_ADDRESS = re.compile(r"(\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:.]*\]|localhost|\*):(\d{5})(?!\d)")
_LOOPBACK = re.compile(r"127\.|0\.0\.0\.0|\[(::1?|::ffff:127\..*)\]|localhost|\*")
_BY_LOT = (
    (re.compile(r"\btmp(?:[a-z0-9_]{8}|\.\w{6,10})(?![\w.])"), "tmp*"),
    (re.compile(r"\b(pytest-)\d+\b"), r"\1*"),
    (re.compile(r"(/proc/)\d+\b"), r"\1*"),
    (re.compile(r"\b(socket|pipe):\[\d+\]"), r"\1:[*]"),
    (re.compile(r"\b0x[0-9a-f]{6,}\b"), "0x*"),
)
_DATE = re.compile(r"((?:Date|Expires|Last-Modified): )[^\\\n]*")
_BODY = (re.compile(r"^[0-9a-f]{0,16}(?= line \d)"), re.compile(r"(?<=tracedemo )[0-9a-f]{0,16}(?=…?$)"))
"""Where a buffer begins or ends in the middle of a nonce."""


class Sameness:
    """What the calls of one run are, beside those of another.

    Args:
        names: what to call each connection, by its number.
    """

    def __init__(self, study: Study, names: Mapping[int, str]) -> None:
        self._study = study
        self._names = names
        self._known = dict(_addresses(study))
        self._ports = {address.rpartition(":")[2]: name for address, name in self._known.items()}
        self._nonce = str(study.trace.header.server.get("nonce") or "")
        self._texts: dict[tuple[str, Hashable, int, bool], str] = {}
        self._args = study.trace.column("args").codes
        self._stands = _Descriptors(study)

    def peer(self, socket: Connection) -> str:
        """The other side of a connection; of an accepted one it says nothing."""
        return "" if socket.kind == ACCEPTED else self._text("connect", socket.peer or "")

    def asked(self, row: int) -> str:
        """What a call was asked to do: its arguments."""
        event = self._study.events[row]
        if event.lane == KERNEL:
            return self._of_args(row, event, filled=False)
        key = (event.lane, event.op, self._args[row], False)
        if key not in self._texts:
            self._texts[key] = self._of_args(row, event, filled=False)
        return self._texts[key]

    def answered(self, row: int) -> str:
        """What came back."""
        return repr(self.answer(row))

    def answer(self, row: int) -> dict[str, str]:
        """The parts of an answer by name: those that there are."""
        event = self._study.events[row]
        if event.t1 is None:
            return {"returned": "never"}
        parts = {"errno": event.errno, "exc": event.exc, "bytes": event.bytes}
        found = {name: str(value) for name, value in parts.items() if value is not None}
        if is_readiness(event.op) and event.lane == PYTHON and not event.failed and ready_of(event):
            found["ready"] = ", ".join(sorted(f"{name} {events}" for name, events in self._ready(row)))
        elif event.op not in _OPENS and event.result is not None:
            found["result"] = self._value(event.op, "result", event.result)
        if event.op in _FILLED or "ready" in event.args:
            found |= dict(self._each(row, event, filled=True))
        return found

    def arguments(self, row: int) -> dict[str, str]:
        """The arguments by name, to find those that differ."""
        event = self._study.events[row]
        return dict(self._each(row, event, filled=False))

    def _of_args(self, row: int, event: Event, *, filled: bool) -> str:
        return repr(sorted(self._each(row, event, filled=filled)))

    def _each(self, row: int, event: Event, *, filled: bool) -> Iterable[tuple[str, str]]:
        out = _FILLED.get(event.op, frozenset())
        for name, value in event.args.items():
            if name in _SILENT or (name in out or name == "ready") != filled or _says_nothing(event, name):
                continue
            if event.lane == KERNEL and name in _SETS:
                yield name, self._set(row, value)
            elif name in _DESCRIPTORS:
                yield name, self._stands.name(row, value, self._names) if event.lane == KERNEL else "a number"
            elif name == "timeout" and (event.lane == KERNEL or is_readiness(event.op)):
                yield name, _timeout(value, exact=event.lane != KERNEL)
            else:
                yield name, self._value(event.op, name, value)

    def _ready(self, row: int) -> Iterable[tuple[str, str]]:
        """What a select reported, by connection."""
        wakeup = self._study.wakeup_of_row.get(row)
        if wakeup is None:
            return [("a descriptor", events) for _, events in ready_of(self._study.events[row])]
        names = self._names
        return [(names.get(it.conn or 0, f"{it.owner or 'a descriptor'}"), it.events) for it in wakeup.ready]

    def _set(self, row: int, value: Any) -> str:
        """Descriptors, alone or with events, in no order."""
        if not isinstance(value, (list, tuple)):
            return repr(value)
        found = []
        for each in value:
            fd, *events = each if isinstance(each, (list, tuple)) and each else (each,)
            found.append(f"{self._stands.name(row, fd, self._names)} {events!r}")
        return repr(sorted(found))

    def _value(self, op: str, name: str, value: Any) -> str:
        if name == "data" and isinstance(value, str):
            return self._data(value)
        if name == "port" and str(value) in self._ports:
            return self._ports[str(value)]
        if isinstance(value, str):
            return repr(self._text(op, value))
        if isinstance(value, (list, tuple)):
            return repr([self._value(op, name, each) for each in value])
        if isinstance(value, Mapping):
            return repr(sorted((str(key), self._value(op, name, each)) for key, each in value.items()))
        return repr(value)

    def _text(self, op: str, text: str) -> str:
        if text.isalnum():  # names, which most texts are
            return text
        for pattern, by in _BY_LOT:
            text = pattern.sub(by, text)

        def named(found: re.Match[str]) -> str:
            if known := self._known.get(found[0]):
                return known
            chosen = op in _OWN_ADDRESS or _LOOPBACK.match(found[1])
            return f"{found[1]}:*" if chosen and int(found[2]) >= FIRST_OF_KERNEL else found[0]

        return _ADDRESS.sub(named, self._known.get(text) or text)

    def _data(self, text: str) -> str:
        if "\\x" in text:
            return "not text"
        if self._nonce:
            text = text.replace(self._nonce, "")
            for pattern in _BODY:
                text = pattern.sub("", text)
        return self._text("", _DATE.sub(r"\1*", text))


class _Descriptors:
    """Which connection a descriptor of a system call stood for: that of the calls around it."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._at: dict[tuple[int, int], list[tuple[int, int]]] | None = None

    def name(self, row: int, fd: Any, names: Mapping[int, str]) -> str:
        from bisect import bisect_right

        event = self._study.events[row]
        if event.conn is not None and fd == event.fd:
            return names.get(event.conn, "")
        if type(fd) is not int:
            return repr(fd)
        if self._at is None:
            self._at = self._found()
        since = self._at.get((event.pid, fd), [])
        place = bisect_right(since, (row, 0))
        return names.get(since[place - 1][1], "") if place else ""

    def _found(self) -> dict[tuple[int, int], list[tuple[int, int]]]:
        found: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for row, event in enumerate(self._study.events):
            if event.lane == PYTHON and event.conn is not None and event.fd is not None:
                since = found.setdefault((event.pid, event.fd), [])
                if not since or since[-1][1] != event.conn:
                    since.append((row, event.conn))
        return found


def _addresses(study: Study) -> Iterable[tuple[str, str]]:
    """Addresses that have a name: sockets that listen on a port of the kernel's choice, and our server."""
    number = 0
    for socket in study.connections:
        if socket.kind == LISTENING and socket.local:
            port = socket.local.rpartition(":")[2]
            if port.isdecimal() and len(port) < 6 and int(port) >= FIRST_OF_KERNEL:
                number += 1
                yield socket.local, f"listener {number}"
    address = study.trace.header.server.get("address")
    if isinstance(address, str):
        yield address, "our server"


def _says_nothing(event: Event, name: str) -> bool:
    """Arguments that follow from others, or from descriptors."""
    if event.lane == KERNEL:
        return name in ("what", "restarted", "cut") or (name == "count" and event.op in _SELECTS)
    return name == "selector" and event.op != "selector"


def _timeout(value: Any, *, exact: bool) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return repr(value)
    if not exact:
        return "none" if value < 0 else "some" if value else "0"
    if not abs(value) < 1e9:
        return repr(value)
    # Records hold a long timeout to 0.1 ms: of those that a clock made, one in ten would be whole milliseconds.
    grain = 1000 if abs(value) < 1 else 100 if abs(value) < 10 else 10
    return repr(float(value)) if abs(value * grain - round(value * grain)) < 1e-6 else "by the clock"
