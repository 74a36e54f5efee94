"""The flow lane: the steps of the program's own generators.

Two means
    * From Python 3.12: `sys.monitoring`. One global event, PY_START, finds the generators: each piece of code is seen when
      it first runs, and switched off on the spot (DISABLE) unless it is a generator of the program's own, which gets local
      events. It starts when the program imports socket; a generator that has taken CHECK_EVERY steps without a single
      socket call being made meanwhile is not the story that we tell, and is watched no longer; the header says so.
      Of a variant every generator is the story: it is watched to its end, and from the import of selectors on.
      (The audit event `exec` would find the code, too, but an audit hook is called for `sys._getframe`, which every
      recorded call uses: measured, +2.6 us a call.)
    * On Python 3.11, for variants only: the name `next` in the variant's own module, which is what drives its generators.
      (A profile hook sees the same, but is called for every function call, ours included: measured, +145 us a fetch.)

A generator is known by the address of its frame, which lives as long as the generator does; `start` gives it a number, and
a name ("fetch_data #2"). Neither the generator, its frame nor a yielded value is kept.
"""

from __future__ import annotations

import sys
from sys import _getframe

from tracedemo.recorders.inprocess.layout import INDEX, OP, RECORD, clock
from tracedemo.recorders.inprocess.mapping import suppress
from tracedemo.recorders.inprocess.spool import is_library

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

    from tracedemo.recorders.inprocess.spool import Spool

CHECK_EVERY = 1000
"""Steps of one generator function after which we look whether the program has made any socket call meanwhile."""

_CO_GENERATOR = 0x20
_START, _YIELD, _RESUME, _RETURN = OP["start"], OP["yield"], OP["resume"], OP["return"]


class Steps:
    """Writes steps.  `running` maps the address of a generator's frame to its owner number."""

    def __init__(self, spool: Spool) -> None:
        from tracedemo.recorders.inprocess.describe_ready import descriptor

        self.spool = spool
        self.descriptor = descriptor
        self.running: dict[int, int] = {}
        self.names: dict[str, int] = {}

    def start(self, frame: FrameType) -> None:
        """A generator runs for the first time: its record holds its name and which one of that name it is."""
        name = frame.f_code.co_name
        count = self.names[name] = self.names.get(name, 0) + 1
        spool = self.spool
        self.running[id(frame)] = owner = spool.next_index()
        self.write(_START, frame, owner, -1, spool.fact(name) << 32 | count & 0xFFFFFFFF)

    def hand_over(self, frame: FrameType, value: Any) -> None:
        """It yields a value, and is parked.  The usual value, a socket and an event mask, is two numbers."""
        owner = self.running.get(id(frame), 0)
        if type(value) is tuple and len(value) == 2 and type(value[1]) is int:
            fd = self.descriptor(value[0])
            if fd >= 0:
                self.write(_YIELD, frame, owner, fd, value[1] & 0xFFFFFFFF)
                return
        fd, words = self._describe(value)
        self.write(_YIELD, frame, owner, fd, self.spool.fact(words) << 32)

    def write(self, op: int, frame: FrameType, owner: int, fd: int = -1, number: int = 0) -> None:
        """Write one step into the ring of the flow lane."""
        spool = self.spool
        if not spool.on:
            return
        try:
            site = spool.sites[id(frame.f_code) + frame.f_lasti]
            thread = spool.local.own[INDEX]
        except (KeyError, AttributeError):
            site = spool.site_of(frame)
            thread = spool.thread()
        n = spool.next_flow()
        now = clock()
        RECORD.pack_into(spool.map, spool.flow_at + (n & spool.flow_mask),
                         n, now, fd, abs(site), owner, thread, op, number, now, 0, 0, 0, 0)  # fmt: skip

    def _describe(self, value: Any) -> tuple[int, str]:
        """(fd, words) of any other value: texts and numbers as they are, the rest by what it is."""
        parts = value if type(value) is tuple else (value,)
        fds = [-1 if type(part) is int else self.descriptor(part) for part in parts]
        words = ", ".join(_word(part, fd) for part, fd in zip(parts, fds, strict=True))
        return next((fd for fd in fds if fd >= 0), -1), words[:200]


