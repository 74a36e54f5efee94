"""asyncio: its event loops, attached to the recorder when they begin to run.

A loop is watched by the deque that takes the place of its own (`ready`); it is exchanged when the loop begins to run
(`events._set_running_loop`). A thread in `call_soon_threadsafe` may hold the old one at that very moment, so the new one
looks into the old one at each turn, and nothing is lost. What is left in place when the recorder goes passes everything on.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from collections import deque

from tracedemo.recorders.inprocess.layout import clock
from tracedemo.recorders.inprocess.ready import Ours, ready_class
from tracedemo.recorders.inprocess.standins import entered
from tracedemo.recorders.inprocess.tasks import Noting, Tasks, tag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from tracedemo.recorders.inprocess.patchpoints import Patch
    from tracedemo.recorders.inprocess.spool import Spool


class Loops:
    """What is known of a program's event loops."""

    def __init__(self, spool: Spool, module: ModuleType) -> None:
        self.spool = spool
        self.kind = module.BaseEventLoop
        self.running: dict[int, Any] = {}
        """The `_ready` of each loop that runs, by its thread."""
        self.started: Callable[[], None] | None = None
        """Called when a loop begins to run."""
        self.tasks = Tasks(spool, module)
        self.ready: type[Ours] = ready_class(self.tasks)

    def attach(self, loop: Any) -> None:
        """Watch a loop; nothing for one that keeps its handles elsewhere, as uvloop does, or in a deque of its own kind."""
        if not issubclass(type(loop), self.kind):
            return
        now: Any = getattr(loop, "_ready", None)
        if isinstance(now, Ours):  # of this recorder, or of one before it
            now.__class__ = self.ready  # of the same layout
        elif type(now) is not deque or now.maxlen is not None:
            self.spool.trouble(
                "callback", TypeError("an event loop keeps what it runs in something of its own")
            )
            return
        else:
            # In this order: from the third line on the loop and its threads use the new one.
            made: Any = self.ready()
            made.before = now
            loop._ready = now = made  # noqa: SLF001  # there is no other way to see a turn
            made.drain()
        now.n, now.home = 0, None  # it may be another thread, or another map, this time
        self.running[get_ident()] = now
        if self.started is not None:
            self.started()

    def stopped(self) -> None:
        """The loop of this thread runs no more."""
        ready = self.running.pop(get_ident(), None)
        if ready is not None and ready.n:
            ready.end(clock())

    def renew(self) -> None:
        """After a fork: only the thread that forked is there."""
        own = self.running.get(get_ident())
        self.running.clear()
        if own is not None:
            self.running[get_ident()] = own


def install(spool: Spool, module: ModuleType, patch: Patch) -> Loops:
    """Set the wrappers, when `asyncio.base_events` is there.

    Args:
        module: asyncio.base_events.
    """
    loops = Loops(spool, module)
    tag(loops.tasks, module, patch)
    events = sys.modules["asyncio.events"]
    original = events._set_running_loop  # noqa: SLF001  # base_events calls it by this name

    def _set_running_loop(*args: Any, **kwargs: Any) -> None:
        try:
            original(*args, **kwargs)
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]  # our frame is in no traceback
            raise
        with Noting(spool, "loop"):
            if args[0] is None:
                loops.stopped()
            elif spool.on:
                loops.attach(args[0])

    patch.set(events, "_set_running_loop", entered("_set_running_loop", _set_running_loop, original))
    running = events._get_running_loop()  # noqa: SLF001  # get_running_loop raises
    if running is not None:
        loops.attach(running)
    return loops
