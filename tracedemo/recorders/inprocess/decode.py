"""From the spool of one process to Events: names instead of numbers.  Runs in our own process, after the target.

The file may be of a process that died at any moment: a slot may be empty, a chunk half told, the last call open. Nothing
here raises for that; what is missing is counted.
"""

from __future__ import annotations

import ast
import mmap
import struct
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracedemo.errors import RecorderError
from tracedemo.events import FLOW, LATE, PYTHON, TRACER, Event, Site
from tracedemo.recorders.inprocess import answers
from tracedemo.recorders.inprocess import spool as layout

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


def read_spool(path: Path, owners: dict[int, str] | None = None) -> Recording:
    """Read one spool file.

    Args:
        owners: names of owners known from the parent process, for numbers this spool does not name.

    Raises:
        RecorderError: not a spool, or one of another version.
        OSError: it cannot be read.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[: len(layout.MAGIC)] != layout.MAGIC:
            message = f"{path.name} is not a spool of this version of tracedemo"
            raise RecorderError(message)
        _, pid, slots, flow_slots, chunks, mono, real, off, lost, parent = layout.HEADER.unpack_from(data, 0)
        flow_at = layout.PAGE + slots * layout.SIZE
        chunks_at = flow_at + flow_slots * layout.SIZE
        facts = _read_facts(data, chunks_at, chunks)
        facts.owners = {**(owners or {}), **facts.owners}
        calls, calls_total = _read_ring(data, layout.PAGE, slots)
        steps, steps_total = _read_ring(data, flow_at, flow_slots)
    decoder = _Decoder(pid, facts, off)
    # Steps first: they name the generators.
    events = [decoder.event(raw, FLOW) for raw in steps]
    events += [decoder.event(raw, PYTHON) for raw in calls]
    dropped = {PYTHON: calls_total - len(calls), FLOW: steps_total - len(steps), "facts": lost}
    return Recording(pid, parent, (mono, real), events, dropped, facts)


def _read_ring(data: mmap.mmap, start: int, slots: int) -> tuple[list[tuple[Any, ...]], int]:
    """The records of a ring in order of n, and how many were made in all.

    A record may be missing where a thread was killed between taking its number and writing: look on for a while.
    """
    found: list[tuple[Any, ...]] = []
    block = 4096
    for first in range(0, slots, block):
        count = min(block, slots - first)
        piece = data[start + first * layout.SIZE : start + (first + count) * layout.SIZE]
        here = [raw for raw in layout.RECORD.iter_unpack(piece) if raw[0]]
        found += here
        if not here:
            break
    found.sort()
    return found, found[-1][0] if found else 0


def _read_facts(data: mmap.mmap, start: int, chunks: int) -> Facts:
    parts: dict[tuple[int, int], list[tuple[int, int, bytes]]] = defaultdict(list)
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
        parts[kind, key].append((part, index, piece[:length]))
    facts = Facts()
    for (kind, key), pieces in parts.items():
        if kind == layout.META:
            for text in _texts(pieces):
                _add_meta(facts, text)
        else:
            _add_fact(facts, kind, key, _texts(pieces)[-1])
    return facts


def _texts(pieces: list[tuple[int, int, bytes]]) -> list[bytes]:
    """Join the parts of each fact told under one key, in the order in which they were told."""
    texts: list[bytes] = []
    for part, _, piece in sorted(pieces, key=lambda item: item[1]):
        if part == 0 or not texts:
            texts.append(piece)
        else:
            texts[-1] += piece
    return texts


def _add_meta(facts: Facts, text: bytes) -> None:
    value = _literal(text)
    if len(value) == 2:
        facts.meta[str(value[0])].append(value[1])


def _add_fact(facts: Facts, kind: int, key: int, data: bytes) -> None:
    if kind == layout.READY:
        facts.ready[key] = struct.unpack(f"<{len(data) // 4}i", data[: len(data) // 4 * 4])
        return
    value = _literal(data)
    if kind == layout.SITE and len(value) == 3:
        facts.sites[key] = Site(*value)
    elif kind == layout.PLACE and len(value) == 2:
        facts.places[key] = value
    elif kind == layout.FACT and value:
        facts.facts[key] = value[0]
    elif kind == layout.THREAD and len(value) == 2:
        facts.threads[key] = (value[0], value[1])
    elif kind == layout.OWNER and value:
        facts.owners[key] = _owner_name(*value)
    elif kind == layout.EXCEPTION and value:
        facts.exceptions[key] = value[0]
    elif kind == layout.ARGS:
        facts.args[key] = value
    elif kind == layout.RESULT:
        facts.results[key] = value


def _owner_name(name: str, coroutine: str = "") -> str:
    """A generator's name as it is; a task that nobody named is told apart by what it runs."""
    return f"{name} ({coroutine})" if coroutine and name.startswith("Task-") else name


def _literal(data: bytes) -> tuple[Any, ...]:
    try:
        value = ast.literal_eval(data.decode("utf-8", "surrogatepass"))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    return value if isinstance(value, tuple) else ()


class _Decoder:
    """Makes Events of the records of one process."""

    def __init__(self, pid: int, facts: Facts, off: int) -> None:
        self.pid = pid
        self.facts = facts
        self.off = off

    def event(self, raw: tuple[Any, ...], lane: str) -> Event:
        n, t0, fd, place, owner, thread, kind, number, t1, value, errno, exc = raw
        facts = self.facts
        op, flags = kind & layout.OP_MASK, kind & ~layout.OP_MASK
        site, user = facts.places.get(place, (place, place))
        name = layout.OPS[op] if 0 <= op < len(layout.OPS) else f"op{op}"
        call = answers.Call(name, n, fd, flags, number, value, t1 != 0 and not exc, errno, facts) if lane == PYTHON else None
        what = answers.decode(call) if call else answers.decode_step(name, fd, number, owner, facts)
        if user & layout.IMPORTING:
            what.args["importing"] = True
        return Event(
            seq=n - 1,
            lane=lane,
            op=name,
            t0=t0,
            t1=t1 or None,
            pid=self.pid,
            tid=facts.threads.get(thread, (0, ""))[0],
            owner=facts.owners.get(owner) or self._thread_name(thread),
            fd=what.fd if what.fd >= 0 else None,
            args=what.args,
            result=what.result,
            errno=answers.errno_of(name, errno, value),
            exc=facts.exceptions.get(exc) if exc else None,
            bytes=what.bytes,
            site=facts.sites.get(site),
            user_site=facts.sites.get(user % layout.LIBRARY),
            mark=TRACER if flags & layout.IS_TRACER else LATE if self.off and t1 > self.off else None,
        )

    def _thread_name(self, thread: int) -> str | None:
        """Threads other than the main one own what they do."""
        name = self.facts.threads.get(thread, (0, ""))[1]
        return name if name and name != "MainThread" else None