def _word(part: Any, fd: int) -> str:
    if type(part) in (int, bool, float, type(None)):
        return repr(part)
    if type(part) is str:
        return part
    return f"fd {fd}" if fd >= 0 else type(part).__name__


def prepare(spool: Spool, kind: str) -> None:
    """Make ready to watch generators; `spool.watch_flow` begins it, when the program imports socket.

    Args:
        kind: `variant`, `script`, or empty: not at all.
    """
    if not kind:
        spool.meta("flow", "off")
    elif sys.version_info >= (3, 12):
        Monitor(spool, gives_up=kind != "variant")
    elif kind == "variant":
        spool.watch_flow = lambda: watch_next(spool)
        spool.meta("flow", "next() of the variant")
    else:
        spool.meta("flow", "absent: Python 3.11 can watch generators of variants only; use 3.12 or newer")


def watch_next(spool: Spool) -> None:
    """Put a `next` into the module of a variant that writes the steps of the generator it drives."""
    steps = Steps(spool)
    real = next
    running = steps.running

    def watched(*args: Any) -> Any:
        frame = getattr(args[0], "gi_frame", None) if args else None
        if frame is None or not spool.on:
            return real(*args)
        owner = running.get(id(frame))
        # One that ended by close() or throw() has told nobody, and its frame's address may be a new one's.
        if owner is None or not args[0].gi_suspended:
            steps.start(frame)
            owner = running[id(frame)]
        else:
            steps.write(_RESUME, frame, owner)
        try:
            value = real(*args)
        except BaseException as error:
            steps.write(_RETURN, frame, running.pop(id(frame), 0))
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]  # our frame is in no traceback
            raise
        steps.hand_over(frame, value)
        return value

    sys.modules["__main__"].__dict__["next"] = watched


