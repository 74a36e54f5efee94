"""A Log becomes the kernel lane: rows with a process, on the clock of all other lanes, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tracedemo.events import INJECTED, KERNEL, TRACER, Event
from tracedemo.recorders.kernel.calls import REALTIME, Log, SystemCall
from tracedemo.recorders.kernel.redact import HIDDEN, Redactor, without_secrets
from tracedemo.recorders.kernel.shapes import SHAPES, first_fd

STEP_NS = 1_000_000
"""A realtime clock that has moved by more than this against the monotonic one during a run is a fact to be told."""

FORKS = frozenset({"clone", "clone3", "fork", "vfork"})
MOVED = frozenset({"sendto", "recvfrom", "sendmsg", "recvmsg", "read", "write", "sendfile"})
"""System calls that return how many bytes they moved."""
_SENDS = frozenset({"sendto", "sendmsg", "sendmmsg"})
_KEYS = frozenset({"SOL_TLS", "SOL_ALG", "TCP_MD5SIG", "TCP_MD5SIG_EXT", "TCP_FASTOPEN_KEY"})
"""Levels and options of setsockopt whose values are keys (include/uapi/linux/{tls,if_alg,tcp}.h)."""
_NAME = re.compile(r"(?<!\w)([a-z]\w*)(?=\(| resumed>)")


class Clock(NamedTuple):
    """(monotonic, realtime) nanoseconds, read together before the run and after it."""

    start: tuple[int, int]
    end: tuple[int, int]

    def shift(self, clock: str) -> int:
        """What to add to a time of the engine's clock to have a monotonic one."""
        return self.start[0] - self.start[1] if clock == REALTIME else 0

    def step(self, clock: str) -> int:
        """By how much the realtime clock was set, or drifted, during the run; 0 for an engine that does not use it."""
        if clock != REALTIME or not any(self.end):
            return 0
        return (self.end[1] - self.end[0]) - (self.start[1] - self.start[0])


class KernelLane(NamedTuple):
    """The rows, and what has to be said about them."""

    events: Sequence[Event]
    notes: Sequence[str]
    dropped: int
    """Lines or records of the engine that were not understood."""


def kernel_lane(
    log: Log, clock: Clock, *, root: int, threads: Mapping[int, int], ours: str = "", redact: bool = True
) -> KernelLane:
    """The rows of a Log.

    Args:
        root: the process that was started under the engine.
        threads: processes of threads that are known from elsewhere (tid -> pid).
        ours: the name of the folder of this run: what opens, reads or closes a file in it is the tool's own.
        redact: hide the values of headers and parameters that hold secrets.
    """
    hide = Redactor() if redact else None
    pids = _processes(log.calls, root, threads)
    events = list(_events(log, clock.shift(log.clock), pids, ours, hide))
    return KernelLane(events, list(_notes(log, clock, hide)), len(log.misread))


def _processes(calls: Sequence[SystemCall], root: int, threads: Mapping[int, int]) -> dict[int, int]:
    """The process of each thread: from the clone that made it, else from whoever knows."""
    pids = {root: root, **threads}
    # A thread may be seen before the clone() that made it returns, so these are looked at first.
    for call in calls:
        if call.pid is not None:
            pids.setdefault(call.tid, call.pid)
        if call.name in FORKS and call.result:
            parent = pids.get(call.tid, call.tid)
            pids.setdefault(call.result, parent if call.args.get("thread") else call.result)
    return pids


def _events(
    log: Log, shift: int, pids: Mapping[int, int], ours: str, hide: Redactor | None
) -> Iterator[Event]:
    seqs: dict[int, int] = {}
    for call in log.calls:
        pid = call.pid or pids.get(call.tid, call.tid)
        seq = seqs.get(pid, 0)
        seqs[pid] = seq + 1
        args = _args(call, pid, hide)
        mine = bool(ours) and (_is_ours(call.what, ours) or _is_ours(args.get("path"), ours))
        yield Event(
            seq, KERNEL, call.name, call.t0 + shift, None if call.t1 is None else call.t1 + shift, pid, call.tid,
            fd=_fd(call), args=args, result=call.result, errno=call.errno,
            bytes=call.result if call.name in MOVED else None,
            mark=INJECTED if call.injected else TRACER if mine else None,
        )  # fmt: skip


def _is_ours(path: object, folder: str) -> bool:
    """A file in the folder of the run: a spool, and not what the program writes to stdout or stderr."""
    return (
        isinstance(path, str)
        and folder in (parts := path.split("/"))
        and parts[-1] not in ("stdout", "stderr")
    )


def _fd(call: SystemCall) -> int | None:
    """The descriptor that a call is about; of one that makes it, the new one."""
    made = call.result if call.name in ("socket", "epoll_create", "epoll_create1") else None
    return made if made is not None else first_fd(dict(call.args))


def _args(call: SystemCall, pid: int, hide: Redactor | None) -> Mapping[str, Any]:
    args = call.args
    if hide is not None and args.get("data"):
        args = {**args, "data": hide(_stream(call, pid), args["data"], _moved(call))}
    if (
        hide is not None
        and args.get("value") is not None
        and not _KEYS.isdisjoint(map(args.get, ("level", "option")))
    ):
        args = {**args, "value": HIDDEN}
        hide.hidden += 1
    if hide is not None:
        named = {
            name: text
            for name in ("path", "address")
            if isinstance(text := args.get(name), str) and "=" in text
        }
        args = {**args, **{name: without_secrets(text) for name, text in named.items()}}
    if call.restarted:
        args = {**args, "restarted": True}
    if call.what is not None and not call.what.startswith("socket:"):
        args = {
            **args,
            "what": without_secrets(call.what) if hide is not None and "=" in call.what else call.what,
        }
    return args


def _stream(call: SystemCall, pid: int) -> tuple[object, ...]:
    """Which buffers a buffer continues: those of one socket, by whichever descriptor of whichever process."""
    socket = (
        call.what if call.what is not None and call.what.startswith("socket:") else (pid, call.args.get("fd"))
    )
    return socket, call.name in _SENDS


def _moved(call: SystemCall) -> int | None:
    """How many bytes of what was shown went over, if not all."""
    size = call.args.get("size")
    if not call.result or "MSG_PEEK" in (call.args.get("flags") or ""):
        return 0
    return call.result if call.name in _SENDS and isinstance(size, int) and call.result < size else None


def _notes(log: Log, clock: Clock, hide: Redactor | None) -> Iterator[str]:
    yield from log.notes
    if log.misread:
        # Of the text nothing is shown but the name of a system call that we know: all else may be a secret.
        names = (name for line in log.misread for name in _NAME.findall(line[:80]) if name in SHAPES)
        which = next((f"; the first that has a name is of {name}()" for name in names), "")
        lines = "1 line was" if len(log.misread) == 1 else f"{len(log.misread):,} lines were"
        yield f"{lines} not understood in what {log.engine} wrote{which}"
    step = clock.step(log.clock)
    if abs(step) > STEP_NS:
        milliseconds = f"{step / 1e6:,.1f}"
        yield f"the realtime clock was set by {milliseconds} ms: system calls may stand under the wrong Python call"
    if hide is not None and hide.hidden:
        values = "1 value was" if hide.hidden == 1 else f"{hide.hidden:,} values were"
        yield f"{values} hidden in what went over sockets, because they may be secrets; --no-redact shows them"
