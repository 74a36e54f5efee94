"""From the spool of one process to Events: names instead of numbers.  Runs in our own process, after the target.

The file may be of a process that died at any moment: a slot may be empty, a chunk half told, the last call open. Nothing
here raises for that; what is missing is counted.
"""

from __future__ import annotations

import ast
import mmap
import os
import struct
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tracedemo.errors import RecorderError
from tracedemo.events import FLOW, INJECTED, LATE, PYTHON, TRACER, Event, Site
from tracedemo.recorders.inprocess import answers, layout, pace
from tracedemo.recorders.inprocess.window import Window


@dataclass(slots=True)
class Facts:
    """The side facts of one spool, by kind and key."""

    sites: dict[int, Site] = field(default_factory=dict)
    places: dict[int, tuple[int, int]] = field(default_factory=dict)
    threads: dict[int, tuple[int, str]] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    exceptions: dict[int, str] = field(default_factory=dict)
    meta: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    facts: dict[int, Any] = field(default_factory=dict)
    """Values told once and used by their index."""
    args: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    results: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    ready: dict[int, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recording:
    """What one spool held."""

    pid: int
    parent: int
    clock_start: tuple[int, int]
    events: list[Event]
    dropped: dict[str, int]
    """Rows by lane that the ring had no room for, and `facts`: side facts lost."""
    facts: Facts


class SpoolHead(NamedTuple):
    """What the first page of a spool says."""

    started: int
    """Monotonic nanoseconds."""
    pid: int
    parent: int
    path: Path


def spool_heads(folder: Path) -> list[SpoolHead]:
    """The spools of a folder, in the order in which their processes began; one that was never begun is left out."""
    heads = []
    for path in folder.glob("*.spool"):
        with path.open("rb") as file:
            first = file.read(layout.HEADER.size)
        if first.startswith(layout.MAGIC) and len(first) == layout.HEADER.size:
            _, pid, _, _, _, mono, _, _, _, parent = layout.HEADER.unpack(first)
            heads.append(SpoolHead(mono, pid, parent, path))
    return sorted(heads)


def root_of(heads: Sequence[SpoolHead], pid: int) -> SpoolHead | None:
    """The spool of the target: of the process that we started, or of the first child of what stands before it."""
    own = [head for head in heads if head.pid == pid] or [head for head in heads if head.parent == pid]
    return own[0] if own else None


def read_spool(path: Path, owners: Mapping[int, Mapping[int, str]] | None = None) -> Recording:
    """Read one spool file.

    Args:
        owners: names of owners by process, for the numbers that a child has from its parent.

    Raises:
        RecorderError: not a spool, one of another version, or one that was never finished.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size < layout.PAGE:
            raise RecorderError(f"{path.name} is not a spool, or its process died while it was made")
        with _in_memory(file.fileno(), os.fstat(file.fileno()).st_size) as data:
            return _read(path.name, data, owners or {})


def _in_memory(fd: int, size: int) -> mmap.mmap:
    """What was written of a spool, in memory of our own, where what was not is zero and takes no room.

    A spool is mostly holes. To look at one through a map of the file asks the file system for a page, and where the disk
    is full, that ends the process (SIGBUS).
    """
    copy = mmap.mmap(-1, size)
    at = 0
    while at < size:
        try:
            at = os.lseek(fd, at, os.SEEK_DATA) if hasattr(os, "SEEK_DATA") else at
        except OSError:  # ENXIO: there is no more
            break
        end = os.lseek(fd, at, os.SEEK_HOLE) if hasattr(os, "SEEK_HOLE") else size
        while at < end and (piece := os.pread(fd, min(end - at, _PIECE), at)):
            copy[at : at + len(piece)] = piece
            at += len(piece)
        if at < end:  # cut short meanwhile
            break
    return copy


_PIECE = 1 << 20
"""Bytes that are read at once."""


def _read(name: str, data: mmap.mmap, owners: Mapping[int, Mapping[int, str]]) -> Recording:
    magic, pid, slots, flow_slots, chunks, mono, real, off, lost, parent = layout.HEADER.unpack_from(data, 0)
    if magic != layout.MAGIC:
        raise RecorderError(f"{name} is not a spool of this version of tracedemo")
    flow_at = layout.PAGE + slots * layout.SIZE
    chunks_at = flow_at + flow_slots * layout.SIZE
    if min(slots, flow_slots, chunks) < 1 or len(data) != chunks_at + chunks * layout.CHUNK_SIZE:
        raise RecorderError(f"{name} is damaged: its length is not what it says")
    keep_calls, keep_steps = layout.KEEP.unpack_from(data, layout.KEEP_AT)
    if not (_has_room(slots, keep_calls) and _has_room(flow_slots, keep_steps)):
        raise RecorderError(f"{name} is damaged: it says that it keeps more than it has room for")
    facts = _read_facts(data, chunks_at, chunks)
    if facts.meta["forked"]:
        facts.owners = {**owners.get(parent, {}), **facts.owners}
    calls, calls_total = _read_ring(data, layout.PAGE, slots, keep_calls)
    steps, steps_total = _read_ring(data, flow_at, flow_slots, keep_steps)
    decoder = _Decoder(pid, facts, off)
    # Steps first: they name the generators.
    events = [decoder.event(raw, FLOW) for raw in steps]
    events += _settled([_counted(decoder.event(raw, PYTHON), keep_calls, slots) for raw in calls])
    dropped = {
        PYTHON: calls_total - len(calls),
        FLOW: steps_total - len(steps),
        "facts": max(lost, 0) + decoder.puzzles,
    }
    return Recording(pid, parent, (mono, real), events, dropped, facts)


def _has_room(slots: int, keep: int) -> bool:
    """Whether a ring has what `Spool` gives one that is to keep so many of the first."""
    return keep == 0 or (keep > 0 and slots >= 2 * max(layout.SPARE, keep + 1))


def read_window(window: Window) -> Recording:
    """What belongs to a window over a spool of this process, as far as it has come.  Rows are numbered from its begin."""
    data = window.facts()
    told = range(min(window.calls.first, window.steps.first), 1 << 62)
    facts = _read_facts(data, 0, len(data) // layout.CHUNK_SIZE, told)
    calls, calls_lost = window.calls.records()
    steps, steps_lost = window.steps.records()
    decoder = _Decoder(window.pid, facts, window.ended[0])
    for raw in window.steps.before():  # they name the generators
        decoder.event(raw, FLOW)
    events = [_numbered(decoder.event(raw, FLOW), window.steps.first) for raw in steps]
    events += _settled([_numbered(decoder.event(raw, PYTHON), window.calls.first) for raw in calls])
    dropped = {PYTHON: calls_lost, FLOW: steps_lost, "facts": max(window.facts_lost, 0) + decoder.puzzles}
    return Recording(window.pid, 0, window.began, events, dropped, facts)


def _numbered(event: Event, first: int) -> Event:
    """A row whose number counts from the record `first`."""
    return event._replace(seq=event.seq + 1 - first // layout.SIZE)


def _read_ring(data: mmap.mmap, start: int, slots: int, keep: int = 0) -> tuple[list[tuple[Any, ...]], int]:
    """The records of a ring in order of n, and how many were made in all.

    Args:
        keep: how many of the first were kept; 0: the last. Of the others no more is wanted than their number, and how the
            run was ended, if one of them tells that.
    """
    if not keep:
        found = _records(data, start, slots, range(slots))
        return found, found[-1][0] // layout.SIZE if found else 0
    found = [raw for raw in _records(data, start, slots, range(keep + 1)) if raw[0] <= keep * layout.SIZE]
    upper = range(slots // 2, slots // 2 + layout.SPARE)
    others = {_index_of_spare(raw[0], slots): raw for raw in _records(data, start, slots, upper)}
    others = {index: raw for index, raw in others.items() if index > keep}
    last = found[-1][0] // layout.SIZE if found else 0
    found += [raw for raw in others.values() if raw[6] & layout.OP_MASK in _ENDS]
    return found, max(others, default=last)


_ENDS = (layout.OP["deadlock"], layout.OP["spin"])


def _counted(event: Event, keep: int, slots: int) -> Event:
    """A row that was made when all that is kept had been made, with its number among all."""
    number = event.seq + 1
    if not keep or number <= keep:
        return event
    return event._replace(seq=_index_of_spare(number * layout.SIZE, slots) - 1)


def _index_of_spare(n: int, slots: int) -> int:
    """What `spool.spare` made its number of."""
    rounds, place = divmod(n // layout.SIZE, slots)
    return (rounds - 1) * layout.SPARE + place - slots // 2


def _records(data: mmap.mmap, start: int, slots: int, where: range) -> list[tuple[Any, ...]]:
    """The records in some slots of a ring, in order of n.

    A record may be missing where a thread was killed between taking its number and writing: look on for a while. One that
    does not lie where its number belongs, or has no time, is no record.
    """
    found: list[tuple[Any, ...]] = []
    block, whole = 4096, slots * layout.SIZE
    for first in where[::block]:
        count = min(block, where.stop - first)
        piece = data[start + first * layout.SIZE : start + (first + count) * layout.SIZE]
        here = [
            raw
            for slot, raw in enumerate(layout.RECORD.iter_unpack(piece), first)
            if raw[0] > 0 and raw[0] % whole == slot * layout.SIZE and raw[1] > 0
        ]
        found += here
        if not here:
            break
    return sorted(found)


def _read_facts(data: mmap.mmap | bytes, start: int, chunks: int, wanted: range = range(1 << 62)) -> Facts:
    """All side facts.

    Args:
        wanted: numbers of the records whose own details are asked for.
    """
    parts: dict[tuple[int, int], list[tuple[int, bytes]]] = defaultdict(list)
    empty = 0
    for index in range(chunks):
        at = start + index * layout.CHUNK_SIZE
        key, kind, part, length, piece = layout.CHUNK.unpack_from(data, at)
        if not kind:
            empty += 1
            if empty > 1000:
                break
            continue
        empty = 0
        if kind in _OF_RECORDS and key not in wanted:
            continue
        parts[kind, key].append((part, piece[:length]))
    facts = Facts()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler's, about a text that was cut in the middle
        for (kind, key), pieces in parts.items():
            _add_fact(facts, kind, key, _last_text(pieces))
    return facts


_OF_RECORDS = (layout.ARGS, layout.RESULT, layout.READY)


def _last_text(pieces: list[tuple[int, bytes]]) -> bytes:
    """The parts of what was told last under a key, joined."""
    begin = max((index for index, (part, _) in enumerate(pieces) if part == 0), default=0)
    return b"".join(piece for _, piece in pieces[begin:])


def _add_fact(facts: Facts, kind: int, key: int, data: bytes) -> None:  # noqa: C901  # one row a kind
    if kind == layout.READY:
        facts.ready[key] = struct.unpack(f"<{len(data) // 4}i", data[: len(data) // 4 * 4])
        return
    match kind, _literal(data):
        case layout.SITE, (str(file), int(line), str(function)):
            facts.sites[key] = Site(file, line, function)
        case layout.PLACE, (int(site), int(user)):
            facts.places[key] = (site, user)
        case layout.FACT, (value, *_):
            facts.facts[key] = value
        case layout.THREAD, (int(tid), str(name)):
            facts.threads[key] = (tid, name)
        case layout.OWNER, (str(name),):
            facts.owners[key] = name
        case layout.OWNER, (str(name), str(coroutine)):
            # A task that nobody named is told apart by what it runs.
            facts.owners[key] = f"{name} ({coroutine})" if coroutine and name.startswith("Task-") else name
        case layout.EXCEPTION, (str(name),):
            facts.exceptions[key] = name
        case layout.META, (str(name), value):
            facts.meta[name].append(value)
        case layout.ARGS, told:
            facts.args[key] = told
        case layout.RESULT, told:
            facts.results[key] = told


def _literal(data: bytes) -> tuple[Any, ...]:
    try:
        value = _evaluated(data.decode("utf-8", "surrogatepass"))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return ()
    return value if isinstance(value, tuple) else ()


def _evaluated(text: str) -> Any:
    """The value of a literal.  While another thread parses there may be a SystemError (seen on 3.11.7): try again."""
    for _ in range(_TRIES):
        try:
            return ast.literal_eval(text)
        except SystemError:
            continue
    return None


_TRIES = 100


def _settled(events: list[Event]) -> list[Event]:
    """Rows of the python lane, in order of n, with what only their neighbours tell."""
    _mark_waits(events)
    _move_finalizers(events)
    return events


def _mark_waits(events: list[Event]) -> None:
    """Under lock-step: a call that could wait did so if it holds a look of ours that found nothing."""
    if not any(event.op == "lockstep" for event in events):
        return
    could: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        open_calls = could[event.tid]
        while open_calls and (end := open_calls[-1].t1) is not None and end < event.t0:
            open_calls.pop()
        if event.op == "lockstep":
            if open_calls and event.result not in _NO_WAIT:
                open_calls[-1].args["waited"] = True  # type: ignore[index]  # made by the decoder, nobody else has it yet
        elif "could_wait" in event.args:
            open_calls.append(event)


_NO_WAIT = (pace.THERE, pace.SETTLED, pace.CALLED)


def _move_finalizers(events: list[Event]) -> None:
    """An unclosed socket is closed after the calls that its ResourceWarning makes for its text, not before."""
    closing: dict[int, int] = {}
    for row, event in enumerate(events):
        closed = events[closing[event.tid]] if event.tid in closing else None
        if closed is not None and event.fd == closed.fd and event.t1 is not None and _is_repr(event):
            events[closing[event.tid]] = closed._replace(t0=event.t1, t1=event.t1)
        else:
            closing.pop(event.tid, None)
        if event.op == "close" and "by" in event.args:
            closing[event.tid] = row


def _is_repr(event: Event) -> bool:
    wanted = event.op in ("getsockname", "getpeername")
    return wanted and event.site is not None and event.site.function == "socket.__repr__"


class _Decoder:
    """Makes Events of the records of one process."""

    def __init__(self, pid: int, facts: Facts, off: int) -> None:
        self.pid = pid
        self.facts = facts
        self.off = off
        self.puzzles = 0
        """Records whose details make no sense: the chunks of a program that died, or a damaged file."""

    def event(self, raw: tuple[Any, ...], lane: str) -> Event:
        n, t0, fd, place, owner, thread, kind, number, t1, value, errno, exc, cpu = raw
        if not t1:  # still open: what follows was left by an earlier round of the ring
            value = errno = exc = cpu = 0
        facts = self.facts
        op, flags = kind & layout.OP_MASK, kind & ~layout.OP_MASK
        site, user = facts.places.get(place, (place, place))
        name = layout.OPS[op] if op < len(layout.OPS) else f"op{op}"
        returned = t1 != 0 and not exc
        try:
            if lane == PYTHON:
                what = answers.decode(answers.Call(name, n, fd, flags, number, value, returned, errno, facts))
            else:
                what = answers.decode_step(name, fd, number, owner, facts)
        except Exception:  # noqa: BLE001  # whatever bytes can say
            self.puzzles += 1
            what = answers.Decoded(fd, {})
        if user & layout.IMPORTING:
            what.args["importing"] = True
        if cpu:
            what.args["cpu"] = cpu * layout.CPU_UNIT if cpu < layout.MOST_CPU else None
        return Event(
            seq=n // layout.SIZE - 1,
            lane=lane,
            op=name,
            t0=t0,
            t1=t1 if t1 >= t0 else None,
            pid=self.pid,
            tid=facts.threads.get(thread, (0, ""))[0],
            owner=facts.owners.get(owner) or self._thread_name(thread),
            fd=what.fd if what.fd >= 0 else None,
            args=what.args,
            result=what.result,
            errno=answers.errno_of(name, errno, value),
            exc=facts.exceptions.get(exc, "Exception") if exc else None,
            bytes=what.bytes,
            site=facts.sites.get(site),
            user_site=facts.sites.get(user % layout.IMPORTING),
            mark=_mark(flags, late=bool(self.off and t1 > self.off)),
        )

    def _thread_name(self, thread: int) -> str | None:
        """Threads other than the main one own what they do."""
        name = self.facts.threads.get(thread, (0, ""))[1]
        return name if name and name != "MainThread" else None


def _mark(flags: int, *, late: bool) -> str | None:
    return (
        TRACER
        if flags & layout.IS_TRACER
        else INJECTED
        if flags & layout.IS_INJECTED
        else LATE
        if late
        else None
    )