class Monitor:
    """sys.monitoring, for Python 3.12 and newer.

    A generator that ends by an exception, or is closed, is finished, too; what tells (PY_UNWIND, PY_THROW) can only be
    asked of all code at once, so it is asked for while there is a generator to watch: measured, 0.2 us more for each
    exception that leaves a frame. (On 3.13 nothing tells that one was closed outside of any `try`: its code does not run.)
    """

    def __init__(self, spool: Spool, *, gives_up: bool = True) -> None:
        self.spool = spool
        self.gives_up = gives_up
        self.monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        self.tool = -1
        self.taken: dict[int, int] = {}
        self.calls: dict[int, int] = {}
        spool.watch_flow = self.begin
        spool.meta("flow", "sys.monitoring")

    def begin(self) -> None:
        """Take a tool id and watch."""
        monitoring, events = self.monitoring, self.monitoring.events
        self.tool = next((tool for tool in (4, 3, 5, 2, 1, 0) if monitoring.get_tool(tool) is None), -1)
        if self.tool < 0:
            self.spool.meta("flow", "absent: other tools hold every id of sys.monitoring")
            return
        self.steps = Steps(self.spool)
        monitoring.use_tool_id(self.tool, "tracedemo")
        self.local = events.PY_RESUME | events.PY_YIELD | events.PY_RETURN
        monitoring.register_callback(self.tool, events.PY_START, self.on_start)
        monitoring.register_callback(self.tool, events.PY_RESUME, self.on_resume)
        monitoring.register_callback(self.tool, events.PY_YIELD, self.on_yield)
        monitoring.register_callback(self.tool, events.PY_RETURN, self.on_return)
        monitoring.register_callback(self.tool, events.PY_THROW, self.on_throw)
        monitoring.register_callback(self.tool, events.PY_UNWIND, self.on_unwind)
        monitoring.set_events(self.tool, events.PY_START)

    def end(self) -> None:
        """Watch no more, and give the tool id back.  What is told meanwhile in other threads is told to nobody."""
        monitoring, tool = self.monitoring, self.tool
        if tool < 0:
            return
        monitoring.set_events(tool, 0)
        for key in list(self.taken):
            monitoring.set_local_events(tool, self.spool.codes[key], 0)
        for event in ("PY_START", "PY_RESUME", "PY_YIELD", "PY_RETURN", "PY_THROW", "PY_UNWIND"):
            monitoring.register_callback(tool, getattr(monitoring.events, event), None)
        if any(steps < 0 for steps in self.taken.values()):
            monitoring.restart_events()  # who watches next is to see them again
        self.tool = -1
        monitoring.free_tool_id(tool)

    # `taken` counts steps by the address of the code, which `spool.codes` keeps alive: the hash of a code object is
    # computed anew each time, from all its names and constants.

    def on_start(self, code: CodeType, _offset: int) -> Any:
        """PY_START, of any code that has not been switched off."""
        steps = self.taken.get(id(code))
        if steps is None:
            if (
                not code.co_flags & _CO_GENERATOR
                or code.co_name == "<genexpr>"
                or is_library(code.co_filename)
            ):
                return self.monitoring.DISABLE
            self._take(code)
        elif steps < 0:
            return self.monitoring.DISABLE
        self.steps.start(_getframe(1))
        return None

    def _take(self, code: CodeType) -> None:
        monitoring, events = self.monitoring, self.monitoring.events
        first = all(steps < 0 for steps in self.taken.values())
        self.spool.codes[id(code)] = code
        self.taken[id(code)] = 0
        self.calls[id(code)] = self._count_calls()
        with suppress(ValueError):  # ended by another thread
            if first:
                monitoring.set_events(self.tool, events.PY_START | events.PY_THROW | events.PY_UNWIND)
            monitoring.set_local_events(self.tool, code, self.local)

    def on_resume(self, code: CodeType, _offset: int) -> None:
        """PY_RESUME."""
        frame = _getframe(1)
        self.steps.write(_RESUME, frame, self.steps.running.get(id(frame), 0))
        steps = self.taken[id(code)] = self.taken[id(code)] + 1
        if steps % CHECK_EVERY == 0 and self.gives_up:
            self._give_up_without_calls(code)

    def on_yield(self, _code: CodeType, _offset: int, value: Any) -> None:
        """PY_YIELD."""
        self.steps.hand_over(_getframe(1), value)

    def on_return(self, _code: CodeType, _offset: int, _value: Any) -> None:
        """PY_RETURN."""
        frame = _getframe(1)
        self.steps.write(_RETURN, frame, self.steps.running.pop(id(frame), 0))

    def on_throw(self, code: CodeType, _offset: int, error: BaseException) -> None:
        """PY_THROW: resumed by throw(), or told to end by close()."""
        if self.taken.get(id(code), -1) >= 0 and not isinstance(error, GeneratorExit):
            frame = _getframe(1)
            self.steps.write(_RESUME, frame, self.steps.running.get(id(frame), 0))

    def on_unwind(self, code: CodeType, _offset: int, _error: BaseException) -> None:
        """PY_UNWIND: an exception leaves a frame."""
        if self.taken.get(id(code), -1) >= 0:
            frame = _getframe(1)
            if id(frame) in self.steps.running:
                self.steps.write(_RETURN, frame, self.steps.running.pop(id(frame)))

    def _give_up_without_calls(self, code: CodeType) -> None:
        """Stop watching a generator that has nothing to do with sockets: the counter of calls stands where it stood."""
        calls = self._count_calls()
        if calls == self.calls[id(code)]:
            self.taken[id(code)] = -1
            with suppress(ValueError):  # as above
                self.monitoring.set_local_events(self.tool, code, 0)
                if all(steps < 0 for steps in self.taken.values()):
                    self.monitoring.set_events(self.tool, self.monitoring.events.PY_START)
            self.spool.meta("flow_ended", code.co_qualname)
        self.calls[id(code)] = calls

    def _count_calls(self) -> int:
        """The number of the next record of the python lane: what `repr` of its counter, "count(128, 64)", says."""
        return int(repr(self.spool.next.__self__)[6:].partition(",")[0])  # type: ignore[attr-defined]  # the method of a count
