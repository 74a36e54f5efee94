"""The flow lane: the steps of the program's own generators.

Two means
    * From Python 3.12: `sys.monitoring`, with local events on the code of generators in files of the program's own. They
      cost nothing anywhere else. It starts when the program imports socket; a generator that has taken CHECK_EVERY steps
      without a single socket call being made meanwhile is not the story that we tell, and is watched no longer; the header
      says so.
    * On Python 3.11: a profile hook, for variants only, since it is called for every function call in the program.

A generator is known by the address of its frame, which lives as long as the generator does; `start` gives it a number and a
name ("fetch_data #2"). Neither the generator, its frame nor a yielded value is kept.
"""

from __future__ import annotations

import sys
from sys import _getframe

from tracedemo.recorders.inprocess.spool import CLOSE, CLOSE_AT, FLOW_ARGS, LIBRARY, OP, OPEN, OWNER, SIZE, clock, is_library

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
        self.spool = spool
        self.running: dict[int, int] = {}
        self.names: dict[str, int] = {}

    def start(self, frame: FrameType) -> None:
        """A generator runs for the first time."""
        name = frame.f_code.co_name
        count = self.names[name] = self.names.get(name, 0) + 1
        self.running[id(frame)] = owner = self.spool.next_index()
        self.spool.tell(OWNER, owner, f"{name} #{count}", "")
        self.write(_START, frame, owner)

    def resume(self, frame: FrameType) -> None:
        """It goes on where it stopped."""
        self.write(_RESUME, frame, self.running.get(id(frame), 0))

    def hand_over(self, frame: FrameType, value: Any) -> None:
        """It yields a value, and is parked."""
        fd, events, words = _describe(value)
        n = self.write(_YIELD, frame, self.running.get(id(frame), 0), fd, events)
        if words:
            self.spool.tell(FLOW_ARGS, n, words)

    def finish(self, frame: FrameType) -> None:
        """It returns."""
        self.write(_RETURN, frame, self.running.pop(id(frame), 0))

    def write(self, op: int, frame: FrameType, owner: int, fd: int = -1, number: int = 0) -> int:
        """Write one step into the ring of the flow lane."""
        spool = self.spool
        if not spool.on:
            return 0
        site = spool.site_of(frame)
        n = spool.next_flow()
        at = spool.flow_at + (n & spool.flow_mask) * SIZE
        now = clock()
        OPEN.pack_into(spool.ring, at, n, now, fd, site % LIBRARY, owner, spool.thread(), op, number, 0)
        CLOSE.pack_into(spool.ring, at + CLOSE_AT, now, 0, 0, 0)
        return n


def _describe(value: Any) -> tuple[int, int, str]:
    """(fd, event mask, words) of a yielded value.  Words are empty when the two numbers say it all."""
    from tracedemo.recorders.inprocess.describe import descriptor

    if type(value) is tuple and len(value) == 2 and type(value[1]) is int:
        fd = descriptor(value[0])
        if fd >= 0:
            return fd, value[1], ""
    parts = value if type(value) is tuple else (value,)
    fds = [descriptor(part) for part in parts if type(part) is not int]
    shown = [_word(part, descriptor(part)) for part in parts]
    return next((fd for fd in fds if fd >= 0), -1), 0, ", ".join(shown)[:200]


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
        Monitor(spool)
    elif kind == "variant":
        spool.watch_flow = lambda: sys.setprofile(Profile(spool))
        spool.meta("flow", "profile hook")
    else:
        spool.meta("flow", "absent: Python 3.11 can watch generators of variants only; use 3.12 or newer")


