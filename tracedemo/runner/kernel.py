"""The kernel's side of a run: what the engine wrote is read, and added to what the recorder in the process wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from tracedemo.events import KERNEL, Event, Header
from tracedemo.recorders.kernel import Engine
from tracedemo.recorders.kernel.calls import Log
from tracedemo.recorders.kernel.lane import Clock, kernel_lane


class Seen(NamedTuple):
    """What an engine saw, or why there is nothing."""

    log: Log | None
    notes: tuple[str, ...] = ()


def read_kernel(engine: Engine | None, folder: Path, why_none: str, left: int = 0) -> Seen:
    """What the engine left in the folder of the run.

    Args:
        left: processes that ran on when the engine's tracer had ended, and that were ended then.
    """
    if engine is None:
        return Seen(None, (why_none,) if why_none else ())
    notes = (
        (f"{engine.NAME} was ended while the program ran, and the program was ended, too",) if left else ()
    )
    try:
        return Seen(engine.read(folder), notes)
    except OSError as error:
        return Seen(None, (*notes, f"{engine.NAME} left nothing to read: {error.strerror or error}"))


def add_kernel(
    header: Header, seen: Seen, threads: Mapping[int, int], folder: Path, *, redact: bool
) -> tuple[Header, Sequence[Event]]:
    """A header that tells of the engine, and the rows of the kernel lane."""
    if seen.log is None:
        return replace(header, notes=(*header.notes, *seen.notes)), ()
    clock = Clock(header.clock_start, header.clock_end)
    lane = kernel_lane(seen.log, clock, root=header.pid, threads=threads, ours=folder.name, redact=redact)
    dropped = {**header.dropped, **({KERNEL: lane.dropped} if lane.dropped else {})}
    notes = (*header.notes, *(seen.notes or _ended_first(seen.log, header.pid)), *lane.notes)
    return replace(
        header, engine=seen.log.engine, engine_version=seen.log.version, dropped=dropped, notes=notes
    ), lane.events


def _ended_first(log: Log, pid: int) -> tuple[str, ...]:
    """What an engine says that has not seen the end of the program, and does not say so itself."""
    if log.notes or pid in log.ends:
        return ()
    return (f"what {log.engine} wrote ends before the program did: it was killed, or there was no room left",)
