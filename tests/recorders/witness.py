"""What strace saw of a run, held against what the recorder wrote down: a witness that shares no code with it.

The reader of strace's lines is small and strict: it knows the few system calls of sockets and selectors, and stumbles
over anything else. (The real one is `tracedemo.recorders.kernel`.)
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tracedemo.events import PYTHON, TRACER, Event, Trace
from tracedemo.recorders.inprocess.mapping import HIGH

TRACED = (
    "%network,epoll_create1,epoll_ctl,epoll_wait,epoll_pwait,?epoll_pwait2,poll,ppoll,select,pselect6,"
    "sendfile,close,ioctl,fcntl"
)


def strace(output: Path) -> tuple[str, ...]:
    """The command that watches what stands behind it."""
    return (
        *("strace", "-f", "--seccomp-bpf", "-y", "-a", "1", "-s", "32", "-T"),
        *("--absolute-timestamps=format:unix,precision:ns", "-e", f"trace={TRACED}"),
        *("-e", "signal=none", "-o", str(output), "--"),
    )


class SystemCall(NamedTuple):
    """A line of strace: a system call on a socket, an epoll, or a poll of them."""

    t: int
    """Entry, realtime nanoseconds."""
    tid: int
    name: str
    fd: int
    """The first descriptor among its arguments; the new one of `socket` and `epoll_create1`; -1 for none."""
    errno: str
    """`EAGAIN` ..., or `-`."""
    text: str

    def __str__(self) -> str:
        return f"{self.name}:{self.fd}:{self.errno}"


_LINE = re.compile(r"(\d+) +(\d+)\.(\d{9}) (.*)")
_WHOLE = re.compile(
    r"(\w+)\((.*)\) += (-?\d+|\?|0x[0-9a-f]+)(?:<[^ ]*>)?(?: (E[A-Z0-9]+) \(.*?\))?(?: \(.*\))? <[\d.]+>"
)
_FIRST_FD = re.compile(r"(?:\[\{fd=|\d+, \[)?(\d+)(?:<|\b)")
_NEW = {"socket", "epoll_create1"}
_OURS = re.compile(r"\d+<(?:socket:|anon_inode:\[eventpoll)")


def read_lines(path: Path) -> list[SystemCall]:
    """All that concerns sockets, in order of entry.

    Raises:
        ValueError: a line that is not understood.
    """
    begun: dict[int, tuple[int, str]] = {}
    found = []
    for line in path.read_text(encoding="ascii").splitlines():
        match = _LINE.fullmatch(line)
        if not match:
            raise ValueError(line)
        tid, t, rest = int(match[1]), int(match[2]) * 10**9 + int(match[3]), match[4]
        if rest.startswith(("+++", "---")):
            continue
        if rest.endswith(" <unfinished ...>"):
            begun[tid] = t, rest.removesuffix(" <unfinished ...>")
            continue
        if rest.startswith("<... "):
            t, first = begun.pop(tid)
            rest = first + rest.partition(" resumed>")[2]
        if (call := _parse(t, tid, rest)) is not None:
            found.append(call)
    return sorted(found)


def _parse(t: int, tid: int, text: str) -> SystemCall | None:
    match = _WHOLE.fullmatch(text)
    if not match:
        raise ValueError(text)
    name, args, result, errno = match.groups()
    if not _concerns_sockets(name, args):
        return None
    first = _FIRST_FD.match(args)
    fd = (int(result) if result != "?" else -1) if name in _NEW else int(first[1]) if first else -1
    return SystemCall(t, tid, {"ppoll": "poll"}.get(name, name), fd, errno or "-", text)


def _concerns_sockets(name: str, args: str) -> bool:
    if name == "ioctl":
        wanted = re.search("FIONBIO|FIOCLEX|FIONCLEX", args) is not None
    elif name == "fcntl":
        wanted = "F_DUPFD" in args
    elif name in ("close", "sendfile"):
        wanted = True
    else:
        return True
    return wanted and _OURS.match(args) is not None


# -- What each row of the recorder stands for


class Row(NamedTuple):
    """A row of the python lane, with the state of its descriptor at that moment."""

    event: Event
    timed: bool
    """The socket had a timeout: Python polls before each call."""


def _pattern(row: Row) -> str:  # noqa: C901, PLR0911, PLR0912  # one branch an operation: a table of patterns
    """A regular expression over `name:fd:errno` of the system calls that a row makes."""
    event = row.event
    fd, errno = event.fd, event.errno or "-"
    kind = event.args.get("selector", "")
    epoll = kind in ("EpollSelector", "epoll")
    again = f"(?:poll:{fd}:- )*" if row.timed else ""
    if event.exc == "TimeoutError" and event.errno is None:
        return f"(?:(?:sendto|recvfrom|connect):{fd}:\\S+ )*(?:poll:{fd}:- )+"
    if event.mark == TRACER:
        return {"lockstep": r".*", "port": f"getsockname:{fd}:- "}.get(event.op, "")
    match event.op:
        case "socket" if "fileno" in event.args:
            return f"(?:getsockname:{fd}:{errno} )?(?:getsockopt:{fd}:- )*"
        case "socket":
            return f"socket:{fd if fd is not None else -1}:{errno} "
        case "socketpair":
            return r"socketpair:-1:- (?:getsockname:\d+:- )*"
        case "dup":
            new = event.result
            return f"fcntl:{fd}:- (?:getsockname:{new}:- )?(?:ioctl:{new}:- )?"
        case "accept":
            new = event.result
            return f"{again}accept4:{fd}:{errno} (?:getsockname:{new}:- )?(?:ioctl:{new}:- )?"
        case "connect" | "connect_ex" if row.timed:
            end = "" if errno == "-" else f"|connect:{fd}:{errno} "
            return f"connect:{fd}:- |connect:{fd}:EINPROGRESS poll:{fd}:- getsockopt:{fd}:- {end}"
        case "connect" | "connect_ex":
            # A name is looked up first, over whatever sockets the resolver takes; the last one is ours.
            return rf"(?:.* )?connect:{fd}:{errno} "
        case "bind" | "listen" | "shutdown" | "getsockname" | "getpeername" | "setsockopt" | "getsockopt":
            return f"{event.op}:{fd}:{errno} "
        case "setblocking" | "settimeout" | "set_inheritable":
            return f"ioctl:{fd}:- "
        case "send" | "sendto":
            return f"{again}sendto:{fd}:{errno} "
        case "sendall":
            return f"(?:{again}sendto:{fd}:- )*{again}sendto:{fd}:{errno} "
        case "recv" | "recv_into" | "recvfrom" | "recvfrom_into":
            return f"{again}recvfrom:{fd}:{errno} "
        case "sendmsg" | "recvmsg" | "recvmsg_into":
            return f"{again}{event.op.removesuffix('_into')}:{fd}:{errno} "
        case "sendfile":
            return f"(?:poll:{fd}:- |sendfile:{fd}:- )*sendfile:{fd}:{errno} (?:poll:{fd}:- )?"
        case "close" if "by" in event.args:
            return ""  # it follows the row
        case "close" if event.args.get("what") in ("PollSelector", "SelectSelector"):
            return ""
        case "close":
            return f"close:{fd}:{errno} "
        case "selector" if kind == "EpollSelector":
            return f"epoll_create1:{fd}:- "
        case "selector" if kind == "epoll":
            return f"(?:epoll_create1:{fd}:- )?"  # none where the type is patched: see `_explained`
        case "register" | "modify" | "unregister" if epoll:
            return rf"epoll_ctl:\d+:{errno} "
        case "select" | "poll" if epoll:
            return rf"epoll_p?wait2?:{fd}:{errno} "
        case "select" if kind in ("SelectSelector", "select"):
            return r"(?:pselect6|select):-?\d+:- "
        case "select" | "poll":
            return r"poll:-?\d+:- "
        case "getaddrinfo" | "gethostbyname" | "gethostbyaddr" | "getnameinfo" | "getservby" | "if_names":
            return ".*"
        case _:
            return ""


def differences(trace: Trace, lines: Sequence[SystemCall]) -> list[str]:
    """Everything in which the two disagree; empty when they tell the same story."""
    shift = trace.header.clock_start[1] - trace.header.clock_start[0]
    rows = _rows(trace)
    groups: dict[int, list[SystemCall]] = defaultdict(list)
    found: list[str] = []
    for tid in {line.tid for line in lines}:
        mine = [index for index, row in enumerate(rows) if row.event.tid == tid]
        for line in (line for line in lines if line.tid == tid):
            at = line.t - shift
            if _explained(line, at, [rows[index].event for index in mine]):
                continue
            inside = [index for index in mine if _holds(rows[index].event, at)]
            if inside:
                # Rows of one thread are nested: the one that began last is the innermost.
                groups[max(inside, key=lambda index: rows[index].event.t0)].append(line)
            else:
                found.append(f"no row for {line.text}")
    for index, row in enumerate(rows):
        group = groups[index]
        text = "".join(f"{line} " for line in group)
        if not re.fullmatch(_pattern(row), text):
            found.append(f"{row.event} is not {text or 'nothing'!r}")
        if row.event.op == "lockstep":
            found += [f"the tool's {line.text}" for line in group if not _of_tool(line, row.event)]
    return found


def _holds(event: Event, at: int) -> bool:
    return event.t0 <= at and (event.t1 is None or at <= event.t1)


def _of_tool(line: SystemCall, event: Event) -> bool:
    """The tool's exchange: words over its own line, and looks at whether something is there."""
    if event.result == "the line to the server":
        return line.name in ("socket", "fcntl", "close", "getsockname", "connect")
    return line.name == "poll" or line.fd >= HIGH


