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

from tracedemo.recorders.inprocess.layout import INDEX, OP, STEP, clock
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


class Running:
    """A generator that has begun: its owner number, and where it stands."""

    __slots__ = ("at", "home", "owner", "site")

    def __init__(self, owner: int) -> None:
        self.owner = owner
        self.site = self.at = 0
        """Where it yielded, so that nobody has to look when it goes on: the site, and the offset of the instruction ..."""
        self.home: Any = None
        """... as the map says in which its steps are written; after a fork that is another one.  None: look."""


class Steps:
    """Writes steps.  `running` holds what is known of a generator by the address of its frame."""

    def __init__(self, spool: Spool) -> None:
        from tracedemo.recorders.inprocess.describe_ready import descriptor

        self.spool = spool
        self.descriptor = descriptor
        self.running: dict[int, Running] = {}
        self.names: dict[str, int] = {}

    def start(self, frame: FrameType) -> Running:
        """A generator runs for the first time: its record holds its name and which one of that name it is."""
        name = frame.f_code.co_name
        count = self.names[name] = self.names.get(name, 0) + 1
        spool = self.spool
        state = self.running[id(frame)] = Running(spool.next_index())
        self.write(_START, frame, state.owner, -1, spool.fact(name) << 32 | count & 0xFFFFFFFF)
        return state

    def resume(self, frame: FrameType) -> None:
        """It goes on."""
        state = self.running.get(id(frame))
        self.write(_RESUME, frame, state.owner if state else 0)

    def finish(self, frame: FrameType) -> None:
        """It returns, or an exception leaves it."""
        state = self.running.pop(id(frame), None)
        self.write(_RETURN, frame, state.owner if state else 0)

    def hand_over(self, frame: FrameType, value: Any) -> None:
        """It yields a value, and is parked.  The usual value, a socket and an event mask, is two numbers."""
        state = self.running.get(id(frame))
        if state is not None:
            state.home = None  # it stands elsewhere now
        owner = state.owner if state else 0
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
        site, thread = abs(spool.site_of(frame)), spool.thread()
        n = next(spool.numbers_flow)
        now = clock()
        STEP.pack_into(spool.map, spool.flow_at + (n & spool.flow_mask),
                       n, now, fd, site, owner, thread, op, number, now)  # fmt: skip

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


def watch_next(spool: Spool) -> None:  # noqa: C901  # `watched` is one piece, for speed
    """Put a `next` into the module of a variant that writes the steps of the generator it drives."""
    from types import GeneratorType

    from tracedemo.recorders.inprocess.describe import fileno

    steps = Steps(spool)
    real = take = next
    running, sites = steps.running, spool.sites
    at_flow, mask, write = spool.flow_at, spool.flow_mask, STEP.pack_into

    def watched(*args: Any) -> Any:
        generator = args[0] if args else None
        if type(generator) is not GeneratorType or not spool.on:
            return real(*args)
        frame = generator.gi_frame
        if frame is None:
            return real(*args)
        home = spool.map
        try:
            state = running[id(frame)]
            thread = spool.local.own[INDEX]
        except (KeyError, AttributeError):
            state = None
        # One that ended by close() or throw() has told nobody, and its frame's address may be a new one's.
        if state is None or not generator.gi_suspended:
            state, thread = steps.start(frame), spool.thread()
        # And send() or throw(), which are not seen, may have led it on.
        elif state.home is not home or frame.f_lasti != state.at:
            steps.resume(frame)
        else:
            n = take(spool.numbers_flow)
            now = clock()
            write(home, at_flow + (n & mask), n, now, -1, state.site, state.owner, thread, _RESUME, 0, now)
        try:
            value = real(*args)
        except BaseException as error:
            steps.finish(frame)
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]  # our frame is in no traceback
            raise
        if type(value) is tuple and len(value) == 2 and type(value[1]) is int and spool.map is home:
            try:
                fd = fileno(value[0])
                at = frame.f_lasti
                site = sites[id(frame.f_code) + at]
            except (TypeError, KeyError):
                fd = -1
            if fd >= 0 and site > 0:
                state.site, state.at, state.home = site, at, home
                n = take(spool.numbers_flow)
                now = clock()
                write(home, at_flow + (n & mask),
                      n, now, fd, site, state.owner, thread, _YIELD, value[1] & 0xFFFFFFFF, now)  # fmt: skip
                return value
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
        on_resume, on_yield = self.listen()
        monitoring.register_callback(self.tool, events.PY_RESUME, on_resume)
        monitoring.register_callback(self.tool, events.PY_YIELD, on_yield)
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

    def listen(self) -> tuple[Any, Any]:
        """What is told of PY_RESUME and PY_YIELD: functions without a self, each in one piece, for speed."""
        from tracedemo.recorders.inprocess.describe import fileno

        steps, spool, taken, take = self.steps, self.spool, self.taken, next
        running, sites, counts = steps.running, spool.sites, self.gives_up
        at_flow, mask, write = spool.flow_at, spool.flow_mask, STEP.pack_into

        def on_resume(code: CodeType, _offset: int) -> None:
            frame, home = _getframe(1), spool.map
            try:
                state = running[id(frame)]
                thread = spool.local.own[INDEX]
            except (KeyError, AttributeError):
                state = None
            if state is None or state.home is not home or not spool.on:
                steps.resume(frame)
            else:
                n = take(spool.numbers_flow)
                now = clock()
                write(
                    home, at_flow + (n & mask), n, now, -1, state.site, state.owner, thread, _RESUME, 0, now
                )
            if counts:
                count = taken[id(code)] = taken[id(code)] + 1
                if count % CHECK_EVERY == 0:
                    self._give_up_without_calls(code)

        def on_yield(code: CodeType, _offset: int, value: Any) -> None:
            frame = _getframe(1)
            try:
                thing, event = value if type(value) is tuple else ()
                fd = fileno(thing)
                state = running[id(frame)]
                site = sites[id(code) + frame.f_lasti]
                thread = spool.local.own[INDEX]
            except (ValueError, TypeError, KeyError, AttributeError):
                fd = -1
            if fd < 0 or type(event) is not int:
                steps.hand_over(frame, value)
                return
            state.site, home = site, spool.map
            state.home = home
            n = take(spool.numbers_flow)
            now = clock()
            write(home, at_flow + (n & mask),
                  n, now, fd, site, state.owner, thread, _YIELD, event & 0xFFFFFFFF, now)  # fmt: skip

        return on_resume, on_yield

    def on_return(self, _code: CodeType, _offset: int, _value: Any) -> None:
        """PY_RETURN."""
        self.steps.finish(_getframe(1))

    def on_throw(self, code: CodeType, _offset: int, error: BaseException) -> None:
        """PY_THROW: resumed by throw(), or told to end by close()."""
        if self.taken.get(id(code), -1) >= 0 and not isinstance(error, GeneratorExit):
            self.steps.resume(_getframe(1))

    def on_unwind(self, code: CodeType, _offset: int, _error: BaseException) -> None:
        """PY_UNWIND: an exception leaves a frame."""
        if self.taken.get(id(code), -1) >= 0:
            frame = _getframe(1)
            if id(frame) in self.steps.running:
                self.steps.finish(frame)

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
