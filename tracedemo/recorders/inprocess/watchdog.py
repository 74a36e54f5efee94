"""The watchdog: a thread that looks whether an event loop is held up, and where. Off unless it is asked for.

Every LOOK seconds it asks of each loop whether the callback that runs is the one that ran before. One that has run for
AFTER gets a record: where its thread stands now (`sys._current_frames`). It is looked at again when twice that time has
gone by, and so on, so that a callback of a minute has eleven records, not a thousand.

It can only look when it gets the GIL: what holds that for long, in C, is seen when it lets go. Its price, in looks and in
CPU time, is told as it goes.

The thread ends when no loop runs any more, and the next loop begins another one. A process can end because its last thread
has ended, as a child does that a thread has forked; it must not wait for ours.
"""

from __future__ import annotations

import sys
import time
from _thread import allocate_lock, start_new_thread

from tracedemo.recorders.inprocess.callbacks import write_blocked
from tracedemo.recorders.inprocess.layout import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from tracedemo.recorders.inprocess.loops import Loops

AFTER = 50_000_000
"""Nanoseconds in one callback after which the loop counts as held up."""
LOOK = 0.02
"""Seconds between two looks."""
TELL_EVERY = 10
"""Looks after which the price is told."""


class Watchdog:
    """Looks at the loops of one process."""

    def __init__(self, loops: Loops) -> None:
        self.loops = loops
        self.samples = self.looks = 0
        self._due: dict[int, tuple[int, int]] = {}
        """By thread: the number of the record of its callback, and how long it must have run for the next sample."""
        self._thread: object | None = None
        """Stands for the thread that looks; a thread for which it stands no more ends."""
        self._cpu = 0
        """Nanoseconds of CPU that threads used which have ended."""
        loops.started = self.start

    def start(self) -> None:
        """Begin, when a loop runs and nobody looks; and again in a forked child, where the thread is not."""
        if self._thread is not None:
            return
        self._thread = mine = object()
        try:
            start_new_thread(self._run, (mine,))
        except RuntimeError as error:  # there are too many threads, or the interpreter shuts down
            self._thread = None
            self.loops.spool.trouble("watchdog", error)

    def renew(self) -> None:
        """After a fork."""
        self._thread = None
        self._cpu = self.looks = self.samples = 0
        self._due.clear()
        if self.loops.running:
            self.start()

    def look(self, now: int) -> None:
        """Look at each loop once.

        Args:
            now: nanoseconds of `time.monotonic_ns()`.
        """
        self.looks += 1
        for ident, ready in list(self.loops.running.items()):
            n = ready.n
            if not n:
                continue
            last, due = self._due.get(ident, (0, AFTER))
            if last != n:
                due = AFTER
            held = now - ready.t0
            if held >= due and self._sample(ident, ready):
                due = max(held, due) * 2
            self._due[ident] = n, due

    def _sample(self, ident: int, ready: Any) -> bool:
        """Write where a thread stands; False if its callback has returned meanwhile."""
        spool = self.loops.spool
        frame = sys._current_frames().get(ident)  # noqa: SLF001  # documented under this name
        while frame is not None and _is_ours(frame):
            frame = frame.f_back
        if frame is None:
            return False
        site = spool.site_of(frame)
        place = site if site >= 0 else spool.place(site, frame.f_back)
        if not write_blocked(spool, ready, place):
            return False
        self.samples += 1
        self._tell_price()
        return True

    def _run(self, mine: object) -> None:
        spool, pause = self.loops.spool, allocate_lock()
        pause.acquire()
        pid = spool.pid
        try:
            while spool.on and spool.pid == pid and self._goes_on(mine):
                pause.acquire(timeout=LOOK)
                self.look(clock())
                if self.looks % TELL_EVERY == 1:
                    self._tell_price()
        except Exception as error:  # noqa: BLE001  # whatever it is, the program runs on
            spool.trouble("watchdog", error)
        if self._thread is mine:
            self._thread = None
        self._cpu += _cpu_of_thread()

    def _goes_on(self, mine: object) -> bool:
        """Whether a thread is to look again: it is the one that counts, and a loop runs."""
        if self._thread is mine and not self.loops.running:
            self._thread = None
            if self.loops.running:  # one has begun meanwhile, and may have thought that we are there
                self.start()
        return self._thread is mine

    def _tell_price(self) -> None:
        self.loops.spool.meta("watchdog", (self.samples, self._cpu + _cpu_of_thread(), self.looks))


def _cpu_of_thread() -> int:
    """Nanoseconds that this thread has used, 0 where nobody counts them."""
    return int(getattr(time, "thread_time_ns", int)())


def _is_ours(frame: FrameType) -> bool:
    """True for a frame of the recorder: the loop's thread may stand in a call that we are around."""
    return frame.f_code.co_filename.startswith(_OURS)


_OURS = __file__.rpartition("watchdog")[0]
