"""How one callback of an event loop is written: at its start, and again at its end, as a call is.

What trio's tasks (`trio_tasks`) and the watchdog need of it; asyncio's loops (`loops`) write the same, for speed in one
piece. A callback's record tells in whose context it ran, what it was, and, for the step of a task, at which line the
coroutine goes on. Neither the handle, the task, the coroutine nor its frame is kept: `Written` remembers a number and the
map in which it is, since a fork or a new recorder exchanges the map.
"""

from __future__ import annotations

from struct import error as StructError  # noqa: N812  # it is a class
from types import CoroutineType, GeneratorType

from tracedemo.recorders.inprocess.layout import CLOSE_AT, INDEX, NUMBER, OP, RECORD, clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from tracedemo.recorders.inprocess.spool import Spool

_CALLBACK, _BLOCKED = OP["callback"], OP["blocked"]


class Written:
    """The callback that a loop runs now: where its record is."""

    __slots__ = ("home", "n", "thread")

    def __init__(self) -> None:
        self.n = 0
        """The record's number; 0: none runs."""
        self.home: Any = None
        """The map that holds it."""
        self.thread = 0

    def open(self, spool: Spool, place: int, owner: int, number: int, fd: int = -1) -> None:
        """Write that a callback begins.

        Args:
            number: the index of its name (a fact) in the upper 32 bits; bit 0: it is the step of a task.
        """
        try:
            thread = spool.local.own[INDEX]
        except AttributeError:
            thread = spool.thread()
        n = spool.next_flow()
        home = spool.map
        RECORD.pack_into(home, spool.flow_at + (n & spool.flow_mask),
                         n, clock(), fd, place, owner, thread, _CALLBACK, number, 0, 0, 0, 0, 0)  # fmt: skip
        self.n, self.home, self.thread = n, home, thread

    def close(self, spool: Spool) -> None:
        """Write that it has returned; nothing, if the ring, or the process, is another one by now."""
        now = clock()
        n, self.n = self.n, 0
        if not spool.on or self.home is not spool.map:
            return
        at = spool.flow_at + (n & spool.flow_mask)
        if NUMBER.unpack_from(self.home, at)[0] == n:
            NUMBER.pack_into(self.home, at + CLOSE_AT, now)


def site_of_coroutine(spool: Spool, coroutine: Any) -> int:
    """The site at which a coroutine goes on; 0 for one that is not Python's own, or has ended."""
    kind = type(coroutine)
    frame = (
        coroutine.cr_frame if kind is CoroutineType else coroutine.gi_frame if kind is GeneratorType else None
    )
    if frame is None:
        return 0
    return site_of(spool, frame)


def site_of(spool: Spool, frame: FrameType) -> int:
    """The site at which a frame stands that nobody has called: behind a library's there is no line of the user's."""
    try:
        site = spool.sites[id(frame.f_code) + frame.f_lasti]
    except KeyError:
        site = spool.new_site(frame)
    return site if site >= 0 else spool.place(site, None)


def write_blocked(spool: Spool, written: Any, place: int) -> bool:
    """Write that a callback has not returned yet, and where its thread stands; False if it has returned meanwhile.

    The record repeats what the callback's own says, and spans the time from its begin until now.
    """
    n, home = written.n, written.home
    if not n or home is not spool.map:
        return False
    try:
        found, t0, fd, _, owner, thread, _, number, *_ = RECORD.unpack_from(
            home, spool.flow_at + (n & spool.flow_mask)
        )
    except (StructError, ValueError):  # the map has been closed
        return False
    if found != n or written.n != n:
        return False
    own = spool.next_flow()
    RECORD.pack_into(home, spool.flow_at + (own & spool.flow_mask),
                     own, t0, fd, place, owner, thread, _BLOCKED, number, clock(), 0, 0, 0, 0)  # fmt: skip
    return True
