"""Short forms for a line of a log: who, which call, what answer.  Answers are never cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracedemo.analysis.segments import is_readiness
from tracedemo.analysis.text import byte_count, clean, listed, seconds
from tracedemo.analysis.walking import ready_of
from tracedemo.events import FLOW, PYTHON, SERVER, TRACER, Event
from tracedemo.syscalls import OPERATION, RECEIVE, SEND, errno_name

ARGUMENTS = {
    "getaddrinfo": ("host", "port"),
    "gethostbyname": ("host",),
    "gethostbyaddr": ("host",),
    "getnameinfo": ("host", "port"),
    "getservby": ("name",),
    "socket": ("family", "type", "proto", "fileno"),
    "socketpair": ("family", "type"),
    "bind": ("address",),
    "listen": ("backlog",),
    "connect": ("address",),
    "connect_ex": ("address",),
    "sendto": ("size", "address"),
    "setblocking": ("mode",),
    "settimeout": ("timeout",),
    "setsockopt": ("option", "value"),
    "getsockopt": ("option",),
    "shutdown": ("how",),
    "register": ("events",),
    "modify": ("events",),
    "select": ("watched", "timeout"),
    "poll": ("watched", "timeout"),
    "control": ("watched", "timeout"),
}
"""Which arguments the short form of a call shows, in order.  Sends and receives show their size, other calls none."""

_HIDDEN = frozenset({"could_wait", "waited", "selector", "what", "by", "importing", "cpu"})


def call_text(event: Event) -> str:
    """The call, short: `connect(127.0.0.1:8000)`, `select(3 watched)`, `send(49 bytes)`; a step of a generator or of the
    server in words: `yield fd 5, WRITE`, `sent piece 2`.
    """
    args = event.args
    if event.lane == FLOW:
        return clean(_step_text(event))
    if event.lane == SERVER or event.mark == TRACER:
        what = args.get("detail") if event.op == "fault" else None
        piece = f"piece {args['piece']}" if args.get("piece") is not None else what
        return clean(event.op if piece is None else f"{event.op} {piece}")
    if event.op == "selector":
        return clean(f"{args.get('selector', 'selector')}()")
    return clean(f"{event.op}({', '.join(_arguments(event))})")


def _step_text(event: Event) -> str:
    """A step of a generator, or what an event loop runs: `step` of the task that stands beside it, or `_read_ready()`."""
    if event.op in ("callback", "blocked"):
        name = str(event.args.get("callback", "")).rpartition(".")[2]
        what = f"{name}()" if name else "step"
        return what if event.op == "callback" else f"blocked in {what}"
    value = event.args.get("value")
    return event.op if value is None else f"{event.op} {value}"


def _arguments(event: Event) -> list[str]:
    row = OPERATION.get(event.op) if event.lane == PYTHON else None
    if row is None:
        shown: tuple[str, ...] = tuple(name for name in event.args if name not in _HIDDEN)
    elif event.op in ARGUMENTS:
        shown = ARGUMENTS[event.op]
    else:
        shown = ("size",) if row.phase in (SEND, RECEIVE) else ()
    texts = (_argument(event, name, known=row is not None) for name in shown if name in event.args)
    return [text for text in texts if text]


def _argument(event: Event, name: str, *, known: bool) -> str:
    value = event.args[name]
    if not known:
        text = f"{name}={value}"
    elif name == "size" and OPERATION[event.op].phase == SEND and type(value) is int:
        text = byte_count(value)
    elif name == "watched":
        text = f"{value} watched"
    elif name == "timeout" and is_readiness(event.op):
        text = "" if value is None else "no wait" if value == 0 else f"at most {seconds(value)}"
    elif name == "timeout":
        text = "None" if value is None else seconds(value)
    elif name == "mode":
        text = str(value == "blocking")
    elif name == "fileno":
        text = f"from fd {value}"
    else:
        text = str(value)
    return text


def answer_text(event: Event) -> str:
    """The answer, short and never cut: `EINPROGRESS`, `fd 4`, `3 ready: fd 4, 5, 6`, `400 bytes`, `end of stream`, `ok`.
    Steps of generators have none.
    """
    if event.t1 is None and event.lane != FLOW:
        return "never returned"
    if event.errno is not None or event.exc is not None:
        return clean(event.errno or event.exc)
    if event.lane in (FLOW, SERVER):
        return "" if event.bytes is None else byte_count(event.bytes)
    return clean(_answer(event))


def _answer(event: Event) -> str:
    """The answer of a call that did not fail."""
    moved = bytes_moved(event)
    if is_readiness(event.op):
        fds = listed(dict.fromkeys(fd for fd, _ in ready_of(event)))
        answer = f"{len(ready_of(event))} ready: fd {fds}" if fds else "nothing ready"
    elif ends_stream(event):
        answer = "end of stream"
    elif moved is not None:
        answer = byte_count(moved)
    elif event.op in ("socket", "accept", "dup", "socketpair") or (
        event.op == "selector" and event.fd is not None
    ):
        answer = opened_text(event)
    else:
        answer = result_text(event)
    return answer


def opened_text(event: Event) -> str:
    """The descriptors that a call opened: `fd 4`, `fd 4, 5`, `fd 7 from 127.0.0.1:50124`."""
    found = event.result
    if found is None:
        found = event.args.get("new_fd", event.fd)
    if found is None:
        return "unknown fd"
    fds = listed(found) if isinstance(found, (list, tuple)) else clean(found)
    peer = event.args.get("peer")
    return f"fd {fds} from {peer}" if peer and event.op == "accept" else f"fd {fds}"


def result_text(event: Event) -> str:
    """What came back: a value, addresses in full, an errno's name for SO_ERROR; `ok` for nothing."""
    result = event.result
    if event.args.get("option") == "SO_ERROR" and type(result) is int:
        return errno_name(result) if result else "no error"
    if isinstance(result, (list, tuple)):
        row = OPERATION.get(event.op)
        if row is not None and row.family == "lookup" and len(result) > 1:
            return f"{len(result)} addresses: {listed(result)}"
        return listed(result) if result else "nothing"
    return "ok" if result is None else str(result)