class Profile:
    """The profile hook for Python 3.11."""

    def __init__(self, spool: Spool) -> None:
        from opcode import opmap

        self.steps = Steps(spool)
        self.yield_code = opmap["YIELD_VALUE"]
        self.code_bytes: dict[CodeType, bytes] = {}

    def __call__(self, frame: FrameType, event: str, value: Any) -> None:
        """Called by the interpreter at each call and return."""
        if event[0] == "c":  # call, c_call, c_return, c_exception
            if event != "call":
                return
        elif event != "return":
            return
        code = frame.f_code
        if not code.co_flags & _CO_GENERATOR or code.co_name == "<genexpr>" or is_library(code.co_filename):
            return
        if event == "call":
            self._enter(frame)
        elif self._yields(frame):
            self.steps.hand_over(frame, value)
        else:
            self.steps.finish(frame)

    def _enter(self, frame: FrameType) -> None:
        if id(frame) in self.steps.running:
            self.steps.resume(frame)
        else:
            self.steps.start(frame)

    def _yields(self, frame: FrameType) -> bool:
        code = frame.f_code
        instructions = self.code_bytes.get(code)
        if instructions is None:
            instructions = self.code_bytes[code] = code.co_code
        return instructions[frame.f_lasti] == self.yield_code


class Monitor:
    """sys.monitoring, for Python 3.12 and newer.

    One global event, PY_START, finds the generators: each piece of code is seen when it first runs, and switched off on the
    spot (DISABLE) unless it is a generator of the program's own, which gets local events. (An audit hook would find them,
    too, but `sys._getframe` raises an audit event, and every recorded call uses it: measured, +2.6 us a call.)
    """

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.steps = Steps(spool)
        self.monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        self.tool = -1
        self.taken: dict[CodeType, int] = {}
        self.calls = 0
        spool.watch_flow = self.begin
        spool.meta("flow", "sys.monitoring")

    def begin(self) -> None:
        """Take a tool id and watch."""
        monitoring, events = self.monitoring, self.monitoring.events
        self.tool = next((tool for tool in (4, 3, 5, 2, 1, 0) if monitoring.get_tool(tool) is None), -1)
        if self.tool < 0:
            self.spool.meta("flow", "absent: other tools hold every id of sys.monitoring")
            return
        monitoring.use_tool_id(self.tool, "tracedemo")
        self.local = events.PY_RESUME | events.PY_YIELD | events.PY_RETURN
        monitoring.register_callback(self.tool, events.PY_START, self.on_start)
        monitoring.register_callback(self.tool, events.PY_RESUME, self.on_resume)
        monitoring.register_callback(self.tool, events.PY_YIELD, self.on_yield)
        monitoring.register_callback(self.tool, events.PY_RETURN, self.on_return)
        monitoring.set_events(self.tool, events.PY_START)

    def on_start(self, code: CodeType, _offset: int) -> Any:
        """PY_START, of any code that has not been switched off."""
        steps = self.taken.get(code)
        if steps is None:
            if not code.co_flags & _CO_GENERATOR or code.co_name == "<genexpr>" or is_library(code.co_filename):
                return self.monitoring.DISABLE
            self.taken[code] = 0
            self.monitoring.set_local_events(self.tool, code, self.local)
        elif steps < 0:
            return self.monitoring.DISABLE
        self.steps.start(_getframe(1))
        self._count(code)
        return None

    def on_resume(self, code: CodeType, _offset: int) -> None:
        """PY_RESUME."""
        self.steps.resume(_getframe(1))
        self._count(code)

    def on_yield(self, _code: CodeType, _offset: int, value: Any) -> None:
        """PY_YIELD."""
        self.steps.hand_over(_getframe(1), value)

    def on_return(self, _code: CodeType, _offset: int, _value: Any) -> None:
        """PY_RETURN."""
        self.steps.finish(_getframe(1))

    def _count(self, code: CodeType) -> None:
        """Give up on a generator that has nothing to do with sockets."""
        steps = self.taken[code] = self.taken.get(code, 0) + 1
        if steps % CHECK_EVERY == 0:
            calls = int(repr(self.spool.next.__self__)[6:-1])
            if calls == self.calls:
                self.taken[code] = -1
                self.monitoring.set_local_events(self.tool, code, 0)
                self.spool.meta("flow_ended", code.co_qualname)
            self.calls = calls
