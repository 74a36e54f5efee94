"""One system call in words: in the form that strace has taught everybody, and in one that can be read aloud.

`connect(5, 127.0.0.1:8000) = -1 EINPROGRESS` is the short form: name, arguments, result. The spoken form says the same
without brackets: `connect of fd 5 to 127.0.0.1:8000: EINPROGRESS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tracedemo.analysis.text import byte_count, clean, duration_words, listed, seconds
from tracedemo.events import Event

DATA = 16
"""Characters of a buffer that are shown; the trace has more."""
PATH = 40
"""Characters of a path that are shown."""

MOVES = frozenset({"sendto", "recvfrom", "sendmsg", "recvmsg", "sendfile", "read", "write"})
"""Those that return how many bytes they moved."""

_SILENT = frozenset({"what", "restarted", "level", "protocol", "maxevents", "count", "cut", "ready", "room"})
"""Arguments that the short form leaves out, or shows elsewhere."""
_EPOLL_WAITS = frozenset({"epoll_wait", "epoll_pwait", "epoll_pwait2"})
_WAITS = _EPOLL_WAITS | {"poll", "ppoll", "select", "pselect6", "kevent"}
_MAKERS = frozenset({
    "socket", "accept", "accept4", "epoll_create", "epoll_create1", "kqueue", "openat",
})  # fmt: skip
"""Those that return a new descriptor."""


def system_call(event: Event) -> str:
    """A row of the kernel lane as the kernel's users write it: `connect(5, 127.0.0.1:8000) = -1 EINPROGRESS`."""
    return f"{asked(event)} = {answered(event)}"


def asked(event: Event) -> str:
    """Its name and arguments."""
    texts = [text for name, value in event.args.items() if (text := _argument(event, name, value))]
    return clean(f"{event.op}({', '.join(texts)})")


def answered(event: Event) -> str:
    """Its result: a number, with what poll found; `-1 EAGAIN`; `?` for what never returned."""
    if event.errno is not None:
        return clean(f"-1 {event.errno}")
    if event.t1 is None or event.result is None:
        return "? (a signal came in between)" if event.args.get("restarted") else "? (it never returned)"
    ready = event.args.get("ready")
    if ready and event.op not in _EPOLL_WAITS:
        more = ", and more that are not told" if event.args.get("cut") else ""
        return clean(f"{event.result} ({_pairs(ready)}{more})")
    return clean(event.result)


def _argument(event: Event, name: str, value: Any) -> str:
    try:
        return _written(event, name, value)
    except (TypeError, ValueError):  # a trace from elsewhere may hold anything
        return str(value)


def _written(event: Event, name: str, value: Any) -> str:
    if name == "ready" and event.op in _EPOLL_WAITS:
        return "" if value is None else f"[{_pairs(value)}]"
    if name in _SILENT or value is None or (name == "flags" and value == "0"):
        return ""
    write = _WRITERS.get(name)
    return write(value) if write is not None else str(value)


def _pair(each: Sequence[Any]) -> str:
    fd, events = each
    return f"{fd} {_mask(events)}"


def _pairs(value: Any) -> str:
    try:
        return ", ".join(map(_pair, value))
    except (TypeError, ValueError):
        return str(value)


def _mask(events: Any) -> str:
    return "|".join(part.removeprefix("EPOLL").removeprefix("POLL") for part in str(events).split("|"))


def _data(value: Any) -> str:
    text = str(value)
    return f'"{text}"' if len(text) <= DATA else f'"{_whole_escapes(text[:DATA].removesuffix("…"))}…"'


def _whole_escapes(text: str) -> str:
    r"""Without the first half of an escape at its end: `\`, `\x`, `\x0`.  Two backslashes are one that is escaped."""
    for length in (1, 2, 3):
        head, tail = text[:-length], text[-length:]
        even = (len(head) - len(head.rstrip("\\"))) % 2 == 0
        if even and (tail == "\\" or tail.startswith("\\x")):
            return head
    return text


def _path(value: Any) -> str:
    text = str(value)
    return f'"{text}"' if len(text) <= PATH else f'"…{text[-PATH:]}"'


def _messages(value: Any) -> str:
    return f"[{', '.join('?' if size is None else byte_count(size) for size, _ in value)}]"


def _limit(value: Any) -> str:
    """A timeout: poll and epoll_wait count milliseconds, select and its kin seconds."""
    return seconds(value) if isinstance(value, float) else "-1" if value == -1 else f"{value} ms"