def bytes_moved(event: Event) -> int | None:
    """Bytes that a send or receive moved; sendall says nothing, and means all.  None: no call of that kind, or unknown."""
    row = OPERATION.get(event.op)
    if row is None or event.lane != PYTHON or row.phase not in (SEND, RECEIVE):
        return event.bytes
    size = event.args.get("size")
    if (
        event.bytes is None
        and row.phase == SEND
        and type(size) is int
        and not event.failed
        and not event.not_yet
    ):
        return size
    return event.bytes


def ends_stream(event: Event) -> bool:
    """True for a receive that found the end: no bytes, though room for some, and not a datagram's sender beside them."""
    row = OPERATION.get(event.op)
    if row is None or event.lane != PYTHON or row.phase != RECEIVE or event.bytes != 0:
        return False
    answered = event.t1 is not None and event.errno is None and event.exc is None
    return answered and event.args.get("size") != 0 and not event.args.get("peer")


def who_text(event: Event, labels: Mapping[int, str], threads: int = 1) -> str:
    """As `sentences.who`; `labels` are those of the connections, `threads` is how many the program has."""
    if event.mark == TRACER:
        return "tracedemo"
    if event.lane == SERVER:
        return "server"
    if event.owner is not None:
        return clean(event.owner)
    if threads > 1:  # a connection's label may be another thread's name
        return thread_name(event)
    return clean(labels.get(event.conn, f"conn {event.conn}")) if event.conn is not None else ""


def thread_name(event: Event) -> str:
    """What to call a thread of which only the number is known.  On Linux the first one has the process's number."""
    return "main thread" if event.tid == event.pid else f"thread {event.tid}"


def plain(value: Any) -> str:
    """A value for a sentence: lists in full, event masks joined by "and", which can be read aloud."""
    if isinstance(value, (list, tuple)):
        return listed(value)
    return clean(value).replace("|", " and ") if isinstance(value, str) else clean(value)