def _explained(line: SystemCall, at: int, events: Sequence[Event]) -> bool:
    """What the program causes without a call that could be wrapped: three cases, each told by its very descriptor."""
    if line.name == "epoll_create1":  # select.epoll() has made it when its __init__ is called
        following = next((event for event in events if event.t0 >= at), None)
        is_it = following is not None and following.op == "selector" and following.fd == line.fd
        return is_it and following.args["selector"] == "epoll"
    if any(_holds(event, at) for event in events):
        return False
    before = [event for event in events if event.t0 <= at and event.fd == line.fd]
    if line.name == "close" and before:  # the finalizer closes after its row, which has no length
        return before[-1].op == "close" and "by" in before[-1].args and at - before[-1].t0 < 10**9
    return False


def _rows(trace: Trace) -> list[Row]:
    timed: dict[tuple[int, int | None], bool] = {}
    rows = []
    for event in trace.lane(PYTHON):
        key = event.pid, event.fd
        rows.append(Row(event, timed.get(key, False)))
        if event.op == "settimeout":
            timed[key] = event.args["mode"] == "timeout"
        elif event.op in ("setblocking", "socket", "close"):
            timed[key] = False
    return rows


def per_thread(trace: Trace) -> Iterator[list[Event]]:
    """The rows of the python lane, thread by thread."""
    threads: dict[int, list[Event]] = defaultdict(list)
    for event in trace.lane(PYTHON):
        threads[event.tid].append(event)
    yield from threads.values()