_WRITERS: Mapping[str, Callable[[Any], str]] = {
    "data": _data,
    "path": _path,
    "change": lambda value: str(value).removeprefix("EPOLL_CTL_"),
    "events": _mask,
    "value": lambda value: f"[{value}]" if isinstance(value, int) else str(value),
    "fds": lambda value: (
        f"[{', '.join(_pair(each) if isinstance(each, (list, tuple)) else str(each) for each in value)}]"
    ),
    "read": lambda value: f"in [{listed(value)}]",
    "write": lambda value: f"out [{listed(value)}]",
    "except": lambda value: f"except [{listed(value)}]",
    "timeout": _limit,
    "thread": lambda value: "a thread" if value else "a process",
    "messages": _messages,
    "control": listed,
}


# To be read aloud


def spoken(event: Event) -> str:
    """The same, to be read aloud: `connect of fd 5 to 127.0.0.1:8000: EINPROGRESS`."""
    try:
        return clean(f"{event.op}{_ABOUT.get(event.op, _on)(event)}{_said(event)}")
    except (TypeError, ValueError):
        return system_call(event)


def _said(event: Event) -> str:
    """The answer; nothing for a plain success."""
    if event.errno is not None:
        return f": {event.errno}"
    if event.t1 is None or event.result is None:
        return ": broken off by a signal" if event.args.get("restarted") else ": it never returned"
    if event.op in _WAITS:
        ready = event.args.get("ready")
        return f": {_watched(ready, ' ready')}" if ready else ": nothing ready"
    if event.op in MOVES:
        return f": {byte_count(event.result)}" if event.result else ": 0 bytes"
    if event.op in _MAKERS:
        return f", which gives fd {event.result}"
    return "" if event.result == 0 else f": {event.result}"


def _on(event: Event) -> str:
    if event.op in _MAKERS and event.fd == event.result:
        return ""
    return "" if event.fd is None else f" on fd {event.fd}"


def _to(event: Event) -> str:
    address = event.args.get("address")
    return f" of fd {event.fd}" + (f" to {address}" if address else "")


def _watched(pairs: Any, ready: str = "") -> str:
    """`fd 4 for IN and OUT`, of descriptors with their events; `fd 4 ready for IN`."""
    return ", ".join(f"fd {fd}{ready} for {_mask(events).replace('|', ' and ')}" for fd, events in pairs)


def _wait(event: Event) -> str:
    timeout, fds = event.args.get("timeout"), event.args.get("fds")
    scale = 1e9 if isinstance(timeout, float) else 1e6
    limit = (
        ""
        if timeout in (None, -1)
        else ", without waiting"
        if timeout == 0
        else f", at most {duration_words(round(timeout * scale))}"
    )
    return (f" of {_watched(fds)}" if fds else "") + limit


def _change(event: Event) -> str:
    args = event.args
    verb = {"ADD": "adds", "DEL": "drops", "MOD": "changes"}.get(
        _WRITERS["change"](args.get("change")), "changes"
    )
    events = args.get("events")
    return f" {verb} fd {args.get('fd')}" + (f" for {_mask(events).replace('|', ' and ')}" if events else "")


def _option(event: Event) -> str:
    """The value of setsockopt is asked; that of getsockopt is the answer, and stands behind."""
    option, value = event.args.get("option"), event.args.get("value")
    return f" of {option} on fd {event.fd}" + ("" if value is None else f" to {value}" if event.op == "setsockopt"
                                              else f": {value}")  # fmt: skip


def _request(event: Event) -> str:
    args = event.args
    value = "" if args.get("value") is None else f" {args['value']}"
    return f" {args.get('request', args.get('command', ''))}{value} on fd {event.fd}"


_ABOUT: Mapping[str, Callable[[Event], str]] = {
    **dict.fromkeys(("connect", "bind"), _to),
    **dict.fromkeys(_WAITS, _wait),
    **dict.fromkeys(("getsockopt", "setsockopt"), _option),
    **dict.fromkeys(("ioctl", "fcntl"), _request),
    **dict.fromkeys(("close", "listen", "shutdown"), lambda event: f" of fd {event.fd}"),
    **dict.fromkeys(
        ("getsockname", "getpeername"),
        lambda event: (
            f" of fd {event.fd}: {event.args.get('address')}" if event.errno is None else f" of fd {event.fd}"
        ),
    ),
    **dict.fromkeys(("clone", "clone3"), lambda event: f" of {_WRITERS['thread'](event.args.get('thread'))}"),
    "epoll_ctl": _change,
    "socketpair": lambda event: (
        f", which gives fd {listed(event.args.get('fds') or ())}" if event.errno is None else ""
    ),
    "openat": lambda event: f" of {event.args.get('path')}",
}
"""What stands behind the name of a system call."""
