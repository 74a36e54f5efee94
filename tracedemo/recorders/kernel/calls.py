"""What every kernel engine hands over: system calls, decoded to one spelling, and what it could not make out.

An engine runs the target and leaves a raw file behind; its reader makes a `Log` of that. Nothing here or in the readers
does I/O beyond the file that is read, and nothing here knows of Python calls: the join is the analysis' affair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class SystemCall(NamedTuple):
    """One system call of one thread."""

    tid: int
    t0: int
    """Entry, nanoseconds on the engine's clock (`Log.clock`)."""
    t1: int | None
    """Return; None: it never returned, because the thread or the trace ended first."""
    name: str
    """As the kernel's table has it: `recvfrom`, `epoll_wait`, `accept4`."""
    args: Mapping[str, Any]
    """By the names of `shapes.SHAPES`, in the order of the system call's arguments; no pointers."""
    result: int | None
    """What it returned; None: it failed, or never returned."""
    errno: str | None = None
    """`EAGAIN` ...; ERESTARTSYS and its like are no errno of a program: see `restarted`."""
    restarted: bool = False
    """A signal broke it off and the kernel began it again, or Python did (signal(7), PEP 475)."""
    pid: int | None = None
    """Its process (thread group), where the engine knows it."""
    what: str | None = None
    """What its first descriptor stood for: `socket:[1234]`, `anon_inode:[eventpoll]`, a path; None: unknown."""
    injected: bool = False
    """A fault put in by the engine, not the kernel's own answer."""


MONOTONIC, REALTIME = "monotonic", "realtime"


@dataclass(frozen=True, slots=True)
class Log:
    """What an engine saw of a run."""

    engine: str
    version: str
    calls: Sequence[SystemCall]
    """In order of entry."""
    clock: str
    """MONOTONIC or REALTIME."""
    misread: Sequence[str] = ()
    """Lines or records that were not understood: kept, counted and reported, never dropped in silence."""
    notes: Sequence[str] = ()
    """Sentences about what could not be seen."""
    ends: Mapping[int, str] = None  # type: ignore[assignment]  # made below
    """How threads ended, by tid, where the engine tells: `exited with 0`, `killed by SIGKILL`."""

    def __post_init__(self) -> None:
        if self.ends is None:
            object.__setattr__(self, "ends", {})
